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

// Three parts, each behind its length.
static void put_part(struct buf *b, struct span s)
{
    struct key len = {.len = 0};
    key_u32(&len, (uint32_t)s.len);
    buf_span(b, key_span(&len));
    buf_span(b, s);
}

static struct span get_part(struct key_reader *r)
{
    size_t len = key_get_u32(r);
    if (r->bad || len > r->rest.len) {
        r->bad = true;
        return span_of(NULL, 0);
    }
    struct span s = span_sub(r->rest, 0, len);
    r->rest = span_sub(r->rest, len, r->rest.len);
    return s;
}

void carried_write(const struct feed_carried *c, struct buf *out)
{
    put_part(out, c->certificate);
    put_part(out, c->consent);
    put_part(out, c->consent_certificate);
}

bool carried_read(struct span bytes, struct feed_carried *ret)
{
    struct key_reader r = key_reader_of(bytes);
    *ret = (struct feed_carried){.certificate = get_part(&r)};
    ret->consent = get_part(&r);
    ret->consent_certificate = get_part(&r);
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
