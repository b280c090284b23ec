#include "store/recalls.h"

#include <string.h>

#include "store/key.h"
#include "store/value.h"

// Report -> layout 1: at, version, by, reason.

static struct key recall_key(struct uuid id)
{
    struct key k = {.len = 0};
    key_uuid(&k, id);
    return k;
}

enum status recalls_has(struct db_txn *t, struct uuid id, bool *ret)
{
    struct key k = recall_key(id);
    struct span v;
    enum status st = db_get(t, DB_RECALLED, key_span(&k), &v);
    *ret = st == ST_OK;
    return st == ST_NOT_FOUND ? ST_OK : st;
}

enum status recalls_put(struct db_txn *t, struct uuid id, const struct recall_record *r)
{
    struct key k = recall_key(id), v = value_head(1);
    const size_t len = strnlen(r->reason, sizeof r->reason - 1);
    bool recalled;
    TRY(recalls_has(t, id, &recalled));
    if (recalled)
        return ST_OK;
    key_i64(&v, r->at);
    key_u32(&v, r->version);
    key_text(&v, r->by);
    key_u8(&v, (uint8_t)len);
    return value_put(t, DB_RECALLED, &k, &v, span_of(r->reason, len));
}

static enum status decode(struct span v, struct recall_record *ret)
{
    struct key_reader r = value_reader(v, 1);
    struct recall_record rec = {.at = key_get_i64(&r)};
    rec.version = key_get_u32(&r);
    key_get_text(&r, rec.by, sizeof rec.by);
    key_get_text(&r, rec.reason, sizeof rec.reason);
    if (!value_whole(&r))
        return ST_CORRUPT;
    *ret = rec;
    return ST_OK;
}

enum status recalls_get(struct db_txn *t, struct uuid id, struct recall_record *ret)
{
    struct key k = recall_key(id);
    struct span v;
    TRY(db_get(t, DB_RECALLED, key_span(&k), &v));
    return decode(v, ret);
}

struct each_recall {
    enum status (*each)(void *ctx, struct uuid id, const struct recall_record *r);
    void *ctx;
};

static enum status on_recall(void *ctx, struct span key, struct span value)
{
    const struct each_recall *e = ctx;
    struct key_reader k = key_reader_of(key);
    struct recall_record rec;
    struct uuid id = key_get_uuid(&k);
    if (!value_whole(&k))
        return ST_CORRUPT;
    TRY(decode(value, &rec));
    return e->each(e->ctx, id, &rec);
}

enum status recalls_each(struct db_txn *t, enum status (*each)(void *ctx, struct uuid id, const struct recall_record *r), void *ctx)
{
    struct each_recall e = {each, ctx};
    struct key all = {.len = 0};
    return value_each(t, DB_RECALLED, &all, span_of(NULL, 0), on_recall, &e);
}
