#include "store/grants.h"

#include <stdio.h>

#include "store/key.h"

enum { WITHHELD_WORDS = 16 };

static struct key pair_key(struct uuid id, uint32_t version, const char *partner)
{
    struct key k = {0};
    key_uuid(&k, id);
    key_u32(&k, version);
    key_id(&k, partner);
    return k;
}

// META "grants" ‖ uuid: a number that grows with every grant for the report.
static struct key generation_key(struct uuid id)
{
    struct key k = {0};
    key_id(&k, "grants");
    key_uuid(&k, id);
    return k;
}

enum status grants_generation(struct db_txn *t, struct uuid id, uint64_t *ret)
{
    struct key k = generation_key(id);
    struct span v;
    *ret = 0;
    enum status st = db_get(t, DB_META, key_span(&k), &v);
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_OK : st;
    struct key_reader r = key_reader_of(v);
    *ret = key_get_u64(&r);
    return r.bad || r.rest.len ? ST_CORRUPT : ST_OK;
}

static enum status bump(struct db_txn *t, struct uuid id)
{
    uint64_t generation;
    struct key k = generation_key(id), v = {0};
    TRY(grants_generation(t, id, &generation));
    key_u64(&v, generation + 1);
    return db_put(t, DB_META, key_span(&k), key_span(&v));
}

enum status approval_put(struct db_txn *t, struct uuid id, uint32_t version, const char *partner,
                         const struct approval *a)
{
    struct key k = pair_key(id, version, partner), v = {0};
    if (strlen(a->officer) > PARTNER_ID_MAX)
        return ST_INVALID;
    key_id(&k, a->officer);
    key_u8(&v, a->refused);
    key_i64(&v, a->at);
    key_u8(&v, a->withheld.overall);
    for (size_t i = 0; i < WITHHELD_WORDS; i++)
        key_u64(&v, a->withheld.bits[i]);
    TRY(db_put(t, DB_APPROVALS, key_span(&k), key_span(&v)));
    return bump(t, id);
}

enum status approval_del(struct db_txn *t, struct uuid id, uint32_t version, const char *partner, const char *officer)
{
    struct key k = pair_key(id, version, partner);
    if (strlen(officer) > PARTNER_ID_MAX)
        return ST_INVALID;
    key_id(&k, officer);
    TRY(db_del(t, DB_APPROVALS, key_span(&k)));
    return bump(t, id);
}

static enum status read_approval(struct span key, struct span value, struct approval *ret)
{
    struct key_reader k = key_reader_of(key), v = key_reader_of(value);
    char officer[PARTNER_ID_MAX + 1];
    *ret = (struct approval){0};
    key_get_id(&k, officer);
    snprintf(ret->officer, sizeof ret->officer, "%s", officer);
    ret->refused = key_get_u8(&v) != 0;
    ret->at = key_get_i64(&v);
    ret->withheld.overall = key_get_u8(&v) != 0;
    for (size_t i = 0; i < WITHHELD_WORDS; i++)
        ret->withheld.bits[i] = key_get_u64(&v);
    return k.bad || v.bad || k.rest.len || v.rest.len ? ST_CORRUPT : ST_OK;
}

enum status approval_each(struct db_txn *t, struct uuid id, uint32_t version, const char *partner,
                          enum status (*each)(void *ctx, const struct approval *a), void *ctx)
{
    struct key prefix = pair_key(id, version, partner);
    struct db_walk w;
    enum status st = ST_OK;
    bool more = db_walk_first(t, DB_APPROVALS, key_span(&prefix), key_span(&prefix), &w);
    for (; more && st == ST_OK; more = st == ST_OK && db_walk_next(&w)) {
        struct approval a;
        st = read_approval(span_sub(w.key, prefix.len, w.key.len), w.value, &a);
        if (st == ST_OK)
            st = each(ctx, &a);
    }
    if (st == ST_OK)
        st = w.st;
    db_walk_end(&w);
    return st;
}
