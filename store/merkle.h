// RFC 6962 Merkle trees, pure: hashes in, hashes out. Storage of nodes is the caller's (merkle_nodes).
#ifndef RELTO_STORE_MERKLE_H
#define RELTO_STORE_MERKLE_H

#include "formats/base/sha256.h"
#include "formats/base/status.h"

enum { MERKLE_LEVELS = 64 };

struct digest merkle_leaf(struct span data);                                       // SHA-256(0x00 ‖ data)
struct digest merkle_parent(const struct digest *left, const struct digest *right); // SHA-256(0x01 ‖ l ‖ r)
struct digest merkle_empty(void);                                                  // SHA-256("")

// The complete subtrees of a tree of `size` leaves, largest first: enough to append and to give the root.
struct merkle_frontier {
    uint64_t size;
    struct digest peaks[MERKLE_LEVELS]; // popcount(size) of them
};
// Start from a zeroed struct. The root of no leaves is merkle_empty.
void merkle_frontier_append(struct merkle_frontier *f, const struct digest *leaf);
struct digest merkle_frontier_root(const struct merkle_frontier *f);

// Source of hashes of complete subtrees: node(level, index) covers leaves [index << level, (index + 1) << level).
struct merkle_nodes {
    enum status (*get)(void *ctx, unsigned level, uint64_t index, struct digest *ret);
    void *ctx;
};
// Root of the first `size` leaves. Statuses are those of nodes->get.
MUST_USE enum status merkle_root(const struct merkle_nodes *nodes, uint64_t size, struct digest *ret);
// Proofs per RFC 6962 2.1.1 and 2.1.2. `proof` holds MERKLE_LEVELS + 1 hashes.
MUST_USE enum status merkle_inclusion(const struct merkle_nodes *nodes, uint64_t index, uint64_t size,
                                      struct digest *proof, size_t *ret_len);
MUST_USE enum status merkle_consistency(const struct merkle_nodes *nodes, uint64_t old_size, uint64_t size,
                                        struct digest *proof, size_t *ret_len);
// ST_OK or ST_BAD_PROOF.
MUST_USE enum status merkle_check_inclusion(const struct digest *leaf, uint64_t index, uint64_t size,
                                            const struct digest *proof, size_t len, const struct digest *root);
MUST_USE enum status merkle_check_consistency(uint64_t old_size, const struct digest *old_root, uint64_t size,
                                              const struct digest *root, const struct digest *proof, size_t len);

#endif
