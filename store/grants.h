// What people granted for one report version: approvals and refusals of our officers, consents of originators.
#ifndef RELTO_STORE_GRANTS_H
#define RELTO_STORE_GRANTS_H

#include "formats/report.h"
#include "store/reports.h"

struct approval {
    char officer[80];
    bool refused;                 // a refusal instead of an approval
    utc_ms at;
    struct withheld_set withheld; // the rendition that was approved
};
// Record (or replace) what this officer said; bumps the report's generation. ST_INVALID without a name.
MUST_USE enum status approval_put(struct db_txn *t, struct uuid id, uint32_t version, const char *partner,
                                  const struct approval *a);
MUST_USE enum status approval_del(struct db_txn *t, struct uuid id, uint32_t version, const char *partner,
                                  const char *officer);
// What the disk has changed since counts as a refusal, also what cannot be read.
MUST_USE enum status approval_each(struct db_txn *t, struct uuid id, uint32_t version, const char *partner,
                                   enum status (*each)(void *ctx, const struct approval *a), void *ctx);
// How many of all were changed by the disk.
MUST_USE enum status approvals_damaged(struct db_txn *t, uint64_t *ret);
// Generation of approvals and consents of a report: changes with every grant.
MUST_USE enum status grants_bump(struct db_txn *t, struct uuid id);
MUST_USE enum status grants_generation(struct db_txn *t, struct uuid id, uint64_t *ret);

#endif
