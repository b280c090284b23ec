// How far each recall has got: at which partner, acknowledged or overdue (spec 4.4).
#ifndef RELTO_NODE_CORE_RECALL_PROGRESS_H
#define RELTO_NODE_CORE_RECALL_PROGRESS_H

#include "node/core/core.h"
#include "store/reports.h"

struct recall_progress {
    struct uuid report;
    struct recall_record recall;
    const char *partner;  // NULL: no partner was ever given the report (then the rest is zero)
    uint64_t position;    // of the recall in the partner's ledger
    utc_ms entered_at;    // when it was written there
    bool delivered;       // content of the report had left for this partner
    utc_ms receipt_at;    // when the first receipt that covers the recall came; 0 = none yet
    utc_ms overdue_since; // no receipt in time; 0 = not overdue
};

// Call back for each recalled report and each partner that was ever given it, in order of id and partner. A recall is
// overdue when `overdue_ms` have gone by at the tick's instant without a receipt. Reading only. ST_CORRUPT.
MUST_USE enum status recall_progress_each(struct tick *t, int64_t overdue_ms,
                                          enum status (*each)(void *ctx, const struct recall_progress *p), void *ctx);
// The same of one report. ST_NOT_FOUND: it was never recalled here.
MUST_USE enum status recall_progress_of(struct tick *t, struct uuid report, int64_t overdue_ms,
                                        enum status (*each)(void *ctx, const struct recall_progress *p), void *ctx);

#endif
