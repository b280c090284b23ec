// The audit log for auditors over HTTPS (spec 4.5, 5): events, looked for as by `relto audit query`.
#ifndef RELTO_NODE_CORE_AUDIT_FLOW_H
#define RELTO_NODE_CORE_AUDIT_FLOW_H

#include "node/core/core.h"

#define NS_AUDIT_EVENTS "urn:relto:audit-events:1"

enum {
    AUDIT_PAGE_EVENTS_DEFAULT = 256,
    AUDIT_PAGE_EVENTS_MAX = 1024,
};
#define AUDIT_PAGE_BYTES ((size_t)4 * 1024 * 1024) // of events in one page; one more may cross it
#define AUDIT_PAGE_LOOKED_BYTES ((size_t)16 * 1024 * 1024) // of events looked at for one page, whether they match or not

// GET /v1/audit/events?from=&to=&partner=&report=&kind=&actor=&order=oldest|newest&after=&limit=: a page of events, as the
// exact bytes that are leaves of the log, in <events> with the size of the log and, if there are more, `next`: the `after`
// of the next page. A question that few events match ends a page early, even an empty one, after AUDIT_PAGE_LOOKED_BYTES: ask
// on with `next` until there is none. 422 audit-form for a parameter that is unknown, repeated or not of its form.
//
// Reading is itself in the log: one `export` event for each page (auditor, certificate, how many events, first and last,
// what was asked). A page without events writes none, nor does one that holds nothing but the caller's own `export`
// events: else who polls for news would have them without end.
MUST_USE enum status audit_events(struct tick *t, const struct request *rq, struct reply *rp);

#endif
