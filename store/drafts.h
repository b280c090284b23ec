// Drafts that were published, by what was submitted.
#ifndef RELTO_STORE_DRAFTS_H
#define RELTO_STORE_DRAFTS_H

#include "formats/base/encode.h"
#include "formats/base/sha256.h"
#include "formats/base/utctime.h"
#include "store/db.h"

// Idempotency of drafts without an id (spec 4.5): known for 30 days; older entries go bit by bit with additions.
MUST_USE enum status drafts_find(struct db_txn *t, const char *principal, const struct digest *body, utc_ms now,
                                 struct uuid *ret_id, uint32_t *ret_version); // or ST_NOT_FOUND
MUST_USE enum status drafts_add(struct db_txn *t, const char *principal, const struct digest *body, struct uuid id,
                                uint32_t version, utc_ms now);

#endif
