// store/outlines and store/policy_steps: which reports are decided alike, and what a change of policy leaves to do.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/key.h"
#include "store/outlines.h"
#include "store/policy_steps.h"
#include "tests/support/store_dir.h"

static struct uuid uuid_of(uint8_t n)
{
    struct uuid id = {{0}};
    id.b[15] = n;
    return id;
}

static void set(struct db_txn *t, uint8_t id, utc_ms base, const char *outline)
{
    const struct outlined o = {.report = uuid_of(id), .base = base, .copy = 100u + id};
    assert_int_equal(outlines_set(t, &o, NULL, span_cstr(outline)), ST_OK);
}

static uint64_t number_of(struct db_txn *t, uint8_t id)
{
    uint64_t number;
    struct outlined o;
    assert_int_equal(outlines_of(t, uuid_of(id), &number, &o, NULL), ST_OK);
    assert_int_equal(o.copy, 100 + id);
    return number;
}

static size_t count(struct db_txn *t, enum db_table table)
{
    uint64_t n;
    assert_int_equal(db_count(t, table, &n), ST_OK);
    return n;
}

static void equal_outlines_share_a_number(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    struct outlined list[8];
    struct span bytes;
    uint64_t number;
    size_t n;
    assert_int_equal(outlines_next(t, 0, &number), ST_NOT_FOUND);
    for (uint8_t i = 1; i <= 5; i++)
        set(t, i, 10 * i, i % 2 ? "odd" : "even");
    set(t, 9, 0, "");
    assert_int_equal(number_of(t, 1), number_of(t, 5));
    assert_int_not_equal(number_of(t, 1), number_of(t, 2));
    assert_int_equal(number_of(t, 9), OUTLINE_NONE);
    assert_int_equal(outlines_get(t, number_of(t, 2), &bytes), ST_OK);
    assert_true(span_eq_cstr(bytes, "even"));
    assert_int_equal(outlines_next(t, 0, &number), ST_OK);
    assert_int_equal(number, OUTLINE_NONE);
    assert_int_equal(outlines_next(t, 1, &number), ST_OK);
    assert_int_equal(number, number_of(t, 1));
    assert_int_equal(outlines_reports(t, number, NULL, list, 2, &n), ST_OK);
    assert_int_equal(n, 2);
    assert_true(uuid_eq(list[1].report, uuid_of(3)) && list[1].base == 30 && list[1].copy == 103);
    assert_int_equal(outlines_reports(t, number, &list[1].report, list, 2, &n), ST_OK);
    assert_int_equal(n, 1);
    assert_true(uuid_eq(list[0].report, uuid_of(5)));
    db_abort(&t);
}

static void what_no_report_has_goes(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    uint64_t number, first;
    set(t, 1, 10, "a");
    set(t, 2, 20, "a");
    first = number_of(t, 1);
    set(t, 1, 11, "b"); // another one in its place
    assert_int_equal(number_of(t, 2), first);
    set(t, 2, 21, "a"); // the same, with another instant
    assert_int_equal(count(t, DB_OUTLINES), 2);
    set(t, 2, 21, "b");
    assert_int_equal(count(t, DB_OUTLINES), 1);
    assert_int_equal(count(t, DB_OUTLINE_NUMBERS), 1);
    assert_int_equal(outlines_next(t, 1, &number), ST_OK);
    assert_int_not_equal(number, first);
    assert_int_equal(outlines_drop(t, uuid_of(1)), ST_OK);
    assert_int_equal(outlines_drop(t, uuid_of(1)), ST_OK);
    set(t, 2, 0, "");
    assert_int_equal(count(t, DB_OUTLINES), 0);
    assert_int_equal(outlines_drop(t, uuid_of(2)), ST_OK);
    assert_int_equal(count(t, DB_OUTLINED) + count(t, DB_OUTLINE_OF) + count(t, DB_OUTLINE_NUMBERS), 0);
    db_abort(&t);
}

static void damage_is_found(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    struct span bytes;
    struct key k = {0};
    uint8_t copy[64];
    set(t, 1, 10, "abcdef");
    key_u64(&k, number_of(t, 1));
    assert_int_equal(db_get(t, DB_OUTLINES, key_span(&k), &bytes), ST_OK);
    assert_true(bytes.len <= sizeof copy);
    memcpy(copy, bytes.ptr, bytes.len);
    copy[bytes.len - 1] ^= 1;
    assert_int_equal(db_put(t, DB_OUTLINES, key_span(&k), span_of(copy, bytes.len)), ST_OK);
    assert_int_equal(outlines_get(t, number_of(t, 1), &bytes), ST_CORRUPT);
    assert_int_equal(outlines_get(t, 77, &bytes), ST_CORRUPT);
    db_abort(&t);
}

// ---- steps

static struct policy_moment moment(uint8_t policy, utc_ms at)
{
    return (struct policy_moment){.policy = {{policy}}, .at = at};
}

static void steps_stand_in_a_queue(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    struct policy_moment seen, a = moment(1, 10), b = moment(2, 20), c = moment(3, 30);
    struct policy_step step;
    assert_int_equal(policy_seen(t, &seen), ST_NOT_FOUND);
    assert_int_equal(policy_steps_first(t, &step), ST_NOT_FOUND);
    assert_int_equal(policy_seen_set(t, &a), ST_OK);
    assert_int_equal(policy_steps_add(t, &a, &b), ST_OK);
    assert_int_equal(policy_steps_add(t, &b, &c), ST_OK);
    assert_int_equal(policy_seen(t, &seen), ST_OK);
    assert_true(seen.at == 30 && seen.policy.b[0] == 3);
    assert_int_equal(policy_steps_first(t, &step), ST_OK);
    assert_true(step.before.at == 10 && step.after.at == 20 && !step.begun);
    step.begun = true;
    step.report = uuid_of(4);
    assert_int_equal(policy_steps_save(t, &step), ST_OK);
    store_dir_commit(t);
    t = store_dir_write(s);
    assert_int_equal(policy_steps_first(t, &step), ST_OK);
    assert_true(step.begun && uuid_eq(step.report, uuid_of(4)));
    assert_int_equal(policy_steps_end(t, &step), ST_OK);
    assert_int_equal(policy_steps_first(t, &step), ST_OK);
    assert_true(step.before.policy.b[0] == 2 && step.after.policy.b[0] == 3);
    assert_int_equal(policy_steps_drop(t), ST_OK);
    assert_int_equal(policy_steps_first(t, &step), ST_NOT_FOUND);
    store_dir_commit(t);
}

// An earlier version went by outlines: how far it was says nothing of reports in order of id.
static void a_step_by_outlines_begins_again(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    struct policy_moment a = moment(1, 10), b = moment(2, 20);
    struct policy_step step;
    struct key k = {0}, v = {0};
    key_id(&k, "policy-step");
    key_u64(&k, 3);
    key_u8(&v, 1);
    key_digest(&v, &a.policy);
    key_i64(&v, a.at);
    key_digest(&v, &b.policy);
    key_i64(&v, b.at);
    key_u64(&v, 7);
    for (int in_outline = 0; in_outline < 2; in_outline++) {
        assert_int_equal(db_put(t, DB_META, key_span(&k), key_span(&v)), ST_OK);
        assert_int_equal(policy_steps_first(t, &step), ST_OK);
        assert_true(step.number == 3 && step.before.at == 10 && step.after.at == 20 && !step.begun);
        key_uuid(&v, uuid_of(4));
    }
    key_u8(&v, 0);
    assert_int_equal(db_put(t, DB_META, key_span(&k), key_span(&v)), ST_OK);
    assert_int_equal(policy_steps_first(t, &step), ST_CORRUPT);
    db_abort(&t);
}

static const struct report_record sample = {.version = 3, .source = "FRA", .stored_at = 5000, .issued = 4000,
                                           .onward = ONWARD_CONSENT, .digest = {{1, 2, 3}}};

static void expect_sample(struct db_txn *t, uint8_t id, uint32_t version)
{
    struct report_record of;
    struct outlined o;
    uint64_t number;
    assert_int_equal(outlines_of(t, uuid_of(id), &number, &o, &of), ST_OK);
    assert_true(uuid_eq(of.id, uuid_of(id)) && of.version == version);
    if (!version)
        return;
    assert_string_equal(of.source, "FRA");
    assert_true(of.stored_at == 5000 && of.issued == 4000 && of.onward == ONWARD_CONSENT);
    assert_true(digest_eq(&of.digest, &sample.digest));
}

static void the_copy_is_known(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    const struct outlined o = {.report = uuid_of(1), .base = 10, .copy = 101};
    struct report_record later = sample;
    set(t, 1, 10, "a"); // as earlier versions wrote it
    expect_sample(t, 1, 0);
    assert_int_equal(outlines_set(t, &o, &sample, span_cstr("a")), ST_OK);
    expect_sample(t, 1, 3);
    later.version = 4;
    assert_int_equal(outlines_set(t, &o, &later, span_cstr("a")), ST_OK);
    expect_sample(t, 1, 4);
    set(t, 1, 10, "");
    expect_sample(t, 1, 0);
    db_abort(&t);
}

// Whatever bit the disk changes in it: nothing is said, and the next decision writes it anew.
static void a_changed_copy_is_no_copy(void **state)
{
    struct store_dir *s = *state;
    struct db_txn *t = store_dir_write(s);
    const struct outlined o = {.report = uuid_of(1), .base = 10, .copy = 101};
    struct key k = {0};
    struct span there;
    uint8_t value[200];
    key_uuid(&k, o.report);
    assert_int_equal(outlines_set(t, &o, &sample, span_cstr("a")), ST_OK);
    assert_int_equal(db_get(t, DB_OUTLINE_OF, key_span(&k), &there), ST_OK);
    const size_t len = there.len;
    assert_true(len <= sizeof value);
    memcpy(value, there.ptr, len);
    for (size_t bit = 0; bit < 8 * len; bit++) {
        struct report_record of;
        struct outlined is;
        uint64_t number;
        value[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(db_put(t, DB_OUTLINE_OF, key_span(&k), span_of(value, len)), ST_OK);
        assert_int_equal(outlines_of(t, o.report, &number, &is, &of), ST_CORRUPT);
        value[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    set(t, 2, 10, "other");
    value[len - 1] ^= 1;
    assert_int_equal(db_put(t, DB_OUTLINE_OF, key_span(&k), span_of(value, len)), ST_OK);
    assert_int_equal(outlines_set(t, &o, &sample, span_cstr("b")), ST_OK);
    expect_sample(t, 1, 3);
    assert_int_equal(count(t, DB_OUTLINES), 2); // nothing is left of the one before
    assert_int_equal(count(t, DB_OUTLINED), 2);
    assert_int_equal(db_put(t, DB_OUTLINE_OF, key_span(&k), span_of(value, len)), ST_OK);
    assert_int_equal(outlines_drop(t, o.report), ST_OK);
    assert_int_equal(count(t, DB_OUTLINE_OF), 1);
    assert_int_equal(count(t, DB_OUTLINED), 1);
    assert_int_equal(count(t, DB_OUTLINES), 1);
    db_abort(&t);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, store_dir_setup, store_dir_teardown)
    const struct CMUnitTest tests[] = {
        T(equal_outlines_share_a_number),
        T(what_no_report_has_goes),
        T(damage_is_found),
        T(the_copy_is_known),
        T(a_changed_copy_is_no_copy),
        T(steps_stand_in_a_queue),
        T(a_step_by_outlines_begins_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
