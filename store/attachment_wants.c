// Which attachments are still to be fetched from which partner, how many they are, and which comes next.
#include "store/attachments.h"
#include "store/value.h"

static struct key want_key(const char *partner, const struct digest *d)
{
    struct key k = {.len = 0};
    key_id(&k, partner);
    key_digest(&k, d);
    return k;
}

// In order of the instant from which on each may be asked for.
static struct key due_key(const char *partner, const struct attachment_want *w)
{
    struct key k = {.len = 0};
    key_id(&k, partner);
    key_i64(&k, w->again_at);
    key_digest(&k, &w->digest);
    return k;
}

// ---- how many: a number in DB_META, so that nobody has to count

static struct key count_key(const char *partner)
{
    struct key k = {.len = 0};
    key_id(&k, "attachment-wants");
    key_id(&k, partner);
    return k;
}

enum status attachment_want_count(struct db_txn *t, const char *partner, uint64_t *ret)
{
    struct key k = count_key(partner);
    struct span v;
    enum status st = db_get(t, DB_META, key_span(&k), &v);
    *ret = 0;
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_OK : st;
    struct key_reader r = value_reader(v, 1);
    uint64_t n = key_get_u64(&r);
    if (!value_whole(&r))
        return ST_CORRUPT;
    *ret = n;
    return ST_OK;
}

static enum status count_set(struct db_txn *t, const char *partner, uint64_t n)
{
    struct key k = count_key(partner), v = value_head(1);
    key_u64(&v, n);
    return db_put(t, DB_META, key_span(&k), key_span(&v));
}

// ---- each. Layout 1: size, failures, again_at, why

static enum status want_decode(struct span value, struct attachment_want *ret)
{
    struct key_reader r = value_reader(value, 1);
    ret->size = key_get_u64(&r);
    ret->failures = key_get_u32(&r);
    ret->again_at = key_get_i64(&r);
    key_get_text(&r, ret->why, sizeof ret->why);
    return value_whole(&r) ? ST_OK : ST_CORRUPT;
}

enum status attachment_want_get(struct db_txn *t, const char *partner, const struct digest *d, struct attachment_want *ret)
{
    struct key k = want_key(partner, d);
    struct span v;
    TRY(db_get(t, DB_ATTACHMENT_WANTS, key_span(&k), &v));
    *ret = (struct attachment_want){.digest = *d};
    return want_decode(v, ret);
}

// Out of the index; *ret: it was wanted.
static enum status unlist(struct db_txn *t, const char *partner, const struct digest *d, bool *ret)
{
    struct attachment_want w;
    enum status st = attachment_want_get(t, partner, d, &w);
    *ret = st == ST_OK;
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_OK : st;
    struct key due = due_key(partner, &w);
    return db_del(t, DB_ATTACHMENT_DUE, key_span(&due));
}

enum status attachment_want_put(struct db_txn *t, const char *partner, const struct attachment_want *w)
{
    struct key k = want_key(partner, &w->digest), due = due_key(partner, w), v = value_head(1);
    uint64_t n;
    bool known;
    TRY(unlist(t, partner, &w->digest, &known));
    if (!known) {
        TRY(attachment_want_count(t, partner, &n));
        TRY(count_set(t, partner, n + 1));
    }
    key_u64(&v, w->size);
    key_u32(&v, w->failures);
    key_i64(&v, w->again_at);
    key_text(&v, w->why);
    TRY(db_put(t, DB_ATTACHMENT_WANTS, key_span(&k), key_span(&v)));
    return db_put(t, DB_ATTACHMENT_DUE, key_span(&due), span_of(NULL, 0));
}

enum status attachment_want_del(struct db_txn *t, const char *partner, const struct digest *d)
{
    struct key k = want_key(partner, d);
    uint64_t n;
    bool known;
    TRY(unlist(t, partner, d, &known));
    if (!known)
        return ST_OK;
    TRY(attachment_want_count(t, partner, &n));
    TRY(count_set(t, partner, n ? n - 1 : 0));
    return db_del(t, DB_ATTACHMENT_WANTS, key_span(&k));
}

struct each_want {
    enum status (*each)(void *ctx, const struct attachment_want *w);
    void *ctx;
};

static enum status on_want(void *ctx, struct span key, struct span value)
{
    const struct each_want *e = ctx;
    struct key_reader k = key_reader_of(key);
    struct attachment_want w = {.digest = key_get_digest(&k)};
    if (!value_whole(&k))
        return ST_CORRUPT;
    TRY(want_decode(value, &w));
    return e->each(e->ctx, &w);
}

enum status attachment_each_want(struct db_txn *t, const char *partner,
                                 enum status (*each)(void *ctx, const struct attachment_want *w), void *ctx)
{
    struct each_want e = {each, ctx};
    struct key prefix = {.len = 0};
    key_id(&prefix, partner);
    return value_each(t, DB_ATTACHMENT_WANTS, &prefix, span_of(NULL, 0), on_want, &e);
}

// ---- the next one

static enum status take_first(void *ctx, struct span key, struct span value)
{
    struct digest *d = ctx;
    struct key_reader k = key_reader_of(key);
    (void)value;
    key_get_i64(&k);
    *d = key_get_digest(&k);
    return value_whole(&k) ? ST_GONE : ST_CORRUPT; // one is enough
}

enum status attachment_want_first(struct db_txn *t, const char *partner, struct attachment_want *ret)
{
    struct key prefix = {.len = 0};
    struct digest d;
    key_id(&prefix, partner);
    enum status st = value_each(t, DB_ATTACHMENT_DUE, &prefix, span_of(NULL, 0), take_first, &d);
    if (st != ST_GONE)
        return st == ST_OK ? ST_NOT_FOUND : st;
    st = attachment_want_get(t, partner, &d, ret);
    return st == ST_NOT_FOUND ? ST_CORRUPT : st;
}
