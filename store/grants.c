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
    struct key k = pair_key(id, version, partner), v = value_head(2);
    if (a->officer[0] == 0)
        return ST_INVALID; // nobody
    key_text(&k, a->officer);
    key_u8(&v, a->refused);
    key_i64(&v, a->at);
    key_withheld(&v, &a->withheld);
    key_u64(&v, value_check(key_span(&k), key_span(&v)));
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

// Layout 1: refused, at, withheld. Layout 2: a check of all that (value_check), too. What the disk has changed gives nothing to
// anybody: it counts as a refusal, also when no more of it can be read than by whom it is. False = it was changed.
static bool approval_decode(struct span key, struct span value, struct approval *ret)
{
    char partner[PARTNER_ID_MAX + 1];
    struct key_reader k = key_reader_of(key), v = value_reader_checked(value);
    struct approval a = {.at = 0};
    key_get_uuid(&k);
    key_get_u32(&k);
    key_get_id(&k, partner);
    key_get_text(&k, a.officer, sizeof a.officer);
    *ret = a;
    ret->refused = true;
    uint8_t refused = key_get_u8(&v);
    a.at = key_get_i64(&v);
    a.withheld = key_get_withheld(&v);
    bool fits = value_check_fits(&v, key, value);
    if (!value_whole(&k) || !value_whole(&v) || refused > 1)
        return false;
    a.refused = refused || !fits;
    *ret = a;
    return fits;
}

struct each_approval {
    struct key pair;
    enum status (*each)(void *ctx, const struct approval *a);
    void *ctx;
};

static enum status on_approval(void *ctx, struct span key, struct span value)
{
    const struct each_approval *e = ctx;
    struct key whole = e->pair;
    struct approval a;
    if (key.len > KEY_MAX - whole.len)
        return ST_CORRUPT;
    memcpy(whole.b + whole.len, key.ptr, key.len);
    whole.len += key.len;
    (void)approval_decode(key_span(&whole), value, &a); // what was changed counts as a refusal
    return e->each(e->ctx, &a);
}

static enum status count_damaged(void *ctx, struct span key, struct span value)
{
    struct approval a;
    uint64_t *count = ctx;
    *count += !approval_decode(key, value, &a);
    return ST_OK;
}

enum status approvals_damaged(struct db_txn *t, uint64_t *ret)
{
    const struct key all = {.len = 0};
    *ret = 0;
    return value_each(t, DB_APPROVALS, &all, span_of(NULL, 0), count_damaged, ret);
}

enum status approval_each(struct db_txn *t, struct uuid id, uint32_t version, const char *partner,
                          enum status (*each)(void *ctx, const struct approval *a), void *ctx)
{
    struct key prefix = pair_key(id, version, partner);
    struct each_approval e = {prefix, each, ctx};
    return value_each(t, DB_APPROVALS, &prefix, span_of(NULL, 0), on_approval, &e);
}
