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

enum { LEDGER_HELD_ENTRIES_MAX = 1024 }; // in one answer

// GET /v1/ledger/held/entries?from=N: the caller's own entries given back, for a node that lost its store. Text:
//
//   <the caller's checkpoint over all that we hold, with its signature and our cosignature over it>
//                                                     (a blank line)
//   entry <nation> <base64 of the entry's bytes>      from entry N on, at most LEDGER_HELD_ENTRIES_MAX lines
//   leaf <base64 of the hash>                         (one of which we never were told more)
//
// <nation> is the originating nation of a released report that we hold from the caller, else `-`. 404 beyond the end, and
// when nothing is held; 422 `ledger-form`.
MUST_USE enum status ledger_flow_held_entries(struct tick *t, const struct request *rq, struct reply *rp);

#endif
