// store/tree: Merkle trees in the store.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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
    key_u8(&node, 0);
    key_u64(&node, 2);
    struct digest root, leaf = leaf_of(9);
    uint64_t n;
    assert_int_equal(db_put(t, DB_TREE, key_span(&node), span_cstr("short")), ST_OK);
    assert_int_equal(tree_root(t, "audit", 3, &root), ST_CORRUPT);
    assert_int_equal(db_del(t, DB_TREE, key_span(&node)), ST_OK);
    assert_int_equal(tree_leaf(t, "audit", 2, &leaf), ST_CORRUPT);
    assert_int_equal(tree_append(t, "audit", &leaf), ST_CORRUPT);
    // a size that was set back: the next leaf would overwrite one
    key_u64(&bytes, 1);
    assert_int_equal(db_put(t, DB_TREE_SIZE, key_span(&size), key_span(&bytes)), ST_OK);
    assert_int_equal(tree_append(t, "audit", &leaf), ST_CORRUPT);
    assert_int_equal(db_put(t, DB_TREE_SIZE, key_span(&size), span_cstr("x")), ST_OK);
    assert_int_equal(tree_size(t, "audit", &n), ST_CORRUPT);
    db_abort(&t);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, store_dir_setup, store_dir_teardown)
    const struct CMUnitTest tests[] = {T(roots_and_leaves), T(proofs_come_from_stored_nodes),
                                       T(logs_do_not_mix), T(damage_is_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
