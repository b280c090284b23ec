// What partners held at a past instant: the log's releases, lapses, withdrawals and recalls played again.
#include <stdlib.h>

#include "node/core/past.h"
#include "node/core/past_policy.h"
#include "store/archive.h"
#include "store/audit_log.h"
#include "store/ledger.h"

// One event that changed what a partner holds.
struct change {
    struct uuid report;
    uint32_t partner; // index into the names
    uint32_t version;
    enum past_state state;
    uint64_t event, position;
    utc_ms at;
};

struct playing {
    struct tick *t;
    utc_ms until; // the asked instant and its millisecond
    struct arena *names_arena;
    const char **names;
    size_t name_count, name_room;
    struct change *list;
    size_t count, room;
    struct past_policies policies;
    enum status (*each)(void *ctx, const struct past_holding *h);
    void *ctx;
};

enum { NAMES_BYTES_MAX = 16 * 1024 * 1024 };

const char *past_state_text(enum past_state s)
{
    switch (s) {
    case PAST_RELEASED:
        return "released";
    case PAST_LAPSED:
        return "lapsed";
    case PAST_WITHDRAWN:
        return "withdrawn";
    case PAST_RECALLED:
        return "recalled";
    }
    return "";
}

// ---- gathering

static enum status name_index(struct playing *p, const char *partner, uint32_t *ret)
{
    for (size_t i = p->name_count; i-- > 0;)
        if (strcmp(p->names[i], partner) == 0) {
            *ret = (uint32_t)i;
            return ST_OK;
        }
    if (p->name_count == p->name_room) {
        size_t room = p->name_room ? 2 * p->name_room : 16;
        const char **more = reallocarray(p->names, room, sizeof *more);
        if (!more)
            return ST_NOMEM;
        p->names = more;
        p->name_room = room;
    }
    *ret = (uint32_t)p->name_count;
    p->names[p->name_count] = arena_cstr(p->names_arena, partner);
    return p->names[p->name_count++] ? ST_OK : arena_status(p->names_arena);
}

static bool state_of(const struct audit_event *e, enum past_state *ret)
{
    static const struct {
        enum audit_kind kind;
        enum past_state state;
    } all[] = {{AUDIT_RELEASE, PAST_RELEASED}, {AUDIT_LAPSE, PAST_LAPSED}, {AUDIT_WITHDRAW, PAST_WITHDRAWN},
               {AUDIT_RECALL, PAST_RECALLED}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (e->kind == all[i].kind && e->partner && e->has_report) {
            *ret = all[i].state;
            return true;
        }
    return false;
}

static enum status note_change(void *ctx, const struct audit_event *e)
{
    struct playing *p = ctx;
    struct change c = {.version = e->version, .event = e->n, .at = e->at};
    const char *position = audit_event_get(e, "position");
    if (!state_of(e, &c.state) || audit_event_get(e, "restated"))
        return ST_OK; // a ledger that began anew says again what was so before
    c.report = e->report;
    if (c.state != PAST_LAPSED && (!position || !decimal_parse(span_cstr(position), UINT64_MAX, &c.position)))
        return ST_CORRUPT;
    TRY(name_index(p, e->partner, &c.partner));
    if (p->count == p->room) {
        size_t room = p->room ? 2 * p->room : 64;
        struct change *more = reallocarray(p->list, room, sizeof *more);
        if (!more)
            return ST_NOMEM;
        p->list = more;
        p->room = room;
    }
    p->list[p->count++] = c;
    return ST_OK;
}

// ---- one pair

// The decision that led to a release is the next one of its report, in the same tick.
static enum status note_policy(void *ctx, const struct audit_event *e)
{
    struct past_release *r = ctx;
    const char *policy = audit_event_get(e, "policy");
    if (e->at == r->at && (!policy || !digest_parse(span_cstr(policy), &r->policy)))
        return ST_CORRUPT;
    r->serial = e->at == r->at;
    return ST_OK;
}

static enum status find_policy(struct playing *p, struct uuid report, struct past_release *r)
{
    const struct ruleset *rs;
    const struct audit_filter f = {.by_report = true, .report = report, .by_kind = true, .kind = AUDIT_DECIDE,
                                   .has_after = true, .after = r->event, .limit = 1};
    TRY(audit_each(p->t->txn, &f, note_policy, r));
    if (!r->serial)
        return ST_OK;
    enum status st = past_policy(&p->policies, &r->policy, &rs);
    r->serial = st == ST_OK ? ruleset_document(rs)->serial : 0;
    return st == ST_NOT_FOUND ? ST_OK : st;
}

// Fill in what the event of a release says; strings go to the arena of the pair.
static enum status describe(struct playing *p, const struct change *c, struct arena *a, struct past_release *ret)
{
    struct arena *event_arena;
    struct audit_event e;
    *ret = (struct past_release){.version = c->version, .event = c->event, .position = c->position, .at = c->at};
    TRY(audit_read(p->t->txn, c->event, &event_arena, &e));
    const char *agreement = audit_event_get(&e, "agreement"), *withheld = audit_event_get(&e, "withheld");
    if (!withheld)
        withheld = audit_event_get(&e, "withheld-digest");
    if (!withheld && audit_event_get(&e, "restored"))
        withheld = "unknown"; // the store was lost, and a partner gave the entry back: it names a digest, not the parts
    ret->agreement = arena_cstr(a, agreement ? agreement : "");
    ret->withheld = arena_cstr(a, withheld ? withheld : "");
    arena_free(&event_arena);
    TRY(arena_status(a));
    return find_policy(p, c->report, ret);
}

// The release whose content left last, and when.
static enum status find_held(struct playing *p, const struct change *from, size_t count, const struct change **ret, utc_ms *ret_since)
{
    *ret = NULL;
    for (size_t i = count; i-- > 0 && !*ret;) {
        utc_ms at;
        char ledger[PARTNER_ID_MAX + 1];
        if (from[i].state != PAST_RELEASED)
            continue;
        TRY(archive_of_event(p->t->txn, p->names[from[i].partner], from[i].event, ledger));
        TRY(delivered_get(p->t->txn, ledger, from[i].position, &at));
        if (at && at < p->until) {
            *ret = &from[i];
            *ret_since = at;
        }
    }
    return ST_OK;
}

static enum status find_acknowledged(struct playing *p, struct past_holding *h, const struct change *c)
{
    struct receipt r;
    char ledger[PARTNER_ID_MAX + 1];
    TRY(archive_of_event(p->t->txn, h->partner, c->event, ledger));
    enum status st = receipt_for(p->t->txn, ledger, c->position, &r);
    if (st == ST_OK && r.taken_at < p->until)
        h->acknowledged_at = r.taken_at;
    return st == ST_NOT_FOUND ? ST_OK : st;
}

static enum status fill_pair(struct playing *p, const struct change *from, size_t count, struct arena *a, struct past_holding *h)
{
    const struct change *last = &from[count - 1], *held, *released = last;
    while (released > from && released->state != PAST_RELEASED)
        released--;
    if (released->state != PAST_RELEASED)
        return ST_CORRUPT; // what was never released cannot end
    *h = (struct past_holding){.partner = p->names[last->partner], .report = last->report, .state = last->state,
                               .since = last->at};
    TRY(describe(p, released, a, &h->released));
    TRY(find_held(p, from, count, &held, &h->held_since));
    if (held == released)
        h->held = h->released;
    else if (held)
        TRY(describe(p, held, a, &h->held));
    return find_acknowledged(p, h, last->state == PAST_LAPSED ? released : last);
}

static enum status tell_pair(struct playing *p, const struct change *from, size_t count)
{
    struct past_holding h;
    struct arena *a = arena_new(4 * AUDIT_EVENT_BYTES_MAX);
    enum status st = a ? fill_pair(p, from, count, a, &h) : ST_NOMEM;
    if (st == ST_OK)
        st = p->each(p->ctx, &h);
    arena_free(&a);
    return st;
}

// ---- all pairs

static int by_report_and_partner(const void *x, const void *y, void *names)
{
    const struct change *a = x, *b = y;
    const char *const *n = names;
    int order = memcmp(a->report.b, b->report.b, sizeof a->report.b);
    if (!order && a->partner != b->partner)
        order = strcmp(n[a->partner], n[b->partner]);
    return order ? order : a->event < b->event ? -1 : a->event > b->event;
}

static enum status tell_all(struct playing *p)
{
    size_t from = 0;
    if (p->count)
        qsort_r(p->list, p->count, sizeof *p->list, by_report_and_partner, p->names);
    for (size_t i = 1; i <= p->count; i++) {
        const struct change *first = &p->list[from];
        if (i < p->count && uuid_eq(p->list[i].report, first->report) && p->list[i].partner == first->partner)
            continue;
        TRY(tell_pair(p, first, i - from));
        from = i;
    }
    return ST_OK;
}

static enum status play(struct tick *t, const struct audit_filter *f, utc_ms until,
                        enum status (*each)(void *ctx, const struct past_holding *h), void *ctx)
{
    struct playing p = {.t = t, .until = until, .each = each, .ctx = ctx, .policies = {.t = t}};
    p.names_arena = arena_new(NAMES_BYTES_MAX);
    enum status st = p.names_arena ? audit_each(t->txn, f, note_change, &p) : ST_NOMEM;
    if (st == ST_OK)
        st = tell_all(&p);
    past_policies_fini(&p.policies);
    free(p.list);
    free(p.names);
    arena_free(&p.names_arena);
    return st;
}

enum status past_of_partner(struct tick *t, const char *partner, utc_ms at,
                            enum status (*each)(void *ctx, const struct past_holding *h), void *ctx)
{
    const utc_ms until = utc_add(at, 1);
    const struct audit_filter f = {.partner = partner, .until = until};
    return play(t, &f, until, each, ctx);
}

enum status past_of_report(struct tick *t, struct uuid id, utc_ms at,
                           enum status (*each)(void *ctx, const struct past_holding *h), void *ctx)
{
    const utc_ms until = utc_add(at, 1);
    const struct audit_filter f = {.by_report = true, .report = id, .until = until};
    return play(t, &f, until, each, ctx);
}
