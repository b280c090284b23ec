#include "store/ledger.h"

#include <stdio.h>

#include "store/value.h"

enum { LEAF_BYTES_MAX = 1024 };

void ledger_log_name(const char *partner, char out[LOG_NAME_MAX])
{
    snprintf(out, LOG_NAME_MAX, "out/%s", partner);
}

static struct key position_key(const char *partner, uint64_t n)
{
    struct key k = {.len = 0};
    key_id(&k, partner);
    key_u64(&k, n);
    return k;
}

static struct key pair_key(const char *partner, struct uuid id)
{
    struct key k = {.len = 0};
    key_id(&k, partner);
    key_uuid(&k, id);
    return k;
}

// ---- entries

enum status ledger_size(struct db_txn *t, const char *partner, uint64_t *ret)
{
    char log[LOG_NAME_MAX];
    ledger_log_name(partner, log);
    return tree_size(t, log, ret);
}

// The entry before the end of the ledger.
static enum status entry_at(struct db_txn *t, const char *partner, uint64_t n, struct ledger_entry *ret)
{
    struct key k = position_key(partner, n);
    struct span v;
    enum status st = db_get(t, DB_LEDGER, key_span(&k), &v);
    if (st == ST_NOT_FOUND)
        return ST_CORRUPT;
    if (st != ST_OK)
        return st;
    struct ledger_entry e;
    if (ledger_entry_parse(v, &e) != ST_OK || e.n != n)
        return ST_CORRUPT;
    *ret = e;
    return ST_OK;
}

enum status ledger_get(struct db_txn *t, const char *partner, uint64_t n, struct ledger_entry *ret)
{
    uint64_t size = 0;
    TRY(ledger_size(t, partner, &size));
    if (n >= size)
        return ST_NOT_FOUND;
    return entry_at(t, partner, n, ret);
}

// Numbers of the ledger as a whole, never 0, in DB_META: its epoch, and the size that is contested.
static struct key number_key(const char *what, const char *partner)
{
    struct key k = {.len = 0};
    key_id(&k, what);
    key_id(&k, partner);
    return k;
}

// 0 when it is not there.
static enum status get_number(struct db_txn *t, const char *what, const char *partner, uint64_t *ret)
{
    struct key k = number_key(what, partner);
    struct span v;
    enum status st = db_get(t, DB_META, key_span(&k), &v);
    if (st == ST_NOT_FOUND)
        *ret = 0;
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_OK : st;
    struct key_reader r = value_reader(v, 1);
    uint64_t n = key_get_u64(&r);
    if (!value_whole(&r) || n == 0)
        return ST_CORRUPT;
    *ret = n;
    return ST_OK;
}

static enum status put_number(struct db_txn *t, const char *what, const char *partner, uint64_t n)
{
    struct key k = number_key(what, partner), v = value_head(1);
    key_u64(&v, n);
    return db_put(t, DB_META, key_span(&k), key_span(&v));
}

enum status ledger_epoch(struct db_txn *t, const char *partner, uint64_t *ret)
{
    return get_number(t, "epoch", partner, ret);
}

static enum status draw_epoch(struct db_txn *t, const char *partner, const struct random_source *random)
{
    uint8_t b[8];
    uint64_t epoch = 0;
    while (epoch == 0) { // 0 means "no ledger yet"
        random_fill(random, b, sizeof b);
        for (size_t i = 0; i < sizeof b; i++)
            epoch = epoch << 8 | b[i];
    }
    return put_number(t, "epoch", partner, epoch);
}

// Store the leaf of a complete entry, which is the next one, and let the tree grow by it.
static enum status store_entry(struct db_txn *t, const char *log, struct tree_tail *tail, const char *partner, const struct ledger_entry *e)
{
    struct key k = position_key(partner, e->n);
    struct buf leaf;
    buf_init(&leaf, LEAF_BYTES_MAX);
    ledger_entry_write(e, &leaf);
    enum status st = buf_status(&leaf);
    if (st == ST_OK)
        st = db_put_new(t, DB_LEDGER, key_span(&k), buf_bytes(&leaf));
    if (st == ST_CONFLICT)
        st = ST_CORRUPT; // an entry behind the end of its tree
    if (st == ST_OK) {
        struct digest hash = merkle_leaf(buf_bytes(&leaf));
        st = tree_tail_append(t, log, tail, &hash);
    }
    buf_fini(&leaf);
    return st;
}

// When the entry before this one was made. (Other damage in it is told by `audit verify`.)
static enum status time_before(struct db_txn *t, const char *partner, uint64_t n, utc_ms *ret)
{
    struct key k = position_key(partner, n - 1);
    struct span leaf;
    enum status st = db_get(t, DB_LEDGER, key_span(&k), &leaf);
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_CORRUPT : st;
    return value_leaf_time(leaf, ret);
}

enum status ledger_append(struct db_txn *t, const char *partner, const struct ledger_entry *e, utc_ms now,
                          const struct random_source *random, uint64_t *ret_n)
{
    if (e->kind != ENTRY_HEAD && e->version == 0)
        return ST_INVALID;
    char log[LOG_NAME_MAX];
    struct ledger_entry fresh = *e;
    struct random_seeded own;
    struct tree_tail tail;
    ledger_log_name(partner, log);
    TRY(tree_tail(t, log, &tail));
    fresh.n = tail.size;
    const struct random_source of_partner = random_for(random, "ledger", partner, fresh.n, &own);
    fresh.at = now;
    if (fresh.n > 0) {
        utc_ms before;
        TRY(time_before(t, partner, fresh.n, &before));
        if (fresh.at <= before)
            fresh.at = utc_add(before, 1);
    } else {
        TRY(draw_epoch(t, partner, &of_partner));
    }
    random_fill(&of_partner, fresh.salt, sizeof fresh.salt);
    TRY(store_entry(t, log, &tail, partner, &fresh));
    *ret_n = fresh.n;
    return ST_OK;
}

enum status ledger_take_back(struct db_txn *t, const char *partner, struct span leaf, const struct random_source *random,
                             struct ledger_entry *ret)
{
    struct ledger_entry last;
    char log[LOG_NAME_MAX];
    struct tree_tail tail;
    ledger_log_name(partner, log);
    if (ledger_entry_parse(leaf, ret) != ST_OK)
        return ST_INVALID;
    TRY(tree_tail(t, log, &tail));
    if (ret->n != tail.size)
        return ST_INVALID;
    if (tail.size == 0)
        TRY(draw_epoch(t, partner, random));
    else
        TRY(entry_at(t, partner, tail.size - 1, &last));
    if (tail.size > 0 && ret->at <= last.at)
        return ST_INVALID;
    return store_entry(t, log, &tail, partner, ret);
}

enum status ledger_leaf(struct db_txn *t, const char *partner, uint64_t n, struct digest *ret)
{
    char log[LOG_NAME_MAX];
    ledger_log_name(partner, log);
    return tree_leaf(t, log, n, ret);
}

enum status ledger_root(struct db_txn *t, const char *partner, uint64_t size, struct digest *ret)
{
    char log[LOG_NAME_MAX];
    ledger_log_name(partner, log);
    return tree_root(t, log, size, ret);
}

// ---- holdings. Layout 1: n, kind, flags, version, source, digest, withheld, onward, policy, grants,
// next_change

enum { HOLDING_LAPSED = 1, HOLDING_DELIVERED = 2 };

static enum status holding_decode(struct span value, struct holding *ret)
{
    struct key_reader r = value_reader(value, 1);
    struct holding h = {.n = key_get_u64(&r), .stored = true};
    uint8_t kind = key_get_u8(&r), flags = key_get_u8(&r);
    h.version = key_get_u32(&r);
    key_get_id(&r, h.source);
    h.digest = key_get_digest(&r);
    h.withheld = key_get_withheld(&r);
    uint8_t onward = key_get_u8(&r), lapse = key_get_u8(&r);
    h.policy = key_get_digest(&r);
    h.grants = key_get_u64(&r);
    h.next_change = key_get_i64(&r);
    if (!value_whole(&r) || kind > ENTRY_WITHDRAW || flags > (HOLDING_LAPSED | HOLDING_DELIVERED) ||
        onward > ONWARD_PERMITTED || lapse > LAPSE_WITHDRAW)
        return ST_CORRUPT;
    h.kind = (enum entry_kind)kind;
    h.onward = (enum onward)onward;
    h.lapse = (enum lapse)lapse;
    h.lapsed = flags & HOLDING_LAPSED;
    h.ever_delivered = flags & HOLDING_DELIVERED;
    *ret = h;
    return ST_OK;
}

enum status holding_get(struct db_txn *t, const char *partner, struct uuid id, struct holding *ret)
{
    struct key k = pair_key(partner, id);
    struct span v;
    TRY(db_get(t, DB_HOLDINGS, key_span(&k), &v));
    return holding_decode(v, ret);
}

enum status holding_put(struct db_txn *t, const char *partner, struct uuid id, const struct holding *h)
{
    struct key k = pair_key(partner, id), reverse = {.len = 0}, v = value_head(1);
    key_u64(&v, h->n);
    key_u8(&v, (uint8_t)h->kind);
    key_u8(&v, (uint8_t)((h->lapsed ? HOLDING_LAPSED : 0) | (h->ever_delivered ? HOLDING_DELIVERED : 0)));
    key_u32(&v, h->version);
    key_id(&v, h->source);
    key_digest(&v, &h->digest);
    key_withheld(&v, &h->withheld);
    key_u8(&v, (uint8_t)h->onward);
    key_u8(&v, (uint8_t)h->lapse);
    key_digest(&v, &h->policy);
    key_u64(&v, h->grants);
    key_i64(&v, h->next_change);
    TRY(db_put(t, DB_HOLDINGS, key_span(&k), key_span(&v)));
    if (h->stored)
        return ST_OK;
    key_uuid(&reverse, id);
    key_id(&reverse, partner);
    enum status st = db_put_new(t, DB_HELD_BY, key_span(&reverse), span_of(NULL, 0)); // what is there dirties no page
    return st == ST_CONFLICT ? ST_OK : st;
}

enum status holding_stands(struct db_txn *t, const char *partner, struct uuid id, uint64_t n)
{
    struct holding h;
    TRY(holding_get(t, partner, id, &h));
    return h.n == n && h.kind == ENTRY_RELEASE && !h.lapsed ? ST_OK : ST_DENIED;
}

struct each_partner {
    enum status (*each)(void *ctx, const char *partner);
    void *ctx;
};

static enum status on_held_by(void *ctx, struct span key, struct span value)
{
    const struct each_partner *e = ctx;
    struct key_reader r = key_reader_of(key);
    char partner[PARTNER_ID_MAX + 1];
    (void)value;
    key_get_id(&r, partner);
    return value_whole(&r) ? e->each(e->ctx, partner) : ST_CORRUPT;
}

enum status holding_each_partner(struct db_txn *t, struct uuid id,
                                 enum status (*each)(void *ctx, const char *partner), void *ctx)
{
    struct each_partner e = {each, ctx};
    struct key prefix = {.len = 0};
    key_uuid(&prefix, id);
    return value_each(t, DB_HELD_BY, &prefix, span_of(NULL, 0), on_held_by, &e);
}

struct each_report {
    enum status (*each)(void *ctx, struct uuid id, const struct holding *h);
    void *ctx;
};

static enum status on_holding(void *ctx, struct span key, struct span value)
{
    const struct each_report *e = ctx;
    struct key_reader r = key_reader_of(key);
    struct uuid id = key_get_uuid(&r);
    struct holding h;
    if (!value_whole(&r))
        return ST_CORRUPT;
    TRY(holding_decode(value, &h));
    return e->each(e->ctx, id, &h);
}

enum status holding_each_report(struct db_txn *t, const char *partner,
                                enum status (*each)(void *ctx, struct uuid id, const struct holding *h),
                                void *ctx)
{
    struct each_report e = {each, ctx};
    struct key prefix = {.len = 0};
    key_id(&prefix, partner);
    return value_each(t, DB_HOLDINGS, &prefix, span_of(NULL, 0), on_holding, &e);
}

// ---- deliveries

enum status delivered_get(struct db_txn *t, const char *partner, uint64_t n, utc_ms *ret_at)
{
    struct key k = position_key(partner, n);
    struct span v;
    enum status st = db_get(t, DB_DELIVERED, key_span(&k), &v);
    if (st == ST_NOT_FOUND) {
        *ret_at = 0;
        return ST_OK;
    }
    if (st != ST_OK)
        return st;
    struct key_reader r = value_reader(v, 1);
    utc_ms at = key_get_i64(&r);
    if (!value_whole(&r) || at == 0)
        return ST_CORRUPT;
    *ret_at = at;
    return ST_OK;
}

enum status delivered_mark(struct db_txn *t, const char *partner, uint64_t n, utc_ms now)
{
    utc_ms first = 0;
    TRY(delivered_get(t, partner, n, &first));
    if (first != 0)
        return ST_OK;
    struct key k = position_key(partner, n), v = value_head(1);
    key_i64(&v, now != 0 ? now : 1); // 0 says "never"
    return db_put(t, DB_DELIVERED, key_span(&k), key_span(&v));
}

// ---- receipts. Layout 1: root, time, note; 2: root, time, when taken, note

static enum status receipt_decode(struct span value, uint64_t size, struct receipt *ret)
{
    bool first_layout = value.len && value.ptr[0] == 1;
    struct key_reader r = value_reader(value, first_layout ? 1 : 2);
    struct receipt x = {.size = size};
    x.root = key_get_digest(&r);
    x.at = key_get_i64(&r);
    x.taken_at = first_layout ? x.at : key_get_i64(&r);
    if (r.bad)
        return ST_CORRUPT;
    x.note = r.rest;
    *ret = x;
    return ST_OK;
}

enum status receipt_put(struct db_txn *t, const char *partner, const struct receipt *r)
{
    struct key k = position_key(partner, r->size), head = value_head(2);
    struct receipt before = {.taken_at = r->taken_at ? r->taken_at : r->at};
    struct span there;
    enum status st = db_get(t, DB_RECEIPTS, key_span(&k), &there);
    if (st == ST_OK)
        st = receipt_decode(there, r->size, &before);
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    key_digest(&head, &r->root);
    key_i64(&head, r->at);
    key_i64(&head, before.taken_at);
    return value_put(t, DB_RECEIPTS, &k, &head, r->note);
}

enum status receipt_latest(struct db_txn *t, const char *partner, struct receipt *ret)
{
    struct key prefix = {.len = 0};
    struct db_walk w;
    key_id(&prefix, partner);
    if (!db_walk_last(t, DB_RECEIPTS, key_span(&prefix), &w))
        return w.st == ST_OK ? ST_NOT_FOUND : w.st;
    struct key_reader k = key_reader_of(span_sub(w.key, prefix.len, w.key.len));
    uint64_t size = key_get_u64(&k);
    enum status st = value_whole(&k) ? receipt_decode(w.value, size, ret) : ST_CORRUPT;
    db_walk_end(&w);
    return st;
}

enum status receipt_for(struct db_txn *t, const char *partner, uint64_t n, struct receipt *ret)
{
    struct key prefix = {.len = 0};
    struct db_walk w;
    key_id(&prefix, partner);
    struct key from = prefix;
    key_u64(&from, n < UINT64_MAX ? n + 1 : n);
    if (!db_walk_first(t, DB_RECEIPTS, key_span(&prefix), key_span(&from), &w))
        return w.st == ST_OK ? ST_NOT_FOUND : w.st;
    struct key_reader k = key_reader_of(span_sub(w.key, prefix.len, w.key.len));
    uint64_t size = key_get_u64(&k);
    enum status st = value_whole(&k) ? receipt_decode(w.value, size, ret) : ST_CORRUPT;
    db_walk_end(&w);
    return st;
}

struct each_receipt {
    enum status (*each)(void *ctx, const struct receipt *r);
    void *ctx;
};

static enum status on_receipt(void *ctx, struct span key, struct span value)
{
    const struct each_receipt *e = ctx;
    struct key_reader k = key_reader_of(key);
    struct receipt r;
    uint64_t size = key_get_u64(&k);
    if (!value_whole(&k))
        return ST_CORRUPT;
    TRY(receipt_decode(value, size, &r));
    return e->each(e->ctx, &r);
}

enum status receipt_each(struct db_txn *t, const char *partner,
                         enum status (*each)(void *ctx, const struct receipt *r), void *ctx)
{
    struct each_receipt e = {each, ctx};
    struct key prefix = {.len = 0};
    key_id(&prefix, partner);
    return value_each(t, DB_RECEIPTS, &prefix, span_of(NULL, 0), on_receipt, &e);
}

// ---- ledgers that a partner contests. Layout 1: the size that it spoke of

enum status ledger_contested(struct db_txn *t, const char *partner, uint64_t *ret_size)
{
    *ret_size = 0;
    return get_number(t, "contested", partner, ret_size);
}

enum status ledger_contest(struct db_txn *t, const char *partner, uint64_t size, bool *ret_news)
{
    uint64_t before;
    TRY(ledger_contested(t, partner, &before));
    *ret_news = size > before;
    return *ret_news ? put_number(t, "contested", partner, size) : ST_OK;
}

enum status ledger_settled(struct db_txn *t, const char *partner)
{
    struct key k = number_key("contested", partner);
    return db_del(t, DB_META, key_span(&k));
}

// ---- partners that have a ledger

struct each_ledger {
    enum status (*each)(void *ctx, const char *partner);
    void *ctx;
};

static enum status on_epoch(void *ctx, struct span key, struct span value)
{
    const struct each_ledger *e = ctx;
    struct key_reader r = key_reader_of(key);
    char partner[PARTNER_ID_MAX + 1];
    (void)value;
    key_get_id(&r, partner);
    return value_whole(&r) ? e->each(e->ctx, partner) : ST_CORRUPT;
}

enum status ledger_each_partner(struct db_txn *t, enum status (*each)(void *ctx, const char *partner),
                                void *ctx)
{
    struct each_ledger e = {each, ctx};
    struct key prefix = {.len = 0};
    key_id(&prefix, "epoch");
    return value_each(t, DB_META, &prefix, span_of(NULL, 0), on_epoch, &e);
}
