#include "store/merkle.h"

#include "formats/base/bug.h"

struct digest merkle_leaf(struct span data)
{
    static const uint8_t prefix[1] = {0};
    return sha256_parts((struct span[]){span_of(prefix, 1), data}, 2);
}

struct digest merkle_parent(const struct digest *left, const struct digest *right)
{
    uint8_t bytes[1 + 2 * SHA256_LEN] = {1};
    memcpy(bytes + 1, left->b, SHA256_LEN);
    memcpy(bytes + 1 + SHA256_LEN, right->b, SHA256_LEN);
    return sha256(span_of(bytes, sizeof bytes));
}

struct digest merkle_empty(void)
{
    return sha256(span_of(NULL, 0));
}

// ---- the frontier

static unsigned ones(uint64_t v)
{
    return (unsigned)__builtin_popcountll(v);
}

void merkle_frontier_append(struct merkle_frontier *f, const struct digest *leaf)
{
    struct digest h = *leaf;
    unsigned count = ones(f->size);
    // Each one bit at the bottom is a complete subtree of the size that has just become complete: merge.
    for (uint64_t s = f->size; s & 1; s >>= 1)
        h = merkle_parent(&f->peaks[--count], &h);
    BUG_IF(f->size == UINT64_MAX || count >= MERKLE_LEVELS);
    f->peaks[count] = h;
    f->size++;
}

struct digest merkle_frontier_root(const struct merkle_frontier *f)
{
    unsigned count = ones(f->size);
    if (count == 0)
        return merkle_empty();
    struct digest h = f->peaks[count - 1];
    for (unsigned i = count - 1; i > 0; i--)
        h = merkle_parent(&f->peaks[i - 1], &h);
    return h;
}

// ---- roots and proofs over stored nodes

static unsigned trailing_zeros(uint64_t v)
{
    return (unsigned)__builtin_ctzll(v);
}

// The largest power of two below n. Precondition: n > 1.
static uint64_t split_point(uint64_t n)
{
    return (uint64_t)1 << (63 - __builtin_clzll(n - 1));
}

// MTH of the leaves [from, to), from being a multiple of the largest power of two in (to - from): the
// subtrees of the one bits of to - from, joined from the right.
static enum status range_root(const struct merkle_nodes *nodes, uint64_t from, uint64_t to,
                              struct digest *ret)
{
    if (from == to) {
        *ret = merkle_empty();
        return ST_OK;
    }
    unsigned level = trailing_zeros(to - from);
    struct digest h;
    TRY(nodes->get(nodes->ctx, level, (to >> level) - 1, &h));
    for (to -= (uint64_t)1 << level; to > from; to -= (uint64_t)1 << level) {
        struct digest left;
        level = trailing_zeros(to - from);
        TRY(nodes->get(nodes->ctx, level, (to >> level) - 1, &left));
        h = merkle_parent(&left, &h);
    }
    *ret = h;
    return ST_OK;
}

enum status merkle_root(const struct merkle_nodes *nodes, uint64_t size, struct digest *ret)
{
    return range_root(nodes, 0, size, ret);
}

static void reverse(struct digest *list, size_t len)
{
    for (size_t i = 0; i < len / 2; i++) {
        struct digest swap = list[i];
        list[i] = list[len - 1 - i];
        list[len - 1 - i] = swap;
    }
}

// PATH(m, D[n]): from the root down we meet the siblings last to first.
enum status merkle_inclusion(const struct merkle_nodes *nodes, uint64_t index, uint64_t size,
                             struct digest *proof, size_t *ret_len)
{
    if (index >= size)
        return ST_INVALID;
    uint64_t from = 0, to = size;
    size_t len = 0;
    while (to - from > 1) {
        uint64_t middle = from + split_point(to - from);
        BUG_IF(len > MERKLE_LEVELS);
        if (index < middle) {
            TRY(range_root(nodes, middle, to, &proof[len++]));
            to = middle;
        } else {
            TRY(range_root(nodes, from, middle, &proof[len++]));
            from = middle;
        }
    }
    reverse(proof, len);
    *ret_len = len;
    return ST_OK;
}

// SUBPROOF(m, D[n], true): likewise; the subtree where the old tree ends is named only when it is not the old
// tree itself.
enum status merkle_consistency(const struct merkle_nodes *nodes, uint64_t old_size, uint64_t size,
                               struct digest *proof, size_t *ret_len)
{
    if (old_size > size)
        return ST_INVALID;
    *ret_len = 0;
    if (old_size == 0 || old_size == size)
        return ST_OK;
    uint64_t from = 0, to = size;
    size_t len = 0;
    while (to != old_size) {
        uint64_t middle = from + split_point(to - from);
        BUG_IF(len > MERKLE_LEVELS);
        if (old_size <= middle) {
            TRY(range_root(nodes, middle, to, &proof[len++]));
            to = middle;
        } else {
            TRY(range_root(nodes, from, middle, &proof[len++]));
            from = middle;
        }
    }
    if (from > 0)
        TRY(range_root(nodes, from, to, &proof[len++]));
    reverse(proof, len);
    *ret_len = len;
    return ST_OK;
}

// ---- checking (RFC 9162, 2.1.3.2 and 2.1.4.2: the algorithms that go with RFC 6962 trees)

enum status merkle_check_inclusion(const struct digest *leaf, uint64_t index, uint64_t size,
                                   const struct digest *proof, size_t len, const struct digest *root)
{
    if (index >= size)
        return ST_BAD_PROOF;
    uint64_t fn = index, sn = size - 1;
    struct digest h = *leaf;
    for (size_t i = 0; i < len; i++) {
        if (sn == 0)
            return ST_BAD_PROOF;
        if ((fn & 1) || fn == sn) {
            h = merkle_parent(&proof[i], &h);
            while (fn != 0 && !(fn & 1)) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            h = merkle_parent(&h, &proof[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && digest_eq(&h, root) ? ST_OK : ST_BAD_PROOF;
}

// Both roots from the proof, for 0 < old_size < size. `path` begins with the old tree's own last subtree.
static enum status walk_consistency(uint64_t old_size, const struct digest *old_root, uint64_t size,
                                    const struct digest *root, const struct digest *start,
                                    const struct digest *path, size_t len)
{
    uint64_t fn = old_size - 1, sn = size - 1;
    while (fn & 1) {
        fn >>= 1;
        sn >>= 1;
    }
    struct digest fr = *start, sr = *start;
    for (size_t i = 0; i < len; i++) {
        if (sn == 0)
            return ST_BAD_PROOF;
        if ((fn & 1) || fn == sn) {
            fr = merkle_parent(&path[i], &fr);
            sr = merkle_parent(&path[i], &sr);
            while (fn != 0 && !(fn & 1)) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            sr = merkle_parent(&sr, &path[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && digest_eq(&fr, old_root) && digest_eq(&sr, root) ? ST_OK : ST_BAD_PROOF;
}

enum status merkle_check_consistency(uint64_t old_size, const struct digest *old_root, uint64_t size,
                                     const struct digest *root, const struct digest *proof, size_t len)
{
    if (old_size > size)
        return ST_BAD_PROOF;
    if (old_size == size)
        return len == 0 && digest_eq(old_root, root) ? ST_OK : ST_BAD_PROOF;
    if (old_size == 0) {
        struct digest empty = merkle_empty();
        return len == 0 && digest_eq(old_root, &empty) ? ST_OK : ST_BAD_PROOF;
    }
    // A complete old tree is the start of the path itself and is not repeated in the proof.
    if ((old_size & (old_size - 1)) == 0)
        return walk_consistency(old_size, old_root, size, root, old_root, proof, len);
    if (len == 0)
        return ST_BAD_PROOF;
    return walk_consistency(old_size, old_root, size, root, &proof[0], proof + 1, len - 1);
}
