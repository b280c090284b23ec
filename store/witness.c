#include "store/witness.h"

#include "formats/base/bug.h"
#include "store/value.h"

// Both tables: the digest of the rest, so that damage is found whoever signed what, then layout 1.

// Put a value behind its digest.
static enum status put_sealed(struct db_txn *t, enum db_table table, const struct key *k, const struct key *head, struct span note)
{
    const struct span parts[] = {key_span(head), note};
    struct digest seal = sha256_parts(parts, 2);
    struct key sealed = {.len = 0};
    key_digest(&sealed, &seal);
    BUG_IF(sealed.len + head->len > sizeof sealed.b);
    memcpy(sealed.b + sealed.len, head->b, head->len);
    sealed.len += head->len;
    return value_put(t, table, k, &sealed, note);
}

static enum status open_sealed(struct span value, struct key_reader *ret)
{
    struct key_reader r = key_reader_of(value);
    struct digest seal = key_get_digest(&r), is = sha256(r.rest);
    if (r.bad || !digest_eq(&seal, &is))
        return ST_CORRUPT;
    *ret = value_reader(r.rest, 1);
    return ret->bad ? ST_CORRUPT : ST_OK;
}

// ---- others' logs: size, root, time, fork, note

static struct key origin_key(const char *origin)
{
    struct key k = {.len = 0};
    key_text(&k, origin);
    return k;
}

static enum status decode(struct span value, struct witnessed *ret)
{
    struct key_reader r;
    TRY(open_sealed(value, &r));
    struct witnessed w = {.size = key_get_u64(&r)};
    w.root = key_get_digest(&r);
    w.at = key_get_i64(&r);
    w.fork = key_get_digest(&r);
    w.note = r.rest;
    if (r.bad)
        return ST_CORRUPT;
    *ret = w;
    return ST_OK;
}

enum status witnessed_get(struct db_txn *t, const char *origin, struct witnessed *ret)
{
    struct key k = origin_key(origin);
    struct span value;
    TRY(db_get(t, DB_WITNESSED, key_span(&k), &value));
    return decode(value, ret);
}

enum status witnessed_put(struct db_txn *t, const char *origin, const struct witnessed *w)
{
    struct key k = origin_key(origin), head = value_head(1);
    key_u64(&head, w->size);
    key_digest(&head, &w->root);
    key_i64(&head, w->at);
    key_digest(&head, &w->fork);
    return put_sealed(t, DB_WITNESSED, &k, &head, w->note);
}

// ---- our own log

static struct key size_key(uint64_t size)
{
    struct key k = {.len = 0};
    key_u64(&k, size);
    return k;
}

static enum status read_note(struct span value, struct span *ret)
{
    struct key_reader r;
    TRY(open_sealed(value, &r));
    *ret = r.rest;
    return ST_OK;
}

enum status cosigned_put(struct db_txn *t, uint64_t size, struct span note)
{
    struct key k = size_key(size), head = value_head(1);
    return put_sealed(t, DB_COSIGNED, &k, &head, note);
}

enum status cosigned_get(struct db_txn *t, uint64_t size, struct span *ret)
{
    struct key k = size_key(size);
    struct span value;
    TRY(db_get(t, DB_COSIGNED, key_span(&k), &value));
    return read_note(value, ret);
}

static enum status read_size(struct span key, uint64_t *ret)
{
    struct key_reader r = key_reader_of(key);
    *ret = key_get_u64(&r);
    return value_whole(&r) ? ST_OK : ST_CORRUPT;
}

enum status cosigned_near(struct db_txn *t, uint64_t size, uint64_t *ret_size, struct span *ret)
{
    struct key from = size_key(size);
    struct span all = span_of(NULL, 0);
    struct db_walk w;
    if (!db_walk_first(t, DB_COSIGNED, all, key_span(&from), &w)) {
        if (w.st != ST_OK)
            return w.st;
        if (!db_walk_last(t, DB_COSIGNED, all, &w))
            return w.st == ST_OK ? ST_NOT_FOUND : w.st;
    }
    enum status st = read_size(w.key, ret_size);
    if (st == ST_OK)
        st = read_note(w.value, ret);
    db_walk_end(&w);
    return st;
}

struct each_cosigned {
    enum status (*each)(void *ctx, uint64_t size, struct span note);
    void *ctx;
};

static enum status on_cosigned(void *ctx, struct span key, struct span value)
{
    const struct each_cosigned *e = ctx;
    uint64_t size;
    struct span note;
    TRY(read_size(key, &size));
    TRY(read_note(value, &note));
    return e->each(e->ctx, size, note);
}

enum status cosigned_each(struct db_txn *t, enum status (*each)(void *ctx, uint64_t size, struct span note), void *ctx)
{
    struct each_cosigned e = {each, ctx};
    struct key all = {.len = 0};
    return value_each(t, DB_COSIGNED, &all, span_of(NULL, 0), on_cosigned, &e);
}

struct each_witnessed {
    enum status (*each)(void *ctx, const char *origin);
    void *ctx;
};

static enum status on_witnessed(void *ctx, struct span key, struct span value)
{
    const struct each_witnessed *e = ctx;
    char origin[NOTE_NAME_MAX];
    struct witnessed w;
    struct key_reader r = key_reader_of(key);
    key_get_text(&r, origin, sizeof origin);
    if (!value_whole(&r))
        return ST_CORRUPT;
    TRY(decode(value, &w));
    return e->each(e->ctx, origin);
}

enum status witnessed_each(struct db_txn *t, enum status (*each)(void *ctx, const char *origin), void *ctx)
{
    struct each_witnessed e = {each, ctx};
    struct key all = {.len = 0};
    return value_each(t, DB_WITNESSED, &all, span_of(NULL, 0), on_witnessed, &e);
}
