// Changes of the policy, or of what it says by the passing of an instant, whose consequences are still to be written:
// a queue of steps, each from one moment to a later one, worked off in order of the reports' ids. It stands in the store, so
// that a restart goes on with it. What all decisions are as of is the last step's end, or `policy_seen` when there is none.
#ifndef RELTO_STORE_POLICY_STEPS_H
#define RELTO_STORE_POLICY_STEPS_H

#include "formats/base/encode.h"
#include "formats/base/sha256.h"
#include "formats/base/utctime.h"
#include "store/db.h"

// A policy at an instant.
struct policy_moment {
    struct digest policy;
    utc_ms at;
};

// As of which moment the decisions of all reports are, once all steps are done. ST_NOT_FOUND before it was ever set.
MUST_USE enum status policy_seen(struct db_txn *t, struct policy_moment *ret);
MUST_USE enum status policy_seen_set(struct db_txn *t, const struct policy_moment *m);

struct policy_step {
    uint64_t number; // of the step
    struct policy_moment before, after;
    // How far it is: all reports that it concerns are done up to this id, if any are.
    bool begun;
    struct uuid report;
};

// Append a step from the moment seen (which must be set) to this one, which is seen from then on.
MUST_USE enum status policy_steps_add(struct db_txn *t, const struct policy_moment *before, const struct policy_moment *after);
// The first step that is not done. ST_NOT_FOUND.
MUST_USE enum status policy_steps_first(struct db_txn *t, struct policy_step *ret);
// Store how far it is; it is done.
MUST_USE enum status policy_steps_save(struct db_txn *t, const struct policy_step *s);
MUST_USE enum status policy_steps_end(struct db_txn *t, const struct policy_step *s);
// Forget all: every report is decided anew instead.
MUST_USE enum status policy_steps_drop(struct db_txn *t);

#endif
