#include "store/carried.h"

#include "store/value.h"

static struct key copy_key(struct uuid id, uint32_t version, const char *source)
{
    struct key k = {.len = 0};
    key_uuid(&k, id);
    key_u32(&k, version);
    key_id(&k, source);
    return k;
}

void carried_write(const struct feed_carried *c, struct buf *out)
{
    value_put_part(out, c->certificate);
    value_put_part(out, c->consent);
    value_put_part(out, c->consent_certificate);
}

bool carried_read(struct span bytes, struct feed_carried *ret)
{
    struct key_reader r = key_reader_of(bytes);
    *ret = (struct feed_carried){.certificate = value_get_part(&r)};
    ret->consent = value_get_part(&r);
    ret->consent_certificate = value_get_part(&r);
    return value_whole(&r);
}

enum status carried_put(struct db_txn *t, struct uuid id, uint32_t version, const char *source, const struct feed_carried *c)
{
    struct key k = copy_key(id, version, source);
    struct buf b;
    if (c->certificate.len + c->consent.len + c->consent_certificate.len == 0)
        return db_del(t, DB_CARRIED, key_span(&k));
    buf_init(&b, FEED_CARRIED_BYTES_MAX);
    carried_write(c, &b);
    enum status st = buf_status(&b);
    if (st == ST_OK)
        st = db_put(t, DB_CARRIED, key_span(&k), buf_bytes(&b));
    buf_fini(&b);
    return st;
}

enum status carried_get(struct db_txn *t, struct uuid id, uint32_t version, const char *source, struct feed_carried *ret)
{
    struct key k = copy_key(id, version, source);
    struct span v;
    *ret = (struct feed_carried){.certificate = {NULL, 0}};
    enum status st = db_get(t, DB_CARRIED, key_span(&k), &v);
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_OK : st;
    return carried_read(v, ret) ? ST_OK : ST_CORRUPT;
}

enum status carried_del(struct db_txn *t, struct uuid id, uint32_t version, const char *source)
{
    struct key k = copy_key(id, version, source);
    return db_del(t, DB_CARRIED, key_span(&k));
}
