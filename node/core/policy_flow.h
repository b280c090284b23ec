// Activating a policy (spec 3.4, 3.6).
//
// Readings chosen where the specification leaves room:
// - What is activated is a bundle: document, SPIFs, vocabulary and [release] settings, under one digest.
// - The policy's nation is ours and its serial is above that of the active one. Sending the active bundle again is no fault.
// - With `[policy] approval = 2` the first officer's call is noted, and takes effect when a second, different officer sends
//   the same bytes within 24 hours. Another bundle takes the place of the one noted.
// - Activation takes effect with its commit: what is served from then on is checked against it (complete mediation). The
//   ledger entries that follow from it are written afterwards, bit by bit (node/core/policy_work.h).
#ifndef RELTO_NODE_CORE_POLICY_FLOW_H
#define RELTO_NODE_CORE_POLICY_FLOW_H

#include "node/core/core.h"

#define NS_POLICY_STATE "urn:relto:policy-state:1"

enum { POLICY_PROPOSAL_HOURS = 24 };

// Read the request's bundle as a policy of ours. *ret NULL = refused, and answered: 422 `invalid-policy`.
MUST_USE enum status policy_from_request(struct tick *t, const struct request *rq, struct reply *rp, struct ruleset **ret);

// POST /v1/policy with a policy-bundle document: 200 active, 202 noted, each with a <policy-state> document
// (formats/schema/policy-state.xsd); 409 `serial-not-higher`; 422 `invalid-policy` with every fault; 503 `busy` when another
// activation is in the same tick. After a refusal the active policy is what it was.
MUST_USE enum status policy_activate(struct tick *t, const struct request *rq, struct reply *rp);

#endif
