#include "store/grants.h"

#include "store/value.h"

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
    enum status st = db_get(t, DB_META, key_span(&k), &v);
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    struct key_reader r = key_reader_of(st == ST_OK ? v : span_of(NULL, 0));
    uint64_t generation = st == ST_OK ? key_get_u64(&r) : 0;
    if (!value_whole(&r))
        return ST_CORRUPT;
    *ret = generation;
    return ST_OK;
}

enum status grants_bump(struct db_txn *t, struct uuid id)
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
    struct key k = pair_key(id, version, partner), v = value_head(1);
    if (a->officer[0] == 0)
        return ST_INVALID; // nobody
    key_text(&k, a->officer);
    key_u8(&v, a->refused);
    key_i64(&v, a->at);
    key_withheld(&v, &a->withheld);
    TRY(db_put(t, DB_APPROVALS, key_span(&k), key_span(&v)));
    return grants_bump(t, id);
}

enum status approval_del(struct db_txn *t, struct uuid id, uint32_t version, const char *partner,
                         const char *officer)
{
    struct key k = pair_key(id, version, partner);
    if (strlen(officer) >= sizeof((struct approval *)0)->officer)
        return ST_OK; // nobody of that name approved anything
    key_text(&k, officer);
    TRY(db_del(t, DB_APPROVALS, key_span(&k)));
    return grants_bump(t, id);
}

struct each_approval {
    enum status (*each)(void *ctx, const struct approval *a);
    void *ctx;
};

static enum status on_approval(void *ctx, struct span key, struct span value)
{
    const struct each_approval *e = ctx;
    struct key_reader k = key_reader_of(key), v = value_reader(value, 1);
    struct approval a = {.at = 0};
    key_get_text(&k, a.officer, sizeof a.officer);
    uint8_t refused = key_get_u8(&v);
    a.at = key_get_i64(&v);
    a.withheld = key_get_withheld(&v);
    if (!value_whole(&k) || !value_whole(&v) || refused > 1)
        return ST_CORRUPT;
    a.refused = refused;
    return e->each(e->ctx, &a);
}

enum status approval_each(struct db_txn *t, struct uuid id, uint32_t version, const char *partner,
                          enum status (*each)(void *ctx, const struct approval *a), void *ctx)
{
    struct key prefix = pair_key(id, version, partner);
    struct each_approval e = {each, ctx};
    return value_each(t, DB_APPROVALS, &prefix, span_of(NULL, 0), on_approval, &e);
}
