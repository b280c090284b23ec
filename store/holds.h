// What awaits an officer: an index of (report, partner) pairs whose decision is `hold`, so that the list of them scans
// nothing else. Written with each decision; who reads it decides anew before acting on it.
#ifndef RELTO_STORE_HOLDS_H
#define RELTO_STORE_HOLDS_H

#include "formats/base/encode.h"
#include "formats/base/utctime.h"
#include "store/reports.h"

struct hold {
    struct uuid report;
    char partner[PARTNER_ID_MAX + 1];
    uint32_t version;
    utc_ms since; // when this version came to be held for this partner
};

// Set for which partners this version of a report is held now, no others; `since` of those that stay is kept. count 0
// = none. Db's statuses, ST_CORRUPT.
MUST_USE enum status holds_set(struct db_txn *t, struct uuid id, uint32_t version, utc_ms now,
                               const char *const *partners, size_t count);
// The same for one partner alone: is it held for it?
MUST_USE enum status holds_change(struct db_txn *t, struct uuid id, uint32_t version, utc_ms now, const char *partner,
                                  bool held);
// All that come after (id, partner), NULL = from the first, in order of report and partner. The callback may write;
// other than ST_OK stops and is returned.
MUST_USE enum status holds_each(struct db_txn *t, const struct hold *after,
                                enum status (*each)(void *ctx, const struct hold *h), void *ctx);

#endif
