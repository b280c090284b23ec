// store/sources: what was received from partners, and quarantine.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "store/key.h"
#include "store/sources.h"
#include "tests/support/store_dir.h"

static void states_round_trip(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    struct source_state want = {.size = 9,
                                .synced_at = 5,
                                .failed_at = -6,
                                .forked = true,
                                .received = 7,
                                .quarantined = 8,
                                .cosignature_due = true,
                                .checkpoint = span_cstr("note\n")};
    struct source_state got = {.size = 99};
    assert_int_equal(source_get(t, "GBR", &got), ST_OK);
    assert_int_equal(got.size, 0);
    assert_int_equal(got.checkpoint.len, 0);
    memset(want.cursor, 'c', CURSOR_MAX);
    memset(want.error, 'e', SOURCE_ERROR_MAX - 1);
    assert_int_equal(source_put(t, "GBR", &want), ST_OK);
    assert_int_equal(source_get(t, "GBR", &got), ST_OK);
    assert_int_equal(got.size, 9);
    assert_int_equal(got.synced_at, 5);
    assert_int_equal(got.failed_at, -6);
    assert_true(got.forked);
    assert_true(got.cosignature_due);
    assert_int_equal(got.received, 7);
    assert_int_equal(got.quarantined, 8);
    assert_string_equal(got.cursor, want.cursor);
    assert_string_equal(got.error, want.error);
    assert_true(span_eq_cstr(got.checkpoint, "note\n"));
    // what was read may be written back: the checkpoint then lies in the store itself
    got.size = 10;
    assert_int_equal(source_put(t, "GBR", &got), ST_OK);
    assert_int_equal(source_get(t, "GBR", &got), ST_OK);
    assert_int_equal(got.size, 10);
    assert_true(span_eq_cstr(got.checkpoint, "note\n"));
    assert_int_equal(source_get(t, "GB", &got), ST_OK);
    assert_int_equal(got.size, 0);
    db_abort(&t);
}

static void damaged_states_are_told(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    struct source_state x = {.size = 9, .cursor = "abc", .checkpoint = span_cstr("note\n")};
    struct key k = {.len = 0};
    struct span v;
    uint8_t copy[500];
    key_id(&k, "GBR");
    assert_int_equal(source_put(t, "GBR", &x), ST_OK);
    assert_int_equal(db_get(t, DB_SOURCES, key_span(&k), &v), ST_OK);
    size_t len = v.len;
    memcpy(copy, v.ptr, len);
    copy[len] = 0;
    for (size_t cut = 0; cut <= len + 1; cut++) {
        assert_int_equal(db_put(t, DB_SOURCES, key_span(&k), span_of(copy, cut)), ST_OK);
        assert_int_equal(source_get(t, "GBR", &x), cut == len ? ST_OK : ST_CORRUPT);
    }
    db_abort(&t);
}

static void entries_and_bare_leaves(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    struct ledger_entry e = {.n = 0, .kind = ENTRY_HEAD, .at = 1000}, back;
    struct merkle_frontier f = {.size = 0};
    struct buf b;
    char log[PARTNER_ID_MAX + 8];
    buf_init(&b, 2000);
    ledger_entry_write(&e, &b);
    struct digest leaf = merkle_leaf(buf_bytes(&b)), bare = merkle_leaf(span_cstr("hidden")), root, want;
    assert_int_equal(source_append(t, "GBR", &bare, buf_bytes(&b)), ST_INVALID);
    assert_int_equal(source_append(t, "GBR", &leaf, buf_bytes(&b)), ST_OK);
    assert_int_equal(source_append(t, "GBR", &bare, span_of(NULL, 0)), ST_OK);
    merkle_frontier_append(&f, &leaf);
    merkle_frontier_append(&f, &bare);
    source_log_name("GBR", log);
    assert_string_equal(log, "in/GBR");
    want = merkle_frontier_root(&f);
    assert_int_equal(tree_root(t, log, 2, &root), ST_OK);
    assert_true(digest_eq(&root, &want));
    assert_int_equal(source_entry(t, "GBR", 0, &back), ST_OK);
    assert_int_equal(back.at, 1000);
    assert_int_equal(source_entry(t, "GBR", 1, &back), ST_NOT_FOUND);
    assert_int_equal(source_entry(t, "GBR", 2, &back), ST_NOT_FOUND);
    struct key k = {.len = 0};
    key_id(&k, "GBR");
    key_u64(&k, 0);
    assert_int_equal(db_put(t, DB_RECEIVED, key_span(&k), span_cstr("short")), ST_OK);
    assert_int_equal(source_entry(t, "GBR", 0, &back), ST_CORRUPT);
    key_u64(&k, 0);
    buf_fini(&b);
    db_abort(&t);
}

struct seen {
    struct db_txn *t;
    char out[200];
};

static enum status on_item(void *ctx, uint64_t n, const char *reason, struct span bytes)
{
    struct seen *x = ctx;
    snprintf(x->out + strlen(x->out), sizeof x->out - strlen(x->out), "%d:%s:%.*s ", (int)n, reason,
             (int)bytes.len, (const char *)bytes.ptr);
    return x->t ? quarantine_del(x->t, "GBR", n) : ST_OK;
}

static void quarantine(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    assert_int_equal(quarantine_put(t, "GBR", 300, "signature", span_cstr("<r>"), span_cstr("with"), 1), ST_OK);
    assert_int_equal(quarantine_put(t, "GBR", 4, "digest", span_of(NULL, 0), span_of(NULL, 0), 1), ST_OK);
    assert_int_equal(quarantine_put(t, "FRA", 1, "digest", span_cstr("x"), span_of(NULL, 0), 1), ST_OK);
    assert_int_equal(quarantine_put(t, "GBR", 5, "digest", span_cstr("y"), span_of(NULL, 0), 1), ST_OK);
    struct span with;
    assert_int_equal(quarantine_with(t, "GBR", 300, &with), ST_OK);
    assert_true(span_eq_cstr(with, "with"));
    assert_int_equal(quarantine_with(t, "GBR", 4, &with), ST_OK);
    assert_int_equal(with.len, 0);
    assert_int_equal(quarantine_with(t, "GBR", 6, &with), ST_NOT_FOUND);
    assert_int_equal(quarantine_del(t, "GBR", 5), ST_OK);
    struct seen x = {.t = NULL};
    assert_int_equal(quarantine_each(t, "GBR", on_item, &x), ST_OK);
    assert_string_equal(x.out, "4:digest: 300:signature:<r> ");
    x = (struct seen){.t = t};
    assert_int_equal(quarantine_each(t, "GBR", on_item, &x), ST_OK); // emptied while it is walked
    x = (struct seen){.t = NULL};
    assert_int_equal(quarantine_each(t, "GBR", on_item, &x), ST_OK);
    assert_string_equal(x.out, "");
    assert_int_equal(quarantine_each(t, "FRA", on_item, &x), ST_OK);
    assert_string_equal(x.out, "1:digest:x ");
    db_abort(&t);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, store_dir_setup, store_dir_teardown)
    const struct CMUnitTest tests[] = {T(states_round_trip), T(damaged_states_are_told),
                                       T(entries_and_bare_leaves), T(quarantine)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
