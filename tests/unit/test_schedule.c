// store/schedule and store/policies: small tables with an order or a digest.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/key.h"
#include "store/policies.h"
#include "store/schedule.h"
#include "tests/support/store_dir.h"

static struct uuid uuid_of(uint8_t n)
{
    struct uuid id = {{0}};
    id.b[15] = n;
    return id;
}

static void set(struct db_txn *t, uint8_t id, utc_ms at)
{
    assert_int_equal(schedule_set(t, uuid_of(id), at), ST_OK);
}

static void check_first(struct db_txn *t, uint8_t want_id, utc_ms want_at)
{
    utc_ms at;
    struct uuid id;
    assert_int_equal(schedule_first(t, &at, &id), ST_OK);
    assert_int_equal(at, want_at);
    assert_int_equal(id.b[15], want_id);
}

static void the_earliest_comes_first(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    utc_ms at;
    struct uuid id;
    assert_int_equal(schedule_first(t, &at, &id), ST_NOT_FOUND);
    set(t, 1, 500);
    set(t, 2, 300);
    set(t, 3, 0x100000000);
    check_first(t, 2, 300);
    set(t, 1, 200); // one instant per report: the new one replaces the old
    check_first(t, 1, 200);
    set(t, 1, 900);
    check_first(t, 2, 300);
    set(t, 2, UTC_MAX);
    check_first(t, 1, 900);
    set(t, 1, UTC_MAX);
    set(t, 1, UTC_MAX);
    check_first(t, 3, 0x100000000);
    set(t, 4, -10); // before 1970
    check_first(t, 4, -10);
    set(t, 4, -10);
    set(t, 4, UTC_MAX);
    set(t, 3, UTC_MAX);
    assert_int_equal(schedule_first(t, &at, &id), ST_NOT_FOUND);
    db_abort(&t);
}

static void damaged_schedules_are_told(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    utc_ms at;
    struct uuid id;
    struct key k = {.len = 0};
    key_uuid(&k, uuid_of(1));
    set(t, 1, 500);
    assert_int_equal(db_put(t, DB_SCHEDULED, key_span(&k), span_cstr("123456789")), ST_OK);
    assert_int_equal(schedule_set(t, uuid_of(1), 700), ST_CORRUPT);
    assert_int_equal(db_put(t, DB_SCHEDULE, span_cstr("\x01"), span_of(NULL, 0)), ST_OK);
    assert_int_equal(schedule_first(t, &at, &id), ST_CORRUPT);
    db_abort(&t);
}

static void policies_are_kept_for_ever(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    struct digest first, second, active, want = sha256(span_cstr("policy one"));
    struct span bytes;
    assert_int_equal(policies_active(t, &active, &bytes), ST_NOT_FOUND);
    assert_int_equal(policies_activate(t, span_cstr("policy one"), 1, &first), ST_OK);
    assert_true(digest_eq(&first, &want));
    assert_int_equal(policies_activate(t, span_cstr("policy two"), 2, &second), ST_OK);
    assert_int_equal(policies_active(t, &active, &bytes), ST_OK);
    assert_true(digest_eq(&active, &second));
    assert_true(span_eq_cstr(bytes, "policy two"));
    assert_int_equal(policies_get(t, &first, &bytes), ST_OK);
    assert_true(span_eq_cstr(bytes, "policy one"));
    assert_int_equal(policies_activate(t, span_cstr("policy one"), 3, &active), ST_OK); // back again
    assert_int_equal(policies_active(t, &active, &bytes), ST_OK);
    assert_true(digest_eq(&active, &first));
    struct digest unknown = sha256(span_cstr("policy three"));
    assert_int_equal(policies_get(t, &unknown, &bytes), ST_NOT_FOUND);
    struct key k = {.len = 0};
    key_digest(&k, &first);
    assert_int_equal(db_put(t, DB_POLICIES, key_span(&k), span_cstr("policy 0ne")), ST_OK);
    assert_int_equal(policies_get(t, &first, &bytes), ST_CORRUPT);
    assert_int_equal(policies_active(t, &active, &bytes), ST_CORRUPT);
    assert_int_equal(db_del(t, DB_POLICIES, key_span(&k)), ST_OK);
    assert_int_equal(policies_active(t, &active, &bytes), ST_CORRUPT);
    db_abort(&t);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, store_dir_setup, store_dir_teardown)
    const struct CMUnitTest tests[] = {T(the_earliest_comes_first), T(damaged_schedules_are_told),
                                       T(policies_are_kept_for_ever)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
