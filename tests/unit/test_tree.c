// store/tree: Merkle trees in the store.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <lmdb.h>

#include "formats/base/buf.h"
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
    grow(t, "audit", 0, 3);
    t = store_dir_restart(s, t);
    struct key node = {.len = 0}, size = {.len = 0}, bytes = {.len = 0};
    key_text(&node, "audit");
    key_text(&size, "audit");
    key_u64(&node, 2);
    struct digest root, leaf = leaf_of(9);
    uint64_t n;
    assert_int_equal(db_put(t, DB_TREE, key_span(&node), span_cstr("short")), ST_OK);
    assert_int_equal(tree_root(t, "audit", 3, &root), ST_CORRUPT);
    assert_int_equal(db_del(t, DB_TREE, key_span(&node)), ST_OK);
    assert_int_equal(tree_leaf(t, "audit", 2, &leaf), ST_CORRUPT);
    assert_int_equal(tree_append(t, "audit", &leaf), ST_CORRUPT);
    // the hashes that end with leaf 1 are two
    node.len -= 8;
    key_u64(&node, 1);
    assert_int_equal(db_put(t, DB_TREE, key_span(&node), span_of(leaf.b, SHA256_LEN)), ST_OK);
    assert_int_equal(tree_leaf(t, "audit", 1, &leaf), ST_CORRUPT);
    // a size that was set back: the next leaf would overwrite one
    key_u64(&bytes, 1);
    assert_int_equal(db_put(t, DB_TREE_SIZE, key_span(&size), key_span(&bytes)), ST_OK);
    assert_int_equal(tree_append(t, "audit", &leaf), ST_CORRUPT);
    assert_int_equal(db_put(t, DB_TREE_SIZE, key_span(&size), span_cstr("x")), ST_OK);
    assert_int_equal(tree_size(t, "audit", &n), ST_CORRUPT);
    db_abort(&t);
}

// ---- a store of version 2, in which each hash of a tree stood by itself

static void put_raw(MDB_txn *txn, MDB_dbi table, struct key *k, const void *value, size_t len)
{
    struct buf copy;
    buf_init(&copy, 4096);
    buf_put(&copy, value, len);
    MDB_val key = {k->len, k->b}, v = {len, copy.ptr};
    assert_int_equal(mdb_put(txn, table, &key, &v, 0), 0);
    buf_fini(&copy);
}

// The hashes of a row, one by one.
static void put_old(MDB_txn *txn, MDB_dbi old, const char *log, uint64_t n, struct span row)
{
    for (unsigned level = 0; level < row.len / SHA256_LEN; level++) {
        struct key k = {.len = 0};
        key_text(&k, log);
        key_u8(&k, (uint8_t)level);
        key_u64(&k, n >> level);
        put_raw(txn, old, &k, row.ptr + level * SHA256_LEN, SHA256_LEN);
    }
}

static void write_old(MDB_env *env)
{
    MDB_txn *txn;
    MDB_dbi rows, old, meta;
    MDB_cursor *c;
    MDB_val k, v;
    struct key format = {.len = 0}, version = {.len = 0};
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, "subtrees", 0, &rows), 0);
    assert_int_equal(mdb_dbi_open(txn, "tree", MDB_CREATE, &old), 0);
    assert_int_equal(mdb_dbi_open(txn, "meta", 0, &meta), 0);
    assert_int_equal(mdb_cursor_open(txn, rows, &c), 0);
    while (mdb_cursor_get(c, &k, &v, MDB_NEXT) == 0) {
        struct key_reader r = key_reader_of(span_of(k.mv_data, k.mv_size));
        char log[256];
        key_get_text(&r, log, sizeof log);
        put_old(txn, old, log, key_get_u64(&r), span_of(v.mv_data, v.mv_size));
    }
    mdb_cursor_close(c);
    put_raw(txn, old, &(struct key){.b = {1, 'X', 0}, .len = 3}, "waste", 5); // not of a tree
    put_raw(txn, old, &(struct key){.b = {1, 'X', 3, 0, 0, 0, 0, 0, 0, 0, 1}, .len = 11}, "waste", 5); // of no leaf
    assert_int_equal(mdb_drop(txn, rows, 1), 0);
    key_id(&format, "format");
    key_u32(&version, 2);
    put_raw(txn, meta, &format, version.b, version.len);
    assert_int_equal(mdb_txn_commit(txn), 0);
}

static void make_old(struct store_dir *s)
{
    MDB_env *env;
    db_close(&s->db);
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, 100), 0);
    assert_int_equal(mdb_env_set_mapsize(env, 64 << 20), 0);
    assert_int_equal(mdb_env_open(env, s->path, 0, 0600), 0);
    write_old(env);
    mdb_env_close(env);
}

static bool has_table(struct store_dir *s, const char *name)
{
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi table;
    db_close(&s->db);
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, 100), 0);
    assert_int_equal(mdb_env_open(env, s->path, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), 0);
    bool has = mdb_dbi_open(txn, name, 0, &table) == 0;
    mdb_txn_abort(txn);
    mdb_env_close(env);
    return has;
}

static void trees_of_the_version_before_are_kept(void **state)
{
    struct store_dir *s = *state;
    struct digest audit[30], other, now;
    struct db_txn *t = store_dir_write(s);
    grow(t, "audit", 0, 29);
    grow(t, "in/DEU", 0, 20000); // more than fits beside in the map
    grow(t, "out/FRA", 50, 67);
    for (uint64_t i = 0; i < 30; i++)
        assert_int_equal(tree_root(t, "audit", i, &audit[i]), ST_OK);
    assert_int_equal(tree_root(t, "out/FRA", 17, &other), ST_OK);
    store_dir_commit(t);
    make_old(s);
    // no room: it says which limit to raise, and nothing has changed
    const struct db_options small = {.map_bytes = 1 << 20, .map_bytes_max = 1 << 20};
    struct diag *d = store_dir_diag();
    assert_int_equal(db_open(s->path, &small, d, &s->db), ST_FULL);
    assert_non_null(strstr(d->faults[0].message, "map-max-mib"));
    store_dir_open(s, false);
    t = store_dir_write(s);
    for (uint64_t i = 0; i < 30; i++) {
        assert_int_equal(tree_root(t, "audit", i, &now), ST_OK);
        assert_true(digest_eq(&now, &audit[i]));
    }
    assert_int_equal(tree_root(t, "out/FRA", 17, &now), ST_OK);
    assert_true(digest_eq(&now, &other));
    grow(t, "audit", 29, 64); // and grows as it would have
    store_dir_commit(t);
    uint64_t rows;
    t = store_dir_read(s);
    assert_int_equal(db_count(t, DB_TREE, &rows), ST_OK);
    assert_int_equal(rows, 64 + 20000 + 17 + 2); // what belongs to nothing is not hidden either
    db_abort(&t);
    assert_false(has_table(s, "tree"));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, store_dir_setup, store_dir_teardown)
    const struct CMUnitTest tests[] = {T(roots_and_leaves), T(proofs_come_from_stored_nodes),
                                       T(logs_do_not_mix), T(damage_is_told),
                                       T(trees_of_the_version_before_are_kept)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
