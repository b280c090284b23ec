// Spec 3.4: decide(R, P, t) takes the first line that applies.
#include "tests/support/oracle.h"

#include <string.h>

#include "tests/support/oracle_parts.h"

static bool is_element(const struct report_child *c)
{
    return c->kind == REPORT_PORTION || c->kind == REPORT_ATTACHMENT;
}

// "R came from another nation": it says so itself, or the record does.
static bool came_from_elsewhere(const struct oracle *o, const struct report *r, const struct decide_record *rec)
{
    return rec->received || strcmp(r->nation, o->doc->nation) != 0;
}

static const struct label *label_of(const struct report *r, const struct report_child *c)
{
    return c->label ? c->label : r->label; // "without a label takes the overall label"
}

// Line 2.
static const struct policy_denial *denial(const struct oracle *o, const struct report *r,
                                          const struct policy_partner *p, utc_ms t)
{
    for (size_t i = 0; i < o->doc->denial_count; i++) {
        const struct policy_denial *d = &o->doc->denials[i];
        // "At the top an unknown `when` counts as true"
        if (oracle_names(o, d->partners, d->partner_count, p->id, t)
            && oracle_condition(o, &d->when, r, t) != ORACLE_FALSE)
            return d;
    }
    return NULL;
}

// "only if an `exercise` condition stands directly in its `scope` … and holds"
static bool covers_exercise(const struct oracle *o, const struct policy_agreement *g, const struct report *r, utc_ms t)
{
    if (r->exercise_count == 0)
        return true;
    for (size_t i = 0; i < g->scope.child_count; i++)
        if (g->scope.children[i].kind == COND_EXERCISE
            && oracle_condition(o, &g->scope.children[i], r, t) == ORACLE_TRUE)
            return true;
    return false;
}

// Line 3.
static const struct policy_agreement *governing(const struct oracle *o, const struct report *r,
                                                const struct policy_partner *p, utc_ms t)
{
    for (size_t i = 0; i < o->doc->agreement_count; i++) {
        const struct policy_agreement *g = &o->doc->agreements[i];
        if (oracle_valid_at(g->valid, t) && oracle_names(o, g->parties, g->party_count, p->id, t)
            && oracle_condition(o, &g->scope, r, t) == ORACLE_TRUE && covers_exercise(o, g, r, t))
            return g;
    }
    return NULL;
}

// What line 6 counts.
struct tally {
    size_t withheld, portions_pass;
    enum reason overall, first_portion;
};

static void tally(const struct oracle *o, const struct report *r, const struct policy_partner *p, utc_ms t,
                  const struct policy_agreement *g, const struct decide_record *rec, struct tally *n,
                  struct withheld_set *w)
{
    bool portion_seen = false;
    n->first_portion = REASON_UNKNOWN_POLICY; // stays when every portion was withheld from us
    n->overall = oracle_label_check(o, r->label, p, t, g);
    w->overall = n->overall != REASON_NONE;
    for (size_t i = 0; i < r->child_count; i++) {
        const struct report_child *c = &r->children[i];
        if (c->kind == REPORT_WITHHELD && came_from_elsewhere(o, r, rec)) { // in our own reports it is a decoy: no element
            withheld_add(w, i);
            n->withheld++;
        }
        if (!is_element(c))
            continue;
        enum reason reason = oracle_label_check(o, label_of(r, c), p, t, g);
        if (c->kind == REPORT_PORTION && !portion_seen)
            n->first_portion = reason;
        portion_seen = portion_seen || c->kind == REPORT_PORTION;
        n->portions_pass += c->kind == REPORT_PORTION && reason == REASON_NONE;
        if (reason != REASON_NONE) {
            withheld_add(w, i);
            n->withheld++;
        }
    }
}

// Line 6. Sets outcome (release or redact to go on with), reason and withheld.
static void parts(const struct oracle *o, const struct report *r, const struct policy_partner *p, utc_ms t,
                  const struct policy_agreement *g, const struct decide_record *rec, struct decision *ret)
{
    struct tally n = {0};
    struct withheld_set w = {0};
    tally(o, r, p, t, g, rec, &n, &w);
    bool overall_passes = n.overall == REASON_NONE;
    if (n.withheld == 0 && overall_passes) {
        ret->outcome = OUTCOME_RELEASE;
    } else if (!overall_passes && !r->separable) {
        ret->reason = n.overall;
    } else if (n.withheld == 0 && !overall_passes) {
        ret->reason = REASON_COMPILATION;
    } else if (n.portions_pass == 0) {
        ret->reason = !overall_passes ? n.overall : n.first_portion;
    } else if (!g->terms.redaction_permitted) {
        ret->reason = REASON_REDACTION_FORBIDDEN;
    } else {
        ret->outcome = OUTCOME_REDACT;
        ret->withheld = w;
    }
}

// "it does not cover a larger set"
static bool approved_set_covers(const struct decide_record *rec, const struct report *r, const struct withheld_set *now)
{
    if (rec->any_approvals_count)
        return true;
    if (rec->approved_withheld.overall && !now->overall)
        return false;
    for (size_t i = 0; i < r->child_count; i++)
        if (is_element(&r->children[i]) && withheld_has(&rec->approved_withheld, i) && !withheld_has(now, i))
            return false;
    return true;
}

// Lines 7 and 8, after line 6 went on with release or redact.
static void wait_for_time_and_people(const struct report *r, utc_ms t, const struct decide_record *rec,
                                     struct decision *ret)
{
    utc_ms issued = r->has_issued ? r->issued : t; // "For a draft, t counts as issued"
    utc_ms since = rec->stored_at > issued ? rec->stored_at : issued;
    utc_ms until = utc_add(since, ret->terms.embargo_ms);
    uint32_t approvals = approved_set_covers(rec, r, &ret->withheld) ? rec->approvals : 0;
    if (t < until) {
        ret->outcome = OUTCOME_EMBARGO;
        ret->until = until;
    } else if (rec->refused) {
        ret->outcome = OUTCOME_DENY;
        ret->reason = REASON_REFUSED;
    } else if (approvals < ret->terms.approval) {
        ret->outcome = OUTCOME_HOLD;
        ret->reason = REASON_APPROVAL;
    }
}

void oracle_decide(const struct oracle *o, const struct report *r, size_t partner, utc_ms t,
                   const struct decide_record *rec, struct decision *ret)
{
    const struct policy_partner *p = &o->doc->partners[partner];
    memset(ret, 0, sizeof *ret);
    if (strcmp(p->id, r->nation) == 0) { // line 1
        ret->reason = REASON_ORIGINATOR;
        return;
    }
    const struct policy_denial *d = denial(o, r, p, t); // line 2
    if (d) {
        ret->reason = REASON_RULE;
        ret->rule = d->id;
        ret->rule_withdraws = d->withdraw;
        return;
    }
    const struct policy_agreement *g = governing(o, r, p, t); // line 3
    if (!g) {
        ret->reason = REASON_NO_AGREEMENT;
        return;
    }
    ret->agreement = g->id;
    ret->terms = g->terms;
    // line 4; terms that were not recorded are the strictest
    if (came_from_elsewhere(o, r, rec) && (!rec->received || rec->onward == ONWARD_FORBIDDEN)) {
        ret->reason = REASON_ORIGINATOR_CONTROL;
        return;
    }
    if (rec->received && rec->onward == ONWARD_CONSENT && !rec->consented) {
        ret->outcome = OUTCOME_CONSENT;
        ret->reason = REASON_ORIGINATOR_CONSENT;
        return;
    }
    ret->reason = oracle_label_check(o, r->header_label ? r->header_label : r->label, p, t, g); // line 5
    if (ret->reason != REASON_NONE)
        return;
    parts(o, r, p, t, g, rec, ret); // line 6
    if (ret->outcome != OUTCOME_DENY)
        wait_for_time_and_people(r, t, rec, ret); // lines 7 to 9
}

bool oracle_labels_narrower(const struct oracle *o, const struct report *r, size_t partner, utc_ms t,
                            const struct withheld_set *before)
{
    const struct policy_partner *p = &o->doc->partners[partner];
    const struct label *header = r->header_label ? r->header_label : r->label;
    if (oracle_label_check(o, header, p, t, NULL) != REASON_NONE)
        return true;
    if (!before->overall && oracle_label_check(o, r->label, p, t, NULL) != REASON_NONE)
        return true;
    for (size_t i = 0; i < r->child_count; i++)
        if (is_element(&r->children[i]) && !withheld_has(before, i)
            && oracle_label_check(o, label_of(r, &r->children[i]), p, t, NULL) != REASON_NONE)
            return true;
    return false;
}

static bool tells_withheld(enum outcome o)
{
    return o == OUTCOME_REDACT || o == OUTCOME_EMBARGO || o == OUTCOME_HOLD;
}

static void put_withheld(const struct report *r, const struct decision *dec, struct buf *out)
{
    const char *comma = "";
    if (dec->withheld.overall) {
        buf_puts(out, r->label_id);
        comma = ",";
    }
    for (size_t i = 0; i < r->child_count; i++)
        if (withheld_has(&dec->withheld, i)) {
            buf_printf(out, "%s%s", comma, r->children[i].id);
            comma = ",";
        }
    if (*comma == '\0')
        buf_puts(out, "-");
}

void oracle_tsv(const struct oracle *o, const struct report *r, size_t partner, const struct decision *dec,
                struct buf *out)
{
    char until[UTC_TEXT_MAX];
    bool silent = dec->outcome == OUTCOME_RELEASE || dec->outcome == OUTCOME_REDACT || dec->outcome == OUTCOME_EMBARGO;
    const char *by = dec->agreement ? dec->agreement : dec->rule ? dec->rule : "-";
    buf_printf(out, "%s\t%s\t%s\t%s\t", o->doc->partners[partner].id, outcome_text(dec->outcome),
               silent ? "-" : reason_text(dec->reason), by);
    if (tells_withheld(dec->outcome))
        put_withheld(r, dec, out);
    else
        buf_puts(out, "-");
    buf_printf(out, "\t%s", dec->outcome == OUTCOME_EMBARGO ? utc_format_s(dec->until, until) : "-");
}
