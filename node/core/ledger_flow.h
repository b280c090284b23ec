// What two nodes tell each other to compare their copies of a ledger (spec 4.2): heads only, never content.
#ifndef RELTO_NODE_CORE_LEDGER_FLOW_H
#define RELTO_NODE_CORE_LEDGER_FLOW_H

#include "node/core/core.h"

// GET /v1/ledger/sent?size=N: our signed checkpoint over the first N entries of our ledger to the caller, without `size`
// over all of them. It tells nothing that the pages of the feed do not tell. 404 beyond the end; 422 `ledger-form`.
MUST_USE enum status ledger_flow_sent(struct tick *t, const struct request *rq, struct reply *rp);

// GET /v1/ledger/held?size=N: what we hold of the caller's ledger to us: its origin, N and the root of the first N entries,
// as the three lines of a checkpoint, unsigned. Without `size`: the caller's own checkpoint over all that we hold, as it
// signed it; the three lines with size 0 when there is nothing. 404 beyond the end; 422 `ledger-form`.
MUST_USE enum status ledger_flow_held(struct tick *t, const struct request *rq, struct reply *rp);

#endif
