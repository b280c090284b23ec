// Re-making decisions and writing their ledger consequences (spec 3.5): the one place that releases.
#ifndef RELTO_NODE_CORE_RELEASE_H
#define RELTO_NODE_CORE_RELEASE_H

#include "node/core/core.h"
#include "store/ledger.h"
#include "store/reports.h"

enum release_cause { CAUSE_PUBLISH, CAUSE_NEW_VERSION, CAUSE_RECEIVE, CAUSE_INSTANT, CAUSE_RECHECK, CAUSE_POLICY };

// Decide the current copy of a report for every partner at the tick's instant, write what changed (ledger
// entries, holdings, lapses), the `decide` event and the next instant. A report without any copy left (its
// source withdrew it) is withdrawn wherever it was released; a recalled one is left alone.
// `ret` (may be NULL) receives one decision per partner of the ruleset; its array is the caller's,
// ruleset_partner_count long, and its strings are the ruleset's.
MUST_USE enum status release_report(struct tick *t, struct uuid id, enum release_cause cause, struct decision *ret);

// Complete mediation (spec 4.3): is what this holding says still permitted now? Compares the stored permit,
// and decides anew on mismatch. On yes: the rendition's exact bytes in `out` and a permit for them.
// ST_DENIED when not: the caller then runs release_report and starts its page again.
MUST_USE enum status release_mediate(struct tick *t, size_t partner, struct uuid id, struct holding *h,
                                     struct buf *out, struct permit **ret);

// The decision for one partner with all that the store records about the pair (approvals, terms, times).
// ret_with (may be NULL) receives that record, for explanations.
MUST_USE enum status release_decide(struct tick *t, const struct report *r, const struct report_record *rec,
                                    size_t partner, struct decision *ret, struct decide_record *ret_with);

// Recall in every ledger that ever held a release of it (spec 3.5). `by` and `reason` go to the log.
MUST_USE enum status release_recall(struct tick *t, struct uuid id, const char *by, const char *reason);

// Run what is due at the tick's instant. *ret_next = the next instant (UTC_MAX none).
MUST_USE enum status release_due(struct tick *t, utc_ms *ret_next);

#endif
