// Comparing the two copies of a release ledger, its owner's and its reader's (spec 4.2, `relto reconcile`).
#ifndef RELTO_NODE_CORE_RECONCILE_H
#define RELTO_NODE_CORE_RECONCILE_H

#include "store/ledger.h"

// One node's copy: how many entries, and the root of the first n of them, n <= size.
struct reconcile_copy {
    uint64_t size;
    enum status (*root)(void *ctx, uint64_t n, struct digest *ret);
    void *ctx;
};

enum reconcile_verdict {
    RECONCILE_EQUAL,   // equal size and root
    RECONCILE_BEHIND,  // the reader has a beginning of what the owner has: the rest is on its way
    RECONCILE_DIFFERS, // two stories: an entry is not the same, or the reader has entries that the owner does not know
};

struct reconcile_result {
    enum reconcile_verdict verdict;
    uint64_t first;         // RECONCILE_DIFFERS: the first entry that is not the same in both
    struct digest root[2];  // owner's and reader's, each of all that it has
};

// Compare. Asks each side for a root at most 66 times. A side that changes its story while it is asked makes *ret wrong
// about the place, never about there being a difference. Take the reader's size before the owner's: a ledger that
// grows in between is then no difference. Passes on what `root` returns.
MUST_USE enum status reconcile_compare(const struct reconcile_copy *owner, const struct reconcile_copy *reader,
                                       struct reconcile_result *ret);

// A partner's stored receipts against our ledger to it.
struct reconcile_receipts {
    uint64_t size; // of our ledger
    struct digest root;
    size_t count;
    struct receipt last; // of the greatest size; valid until the transaction writes
    bool differs;        // one of them is of another ledger …
    uint64_t from, to;   // … whose first different entry n is one of from <= n < to
};
MUST_USE enum status reconcile_receipts(struct db_txn *t, const char *partner, struct reconcile_receipts *ret);

#endif
