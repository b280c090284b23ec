// A cell's flows: publish and preview (spec 4.5). Corrections: new_version.h.
#ifndef RELTO_NODE_CORE_PUBLISH_H
#define RELTO_NODE_CORE_PUBLISH_H

#include "node/core/core.h"

#define NS_DECISIONS "urn:relto:decisions:1"
#define DECISIONS_MEDIA_TYPE "application/xml"

// POST /v1/reports: 201 with Location and a <decisions> document; 422 with every fault, 413 beyond a limit; 409 when the
// id is taken, was ever used by another report or was recalled; 503 while the node's signing certificate is not valid.
// Sending the same bytes again answers as the first time, with the decisions of now: with an id for ever, without for 30
// days to the same principal. The originator's nation must be ours, and its cell the one in the certificate:
// policies may depend on it. A report that the cell signed itself keeps the `issued` that it states, unless that is still
// to come; embargoes count from the time stored.
MUST_USE enum status publish_report(struct tick *t, const struct request *rq, struct reply *rp);
// POST /v1/preview: the same answer with 200, nothing stored; parts are named by the draft's own Ids. Officers may
// preview any cell's draft. A draft that states a later version may name a report that is there.
MUST_USE enum status publish_preview(struct tick *t, const struct request *rq, struct reply *rp);

#endif
