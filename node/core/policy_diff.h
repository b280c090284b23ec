// What another policy would change in the actual holdings (spec 3.6), before it is activated.
//
// It is found by doing it: the reports are decided anew under the other policy, what became of each partner's holdings is
// written down, and everything is undone. So an activation at the same instant, with the same holdings, changes what was
// announced and nothing else. Reports for which a comparison of their outlines says that nothing changes (as in
// node/core/policy_work.h) are left out. A call looks at a bounded number of reports, so that the node goes on answering.
#ifndef RELTO_NODE_CORE_POLICY_DIFF_H
#define RELTO_NODE_CORE_POLICY_DIFF_H

#include "node/core/core.h"

#define NS_POLICY_DIFF "urn:relto:policy-diff:1"

enum {
    POLICY_DIFF_REPORTS = 64, // decided anew in a call
    POLICY_DIFF_LOOK = 4096,  // looked at; those whose outline says that nothing changes are not decided
};

// POST /v1/policy/diff?after=UUID with a policy-bundle document: 200 with a <policy-diff> document
// (formats/schema/policy-diff.xsd) on the reports after that one (in order of id; from the first, if left out); `next` in it
// is the `after` of the rest. The serial need not grow. 422 `invalid-policy`, `diff-form`.
MUST_USE enum status policy_diff(struct tick *t, const struct request *rq, struct reply *rp);

#endif
