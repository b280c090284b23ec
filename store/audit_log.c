#include "store/audit_log.h"

#include <stdlib.h>

#include "store/key.h"

enum { EVENT_ARENA_BYTES = 1024 * 1024 };

static struct key number_key(uint64_t n)
{
    struct key k = {0};
    key_u64(&k, n);
    return k;
}

enum status audit_size(struct db_txn *t, uint64_t *ret)
{
    return tree_size(t, AUDIT_LOG, ret);
}

enum status audit_get(struct db_txn *t, uint64_t n, struct span *ret)
{
    struct key k = number_key(n);
    return db_get(t, DB_AUDIT, key_span(&k), ret);
}

// ---- appending

// META "audit-at": time of the newest event; times never go back in the log, whatever the clock does.
static enum status next_time(struct db_txn *t, utc_ms now, utc_ms *ret)
{
    struct span v;
    struct key value = {0};
    *ret = now;
    enum status st = db_get(t, DB_META, span_cstr("audit-at"), &v);
    if (st == ST_OK) {
        struct key_reader r = key_reader_of(v);
        utc_ms last = key_get_i64(&r);
        if (r.bad || r.rest.len)
            return ST_CORRUPT;
        if (last > now)
            *ret = last;
    } else if (st != ST_NOT_FOUND) {
        return st;
    }
    key_i64(&value, *ret);
    return db_put(t, DB_META, span_cstr("audit-at"), key_span(&value));
}

static enum status index_event(struct db_txn *t, const struct audit_event *e)
{
    if (e->has_report) {
        struct key k = {0};
        key_uuid(&k, e->report);
        key_u64(&k, e->n);
        TRY(db_put(t, DB_AUDIT_BY_REPORT, key_span(&k), span_of("", 0)));
    }
    if (e->partner) {
        struct key k = {0};
        key_id(&k, e->partner);
        key_u64(&k, e->n);
        TRY(db_put(t, DB_AUDIT_BY_PARTNER, key_span(&k), span_of("", 0)));
    }
    return ST_OK;
}

// An event must fit an entry bundle: detail that is too long stands in it by its digest.
static enum status write_event(struct audit_event *e, struct buf *out, char digest[DIGEST_TEXT_LEN + 1])
{
    audit_event_write(e, out);
    if (buf_status(out) != ST_LIMIT)
        return buf_status(out);
    struct digest d = sha256(e->detail);
    e->detail = span_of(NULL, 0);
    audit_event_attr(e, "detail-digest", digest_text(&d, digest));
    buf_reset(out);
    audit_event_write(e, out);
    return buf_status(out);
}

static enum status store_event(struct db_txn *t, struct audit_event *e, struct buf *b)
{
    char digest[DIGEST_TEXT_LEN + 1];
    struct key k = number_key(e->n);
    TRY(write_event(e, b, digest));
    TRY(db_put_new(t, DB_AUDIT, key_span(&k), buf_bytes(b)));
    struct digest leaf = merkle_leaf(buf_bytes(b));
    TRY(tree_append(t, AUDIT_LOG, &leaf));
    return index_event(t, e);
}

enum status audit_append(struct db_txn *t, const struct audit_event *e, utc_ms now, const struct random_source *random)
{
    struct audit_event full = *e;
    struct buf b;
    TRY(audit_size(t, &full.n));
    TRY(next_time(t, now, &full.at));
    random_fill(random, full.salt, sizeof full.salt);
    buf_init(&b, AUDIT_EVENT_BYTES_MAX);
    enum status st = store_event(t, &full, &b);
    buf_fini(&b);
    return st;
}

// ---- reading

struct reading {
    struct db_txn *t;
    const struct audit_filter *f;
    enum status (*each)(void *ctx, const struct audit_event *e);
    void *ctx;
    bool past_end; // an event after f->until was seen: later ones are later still
};

static bool matches(const struct audit_filter *f, const struct audit_event *e)
{
    if (f->by_report && !(e->has_report && uuid_eq(e->report, f->report)))
        return false;
    if (f->partner && !(e->partner && strcmp(e->partner, f->partner) == 0))
        return false;
    if (f->actor && strcmp(e->actor, f->actor) != 0)
        return false;
    return !f->by_kind || e->kind == f->kind;
}

static enum status read_event(struct db_txn *t, uint64_t n, struct arena *a, struct audit_event *ret)
{
    struct span leaf;
    enum status st = audit_get(t, n, &leaf);
    if (st == ST_OK)
        st = audit_event_parse(leaf, a, ret);
    if (st == ST_NOT_FOUND || st == ST_INVALID || (st == ST_OK && ret->n != n))
        return ST_CORRUPT;
    return st;
}

static enum status visit(struct reading *r, uint64_t n)
{
    struct audit_event e;
    struct arena *a = arena_new(EVENT_ARENA_BYTES);
    if (!a)
        return ST_NOMEM;
    enum status st = read_event(r->t, n, a, &e);
    bool timed = r->f->from || r->f->until;
    if (st == ST_OK && timed && e.at >= r->f->until)
        r->past_end = true;
    else if (st == ST_OK && (!timed || e.at >= r->f->from) && matches(r->f, &e))
        st = r->each(r->ctx, &e);
    arena_free(&a);
    return st;
}

// Visit the events that an index names under this prefix.
static enum status visit_index(struct reading *r, enum db_table table, const struct key *prefix)
{
    struct db_walk w;
    enum status st = ST_OK;
    bool more = db_walk_first(r->t, table, key_span(prefix), key_span(prefix), &w);
    for (; more && st == ST_OK && !r->past_end; more = st == ST_OK && db_walk_next(&w)) {
        struct key_reader k = key_reader_of(span_sub(w.key, prefix->len, w.key.len));
        uint64_t n = key_get_u64(&k);
        st = k.bad || k.rest.len ? ST_CORRUPT : visit(r, n);
    }
    if (st == ST_OK)
        st = w.st;
    db_walk_end(&w);
    return st;
}

// The first event at or after an instant: times only grow, so halve.
static enum status first_at(struct db_txn *t, utc_ms from, uint64_t size, uint64_t *ret)
{
    uint64_t low = 0, high = size;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        struct audit_event e;
        struct arena *a = arena_new(EVENT_ARENA_BYTES);
        enum status st = a ? read_event(t, middle, a, &e) : ST_NOMEM;
        if (st == ST_OK && e.at < from)
            low = middle + 1;
        else
            high = middle;
        arena_free(&a);
        if (st != ST_OK)
            return st;
    }
    *ret = low;
    return ST_OK;
}

enum status audit_each(struct db_txn *t, const struct audit_filter *f,
                       enum status (*each)(void *ctx, const struct audit_event *e), void *ctx)
{
    struct reading r = {.t = t, .f = f, .each = each, .ctx = ctx};
    struct key prefix = {0};
    uint64_t size, n = 0;
    if (f->by_report) {
        key_uuid(&prefix, f->report);
        return visit_index(&r, DB_AUDIT_BY_REPORT, &prefix);
    }
    if (f->partner) {
        key_id(&prefix, f->partner);
        return visit_index(&r, DB_AUDIT_BY_PARTNER, &prefix);
    }
    TRY(audit_size(t, &size));
    if (f->from)
        TRY(first_at(t, f->from, size, &n));
    for (; n < size && !r.past_end; n++)
        TRY(visit(&r, n));
    return ST_OK;
}
