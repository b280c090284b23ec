// Policy bundles by digest, kept for ever, which one is active, which one waits for a second officer, and how far the
// decisions of all reports have been made anew under the active one.
#ifndef RELTO_STORE_POLICIES_H
#define RELTO_STORE_POLICIES_H

#include "formats/base/encode.h"
#include "formats/base/sha256.h"
#include "formats/base/utctime.h"
#include "store/db.h"

// Store a bundle and make it the active one; gives its digest.
MUST_USE enum status policies_activate(struct db_txn *t, struct span bundle, utc_ms now, struct digest *ret);
// The active bundle: digest and bytes (borrowed). ST_NOT_FOUND before the first activation.
MUST_USE enum status policies_active(struct db_txn *t, struct digest *ret_digest, struct span *ret_bundle);
// When the active one was activated. ST_NOT_FOUND before the first activation.
MUST_USE enum status policies_active_since(struct db_txn *t, utc_ms *ret);
MUST_USE enum status policies_get(struct db_txn *t, const struct digest *digest, struct span *ret_bundle);

// What one officer wants to be active, waiting for a second one. One at a time.
struct policy_proposal {
    struct digest digest;
    char officer[80];
    utc_ms at;
};
MUST_USE enum status policies_propose(struct db_txn *t, const struct policy_proposal *p);
MUST_USE enum status policies_proposal(struct db_txn *t, struct policy_proposal *ret); // or ST_NOT_FOUND
MUST_USE enum status policies_proposal_drop(struct db_txn *t);

// The work that an activation leaves: every report with a current copy, in order of id. It stands in the store, so that a
// restart goes on with it.
MUST_USE enum status policies_work_begin(struct db_txn *t);
// The next reports, at most `max`: *ret_count 0 = all are done, or nothing was begun.
MUST_USE enum status policies_work_next(struct db_txn *t, struct uuid *ret, size_t max, size_t *ret_count);
// Is any of it left?
MUST_USE enum status policies_work_pending(struct db_txn *t, bool *ret);
// All up to this one are done; NULL = all.
MUST_USE enum status policies_work_done(struct db_txn *t, const struct uuid *upto);

#endif
