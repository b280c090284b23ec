#include "store/sources.h"

#include <stdio.h>

#include "formats/feed.h"
#include "store/erasures.h"
#include "store/value.h"

enum { LAYOUT = 2 }; // 1 had no epochs

void source_log_name(const char *partner, char out[LOG_NAME_MAX])
{
    snprintf(out, LOG_NAME_MAX, "in/%s", partner);
}

enum status source_origin(const struct source_state *s, const char *node_name, const char *nation, char out[NOTE_NAME_MAX])
{
    int n = snprintf(out, NOTE_NAME_MAX, "%s/release/%s%s%s", node_name, nation, s->epoch[0] ? "/" : "", s->epoch);
    return n > 0 && n < NOTE_NAME_MAX ? ST_OK : ST_LIMIT;
}

static struct key partner_key(const char *partner)
{
    struct key k = {0};
    key_id(&k, partner);
    return k;
}

static struct key position_key(const char *partner, uint64_t n)
{
    struct key k = partner_key(partner);
    key_u64(&k, n);
    return k;
}

// ---- state: fixed numbers, then five texts, each behind its length

static void get_string(struct key_reader *r, char *out, size_t cap)
{
    struct span s = value_get_part(r);
    if (s.len >= cap) {
        r->bad = true;
        return;
    }
    if (s.len)
        memcpy(out, s.ptr, s.len);
    out[s.len] = 0;
}

enum status source_put(struct db_txn *t, const char *partner, const struct source_state *s)
{
    struct key k = partner_key(partner), fixed = {0};
    struct buf b;
    key_u8(&fixed, LAYOUT);
    key_u64(&fixed, s->size);
    key_i64(&fixed, s->synced_at);
    key_i64(&fixed, s->failed_at);
    key_u8(&fixed, s->forked);
    key_u64(&fixed, s->received);
    key_u64(&fixed, s->quarantined);
    key_u8(&fixed, s->cosignature_due);
    buf_init(&b, 8 * KIB);
    buf_span(&b, key_span(&fixed));
    value_put_part(&b, span_cstr(s->cursor));
    value_put_part(&b, span_cstr(s->error));
    value_put_part(&b, s->checkpoint);
    value_put_part(&b, span_cstr(s->epoch));
    value_put_part(&b, span_cstr(s->offered));
    enum status st = buf_status(&b);
    if (st == ST_OK)
        st = db_put(t, DB_SOURCES, key_span(&k), buf_bytes(&b));
    buf_fini(&b);
    return st;
}

enum status source_get(struct db_txn *t, const char *partner, struct source_state *ret)
{
    struct key k = partner_key(partner);
    struct span v;
    *ret = (struct source_state){0};
    enum status st = db_get(t, DB_SOURCES, key_span(&k), &v);
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_OK : st;
    struct key_reader r = key_reader_of(v);
    uint8_t layout = key_get_u8(&r);
    ret->size = key_get_u64(&r);
    ret->synced_at = key_get_i64(&r);
    ret->failed_at = key_get_i64(&r);
    ret->forked = key_get_u8(&r) != 0;
    ret->received = key_get_u64(&r);
    ret->quarantined = key_get_u64(&r);
    ret->cosignature_due = key_get_u8(&r) != 0;
    get_string(&r, ret->cursor, sizeof ret->cursor);
    get_string(&r, ret->error, sizeof ret->error);
    ret->checkpoint = value_get_part(&r);
    if (layout == LAYOUT) {
        get_string(&r, ret->epoch, sizeof ret->epoch);
        get_string(&r, ret->offered, sizeof ret->offered);
    }
    return (layout == LAYOUT || layout == 1) && !r.bad && r.rest.len == 0 ? ST_OK : ST_CORRUPT;
}

// ---- entries: the leaf hash, then the entry's bytes (none when only the hash is known)

enum status source_append(struct db_txn *t, const char *partner, const struct digest *leaf, struct span entry)
{
    char log[LOG_NAME_MAX];
    uint64_t n;
    struct buf b;
    if (entry.len) {
        struct digest is = merkle_leaf(entry);
        if (!digest_eq(&is, leaf))
            return ST_INVALID;
    }
    source_log_name(partner, log);
    TRY(tree_size(t, log, &n));
    TRY(tree_append(t, log, leaf));
    struct key k = position_key(partner, n);
    buf_init(&b, 8 * KIB);
    buf_put(&b, leaf->b, sizeof leaf->b);
    buf_span(&b, entry);
    enum status st = buf_status(&b);
    if (st == ST_OK)
        st = db_put_new(t, DB_RECEIVED, key_span(&k), buf_bytes(&b));
    buf_fini(&b);
    return st == ST_CONFLICT ? ST_CORRUPT : st; // an entry behind the end of its tree
}

enum status source_entry(struct db_txn *t, const char *partner, uint64_t n, struct ledger_entry *ret)
{
    struct key k = position_key(partner, n);
    struct span v;
    TRY(db_get(t, DB_RECEIVED, key_span(&k), &v));
    if (v.len < SHA256_LEN)
        return ST_CORRUPT;
    if (v.len == SHA256_LEN)
        return ST_NOT_FOUND;
    return ledger_entry_parse(span_sub(v, SHA256_LEN, v.len), ret) == ST_OK ? ST_OK : ST_CORRUPT;
}

// ---- quarantine: time, reason, bytes, what came along (older versions of this program did not write that)

enum status quarantine_put(struct db_txn *t, const char *partner, uint64_t n, const char *reason,
                           struct span bytes, struct span with, utc_ms now)
{
    struct key k = position_key(partner, n), time = {0};
    struct buf b;
    key_i64(&time, now);
    buf_init(&b, RENDITION_BYTES_MAX + FEED_CARRIED_BYTES_MAX + 8 * KIB);
    buf_span(&b, key_span(&time));
    value_put_part(&b, span_cstr(reason));
    value_put_part(&b, bytes);
    value_put_part(&b, with);
    enum status st = buf_status(&b);
    if (st == ST_OK)
        st = db_put(t, DB_QUARANTINE, key_span(&k), buf_bytes(&b));
    buf_fini(&b);
    return st;
}

struct quarantined {
    struct span reason, bytes, with;
};

static bool quarantine_read(struct span value, struct quarantined *ret)
{
    struct key_reader v = key_reader_of(value);
    key_get_i64(&v);
    *ret = (struct quarantined){.reason = value_get_part(&v)};
    ret->bytes = value_get_part(&v);
    if (v.rest.len)
        ret->with = value_get_part(&v);
    return !v.bad && v.rest.len == 0;
}

enum status quarantine_with(struct db_txn *t, const char *partner, uint64_t n, struct span *ret)
{
    struct key k = position_key(partner, n);
    struct span v;
    struct quarantined q;
    TRY(db_get(t, DB_QUARANTINE, key_span(&k), &v));
    if (!quarantine_read(v, &q))
        return ST_CORRUPT;
    *ret = q.with;
    return ST_OK;
}

struct each_call {
    enum status (*each)(void *ctx, uint64_t n, const char *reason, struct span bytes);
    void *ctx;
};

static enum status call_each(void *ctx, struct span key, struct span value)
{
    const struct each_call *c = ctx;
    struct key_reader k = key_reader_of(key);
    struct quarantined q;
    char reason[SOURCE_ERROR_MAX] = "";
    uint64_t n = key_get_u64(&k);
    if (k.bad || k.rest.len || !quarantine_read(value, &q))
        return ST_CORRUPT;
    snprintf(reason, sizeof reason, "%.*s", (int)q.reason.len, (const char *)q.reason.ptr);
    return c->each(c->ctx, n, reason, q.bytes);
}

enum status quarantine_each(struct db_txn *t, const char *partner,
                            enum status (*each)(void *ctx, uint64_t n, const char *reason, struct span bytes),
                            void *ctx)
{
    struct key prefix = partner_key(partner);
    struct each_call c = {each, ctx};
    return value_each(t, DB_QUARANTINE, &prefix, span_of(NULL, 0), call_each, &c);
}

enum status quarantine_del(struct db_txn *t, const char *partner, uint64_t n)
{
    struct key k = position_key(partner, n);
    TRY(erasures_note(t));
    return db_del(t, DB_QUARANTINE, key_span(&k));
}
