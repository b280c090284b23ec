// One log and its tree: computed again from the leaves' bytes and compared with every stored node.
#include <stdlib.h>

#include "store/verify_internal.h"

// ---- the stored nodes: of each level in order, for the tree computed again meets them in that order too

static struct key level_key(const struct verify_log *l, unsigned level)
{
    struct key k = {.len = 0};
    key_text(&k, l->name);
    key_u8(&k, (uint8_t)level);
    return k;
}

// Stand on the first node of a level that was not looked at before.
static bool stand(struct verify_log *l, struct verify_level *v, unsigned level)
{
    if (v->started)
        return v->walk.cursor != NULL;
    struct key prefix = level_key(l, level);
    v->started = true;
    return db_walk_first(l->v->t, DB_TREE, key_span(&prefix), span_of(NULL, 0), &v->walk);
}

// The stored hash of a node, NULL when there is none of the right length. Nodes before it belong to nothing.
static const uint8_t *stored_node(struct verify_log *l, unsigned level, uint64_t index)
{
    struct verify_level *v = &l->levels[level];
    for (bool ok = stand(l, v, level); ok; ok = db_walk_next(&v->walk)) {
        struct key_reader r = key_reader_of(span_sub(v->walk.key, v->walk.prefix_len, v->walk.key.len));
        uint64_t have = key_get_u64(&r);
        if (value_whole(&r) && have >= index) {
            bool met = have == index && v->walk.value.len == SHA256_LEN;
            const uint8_t *hash = met ? v->walk.value.ptr : NULL;
            if (have == index) // stays valid: the map does not move, and nothing is written
                db_walk_next(&v->walk);
            return hash;
        }
        l->strangers++;
    }
    return NULL;
}

static void compare_node(struct verify_log *l, unsigned level, uint64_t index, const struct digest *want)
{
    char where[VERIFY_WHERE_MAX];
    const uint8_t *stored = stored_node(l, level, index);
    if ((stored && memcmp(stored, want->b, SHA256_LEN) == 0) || l->told)
        return;
    l->told = true;
    verify_say(l->v, "tree-differs", verify_where(l->name, index << level, where),
               "the stored hash of level %u, index %llu is %s", level, (unsigned long long)index,
               stored ? "not that of the stored bytes" : "missing or damaged");
}

// Nodes that nothing asked for: behind the last of each level, and of levels that the tree does not have.
static enum status count_strangers(struct verify_log *l)
{
    struct key prefix = {.len = 0};
    struct db_walk w;
    unsigned level = 0;
    for (; level < MERKLE_LEVELS && l->levels[level].started; level++) {
        struct db_walk *rest = &l->levels[level].walk;
        for (; rest->cursor; db_walk_next(rest))
            l->strangers++;
        TRY(rest->st);
    }
    struct key from = level_key(l, level);
    key_text(&prefix, l->name);
    for (bool ok = db_walk_first(l->v->t, DB_TREE, key_span(&prefix), key_span(&from), &w); ok; ok = db_walk_next(&w))
        l->strangers++;
    db_walk_end(&w);
    if (w.st == ST_OK && l->strangers)
        verify_say(l->v, "tree-nodes", l->name, "%llu stored tree nodes belong to nothing in a tree of %llu leaves",
                   (unsigned long long)l->strangers, (unsigned long long)l->size);
    return w.st;
}

// ---- the tree, computed again

// Let it grow by a leaf, comparing each subtree that becomes complete.
static void add_leaf(struct verify_log *l, const struct digest *leaf)
{
    struct merkle_frontier *f = &l->tree;
    uint64_t index = f->size;
    unsigned count = (unsigned)__builtin_popcountll(f->size), level = 0;
    struct digest h = *leaf;
    compare_node(l, 0, index, &h);
    for (uint64_t s = f->size; s & 1; s >>= 1) {
        h = merkle_parent(&f->peaks[--count], &h);
        level++;
        compare_node(l, level, index >> level, &h);
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
    enum status st = tree_size(l->v->t, l->name, &l->size);
    if (st == ST_CORRUPT) {
        verify_say(l->v, "tree-size", l->name, "the stored number of leaves is damaged");
        return ST_OK;
    }
    if (st != ST_OK)
        return st;
    l->levels = calloc(MERKLE_LEVELS, sizeof *l->levels);
    if (!l->levels)
        return ST_NOMEM;
    st = run(l);
    for (unsigned level = 0; level < MERKLE_LEVELS; level++)
        db_walk_end(&l->levels[level].walk);
    free(l->levels);
    l->levels = NULL;
    return st;
}
