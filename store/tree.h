// Merkle trees kept in the store, one per log: "audit", "out/FRA" (ledger to FRA), "in/GBR" (ledger from GBR).
#ifndef RELTO_STORE_TREE_H
#define RELTO_STORE_TREE_H

#include "store/db.h"
#include "store/merkle.h"

// Leaves of the log; 0 for one that was never written.
MUST_USE enum status tree_size(struct db_txn *t, const char *log, uint64_t *ret);
// Append a leaf hash; stores every subtree that becomes complete. tree_append_at: for a caller who has just read the
// log's size.
MUST_USE enum status tree_append(struct db_txn *t, const char *log, const struct digest *leaf);
MUST_USE enum status tree_append_at(struct db_txn *t, const char *log, uint64_t size, const struct digest *leaf);
// How many complete subtrees end with leaf n, one of each level from 0 on: so many hashes are stored with it.
unsigned tree_levels(uint64_t n);
// Root of the first `size` leaves (size <= tree_size, else ST_INVALID).
MUST_USE enum status tree_root(struct db_txn *t, const char *log, uint64_t size, struct digest *ret);
MUST_USE enum status tree_leaf(struct db_txn *t, const char *log, uint64_t n, struct digest *ret);
// A merkle_nodes over this log; ctx memory is *state.
struct tree_nodes_state {
    struct db_txn *t;
    const char *log;
};
struct merkle_nodes tree_nodes(struct tree_nodes_state *state);

#endif
