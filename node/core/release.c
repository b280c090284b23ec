// The one place that releases: decisions become ledger entries here (spec 3.5).
#include "node/core/release.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/core/record.h"
#include "store/audit_log.h"
#include "store/grants.h"
#include "store/holds.h"
#include "store/schedule.h"

enum { DUE_PER_TICK_MAX = 256 }; // keeps one tick short; the rest follows at once

// One report being re-decided.
struct work {
    struct tick *t;
    struct uuid id;
    enum release_cause cause;
    struct stored_report *stored; // current copy
    struct digest policy;
    uint64_t grants;
    utc_ms next;     // earliest instant at which something may change
    bool changed;    // a ledger or a lapse was written
    struct buf detail;
    const char *held[PARTNERS_MAX]; // partners for which it awaits an officer
    size_t held_count;
};

// ---- what the store records about a pair

struct grant_count {
    const struct withheld_set *visible_without;
    uint32_t approvals;
    bool refused;
};

// An approval covers what is visible now when it showed at least that much: all it withheld is withheld now too.
static bool covers(const struct withheld_set *approved, const struct withheld_set *now)
{
    if (approved->overall && !now->overall)
        return false;
    for (size_t i = 0; i < sizeof now->bits / sizeof *now->bits; i++)
        if (approved->bits[i] & ~now->bits[i])
            return false;
    return true;
}

static enum status count_grant(void *ctx, const struct approval *a)
{
    struct grant_count *g = ctx;
    if (a->refused)
        g->refused = true;
    else if (covers(&a->withheld, g->visible_without))
        g->approvals++;
    return ST_OK;
}

enum status release_decide(struct tick *t, const struct report *r, const struct report_record *rec, size_t partner,
                           struct decision *ret, struct decide_record *ret_with)
{
    struct decide_record with = {.received = rec->source[0] != 0, .onward = rec->onward, .stored_at = rec->stored_at};
    with.any_approvals_count = true; // counted here, against the set that is visible now
    decide(t->core->rules, r, partner, t->now, &with, ret);
    if (ret->outcome == OUTCOME_HOLD || ret->outcome == OUTCOME_REDACT || ret->outcome == OUTCOME_RELEASE) {
        struct grant_count g = {.visible_without = &ret->withheld};
        const char *id = ruleset_partner(t->core->rules, partner)->id;
        TRY(approval_each(t->txn, rec->id, rec->version, id, count_grant, &g));
        with.approvals = g.approvals;
        with.refused = g.refused;
        if (g.approvals || g.refused)
            decide(t->core->rules, r, partner, t->now, &with, ret);
    }
    if (ret_with)
        *ret_with = with;
    // A denial without a reason is no decision: memory was out.
    return ret->outcome == OUTCOME_DENY && ret->reason == REASON_NONE ? ST_NOMEM : ST_OK;
}

// ---- entries and their events

static enum status log_entry(struct tick *t, enum audit_kind kind, const char *partner, const struct ledger_entry *e,
                             uint64_t n, const char *agreement)
{
    char position[24], digest[DIGEST_TEXT_LEN + 1];
    struct audit_event ev = {.kind = kind, .actor = "node", .has_report = true, .report = e->report,
                             .version = e->version, .partner = partner};
    snprintf(position, sizeof position, "%llu", (unsigned long long)n);
    audit_event_attr(&ev, "position", position);
    if (e->kind == ENTRY_RELEASE)
        audit_event_attr(&ev, "digest", digest_text(&e->digest, digest));
    if (agreement)
        audit_event_attr(&ev, "agreement", agreement);
    return audit_append(t->txn, &ev, t->now, &t->core->random);
}

static enum status append(struct tick *t, const char *partner, const struct ledger_entry *e, enum audit_kind kind,
                          const char *agreement, uint64_t *ret_n)
{
    TRY(ledger_append(t->txn, partner, e, t->now, &t->core->random, ret_n));
    tick_mark_grown(t, partner);
    return log_entry(t, kind, partner, e, *ret_n, agreement);
}

// End what a partner holds with a `recall` or `withdraw` entry.
static enum status end_holding(struct tick *t, const char *partner, struct uuid id, struct holding *h,
                               enum entry_kind kind)
{
    struct ledger_entry e = {.kind = kind, .report = id, .version = h->version};
    TRY(append(t, partner, &e, kind == ENTRY_RECALL ? AUDIT_RECALL : AUDIT_WITHDRAW, NULL, &h->n));
    h->kind = kind;
    h->lapsed = false;
    return holding_put(t->txn, partner, id, h);
}

// ---- permitted

// Which references to withhold: those whose target this partner was not given (spec 2.2). For a version that
// the partner already has, the choice made then stands, so that nothing is sent twice for it.
static enum status withhold_references(struct work *w, const char *partner, const struct holding *before,
                                       struct withheld_set *set)
{
    const struct report *r = w->stored->report;
    for (size_t i = 0; i < r->child_count; i++) {
        if (r->children[i].kind != REPORT_REFERENCE)
            continue;
        if (before) {
            if (withheld_has(&before->withheld, i))
                withheld_add(set, i);
            continue;
        }
        struct holding target;
        enum status st = holding_get(w->t->txn, partner, r->children[i].target, &target);
        if (st != ST_OK && st != ST_NOT_FOUND)
            return st;
        if (st == ST_NOT_FOUND || target.kind != ENTRY_RELEASE || target.lapsed)
            withheld_add(set, i);
    }
    return ST_OK;
}

static enum status rendition_digest(const struct work *w, const struct withheld_set *set, struct digest *ret)
{
    struct buf b;
    buf_init(&b, RENDITION_BYTES_MAX);
    rendition_splice(w->stored->report, w->stored->bytes, set, &b);
    enum status st = buf_status(&b);
    if (st == ST_OK)
        *ret = sha256(buf_bytes(&b));
    buf_fini(&b);
    return st;
}

static void stamp(const struct work *w, const struct decision *d, struct holding *h)
{
    h->policy = w->policy;
    h->grants = w->grants;
    h->next_change = d->next_change;
    h->lapse = d->terms.lapse;
}

static enum status permit_pair(struct work *w, const char *partner, const struct decision *d, const struct holding *live)
{
    const struct report_record *rec = &w->stored->record;
    bool same = live && live->version == rec->version && strcmp(live->source, rec->source) == 0;
    struct holding h = {0};
    struct withheld_set set = d->withheld;
    TRY(withhold_references(w, partner, same ? live : NULL, &set));
    struct ledger_entry e = {.kind = ENTRY_RELEASE, .report = w->id, .version = rec->version};
    TRY(rendition_digest(w, &set, &e.digest));
    if (same && digest_eq(&e.digest, &live->digest)) {
        h = *live;
        stamp(w, d, &h);
        return holding_put(w->t->txn, partner, w->id, &h);
    }
    e.onward = rec->source[0] ? onward_stricter(d->terms.onward, rec->onward) : d->terms.onward;
    enum status st = holding_get(w->t->txn, partner, w->id, &h);
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    TRY(append(w->t, partner, &e, AUDIT_RELEASE, d->agreement, &h.n));
    h.kind = ENTRY_RELEASE;
    h.lapsed = false;
    h.version = rec->version;
    snprintf(h.source, sizeof h.source, "%s", rec->source);
    h.digest = e.digest;
    h.withheld = set;
    h.onward = e.onward;
    stamp(w, d, &h);
    w->changed = true;
    return holding_put(w->t->txn, partner, w->id, &h);
}

// ---- no longer permitted

// Does the older version that the partner has stay served while the newer one waits (spec 3.5)?
static enum status old_version_stays(struct work *w, size_t partner, const struct decision *d,
                                     const struct holding *live, bool *ret)
{
    *ret = false;
    if (d->outcome != OUTCOME_EMBARGO && d->outcome != OUTCOME_HOLD && d->outcome != OUTCOME_CONSENT)
        return ST_OK;
    struct stored_report *old;
    enum status st = record_load(w->t, w->id, live->version, live->source, &old);
    if (st == ST_NOT_FOUND)
        return ST_OK;
    if (st != ST_OK)
        return st;
    struct decision before;
    st = release_decide(w->t, old->report, &old->record, partner, &before, NULL);
    // Children of different versions can be matched only when their number is the same; otherwise everything
    // counts as visible before, so that in doubt a label counts as narrower.
    struct withheld_set seen = {0};
    if (old->report->child_count == w->stored->report->child_count)
        seen = live->withheld;
    bool permitted = before.outcome == OUTCOME_RELEASE || before.outcome == OUTCOME_REDACT;
    *ret = st == ST_OK && permitted &&
           !decide_labels_narrower(w->t->core->rules, w->stored->report, partner, w->t->now, &seen);
    if (permitted && before.next_change < w->next)
        w->next = before.next_change;
    record_free(&old);
    return st;
}

static enum status lapse_pair(struct work *w, const char *partner, struct holding *live, const struct decision *d)
{
    struct audit_event ev = {.kind = AUDIT_LAPSE, .actor = "node", .has_report = true, .report = w->id,
                             .version = live->version, .partner = partner};
    audit_event_attr(&ev, "outcome", outcome_text(d->outcome));
    audit_event_attr(&ev, "reason", reason_text(d->reason));
    TRY(audit_append(w->t->txn, &ev, w->t->now, &w->t->core->random));
    live->lapsed = true;
    return holding_put(w->t->txn, partner, w->id, live);
}

// Would labels that came into force since the release withhold what is visible now? (Not: a clearance was taken away.)
static enum status labels_became_narrower(struct work *w, size_t index, const char *partner, const struct holding *live,
                                          bool *ret)
{
    struct ledger_entry released;
    TRY(ledger_get(w->t->txn, partner, live->n, &released));
    *ret = decide_labels_changed(w->stored->report, released.at, w->t->now) &&
           decide_labels_narrower(w->t->core->rules, w->stored->report, index, w->t->now, &live->withheld);
    return ST_OK;
}

static enum status stop_pair(struct work *w, size_t index, const char *partner, const struct decision *d,
                             struct holding *live)
{
    const struct report_record *rec = &w->stored->record;
    bool withdraw;
    if (live->version != rec->version) {
        bool stays;
        TRY(old_version_stays(w, index, d, live, &stays));
        if (stays)
            return ST_OK;
        withdraw = true;
    } else {
        TRY(labels_became_narrower(w, index, partner, live, &withdraw));
        withdraw |= live->lapse == LAPSE_WITHDRAW || (d->reason == REASON_RULE && d->rule_withdraws);
    }
    w->changed = true;
    return withdraw ? end_holding(w->t, partner, w->id, live, ENTRY_WITHDRAW) : lapse_pair(w, partner, live, d);
}

// ---- one partner, all partners

static void describe(struct work *w, const char *partner, const struct decision *d)
{
    buf_puts(&w->detail, "<decision");
    if (d->agreement)
        buf_xml_attr(&w->detail, "agreement", d->agreement);
    buf_xml_attr(&w->detail, "outcome", outcome_text(d->outcome));
    buf_xml_attr(&w->detail, "partner", partner);
    buf_xml_attr(&w->detail, "reason", reason_text(d->reason));
    if (d->rule)
        buf_xml_attr(&w->detail, "rule", d->rule);
    if (d->outcome == OUTCOME_EMBARGO) {
        char until[UTC_TEXT_MAX];
        buf_xml_attr(&w->detail, "until", utc_format_s(d->until, until));
    }
    if (d->outcome != OUTCOME_DENY) {
        struct buf ids;
        buf_init(&ids, 64 * KIB);
        decision_withheld_ids(w->stored->report, d, &ids);
        if (strcmp(buf_cstr(&ids), "-") != 0)
            buf_xml_attr(&w->detail, "withheld", buf_cstr(&ids));
        buf_fini(&ids);
    }
    buf_puts(&w->detail, "></decision>");
}

static enum status settle_pair(struct work *w, size_t index, const struct decision *d)
{
    const char *partner = ruleset_partner(w->t->core->rules, index)->id;
    struct holding h;
    enum status st = holding_get(w->t->txn, partner, w->id, &h);
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    bool live = st == ST_OK && h.kind == ENTRY_RELEASE && !h.lapsed;
    if (d->outcome == OUTCOME_RELEASE || d->outcome == OUTCOME_REDACT)
        return permit_pair(w, partner, d, live ? &h : NULL);
    return live ? stop_pair(w, index, partner, d, &h) : ST_OK;
}

static enum status settle_all(struct work *w, struct decision *ret)
{
    const struct ruleset *rs = w->t->core->rules;
    for (size_t i = 0; i < ruleset_partner_count(rs); i++) {
        struct decision d;
        TRY(release_decide(w->t, w->stored->report, &w->stored->record, i, &d, NULL));
        w->t->core->decisions[d.outcome]++;
        describe(w, ruleset_partner(rs, i)->id, &d);
        TRY(settle_pair(w, i, &d));
        if (d.outcome == OUTCOME_HOLD)
            w->held[w->held_count++] = ruleset_partner(rs, i)->id;
        if (d.next_change < w->next)
            w->next = d.next_change;
        if (ret)
            ret[i] = d;
    }
    return ST_OK;
}

static const char *cause_text(enum release_cause c)
{
    switch (c) {
    case CAUSE_PUBLISH:
        return "publish";
    case CAUSE_NEW_VERSION:
        return "new-version";
    case CAUSE_RECEIVE:
        return "receive";
    case CAUSE_INSTANT:
        return "instant";
    case CAUSE_RECHECK:
        return "recheck";
    case CAUSE_POLICY:
        return "policy";
    }
    return "recheck";
}

static enum status log_decisions(struct work *w)
{
    bool first = w->cause == CAUSE_PUBLISH || w->cause == CAUSE_NEW_VERSION || w->cause == CAUSE_RECEIVE;
    if (!first && !w->changed)
        return ST_OK;
    TRY(buf_status(&w->detail));
    char policy[DIGEST_TEXT_LEN + 1];
    struct audit_event ev = {.kind = AUDIT_DECIDE, .actor = "node", .has_report = true, .report = w->id,
                             .version = w->stored->record.version, .detail = buf_bytes(&w->detail)};
    audit_event_attr(&ev, "cause", cause_text(w->cause));
    audit_event_attr(&ev, "policy", digest_text(&w->policy, policy));
    return audit_append(w->t->txn, &ev, w->t->now, &w->t->core->random);
}

// ---- no copy left: whoever was given it is told

struct withdrawal {
    struct tick *t;
    struct uuid id;
    enum entry_kind kind;
};

static enum status end_for_partner(void *ctx, const char *partner)
{
    struct withdrawal *w = ctx;
    struct holding h;
    TRY(holding_get(w->t->txn, partner, w->id, &h));
    if (h.kind != ENTRY_RELEASE && !(w->kind == ENTRY_RECALL && h.kind == ENTRY_WITHDRAW))
        return ST_OK;
    return end_holding(w->t, partner, w->id, &h, w->kind);
}

static enum status end_everywhere(struct tick *t, struct uuid id, enum entry_kind kind)
{
    struct withdrawal w = {t, id, kind};
    TRY(holding_each_partner(t->txn, id, end_for_partner, &w));
    TRY(holds_set(t->txn, id, 0, t->now, NULL, 0));
    return schedule_set(t->txn, id, UTC_MAX);
}

static enum status redecide(struct work *w, struct decision *ret)
{
    w->policy = *ruleset_digest(w->t->core->rules);
    TRY(grants_generation(w->t->txn, w->id, &w->grants));
    TRY(settle_all(w, ret));
    TRY(log_decisions(w));
    TRY(holds_set(w->t->txn, w->id, w->stored->record.version, w->t->now, w->held, w->held_count));
    return schedule_set(w->t->txn, w->id, w->next);
}

enum status release_report(struct tick *t, struct uuid id, enum release_cause cause, struct decision *ret)
{
    struct work w = {.t = t, .id = id, .cause = cause, .next = UTC_MAX};
    enum status st = record_load_current(t, id, &w.stored);
    if (st == ST_GONE)
        return ST_OK;
    if (st == ST_NOT_FOUND)
        return end_everywhere(t, id, ENTRY_WITHDRAW);
    if (st != ST_OK)
        return st;
    buf_init(&w.detail, MIB);
    st = redecide(&w, ret);
    buf_fini(&w.detail);
    record_free(&w.stored);
    return st;
}

// ---- complete mediation

// The elements (not references, not decoys of our own) that two sets withhold are the same.
static bool same_elements(const struct report *r, const struct withheld_set *a, const struct withheld_set *b)
{
    if (a->overall != b->overall)
        return false;
    for (size_t i = 0; i < r->child_count; i++) {
        enum report_child_kind k = r->children[i].kind;
        if ((k == REPORT_PORTION || k == REPORT_ATTACHMENT) && withheld_has(a, i) != withheld_has(b, i))
            return false;
    }
    return true;
}

static enum status mediate(struct tick *t, size_t partner, struct holding *h, const struct stored_report *s,
                           struct buf *out, struct permit **ret)
{
    struct decision d;
    TRY(release_decide(t, s->report, &s->record, partner, &d, NULL));
    if ((d.outcome != OUTCOME_RELEASE && d.outcome != OUTCOME_REDACT) ||
        !same_elements(s->report, &d.withheld, &h->withheld))
        return ST_DENIED;
    rendition_splice(s->report, s->bytes, &h->withheld, out);
    TRY(buf_status(out));
    struct digest digest = sha256(buf_bytes(out));
    if (!digest_eq(&digest, &h->digest))
        return ST_CORRUPT;
    return permit_new(t->core->rules, partner, &d, t->now, &h->withheld, buf_bytes(out), ret);
}

enum status release_mediate(struct tick *t, size_t partner, struct uuid id, struct holding *h, struct buf *out,
                            struct permit **ret)
{
    if (h->kind != ENTRY_RELEASE || h->lapsed)
        return ST_DENIED;
    struct stored_report *s;
    enum status st = record_load(t, id, h->version, h->source, &s);
    if (st == ST_NOT_FOUND || st == ST_GONE)
        return ST_DENIED;
    if (st != ST_OK)
        return st;
    st = mediate(t, partner, h, s, out, ret);
    record_free(&s);
    return st;
}

// ---- recall, instants

enum status release_recall(struct tick *t, struct uuid id, const char *by, const char *reason)
{
    struct recall_record rec = {.at = t->now};
    struct report_record current;
    enum status st = reports_current(t->txn, id, &current);
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st == ST_GONE ? ST_OK : st;
    rec.version = st == ST_OK ? current.version : 0;
    snprintf(rec.by, sizeof rec.by, "%s", by);
    snprintf(rec.reason, sizeof rec.reason, "%s", reason);
    struct audit_event ev = {.kind = AUDIT_RECALL, .actor = by, .has_report = true, .report = id, .version = rec.version};
    audit_event_attr(&ev, "reason", reason);
    TRY(audit_append(t->txn, &ev, t->now, &t->core->random));
    TRY(end_everywhere(t, id, ENTRY_RECALL));
    TRY(reports_recall(t->txn, id, &rec));
    t->core->recalled++;
    return reports_erase(t->txn, id, NULL);
}

enum status release_due(struct tick *t, utc_ms *ret_next)
{
    for (int i = 0; i < DUE_PER_TICK_MAX; i++) {
        struct uuid id;
        enum status st = schedule_first(t->txn, ret_next, &id);
        if (st == ST_NOT_FOUND) {
            *ret_next = UTC_MAX;
            return ST_OK;
        }
        if (st != ST_OK || *ret_next > t->now)
            return st;
        TRY(schedule_set(t->txn, id, UTC_MAX));
        TRY(release_report(t, id, CAUSE_INSTANT, NULL));
    }
    *ret_next = t->now;
    return ST_OK;
}
