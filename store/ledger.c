#include "store/ledger.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/key.h"

enum { LAYOUT = 1, WITHHELD_WORDS = 16, ENTRY_BYTES_MAX = 2048 };

void ledger_log_name(const char *partner, char out[PARTNER_ID_MAX + 8])
{
    snprintf(out, PARTNER_ID_MAX + 8, "out/%s", partner);
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

static struct key holding_key(const char *partner, struct uuid id)
{
    struct key k = partner_key(partner);
    key_uuid(&k, id);
    return k;
}

// ---- entries

enum status ledger_size(struct db_txn *t, const char *partner, uint64_t *ret)
{
    char log[PARTNER_ID_MAX + 8];
    ledger_log_name(partner, log);
    return tree_size(t, log, ret);
}

enum status ledger_get(struct db_txn *t, const char *partner, uint64_t n, struct ledger_entry *ret)
{
    struct key k = position_key(partner, n);
    struct span v;
    TRY(db_get(t, DB_LEDGER, key_span(&k), &v));
    enum status st = ledger_entry_parse(v, ret);
    return st == ST_OK && ret->n == n ? ST_OK : ST_CORRUPT;
}

enum status ledger_leaf(struct db_txn *t, const char *partner, uint64_t n, struct digest *ret)
{
    char log[PARTNER_ID_MAX + 8];
    ledger_log_name(partner, log);
    return tree_leaf(t, log, n, ret);
}

enum status ledger_root(struct db_txn *t, const char *partner, uint64_t size, struct digest *ret)
{
    char log[PARTNER_ID_MAX + 8];
    ledger_log_name(partner, log);
    return tree_root(t, log, size, ret);
}

// META "epoch" ‖ partner
static struct key epoch_key(const char *partner)
{
    struct key k = {0};
    key_id(&k, "epoch");
    key_id(&k, partner);
    return k;
}

enum status ledger_epoch(struct db_txn *t, const char *partner, uint64_t *ret)
{
    struct key k = epoch_key(partner);
    struct span v;
    *ret = 0;
    enum status st = db_get(t, DB_META, key_span(&k), &v);
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_OK : st;
    struct key_reader r = key_reader_of(v);
    *ret = key_get_u64(&r);
    return r.bad || r.rest.len ? ST_CORRUPT : ST_OK;
}

static enum status draw_epoch(struct db_txn *t, const char *partner, const struct random_source *random)
{
    struct key k = epoch_key(partner), v = {0};
    uint8_t bytes[8];
    uint64_t epoch = 0;
    random_fill(random, bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        epoch = epoch << 8 | bytes[i];
    key_u64(&v, epoch ? epoch : 1);
    return db_put_new(t, DB_META, key_span(&k), key_span(&v));
}

static enum status write_entry(struct db_txn *t, const char *partner, const struct ledger_entry *e)
{
    char log[PARTNER_ID_MAX + 8];
    struct key k = position_key(partner, e->n);
    struct buf b;
    buf_init(&b, ENTRY_BYTES_MAX);
    ledger_entry_write(e, &b);
    enum status st = buf_status(&b);
    if (st == ST_OK)
        st = db_put_new(t, DB_LEDGER, key_span(&k), buf_bytes(&b));
    struct digest leaf = merkle_leaf(buf_bytes(&b));
    buf_fini(&b);
    ledger_log_name(partner, log);
    return st == ST_OK ? tree_append(t, log, &leaf) : st;
}

enum status ledger_append(struct db_txn *t, const char *partner, const struct ledger_entry *e, utc_ms now,
                          const struct random_source *random, uint64_t *ret_n)
{
    struct ledger_entry full = *e, before;
    TRY(ledger_size(t, partner, &full.n));
    full.at = now;
    if (full.n == 0) {
        TRY(draw_epoch(t, partner, random));
    } else {
        TRY(ledger_get(t, partner, full.n - 1, &before));
        if (before.at >= now)
            full.at = before.at + 1;
    }
    random_fill(random, full.salt, sizeof full.salt);
    TRY(write_entry(t, partner, &full));
    *ret_n = full.n;
    return ST_OK;
}

// ---- holdings

enum status holding_put(struct db_txn *t, const char *partner, struct uuid id, const struct holding *h)
{
    struct key k = holding_key(partner, id), v = {0}, reverse = {0};
    struct key bits = {0};
    struct buf b;
    key_u8(&v, LAYOUT);
    key_u64(&v, h->n);
    key_u8(&v, (uint8_t)h->kind);
    key_u8(&v, h->lapsed);
    key_u8(&v, h->ever_delivered);
    key_u32(&v, h->version);
    key_digest(&v, &h->digest);
    key_u8(&v, (uint8_t)h->onward);
    key_u8(&v, (uint8_t)h->lapse);
    key_digest(&v, &h->policy);
    key_u64(&v, h->grants);
    key_i64(&v, h->next_change);
    key_id(&v, h->source);
    key_u8(&bits, h->withheld.overall);
    for (size_t i = 0; i < WITHHELD_WORDS; i++)
        key_u64(&bits, h->withheld.bits[i]);
    buf_init(&b, 2 * KEY_MAX);
    buf_span(&b, key_span(&v));
    buf_span(&b, key_span(&bits));
    enum status st = buf_status(&b);
    if (st == ST_OK)
        st = db_put(t, DB_HOLDINGS, key_span(&k), buf_bytes(&b));
    buf_fini(&b);
    if (st != ST_OK)
        return st;
    key_uuid(&reverse, id);
    key_id(&reverse, partner);
    return db_put(t, DB_HELD_BY, key_span(&reverse), span_of("", 0));
}

static enum status read_holding(struct span value, struct holding *ret)
{
    struct key_reader r = key_reader_of(value);
    *ret = (struct holding){0};
    bool known = key_get_u8(&r) == LAYOUT;
    ret->n = key_get_u64(&r);
    uint8_t kind = key_get_u8(&r);
    ret->lapsed = key_get_u8(&r) != 0;
    ret->ever_delivered = key_get_u8(&r) != 0;
    ret->version = key_get_u32(&r);
    ret->digest = key_get_digest(&r);
    uint8_t onward = key_get_u8(&r), lapse = key_get_u8(&r);
    ret->policy = key_get_digest(&r);
    ret->grants = key_get_u64(&r);
    ret->next_change = key_get_i64(&r);
    key_get_id(&r, ret->source);
    ret->withheld.overall = key_get_u8(&r) != 0;
    for (size_t i = 0; i < WITHHELD_WORDS; i++)
        ret->withheld.bits[i] = key_get_u64(&r);
    if (!known || r.bad || r.rest.len || kind > ENTRY_HEAD || onward > ONWARD_PERMITTED || lapse > LAPSE_WITHDRAW)
        return ST_CORRUPT;
    ret->kind = (enum entry_kind)kind;
    ret->onward = (enum onward)onward;
    ret->lapse = (enum lapse)lapse;
    return ST_OK;
}

enum status holding_get(struct db_txn *t, const char *partner, struct uuid id, struct holding *ret)
{
    struct key k = holding_key(partner, id);
    struct span v;
    TRY(db_get(t, DB_HOLDINGS, key_span(&k), &v));
    return read_holding(v, ret);
}

// The partners are collected first: the callback may write, which would end the walk.
static enum status collect_partners(struct db_txn *t, struct uuid id, char (*names)[PARTNER_ID_MAX + 1], size_t *ret)
{
    struct key prefix = {0};
    struct db_walk w;
    enum status st = ST_OK;
    key_uuid(&prefix, id);
    *ret = 0;
    bool more = db_walk_first(t, DB_HELD_BY, key_span(&prefix), key_span(&prefix), &w);
    for (; more && st == ST_OK; more = st == ST_OK && db_walk_next(&w)) {
        struct key_reader k = key_reader_of(span_sub(w.key, prefix.len, w.key.len));
        key_get_id(&k, names[*ret]);
        (*ret)++;
        st = k.bad || k.rest.len ? ST_CORRUPT : *ret == PARTNERS_MAX ? ST_LIMIT : ST_OK;
    }
    if (st == ST_OK)
        st = w.st;
    db_walk_end(&w);
    return st;
}

enum status holding_each_partner(struct db_txn *t, struct uuid id, enum status (*each)(void *ctx, const char *partner),
                                 void *ctx)
{
    size_t count;
    char(*names)[PARTNER_ID_MAX + 1] = calloc(PARTNERS_MAX, sizeof *names);
    if (!names)
        return ST_NOMEM;
    enum status st = collect_partners(t, id, names, &count);
    for (size_t i = 0; st == ST_OK && i < count; i++)
        st = each(ctx, names[i]);
    free(names);
    return st;
}

enum status holding_each_report(struct db_txn *t, const char *partner,
                                enum status (*each)(void *ctx, struct uuid id, const struct holding *h), void *ctx)
{
    struct key prefix = partner_key(partner);
    struct db_walk w;
    enum status st = ST_OK;
    bool more = db_walk_first(t, DB_HOLDINGS, key_span(&prefix), key_span(&prefix), &w);
    for (; more && st == ST_OK; more = st == ST_OK && db_walk_next(&w)) {
        struct key_reader k = key_reader_of(span_sub(w.key, prefix.len, w.key.len));
        struct holding h;
        struct uuid id = key_get_uuid(&k);
        st = k.bad || k.rest.len ? ST_CORRUPT : read_holding(w.value, &h);
        if (st == ST_OK)
            st = each(ctx, id, &h);
    }
    if (st == ST_OK)
        st = w.st;
    db_walk_end(&w);
    return st;
}

// ---- deliveries and receipts

enum status delivered_mark(struct db_txn *t, const char *partner, uint64_t n, utc_ms now)
{
    struct key k = position_key(partner, n), v = {0};
    key_i64(&v, now);
    enum status st = db_put_new(t, DB_DELIVERED, key_span(&k), key_span(&v));
    return st == ST_CONFLICT ? ST_OK : st; // the first time stands
}

enum status delivered_get(struct db_txn *t, const char *partner, uint64_t n, utc_ms *ret_at)
{
    struct key k = position_key(partner, n);
    struct span v;
    *ret_at = 0;
    enum status st = db_get(t, DB_DELIVERED, key_span(&k), &v);
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_OK : st;
    struct key_reader r = key_reader_of(v);
    *ret_at = key_get_i64(&r);
    return r.bad || r.rest.len ? ST_CORRUPT : ST_OK;
}

enum status receipt_put(struct db_txn *t, const char *partner, const struct receipt *rec)
{
    struct key k = position_key(partner, rec->size), f = {0};
    struct buf b;
    key_digest(&f, &rec->root);
    key_i64(&f, rec->at);
    buf_init(&b, rec->note.len + KEY_MAX);
    buf_span(&b, key_span(&f));
    buf_span(&b, rec->note);
    enum status st = buf_status(&b);
    if (st == ST_OK)
        st = db_put(t, DB_RECEIPTS, key_span(&k), buf_bytes(&b));
    buf_fini(&b);
    return st;
}

static enum status read_receipt(const struct db_walk *w, size_t prefix_len, struct receipt *ret)
{
    struct key_reader k = key_reader_of(span_sub(w->key, prefix_len, w->key.len)), v = key_reader_of(w->value);
    *ret = (struct receipt){.size = key_get_u64(&k)};
    ret->root = key_get_digest(&v);
    ret->at = key_get_i64(&v);
    ret->note = v.rest;
    return k.bad || k.rest.len || v.bad ? ST_CORRUPT : ST_OK;
}

enum status receipt_latest(struct db_txn *t, const char *partner, struct receipt *ret)
{
    struct key prefix = partner_key(partner);
    struct db_walk w;
    bool found = db_walk_last(t, DB_RECEIPTS, key_span(&prefix), &w);
    enum status st = found ? read_receipt(&w, prefix.len, ret) : w.st == ST_OK ? ST_NOT_FOUND : w.st;
    db_walk_end(&w);
    return st;
}

enum status receipt_each(struct db_txn *t, const char *partner,
                         enum status (*each)(void *ctx, const struct receipt *r), void *ctx)
{
    struct key prefix = partner_key(partner);
    struct db_walk w;
    enum status st = ST_OK;
    bool more = db_walk_first(t, DB_RECEIPTS, key_span(&prefix), key_span(&prefix), &w);
    for (; more && st == ST_OK; more = st == ST_OK && db_walk_next(&w)) {
        struct receipt r;
        st = read_receipt(&w, prefix.len, &r);
        if (st == ST_OK)
            st = each(ctx, &r);
    }
    if (st == ST_OK)
        st = w.st;
    db_walk_end(&w);
    return st;
}
