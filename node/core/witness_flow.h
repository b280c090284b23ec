// Being a witness of others' logs (C2SP tlog-witness): the server side.
#ifndef RELTO_NODE_CORE_WITNESS_FLOW_H
#define RELTO_NODE_CORE_WITNESS_FLOW_H

#include "node/core/core.h"

// POST /v1/witness/add-checkpoint: `old N`, a consistency proof, a blank line, a signed checkpoint of a log that the
// configuration names. 200: our cosignature line, made after the head was stored. 400 `checkpoint-form`: not of this form, or
// old above the checkpoint's size; 403 `checkpoint-signature`; 404 `not-found`: no log of this origin; 409: not the size that we
// cosigned last, which is the body (text/x.tlog.size), or of that size with another root; 422 `checkpoint-proof`.
// Any partner may bring any checkpoint: its signature says whose it is. One that contradicts what we cosigned, at the
// same size, is logged as `log-fork`, whatever its `old` says: its log shows two heads. Once for each log, which then has no
// more trust to lose: whoever has its key could else fill our audit log.
MUST_USE enum status witness_add_checkpoint(struct tick *t, const struct request *rq, struct reply *rp);

#endif
