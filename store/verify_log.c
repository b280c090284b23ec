// One log and its tree: computed again from the leaves' bytes and compared with every stored hash.
#include "store/verify_internal.h"

// ---- the stored tree: a row for each complete block of leaves, and the leaves behind them

// The stored hashes of a block (tree.h); empty when they are not there, or not so many. Rows before it belong to nothing.
static struct span stored_block(struct verify_log *l, uint64_t block)
{
    if (block == l->size / TREE_BLOCK)
        return l->rest;
    for (struct db_walk *w = &l->rows; w->cursor; l->strangers++) {
        struct key_reader r = key_reader_of(span_sub(w->key, w->prefix_len, w->key.len));
        uint64_t have = key_get_u64(&r);
        const bool whole = value_whole(&r);
        if (whole && have > block)
            break;
        struct span row = w->value; // stays valid: the map does not move, and nothing is written
        db_walk_next(w);
        if (whole && have == block)
            return row.len == tree_block_bytes(block) ? row : span_of(NULL, 0);
    }
    return span_of(NULL, 0);
}

// `place`: of the hash in the block.
static void compare_hash(struct verify_log *l, unsigned place, unsigned level, uint64_t index, const struct digest *want)
{
    char where[VERIFY_WHERE_MAX];
    if (l->told || (l->block.len && memcmp(l->block.ptr + place * SHA256_LEN, want->b, SHA256_LEN) == 0))
        return;
    l->told = true;
    verify_say(l->v, "tree-differs", verify_where(l->name, index << level, where),
               "the stored hash of level %u, index %llu is %s", level, (unsigned long long)index,
               l->block.len ? "not that of the stored bytes" : "missing or damaged");
}

// Rows that nothing asked for.
static enum status count_strangers(struct verify_log *l)
{
    for (; l->rows.cursor; db_walk_next(&l->rows))
        l->strangers++;
    if (l->rows.st == ST_OK && l->strangers)
        verify_say(l->v, "tree-nodes", l->name, "%llu stored rows of the tree belong to nothing in one of %llu leaves",
                   (unsigned long long)l->strangers, (unsigned long long)l->size);
    return l->rows.st;
}

// ---- the tree, computed again

// Let it grow by a leaf, comparing it and each stored subtree that becomes complete.
static void add_leaf(struct verify_log *l, const struct digest *leaf)
{
    struct merkle_frontier *f = &l->tree;
    const uint64_t index = f->size;
    unsigned count = (unsigned)__builtin_popcountll(f->size), level = 0;
    struct digest h = *leaf;
    if (index % TREE_BLOCK == 0)
        l->block = stored_block(l, index / TREE_BLOCK);
    compare_hash(l, index % TREE_BLOCK, 0, index, &h);
    for (uint64_t s = f->size; s & 1; s >>= 1) {
        h = merkle_parent(&f->peaks[--count], &h);
        if (++level >= TREE_BLOCK_LEVEL)
            compare_hash(l, TREE_BLOCK + level - TREE_BLOCK_LEVEL, level, index >> level, &h);
    }
    f->peaks[count] = h;
    f->size++;
}

// Bytes are missing up to place n: go on with the stored leaves, so that what follows can still be judged.
static void skip_to(struct verify_log *l, uint64_t n)
{
    char where[VERIFY_WHERE_MAX];
    verify_say(l->v, "gap", verify_where(l->name, l->end, where), "missing; the next place is %llu",
               (unsigned long long)n);
    while (l->tree.size < n && !l->broken) {
        struct digest leaf;
        if (tree_leaf(l->v->t, l->name, l->tree.size, &leaf) == ST_OK)
            add_leaf(l, &leaf);
        else
            l->broken = true; // told as a gap
    }
}

static enum status one_leaf(void *ctx, struct span key, struct span value)
{
    struct verify_log *l = ctx;
    char where[VERIFY_WHERE_MAX];
    struct key_reader r = key_reader_of(key);
    uint64_t n = key_get_u64(&r);
    if (!value_whole(&r)) {
        verify_say(l->v, "key-damaged", l->name, "a key that is no place in this log");
        return ST_OK;
    }
    if (n >= l->size) {
        verify_say(l->v, "beyond-end", verify_where(l->name, n, where),
                   "stored behind the end of the log, which has %llu", (unsigned long long)l->size);
        return ST_OK;
    }
    if (n != l->end)
        skip_to(l, n);
    struct digest leaf;
    TRY(l->leaf(l, n, value, &leaf));
    l->end = n + 1;
    if (!l->broken)
        add_leaf(l, &leaf);
    return ST_OK;
}

// Walk a log without writing: one cursor all the way.
static enum status walk_leaves(struct verify_log *l)
{
    struct db_walk w;
    enum status st = ST_OK;
    bool ok = db_walk_first(l->v->t, l->table, key_span(&l->prefix), span_of(NULL, 0), &w);
    while (ok && st == ST_OK) {
        st = one_leaf(l, span_sub(w.key, l->prefix.len, w.key.len), w.value);
        if (st == ST_OK)
            ok = db_walk_next(&w);
    }
    db_walk_end(&w);
    return st != ST_OK ? st : w.st;
}

static enum status run(struct verify_log *l)
{
    l->v->last_at = UTC_MIN;
    memset(l->v->last_salt, 0, sizeof l->v->last_salt);
    TRY(walk_leaves(l));
    if (l->end < l->size)
        skip_to(l, l->size);
    return l->broken ? ST_OK : count_strangers(l);
}

enum status verify_log(struct verify_log *l)
{
    enum status st = tree_end(l->v->t, l->name, &l->size, &l->rest);
    if (st == ST_CORRUPT) {
        verify_say(l->v, "tree-size", l->name, "the stored number of leaves, or the hashes beside it, are damaged");
        st = ST_OK;
        if (l->size == 0)
            return ST_OK;
    }
    if (st != ST_OK)
        return st;
    struct key of_log = {.len = 0};
    key_text(&of_log, l->name);
    db_walk_first(l->v->t, DB_TREE_BLOCKS, key_span(&of_log), span_of(NULL, 0), &l->rows);
    st = run(l); // also when no row can be read: the leaves tell of themselves
    db_walk_end(&l->rows);
    return st;
}
