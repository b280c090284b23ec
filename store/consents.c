#include "store/consents.h"

#include <stdio.h>

#include "store/grants.h"
#include "store/value.h"

// Layout 1: flags, state, peer, version, recipient, report, rendition, asked, changed, expires, change, by, reason; then the
// grant, the revocation and the certificate, each behind its length. Layout 2: a check of all that (value_check), too.

static const char *const states[] = {"unsent", "waiting", "granted", "refused", "revoked", "rejected"};

const char *consent_state_text(enum consent_state s)
{
    return states[s];
}

bool consent_state_parse(const char *text, enum consent_state *ret)
{
    for (enum consent_state s = CONSENT_UNSENT; s <= CONSENT_REJECTED; s++)
        if (strcmp(text, states[s]) == 0) {
            *ret = s;
            return true;
        }
    return false;
}

static bool is_open(enum consent_state s)
{
    switch (s) {
    case CONSENT_UNSENT:
    case CONSENT_WAITING:
    case CONSENT_GRANTED:
        return true;
    case CONSENT_REFUSED:
    case CONSENT_REVOKED:
    case CONSENT_REJECTED:
        return false;
    }
    return false;
}

// ---- keys

static struct key id_key(struct uuid id)
{
    struct key k = {.len = 0};
    key_uuid(&k, id);
    return k;
}

static struct key target_key(const struct consent_request *what)
{
    struct key k = {.len = 0};
    key_uuid(&k, what->report);
    key_u32(&k, what->version);
    key_id(&k, what->recipient);
    key_digest(&k, &what->rendition);
    return k;
}

static struct key open_prefix(bool ours, const char *peer)
{
    struct key k = {.len = 0};
    key_u8(&k, ours);
    key_id(&k, peer);
    return k;
}

static struct key change_key(const char *peer, uint64_t change)
{
    struct key k = {.len = 0};
    key_id(&k, peer);
    key_u64(&k, change);
    return k;
}

static struct key number_key(const char *name, const char *peer)
{
    struct key k = {.len = 0};
    key_id(&k, name);
    key_id(&k, peer);
    return k;
}

static enum status number_get(struct db_txn *t, const char *name, const char *peer, uint64_t *ret)
{
    struct key k = number_key(name, peer);
    struct span v;
    *ret = 0;
    enum status st = db_get(t, DB_META, key_span(&k), &v);
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_OK : st;
    struct key_reader r = key_reader_of(v);
    *ret = key_get_u64(&r);
    return value_whole(&r) ? ST_OK : ST_CORRUPT;
}

static enum status number_put(struct db_txn *t, const char *name, const char *peer, uint64_t n)
{
    struct key k = number_key(name, peer), v = {.len = 0};
    key_u64(&v, n);
    return db_put(t, DB_META, key_span(&k), key_span(&v));
}

enum status consents_last_change(struct db_txn *t, const char *peer, uint64_t *ret)
{
    return number_get(t, "consent-change", peer, ret);
}

enum status consents_heard(struct db_txn *t, const char *peer, uint64_t *ret)
{
    return number_get(t, "consent-heard", peer, ret);
}

enum status consents_hear(struct db_txn *t, const char *peer, uint64_t change)
{
    return number_put(t, "consent-heard", peer, change);
}

// ---- values

// Two parts, since both texts may be longer than a key is.
static void encode(const struct consent_record *r, struct buf *b)
{
    struct key head = value_head(2), rest = {.len = 0}, id = id_key(r->id), check = {.len = 0};
    key_u8(&head, r->ours);
    key_u8(&head, (uint8_t)r->state);
    key_id(&head, r->peer);
    key_u32(&head, r->what.version);
    key_id(&head, r->what.recipient);
    key_uuid(&head, r->what.report);
    key_digest(&head, &r->what.rendition);
    key_i64(&head, r->what.asked);
    key_i64(&head, r->changed);
    key_i64(&head, r->expires);
    key_u64(&head, r->change);
    key_text(&rest, r->by);
    key_text(&rest, r->reason);
    buf_span(b, key_span(&head));
    buf_span(b, key_span(&rest));
    value_put_part(b, r->grant);
    value_put_part(b, r->revocation);
    value_put_part(b, r->certificate);
    key_u64(&check, value_check(key_span(&id), buf_bytes(b)));
    buf_span(b, key_span(&check));
}

static enum status decode(struct uuid id, struct span value, struct consent_record *ret)
{
    const struct key k = id_key(id);
    struct key_reader r = value_reader_checked(value);
    struct consent_record c = {.id = id};
    uint8_t ours = key_get_u8(&r), state = key_get_u8(&r);
    key_get_id(&r, c.peer);
    c.what.version = key_get_u32(&r);
    key_get_id(&r, c.what.recipient);
    c.what.report = key_get_uuid(&r);
    c.what.rendition = key_get_digest(&r);
    c.what.asked = key_get_i64(&r);
    c.changed = key_get_i64(&r);
    c.expires = key_get_i64(&r);
    c.change = key_get_u64(&r);
    key_get_text(&r, c.by, sizeof c.by);
    key_get_text(&r, c.reason, sizeof c.reason);
    c.grant = value_get_part(&r);
    c.revocation = value_get_part(&r);
    c.certificate = value_get_part(&r);
    c.damaged = !value_check_fits(&r, key_span(&k), value);
    if (!value_whole(&r) || ours > 1 || state > CONSENT_REJECTED)
        return ST_CORRUPT;
    c.ours = ours;
    c.state = (enum consent_state)state;
    *ret = c;
    return ST_OK;
}

enum status consent_get(struct db_txn *t, struct uuid id, struct consent_record *ret)
{
    struct key k = id_key(id);
    struct span v;
    TRY(db_get(t, DB_CONSENT_REQUESTS, key_span(&k), &v));
    return decode(id, v, ret);
}

// ---- storing

static enum status write_record(struct db_txn *t, const struct consent_record *r)
{
    struct key k = id_key(r->id), open = open_prefix(r->ours, r->peer);
    struct buf b;
    key_uuid(&open, r->id);
    TRY(is_open(r->state) ? db_put(t, DB_CONSENTS_OPEN, key_span(&open), span_of(NULL, 0))
                          : db_del(t, DB_CONSENTS_OPEN, key_span(&open)));
    buf_init(&b, 4 * CONSENT_BYTES_MAX + CERTIFICATE_BYTES_MAX);
    encode(r, &b);
    enum status st = buf_status(&b);
    if (st == ST_OK)
        st = db_put(t, DB_CONSENT_REQUESTS, key_span(&k), buf_bytes(&b));
    buf_fini(&b);
    return st;
}

static enum status count_change(struct db_txn *t, struct consent_record *r)
{
    struct key id = id_key(r->id);
    uint64_t last;
    TRY(consents_last_change(t, r->peer, &last));
    if (r->change) {
        struct key old = change_key(r->peer, r->change);
        TRY(db_del(t, DB_CONSENT_CHANGES, key_span(&old)));
    }
    r->change = last + 1;
    struct key k = change_key(r->peer, r->change);
    TRY(db_put(t, DB_CONSENT_CHANGES, key_span(&k), key_span(&id)));
    return number_put(t, "consent-change", r->peer, r->change);
}

enum status consent_close(struct db_txn *t, const struct consent_record *r)
{
    struct key open = open_prefix(r->ours, r->peer);
    key_uuid(&open, r->id);
    return db_del(t, DB_CONSENTS_OPEN, key_span(&open));
}

static enum status read_id(struct span v, struct uuid *ret)
{
    struct key_reader r = key_reader_of(v);
    *ret = key_get_uuid(&r);
    return value_whole(&r) ? ST_OK : ST_CORRUPT;
}

enum status consent_of(struct db_txn *t, const struct consent_request *what, struct consent_record *ret)
{
    struct key k = target_key(what);
    struct span v;
    struct uuid id;
    TRY(db_get(t, DB_CONSENTS, key_span(&k), &v));
    TRY(read_id(v, &id));
    enum status st = consent_get(t, id, ret);
    return st == ST_NOT_FOUND ? ST_CORRUPT : st;
}

// Of several requests for the same the last word of the originating nation counts: one that still waits takes the place of a
// grant only when that is told to be over.
static enum status claim_target(struct db_txn *t, const struct consent_record *r)
{
    struct key id = id_key(r->id), target = target_key(&r->what);
    struct consent_record there;
    enum status st = consent_of(t, &r->what, &there);
    if (st != ST_OK && st != ST_NOT_FOUND && st != ST_CORRUPT) // what cannot be read covers nothing: its place is free
        return st;
    if (st == ST_OK && there.state == CONSENT_GRANTED && (r->state == CONSENT_UNSENT || r->state == CONSENT_WAITING) &&
        !uuid_eq(there.id, r->id) && r->changed < there.expires)
        return ST_OK;
    return db_put(t, DB_CONSENTS, key_span(&target), key_span(&id));
}

enum status consent_put(struct db_txn *t, struct consent_record *r)
{
    if (!r->ours)
        TRY(count_change(t, r));
    TRY(write_record(t, r));
    if (!r->ours)
        return ST_OK;
    TRY(claim_target(t, r));
    return grants_bump(t, r->what.report);
}

enum status consent_covers(struct db_txn *t, const struct report_record *copy, const char *recipient, utc_ms now,
                           utc_ms *ret_until, struct consent_record *ret)
{
    struct consent_record c;
    struct consent_request what = {.report = copy->id, .version = copy->version, .rendition = copy->digest};
    *ret_until = UTC_MIN;
    if (strlen(recipient) > CONSENT_PARTY_MAX)
        return ST_OK;
    memcpy(what.recipient, recipient, strlen(recipient) + 1);
    enum status st = consent_of(t, &what, &c);
    if (st != ST_OK)
        return st == ST_NOT_FOUND || st == ST_CORRUPT ? ST_OK : st; // what cannot be read covers nothing
    if (c.damaged || c.state != CONSENT_GRANTED || now >= c.expires)
        return ST_OK;
    *ret_until = c.expires;
    if (ret)
        *ret = c;
    return ST_OK;
}

// ---- walks: what cannot be read is passed over, so that the others are reached; consents_damaged counts it

struct each_call {
    struct db_txn *t;
    enum status (*each)(void *ctx, const struct consent_record *r);
    void *ctx;
};

static enum status call(const struct each_call *e, struct uuid id)
{
    struct consent_record r;
    enum status st = consent_get(e->t, id, &r);
    if (st == ST_NOT_FOUND || st == ST_CORRUPT)
        return ST_OK;
    return st == ST_OK ? e->each(e->ctx, &r) : st;
}

static enum status on_record(void *ctx, struct span key, struct span value)
{
    const struct each_call *e = ctx;
    struct uuid id;
    struct consent_record r;
    if (read_id(key, &id) != ST_OK || decode(id, value, &r) != ST_OK)
        return ST_OK;
    return e->each(e->ctx, &r);
}

static enum status on_open(void *ctx, struct span key, struct span value)
{
    struct uuid id;
    (void)value;
    return read_id(key, &id) == ST_OK ? call(ctx, id) : ST_OK;
}

static enum status on_change(void *ctx, struct span key, struct span value)
{
    struct uuid id;
    (void)key;
    return read_id(value, &id) == ST_OK ? call(ctx, id) : ST_OK;
}

enum status consents_each(struct db_txn *t, const struct uuid *after,
                          enum status (*each)(void *ctx, const struct consent_record *r), void *ctx)
{
    struct each_call e = {t, each, ctx};
    const struct key none = {.len = 0};
    struct key from = {.len = 0};
    if (after) {
        key_uuid(&from, *after);
        key_u8(&from, 0); // the first key behind it
    }
    return value_each(t, DB_CONSENT_REQUESTS, &none, key_span(&from), on_record, &e);
}

static enum status count_damaged(void *ctx, struct span key, struct span value)
{
    struct uuid id;
    struct consent_record r = {.damaged = false};
    uint64_t *count = ctx;
    enum status st = read_id(key, &id);
    if (st == ST_OK)
        st = decode(id, value, &r);
    *count += st != ST_OK || r.damaged;
    return ST_OK;
}

struct lost {
    struct db_txn *t;
    uint64_t *count;
};

// A place in an index: its request must be there. (One that is, and cannot be read, was counted.)
static enum status check_named(const struct lost *l, struct span named)
{
    struct span v;
    struct uuid id;
    enum status st = read_id(named, &id);
    if (st == ST_OK) {
        struct key k = id_key(id);
        st = db_get(l->t, DB_CONSENT_REQUESTS, key_span(&k), &v);
    }
    if (st != ST_NOT_FOUND && st != ST_CORRUPT)
        return st;
    ++*l->count;
    return ST_OK;
}

static enum status count_lost(void *ctx, struct span key, struct span value)
{
    (void)key;
    return check_named(ctx, value);
}

static enum status count_lost_open(void *ctx, struct span key, struct span value)
{
    size_t len = sizeof((struct uuid *)0)->b;
    (void)value;
    return check_named(ctx, span_sub(key, key.len < len ? 0 : key.len - len, key.len));
}

enum status consents_damaged(struct db_txn *t, uint64_t *ret)
{
    const struct key all = {.len = 0};
    const struct span first = span_of(NULL, 0);
    struct lost l = {t, ret};
    *ret = 0;
    TRY(value_each(t, DB_CONSENT_REQUESTS, &all, first, count_damaged, ret));
    TRY(value_each(t, DB_CONSENTS, &all, first, count_lost, &l));
    TRY(value_each(t, DB_CONSENT_CHANGES, &all, first, count_lost, &l));
    return value_each(t, DB_CONSENTS_OPEN, &all, first, count_lost_open, &l);
}

enum status consents_open(struct db_txn *t, bool ours, const char *peer,
                          enum status (*each)(void *ctx, const struct consent_record *r), void *ctx)
{
    struct each_call e = {t, each, ctx};
    struct key prefix = open_prefix(ours, peer);
    return value_each(t, DB_CONSENTS_OPEN, &prefix, span_of(NULL, 0), on_open, &e);
}

enum status consents_changed(struct db_txn *t, const char *peer, uint64_t after,
                             enum status (*each)(void *ctx, const struct consent_record *r), void *ctx)
{
    struct each_call e = {t, each, ctx};
    struct key prefix = {.len = 0};
    if (after == UINT64_MAX)
        return ST_OK;
    const struct key from = change_key(peer, after + 1);
    key_id(&prefix, peer);
    return value_each(t, DB_CONSENT_CHANGES, &prefix, key_span(&from), on_change, &e);
}
