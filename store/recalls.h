// The record of recalls: an id that was recalled is refused for ever. What follows from a recall is in reports.h.
#ifndef RELTO_STORE_RECALLS_H
#define RELTO_STORE_RECALLS_H

#include "formats/base/encode.h"
#include "formats/base/utctime.h"
#include "store/db.h"

struct recall_record {
    utc_ms at;
    char by[80];      // "cell:J2-NORTH", "partner:GBR"
    char reason[256];
    uint32_t version; // highest version known then
};
// Of several recalls of a report the first is kept.
MUST_USE enum status recalls_put(struct db_txn *t, struct uuid id, const struct recall_record *r);
// Was it recalled? Also when the record is damaged.
MUST_USE enum status recalls_has(struct db_txn *t, struct uuid id, bool *ret);
// ST_NOT_FOUND, ST_CORRUPT.
MUST_USE enum status recalls_get(struct db_txn *t, struct uuid id, struct recall_record *ret);
// Every recall, in order of id.
MUST_USE enum status recalls_each(struct db_txn *t, enum status (*each)(void *ctx, struct uuid id, const struct recall_record *r),
                                  void *ctx);

#endif
