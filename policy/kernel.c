#include "policy/kernel.h"

/*@ assigns \nothing;
    ensures !\result.passes && \result.reason == reason;
*/
static struct kernel_pass fails(enum reason reason)
{
    struct kernel_pass p = {false, reason};
    return p;
}

struct kernel_pass kernel_label(const struct kernel_label *f)
{
    struct kernel_pass yes = {true, REASON_NONE};
    if (!f->found)
        return fails(f->not_found);
    if (!f->valid)
        return fails(REASON_INVALID_LABEL);
    if (!f->class_held || !f->within_ceiling)
        return fails(REASON_CLASSIFICATION);
    if (!f->restrictive_held || !f->permissive_held)
        return fails(REASON_CATEGORY);
    // A missing list never widens release: only the policy's `unmarked` stands in for it.
    if (f->has_release ? !f->released : f->release_discarded)
        return fails(REASON_NOT_RELEASABLE);
    if (!f->has_release && !f->has_unmarked)
        return fails(REASON_UNMARKED);
    if (!f->has_release && !f->unmarked_names)
        return fails(REASON_NOT_RELEASABLE);
    if (!f->carried_held)
        return fails(REASON_CATEGORY);
    return yes;
}

/*@ assigns \nothing;
    ensures \result.outcome == outcome && \result.reason == reason;
    ensures \result.redacted <==> redacted;
*/
static struct kernel_result settle(enum outcome outcome, enum reason reason, bool redacted)
{
    struct kernel_result r = {outcome, reason, redacted};
    return r;
}

// Lines 7 to 9, for the outcome that line 6 goes on with.
/*@ requires \valid_read(f);
    requires outcome == OUTCOME_RELEASE || outcome == OUTCOME_REDACT;
    assigns \nothing;
    ensures \result.redacted <==> outcome == OUTCOME_REDACT;
    ensures \result.outcome == OUTCOME_RELEASE || \result.outcome == OUTCOME_REDACT ==>
              \result.outcome == outcome && lines_7_and_8(f);
    ensures lines_7_and_8(f) ==> \result.outcome == outcome;
    ensures \result.outcome == OUTCOME_EMBARGO <==> !f->embargo_over;
    ensures \result.outcome == OUTCOME_HOLD <==>
              f->embargo_over && f->not_refused && f->approvals < f->approvals_wanted;
    ensures \result.outcome != OUTCOME_CONSENT && OUTCOME_DENY <= \result.outcome <= OUTCOME_RELEASE;
*/
static struct kernel_result after_labels(const struct kernel_facts *f, enum outcome outcome)
{
    bool redacted = outcome == OUTCOME_REDACT;
    if (!f->embargo_over)
        return settle(OUTCOME_EMBARGO, REASON_NONE, redacted);
    if (!f->not_refused)
        return settle(OUTCOME_DENY, REASON_REFUSED, redacted);
    if (f->approvals < f->approvals_wanted)
        return settle(OUTCOME_HOLD, REASON_APPROVAL, redacted);
    return settle(outcome, REASON_NONE, redacted);
}

// Line 6 and, if it goes on, what follows.
/*@ requires \valid_read(f);
    assigns \nothing;
    ensures \result.redacted ==> parts(f);
    ensures \result.outcome == OUTCOME_REDACT ==> \result.redacted;
    ensures \result.outcome == OUTCOME_RELEASE ==> whole(f) && lines_7_and_8(f);
    ensures \result.outcome == OUTCOME_REDACT ==> parts(f) && lines_7_and_8(f);
    ensures whole(f) && lines_7_and_8(f) ==> \result.outcome == OUTCOME_RELEASE;
    ensures parts(f) && lines_7_and_8(f) ==> \result.outcome == OUTCOME_REDACT;
    ensures \result.outcome == OUTCOME_EMBARGO ==> (whole(f) || parts(f)) && !f->embargo_over;
    ensures \result.outcome == OUTCOME_HOLD ==>
              (whole(f) || parts(f)) && f->embargo_over && f->not_refused && f->approvals < f->approvals_wanted;
    ensures OUTCOME_DENY <= \result.outcome <= OUTCOME_RELEASE;
*/
static struct kernel_result elements(const struct kernel_facts *f)
{
    if (f->none_withheld && f->overall.passes && f->portion_passes)
        return after_labels(f, OUTCOME_RELEASE);
    if (!f->overall.passes && !f->separable)
        return settle(OUTCOME_DENY, f->overall.reason, false);
    if (f->none_withheld && f->portion_passes)
        return settle(OUTCOME_DENY, REASON_COMPILATION, false);
    if (!f->portion_passes)
        return settle(OUTCOME_DENY, f->overall.passes ? f->first_portion : f->overall.reason, false);
    if (!f->redaction_permitted)
        return settle(OUTCOME_DENY, REASON_REDACTION_FORBIDDEN, false);
    return after_labels(f, OUTCOME_REDACT);
}

struct kernel_result kernel_decide(const struct kernel_facts *f)
{
    if (!f->other_nation)
        return settle(OUTCOME_DENY, REASON_ORIGINATOR, false);
    if (!f->no_denial)
        return settle(OUTCOME_DENY, REASON_RULE, false);
    if (!f->governed)
        return settle(OUTCOME_DENY, REASON_NO_AGREEMENT, false);
    if (!f->onward_free && !f->onward_by_consent)
        return settle(OUTCOME_DENY, REASON_ORIGINATOR_CONTROL, false);
    if (!f->onward_free && !f->consented)
        return settle(OUTCOME_CONSENT, REASON_ORIGINATOR_CONSENT, false);
    if (!f->header.passes)
        return settle(OUTCOME_DENY, f->header.reason, false);
    return elements(f);
}
