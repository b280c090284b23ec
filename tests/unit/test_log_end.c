// store/log_end: what is remembered of the ends of logs is never that of another store than the one at hand.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/archive.h"
#include "store/log_end.h"
#include "store/tree.h"
#include "tests/support/store_dir.h"

#define LOG "in/FRA"

static struct digest leaf_of(uint64_t i)
{
    return merkle_leaf(span_of(&i, sizeof i));
}

static void append(struct db_txn *t, uint64_t i)
{
    struct digest leaf = leaf_of(i);
    assert_int_equal(tree_append(t, LOG, &leaf), ST_OK);
}

// Another process appends these leaves, in one transaction; `anew`: to the log which begins anew there.
static void append_elsewhere(struct store_dir *s, bool anew, uint64_t from, uint64_t to)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct db_options o = {.read_only = false};
        struct db *db = NULL;
        struct db_txn *t = NULL;
        if (db_open(s->path, &o, store_dir_diag(), &db) != ST_OK || db_begin(db, true, &t) != ST_OK ||
            (anew && archive_received(t, "FRA") != ST_OK))
            _exit(1);
        for (uint64_t i = from; i < to; i++) {
            struct digest leaf = leaf_of(i);
            if (tree_append(t, LOG, &leaf) != ST_OK)
                _exit(1);
        }
        _exit(db_commit(&t) != ST_OK);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

// The log has the leaves 0, 1, 2 … and every hash in it is theirs.
static void expect_log(struct store_dir *s, uint64_t count)
{
    struct merkle_frontier f = {.size = 0};
    struct db_txn *t = store_dir_read(s);
    uint64_t size;
    assert_int_equal(tree_size(t, LOG, &size), ST_OK);
    assert_int_equal(size, count);
    for (uint64_t i = 0; i < count; i++) {
        struct digest leaf = leaf_of(i), root;
        merkle_frontier_append(&f, &leaf);
        struct digest want = merkle_frontier_root(&f);
        assert_int_equal(tree_root(t, LOG, i + 1, &root), ST_OK);
        assert_true(digest_eq(&root, &want));
    }
    db_abort(&t);
}

static void what_was_given_up_is_forgotten(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    append(t, 0);
    store_dir_commit(t);
    t = store_dir_write(s);
    append(t, 77);
    append(t, 78);
    db_abort(&t);
    t = store_dir_write(s);
    append(t, 1);
    append(t, 2);
    store_dir_commit(t);
    expect_log(s, 3);
    t = store_dir_write(s);
    append(t, 88); // given up, and then others write as many
    db_abort(&t);
    append_elsewhere(s, false, 3, 4);
    t = store_dir_write(s);
    for (uint64_t i = 4; i < 8; i++)
        append(t, i);
    store_dir_commit(t);
    expect_log(s, 8);
}

// Also when one of ours that wrote nothing had the number of theirs before.
static void what_others_write_is_seen(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t;
    for (uint64_t i = 0; i < 40; i += 4) {
        t = store_dir_write(s);
        append(t, i);
        store_dir_commit(t);
        store_dir_commit(store_dir_write(s));
        append_elsewhere(s, false, i + 1, i + 3);
        store_dir_commit(store_dir_write(s));
        t = store_dir_write(s);
        append(t, i + 3);
        store_dir_commit(t);
    }
    expect_log(s, 40);
}

// It is as long as before then, but another one.
static void a_log_that_began_anew_is_seen(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    for (uint64_t i = 77; i < 80; i++)
        append(t, i);
    store_dir_commit(t);
    store_dir_commit(store_dir_write(s));
    append_elsewhere(s, true, 0, 3);
    t = store_dir_write(s);
    append(t, 3);
    store_dir_commit(t);
    expect_log(s, 4);
}

static void it_spares_reading(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    append(t, 0);
    log_end_time(t, LOG, 0, 1234);
    store_dir_commit(t);
    t = store_dir_write(s);
    const struct log_end *end = log_end_of(t, LOG, 1);
    struct digest leaf = leaf_of(0);
    assert_non_null(end);
    assert_true(end->timed && end->at == 1234 && end->have == 1 && digest_eq(&end->left[0], &leaf));
    append(t, 1);
    assert_false(log_end_of(t, LOG, 2)->timed); // of the last leaf, or of none
    assert_int_equal(log_end_of(t, LOG, 2)->have, 2);
    assert_int_equal(log_end_of(t, LOG, 7)->have, 0); // of another size nothing is known
    store_dir_commit(t);
    assert_int_equal(db_compact(&s->db, store_dir_diag()), ST_OK);
    t = store_dir_write(s);
    assert_int_equal(log_end_of(t, LOG, 2)->have, 0); // another file
    db_abort(&t);
    t = store_dir_read(s);
    assert_null(log_end_of(t, LOG, 2));
    db_abort(&t);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, store_dir_setup, store_dir_teardown)
    const struct CMUnitTest tests[] = {T(what_was_given_up_is_forgotten), T(what_others_write_is_seen),
                                       T(a_log_that_began_anew_is_seen), T(it_spares_reading)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
