#include "store/policies.h"

#include "store/key.h"

// META "policy": digest ‖ time of the active one.
static struct span active_key(void)
{
    return span_cstr("policy");
}

static struct key digest_key(const struct digest *d)
{
    struct key k = {0};
    key_digest(&k, d);
    return k;
}

enum status policies_activate(struct db_txn *t, struct span bundle, utc_ms now, struct digest *ret)
{
    struct digest d = sha256(bundle);
    struct key k = digest_key(&d), value = {0};
    enum status st = db_put_new(t, DB_POLICIES, key_span(&k), bundle);
    if (st != ST_OK && st != ST_CONFLICT) // a policy that was active before may become so again
        return st;
    key_digest(&value, &d);
    key_i64(&value, now);
    TRY(db_put(t, DB_META, active_key(), key_span(&value)));
    *ret = d;
    return ST_OK;
}

enum status policies_get(struct db_txn *t, const struct digest *digest, struct span *ret_bundle)
{
    struct key k = digest_key(digest);
    struct span v;
    TRY(db_get(t, DB_POLICIES, key_span(&k), &v));
    struct digest is = sha256(v);
    if (!digest_eq(&is, digest))
        return ST_CORRUPT;
    *ret_bundle = v;
    return ST_OK;
}

enum status policies_active(struct db_txn *t, struct digest *ret_digest, struct span *ret_bundle)
{
    struct span v;
    TRY(db_get(t, DB_META, active_key(), &v));
    struct key_reader r = key_reader_of(v);
    struct digest d = key_get_digest(&r);
    key_get_i64(&r);
    if (r.bad || r.rest.len)
        return ST_CORRUPT;
    enum status st = policies_get(t, &d, ret_bundle);
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_CORRUPT : st;
    *ret_digest = d;
    return ST_OK;
}
