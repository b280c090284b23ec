#include "store/policies.h"

#include "store/key.h"
#include "store/value.h"

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

static enum status read_active(struct db_txn *t, struct digest *ret_digest, utc_ms *ret_since)
{
    struct span v;
    TRY(db_get(t, DB_META, active_key(), &v));
    struct key_reader r = key_reader_of(v);
    *ret_digest = key_get_digest(&r);
    *ret_since = key_get_i64(&r);
    return r.bad || r.rest.len ? ST_CORRUPT : ST_OK;
}

enum status policies_active_since(struct db_txn *t, utc_ms *ret)
{
    struct digest d;
    return read_active(t, &d, ret);
}

enum status policies_active(struct db_txn *t, struct digest *ret_digest, struct span *ret_bundle)
{
    struct digest d;
    utc_ms since;
    TRY(read_active(t, &d, &since));
    enum status st = policies_get(t, &d, ret_bundle);
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_CORRUPT : st;
    *ret_digest = d;
    return ST_OK;
}

// ---- a proposal: META "policy-proposal"

static struct span proposal_key(void)
{
    return span_cstr("policy-proposal");
}

enum status policies_propose(struct db_txn *t, const struct policy_proposal *p)
{
    struct key v = value_head(1);
    key_digest(&v, &p->digest);
    key_text(&v, p->officer);
    key_i64(&v, p->at);
    return db_put(t, DB_META, proposal_key(), key_span(&v));
}

enum status policies_proposal(struct db_txn *t, struct policy_proposal *ret)
{
    struct span v;
    struct policy_proposal p;
    TRY(db_get(t, DB_META, proposal_key(), &v));
    struct key_reader r = value_reader(v, 1);
    p.digest = key_get_digest(&r);
    key_get_text(&r, p.officer, sizeof p.officer);
    p.at = key_get_i64(&r);
    if (!value_whole(&r))
        return ST_CORRUPT;
    *ret = p;
    return ST_OK;
}

enum status policies_proposal_drop(struct db_txn *t)
{
    return db_del(t, DB_META, proposal_key());
}

// ---- work: META "policy-work" -> the report done last, empty before the first

static struct span work_key(void)
{
    return span_cstr("policy-work");
}

enum status policies_work_begin(struct db_txn *t)
{
    struct key v = value_head(1);
    return db_put(t, DB_META, work_key(), key_span(&v));
}

enum status policies_work_done(struct db_txn *t, const struct uuid *upto)
{
    struct key v = value_head(1);
    if (!upto)
        return db_del(t, DB_META, work_key());
    key_uuid(&v, *upto);
    return db_put(t, DB_META, work_key(), key_span(&v));
}

enum status policies_work_pending(struct db_txn *t, bool *ret)
{
    struct span v;
    enum status st = db_get(t, DB_META, work_key(), &v);
    *ret = st == ST_OK;
    return st == ST_NOT_FOUND ? ST_OK : st;
}

// The first key of HEADS to look at: behind the report done last.
static enum status work_from(struct db_txn *t, struct key *ret)
{
    struct span v;
    TRY(db_get(t, DB_META, work_key(), &v));
    struct key_reader r = value_reader(v, 1);
    struct key from = {0};
    if (r.rest.len) {
        key_uuid(&from, key_get_uuid(&r));
        key_u8(&from, 0);
    }
    if (!value_whole(&r))
        return ST_CORRUPT;
    *ret = from;
    return ST_OK;
}

enum status policies_work_next(struct db_txn *t, struct uuid *ret, size_t max, size_t *ret_count)
{
    struct key from;
    struct db_walk w;
    const struct span all = {0};
    *ret_count = 0;
    enum status st = work_from(t, &from);
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_OK : st;
    bool more = db_walk_first(t, DB_HEADS, all, key_span(&from), &w);
    for (; more && *ret_count < max; more = db_walk_next(&w)) {
        struct key_reader r = key_reader_of(w.key);
        ret[*ret_count] = key_get_uuid(&r);
        if (!value_whole(&r)) {
            db_walk_end(&w);
            return ST_CORRUPT;
        }
        ++*ret_count;
    }
    st = more ? ST_OK : w.st;
    db_walk_end(&w);
    return st;
}
