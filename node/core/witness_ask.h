// Asking witnesses to cosign our audit log (C2SP tlog-witness): what to send and what to make of the answer, without sockets.
#ifndef RELTO_NODE_CORE_WITNESS_ASK_H
#define RELTO_NODE_CORE_WITNESS_ASK_H

#include "node/core/core.h"

// What is known of one witness, and the request that is under way.
struct witness_ask {
    uint64_t known;        // size that it cosigned last, as far as we know; 0 at the start
    uint64_t size;         // of the checkpoint in the request
    struct buf checkpoint; // as signed, in the request
    struct buf request;    // empty = nothing to ask: the log has not grown
};
void witness_ask_init(struct witness_ask *w);
void witness_ask_fini(struct witness_ask *w);

// Fill the request for the log as it is now. ST_BAD_PROOF when the witness knows a larger log than ours: then the store was
// rolled back.
MUST_USE enum status witness_ask_build(struct tick *t, struct witness_ask *w);

enum witness_verdict {
    WITNESS_COSIGNED, // to be stored by witness_ask_store
    WITNESS_BEHIND,   // it knows another size, now in `known`: ask again
    WITNESS_FORK,     // it cosigned a tree that ours does not extend
    WITNESS_FAILED,   // no such answer
};
// Judge an answer by its status and body.
enum witness_verdict witness_ask_judge(struct witness_ask *w, int status, struct span body);
// Check the cosignature of this peer in the body of a 200 and keep it beside the checkpoint. ST_BAD_SIGNATURE, ST_MALFORMED,
// ST_NOT_FOUND: nothing is stored.
MUST_USE enum status witness_ask_store(struct tick *t, struct witness_ask *w, const char *peer, struct span body);
// The `log-fork` event for WITNESS_FORK: our own audit log contradicts what this peer cosigned.
MUST_USE enum status witness_ask_log_fork(struct tick *t, const struct witness_ask *w, const char *peer);

#endif
