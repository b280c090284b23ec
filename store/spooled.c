#include "store/spooled.h"

#include <string.h>

#include "store/value.h"

static struct key file_key(const struct spooled *s)
{
    struct key k = {.len = 0};
    key_uuid(&k, s->report);
    key_u32(&k, s->version);
    key_text(&k, s->name);
    return k;
}

// Value, layout 1: digest
enum status spooled_add(struct db_txn *t, const struct spooled *s)
{
    struct key k = file_key(s), v = value_head(1);
    key_digest(&v, &s->digest);
    return db_put(t, DB_SPOOLED, key_span(&k), key_span(&v));
}

enum status spooled_erased(struct db_txn *t, const struct spooled *s)
{
    struct key k = file_key(s);
    return db_del(t, DB_SPOOL_ERASE, key_span(&k));
}

struct walk {
    struct db_txn *t;
    struct key prefix;
    enum status (*each)(void *ctx, const struct spooled *s);
    void *ctx;
};

static enum status move_one(void *ctx, struct span key, struct span value)
{
    const struct walk *w = ctx;
    struct key k = w->prefix, v = {.len = value.len};
    if (k.len + key.len > KEY_MAX || value.len > KEY_MAX)
        return ST_CORRUPT;
    memcpy(k.b + k.len, key.ptr, key.len);
    k.len += key.len;
    memcpy(v.b, value.ptr, value.len); // what the store lent moves with the next write
    TRY(db_put(w->t, DB_SPOOL_ERASE, key_span(&k), key_span(&v)));
    return db_del(w->t, DB_SPOOLED, key_span(&k));
}

enum status spooled_recall(struct db_txn *t, struct uuid report)
{
    struct walk w = {.t = t};
    key_uuid(&w.prefix, report);
    return value_each(t, DB_SPOOLED, &w.prefix, span_of(NULL, 0), move_one, &w);
}

static enum status on_file(void *ctx, struct span key, struct span value)
{
    const struct walk *w = ctx;
    struct spooled s = {.version = 0};
    struct key_reader k = key_reader_of(key), v = value_reader(value, 1);
    s.report = key_get_uuid(&k);
    s.version = key_get_u32(&k);
    key_get_text(&k, s.name, sizeof s.name);
    s.digest = key_get_digest(&v);
    return value_whole(&k) && value_whole(&v) ? w->each(w->ctx, &s) : ST_CORRUPT;
}

enum status spooled_each_recalled(struct db_txn *t, enum status (*each)(void *ctx, const struct spooled *s), void *ctx)
{
    struct walk w = {.t = t, .each = each, .ctx = ctx};
    return value_each(t, DB_SPOOL_ERASE, &w.prefix, span_of(NULL, 0), on_file, &w);
}
