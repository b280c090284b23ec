#include "store/holds.h"

#include "store/value.h"

static struct key pair_key(struct uuid id, const char *partner)
{
    struct key k = {0};
    key_uuid(&k, id);
    key_id(&k, partner);
    return k;
}

static enum status read_value(struct span value, struct hold *ret)
{
    struct key_reader v = value_reader(value, 1);
    ret->version = key_get_u32(&v);
    ret->since = key_get_i64(&v);
    return value_whole(&v) ? ST_OK : ST_CORRUPT;
}

struct setting {
    struct db_txn *t;
    struct uuid id;
    uint32_t version;
    const char *const *partners;
    size_t count;
};

// Drop what is not held any more, or is of another version.
static enum status drop_old(void *ctx, struct span key, struct span value)
{
    const struct setting *s = ctx;
    struct hold h;
    struct key_reader k = key_reader_of(key);
    key_get_id(&k, h.partner);
    if (!value_whole(&k))
        return ST_CORRUPT;
    TRY(read_value(value, &h));
    for (size_t i = 0; h.version == s->version && i < s->count; i++)
        if (strcmp(s->partners[i], h.partner) == 0)
            return ST_OK;
    struct key whole = pair_key(s->id, h.partner);
    return db_del(s->t, DB_HOLDS, key_span(&whole));
}

enum status holds_set(struct db_txn *t, struct uuid id, uint32_t version, utc_ms now, const char *const *partners,
                      size_t count)
{
    struct setting s = {t, id, version, partners, count};
    struct key prefix = {0}, value = value_head(1);
    key_uuid(&prefix, id);
    TRY(value_each(t, DB_HOLDS, &prefix, span_of(NULL, 0), drop_old, &s));
    key_u32(&value, version);
    key_i64(&value, now);
    for (size_t i = 0; i < count; i++) {
        struct key k = pair_key(id, partners[i]);
        enum status st = db_put_new(t, DB_HOLDS, key_span(&k), key_span(&value));
        if (st != ST_OK && st != ST_CONFLICT)
            return st;
    }
    return ST_OK;
}

enum status holds_change(struct db_txn *t, struct uuid id, uint32_t version, utc_ms now, const char *partner, bool held)
{
    struct key k = pair_key(id, partner), value = value_head(1);
    struct hold h;
    struct span v;
    if (!held)
        return db_del(t, DB_HOLDS, key_span(&k));
    enum status st = db_get(t, DB_HOLDS, key_span(&k), &v);
    if (st == ST_OK) {
        TRY(read_value(v, &h));
        if (h.version == version)
            return ST_OK;
    } else if (st != ST_NOT_FOUND) {
        return st;
    }
    key_u32(&value, version);
    key_i64(&value, now);
    return db_put(t, DB_HOLDS, key_span(&k), key_span(&value));
}

struct each_hold {
    enum status (*each)(void *ctx, const struct hold *h);
    void *ctx;
};

static enum status on_hold(void *ctx, struct span key, struct span value)
{
    const struct each_hold *e = ctx;
    struct key_reader k = key_reader_of(key);
    struct hold h;
    h.report = key_get_uuid(&k);
    key_get_id(&k, h.partner);
    if (!value_whole(&k))
        return ST_CORRUPT;
    TRY(read_value(value, &h));
    return e->each(e->ctx, &h);
}

enum status holds_each(struct db_txn *t, const struct hold *after, enum status (*each)(void *ctx, const struct hold *h),
                       void *ctx)
{
    struct each_hold e = {each, ctx};
    struct key all = {0}, from = {0};
    if (after) {
        from = pair_key(after->report, after->partner);
        key_u8(&from, 0); // the next key that there can be
    }
    return value_each(t, DB_HOLDS, &all, key_span(&from), on_hold, &e);
}
