#include "store/key.h"

#include "formats/base/bug.h"

static void put(struct key *k, const void *bytes, size_t len)
{
    BUG_IF(len > KEY_MAX - k->len);
    memcpy(k->b + k->len, bytes, len);
    k->len += len;
}

void key_u8(struct key *k, uint8_t v)
{
    put(k, &v, 1);
}

void key_u32(struct key *k, uint32_t v)
{
    uint8_t b[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
    put(k, b, sizeof b);
}

void key_u64(struct key *k, uint64_t v)
{
    key_u32(k, (uint32_t)(v >> 32));
    key_u32(k, (uint32_t)v);
}

void key_i64(struct key *k, int64_t v)
{
    key_u64(k, (uint64_t)v ^ ((uint64_t)1 << 63));
}

void key_uuid(struct key *k, struct uuid id)
{
    put(k, id.b, sizeof id.b);
}

void key_digest(struct key *k, const struct digest *d)
{
    put(k, d->b, sizeof d->b);
}

void key_id(struct key *k, const char *id)
{
    size_t len = strlen(id);
    BUG_IF(len > 64);
    key_u8(k, (uint8_t)len);
    put(k, id, len);
}

void key_text(struct key *k, const char *s)
{
    size_t len = strlen(s);
    BUG_IF(len > 255);
    key_u8(k, (uint8_t)len);
    put(k, s, len);
}

static const uint8_t *take(struct key_reader *r, size_t len)
{
    if (r->bad || r->rest.len < len) {
        r->bad = true;
        return NULL;
    }
    const uint8_t *p = r->rest.ptr;
    r->rest = span_sub(r->rest, len, r->rest.len);
    return p;
}

uint8_t key_get_u8(struct key_reader *r)
{
    const uint8_t *p = take(r, 1);
    return p ? *p : 0;
}

uint32_t key_get_u32(struct key_reader *r)
{
    const uint8_t *p = take(r, 4);
    return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] : 0;
}

uint64_t key_get_u64(struct key_reader *r)
{
    uint64_t hi = key_get_u32(r);
    return hi << 32 | key_get_u32(r);
}

int64_t key_get_i64(struct key_reader *r)
{
    return (int64_t)(key_get_u64(r) ^ ((uint64_t)1 << 63));
}

struct uuid key_get_uuid(struct key_reader *r)
{
    struct uuid id = {{0}};
    const uint8_t *p = take(r, sizeof id.b);
    if (p)
        memcpy(id.b, p, sizeof id.b);
    return id;
}

struct digest key_get_digest(struct key_reader *r)
{
    struct digest d = {{0}};
    const uint8_t *p = take(r, sizeof d.b);
    if (p)
        memcpy(d.b, p, sizeof d.b);
    return d;
}

void key_get_text(struct key_reader *r, char *out, size_t cap)
{
    size_t len = key_get_u8(r);
    const uint8_t *p = len < cap ? take(r, len) : NULL;
    out[0] = 0;
    if (!p || memchr(p, 0, len)) {
        r->bad = true;
        return;
    }
    memcpy(out, p, len);
    out[len] = 0;
}

void key_get_id(struct key_reader *r, char out[65])
{
    key_get_text(r, out, 65);
}
