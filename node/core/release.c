// The one place that releases: decisions become ledger entries here (spec 3.5).
#include "node/core/release.h"

#include <stdio.h>

#include "formats/base/bug.h"
#include "node/core/decision_element.h"
#include "node/core/older_version.h"
#include "node/core/outline_keep.h"
#include "node/core/record.h"
#include "node/core/release_entry.h"
#include "store/consents.h"
#include "store/grants.h"
#include "store/holds.h"
#include "store/policies.h"
#include "store/schedule.h"

enum { KNOWN_RENDITIONS = 8 };

// A rendition of the current copy that was made: many partners get the same.
struct known_rendition {
    struct withheld_set set;
    struct digest digest;
};

// One report being re-decided.
struct work {
    struct tick *t;
    struct uuid id;
    enum release_cause cause;
    struct stored_report *stored; // current copy
    struct stored_report *whole;  // the same when `stored` was an outline at first, and the bytes were wanted
    bool outlined;                // `stored` is an outline: without bytes, ids and targets
    struct decider *decider;      // of `stored` now, …
    struct decider *decider_then; // … and at the activation of the policy; NULL = not wanted yet
    bool some;                    // not all partners are decided: the event tells of those that are
    struct buf gone;              // then: those decided that the policy does not name
    bool beside;                  // an older version stays served to someone
    struct stored_report *older;  // the older version that was looked at last, or NULL
    struct digest policy;
    uint64_t grants;
    utc_ms next;     // earliest instant at which something may change
    bool changed;    // a ledger or a lapse was written
    struct buf detail;
    struct known_rendition known[KNOWN_RENDITIONS];
    size_t known_count; // ever made; the last ones are kept
    const char *held[PARTNERS_MAX]; // partners for which it awaits an officer
    size_t held_count;
};

// One partner's side of it.
struct pair {
    struct work *w;
    size_t index;        // in the ruleset; SIZE_MAX = no longer there
    const char *partner;
    bool known;          // there is a holding: the report was released at some time
    struct holding h;
};

static bool is_live(const struct pair *p)
{
    return p->known && p->h.kind == ENTRY_RELEASE && !p->h.lapsed;
}

// ---- what the store records about a pair

struct grant_count {
    const struct report *report;
    bool received;
    const struct withheld_set *visible_without;
    uint32_t approvals;
    bool refused;
};

// An approval covers what is visible now when it showed at least that much: all elements that it withheld are withheld
// now too. Which references and decoys of ours its rendition withheld does not matter: they are no elements.
static bool covers(const struct grant_count *g, const struct withheld_set *approved)
{
    if (approved->overall && !g->visible_without->overall)
        return false;
    for (size_t i = 0; i < g->report->child_count; i++) {
        enum report_child_kind k = g->report->children[i].kind;
        bool element = k != REPORT_REFERENCE && (k != REPORT_WITHHELD || g->received);
        if (element && withheld_has(approved, i) && !withheld_has(g->visible_without, i))
            return false;
    }
    return true;
}

static enum status count_grant(void *ctx, const struct approval *a)
{
    struct grant_count *g = ctx;
    if (a->refused)
        g->refused = true;
    else if (covers(g, &a->withheld))
        g->approvals++;
    return ST_OK;
}

static void decide_by(const struct decide_basis *b, const struct report *r, size_t partner, const struct decide_record *with,
                      struct decision *ret)
{
    if (b->decider)
        decider_decide(b->decider, partner, with, ret);
    else
        decide(b->rules, r, partner, b->at, with, ret);
}

enum status release_decide_with(const struct decide_basis *b, const struct report *r, const struct report_record *rec,
                                size_t partner, struct decision *ret, struct decide_record *ret_with)
{
    struct decide_record with = {.received = rec->source[0] != 0, .onward = rec->onward, .stored_at = rec->stored_at};
    with.any_approvals_count = true; // counted here, against the set that is visible now
    utc_ms consent_until = UTC_MAX;
    decide_by(b, r, partner, &with, ret);
    if (ret->outcome == OUTCOME_CONSENT) {
        TRY(b->consent(b->ctx, rec, ruleset_partner(b->rules, partner)->id, &consent_until));
        with.consented = b->at < consent_until;
        if (with.consented)
            decide_by(b, r, partner, &with, ret);
    }
    if (ret->outcome == OUTCOME_HOLD || decision_permits(ret)) {
        struct grant_count g = {.report = r, .received = with.received, .visible_without = &ret->withheld};
        TRY(b->approvals(b->ctx, rec, ruleset_partner(b->rules, partner)->id, count_grant, &g));
        with.approvals = g.approvals;
        with.refused = g.refused;
        if (g.approvals || g.refused)
            decide_by(b, r, partner, &with, ret);
    }
    if (with.consented && consent_until < ret->own_change)
        ret->own_change = consent_until;
    if (with.consented && consent_until < ret->next_change)
        ret->next_change = consent_until;
    if (ret_with)
        *ret_with = with;
    // A denial without a reason is no decision: memory was out.
    return ret->outcome == OUTCOME_DENY && ret->reason == REASON_NONE ? ST_NOMEM : ST_OK;
}

// What the store records now, for a decision at this instant.
struct stored_basis {
    struct tick *t;
    utc_ms at;
};

static enum status stored_approvals(void *ctx, const struct report_record *rec, const char *partner,
                                    enum status (*each)(void *each_ctx, const struct approval *a), void *each_ctx)
{
    const struct stored_basis *x = ctx;
    return approval_each(x->t->txn, rec->id, rec->version, partner, each, each_ctx);
}

static enum status stored_consent(void *ctx, const struct report_record *rec, const char *partner, utc_ms *ret_until)
{
    const struct stored_basis *x = ctx;
    return consent_covers(x->t->txn, rec, partner, x->at, ret_until, NULL);
}

static struct decide_basis basis_of(struct stored_basis *x)
{
    return (struct decide_basis){.rules = x->t->core->rules, .at = x->at, .approvals = stored_approvals, .consent = stored_consent, .ctx = x};
}

enum status release_decide(struct tick *t, const struct report *r, const struct report_record *rec, size_t partner,
                           struct decision *ret, struct decide_record *ret_with)
{
    struct stored_basis stored = {t, t->now};
    const struct decide_basis b = basis_of(&stored);
    return release_decide_with(&b, r, rec, partner, ret, ret_with);
}

// Decide on the current copy, for one partner of several.
static enum status decide_current(struct work *w, struct decider **decider, utc_ms at, size_t partner, struct decision *ret)
{
    struct stored_basis stored = {w->t, at};
    struct decide_basis b = basis_of(&stored);
    if (!*decider)
        *decider = decider_new(b.rules, w->stored->report, at);
    b.decider = *decider;
    return b.decider ? release_decide_with(&b, w->stored->report, &w->stored->record, partner, ret, NULL) : ST_NOMEM;
}

static void forget_deciders(struct work *w)
{
    decider_free(&w->decider);
    decider_free(&w->decider_then);
}

// ---- permitted

// Withhold the references whose target this partner does not have from us now (spec 2.2).
static enum status withhold_references(const struct pair *p, const struct report *r, struct withheld_set *set)
{
    for (size_t i = 0; i < r->child_count; i++) {
        if (r->children[i].kind != REPORT_REFERENCE)
            continue;
        struct holding target;
        enum status st = holding_get(p->w->t->txn, p->partner, r->children[i].target, &target);
        if (st != ST_OK && st != ST_NOT_FOUND)
            return st;
        if (st == ST_NOT_FOUND || target.kind != ENTRY_RELEASE || target.lapsed)
            withheld_add(set, i);
    }
    return ST_OK;
}

// Withhold the references that the rendition which the partner has withholds, and those that must not be named any more.
static enum status keep_references(const struct pair *p, const struct report *r, struct withheld_set *set)
{
    for (size_t i = 0; i < r->child_count; i++)
        if (r->children[i].kind == REPORT_REFERENCE && withheld_has(&p->h.withheld, i))
            withheld_add(set, i);
    return entry_hide_references(p->w->t, p->partner, r, &p->h, set);
}

static bool withholds(const struct withheld_set *set)
{
    uint64_t any = set->overall;
    for (size_t i = 0; i < sizeof set->bits / sizeof *set->bits; i++)
        any |= set->bits[i];
    return any != 0;
}

// From here on the bytes of the current copy are needed.
static enum status need_whole(struct work *w)
{
    if (!w->outlined)
        return ST_OK;
    TRY(record_load_current(w->t, w->id, &w->whole));
    forget_deciders(w);
    w->stored = w->whole;
    w->outlined = false;
    return ST_OK;
}

static const struct digest *known_rendition(const struct work *w, const struct withheld_set *set)
{
    for (size_t i = 0; i < w->known_count && i < KNOWN_RENDITIONS; i++)
        if (w->known[i].set.overall == set->overall && memcmp(w->known[i].set.bits, set->bits, sizeof set->bits) == 0)
            return &w->known[i].digest;
    return NULL;
}

static enum status rendition_digest(struct work *w, const struct stored_report *s, const struct withheld_set *set,
                                    struct digest *ret)
{
    struct buf b;
    const struct digest *known = !withholds(set) ? &s->record.digest : s == w->stored ? known_rendition(w, set) : NULL;
    if (known) {
        *ret = *known;
        return ST_OK;
    }
    BUG_IF(s == w->stored && w->outlined);
    buf_init(&b, RENDITION_BYTES_MAX);
    rendition_splice(s->report, s->bytes, set, &b);
    enum status st = buf_status(&b);
    if (st == ST_OK)
        *ret = sha256(buf_bytes(&b));
    buf_fini(&b);
    if (st == ST_OK && s == w->stored)
        w->known[w->known_count++ % KNOWN_RENDITIONS] = (struct known_rendition){*set, *ret};
    return st;
}

// What the holding says of copy and permit, now that this decision was made.
static void stamp(struct pair *p, const struct report_record *rec, const struct decision *d)
{
    snprintf(p->h.source, sizeof p->h.source, "%s", rec->source);
    p->h.policy = p->w->policy;
    p->h.grants = p->w->grants;
    p->h.next_change = d->next_change;
    p->h.lapse = d->terms.lapse;
}

// Does the partner have these very elements of this version, under terms that are no laxer? A rendition that has to be
// made anew says of references what is true now; one that the partner has is left alone.
static enum status find_rendition(struct pair *p, const struct stored_report *s, const struct decision *d,
                                  struct withheld_set *set, struct digest *digest, bool *ret_same)
{
    *ret_same = false;
    *set = d->withheld;
    if (is_live(p) && p->h.version == s->record.version) {
        TRY(keep_references(p, s->report, set));
        TRY(rendition_digest(p->w, s, set, digest));
        *ret_same = digest_eq(digest, &p->h.digest);
        if (*ret_same)
            return ST_OK;
    }
    *set = d->withheld;
    TRY(withhold_references(p, s->report, set));
    return rendition_digest(p->w, s, set, digest);
}

// The partner was given a later version of ours than there is: that was lost with the store (restore.h), and must not be forgotten.
static bool later_was_lost(const struct pair *p, const struct report_record *rec)
{
    return !rec->source[0] && p->known && p->h.version > rec->version;
}

static enum status permit_pair(struct pair *p, const struct stored_report *s, const struct decision *d)
{
    const struct report_record *rec = &s->record;
    struct withheld_set set;
    struct digest digest;
    bool same;
    enum onward onward = rec->source[0] ? onward_stricter(d->terms.onward, rec->onward) : d->terms.onward;
    if (later_was_lost(p, rec))
        return ST_OK;
    TRY(find_rendition(p, s, d, &set, &digest, &same));
    stamp(p, rec, d);
    // Terms that became stricter must reach whoever could pass it on; laxer ones go with the next release.
    if (same && onward_stricter(onward, p->h.onward) == p->h.onward)
        return holding_put(p->w->t->txn, p->partner, p->w->id, &p->h);
    if (is_live(p))
        p->w->t->core->endings++; // superseded
    p->known = true;
    p->h.version = rec->version;
    p->h.digest = digest;
    p->h.withheld = set;
    p->h.onward = onward;
    p->w->changed = true;
    return entry_release(p->w->t, p->partner, s->report, d->agreement, &p->h);
}

// ---- no longer permitted

static enum status withdraw(struct pair *p)
{
    p->w->changed = true;
    return entry_end(p->w->t, p->partner, p->w->id, &p->h, ENTRY_WITHDRAW);
}

static enum status lapse(struct pair *p, const struct decision *d, const char *reason)
{
    p->w->changed = true;
    return entry_lapse(p->w->t, p->partner, p->w->id, &p->h, outcome_text(d->outcome), reason);
}

// Would labels that came into force since the last decision withhold what is visible? (Not: a clearance was taken away.)
// Nothing could change before the instant that was stored with that decision.
static bool labels_became_narrower(const struct pair *p, const struct report *r)
{
    utc_ms now = p->w->t->now, next = p->h.next_change;
    return p->index != SIZE_MAX && next <= now && next > UTC_MIN && decide_labels_changed(r, next - 1, now) &&
           decide_labels_narrower(p->w->t->core->rules, r, p->index, now, &p->h.withheld);
}

// What happens now is said by the terms that were in force last. Those of the active policy are, from its activation on, though
// for this pair that may not have been worked off before it was no longer permitted. (By approvals and consents as they are now: one
// that was taken back since then leaves the terms before.)
static enum status take_last_terms(struct pair *p, const struct stored_report *s)
{
    struct tick *t = p->w->t;
    struct stored_basis stored = {.t = t};
    struct decision then;
    if (p->index == SIZE_MAX || t->tries_rules || digest_eq(&p->h.policy, &p->w->policy))
        return ST_OK;
    enum status st = policies_active_since(t->txn, &stored.at);
    if (st == ST_NOT_FOUND || (st == ST_OK && stored.at >= t->now))
        return ST_OK;
    if (st == ST_OK && s == p->w->stored)
        st = decide_current(p->w, &p->w->decider_then, stored.at, p->index, &then);
    else if (st == ST_OK) {
        const struct decide_basis b = basis_of(&stored);
        st = release_decide_with(&b, s->report, &s->record, p->index, &then, NULL);
    }
    if (st == ST_OK && decision_permits(&then))
        p->h.lapse = then.terms.lapse;
    return st;
}

// The version that the partner has is itself no longer permitted.
static enum status stop_pair(struct pair *p, const struct stored_report *s, const struct decision *d)
{
    const struct report *r = s->report;
    TRY(take_last_terms(p, s));
    if (p->h.lapse == LAPSE_WITHDRAW || (d->reason == REASON_RULE && d->rule_withdraws) || labels_became_narrower(p, r))
        return withdraw(p);
    return lapse(p, d, p->index == SIZE_MAX ? "partner-not-in-policy" : reason_text(d->reason));
}

static enum status load_older(struct work *w, const struct holding *h)
{
    if (w->older && w->older->record.version == h->version && strcmp(w->older->record.source, h->source) == 0)
        return ST_OK;
    record_free(&w->older);
    return record_load(w->t, w->id, h->version, h->source, &w->older);
}

// What is hidden from the partner of the older version: what its rendition withholds, and what it would withhold now.
static struct withheld_set hidden_of_older(const struct pair *p, const struct decision *own)
{
    struct withheld_set hidden = p->h.withheld;
    if (!decision_permits(own))
        return hidden;
    hidden.overall |= own->withheld.overall;
    for (size_t i = 0; i < sizeof hidden.bits / sizeof *hidden.bits; i++)
        hidden.bits[i] |= own->withheld.bits[i];
    return hidden;
}

// A newer version waits: the older one is decided for itself, unless labels became narrower.
static enum status settle_older(struct pair *p, const struct decision *d, const struct stored_report *older)
{
    struct work *w = p->w;
    struct decision own;
    TRY(release_decide(w->t, older->report, &older->record, p->index, &own, NULL));
    const struct withheld_set hidden = hidden_of_older(p, &own);
    if (!older_version_stays(w->t->core->rules, w->stored->report, d, older->report, p->index, w->t->now, &hidden))
        return withdraw(p);
    if (own.own_change < w->next)
        w->next = own.own_change;
    TRY(decision_permits(&own) ? permit_pair(p, older, &own) : stop_pair(p, older, &own));
    w->beside |= is_live(p);
    return ST_OK;
}

// The partner has an older version than the one that is not permitted.
static enum status stop_older(struct pair *p, const struct decision *d)
{
    if (d->outcome == OUTCOME_DENY)
        return withdraw(p);
    TRY(need_whole(p->w));
    enum status st = load_older(p->w, &p->h);
    if (st == ST_NOT_FOUND)
        return withdraw(p);
    if (st == ST_CORRUPT)
        return lapse(p, d, "damaged");
    return st == ST_OK ? settle_older(p, d, p->w->older) : st;
}

// ---- one partner, all partners

// What the partner was given was purged by rule: it lapsed then.
static enum status copy_was_purged(const struct pair *p, bool *ret)
{
    struct purged_copy purged;
    *ret = false;
    if (!p->known || p->h.kind != ENTRY_RELEASE || !p->h.lapsed)
        return ST_OK;
    enum status st = reports_purged(p->w->t->txn, p->w->id, p->h.source, &purged);
    *ret = st == ST_OK && p->h.version <= purged.version;
    return st == ST_NOT_FOUND ? ST_OK : st;
}

// The copy that the partner was given came from elsewhere and is no longer here: its source withdrew it.
static enum status copy_is_gone(const struct pair *p, bool purged, bool *ret)
{
    struct report_record rec;
    *ret = false;
    if (!p->known || p->h.kind != ENTRY_RELEASE || !p->h.source[0] || purged)
        return ST_OK;
    enum status st = reports_get(p->w->t->txn, p->w->id, p->h.version, p->h.source, &rec);
    *ret = st == ST_NOT_FOUND;
    return st == ST_NOT_FOUND || st == ST_CORRUPT ? ST_OK : st;
}

static enum status settle_pair(struct pair *p, const struct decision *d)
{
    const struct report_record *current = &p->w->stored->record;
    bool gone, purged;
    enum status st = holding_get(p->w->t->txn, p->partner, p->w->id, &p->h);
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    p->known = st == ST_OK;
    TRY(copy_was_purged(p, &purged));
    TRY(copy_is_gone(p, purged, &gone));
    // Another source's copy may take its place at once; else a received withdrawal goes on, also to lapsed copies.
    if (gone && (p->h.lapsed || p->h.version > current->version || !decision_permits(d)))
        TRY(withdraw(p));
    if (decision_permits(d))
        return permit_pair(p, p->w->stored, d);
    // A new version that is denied takes back what was given before, though its content is purged here.
    if (purged && p->w->cause == CAUSE_RECEIVE && d->outcome == OUTCOME_DENY && p->h.version < current->version)
        return withdraw(p);
    if (!is_live(p))
        return ST_OK;
    return p->h.version == current->version ? stop_pair(p, p->w->stored, d) : stop_older(p, d);
}

static enum status settle_all(struct work *w, struct decision *ret)
{
    const struct ruleset *rs = w->t->core->rules;
    for (size_t i = 0; i < ruleset_partner_count(rs); i++) {
        struct decision d;
        struct pair p = {.w = w, .index = i, .partner = ruleset_partner(rs, i)->id};
        TRY(decide_current(w, &w->decider, w->t->now, i, &d));
        w->t->counts.decisions[d.outcome]++;
        TRY(decision_element(w->stored->report, p.partner, &d, &w->detail));
        TRY(settle_pair(&p, &d));
        if (d.outcome == OUTCOME_HOLD)
            w->held[w->held_count++] = p.partner;
        if (d.own_change < w->next)
            w->next = d.own_change;
        if (ret)
            ret[i] = d;
    }
    return ST_OK;
}

// Whoever holds it and stands in the policy no longer: nothing is permitted.
static enum status settle_unlisted(void *ctx, const char *partner)
{
    struct work *w = ctx;
    const struct decision none = {.outcome = OUTCOME_DENY, .reason = REASON_NO_AGREEMENT};
    struct pair p = {.w = w, .index = SIZE_MAX, .partner = partner};
    return ruleset_partner_index(w->t->core->rules, partner) == SIZE_MAX ? settle_pair(&p, &none) : ST_OK;
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
    char policy[DIGEST_TEXT_LEN + 1], copy[DIGEST_TEXT_LEN + 1], stored[UTC_TEXT_MAX];
    const struct report_record *rec = &w->stored->record;
    struct audit_event ev = {.kind = AUDIT_DECIDE, .actor = "node", .has_report = true, .report = w->id,
                             .version = w->stored->record.version, .detail = buf_bytes(&w->detail)};
    audit_event_attr(&ev, "cause", cause_text(w->cause));
    if (w->gone.len)
        audit_event_attr(&ev, "gone", buf_cstr(&w->gone));
    if (w->some)
        audit_event_attr(&ev, "partners", "some");
    audit_event_attr(&ev, "policy", digest_text(&w->policy, policy));
    if (rec->source[0]) { // of own versions, the publication says which bytes they are
        audit_event_attr(&ev, "copy", digest_text(&rec->digest, copy));
        audit_event_attr(&ev, "onward", onward_text(rec->onward));
        audit_event_attr(&ev, "source", rec->source);
        audit_event_attr(&ev, "stored", utc_format_ms(rec->stored_at, stored)); // embargoes count from it
    }
    return tick_log(w->t, &ev);
}

// ---- no copy that could be read

static enum status lapse_damaged(void *ctx, const char *partner)
{
    struct work *w = ctx;
    struct holding h;
    TRY(holding_get(w->t->txn, partner, w->id, &h));
    if (h.kind != ENTRY_RELEASE || h.lapsed)
        return ST_OK;
    return entry_lapse(w->t, partner, w->id, &h, outcome_text(OUTCOME_DENY), "damaged");
}

// The stored bytes are not what was stored: they are never sent, and nothing waits for them. Whoever has the report
// keeps it; when the bytes are restored and decided on, a new release is written.
static enum status set_aside(struct work *w)
{
    struct audit_event ev = {.kind = AUDIT_QUARANTINE, .actor = "node", .has_report = true, .report = w->id};
    audit_event_attr(&ev, "reason", "damaged");
    TRY(tick_log(w->t, &ev));
    TRY(holding_each_partner(w->t->txn, w->id, lapse_damaged, w));
    TRY(outline_keep_none(w->t, w->id));
    TRY(holds_set(w->t->txn, w->id, 0, w->t->now, NULL, 0));
    return schedule_set(w->t->txn, w->id, UTC_MAX);
}

// ---- a report

static enum status redecide(struct work *w, struct decision *ret)
{
    w->policy = *ruleset_digest(w->t->core->rules);
    TRY(outline_begin(w->t));
    TRY(grants_generation(w->t->txn, w->id, &w->grants));
    TRY(settle_all(w, ret));
    TRY(holding_each_partner(w->t->txn, w->id, settle_unlisted, w));
    TRY(log_decisions(w));
    TRY(holds_set(w->t->txn, w->id, w->stored->record.version, w->t->now, w->held, w->held_count));
    TRY(w->beside ? outline_keep_none(w->t, w->id) : outline_keep(w->t, w->stored));
    return schedule_set(w->t->txn, w->id, w->next);
}

// The detail of an event is replaced by its digest when it is long; here it only has to be bounded.
enum { DETAIL_BYTES_MAX = 64 * 1024 * 1024 };

static enum status redecide_all(struct work *w, struct decision *ret)
{
    buf_init(&w->detail, DETAIL_BYTES_MAX);
    enum status st = redecide(w, ret);
    buf_fini(&w->detail);
    record_free(&w->older);
    forget_deciders(w);
    return st;
}

struct purged_report {
    struct tick *t;
    struct uuid id;
    uint32_t version; // what was purged
};

// Versions that came after the purged one were withdrawn.
static enum status withdraw_later(void *ctx, const char *partner)
{
    struct purged_report *p = ctx;
    struct holding h;
    TRY(holding_get(p->t->txn, partner, p->id, &h));
    if (h.kind != ENTRY_RELEASE || (h.lapsed && h.version <= p->version))
        return ST_OK;
    return entry_end(p->t, partner, p->id, &h, ENTRY_WITHDRAW);
}

// No copy is left: the sources withdrew it, or it was purged, which takes nothing back.
static enum status end_without_copy(struct tick *t, struct uuid id)
{
    struct purged_copy purged;
    enum status st = reports_purged(t->txn, id, NULL, &purged);
    TRY(outlines_drop(t->txn, id));
    if (st == ST_NOT_FOUND)
        return entry_end_everywhere(t, id, ENTRY_WITHDRAW);
    if (st != ST_OK)
        return st;
    struct purged_report p = {t, id, purged.version};
    TRY(holding_each_partner(t->txn, id, withdraw_later, &p));
    TRY(holds_set(t->txn, id, 0, t->now, NULL, 0));
    return schedule_set(t->txn, id, UTC_MAX);
}

enum status release_report(struct tick *t, struct uuid id, enum release_cause cause, struct decision *ret)
{
    struct work w = {.t = t, .id = id, .cause = cause, .next = UTC_MAX};
    enum status st = record_load_current(t, id, &w.stored);
    if (st == ST_GONE)
        return ST_OK;
    if (st == ST_NOT_FOUND)
        return end_without_copy(t, id);
    if (st == ST_CORRUPT)
        return set_aside(&w);
    if (st != ST_OK)
        return st;
    st = redecide_all(&w, ret);
    record_free(&w.stored);
    return st;
}

enum status release_stored(struct tick *t, struct stored_report *s, enum release_cause cause, struct decision *ret)
{
    struct work w = {.t = t, .id = s->record.id, .cause = cause, .next = UTC_MAX, .stored = s};
    struct report_record current;
    TRY(reports_current(t->txn, s->record.id, &current));
    bool same = current.version == s->record.version && strcmp(current.source, s->record.source) == 0;
    return same && digest_eq(&current.digest, &s->record.digest) ? redecide_all(&w, ret)
                                                                 : release_report(t, s->record.id, cause, ret);
}

// ---- some partners of a report

// One of them; SIZE_MAX = the policy names it no longer.
static enum status settle_one(struct work *w, size_t index, const char *partner, bool has_references)
{
    struct pair p = {.w = w, .index = index, .partner = partner};
    struct decision d = {.outcome = OUTCOME_DENY, .reason = REASON_NO_AGREEMENT, .own_change = UTC_MAX};
    if (index != SIZE_MAX) {
        TRY(decide_current(w, &w->decider, w->t->now, index, &d));
        w->t->counts.decisions[d.outcome]++;
        if (has_references || withholds(&d.withheld))
            TRY(need_whole(w));
        TRY(decision_element(w->stored->report, partner, &d, &w->detail));
    }
    TRY(settle_pair(&p, &d));
    if (d.own_change < w->next)
        w->next = d.own_change;
    return holds_change(w->t->txn, w->id, w->stored->record.version, w->t->now, partner, d.outcome == OUTCOME_HOLD);
}

// Events stay short enough to hold what they tell, instead of its digest.
enum { SOME_DETAIL_BYTES = 16 * 1024 };

static enum status log_some(struct work *w, size_t beyond)
{
    if (w->detail.len + w->gone.len <= beyond)
        return ST_OK;
    TRY(log_decisions(w));
    if (w->changed)
        buf_reset(&w->detail);
    w->changed = false;
    return ST_OK;
}

static enum status settle_some(struct work *w, const struct release_some *s)
{
    const struct ruleset *rs = w->t->core->rules;
    w->policy = *ruleset_digest(rs);
    TRY(grants_generation(w->t->txn, w->id, &w->grants));
    for (size_t i = partner_set_next(&s->partners, 0); i < PARTNERS_MAX; i = partner_set_next(&s->partners, i + 1)) {
        TRY(settle_one(w, i, ruleset_partner(rs, i)->id, s->outline->has_references));
        TRY(log_some(w, SOME_DETAIL_BYTES));
    }
    for (size_t i = 0; i < s->gone_count; i++) {
        buf_printf(&w->gone, "%s%s", i ? " " : "", s->gone[i]);
        TRY(settle_one(w, SIZE_MAX, s->gone[i], s->outline->has_references));
    }
    TRY(buf_status(&w->gone));
    TRY(log_some(w, 0));
    if (w->beside)
        TRY(outline_keep_none(w->t, w->id));
    return schedule_forward(w->t->txn, w->id, w->next);
}

// The record of the copy that the outline was made of, if that is the current one still; else *ret_current is false.
static enum status outlined_record(struct tick *t, const struct release_some *s, struct report_record *ret, bool *ret_current)
{
    *ret_current = false;
    if (s->of->version) {
        *ret = *s->of;
        return reports_is_current(t->txn, ret, ret_current);
    }
    enum status st = reports_current(t->txn, s->known.report, ret);
    *ret_current = st == ST_OK && !ret->damaged && outlines_copy(&ret->digest) == s->known.copy;
    return st;
}

enum status release_some(struct tick *t, const struct release_some *s, enum release_cause cause)
{
    bool current;
    struct report report = *s->outline->report;
    struct stored_report stored = {.report = &report};
    struct work w = {.t = t, .id = s->known.report, .cause = cause, .next = UTC_MAX, .stored = &stored, .outlined = true,
                     .some = true};
    enum status st = outlined_record(t, s, &stored.record, &current);
    if (st != ST_OK || !current)
        return release_report(t, w.id, cause, NULL);
    report.has_id = report.has_version = true;
    report.id = w.id;
    report.version = stored.record.version;
    report.issued = stored.record.issued;
    buf_init(&w.detail, DETAIL_BYTES_MAX);
    buf_init(&w.gone, PARTNERS_MAX * (PARTNER_ID_MAX + 1));
    st = settle_some(&w, s);
    buf_fini(&w.detail);
    buf_fini(&w.gone);
    forget_deciders(&w);
    record_free(&w.whole);
    record_free(&w.older);
    return st;
}

// The highest version that was here, or 0. ST_GONE.
static enum status version_known(struct tick *t, struct uuid id, uint32_t *ret)
{
    struct report_record current = {.version = 0};
    struct purged_copy purged = {.version = 0};
    struct report_traces traces;
    enum status st = reports_current(t->txn, id, &current);
    if (st == ST_CORRUPT) {
        st = reports_traces(t->txn, id, &traces);
        *ret = traces.version;
        return st;
    }
    if (st != ST_NOT_FOUND) {
        *ret = current.version;
        return st;
    }
    st = reports_purged(t->txn, id, NULL, &purged);
    *ret = purged.version;
    return st == ST_NOT_FOUND ? ST_OK : st;
}

// A recall needs nothing of the content. Where the stored copy cannot be read it is obeyed all the same, everywhere and for every copy.
enum status release_recall(struct tick *t, struct uuid id, const char *by, const char *reason)
{
    struct recall_record rec = {.at = t->now};
    enum status st = version_known(t, id, &rec.version);
    if (st != ST_OK)
        return st == ST_GONE ? ST_OK : st;
    snprintf(rec.by, sizeof rec.by, "%s", by);
    snprintf(rec.reason, sizeof rec.reason, "%s", reason);
    struct audit_event ev = {.kind = AUDIT_RECALL, .actor = by, .has_report = true, .report = id, .version = rec.version};
    audit_event_attr(&ev, "reason", reason);
    TRY(tick_log(t, &ev));
    TRY(entry_end_everywhere(t, id, ENTRY_RECALL));
    TRY(outlines_drop(t->txn, id));
    t->counts.recalled++;
    return reports_recall(t->txn, id, &rec);
}
