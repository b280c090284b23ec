// The bytes of attachments. An upload or download grows a blob chunk by chunk; when its digest is right the blob becomes
// the attachment, by one record. Nothing half there can be read: readers go by that record alone.
#include "store/attachments.h"

#include <stdio.h>

#include "formats/base/bug.h"
#include "formats/base/sha256_stream.h"
#include "store/erasures.h"
#include "store/value.h"

_Static_assert(ATTACHMENT_CHUNK % SHA256_BLOCK == 0, "the hash goes on at the beginning of a chunk");

enum { TIDY_CHUNKS = 512, TIDY_IDLE = 32 };
#define IDLE_MS ((int64_t)ATTACHMENT_IDLE_H * 3600000)

const char *attachment_who(const char *kind, const char *name, char out[ATTACHMENT_WHO_MAX])
{
    int n = snprintf(out, ATTACHMENT_WHO_MAX, "%s:%s", kind, name);
    BUG_IF(n < 0 || n >= ATTACHMENT_WHO_MAX); // ids are bounded where they enter
    return out;
}

static struct key digest_key(const struct digest *d)
{
    struct key k = {.len = 0};
    key_digest(&k, d);
    return k;
}

static struct key part_key(const struct digest *d, const char *who)
{
    struct key k = digest_key(d);
    key_text(&k, who);
    return k;
}

// ---- blobs: chunks under a number that is never used again

static struct key blob_key(uint64_t blob)
{
    struct key k = {.len = 0};
    key_u64(&k, blob);
    return k;
}

static struct key chunk_key(uint64_t blob, uint64_t index)
{
    struct key k = blob_key(blob);
    key_u64(&k, index);
    return k;
}

static enum status blob_new(struct db_txn *t, uint64_t *ret)
{
    const struct span name = span_cstr("attachment-blob");
    struct key v = {.len = 0};
    struct span last;
    uint64_t n = 0;
    enum status st = db_get(t, DB_META, name, &last);
    if (st == ST_OK) {
        struct key_reader r = key_reader_of(last);
        n = key_get_u64(&r);
        st = value_whole(&r) ? ST_OK : ST_CORRUPT;
    }
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    key_u64(&v, n + 1);
    *ret = n + 1;
    return db_put(t, DB_META, name, key_span(&v));
}

// What a chunk must be: these bytes, at this place.
static struct digest chunk_digest(const struct key *place, struct span bytes)
{
    const struct span parts[] = {key_span(place), bytes};
    return sha256_parts(parts, 2);
}

static enum status chunk_put(struct db_txn *t, uint64_t blob, uint64_t index, struct span bytes)
{
    struct key k = chunk_key(blob, index), head = {.len = 0};
    struct digest d = chunk_digest(&k, bytes);
    key_digest(&head, &d);
    return value_put(t, DB_ATTACHMENT_BYTES, &k, &head, bytes);
}

static enum status blob_discard(struct db_txn *t, uint64_t blob)
{
    struct key k = blob_key(blob);
    return db_put(t, DB_ATTACHMENT_GARBAGE, key_span(&k), span_of(NULL, 0));
}

// ---- whole ones. Layout 1: blob, size, since

static enum status whole_decode(struct span value, uint64_t *ret_blob, uint64_t *ret_size)
{
    struct key_reader r = value_reader(value, 1);
    uint64_t blob = key_get_u64(&r), size = key_get_u64(&r);
    key_get_i64(&r);
    if (!value_whole(&r))
        return ST_CORRUPT;
    *ret_blob = blob;
    *ret_size = size;
    return ST_OK;
}

static enum status whole_get(struct db_txn *t, const struct digest *d, uint64_t *ret_blob, uint64_t *ret_size)
{
    struct key k = digest_key(d);
    struct span v;
    TRY(db_get(t, DB_ATTACHMENTS, key_span(&k), &v));
    return whole_decode(v, ret_blob, ret_size);
}

struct each_whole {
    enum status (*each)(void *ctx, const struct digest *d, uint64_t size);
    void *ctx;
};

static enum status on_whole(void *ctx, struct span key, struct span value)
{
    const struct each_whole *e = ctx;
    struct key_reader k = key_reader_of(key);
    struct digest d = key_get_digest(&k);
    uint64_t blob, size;
    TRY(value_whole(&k) ? whole_decode(value, &blob, &size) : ST_CORRUPT);
    return e->each(e->ctx, &d, size);
}

enum status attachment_each(struct db_txn *t, enum status (*each)(void *ctx, const struct digest *d, uint64_t size), void *ctx)
{
    struct each_whole e = {each, ctx};
    struct key all = {.len = 0};
    return value_each(t, DB_ATTACHMENTS, &all, span_of(NULL, 0), on_whole, &e);
}

enum status attachment_size(struct db_txn *t, const struct digest *d, uint64_t *ret)
{
    uint64_t blob;
    return whole_get(t, d, &blob, ret);
}

// A second copy of what is here already goes at once.
static enum status whole_put(struct db_txn *t, const struct digest *d, uint64_t blob, uint64_t size, utc_ms now)
{
    struct key k = digest_key(d), v = value_head(1);
    uint64_t there, there_size;
    enum status st = whole_get(t, d, &there, &there_size);
    if (st != ST_NOT_FOUND)
        return st == ST_OK ? blob_discard(t, blob) : st;
    key_u64(&v, blob);
    key_u64(&v, size);
    key_i64(&v, now);
    return db_put(t, DB_ATTACHMENTS, key_span(&k), key_span(&v));
}

// ---- parts. Layout 1: blob, size, have, touched, eight words of the hash

struct part {
    uint64_t blob, size, have;
    utc_ms touched;
    struct sha256_stream hash;
};

static enum status part_decode(struct span value, struct part *ret)
{
    struct key_reader r = value_reader(value, 1);
    struct part p = {.blob = key_get_u64(&r)};
    p.size = key_get_u64(&r);
    p.have = key_get_u64(&r);
    p.touched = key_get_i64(&r);
    p.hash.bytes = p.have;
    for (size_t i = 0; i < 8; i++)
        p.hash.h[i] = key_get_u32(&r);
    if (!value_whole(&r) || p.have > p.size || p.have % ATTACHMENT_CHUNK)
        return ST_CORRUPT;
    *ret = p;
    return ST_OK;
}

static enum status part_get(struct db_txn *t, const struct digest *d, const char *who, struct part *ret)
{
    struct key k = part_key(d, who);
    struct span v;
    TRY(db_get(t, DB_ATTACHMENT_PARTS, key_span(&k), &v));
    return part_decode(v, ret);
}

static enum status part_put(struct db_txn *t, const struct digest *d, const char *who, const struct part *p)
{
    struct key k = part_key(d, who), v = value_head(1);
    key_u64(&v, p->blob);
    key_u64(&v, p->size);
    key_u64(&v, p->have);
    key_i64(&v, p->touched);
    for (size_t i = 0; i < 8; i++)
        key_u32(&v, p->hash.h[i]);
    return db_put(t, DB_ATTACHMENT_PARTS, key_span(&k), key_span(&v));
}

enum status attachment_have(struct db_txn *t, const struct digest *d, const char *who, uint64_t size, uint64_t *ret)
{
    struct part p;
    enum status st = part_get(t, d, who, &p);
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    *ret = st == ST_OK && p.size == size ? p.have : 0;
    return ST_OK;
}

enum status attachment_drop_part(struct db_txn *t, const struct digest *d, const char *who)
{
    struct key k = part_key(d, who);
    struct part p;
    enum status st = part_get(t, d, who, &p);
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_OK : st;
    TRY(blob_discard(t, p.blob));
    return db_del(t, DB_ATTACHMENT_PARTS, key_span(&k));
}

// Have the upload looked at when nothing should be left of it.
static enum status idle_put(struct db_txn *t, const struct digest *d, utc_ms at)
{
    struct key k = {.len = 0};
    key_i64(&k, at);
    key_digest(&k, d);
    return db_put(t, DB_ATTACHMENT_IDLE, key_span(&k), span_of(NULL, 0));
}

// What is there to go on with, or a new one.
static enum status part_open(struct db_txn *t, const struct digest *d, const char *who, uint64_t size, utc_ms now,
                             struct part *ret)
{
    enum status st = part_get(t, d, who, ret);
    if (st == ST_OK && ret->size == size)
        return ST_OK;
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    TRY(attachment_drop_part(t, d, who));
    *ret = (struct part){.size = size};
    sha256_stream_init(&ret->hash);
    TRY(blob_new(t, &ret->blob));
    return idle_put(t, d, utc_add(now, IDLE_MS));
}

static enum status store_chunks(struct db_txn *t, const struct part *p, struct span bytes)
{
    uint64_t index = p->have / ATTACHMENT_CHUNK;
    for (size_t at = 0; at < bytes.len; at += ATTACHMENT_CHUNK, index++) {
        size_t end = bytes.len - at < ATTACHMENT_CHUNK ? bytes.len : at + ATTACHMENT_CHUNK;
        TRY(chunk_put(t, p->blob, index, span_sub(bytes, at, end)));
    }
    return ST_OK;
}

// All is there: is it what it was said to be?
static enum status finish(struct db_txn *t, const struct digest *d, const char *who, const struct part *p,
                          struct span tail, utc_ms now)
{
    struct digest got = sha256_stream_end(&p->hash, tail);
    struct key k = part_key(d, who);
    TRY(db_del(t, DB_ATTACHMENT_PARTS, key_span(&k)));
    if (!digest_eq(&got, d)) {
        TRY(blob_discard(t, p->blob));
        return ST_BAD_PROOF;
    }
    TRY(whole_put(t, d, p->blob, p->size, now));
    return attachment_give(t, d, who, now);
}

enum status attachment_append(struct db_txn *t, const struct digest *d, const char *who, uint64_t size, uint64_t at,
                              struct span bytes, utc_ms now, bool *ret_whole)
{
    struct part p;
    *ret_whole = false;
    TRY(part_open(t, d, who, size, now, &p));
    if (at != p.have)
        return ST_CONFLICT;
    bool last = bytes.len == size - at;
    if (bytes.len > size - at || (!last && bytes.len % ATTACHMENT_CHUNK))
        return ST_INVALID;
    TRY(store_chunks(t, &p, bytes));
    size_t whole_blocks = last ? bytes.len / SHA256_BLOCK * SHA256_BLOCK : bytes.len;
    sha256_stream_blocks(&p.hash, span_sub(bytes, 0, whole_blocks));
    if (last) {
        TRY(finish(t, d, who, &p, span_sub(bytes, whole_blocks, bytes.len), now));
        *ret_whole = true;
        return ST_OK;
    }
    p.have += bytes.len;
    p.touched = now;
    return part_put(t, d, who, &p);
}

// ---- reading

enum status attachment_read(struct db_txn *t, const struct digest *d, uint64_t from, uint8_t *out, size_t *ret_len)
{
    uint64_t blob, size;
    struct span v;
    TRY(whole_get(t, d, &blob, &size));
    if (from >= size)
        return ST_NOT_FOUND;
    uint64_t index = from / ATTACHMENT_CHUNK, begin = index * ATTACHMENT_CHUNK;
    size_t len = size - begin < ATTACHMENT_CHUNK ? (size_t)(size - begin) : (size_t)ATTACHMENT_CHUNK;
    struct key k = chunk_key(blob, index);
    enum status st = db_get(t, DB_ATTACHMENT_BYTES, key_span(&k), &v);
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_CORRUPT : st;
    struct key_reader r = key_reader_of(v);
    struct digest said = key_get_digest(&r), got = chunk_digest(&k, r.rest);
    if (r.bad || r.rest.len != len || !digest_eq(&said, &got))
        return ST_CORRUPT;
    size_t skip = (size_t)(from - begin);
    memcpy(out, r.rest.ptr + skip, len - skip);
    *ret_len = len - skip;
    return ST_OK;
}

// ---- givers

enum status attachment_given(struct db_txn *t, const struct digest *d, const char *who, bool *ret)
{
    struct key k = part_key(d, who);
    struct span v;
    enum status st = db_get(t, DB_ATTACHMENT_GIVERS, key_span(&k), &v);
    *ret = st == ST_OK;
    return st == ST_NOT_FOUND ? ST_OK : st;
}

enum status attachment_give(struct db_txn *t, const struct digest *d, const char *who, utc_ms now)
{
    struct key k = part_key(d, who), v = {.len = 0};
    key_i64(&v, now);
    return db_put(t, DB_ATTACHMENT_GIVERS, key_span(&k), key_span(&v));
}

// ---- erasing

struct erasing {
    struct db_txn *t;
    enum db_table table;
    const struct digest *digest;
};

static enum status erase_row(void *ctx, struct span key, struct span value)
{
    const struct erasing *e = ctx;
    struct key k = digest_key(e->digest);
    struct part p;
    if (e->table == DB_ATTACHMENT_PARTS) {
        TRY(part_decode(value, &p));
        TRY(blob_discard(e->t, p.blob));
    }
    memcpy(k.b + k.len, key.ptr, key.len);
    k.len += key.len;
    return db_del(e->t, e->table, key_span(&k));
}

static enum status erase_rows(struct db_txn *t, enum db_table table, const struct digest *d)
{
    struct erasing e = {t, table, d};
    struct key prefix = digest_key(d);
    return value_each(t, table, &prefix, span_of(NULL, 0), erase_row, &e);
}

enum status attachment_erase(struct db_txn *t, const struct digest *d)
{
    uint64_t blob, size;
    struct key k = digest_key(d);
    TRY(erase_rows(t, DB_ATTACHMENT_PARTS, d));
    TRY(erase_rows(t, DB_ATTACHMENT_GIVERS, d));
    enum status st = whole_get(t, d, &blob, &size);
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_OK : st;
    TRY(blob_discard(t, blob));
    return db_del(t, DB_ATTACHMENTS, key_span(&k));
}

// ---- tidying

struct sweep {
    struct db_txn *t;
    utc_ms now, next;
    uint64_t blob;
    int left; // chunks, or uploads, to look at this time
};

static enum status delete_chunk(void *ctx, struct span key, struct span value)
{
    struct sweep *s = ctx;
    struct key_reader r = key_reader_of(key);
    struct key k = chunk_key(s->blob, key_get_u64(&r));
    (void)value;
    if (s->left-- == 0)
        return ST_GONE; // enough for this time
    if (!value_whole(&r))
        return ST_CORRUPT;
    TRY(erasures_note(s->t));
    return db_del(s->t, DB_ATTACHMENT_BYTES, key_span(&k));
}

static enum status delete_blob(void *ctx, struct span key, struct span value)
{
    struct sweep *s = ctx;
    struct key_reader r = key_reader_of(key);
    (void)value;
    s->blob = key_get_u64(&r);
    if (!value_whole(&r))
        return ST_CORRUPT;
    struct key prefix = blob_key(s->blob);
    TRY(value_each(s->t, DB_ATTACHMENT_BYTES, &prefix, span_of(NULL, 0), delete_chunk, s));
    return db_del(s->t, DB_ATTACHMENT_GARBAGE, key_span(&prefix));
}

static enum status find_any(void *ctx, const struct attachment_use *u)
{
    (void)u;
    *(bool *)ctx = true;
    return ST_GONE;
}

struct part_sweep {
    struct sweep *s;
    const struct digest *digest;
    bool used;
    utc_ms touched; // of the last upload that goes on
};

// An upload that nobody went on with goes. Downloads of what reports name end with these.
static enum status sweep_part(void *ctx, struct span key, struct span value)
{
    struct part_sweep *x = ctx;
    struct key_reader r = key_reader_of(key);
    char who[ATTACHMENT_WHO_MAX];
    struct part p;
    key_get_text(&r, who, sizeof who);
    TRY(value_whole(&r) ? part_decode(value, &p) : ST_CORRUPT);
    if (p.touched <= utc_add(x->s->now, -IDLE_MS))
        return x->used && strncmp(who, "partner:", 8) == 0 ? ST_OK : attachment_drop_part(x->s->t, x->digest, who);
    if (p.touched > x->touched)
        x->touched = p.touched;
    return ST_OK;
}

// An upload's time is up: is it used, or still going on?
static enum status settle_idle(struct sweep *s, const struct digest *d)
{
    struct part_sweep x = {.s = s, .digest = d, .touched = UTC_MIN};
    struct key prefix = digest_key(d);
    enum status st = attachment_each_use(s->t, d, find_any, &x.used);
    if (st != ST_OK && st != ST_GONE)
        return st;
    TRY(value_each(s->t, DB_ATTACHMENT_PARTS, &prefix, span_of(NULL, 0), sweep_part, &x));
    if (x.touched > UTC_MIN)
        return idle_put(s->t, d, utc_add(x.touched, IDLE_MS));
    return x.used ? ST_OK : attachment_erase(s->t, d);
}

static enum status look_at_idle(void *ctx, struct span key, struct span value)
{
    struct sweep *s = ctx;
    struct key_reader r = key_reader_of(key);
    struct key k = {.len = 0};
    utc_ms at = key_get_i64(&r);
    struct digest d = key_get_digest(&r);
    (void)value;
    if (!value_whole(&r))
        return ST_CORRUPT;
    s->next = at;
    if (at > s->now || s->left-- == 0)
        return ST_GONE;
    s->next = UTC_MAX;
    key_i64(&k, at);
    key_digest(&k, &d);
    TRY(db_del(s->t, DB_ATTACHMENT_IDLE, key_span(&k)));
    return settle_idle(s, &d);
}

enum status attachment_tidy(struct db_txn *t, utc_ms now, utc_ms *ret_next)
{
    struct sweep idle = {.t = t, .now = now, .next = UTC_MAX, .left = TIDY_IDLE};
    struct sweep chunks = {.t = t, .now = now, .left = TIDY_CHUNKS};
    struct key all = {.len = 0};
    enum status st = value_each(t, DB_ATTACHMENT_IDLE, &all, span_of(NULL, 0), look_at_idle, &idle);
    if (st != ST_OK && st != ST_GONE)
        return st;
    st = value_each(t, DB_ATTACHMENT_GARBAGE, &all, span_of(NULL, 0), delete_blob, &chunks);
    if (st != ST_OK && st != ST_GONE)
        return st;
    *ret_next = st == ST_GONE || idle.next < now ? now : idle.next;
    return ST_OK;
}
