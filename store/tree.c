#include "store/tree.h"

#include "store/key.h"

unsigned tree_block_levels(uint64_t block)
{
    return (unsigned)__builtin_ctzll(block + 1) + 1;
}

size_t tree_block_bytes(uint64_t block)
{
    return (TREE_BLOCK + tree_block_levels(block)) * SHA256_LEN;
}

static struct key block_key(const char *log, uint64_t block)
{
    struct key k = {.len = 0};
    key_text(&k, log);
    key_u64(&k, block);
    return k;
}

static struct key end_key(const char *log)
{
    struct key k = {.len = 0};
    key_text(&k, log);
    return k;
}

// ---- the end

enum status tree_end(struct db_txn *t, const char *log, uint64_t *ret_size, struct span *ret_leaves)
{
    struct key k = end_key(log);
    struct span v;
    enum status st = db_get(t, DB_TREE_ENDS, key_span(&k), &v);
    if (st == ST_NOT_FOUND) {
        *ret_size = 0;
        *ret_leaves = span_of(NULL, 0);
        return ST_OK;
    }
    if (st != ST_OK)
        return st;
    struct key_reader r = key_reader_of(v);
    *ret_size = key_get_u64(&r);
    const bool good = !r.bad && r.rest.len == *ret_size % TREE_BLOCK * SHA256_LEN;
    *ret_leaves = good ? r.rest : span_of(NULL, 0);
    return good ? ST_OK : ST_CORRUPT;
}

enum status tree_size(struct db_txn *t, const char *log, uint64_t *ret)
{
    struct span unused;
    return tree_end(t, log, ret, &unused);
}

enum status tree_tail(struct db_txn *t, const char *log, struct tree_tail *ret)
{
    struct span leaves;
    TRY(tree_end(t, log, &ret->size, &leaves));
    if (leaves.len)
        memcpy(ret->leaves, leaves.ptr, leaves.len);
    return ST_OK;
}

static enum status put_end(struct db_txn *t, const char *log, const struct tree_tail *e)
{
    uint8_t value[sizeof e->size + sizeof e->leaves];
    struct key k = end_key(log), size = {.len = 0};
    const size_t len = e->size % TREE_BLOCK * SHA256_LEN;
    key_u64(&size, e->size);
    memcpy(value, size.b, size.len);
    memcpy(value + size.len, e->leaves, len);
    return db_put(t, DB_TREE_ENDS, key_span(&k), span_of(value, size.len + len));
}

// ---- hashes

// The root of 2^level leaves, of one block. A leaf of zeroes is one that an earlier version had lost (db_upgrade.c).
static enum status join(const uint8_t *leaves, unsigned level, struct digest *ret)
{
    static const struct digest lost;
    struct digest h[TREE_BLOCK];
    const size_t all = (size_t)1 << level;
    memcpy(h, leaves, all * SHA256_LEN);
    for (size_t i = 0; i < all; i++)
        if (digest_eq(&h[i], &lost))
            return ST_CORRUPT;
    for (size_t count = all; count > 1; count /= 2)
        for (size_t i = 0; i < count / 2; i++)
            h[i] = merkle_parent(&h[2 * i], &h[2 * i + 1]);
    *ret = h[0];
    return ST_OK;
}

static enum status get_block(struct db_txn *t, const char *log, uint64_t block, struct span *ret)
{
    struct key k = block_key(log, block);
    enum status st = db_get(t, DB_TREE_BLOCKS, key_span(&k), ret);
    return st == ST_OK && ret->len != tree_block_bytes(block) ? ST_CORRUPT : st;
}

// The leaf hashes of a block, as many as there are.
static enum status get_leaves(struct db_txn *t, const char *log, uint64_t block, struct span *ret)
{
    uint64_t size = 0;
    enum status st = get_block(t, log, block, ret);
    if (st != ST_NOT_FOUND)
        return st;
    TRY(tree_end(t, log, &size, ret));
    return size / TREE_BLOCK == block ? ST_OK : ST_CORRUPT;
}

static enum status get_node(struct db_txn *t, const char *log, unsigned level, uint64_t index, struct digest *ret)
{
    const uint64_t last = ((index + 1) << level) - 1, block = last / TREE_BLOCK;
    const size_t end = (last % TREE_BLOCK + 1) * SHA256_LEN;
    struct span v;
    if (level < TREE_BLOCK_LEVEL) {
        TRY(get_leaves(t, log, block, &v));
        if (v.len < end)
            return ST_CORRUPT;
        return join(v.ptr + end - ((size_t)SHA256_LEN << level), level, ret);
    }
    enum status st = get_block(t, log, block, &v);
    if (st == ST_OK)
        memcpy(ret->b, v.ptr + end + (level - TREE_BLOCK_LEVEL) * SHA256_LEN, SHA256_LEN);
    return st == ST_NOT_FOUND ? ST_CORRUPT : st;
}

// ---- growing

// A block is written once: what is there already contradicts the size.
static enum status put_block(struct db_txn *t, const char *log, uint64_t block, const struct digest *leaves)
{
    struct digest row[TREE_BLOCK + MERKLE_LEVELS];
    struct key k = block_key(log, block);
    memcpy(row, leaves, TREE_BLOCK * sizeof *leaves);
    TRY(join(leaves->b, TREE_BLOCK_LEVEL, &row[TREE_BLOCK]));
    for (unsigned i = 0; i + 1 < tree_block_levels(block); i++) {
        struct digest left;
        TRY(get_node(t, log, TREE_BLOCK_LEVEL + i, (block >> i) - 1, &left));
        row[TREE_BLOCK + i + 1] = merkle_parent(&left, &row[TREE_BLOCK + i]);
    }
    enum status st = db_put_new(t, DB_TREE_BLOCKS, key_span(&k), span_of(row, tree_block_bytes(block)));
    return st == ST_CONFLICT ? ST_CORRUPT : st;
}

enum status tree_tail_append(struct db_txn *t, const char *log, struct tree_tail *tail, const struct digest *leaf)
{
    if (tail->size == UINT64_MAX)
        return ST_LIMIT;
    tail->leaves[tail->size % TREE_BLOCK] = *leaf;
    tail->size++;
    if (tail->size % TREE_BLOCK == 0)
        TRY(put_block(t, log, tail->size / TREE_BLOCK - 1, tail->leaves));
    return put_end(t, log, tail);
}

enum status tree_append(struct db_txn *t, const char *log, const struct digest *leaf)
{
    struct tree_tail tail;
    TRY(tree_tail(t, log, &tail));
    return tree_tail_append(t, log, &tail, leaf);
}

// ---- reading

static enum status node_of(void *ctx, unsigned level, uint64_t index, struct digest *ret)
{
    const struct tree_nodes_state *s = ctx;
    return get_node(s->t, s->log, level, index, ret);
}

struct merkle_nodes tree_nodes(struct tree_nodes_state *state)
{
    return (struct merkle_nodes){node_of, state};
}

enum status tree_root(struct db_txn *t, const char *log, uint64_t size, struct digest *ret)
{
    uint64_t have = 0;
    TRY(tree_size(t, log, &have));
    if (size > have)
        return ST_INVALID;
    struct tree_nodes_state state = {t, log};
    struct merkle_nodes nodes = tree_nodes(&state);
    return merkle_root(&nodes, size, ret);
}

enum status tree_leaf(struct db_txn *t, const char *log, uint64_t n, struct digest *ret)
{
    uint64_t have = 0;
    TRY(tree_size(t, log, &have));
    return n < have ? get_node(t, log, 0, n, ret) : ST_INVALID;
}
