#include "policy/decide.h"

#include <stdlib.h>
#include <string.h>

#include "formats/base/bug.h"
#include "policy/decide_case.h"

// One pair being decided: facts are found in the order of the table (spec 3.4), as far as the table goes.
struct deciding {
    struct decide_case *c;
    size_t partner;
    const struct decide_record *rec;
    bool received;
    const struct agreement_rule *governing;
    utc_ms embargo_until;
    struct withheld_set withheld;
    struct kernel_facts facts;
    struct decision *out;
};

// ---- each finds the facts of one line, and says whether the next is worth a look

static bool find_originator(struct deciding *d)
{
    const char *partner = ruleset_partner(d->c->labels.rs, d->partner)->id;
    d->facts.other_nation = strcmp(partner, d->c->report->nation) != 0;
    return d->facts.other_nation;
}

static bool find_denial(struct deciding *d)
{
    const struct ruleset *rs = d->c->labels.rs;
    for (size_t i = 0; i < rs->doc->denial_count; i++) {
        if (!decide_case_denial_names(d->c, i, d->partner) || !decide_case_denial_fires(d->c, i))
            continue;
        d->out->rule = rs->doc->denials[i].id;
        d->out->rule_withdraws = rs->doc->denials[i].withdraw;
        return false;
    }
    d->facts.no_denial = true;
    return true;
}

static bool find_agreement(struct deciding *d)
{
    d->governing = decide_case_governing(d->c, d->partner);
    if (!d->governing)
        return false;
    d->facts.governed = true;
    d->out->agreement = d->governing->doc->id;
    d->out->terms = d->governing->doc->terms;
    return true;
}

static bool find_onward(struct deciding *d)
{
    // Terms that are not recorded are the strictest.
    enum onward onward = d->rec->received ? d->rec->onward : ONWARD_FORBIDDEN;
    d->facts.onward_free = !d->received || onward == ONWARD_PERMITTED;
    d->facts.onward_by_consent = onward == ONWARD_CONSENT;
    d->facts.consented = d->rec->consented;
    return d->facts.onward_free || (d->facts.onward_by_consent && d->facts.consented);
}

static struct kernel_pass check(struct deciding *d, struct label_element *e)
{
    struct label_verdict v;
    label_check(&d->c->labels, e, d->partner, d->governing->limits, &v);
    return (struct kernel_pass){v.passes, v.reason};
}

static bool find_header(struct deciding *d)
{
    d->facts.header = check(d, decide_case_header(d->c));
    return d->facts.header.passes;
}

static void judge_child(struct deciding *d, size_t i, bool *portion_seen)
{
    struct kernel_pass pass = {.reason = REASON_UNKNOWN_POLICY};
    switch (decide_element_kind(d->c->report, i, d->received)) {
    case ELEMENT_NONE:
        return;
    case ELEMENT_WITHHELD:
        break;
    case ELEMENT_PRESENT:
        pass = check(d, decide_case_child(d->c, i));
        break;
    }
    if (!pass.passes) {
        d->facts.none_withheld = false;
        withheld_add(&d->withheld, i);
    }
    if (d->c->report->children[i].kind != REPORT_PORTION)
        return;
    d->facts.portion_passes |= pass.passes;
    if (!*portion_seen)
        d->facts.first_portion = pass.reason;
    *portion_seen = true;
}

static bool find_elements(struct deciding *d)
{
    bool portion_seen = false;
    d->facts.overall = check(d, &d->c->overall);
    d->facts.separable = d->c->report->separable;
    d->facts.first_portion = REASON_UNKNOWN_POLICY;
    d->facts.redaction_permitted = d->governing->doc->terms.redaction_permitted;
    d->facts.none_withheld = true;
    d->withheld.overall = !d->facts.overall.passes;
    for (size_t i = 0; i < d->c->report->child_count; i++)
        judge_child(d, i, &portion_seen);
    return true;
}

static bool find_embargo(struct deciding *d)
{
    const struct report *r = d->c->report;
    utc_ms issued = r->has_issued ? r->issued : d->c->labels.t;
    if (d->rec->stored_at > issued)
        issued = d->rec->stored_at;
    d->embargo_until = utc_add(issued, d->governing->doc->terms.embargo_ms);
    d->facts.embargo_over = d->c->labels.t >= d->embargo_until;
    return d->facts.embargo_over;
}

// An approval does not cover more than it showed: all elements that it withheld are withheld now too. References
// and decoys are no elements, so that it does not matter which of them its rendition withheld.
static bool approval_covers(const struct deciding *d, const struct withheld_set *now)
{
    const struct withheld_set *approved = &d->rec->approved_withheld;
    const struct report *r = d->c->report;
    if (approved->overall && !now->overall)
        return false;
    for (size_t i = 0; i < r->child_count; i++)
        if (withheld_has(approved, i) && !withheld_has(now, i) &&
            decide_element_kind(r, i, d->received) != ELEMENT_NONE)
            return false;
    return true;
}

static bool find_approval(struct deciding *d)
{
    bool covers = d->rec->any_approvals_count || approval_covers(d, &d->withheld);
    d->facts.not_refused = !d->rec->refused;
    d->facts.approvals = covers ? d->rec->approvals : 0;
    d->facts.approvals_wanted = d->governing->doc->terms.approval;
    return true;
}

static void run_table(struct deciding *d)
{
    static bool (*const lines[])(struct deciding *d) = {
        find_originator, find_denial,   find_agreement, find_onward,
        find_header,     find_elements, find_embargo,   find_approval,
    };
    // What is not found is as good as false: the kernel then denies.
    for (size_t i = 0; i < sizeof lines / sizeof *lines && lines[i](d); i++)
        ;
    struct kernel_result r = kernel_decide(&d->facts);
    d->out->outcome = r.outcome;
    d->out->reason = r.reason;
    if (r.redacted)
        d->out->withheld = d->withheld;
    if (r.outcome == OUTCOME_EMBARGO)
        d->out->until = d->embargo_until;
}

static void find_next_change(const struct deciding *d)
{
    utc_ms next = ruleset_next_instant(d->c->labels.rs, d->partner, d->c->labels.t), own = d->c->next_label;
    if (d->out->outcome == OUTCOME_EMBARGO && d->out->until < own)
        own = d->out->until;
    d->out->own_change = own;
    d->out->next_change = own < next ? own : next;
}

enum status decide_case_partner(struct decide_case *c, size_t partner, const struct decide_record *rec,
                                struct decision *ret)
{
    BUG_IF(partner >= ruleset_partner_count(c->labels.rs));
    *ret = (struct decision){0};
    struct deciding d = {
        .c = c,
        .partner = partner,
        .rec = rec,
        .received = decide_received(c->labels.rs, c->report, rec),
        .out = ret,
    };
    run_table(&d);
    enum status st = arena_status(c->labels.arena);
    if (st != ST_OK)
        *ret = (struct decision){.next_change = c->labels.t, .own_change = c->labels.t};
    else
        find_next_change(&d);
    return st;
}

struct decider {
    struct decide_case c;
    struct arena *arena;
};

struct decider *decider_new(const struct ruleset *rs, const struct report *r, utc_ms t)
{
    struct decider *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->arena = arena_new(DECIDE_BYTES_MAX);
    if (!d->arena || decide_case_init(&d->c, rs, r, t, d->arena) != ST_OK)
        decider_free(&d);
    return d;
}

void decider_free(struct decider **d)
{
    if (!*d)
        return;
    arena_free(&(*d)->arena);
    free(*d);
    *d = NULL;
}

void decider_decide(struct decider *d, size_t partner, const struct decide_record *rec, struct decision *ret)
{
    if (decide_case_partner(&d->c, partner, rec, ret) != ST_OK)
        *ret = (struct decision){.next_change = d->c.labels.t, .own_change = d->c.labels.t};
}

void decide(const struct ruleset *rs, const struct report *r, size_t partner, utc_ms t,
            const struct decide_record *rec, struct decision *ret)
{
    struct decider *d = decider_new(rs, r, t);
    *ret = (struct decision){.next_change = t, .own_change = t};
    if (d)
        decider_decide(d, partner, rec, ret);
    decider_free(&d);
}

// ---- narrower labels

static bool now_fails(struct decide_case *c, struct label_element *e, size_t partner)
{
    struct label_verdict v;
    label_check(&c->labels, e, partner, NULL, &v);
    return !v.passes;
}

static bool labels_narrower(struct decide_case *c, size_t partner, const struct withheld_set *before)
{
    if (now_fails(c, decide_case_header(c), partner))
        return true;
    if (!before->overall && now_fails(c, &c->overall, partner))
        return true;
    for (size_t i = 0; i < c->report->child_count; i++)
        if (!withheld_has(before, i) && decide_element_kind(c->report, i, false) == ELEMENT_PRESENT &&
            now_fails(c, decide_case_child(c, i), partner))
            return true;
    return false;
}

bool decision_permits(const struct decision *dec)
{
    switch (dec->outcome) {
    case OUTCOME_RELEASE:
    case OUTCOME_REDACT:
        return true;
    case OUTCOME_DENY:
    case OUTCOME_HOLD:
    case OUTCOME_CONSENT:
    case OUTCOME_EMBARGO:
        return false;
    }
    return false;
}

bool decide_labels_narrower(const struct ruleset *rs, const struct report *r, size_t partner, utc_ms t,
                            const struct withheld_set *before)
{
    BUG_IF(partner >= ruleset_partner_count(rs));
    struct arena *a = arena_new(DECIDE_BYTES_MAX);
    if (!a)
        return true;
    struct decide_case c;
    // What cannot be found out counts as narrower: the copy is withdrawn, not left standing.
    bool narrower = decide_case_init(&c, rs, r, t, a) != ST_OK || labels_narrower(&c, partner, before) ||
                    arena_status(a) != ST_OK;
    arena_free(&a);
    return narrower;
}

static bool succession_between(const struct label *label, utc_ms after, utc_ms upto)
{
    if (!label || !label->originator)
        return false;
    bool changed = label_effective(label->originator, after) != label_effective(label->originator, upto);
    for (size_t i = 0; i < label->alternative_count && !changed; i++)
        changed = label_effective(label->alternatives[i], after) != label_effective(label->alternatives[i], upto);
    return changed;
}

bool decide_labels_changed(const struct report *r, utc_ms after, utc_ms upto)
{
    bool changed = succession_between(r->label, after, upto) || succession_between(r->header_label, after, upto);
    for (size_t i = 0; i < r->child_count && !changed; i++)
        changed = succession_between(r->children[i].label, after, upto);
    return changed;
}
