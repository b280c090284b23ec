// store/db_tail: commits go to the end of the file while that is wanted, and neither growth nor room nor compaction suffers.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "store/key.h"
#include "tests/support/store_dir.h"

enum { BLOB = 64 * 1024, ROUNDS = 40 };

static struct db_stats stats_of(struct store_dir *s)
{
    struct db_stats stats;
    assert_int_equal(db_stats(s->db, &stats), ST_OK);
    return stats;
}

// By how much the file grows when the same value is written again and again.
static uint64_t growth(struct store_dir *s)
{
    uint64_t before = stats_of(s).used_bytes;
    for (int i = 0; i < ROUNDS; i++)
        assert_int_equal(store_dir_blob(s, 1, BLOB), ST_OK);
    return stats_of(s).used_bytes - before;
}

static void pages_are_not_used_again_while_it_is_on(void **state)
{
    struct store_dir *s = *state;
    growth(s);
    assert_true(growth(s) < 4 * BLOB);
    db_write_at_end(s->db, true);
    assert_int_equal(store_dir_blob(s, 1, BLOB), ST_OK); // what was free goes first
    assert_true(growth(s) > (ROUNDS - 8) * BLOB);
    struct db_stats stats = stats_of(s);
    assert_int_equal(stats.readers, 0); // our own does not count
    assert_int_equal(stats.oldest_reader, 0);
    db_write_at_end(s->db, false);
    assert_int_equal(growth(s), 0); // there is enough now
}

static void it_lets_the_map_grow(void **state)
{
    struct store_dir *s = *state;
    db_write_at_end(s->db, true);
    assert_int_equal(store_dir_blob(s, 1, BLOB), ST_OK);
    struct db_stats stats = stats_of(s);
    for (uint64_t i = 2; i < 20; i++)
        assert_int_equal(store_dir_blob(s, i, (size_t)stats.map_bytes / 10), ST_OK);
    assert_true(stats_of(s).map_bytes > stats.map_bytes);
}

// A small map is written through many times over: what was freed is used before anything is refused.
static void it_takes_no_room_from_others(void **state)
{
    struct store_dir *s = *state;
    db_close(&s->db);
    struct db_options o = {.map_bytes = 1 << 20, .map_bytes_max = 4 << 20};
    assert_int_equal(db_open(s->path, &o, store_dir_diag(), &s->db), ST_OK);
    db_write_at_end(s->db, true);
    for (int i = 0; i < 8; i++)
        assert_true(growth(s) < 4 << 20);
    // and what was refused for want of room goes through when some is made
    uint64_t n = 2;
    while (n < 1000 && store_dir_blob(s, n, BLOB) == ST_OK)
        n++;
    assert_in_range(n, 20, 64);
    for (uint64_t i = 2; i < 8; i++) {
        struct db_txn *t = store_dir_write(s);
        struct key k = {.len = 0};
        key_u64(&k, i);
        assert_int_equal(db_del(t, DB_REPORTS, key_span(&k)), ST_OK);
        store_dir_commit(t);
    }
    assert_int_equal(store_dir_blob(s, 1, BLOB), ST_OK);
    assert_int_equal(store_dir_blob(s, n, BLOB), ST_OK);
}

static void it_does_not_keep_from_compacting(void **state)
{
    struct store_dir *s = *state;
    db_write_at_end(s->db, true);
    growth(s);
    uint64_t before = stats_of(s).used_bytes;
    assert_int_equal(db_compact(&s->db, store_dir_diag()), ST_OK);
    assert_true(stats_of(s).used_bytes < before / 2);
    assert_true(growth(s) > (ROUNDS - 8) * BLOB); // it is still on
    db_close(&s->db); // with its snapshot
    store_dir_open(s, true);
    db_write_at_end(s->db, true); // nothing, for who only reads
    assert_int_equal(stats_of(s).readers, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, store_dir_setup, store_dir_teardown)
    const struct CMUnitTest tests[] = {
        T(pages_are_not_used_again_while_it_is_on),
        T(it_lets_the_map_grow),
        T(it_takes_no_room_from_others),
        T(it_does_not_keep_from_compacting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
