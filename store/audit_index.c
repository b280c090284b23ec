#include "store/audit_index.h"

#include <stdlib.h>
#include <string.h>

#include "formats/base/limits.h"
#include "store/audit_log.h"
#include "store/value.h"

enum { PARTNER_NAME_MAX = 255 }; // what fits the index; an id is far shorter

// ---- one event

bool audit_report_key(const struct audit_event *e, struct key *k)
{
    if (!e->has_report)
        return false;
    key_uuid(k, e->report);
    key_u64(k, e->n);
    return true;
}

bool audit_partner_key(const struct audit_event *e, struct key *k)
{
    if (!e->partner || strlen(e->partner) > PARTNER_NAME_MAX)
        return false;
    key_text(k, e->partner);
    key_u64(k, e->n);
    return true;
}

bool audit_index_may_wait(const struct audit_event *e)
{
    const char *cause = audit_event_get(e, "cause");
    if (e->kind == AUDIT_DECIDE)
        return cause && (strcmp(cause, "policy") == 0 || strcmp(cause, "instant") == 0);
    return e->partner && (e->kind == AUDIT_RELEASE || e->kind == AUDIT_WITHDRAW || e->kind == AUDIT_LAPSE);
}

enum status audit_index_put(struct db_txn *t, const struct audit_event *e)
{
    struct span nothing = span_of(NULL, 0);
    struct key k = {.len = 0};
    if (audit_report_key(e, &k))
        TRY(db_put(t, DB_AUDIT_BY_REPORT, key_span(&k), nothing));
    k.len = 0;
    return audit_partner_key(e, &k) ? db_put(t, DB_AUDIT_BY_PARTNER, key_span(&k), nothing) : ST_OK;
}

// ---- what is left. META "audit-behind" -> layout 2: from, until, a check of that (value_check)

static struct span behind_key(void)
{
    return span_cstr("audit-behind");
}

enum status audit_behind(struct db_txn *t, struct audit_behind *ret)
{
    struct span v;
    uint64_t size = 0;
    *ret = (struct audit_behind){0};
    enum status st = db_get(t, DB_META, behind_key(), &v);
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_OK : st;
    TRY(audit_size(t, &size));
    struct key_reader r = value_reader(v, 2);
    struct audit_behind b = {.from = key_get_u64(&r)};
    b.until = key_get_u64(&r);
    const bool good = value_check_fits(&r, behind_key(), v) && value_whole(&r) && b.from < b.until && b.until <= size;
    *ret = good ? b : (struct audit_behind){.until = size, .damaged = true};
    return ST_OK;
}

static enum status put_behind(struct db_txn *t, const struct audit_behind *b)
{
    struct key v = value_head(2);
    if (b->from >= b->until)
        return db_del(t, DB_META, behind_key());
    key_u64(&v, b->from);
    key_u64(&v, b->until);
    key_u64(&v, value_check(behind_key(), key_span(&v)));
    return db_put(t, DB_META, behind_key(), key_span(&v));
}

enum status audit_index_leave(struct db_txn *t, uint64_t from, uint64_t until)
{
    struct audit_behind b;
    TRY(audit_behind(t, &b));
    if (b.from == b.until)
        b.from = from;
    b.until = until;
    return put_behind(t, &b);
}

// ---- many events

// Keys of one table.
struct rows {
    enum db_table table;
    struct key *keys;
    size_t count;
};

static int by_bytes(const void *a, const void *b)
{
    const struct key *x = *(const struct key *const *)a, *y = *(const struct key *const *)b;
    int c = memcmp(x->b, y->b, x->len < y->len ? x->len : y->len);
    return c ? c : (x->len > y->len) - (x->len < y->len);
}

// In the order of the table.
static enum status write_rows(struct db_txn *t, const struct rows *r)
{
    const struct key **order = calloc(r->count + 1, sizeof(struct key *));
    enum status st = order ? ST_OK : ST_NOMEM;
    for (size_t i = 0; order && i < r->count; i++)
        order[i] = &r->keys[i];
    if (order)
        qsort(order, r->count, sizeof *order, by_bytes);
    for (size_t i = 0; st == ST_OK && i < r->count; i++)
        st = db_put(t, r->table, key_span(order[i]), span_of(NULL, 0));
    free(order);
    return st;
}

static enum status note_rows(struct db_txn *t, uint64_t n, struct rows *reports, struct rows *partners)
{
    struct arena *a;
    struct audit_event e;
    enum status st = audit_read(t, n, &a, &e);
    if (st != ST_OK)
        return st == ST_CORRUPT ? ST_OK : st;
    reports->count += audit_report_key(&e, &reports->keys[reports->count]);
    partners->count += audit_partner_key(&e, &partners->keys[partners->count]);
    arena_free(&a);
    return ST_OK;
}

static enum status list(struct db_txn *t, const struct audit_behind *b, struct key *room)
{
    const size_t most = b->until - b->from;
    struct rows reports = {DB_AUDIT_BY_REPORT, room, 0}, partners = {DB_AUDIT_BY_PARTNER, room + most, 0};
    for (uint64_t n = b->from; n < b->until; n++)
        TRY(note_rows(t, n, &reports, &partners));
    TRY(write_rows(t, &reports));
    return write_rows(t, &partners);
}

enum status audit_index_work(struct db_txn *t, size_t events_max, bool *ret_more)
{
    struct audit_behind all, now;
    *ret_more = false;
    TRY(audit_behind(t, &all));
    if (events_max > AUDIT_INDEX_MOST)
        events_max = AUDIT_INDEX_MOST;
    now = all;
    if (now.until - now.from > events_max)
        now.until = now.from + events_max;
    if (now.from == now.until)
        return ST_OK;
    struct key *room = calloc(2 * (now.until - now.from), sizeof *room);
    enum status st = room ? list(t, &now, room) : ST_NOMEM;
    free(room);
    if (st != ST_OK)
        return st;
    all.from = now.until;
    *ret_more = all.from < all.until;
    return put_behind(t, &all);
}
