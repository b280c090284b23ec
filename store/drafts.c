#include "store/drafts.h"

#include "store/value.h"

enum { DRAFT_DAYS = 30, DRAFT_NEIGHBOURS = 16 };

#define DAY_MS ((int64_t)86400000)

// Layout 1: uuid, version, time

static struct key draft_key(const char *principal, const struct digest *body)
{
    struct span parts[] = {span_cstr(principal), span_of("", 1), span_of(body->b, SHA256_LEN)};
    struct digest d = sha256_parts(parts, 3);
    struct key k = {.len = 0};
    key_digest(&k, &d);
    return k;
}

struct draft {
    struct uuid id;
    uint32_t version;
    utc_ms at;
};

static enum status draft_decode(struct span v, struct draft *ret)
{
    struct key_reader r = value_reader(v, 1);
    struct draft d = {.id = key_get_uuid(&r)};
    d.version = key_get_u32(&r);
    d.at = key_get_i64(&r);
    if (!value_whole(&r))
        return ST_CORRUPT;
    *ret = d;
    return ST_OK;
}

static utc_ms oldest_known(utc_ms now)
{
    return utc_add(now, -DRAFT_DAYS * DAY_MS);
}

enum status drafts_find(struct db_txn *t, const char *principal, const struct digest *body, utc_ms now,
                        struct uuid *ret_id, uint32_t *ret_version)
{
    struct key k = draft_key(principal, body);
    struct span v;
    struct draft d;
    TRY(db_get(t, DB_DRAFTS, key_span(&k), &v));
    TRY(draft_decode(v, &d));
    if (d.at <= oldest_known(now))
        return ST_NOT_FOUND;
    *ret_id = d.id;
    *ret_version = d.version;
    return ST_OK;
}

struct pruning {
    struct db_txn *t;
    utc_ms before;
    int left;
};

static enum status prune(void *ctx, struct span key, struct span value)
{
    struct pruning *p = ctx;
    struct draft d;
    if (p->left-- == 0)
        return ST_GONE; // enough for this time
    TRY(draft_decode(value, &d));
    return d.at <= p->before ? db_del(p->t, DB_DRAFTS, key) : ST_OK;
}

enum status drafts_add(struct db_txn *t, const char *principal, const struct digest *body, struct uuid id,
                       uint32_t version, utc_ms now)
{
    struct key k = draft_key(principal, body), v = value_head(1), all = {.len = 0};
    key_uuid(&v, id);
    key_u32(&v, version);
    key_i64(&v, now);
    TRY(db_put(t, DB_DRAFTS, key_span(&k), key_span(&v)));
    // Keys are digests, so the neighbours of each new one are a random sample: old ones go a few at a time.
    struct pruning p = {t, oldest_known(now), DRAFT_NEIGHBOURS};
    enum status st = value_each(t, DB_DRAFTS, &all, key_span(&k), prune, &p);
    return st == ST_GONE ? ST_OK : st;
}
