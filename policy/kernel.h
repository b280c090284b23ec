// The last, deciding step (spec 3.3 steps 3 to 7, spec 3.4): from facts already found to outcome and reason, in the
// order of the tables. Small and free of libraries, so that it can be proved: the contracts below, in ACSL, are
// proved by Frama-C WP (tools/dev/prove). In every structure zero is the safe value: a fact that nobody found denies.
#ifndef RELTO_POLICY_KERNEL_H
#define RELTO_POLICY_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

enum outcome { OUTCOME_DENY = 0, OUTCOME_HOLD, OUTCOME_CONSENT, OUTCOME_EMBARGO, OUTCOME_REDACT, OUTCOME_RELEASE };

// X(name, text)
#define REASON_TABLE(X)                                                                                      \
    X(NONE, "-")                                                                                             \
    X(ORIGINATOR, "originator")                                                                              \
    X(RULE, "rule")                                                                                          \
    X(NO_AGREEMENT, "no-agreement")                                                                          \
    X(ORIGINATOR_CONTROL, "originator-control")                                                              \
    X(ORIGINATOR_CONSENT, "originator-consent")                                                              \
    X(UNKNOWN_POLICY, "unknown-policy")                                                                      \
    X(INVALID_LABEL, "invalid-label")                                                                        \
    X(NO_CLEARANCE, "no-clearance")                                                                          \
    X(CLASSIFICATION, "classification")                                                                      \
    X(CATEGORY, "category")                                                                                  \
    X(NOT_RELEASABLE, "not-releasable")                                                                      \
    X(UNMARKED, "unmarked")                                                                                  \
    X(COMPILATION, "compilation")                                                                            \
    X(REDACTION_FORBIDDEN, "redaction-forbidden")                                                            \
    X(REFUSED, "refused")                                                                                    \
    X(APPROVAL, "approval")

enum reason {
#define X(name, text) REASON_##name,
    REASON_TABLE(X)
#undef X
};

// Does a label let a partner see what it stands on, and if not, why?
struct kernel_pass {
    bool passes;
    enum reason reason; // when it does not
};

// What the label check found out, by its steps.
struct kernel_label {
    bool found;                // 2: a label to judge by
    enum reason not_found;     //    else why there is none
    bool valid;                //    that label is valid
    bool class_held;           // 3: its classification is held …
    bool within_ceiling;       //    … and at most every ceiling
    bool restrictive_held;     // 4
    bool permissive_held;      // 5
    bool has_release;          // 6: it has a release list …
    bool released;             //    … that names the partner
    bool release_discarded;    //    it had one that translation discarded
    bool has_unmarked;         //    the policy says who may see labels without one …
    bool unmarked_names;       //    … and names the partner
    bool carried_held;         // 7
};

/*@ predicate may_see{L}(struct kernel_label *f) =
      f->found && f->valid && f->class_held && f->within_ceiling && f->restrictive_held && f->permissive_held
      && ((f->has_release && f->released)
          || (!f->has_release && !f->release_discarded && f->has_unmarked && f->unmarked_names))
      && f->carried_held;
*/

/*@ requires \valid_read(f);
    assigns \nothing;
    ensures deny_unless_permitted: \result.passes ==> may_see(f);
    ensures permit_when_permitted: may_see(f) ==> \result.passes && \result.reason == REASON_NONE;
    ensures told_why: !\result.passes && (f->found || f->not_found != REASON_NONE) ==> \result.reason != REASON_NONE;
*/
struct kernel_pass kernel_label(const struct kernel_label *f);

// What was found out for the table, by its lines.
struct kernel_facts {
    bool other_nation;      // 1: the partner is not the originating nation
    bool no_denial;         // 2: no denial that names it fires
    bool governed;          // 3: an agreement governs
    bool onward_free;       // 4: the report is our own, or may be passed on
    bool onward_by_consent; //    or may be with the originating nation's consent …
    bool consented;         //    … which is recorded
    struct kernel_pass header;  // 5
    struct kernel_pass overall; // 6
    bool separable;
    bool none_withheld;           // every element passes
    bool portion_passes;          // at least one portion does
    enum reason first_portion;    // why the first portion does not
    bool redaction_permitted;
    bool embargo_over;            // 7
    bool not_refused;             // 8
    uint32_t approvals;           //    that cover what is now visible
    uint32_t approvals_wanted;
};

struct kernel_result {
    enum outcome outcome;
    enum reason reason;
    bool redacted; // line 6 went on with parts withheld, whatever came after
};

/*@ predicate whole{L}(struct kernel_facts *f) = f->none_withheld && f->overall.passes && f->portion_passes;

    predicate parts{L}(struct kernel_facts *f) =
      !f->none_withheld && f->portion_passes && (f->overall.passes || f->separable) && f->redaction_permitted;

    predicate lines_1_to_5{L}(struct kernel_facts *f) =
      f->other_nation && f->no_denial && f->governed
      && (f->onward_free || (f->onward_by_consent && f->consented)) && f->header.passes;

    predicate lines_7_and_8{L}(struct kernel_facts *f) =
      f->embargo_over && f->not_refused && f->approvals >= f->approvals_wanted;
*/

/*@ requires \valid_read(f);
    assigns \nothing;
    ensures release_only_if: \result.outcome == OUTCOME_RELEASE ==> lines_1_to_5(f) && whole(f) && lines_7_and_8(f);
    ensures redact_only_if: \result.outcome == OUTCOME_REDACT ==> lines_1_to_5(f) && parts(f) && lines_7_and_8(f);
    ensures release_if: lines_1_to_5(f) && whole(f) && lines_7_and_8(f) ==> \result.outcome == OUTCOME_RELEASE;
    ensures redact_if: lines_1_to_5(f) && parts(f) && lines_7_and_8(f) ==> \result.outcome == OUTCOME_REDACT;
    ensures line_1: !f->other_nation ==> \result.outcome == OUTCOME_DENY && \result.reason == REASON_ORIGINATOR;
    ensures line_2: f->other_nation && !f->no_denial ==>
                      \result.outcome == OUTCOME_DENY && \result.reason == REASON_RULE;
    ensures line_3: f->other_nation && f->no_denial && !f->governed ==>
                      \result.outcome == OUTCOME_DENY && \result.reason == REASON_NO_AGREEMENT;
    ensures line_4: f->other_nation && f->no_denial && f->governed && !f->onward_free ==>
                      (!f->onward_by_consent ==>
                        \result.outcome == OUTCOME_DENY && \result.reason == REASON_ORIGINATOR_CONTROL)
                      && (f->onward_by_consent && !f->consented ==>
                        \result.outcome == OUTCOME_CONSENT && \result.reason == REASON_ORIGINATOR_CONSENT);
    ensures embargo_only_if: \result.outcome == OUTCOME_EMBARGO ==>
                      lines_1_to_5(f) && (whole(f) || parts(f)) && !f->embargo_over;
    ensures hold_only_if: \result.outcome == OUTCOME_HOLD ==>
                      lines_1_to_5(f) && (whole(f) || parts(f)) && f->embargo_over && f->not_refused
                      && f->approvals < f->approvals_wanted;
    ensures redacted_only_if: \result.redacted ==> lines_1_to_5(f) && parts(f);
    ensures redact_says_so: \result.outcome == OUTCOME_REDACT ==> \result.redacted;
    ensures known: OUTCOME_DENY <= \result.outcome <= OUTCOME_RELEASE;
*/
struct kernel_result kernel_decide(const struct kernel_facts *f);

#endif
