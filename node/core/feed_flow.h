// Serving a partner's feed (spec 4.3) and taking its receipts: the sending side.
#ifndef RELTO_NODE_CORE_FEED_FLOW_H
#define RELTO_NODE_CORE_FEED_FLOW_H

#include "node/core/core.h"

// GET /v1/feed: a page with items and permits, `deliver` event and delivered marks in this tick; or a hold.
MUST_USE enum status feed_serve(struct tick *t, const struct request *rq, struct reply *rp);
// POST /v1/feed/cosignature: verify against our ledger and store.
MUST_USE enum status feed_cosignature(struct tick *t, const struct request *rq, struct reply *rp);
// GET /v1/reports/{uuid} for partners: the rendition their latest entry names.
MUST_USE enum status feed_report(struct tick *t, const struct request *rq, struct uuid id, struct reply *rp);

#endif
