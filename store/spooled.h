// Files of the spool folder that were published: their content lies in `done/`, and must go with a recall (spec 4.4, 4.7).
#ifndef RELTO_STORE_SPOOLED_H
#define RELTO_STORE_SPOOLED_H

#include "store/reports.h"

enum { SPOOLED_NAME_MAX = 200 }; // bytes: a suffix must fit into what file systems take

struct spooled {
    struct uuid report;
    uint32_t version;
    char name[SPOOLED_NAME_MAX + 1]; // as it was dropped
    struct digest digest;            // of its bytes
};

MUST_USE enum status spooled_add(struct db_txn *t, const struct spooled *s);
// The report is recalled: its files are to be erased. Called by store/reports.
MUST_USE enum status spooled_recall(struct db_txn *t, struct uuid report);
// Files to be erased. The callback may write; other than ST_OK stops and is returned.
MUST_USE enum status spooled_each_recalled(struct db_txn *t, enum status (*each)(void *ctx, const struct spooled *s), void *ctx);
// This one is erased.
MUST_USE enum status spooled_erased(struct db_txn *t, const struct spooled *s);

#endif
