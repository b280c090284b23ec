// What is odd in a policy that loads (spec 3.6): rules that do nothing, people who get nothing, ends that come soon.
//
// A *finding* says that some of the policy has no effect; whoever wrote it meant something else. A *warning* is about
// the calendar: nothing is wrong with the document, and it fails no check. Both are about `now` and all later instants:
// an agreement that could match last year alone can never match.
//
// Findings, each proved (in doubt there is none):
//   agreement-never-matches   its scope contradicts itself, no party is left at any instant, or each party is the
//                             only originator that the scope allows
//   agreement-denied          wherever it could match, a denial comes first
//   agreement-shadowed        wherever it could match, an earlier agreement (or several together) governs
//   denial-never-fires        its `when` contradicts itself, it names nobody at any instant, or only originators
//   denial-shadowed           wherever it could fire, an earlier denial has fired
//   partner-without-clearance a party to agreements that holds no clearance under any security policy that they are
//                             on: those of their ceilings, or every one for an agreement without ceiling
//   community-empty           no members at any instant
// Warnings:
//   agreement-over            ended already
//   agreement-expires         ends within 30 days
#ifndef RELTO_POLICY_LINT_H
#define RELTO_POLICY_LINT_H

#include "policy/ruleset.h"

enum { LINT_EXPIRES_DAYS = 30 };

struct lint_finding {
    bool warning;
    uint32_t line;       // in the policy document
    const char *rule;    // static
    const char *element; // "agreement", "deny", "partner", "community"
    const char *id;      // of that element; the ruleset's
    const char *message; // what is odd and what to do; valid during the call
};

typedef void lint_fn(void *ctx, const struct lint_finding *f);

// Call back for each, in document order by kind: communities, partners, denials, agreements. ST_OK or ST_NOMEM.
MUST_USE enum status policy_lint(const struct ruleset *rs, utc_ms now, lint_fn *found, void *ctx);

#endif
