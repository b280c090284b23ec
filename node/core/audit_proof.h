// The audit log's tree for auditors over HTTPS (spec 5; C2SP tlog-tiles, tlog-proof): checkpoints, tiles, proofs. Its events
// are in audit_flow.h.
#ifndef RELTO_NODE_CORE_AUDIT_PROOF_H
#define RELTO_NODE_CORE_AUDIT_PROOF_H

#include "node/core/core.h"

enum { TILE_WIDTH = 256 };

// GET /v1/audit/checkpoint: the signed checkpoint of the log as it is now.
// GET /v1/audit/checkpoint/witnessed: the newest one that witnesses cosigned; 404 when none did.
MUST_USE enum status audit_proof_checkpoint(struct tick *t, const struct request *rq, struct reply *rp);
MUST_USE enum status audit_proof_witnessed(struct tick *t, const struct request *rq, struct reply *rp);

// GET /v1/audit/tile/<level>/<index>[.p/<width>]: hashes of the tree; a tile is full only with its whole width, and
// narrower ones are served of any width that the log has. GET /v1/audit/tile/entries/<index>[.p/<width>]: the events' exact
// bytes, each behind 16 bits of length. 404 for what is no tile or not there. Handing out events is in the log: an `export`
// event for each bundle, but for one that holds nothing but the caller's own such events.
MUST_USE enum status audit_proof_tile(struct tick *t, const struct request *rq, struct reply *rp);

// GET /v1/audit/proof?index=N[&size=S]: that event N is in the tree of S events (default: all), as a C2SP tlog-proof with our
// checkpoint of that size. ?old=M[&size=S]: that the tree of S events begins with that of M: `old M`, hashes, a blank line,
// checkpoint. 422 audit-form, 404 beyond the end.
MUST_USE enum status audit_proof_serve(struct tick *t, const struct request *rq, struct reply *rp);

// The signed checkpoint of the first `size` events.
MUST_USE enum status audit_proof_sign(struct tick *t, uint64_t size, struct buf *out);

#endif
