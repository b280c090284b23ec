// store/audit_log: appending, filters, checkpoints.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "store/audit_log.h"
#include "store/key.h"
#include "tests/support/store_dir.h"

static struct uuid uuid_of(uint8_t n)
{
    struct uuid id = {{0}};
    id.b[15] = n;
    return id;
}

static struct audit_event event(enum audit_kind kind, const char *actor, const char *partner, uint8_t report)
{
    struct audit_event e = {.kind = kind, .actor = actor, .partner = partner};
    if (report) {
        e.has_report = true;
        e.report = uuid_of(report);
        e.version = 1;
    }
    return e;
}

static void append(struct store_dir *s, struct db_txn *t, struct audit_event e, utc_ms now)
{
    assert_int_equal(audit_append(t, &e, now, &s->random), ST_OK);
}

// The positions met, joined by spaces.
static enum status note_n(void *ctx, const struct audit_event *e)
{
    char *out = ctx;
    snprintf(out + strlen(out), 200 - strlen(out), "%d ", (int)e->n);
    return ST_OK;
}

static const char *found(struct db_txn *t, struct audit_filter f)
{
    static char out[200];
    out[0] = 0;
    assert_int_equal(audit_each(t, &f, note_n, out), ST_OK);
    return out;
}

static void fill(struct store_dir *s, struct db_txn *t)
{
    append(s, t, event(AUDIT_START, "node", NULL, 0), 1000);
    append(s, t, event(AUDIT_PUBLISH, "cell:A", NULL, 1), 2000);
    append(s, t, event(AUDIT_RELEASE, "node", "FRA", 1), 2000);
    append(s, t, event(AUDIT_RELEASE, "node", "FR", 1), 2000);
    append(s, t, event(AUDIT_PUBLISH, "cell:B", NULL, 2), 3000);
    append(s, t, event(AUDIT_RELEASE, "node", "FRA", 2), 3000);
    append(s, t, event(AUDIT_DELIVER, "partner:FRA", "FRA", 0), 4000);
    append(s, t, event(AUDIT_STOP, "node", NULL, 0), 500); // the clock was set back
}

static void filters(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    fill(s, t);
    store_dir_commit(t);
    db_close(&s->db);
    store_dir_open(s, true);
    t = store_dir_read(s);
    uint64_t size;
    assert_int_equal(audit_size(t, &size), ST_OK);
    assert_int_equal(size, 8);
    assert_string_equal(found(t, (struct audit_filter){0}), "0 1 2 3 4 5 6 7 ");
    assert_string_equal(found(t, (struct audit_filter){.by_report = true, .report = uuid_of(1)}), "1 2 3 ");
    assert_string_equal(found(t, (struct audit_filter){.partner = "FRA"}), "2 5 6 ");
    assert_string_equal(found(t, (struct audit_filter){.partner = "FR"}), "3 ");
    assert_string_equal(found(t, (struct audit_filter){.partner = "F"}), "");
    char name[301];
    for (size_t n = 60; n <= 300; n += 60) { // names longer than any partner's are nobody's
        memset(name, 'P', n);
        name[n] = 0;
        assert_string_equal(found(t, (struct audit_filter){.partner = name}), "");
    }
    assert_string_equal(found(t, (struct audit_filter){.actor = "cell:B"}), "4 ");
    assert_string_equal(found(t, (struct audit_filter){.by_kind = true, .kind = AUDIT_START}), "0 ");
    assert_string_equal(
        found(t, (struct audit_filter){.by_kind = true, .kind = AUDIT_RELEASE, .partner = "FRA"}), "2 5 ");
    assert_string_equal(found(t, (struct audit_filter){.from = 2000}), "1 2 3 4 5 6 7 ");
    assert_string_equal(found(t, (struct audit_filter){.from = 2001, .until = 4000}), "4 5 ");
    assert_string_equal(found(t, (struct audit_filter){.until = 2000}), "0 ");
    assert_string_equal(found(t, (struct audit_filter){.from = 4001}), "");
    assert_string_equal(found(t, (struct audit_filter){.from = 3000, .partner = "FRA"}), "5 6 ");
    assert_string_equal(
        found(t, (struct audit_filter){.from = 2000, .until = 3000, .by_report = true, .report = uuid_of(1)}),
        "1 2 3 ");
    // the other way round, in pages, by what stands in the bytes
    assert_string_equal(found(t, (struct audit_filter){.newest_first = true}), "7 6 5 4 3 2 1 0 ");
    assert_string_equal(found(t, (struct audit_filter){.newest_first = true, .limit = 3}), "7 6 5 ");
    assert_string_equal(found(t, (struct audit_filter){.newest_first = true, .limit = 3, .has_after = true, .after = 5}),
                        "4 3 2 ");
    assert_string_equal(found(t, (struct audit_filter){.limit = 2, .has_after = true, .after = 5}), "6 7 ");
    assert_string_equal(found(t, (struct audit_filter){.has_after = true, .after = 7}), "");
    assert_string_equal(found(t, (struct audit_filter){.has_after = true, .after = UINT64_MAX}), "");
    assert_string_equal(found(t, (struct audit_filter){.newest_first = true, .has_after = true, .after = 0}), "");
    assert_string_equal(found(t, (struct audit_filter){.partner = "FRA", .newest_first = true}), "6 5 2 ");
    assert_string_equal(found(t, (struct audit_filter){.partner = "FRA", .newest_first = true, .limit = 1, .has_after = true,
                                                       .after = 6}),
                        "5 ");
    assert_string_equal(found(t, (struct audit_filter){.partner = "FRA", .newest_first = true, .until = 4000}), "5 2 ");
    assert_string_equal(found(t, (struct audit_filter){.by_report = true, .report = uuid_of(1), .has_after = true, .after = 1}),
                        "2 3 ");
    assert_string_equal(found(t, (struct audit_filter){.by_kind = true, .kind = AUDIT_RELEASE, .newest_first = true, .limit = 2}),
                        "5 3 ");
    assert_string_equal(found(t, (struct audit_filter){.actor = "node", .from = 3000, .until = 4001}), "5 7 ");
    assert_string_equal(found(t, (struct audit_filter){.actor = "nod"}), "");
    db_abort(&t);
}

static enum status check_times(void *ctx, const struct audit_event *e)
{
    utc_ms *last = ctx;
    assert_true(e->at >= *last);
    *last = e->at;
    return ST_OK;
}

static enum status stop_at_two(void *ctx, const struct audit_event *e)
{
    (void)e;
    return ++*(int *)ctx == 2 ? ST_DENIED : ST_OK;
}

static void times_never_go_back(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    fill(s, t);
    utc_ms last = 0;
    assert_int_equal(audit_each(t, &(struct audit_filter){0}, check_times, &last), ST_OK);
    assert_int_equal(last, 4000);
    int calls = 0;
    assert_int_equal(audit_each(t, &(struct audit_filter){0}, stop_at_two, &calls), ST_DENIED);
    assert_int_equal(calls, 2);
    db_abort(&t);
}

static struct audit_event read_back(struct db_txn *t, uint64_t n, struct arena **a)
{
    struct span leaf;
    struct audit_event e;
    assert_int_equal(audit_get(t, n, &leaf), ST_OK);
    *a = xml_arena_new(leaf.len);
    assert_int_equal(audit_event_parse(leaf, *a, &e), ST_OK);
    return e;
}

static void details_are_kept_or_given_by_digest(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    struct buf detail;
    struct arena *a;
    char text[DIGEST_TEXT_LEN + 1];
    buf_init(&detail, 200000);
    buf_puts(&detail, "<decision outcome=\"release\"></decision>");
    struct audit_event e = event(AUDIT_DECIDE, "node", NULL, 1), back;
    for (int i = 0; i < AUDIT_ATTRS_MAX; i++) {
        static char names[AUDIT_ATTRS_MAX][16];
        snprintf(names[i], sizeof names[i], "a%d", i);
        audit_event_attr(&e, names[i], "v");
    }
    e.detail = buf_bytes(&detail);
    append(s, t, e, 1);
    back = read_back(t, 0, &a);
    assert_true(span_eq(back.detail, e.detail));
    assert_null(audit_event_get(&back, "detail-digest"));
    arena_free(&a);
    while (detail.len < AUDIT_EVENT_BYTES_MAX)
        buf_puts(&detail, "<decision outcome=\"release\"></decision>");
    e.detail = buf_bytes(&detail);
    append(s, t, e, 1);
    back = read_back(t, 1, &a);
    struct digest d = sha256(e.detail);
    assert_int_equal(back.detail.len, 0);
    assert_string_equal(audit_event_get(&back, "detail-digest"), digest_text(&d, text));
    arena_free(&a);
    e.detail = span_cstr("<decision>");
    assert_int_equal(audit_append(t, &e, 1, &s->random), ST_INVALID);
    char *huge = malloc(70000);
    memset(huge, 'x', 69999);
    huge[69999] = 0;
    e = event(AUDIT_DENIED, huge, NULL, 0);
    assert_int_equal(audit_append(t, &e, 1, &s->random), ST_LIMIT);
    free(huge);
    buf_fini(&detail);
    db_abort(&t);
}

static void the_checkpoint_is_of_the_whole_log(void **state)
{
    struct store_dir *s = *state;
    uint8_t seed[ED25519_LEN] = {9};
    struct note_key key;
    struct checkpoint c;
    struct buf note;
    struct digest root;
    assert_int_equal(note_key_from_seed(seed, &key), ST_OK);
    buf_init(&note, NOTE_BYTES_MAX);
    struct db_txn *t = store_dir_write(s);
    fill(s, t);
    assert_int_equal(audit_checkpoint(t, "gbr.example/audit", &key, &note), ST_OK);
    assert_int_equal(checkpoint_open(buf_bytes(&note), "gbr.example/audit", key.pub, &c), ST_OK);
    assert_int_equal(c.size, 8);
    assert_int_equal(tree_root(t, AUDIT_LOG, 8, &root), ST_OK);
    assert_true(digest_eq(&root, &c.root));
    db_abort(&t);
    buf_fini(&note);
}

static void damage_is_told(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    fill(s, t);
    t = store_dir_restart(s, t);
    struct key k = {.len = 0};
    struct span leaf;
    char out[200] = "";
    key_u64(&k, 7);
    assert_int_equal(db_put(t, DB_AUDIT, key_span(&k), span_cstr("<event></event>")), ST_OK);
    assert_int_equal(audit_each(t, &(struct audit_filter){0}, note_n, out), ST_CORRUPT);
    struct audit_event e = event(AUDIT_START, "node", NULL, 0);
    assert_int_equal(audit_append(t, &e, 1, &s->random), ST_CORRUPT);
    assert_int_equal(db_del(t, DB_AUDIT, key_span(&k)), ST_OK);
    assert_int_equal(audit_get(t, 7, &leaf), ST_CORRUPT);
    assert_int_equal(audit_get(t, 8, &leaf), ST_NOT_FOUND);
    db_abort(&t);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, store_dir_setup, store_dir_teardown)
    const struct CMUnitTest tests[] = {T(filters), T(times_never_go_back),
                                       T(details_are_kept_or_given_by_digest),
                                       T(the_checkpoint_is_of_the_whole_log), T(damage_is_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
