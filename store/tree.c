#include "store/tree.h"

#include "formats/base/bug.h"
#include "store/key.h"
#include "store/log_end.h"

// The hashes of the complete subtrees that end with one leaf, the leaf's own first: one for each level. They are written together, so
// that a log grows at one place of the table.
struct row {
    struct digest hashes[MERKLE_LEVELS];
    unsigned levels;
};

unsigned tree_levels(uint64_t n)
{
    return n == UINT64_MAX ? MERKLE_LEVELS : (unsigned)__builtin_ctzll(n + 1) + 1;
}

static struct key row_key(const char *log, uint64_t n)
{
    struct key k = {.len = 0};
    key_text(&k, log);
    key_u64(&k, n);
    return k;
}

static struct key size_key(const char *log)
{
    struct key k = {.len = 0};
    key_text(&k, log);
    return k;
}

enum status tree_size(struct db_txn *t, const char *log, uint64_t *ret)
{
    struct key k = size_key(log);
    struct span v;
    enum status st = db_get(t, DB_TREE_SIZE, key_span(&k), &v);
    if (st == ST_NOT_FOUND) {
        *ret = 0;
        return ST_OK;
    }
    if (st != ST_OK)
        return st;
    struct key_reader r = key_reader_of(v);
    uint64_t size = key_get_u64(&r);
    if (r.bad || r.rest.len)
        return ST_CORRUPT;
    *ret = size;
    return ST_OK;
}

static enum status put_size(struct db_txn *t, const char *log, uint64_t size)
{
    struct key k = size_key(log), v = {.len = 0};
    key_u64(&v, size);
    return db_put(t, DB_TREE_SIZE, key_span(&k), key_span(&v));
}

static enum status get_node(struct db_txn *t, const char *log, unsigned level, uint64_t index, struct digest *ret)
{
    const uint64_t last = ((index + 1) << level) - 1;
    struct key k = row_key(log, last);
    struct span v;
    enum status st = db_get(t, DB_TREE, key_span(&k), &v);
    if (st == ST_NOT_FOUND || (st == ST_OK && v.len != tree_levels(last) * SHA256_LEN))
        return ST_CORRUPT;
    if (st == ST_OK)
        memcpy(ret->b, v.ptr + level * SHA256_LEN, SHA256_LEN);
    return st;
}

// A row is written once: what is there already contradicts the size.
static enum status put_row(struct db_txn *t, const char *log, uint64_t n, const struct row *r)
{
    struct key k = row_key(log, n);
    enum status st = db_put_new(t, DB_TREE, key_span(&k), span_of(r->hashes, r->levels * sizeof *r->hashes));
    return st == ST_CONFLICT ? ST_CORRUPT : st;
}

// The subtree before this one of the same level, which has been waiting for it.
static enum status left_of(struct db_txn *t, const char *log, unsigned level, uint64_t index, const struct log_end *end,
                           struct digest *ret)
{
    if (!end || level >= LOG_LEVELS || !(end->have >> level & 1))
        return get_node(t, log, level, index - 1, ret);
    *ret = end->left[level];
    return ST_OK;
}

// The log has grown by one leaf; the subtree that waits now is of this level.
static void remember(struct log_end *end, unsigned level, const struct digest *waits)
{
    end->size++;
    end->timed = false;
    end->have &= end->size; // those that still wait
    if (level < LOG_LEVELS) {
        end->have |= (uint64_t)1 << level;
        end->left[level] = *waits;
    }
}

static enum status make_row(struct db_txn *t, const char *log, uint64_t n, const struct digest *leaf, const struct log_end *end,
                            struct row *ret)
{
    ret->hashes[0] = *leaf;
    ret->levels = tree_levels(n);
    for (unsigned level = 0; level + 1 < ret->levels; level++) {
        struct digest left;
        TRY(left_of(t, log, level, n >> level, end, &left));
        ret->hashes[level + 1] = merkle_parent(&left, &ret->hashes[level]);
    }
    return ST_OK;
}

enum status tree_append_at(struct db_txn *t, const char *log, uint64_t size, const struct digest *leaf)
{
    struct log_end *end = log_end_of(t, log, size);
    struct row row;
    if (size == UINT64_MAX)
        return ST_LIMIT;
    TRY(make_row(t, log, size, leaf, end, &row));
    TRY(put_row(t, log, size, &row));
    if (end)
        remember(end, row.levels - 1, &row.hashes[row.levels - 1]);
    return put_size(t, log, size + 1);
}

enum status tree_append(struct db_txn *t, const char *log, const struct digest *leaf)
{
    uint64_t size = 0;
    TRY(tree_size(t, log, &size));
    return tree_append_at(t, log, size, leaf);
}

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
