#include "store/restoring.h"

#include "store/reports.h"
#include "store/value.h"

static struct key prefix_key(void)
{
    struct key k = {.len = 0};
    key_id(&k, "restoring");
    return k;
}

static struct key partner_key(const char *partner)
{
    struct key k = prefix_key();
    key_id(&k, partner);
    return k;
}

enum status restoring_set(struct db_txn *t, const char *partner)
{
    struct key k = partner_key(partner), v = value_head(1);
    return db_put(t, DB_META, key_span(&k), key_span(&v));
}

enum status restoring_done(struct db_txn *t, const char *partner)
{
    struct key k = partner_key(partner);
    return db_del(t, DB_META, key_span(&k));
}

struct each_call {
    enum status (*each)(void *ctx, const char *partner);
    void *ctx;
};

static enum status call_each(void *ctx, struct span key, struct span value)
{
    const struct each_call *c = ctx;
    struct key_reader r = key_reader_of(key);
    char partner[PARTNER_ID_MAX + 1];
    (void)value;
    key_get_id(&r, partner);
    return value_whole(&r) ? c->each(c->ctx, partner) : ST_CORRUPT;
}

enum status restoring_each(struct db_txn *t, enum status (*each)(void *ctx, const char *partner), void *ctx)
{
    struct each_call c = {each, ctx};
    struct key prefix = prefix_key();
    return value_each(t, DB_META, &prefix, span_of(NULL, 0), call_each, &c);
}

static enum status found(void *ctx, const char *partner)
{
    (void)partner;
    *(bool *)ctx = true;
    return ST_OK;
}

enum status restoring_pending(struct db_txn *t, bool *ret)
{
    *ret = false;
    return restoring_each(t, found, ret);
}

static struct key hold_key(void)
{
    struct key k = {.len = 0};
    key_id(&k, "restored");
    return k;
}

enum status restoring_hold(struct db_txn *t, bool recalls_due)
{
    struct key k = hold_key(), v = value_head(1);
    key_u8(&v, recalls_due);
    return db_put(t, DB_META, key_span(&k), key_span(&v));
}

enum status restoring_confirm(struct db_txn *t)
{
    struct key k = hold_key();
    return db_del(t, DB_META, key_span(&k));
}

enum status restoring_held(struct db_txn *t, bool *ret_held, bool *ret_recalls_due)
{
    struct key k = hold_key();
    struct span v;
    enum status st = db_get(t, DB_META, key_span(&k), &v);
    *ret_held = st == ST_OK;
    *ret_recalls_due = false;
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_OK : st;
    struct key_reader r = value_reader(v, 1);
    *ret_recalls_due = key_get_u8(&r) != 0;
    return value_whole(&r) ? ST_OK : ST_CORRUPT;
}
