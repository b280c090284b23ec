#include "store/pushes.h"

#include "store/key.h"

enum { LAYOUT = 1 };

static struct key partner_key(const char *partner)
{
    struct key k = {0};
    key_id(&k, partner);
    return k;
}

enum status push_state_put(struct db_txn *t, const char *partner, const struct push_state *s)
{
    struct key k = partner_key(partner), v = {0};
    key_u8(&v, LAYOUT);
    key_i64(&v, s->pushed_at);
    key_i64(&v, s->failed_at);
    key_text(&v, s->error);
    return db_put(t, DB_PUSHES, key_span(&k), key_span(&v));
}

enum status push_state_get(struct db_txn *t, const char *partner, struct push_state *ret)
{
    struct key k = partner_key(partner);
    struct span v;
    *ret = (struct push_state){0};
    enum status st = db_get(t, DB_PUSHES, key_span(&k), &v);
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_OK : st;
    struct key_reader r = key_reader_of(v);
    bool known = key_get_u8(&r) == LAYOUT;
    ret->pushed_at = key_get_i64(&r);
    ret->failed_at = key_get_i64(&r);
    key_get_text(&r, ret->error, sizeof ret->error);
    return known && !r.bad && r.rest.len == 0 ? ST_OK : ST_CORRUPT;
}
