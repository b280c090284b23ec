// The recall of an own report (spec 4.5).
#ifndef RELTO_NODE_CORE_RECALL_H
#define RELTO_NODE_CORE_RECALL_H

#include "node/core/core.h"

// DELETE /v1/reports/{uuid}?reason=…, If-Match the current version: 204. An officer recalls any own report, a cell those
// that name it as their originator. 404 for what the caller may not recall, 410 for what was recalled before, 412 for
// a version that is not stated or not the current one, 422 without a reason (one line of text, at most 255 bytes).
MUST_USE enum status recall_report(struct tick *t, const struct request *rq, struct uuid id, struct reply *rp);

#endif
