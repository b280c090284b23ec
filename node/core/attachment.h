// The bytes of attachments: brought by cells, named by reports, served to partners (spec 2.1, 4.3, 4.7).
#ifndef RELTO_NODE_CORE_ATTACHMENT_H
#define RELTO_NODE_CORE_ATTACHMENT_H

#include "node/core/core.h"
#include "store/attachments.h"

// PUT /v1/attachments/{sha256}?offset=N by a cell, its body in pieces (request.h): the bytes from N on (default 0) to
// the end; each piece is durable before the next is asked for. 201 when all are there and the digest is right; 200 when
// this cell brought them before; 409 `upload-offset` with Upload-Offset when they do not begin where it ended; 413
// beyond [ingest] attachment-max-mib; 422 `digest-mismatch`: erased, begin again. What no report names within
// ATTACHMENT_IDLE_H hours is erased.
//
// Every cell brings the bytes itself, also when they are here already: who only knows the digest cannot have the file
// passed on. They are kept once.
MUST_USE enum status attachment_put(struct tick *t, const struct request *rq, struct reply *rp);

// GET /v1/attachments/{sha256} by a partner: only what a report names whose latest ledger entry to this partner is a
// release in force, with the element visible in that rendition, and mediation permits now; all else is the same 404 as
// unknown. ETag, Range (one range; more than one, or a malformed one, is ignored: 200), If-Range, If-None-Match; 206,
// 304, 416. Logged as a delivery before the first byte. Until the last one each chunk is sent only while the permit
// and the ledger entry stand.
MUST_USE enum status attachment_get(struct tick *t, const struct request *rq, struct reply *rp);

// Faults for each attachment of a draft whose bytes this cell has not brought, or not of the size that it states.
MUST_USE enum status attachment_check(struct tick *t, const struct report *r, const char *cell, struct diag *d,
                                      bool *ret_missing);
// Note what this stored copy names ("" = own); what is not here is then wanted of `source`.
MUST_USE enum status attachment_note(struct tick *t, const struct report *r, const char *source);

#endif
