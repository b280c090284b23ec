// store/tree: Merkle trees in the store.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <lmdb.h>

#include "store/key.h"
#include "store/tree.h"
#include "tests/support/store_dir.h"

static struct digest leaf_of(uint64_t i)
{
    return merkle_leaf(span_of(&i, sizeof i));
}

static void grow(struct db_txn *t, const char *log, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++) {
        struct digest leaf = leaf_of(i);
        assert_int_equal(tree_append(t, log, &leaf), ST_OK);
    }
}

static void roots_and_leaves(void **state)
{
    struct store_dir *s = *state;
    struct merkle_frontier f = {.size = 0};
    uint64_t size = 99;
    struct digest root;
    struct db_txn *t = store_dir_write(s);
    assert_int_equal(tree_size(t, "audit", &size), ST_OK);
    assert_int_equal(size, 0);
    for (uint64_t i = 0; i < 70; i++) {
        struct digest want = merkle_frontier_root(&f), leaf = leaf_of(i);
        assert_int_equal(tree_root(t, "audit", i, &root), ST_OK);
        assert_true(digest_eq(&root, &want));
        assert_int_equal(tree_append(t, "audit", &leaf), ST_OK);
        merkle_frontier_append(&f, &leaf);
    }
    store_dir_commit(t);
    db_close(&s->db);
    store_dir_open(s, true);
    t = store_dir_read(s);
    assert_int_equal(tree_size(t, "audit", &size), ST_OK);
    assert_int_equal(size, 70);
    struct digest want = merkle_frontier_root(&f), leaf, leaf_want = leaf_of(69);
    assert_int_equal(tree_root(t, "audit", 70, &root), ST_OK);
    assert_true(digest_eq(&root, &want));
    assert_int_equal(tree_root(t, "audit", 71, &root), ST_INVALID);
    assert_int_equal(tree_leaf(t, "audit", 69, &leaf), ST_OK);
    assert_true(digest_eq(&leaf, &leaf_want));
    assert_int_equal(tree_leaf(t, "audit", 70, &leaf), ST_INVALID);
    db_abort(&t);
}

// Old roots, and proofs from stored nodes, stay good while the tree grows.
static void proofs_come_from_stored_nodes(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    grow(t, "out/FRA", 0, 13);
    struct digest old, now, proof[MERKLE_LEVELS + 1], leaf = leaf_of(5);
    assert_int_equal(tree_root(t, "out/FRA", 13, &old), ST_OK);
    grow(t, "out/FRA", 13, 40);
    assert_int_equal(tree_root(t, "out/FRA", 13, &now), ST_OK);
    assert_true(digest_eq(&old, &now));
    assert_int_equal(tree_root(t, "out/FRA", 40, &now), ST_OK);
    struct tree_nodes_state ns = {t, "out/FRA"};
    struct merkle_nodes nodes = tree_nodes(&ns);
    size_t len;
    assert_int_equal(merkle_inclusion(&nodes, 5, 40, proof, &len), ST_OK);
    assert_int_equal(merkle_check_inclusion(&leaf, 5, 40, proof, len, &now), ST_OK);
    assert_int_equal(merkle_consistency(&nodes, 13, 40, proof, &len), ST_OK);
    assert_int_equal(merkle_check_consistency(13, &old, 40, &now, proof, len), ST_OK);
    db_abort(&t);
}

// At every size around the borders of blocks: roots of all sizes before, and proofs between them, against trees that know no blocks.
static void borders_of_blocks(void **state)
{
    enum { MOST = 2 * TREE_BLOCK + 3 };
    struct store_dir *s = *state;
    struct merkle_frontier f = {.size = 0};
    struct digest roots[MOST + 1], proof[MERKLE_LEVELS + 1], now;
    struct db_txn *t = store_dir_write(s);
    struct tree_nodes_state ns = {t, "audit"};
    struct merkle_nodes nodes = tree_nodes(&ns);
    size_t len;
    for (uint64_t size = 0; size <= MOST; size++) {
        roots[size] = merkle_frontier_root(&f);
        for (uint64_t old = 0; old <= size; old++) {
            assert_int_equal(tree_root(t, "audit", old, &now), ST_OK);
            assert_true(digest_eq(&now, &roots[old]));
            if (old == 0)
                continue;
            struct digest leaf = leaf_of(old - 1);
            assert_int_equal(merkle_consistency(&nodes, old, size, proof, &len), ST_OK);
            assert_int_equal(merkle_check_consistency(old, &roots[old], size, &roots[size], proof, len), ST_OK);
            assert_int_equal(merkle_inclusion(&nodes, old - 1, size, proof, &len), ST_OK);
            assert_int_equal(merkle_check_inclusion(&leaf, old - 1, size, proof, len, &roots[size]), ST_OK);
        }
        struct digest leaf = leaf_of(size);
        assert_int_equal(tree_append(t, "audit", &leaf), ST_OK);
        merkle_frontier_append(&f, &leaf);
    }
    db_abort(&t);
}

// Names that begin alike, and names of the greatest length, do not mix.
static void logs_do_not_mix(void **state)
{
    struct store_dir *s = *state;
    static const char *const names[] = {
        "out/A", "out/AB", "in/A", "audit",
        "out/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    struct db_txn *t = store_dir_write(s);
    for (uint64_t i = 0; i < 5; i++)
        grow(t, names[i], 100 * i, 100 * i + i + 1);
    for (uint64_t i = 0; i < 5; i++) {
        uint64_t size;
        struct digest leaf, want = leaf_of(100 * i);
        assert_int_equal(tree_size(t, names[i], &size), ST_OK);
        assert_int_equal(size, i + 1);
        assert_int_equal(tree_leaf(t, names[i], 0, &leaf), ST_OK);
        assert_true(digest_eq(&leaf, &want));
    }
    db_abort(&t);
}

static void damage_is_told(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    grow(t, "audit", 0, TREE_BLOCK + 3);
    struct key block = {.len = 0}, end = {.len = 0}, value = {.len = 0};
    key_text(&block, "audit");
    key_text(&end, "audit");
    key_u64(&block, 0);
    struct digest root, leaf = leaf_of(9);
    uint64_t n;
    assert_int_equal(db_put(t, DB_TREE_BLOCKS, key_span(&block), span_of(leaf.b, SHA256_LEN)), ST_OK);
    assert_int_equal(tree_root(t, "audit", TREE_BLOCK + 3, &root), ST_CORRUPT);
    assert_int_equal(tree_leaf(t, "audit", 2, &leaf), ST_CORRUPT);
    assert_int_equal(db_del(t, DB_TREE_BLOCKS, key_span(&block)), ST_OK);
    assert_int_equal(tree_root(t, "audit", TREE_BLOCK + 3, &root), ST_CORRUPT);
    assert_int_equal(tree_leaf(t, "audit", 2, &leaf), ST_CORRUPT);
    assert_int_equal(tree_leaf(t, "audit", TREE_BLOCK + 2, &leaf), ST_OK);
    // a size that does not fit the hashes beside it
    key_u64(&value, 1);
    assert_int_equal(db_put(t, DB_TREE_ENDS, key_span(&end), key_span(&value)), ST_OK);
    assert_int_equal(tree_size(t, "audit", &n), ST_CORRUPT);
    assert_int_equal(tree_append(t, "audit", &leaf), ST_CORRUPT);
    assert_int_equal(db_put(t, DB_TREE_ENDS, key_span(&end), span_cstr("x")), ST_OK);
    assert_int_equal(tree_size(t, "audit", &n), ST_CORRUPT);
    db_abort(&t);
}

// A size that was set back: a block that stands is not written again.
static void no_block_is_overwritten(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    grow(t, "audit", 0, TREE_BLOCK);
    struct key end = {.len = 0}, value = {.len = 0};
    key_text(&end, "audit");
    key_u64(&value, 0);
    assert_int_equal(db_put(t, DB_TREE_ENDS, key_span(&end), key_span(&value)), ST_OK);
    for (uint64_t i = 0; i < TREE_BLOCK; i++) {
        struct digest leaf = leaf_of(100 + i);
        assert_int_equal(tree_append(t, "audit", &leaf), i + 1 < TREE_BLOCK ? ST_OK : ST_CORRUPT);
    }
    db_abort(&t);
}

// ---- stores of earlier versions

enum { OLD_ROWS = 21000 };

struct old_row {
    char log[16];
    uint64_t n;
    unsigned levels;
    struct digest hashes[16];
};

// As version 3 had it: the complete subtrees that end with a leaf.
static void read_rows(struct db_txn *t, const char *log, struct old_row *rows, size_t *count)
{
    uint64_t size;
    struct tree_nodes_state state = {t, log};
    struct merkle_nodes nodes = tree_nodes(&state);
    assert_int_equal(tree_size(t, log, &size), ST_OK);
    for (uint64_t n = 0; n < size; n++) {
        struct old_row *r = &rows[(*count)++];
        snprintf(r->log, sizeof r->log, "%s", log);
        r->n = n;
        r->levels = (unsigned)__builtin_ctzll(n + 1) + 1;
        for (unsigned level = 0; level < r->levels; level++)
            assert_int_equal(nodes.get(nodes.ctx, level, n >> level, &r->hashes[level]), ST_OK);
    }
}

static void put_raw(MDB_txn *txn, MDB_dbi table, struct key *k, const void *value, size_t len)
{
    uint8_t copy[sizeof ((struct old_row *)0)->hashes];
    memcpy(copy, value, len);
    MDB_val key = {k->len, k->b}, v = {len, copy};
    assert_int_equal(mdb_put(txn, table, &key, &v, 0), 0);
}

static void put_row_3(MDB_txn *txn, MDB_dbi table, const struct old_row *r)
{
    struct key k = {.len = 0};
    key_text(&k, r->log);
    key_u64(&k, r->n);
    put_raw(txn, table, &k, r->hashes, r->levels * SHA256_LEN);
}

// Version 2 had the hashes of a row one by one.
static void put_row_2(MDB_txn *txn, MDB_dbi table, const struct old_row *r)
{
    for (unsigned level = 0; level < r->levels; level++) {
        struct key k = {.len = 0};
        key_text(&k, r->log);
        key_u8(&k, (uint8_t)level);
        key_u64(&k, r->n >> level);
        put_raw(txn, table, &k, r->hashes[level].b, SHA256_LEN);
    }
}

static void put_sizes(MDB_txn *txn, MDB_dbi table, const struct old_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct key k = {.len = 0}, size = {.len = 0};
        key_text(&k, rows[i].log);
        key_u64(&size, rows[i].n + 1);
        put_raw(txn, table, &k, size.b, size.len); // the last one stays
    }
}

static void drop_table(MDB_txn *txn, const char *name)
{
    MDB_dbi table;
    assert_int_equal(mdb_dbi_open(txn, name, 0, &table), 0);
    assert_int_equal(mdb_drop(txn, table, 1), 0);
}

static MDB_env *open_env(struct store_dir *s)
{
    MDB_env *env;
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, 100), 0);
    assert_int_equal(mdb_env_set_mapsize(env, 64 << 20), 0);
    assert_int_equal(mdb_env_open(env, s->path, 0, 0600), 0);
    return env;
}

// Make the store one of an earlier version.
static void make_old(struct store_dir *s, uint32_t version, const struct old_row *rows, size_t count)
{
    MDB_txn *txn;
    MDB_dbi old, sizes, meta;
    struct key format = {.len = 0}, number = {.len = 0};
    db_close(&s->db);
    MDB_env *env = open_env(s);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    drop_table(txn, "tree_blocks");
    drop_table(txn, "tree_ends");
    assert_int_equal(mdb_dbi_open(txn, version < 3 ? "tree" : "subtrees", MDB_CREATE, &old), 0);
    assert_int_equal(mdb_dbi_open(txn, "tree_size", MDB_CREATE, &sizes), 0);
    assert_int_equal(mdb_dbi_open(txn, "meta", 0, &meta), 0);
    for (size_t i = 0; i < count; i++)
        (version < 3 ? put_row_2 : put_row_3)(txn, old, &rows[i]);
    put_raw(txn, old, &(struct key){.b = {1, 'X', 0}, .len = 3}, "waste", 5); // not of a tree
    put_sizes(txn, sizes, rows, count);
    key_id(&format, "format");
    key_u32(&number, version);
    put_raw(txn, meta, &format, number.b, number.len);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

static bool has_table(struct store_dir *s, const char *name)
{
    MDB_txn *txn;
    MDB_dbi table;
    db_close(&s->db);
    MDB_env *env = open_env(s);
    assert_int_equal(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), 0);
    bool has = mdb_dbi_open(txn, name, 0, &table) == 0;
    mdb_txn_abort(txn);
    mdb_env_close(env);
    return has;
}

static struct digest root_of(struct db_txn *t, const char *log, uint64_t size)
{
    struct digest root;
    assert_int_equal(tree_root(t, log, size, &root), ST_OK);
    return root;
}

// No room: it says which limit to raise, and nothing has changed.
static void expect_no_room(struct store_dir *s)
{
    const struct db_options small = {.map_bytes = 1 << 20, .map_bytes_max = 1 << 20};
    struct diag *d = store_dir_diag();
    assert_int_equal(db_open(s->path, &small, d, &s->db), ST_FULL);
    assert_non_null(strstr(d->faults[0].message, "map-max-mib"));
}

static void trees_of_a_version_are_kept(struct store_dir *s, uint32_t version)
{
    struct digest audit[100], deu, fra;
    struct old_row *rows = calloc(OLD_ROWS, sizeof *rows);
    size_t count = 0;
    struct db_txn *t = store_dir_write(s);
    assert_non_null(rows);
    grow(t, "audit", 0, 99);
    grow(t, "in/DEU", 0, 20000); // more than fits beside in the map; a whole number of blocks
    grow(t, "out/FRA", 50, 67);
    for (uint64_t i = 0; i < 100; i++)
        audit[i] = root_of(t, "audit", i);
    deu = root_of(t, "in/DEU", 20000);
    fra = root_of(t, "out/FRA", 17);
    read_rows(t, "audit", rows, &count);
    read_rows(t, "in/DEU", rows, &count);
    read_rows(t, "out/FRA", rows, &count);
    store_dir_commit(t);
    make_old(s, version, rows, count);
    expect_no_room(s);
    store_dir_open(s, false);
    t = store_dir_write(s);
    for (uint64_t i = 0; i < 100; i++) {
        struct digest now = root_of(t, "audit", i);
        assert_true(digest_eq(&now, &audit[i]));
    }
    struct digest deu_now = root_of(t, "in/DEU", 20000), fra_now = root_of(t, "out/FRA", 17);
    assert_true(digest_eq(&deu_now, &deu) && digest_eq(&fra_now, &fra));
    grow(t, "audit", 99, 128); // and grows as it would have
    struct merkle_frontier f = {.size = 0};
    for (uint64_t i = 0; i < 128; i++) {
        struct digest leaf = leaf_of(i);
        merkle_frontier_append(&f, &leaf);
    }
    struct digest want = merkle_frontier_root(&f), now = root_of(t, "audit", 128);
    assert_true(digest_eq(&now, &want));
    uint64_t blocks, ends;
    assert_int_equal(db_count(t, DB_TREE_BLOCKS, &blocks), ST_OK);
    assert_int_equal(db_count(t, DB_TREE_ENDS, &ends), ST_OK);
    assert_int_equal(blocks, 128 / TREE_BLOCK + 20000 / TREE_BLOCK + 1); // what belongs to nothing is not hidden either
    assert_int_equal(ends, 3);
    store_dir_commit(t);
    assert_false(has_table(s, "tree"));
    assert_false(has_table(s, "subtrees"));
    assert_false(has_table(s, "tree_size"));
    free(rows);
}

static void trees_of_version_2_are_kept(void **state)
{
    trees_of_a_version_are_kept(*state, 2);
}

static void trees_of_version_3_are_kept(void **state)
{
    trees_of_a_version_are_kept(*state, 3);
}

// What an earlier version would have told of stays what it was.
static void damage_of_the_version_before_goes_over(void **state)
{
    struct store_dir *s = *state;
    struct old_row *rows = calloc(OLD_ROWS, sizeof *rows);
    size_t count = 0;
    struct db_txn *t = store_dir_write(s);
    assert_non_null(rows);
    grow(t, "a/block-end", 0, 3 * TREE_BLOCK);
    grow(t, "b/leaf", 0, 3 * TREE_BLOCK);
    grow(t, "c/short", 0, 40);
    grow(t, "d/beyond", 0, 40);
    grow(t, "e/subtree", 0, 2 * TREE_BLOCK);
    grow(t, "b/last", 1, 6);
    grow(t, "f/joined", 0, 40);
    rows[count++] = (struct old_row){.log = "c/short", .n = 45, .levels = 2}; // behind the end, in the last block
    const char *const logs[] = {"a/block-end", "b/leaf", "c/short", "d/beyond", "e/subtree", "f/joined", "b/last"};
    size_t at[8] = {count};
    for (size_t i = 0; i < 7; i++) {
        read_rows(t, logs[i], rows, &count);
        at[i + 1] = count;
    }
    struct digest root_e = root_of(t, "e/subtree", 2 * TREE_BLOCK), root;
    store_dir_commit(t);
    rows[at[0] + TREE_BLOCK - 1].log[0] = 'A';          // the row that ends the first block is gone from its log
    rows[at[1] + 5].hashes[0].b[0] ^= 1;                // another leaf
    rows[at[2] + 38].levels = 2;                        // too many hashes
    rows[at[3] + 39].n = 41;                            // the size grows with it: two leaves are missing
    rows[at[4] + 2 * TREE_BLOCK - 1].hashes[6].b[0] ^= 1; // another subtree
    rows[at[5] + 11].hashes[2].b[0] ^= 1;                 // another one in a block
    rows[at[6] + 4].hashes[0].b[0] ^= 1;                  // the last leaf
    make_old(s, 3, rows, count);
    free(rows);
    store_dir_open(s, false);
    t = store_dir_read(s);
    struct digest leaf, want = leaf_of(5);
    assert_int_equal(tree_leaf(t, "a/block-end", 3, &leaf), ST_CORRUPT);
    assert_int_equal(tree_leaf(t, "a/block-end", TREE_BLOCK + 3, &leaf), ST_OK);
    assert_int_equal(tree_leaf(t, "b/leaf", 4, &leaf), ST_OK);
    assert_int_equal(tree_leaf(t, "b/leaf", 5, &leaf), ST_CORRUPT); // does not fit the hash above it
    assert_int_equal(tree_leaf(t, "b/last", 4, &leaf), ST_OK);
    want.b[0] ^= 1;
    assert_true(digest_eq(&leaf, &want)); // nothing above it: told by who knows the bytes
    assert_int_equal(tree_leaf(t, "c/short", 37, &leaf), ST_OK);
    assert_int_equal(tree_leaf(t, "c/short", 38, &leaf), ST_CORRUPT);
    assert_int_equal(tree_root(t, "c/short", 40, &root), ST_CORRUPT); // and not another one than before
    struct key stray = {.len = 0};
    struct span unused;
    key_text(&stray, "c/short");
    key_u64(&stray, 45);
    assert_int_equal(db_get(t, DB_TREE_BLOCKS, key_span(&stray), &unused), ST_OK);
    assert_int_equal(tree_leaf(t, "d/beyond", 40, &leaf), ST_CORRUPT);
    assert_int_equal(tree_leaf(t, "f/joined", 8, &leaf), ST_OK);
    assert_int_equal(tree_leaf(t, "f/joined", 11, &leaf), ST_CORRUPT); // its row had another hash of the leaves from 8 on
    assert_int_equal(tree_root(t, "f/joined", 12, &root), ST_CORRUPT);
    assert_int_equal(tree_root(t, "f/joined", 10, &root), ST_OK);
    root = root_of(t, "e/subtree", 2 * TREE_BLOCK);
    assert_false(digest_eq(&root, &root_e));
    db_abort(&t);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, store_dir_setup, store_dir_teardown)
    const struct CMUnitTest tests[] = {T(roots_and_leaves), T(proofs_come_from_stored_nodes),
                                       T(logs_do_not_mix), T(damage_is_told),
                                       T(borders_of_blocks), T(no_block_is_overwritten), T(trees_of_version_2_are_kept), T(trees_of_version_3_are_kept),
                                       T(damage_of_the_version_before_goes_over)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
