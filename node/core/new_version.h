// A cell corrects its report: the next version (spec 4.5; what becomes of the older one: spec 3.5, "A new version").
#ifndef RELTO_NODE_CORE_NEW_VERSION_H
#define RELTO_NODE_CORE_NEW_VERSION_H

#include "node/core/core.h"

// PUT /v1/reports/{uuid}, If-Match the current version: 200 with ETag, Location and a <decisions> document. The draft may leave out
// id and version; what it states must be this id and the next version (422 with every fault otherwise). 404 for what
// the caller may not correct, 409 for a stated version that was published with other bytes, 410 for what was recalled,
// 412 for another version than the current one, 428 without If-Match; 413 and 503 as for publish_report.
//
// Readings chosen where spec 4.5 leaves room. A cell of our nation corrects what names it as the originating cell, before
// and after: no cell takes over another's report. The same bytes that made the version after the one in If-Match, the
// version that they state, or the current one, answer as the first time, for ever, with the decisions of now: so a lost
// answer can be asked for again, and nobody makes a correction that corrects nothing. The new version's embargo counts from
// when it is stored; approvals and consents are of a version and start anew. The next version is the one after the highest that
// is here or that a partner was ever given: a store that was restored may lack versions that partners have.
MUST_USE enum status new_version_put(struct tick *t, const struct request *rq, struct uuid id, struct reply *rp);

#endif
