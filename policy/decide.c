#include "policy/decide.h"

#include <string.h>

#include "formats/base/bug.h"
#include "policy/decide_case.h"

// One pair being decided.
struct deciding {
    struct decide_case *c;
    size_t partner;
    const struct decide_record *rec;
    bool received;
    const struct agreement_rule *governing;
    struct decision *out;
};

// Each line of the table (spec 3.4) says whether it has decided.
enum progress { DECIDED = 0, GO_ON };

static enum progress settle(struct deciding *d, enum outcome outcome, enum reason reason)
{
    d->out->outcome = outcome;
    d->out->reason = reason;
    return DECIDED;
}

static enum progress line_1_originator(struct deciding *d)
{
    const char *partner = ruleset_partner(d->c->labels.rs, d->partner)->id;
    if (strcmp(partner, d->c->report->nation) == 0)
        return settle(d, OUTCOME_DENY, REASON_ORIGINATOR);
    return GO_ON;
}

static enum progress line_2_denials(struct deciding *d)
{
    const struct ruleset *rs = d->c->labels.rs;
    for (size_t i = 0; i < rs->doc->denial_count; i++) {
        if (!decide_case_denial_names(d->c, i, d->partner) || !decide_case_denial_fires(d->c, i))
            continue;
        d->out->rule = rs->doc->denials[i].id;
        d->out->rule_withdraws = rs->doc->denials[i].withdraw;
        return settle(d, OUTCOME_DENY, REASON_RULE);
    }
    return GO_ON;
}

static enum progress line_3_agreement(struct deciding *d)
{
    d->governing = decide_case_governing(d->c, d->partner);
    if (!d->governing)
        return settle(d, OUTCOME_DENY, REASON_NO_AGREEMENT);
    d->out->agreement = d->governing->doc->id;
    d->out->terms = d->governing->doc->terms;
    return GO_ON;
}

static enum progress line_4_originator_control(struct deciding *d)
{
    if (!d->received)
        return GO_ON;
    // Terms that are not recorded are the strictest.
    enum onward onward = d->rec->received ? d->rec->onward : ONWARD_FORBIDDEN;
    switch (onward) {
    case ONWARD_PERMITTED:
        return GO_ON;
    case ONWARD_CONSENT:
        return d->rec->consented ? GO_ON : settle(d, OUTCOME_CONSENT, REASON_ORIGINATOR_CONSENT);
    case ONWARD_FORBIDDEN:
        return settle(d, OUTCOME_DENY, REASON_ORIGINATOR_CONTROL);
    }
    return settle(d, OUTCOME_DENY, REASON_ORIGINATOR_CONTROL);
}

static void check(struct deciding *d, struct label_element *e, struct label_verdict *ret)
{
    label_check(&d->c->labels, e, d->partner, d->governing->limits, ret);
}

static enum progress line_5_header(struct deciding *d)
{
    struct label_verdict v;
    check(d, decide_case_header(d->c), &v);
    return v.passes ? GO_ON : settle(d, OUTCOME_DENY, v.reason);
}

// What line 6 finds out about the elements.
struct element_count {
    bool some_withheld, portion_passes, portion_seen;
    enum reason first_portion; // why the first portion fails
};

static void judge_child(struct deciding *d, size_t i, struct withheld_set *withheld, struct element_count *n)
{
    const struct report_child *child = &d->c->report->children[i];
    struct label_verdict v = {.reason = REASON_UNKNOWN_POLICY};
    switch (decide_element_kind(d->c->report, i, d->received)) {
    case ELEMENT_NONE:
        return;
    case ELEMENT_WITHHELD:
        break;
    case ELEMENT_PRESENT:
        check(d, decide_case_child(d->c, i), &v);
        break;
    }
    if (!v.passes) {
        n->some_withheld = true;
        withheld_add(withheld, i);
    }
    if (child->kind != REPORT_PORTION)
        return;
    n->portion_passes |= v.passes;
    if (!n->portion_seen)
        n->first_portion = v.reason;
    n->portion_seen = true;
}

static enum progress line_6_elements(struct deciding *d)
{
    struct label_verdict overall;
    struct withheld_set withheld = {0};
    struct element_count n = {.first_portion = REASON_UNKNOWN_POLICY};
    check(d, &d->c->overall, &overall);
    withheld.overall = !overall.passes;
    for (size_t i = 0; i < d->c->report->child_count; i++)
        judge_child(d, i, &withheld, &n);
    if (!n.some_withheld && overall.passes && n.portion_passes) {
        d->out->outcome = OUTCOME_RELEASE;
        return GO_ON;
    }
    if (!overall.passes && !d->c->report->separable)
        return settle(d, OUTCOME_DENY, overall.reason);
    if (!n.some_withheld && n.portion_passes)
        return settle(d, OUTCOME_DENY, REASON_COMPILATION);
    if (!n.portion_passes)
        return settle(d, OUTCOME_DENY, overall.passes ? n.first_portion : overall.reason);
    if (!d->governing->doc->terms.redaction_permitted)
        return settle(d, OUTCOME_DENY, REASON_REDACTION_FORBIDDEN);
    d->out->outcome = OUTCOME_REDACT;
    d->out->withheld = withheld;
    return GO_ON;
}

static enum progress line_7_embargo(struct deciding *d)
{
    const struct report *r = d->c->report;
    utc_ms issued = r->has_issued ? r->issued : d->c->labels.t;
    if (d->rec->stored_at > issued)
        issued = d->rec->stored_at;
    utc_ms until = utc_add(issued, d->governing->doc->terms.embargo_ms);
    if (d->c->labels.t >= until)
        return GO_ON;
    d->out->until = until;
    return settle(d, OUTCOME_EMBARGO, REASON_NONE);
}

// An approval does not cover more than it showed: all elements that it withheld are withheld now too. References
// and decoys are no elements, so that it does not matter which of them its rendition withheld.
static bool approval_covers(const struct deciding *d)
{
    const struct withheld_set *approved = &d->rec->approved_withheld, *now = &d->out->withheld;
    const struct report *r = d->c->report;
    if (approved->overall && !now->overall)
        return false;
    for (size_t i = 0; i < r->child_count; i++)
        if (withheld_has(approved, i) && !withheld_has(now, i) &&
            decide_element_kind(r, i, d->received) != ELEMENT_NONE)
            return false;
    return true;
}

static enum progress line_8_approval(struct deciding *d)
{
    const struct decide_record *rec = d->rec;
    if (rec->refused)
        return settle(d, OUTCOME_DENY, REASON_REFUSED);
    bool covers = rec->any_approvals_count || approval_covers(d);
    uint32_t approvals = covers ? rec->approvals : 0;
    if (approvals < d->governing->doc->terms.approval)
        return settle(d, OUTCOME_HOLD, REASON_APPROVAL);
    return GO_ON;
}

static void run_table(struct deciding *d)
{
    static enum progress (*const lines[])(struct deciding *d) = {
        line_1_originator, line_2_denials,  line_3_agreement, line_4_originator_control,
        line_5_header,     line_6_elements, line_7_embargo,   line_8_approval,
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (lines[i](d) == DECIDED)
            return;
    // Line 9: release or redact, as line 6 found.
}

static utc_ms next_change(const struct deciding *d)
{
    utc_ms next = ruleset_next_instant(d->c->labels.rs, d->partner, d->c->labels.t);
    if (d->c->next_label < next)
        next = d->c->next_label;
    if (d->out->outcome == OUTCOME_EMBARGO && d->out->until < next)
        next = d->out->until;
    return next;
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
        *ret = (struct decision){.next_change = c->labels.t};
    else
        ret->next_change = next_change(&d);
    return st;
}

void decide(const struct ruleset *rs, const struct report *r, size_t partner, utc_ms t,
            const struct decide_record *rec, struct decision *ret)
{
    *ret = (struct decision){.next_change = t};
    struct arena *a = arena_new(DECIDE_BYTES_MAX);
    if (!a)
        return;
    struct decide_case c;
    if (decide_case_init(&c, rs, r, t, a) != ST_OK || decide_case_partner(&c, partner, rec, ret) != ST_OK)
        *ret = (struct decision){.next_change = t};
    arena_free(&a);
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
