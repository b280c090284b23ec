// What a change of policy, or the passing of an instant, changes for the reports of one outline (spec 3.5, 7): their
// decisions before and after are compared for all partners at once, without approvals and embargoes. Reports whose outline
// says nothing of a partner are left alone for that partner, whatever is recorded about them; so the cost of a change
// grows with the number of different outlines, and then with what changes.
//
// What counts as a change is what release_report (node/core/release.h) would act on: permitted or not, what is
// withheld, the terms that ledger, holding and schedule depend on. Another reason of a denial, or another agreement with
// the same terms, is none.
#ifndef RELTO_POLICY_POLICY_CHANGE_H
#define RELTO_POLICY_POLICY_CHANGE_H

#include "policy/outline.h"
#include "policy/partner_set.h"

struct policy_change;

// Prepare to compare `before` at one instant with `after` at another, not earlier one. Each side remembers labels and
// attributes in at most `memory_max` bytes. Both rulesets must outlive it. ST_OK, ST_NOMEM or ST_LIMIT (memory_max is too
// small for a policy). Free with policy_change_free (nulls, accepts NULL).
MUST_USE enum status policy_change_new(const struct ruleset *before, utc_ms at_before, const struct ruleset *after,
                                       utc_ms at_after, size_t memory_max, struct policy_change **ret);
void policy_change_free(struct policy_change **c);

struct outline_change {
    struct partner_set changed; // of `after`: decided otherwise
    struct partner_set embargo; // of `after`: the embargo alone differs …
    int64_t embargo_ms;         // … and is over everywhere so long after the instant that it counts from
    struct partner_set gone;    // of `before`: were permitted, and `after` does not name them
};

// Does it say nothing of a report whose embargoes count from `base`, and are asked about at `at`?
bool outline_change_none(const struct outline_change *c, utc_ms base, utc_ms at);

// Compare for the reports of an outline. ST_OK, ST_NOMEM or ST_LIMIT: nothing is known.
MUST_USE enum status policy_change_outline(struct policy_change *c, const struct outline *o, struct outline_change *ret);

#endif
