// Policy bundles by digest, kept for ever, and which one is active.
#ifndef RELTO_STORE_POLICIES_H
#define RELTO_STORE_POLICIES_H

#include "formats/base/sha256.h"
#include "formats/base/utctime.h"
#include "store/db.h"

// Store a bundle and make it the active one; gives its digest.
MUST_USE enum status policies_activate(struct db_txn *t, struct span bundle, utc_ms now, struct digest *ret);
// The active bundle: digest and bytes (borrowed). ST_NOT_FOUND before the first activation.
MUST_USE enum status policies_active(struct db_txn *t, struct digest *ret_digest, struct span *ret_bundle);
MUST_USE enum status policies_get(struct db_txn *t, const struct digest *digest, struct span *ret_bundle);

#endif
