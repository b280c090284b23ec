// Merkle trees kept in the store, one per log: "audit", "out/FRA" (ledger to FRA), "in/GBR" (ledger from GBR).
//
// Kept are the hashes of all leaves and those of the complete subtrees of a block of leaves and more; smaller subtrees are joined again
// from the leaves. A complete block is written once, as one row; the leaves behind it stand with the size. So an append changes one
// small row, and a long tree is a tenth larger than its leaf hashes.
#ifndef RELTO_STORE_TREE_H
#define RELTO_STORE_TREE_H

#include "store/db.h"
#include "store/merkle.h"

enum { TREE_BLOCK_LEVEL = 5, TREE_BLOCK = 1 << TREE_BLOCK_LEVEL };

// Leaves of the log; 0 for one that was never written.
MUST_USE enum status tree_size(struct db_txn *t, const char *log, uint64_t *ret);
MUST_USE enum status tree_append(struct db_txn *t, const char *log, const struct digest *leaf);
// How a log ends: its size, and the leaf hashes of its unfinished block. Who has read it appends to it without reading it again, in the
// same transaction; the tail grows with the log.
struct tree_tail {
    uint64_t size;
    struct digest leaves[TREE_BLOCK];
};
MUST_USE enum status tree_tail(struct db_txn *t, const char *log, struct tree_tail *ret);
MUST_USE enum status tree_tail_append(struct db_txn *t, const char *log, struct tree_tail *tail, const struct digest *leaf);
// Root of the first `size` leaves (size <= tree_size, else ST_INVALID).
MUST_USE enum status tree_root(struct db_txn *t, const char *log, uint64_t size, struct digest *ret);
MUST_USE enum status tree_leaf(struct db_txn *t, const char *log, uint64_t n, struct digest *ret);
// A merkle_nodes over this log; ctx memory is *state.
struct tree_nodes_state {
    struct db_txn *t;
    const char *log;
};
struct merkle_nodes tree_nodes(struct tree_nodes_state *state);

// ---- how it is stored, for who checks it (verify_log.c) or brings it from another form (db_upgrade.c)

// DB_TREE_BLOCKS, log ‖ block: the hashes of the block's leaves, then of the complete subtrees that end with it, the block's own first:
// so many.
unsigned tree_block_levels(uint64_t block);
size_t tree_block_bytes(uint64_t block);
// DB_TREE_ENDS, log: the size, and the leaf hashes behind the last complete block, which are the store's until the next write.
// ST_CORRUPT when these are not so many: *ret_size is set all the same, or 0 when it cannot be read either.
MUST_USE enum status tree_end(struct db_txn *t, const char *log, uint64_t *ret_size, struct span *ret_leaves);

#endif
