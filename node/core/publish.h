// A cell's flows: publish, preview, recall (spec 4.5).
#ifndef RELTO_NODE_CORE_PUBLISH_H
#define RELTO_NODE_CORE_PUBLISH_H

#include "node/core/core.h"

#define NS_DECISIONS "urn:relto:decisions:1"
#define DECISIONS_MEDIA_TYPE "application/xml"

// POST /v1/reports: 201 with Location and a <decisions> document; 422 with every fault; 409 when the id is
// taken or was recalled. Sending the same bytes again answers as the first time (kept 30 days).
// The originator's nation must be ours, and its cell the one in the certificate: policies may depend on it.
MUST_USE enum status publish_report(struct tick *t, const struct request *rq, struct reply *rp);
// POST /v1/preview: the same answer with 200, nothing stored. Officers may preview any cell's draft.
MUST_USE enum status publish_preview(struct tick *t, const struct request *rq, struct reply *rp);
// DELETE /v1/reports/{uuid}?reason=…, If-Match the current version: recall an own report. 204.
MUST_USE enum status publish_recall(struct tick *t, const struct request *rq, struct uuid id, struct reply *rp);

#endif
