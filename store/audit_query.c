// Looking for events in the audit log. No index costs an append more than it must: reports and partners have one, of which the events
// of much work at once may be missing for a while (audit_index.h): those are read themselves. Times never decrease and are searched
// for, and the rest is looked for in the bytes before an event is read.
#include "formats/base/bug.h"
#include "formats/base/limits.h"
#include "store/audit_index.h"
#include "store/audit_log.h"
#include "store/value.h"

// Memory to read one event: its bytes once, and what the XML reader needs for the detail.
#define EVENT_ARENA_MAX (AUDIT_EVENT_BYTES_MAX * XML_ARENA_FACTOR + XML_ARENA_BASE)

struct query {
    struct db_txn *t;
    const struct audit_filter *f;
    enum status (*each)(void *ctx, const struct audit_event *e);
    void *ctx;
    uint64_t low, high;    // positions: low <= n < high
    bool listed;           // in the indexes
    struct buf kind, actor; // as they stand in the bytes; empty = any
    struct buf report, partner; // the same; where the index says it, the event must
    uint64_t found;
};

static enum status leaf_get(struct db_txn *t, uint64_t n, struct span *ret)
{
    struct key k = {.len = 0};
    key_u64(&k, n);
    enum status st = db_get(t, DB_AUDIT, key_span(&k), ret);
    return st == ST_NOT_FOUND ? ST_CORRUPT : st;
}

static enum status read_leaf(struct span leaf, uint64_t n, struct arena **ret_arena, struct audit_event *ret)
{
    *ret_arena = arena_new(EVENT_ARENA_MAX);
    if (!*ret_arena)
        return ST_NOMEM;
    enum status st = audit_event_parse(leaf, *ret_arena, ret);
    if (st == ST_OK && ret->n == n)
        return ST_OK;
    arena_free(ret_arena);
    return st == ST_NOMEM ? ST_NOMEM : ST_CORRUPT;
}

enum status audit_read(struct db_txn *t, uint64_t n, struct arena **ret_arena, struct audit_event *ret)
{
    struct span leaf;
    *ret_arena = NULL;
    TRY(audit_get(t, n, &leaf));
    return read_leaf(leaf, n, ret_arena, ret);
}

// ---- one event

static bool matches(const struct audit_filter *f, const struct audit_event *e)
{
    return (!f->by_report || (e->has_report && uuid_eq(e->report, f->report))) &&
           (!f->partner || (e->partner && strcmp(e->partner, f->partner) == 0)) &&
           (!f->actor || strcmp(e->actor, f->actor) == 0) && (!f->by_kind || e->kind == f->kind);
}

static bool holds(struct span leaf, const struct buf *words)
{
    return words->len == 0 || (leaf.len && memmem(leaf.ptr, leaf.len, words->ptr, words->len));
}

static bool is_enough(const struct query *q)
{
    const struct audit_looked *l = q->f->looked;
    return (q->f->limit && q->found == q->f->limit) || (l && l->bytes >= l->bytes_max);
}

// Can this be an event that is looked for?
static bool may_match(const struct query *q, struct span leaf)
{
    return holds(leaf, &q->kind) && holds(leaf, &q->actor) && (q->listed || (holds(leaf, &q->report) && holds(leaf, &q->partner)));
}

static enum status visit_leaf(struct query *q, uint64_t n, struct span leaf)
{
    struct arena *a;
    struct audit_event e;
    if (q->f->looked) {
        q->f->looked->bytes += leaf.len;
        q->f->looked->last = n;
    }
    if (!may_match(q, leaf))
        return ST_OK;
    enum status st = read_leaf(leaf, n, &a, &e);
    if (st == ST_OK && matches(q->f, &e)) {
        q->found++;
        st = q->each(q->ctx, &e);
    }
    arena_free(&a);
    return st;
}

static enum status visit(struct query *q, uint64_t n)
{
    struct span leaf;
    TRY(leaf_get(q->t, n, &leaf));
    return visit_leaf(q, n, leaf);
}

// ---- in order

static bool walk_begin(struct query *q, enum db_table table, const struct key *prefix, struct db_walk *w)
{
    struct key at = *prefix;
    key_u64(&at, q->f->newest_first ? q->high : q->low);
    return q->f->newest_first ? db_walk_before(q->t, table, key_span(prefix), key_span(&at), w)
                              : db_walk_first(q->t, table, key_span(prefix), key_span(&at), w);
}

static bool walk_on(const struct query *q, struct db_walk *w)
{
    return q->f->newest_first ? db_walk_prev(w) : db_walk_next(w);
}

static enum status by_position(struct query *q)
{
    const struct key none = {.len = 0};
    struct db_walk w;
    enum status st = ST_OK;
    uint64_t count = q->high - q->low;
    if (!count)
        return ST_OK;
    bool ok = walk_begin(q, DB_AUDIT, &none, &w);
    for (uint64_t i = 0; i < count && st == ST_OK && !is_enough(q); i++) {
        uint64_t n = q->f->newest_first ? q->high - 1 - i : q->low + i;
        struct key_reader r = key_reader_of(ok ? w.key : span_of(NULL, 0));
        if (key_get_u64(&r) != n || !value_whole(&r))
            st = w.st == ST_OK ? ST_CORRUPT : w.st; // every position has its event
        else
            st = visit_leaf(q, n, w.value);
        ok = st == ST_OK && walk_on(q, &w);
    }
    db_walk_end(&w);
    return st;
}

static enum status by_index(struct query *q, enum db_table table, const struct key *prefix)
{
    struct db_walk w;
    enum status st = ST_OK;
    bool ok = walk_begin(q, table, prefix, &w);
    while (ok && st == ST_OK && !is_enough(q)) {
        struct key_reader r = key_reader_of(span_sub(w.key, prefix->len, w.key.len));
        uint64_t n = key_get_u64(&r);
        if (!value_whole(&r))
            st = ST_CORRUPT;
        else if (n < q->low || n >= q->high)
            break;
        else
            st = visit(q, n);
        if (st == ST_OK)
            ok = walk_on(q, &w);
    }
    db_walk_end(&w);
    return st != ST_OK ? st : w.st;
}

// ---- where to look

// The first event not before an instant.
static enum status first_at(struct db_txn *t, utc_ms from, uint64_t size, uint64_t *ret)
{
    uint64_t low = 0, high = size;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        utc_ms at;
        TRY(audit_time(t, middle, &at));
        if (at < from)
            low = middle + 1;
        else
            high = middle;
    }
    *ret = low;
    return ST_OK;
}

static enum status find_range(struct query *q)
{
    const struct audit_filter *f = q->f;
    uint64_t size = 0;
    TRY(audit_size(q->t, &size));
    q->high = size;
    if (f->from > 0)
        TRY(first_at(q->t, f->from, size, &q->low));
    if (f->until != 0)
        TRY(first_at(q->t, f->until, size, &q->high));
    if (f->has_after && f->newest_first && f->after < q->high)
        q->high = f->after;
    if (f->has_after && !f->newest_first && f->after >= q->low)
        q->low = f->after < size ? f->after + 1 : size;
    if (q->low > q->high)
        q->low = q->high;
    return ST_OK;
}

// An attribute as canonical bytes have it. No value holds a quotation mark as such, so what has these words is
// either the attribute or stands in the detail: an event that is read is compared again.
static void put_words(struct buf *b, const char *name, const char *value)
{
    if (value)
        buf_xml_attr(b, name, value);
}

static enum status find_words(struct query *q)
{
    const struct audit_filter *f = q->f;
    char urn[UUID_URN_LEN + 1];
    put_words(&q->kind, "kind", f->by_kind ? audit_kind_text(f->kind) : NULL);
    put_words(&q->actor, "actor", f->actor);
    put_words(&q->report, "report", f->by_report ? uuid_urn(f->report, urn) : NULL);
    put_words(&q->partner, "partner", f->partner);
    TRY(buf_status(&q->kind));
    TRY(buf_status(&q->actor));
    TRY(buf_status(&q->report));
    return buf_status(&q->partner);
}

static enum status by_best(struct query *q)
{
    struct key prefix = {.len = 0};
    if (q->listed && q->f->by_report) {
        key_uuid(&prefix, q->f->report);
        return by_index(q, DB_AUDIT_BY_REPORT, &prefix);
    }
    if (q->listed && q->f->partner) {
        key_text(&prefix, q->f->partner);
        return by_index(q, DB_AUDIT_BY_PARTNER, &prefix);
    }
    return by_position(q);
}

// The part of what is looked at that lies in from <= n < until.
static enum status in_part(struct query *q, uint64_t from, uint64_t until, bool listed)
{
    const uint64_t low = q->low, high = q->high;
    enum status st = ST_OK;
    if (q->low < from)
        q->low = from;
    if (q->high > until)
        q->high = until;
    q->listed = listed;
    if (q->low < q->high && !is_enough(q))
        st = by_best(q);
    q->low = low;
    q->high = high;
    return st;
}

static enum status run(struct query *q)
{
    struct audit_behind b;
    TRY(find_words(q));
    TRY(find_range(q));
    TRY(audit_behind(q->t, &b));
    BUG_IF(q->f->listed && !q->f->by_report && !q->f->partner);
    if (q->f->listed)
        b.until = b.from;
    TRY(q->f->newest_first ? in_part(q, b.until, UINT64_MAX, true) : in_part(q, 0, b.from, true));
    TRY(in_part(q, b.from, b.until, false));
    return q->f->newest_first ? in_part(q, 0, b.from, true) : in_part(q, b.until, UINT64_MAX, true);
}

enum status audit_each(struct db_txn *t, const struct audit_filter *f,
                       enum status (*each)(void *ctx, const struct audit_event *e), void *ctx)
{
    struct query q = {.t = t, .f = f, .each = each, .ctx = ctx};
    if ((f->partner && strlen(f->partner) > 255) || (f->actor && strlen(f->actor) > AUDIT_EVENT_BYTES_MAX))
        return ST_OK; // nobody has such a name
    buf_init(&q.kind, KIB);
    buf_init(&q.actor, 6 * AUDIT_EVENT_BYTES_MAX + KIB); // each byte an escape
    buf_init(&q.report, KIB);
    buf_init(&q.partner, 2 * KIB);
    enum status st = run(&q);
    buf_fini(&q.kind);
    buf_fini(&q.actor);
    buf_fini(&q.report);
    buf_fini(&q.partner);
    return st;
}
