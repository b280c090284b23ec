// What everybody should have, decided from the outside (spec 3.4, 3.5).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "node/core/older_version.h"
#include "tests/simulation/run.h"

size_t model_find(const struct run *r, struct uuid id)
{
    for (size_t i = 0; i < r->report_count; i++)
        if (uuid_eq(r->reports[i].id, id))
            return i;
    return SIZE_MAX;
}

bool model_permits(const struct decision *d)
{
    return d->outcome == OUTCOME_RELEASE || d->outcome == OUTCOME_REDACT;
}

// ---- copies

static void copy_free(struct run_copy *c)
{
    arena_free(&c->arena);
    *c = (struct run_copy){.present = false};
}

static void parse_copy(const struct report_record *rec, struct run_copy *ret)
{
    struct rendition_proof proof;
    copy_free(ret);
    ret->arena = xml_arena_new(2 * rec->bytes.len);
    uint8_t *bytes = arena_alloc(ret->arena, rec->bytes.len); // the report points into them
    assert_non_null(bytes);
    memcpy(bytes, rec->bytes.ptr, rec->bytes.len);
    assert_int_equal(rendition_read(span_of(bytes, rec->bytes.len), ret->arena, NULL, &ret->report, &proof), ST_OK);
    ret->present = true;
    ret->version = rec->version;
    ret->onward = rec->onward;
    ret->stored_at = rec->stored_at;
    ret->digest = rec->digest;
    memcpy(ret->source, rec->source, sizeof ret->source);
}

// Own reports are what was published, whatever the store says; others what the node has taken in.
static struct run_copy own_copy(const struct run_report *rep, uint32_t version)
{
    const struct run_version *v = &rep->versions[version - 1];
    return (struct run_copy){.present = true, .version = version, .stored_at = v->stored_at, .report = v->report,
                             .digest = sha256(buf_bytes(&v->bytes))};
}

bool model_copy(struct run *r, size_t node, size_t report, uint32_t version, const char *source, struct run_copy *ret)
{
    const struct run_report *rep = &r->reports[report];
    struct report_record rec;
    *ret = (struct run_copy){.present = false};
    if (rep->owner == node) {
        *ret = own_copy(rep, version);
        return true;
    }
    struct tick *t = sim_tick(&r->sim, node);
    enum status st = reports_get(t->txn, rep->id, version, source, &rec);
    if (st == ST_OK)
        parse_copy(&rec, ret);
    sim_commit(t);
    return st == ST_OK;
}

static void refresh_copy(struct run *r, struct tick *t, size_t node, size_t report)
{
    struct run_copy *c = &r->nodes[node].copies[report];
    const struct run_report *rep = &r->reports[report];
    struct report_record rec;
    if (rep->owner == node) {
        if (rep->recalled)
            c->present = false;
        else
            *c = own_copy(rep, rep->version);
        return;
    }
    enum status st = reports_current(t->txn, rep->id, &rec);
    if (st != ST_OK)
        copy_free(c);
    else if (!c->present || !digest_eq(&c->digest, &rec.digest) || strcmp(c->source, rec.source) != 0 ||
             c->onward != rec.onward || c->stored_at != rec.stored_at)
        parse_copy(&rec, c);
}

// ---- deciding

// Approvals that cover what is visible now (spec 3.4).
static bool covers(const struct report *r, bool received, const struct withheld_set *approved, const struct withheld_set *now)
{
    if (approved->overall && !now->overall)
        return false;
    for (size_t i = 0; i < r->child_count; i++) {
        bool element = r->children[i].kind == REPORT_PORTION || (received && r->children[i].kind == REPORT_WITHHELD);
        if (element && withheld_has(approved, i) && !withheld_has(now, i))
            return false;
    }
    return true;
}

void model_decide(struct run *r, size_t node, size_t partner, size_t report, const struct run_copy *c, struct decision *ret)
{
    struct run_node *n = &r->nodes[node];
    const struct run_approval *a = n->approvals[partner][report][c->version - 1];
    struct decide_record with = {.received = c->source[0] != 0, .onward = c->onward, .stored_at = c->stored_at,
                                 .any_approvals_count = true};
    size_t index = ruleset_partner_index(n->rules, r->sim.nodes[partner].nation);
    *ret = (struct decision){.outcome = OUTCOME_DENY, .reason = REASON_NO_AGREEMENT};
    if (index == SIZE_MAX)
        return;
    decide(n->rules, c->report, index, r->sim.now, &with, ret);
    if (ret->outcome != OUTCOME_HOLD && !model_permits(ret))
        return;
    for (size_t i = 0; i < RUN_OFFICERS; i++) {
        with.refused |= a[i].given && a[i].refused;
        with.approvals += a[i].given && !a[i].refused && covers(c->report, with.received, &a[i].withheld, &ret->withheld);
    }
    decide(n->rules, c->report, index, r->sim.now, &with, ret);
}

// ---- from one decision to the next

struct settling {
    struct run *r;
    size_t node, partner, report;
    struct run_pair *pair;
    const struct run_copy *copy;
};

static void live(struct settling *s, const struct run_copy *c, const struct decision *d)
{
    struct run_pair *p = s->pair;
    p->state = PAIR_LIVE;
    p->ever = true;
    p->version = c->version;
    memcpy(p->source, c->source, sizeof p->source);
    p->withheld = d->withheld;
    p->lapse = d->terms.lapse;
}

static void stop(struct settling *s, const struct run_copy *c, const struct decision *d)
{
    const struct ruleset *rs = s->r->nodes[s->node].rules;
    utc_ms now = s->r->sim.now;
    size_t index = ruleset_partner_index(rs, s->r->sim.nodes[s->partner].nation);
    bool narrower = index != SIZE_MAX && decide_labels_changed(c->report, s->pair->decided_at, now) &&
                    decide_labels_narrower(rs, c->report, index, now, &s->pair->withheld);
    bool back = s->pair->lapse == LAPSE_WITHDRAW || (d->reason == REASON_RULE && d->rule_withdraws) || narrower;
    s->pair->state = back ? PAIR_NONE : PAIR_LAPSED;
}

// A newer version is not permitted: does the older one stay?
static void stop_older(struct settling *s, const struct decision *d)
{
    struct run *r = s->r;
    const struct ruleset *rs = r->nodes[s->node].rules;
    struct run_copy older;
    struct decision own;
    size_t index = ruleset_partner_index(rs, r->sim.nodes[s->partner].nation);
    if (d->outcome == OUTCOME_DENY || !model_copy(r, s->node, s->report, s->pair->version, s->pair->source, &older)) {
        s->pair->state = PAIR_NONE;
        return;
    }
    model_decide(r, s->node, s->partner, s->report, &older, &own);
    struct withheld_set hidden = s->pair->withheld;
    hidden.overall |= model_permits(&own) && own.withheld.overall;
    for (size_t i = 0; i < sizeof hidden.bits / sizeof *hidden.bits && model_permits(&own); i++)
        hidden.bits[i] |= own.withheld.bits[i];
    if (!older_version_stays(rs, s->copy->report, d, older.report, index, r->sim.now, &hidden))
        s->pair->state = PAIR_NONE;
    else if (model_permits(&own))
        live(s, &older, &own);
    else
        stop(s, &older, &own);
    arena_free(&older.arena);
}

static bool source_is_gone(struct settling *s)
{
    struct run_copy c;
    if (s->pair->state == PAIR_NONE || !s->pair->source[0])
        return false;
    bool there = model_copy(s->r, s->node, s->report, s->pair->version, s->pair->source, &c);
    arena_free(&c.arena);
    return !there;
}

static void settle_pair(struct settling *s)
{
    struct decision d;
    struct run_pair *p = s->pair;
    if (!s->copy->present) {
        p->state = PAIR_NONE;
        return;
    }
    model_decide(s->r, s->node, s->partner, s->report, s->copy, &d);
    s->r->released += d.outcome == OUTCOME_RELEASE;
    s->r->redacted += d.outcome == OUTCOME_REDACT;
    if (source_is_gone(s) && (p->state == PAIR_LAPSED || p->version > s->copy->version || !model_permits(&d)))
        p->state = PAIR_NONE;
    if (model_permits(&d))
        live(s, s->copy, &d);
    else if (p->state == PAIR_LIVE && p->version == s->copy->version)
        stop(s, s->copy, &d);
    else if (p->state == PAIR_LIVE)
        stop_older(s, &d);
    p->decided_at = s->r->sim.now;
}

void model_settle(struct run *r, size_t node)
{
    struct tick *t = sim_tick(&r->sim, node);
    for (size_t i = 0; i < r->report_count; i++)
        refresh_copy(r, t, node, i);
    sim_commit(t);
    for (size_t i = 0; i < r->report_count; i++)
        for (size_t p = 0; p < r->sim.count; p++) {
            struct settling s = {.r = r, .node = node, .partner = p, .report = i, .pair = &r->nodes[node].pairs[p][i],
                                 .copy = &r->nodes[node].copies[i]};
            if (p != node)
                settle_pair(&s);
        }
}

// ---- what may be sent

static bool shows(const struct decision *d, const struct run_canary *c)
{
    return model_permits(d) && (c->child < 0 || !withheld_has(&d->withheld, (size_t)c->child));
}

bool model_allows(struct run *r, size_t node, size_t partner, const struct run_canary *c)
{
    const struct run_copy *current = &r->nodes[node].copies[c->report];
    const struct run_pair *p = &r->nodes[node].pairs[partner][c->report];
    struct run_copy older;
    struct decision d;
    if (!current->present || partner == r->reports[c->report].owner)
        return false;
    if (c->version == current->version) {
        model_decide(r, node, partner, c->report, current, &d);
        return shows(&d, c);
    }
    // An older version, while the newer one waits.
    if (p->state != PAIR_LIVE || p->version != c->version || !model_copy(r, node, c->report, c->version, p->source, &older))
        return false;
    model_decide(r, node, partner, c->report, &older, &d);
    arena_free(&older.arena);
    return shows(&d, c);
}
