// node/core/push_pace: a partner that gets on is pushed to at once, one that does not ever more seldom.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "formats/base/encode.h"
#include "node/core/push_pace.h"

// ---- pages

static void who_gets_on_is_not_kept_waiting(void **state)
{
    struct push_pace p = {0};
    (void)state;
    for (uint64_t at = 100; at < 200; at += 10)
        assert_int_equal(push_pace_page(&p, at, at + 10, true), 0);
    // An answer was lost: it stands further than we knew.
    assert_int_equal(push_pace_page(&p, 200, 210, false), 0);
}

static void who_lost_its_store_once_is_led_on_at_once(void **state)
{
    struct push_pace p = {0};
    (void)state;
    assert_int_equal(push_pace_page(&p, 100, 50, false), 0);
    for (uint64_t at = 50; at < 110; at += 10)
        assert_int_equal(push_pace_page(&p, at, at + 10, true), 0);
    // Then it is as good as any.
    assert_int_equal(push_pace_page(&p, 110, 20, false), 0);
    assert_int_equal(push_pace_page(&p, 20, 30, true), 0);
}

static void who_goes_to_and_fro_waits_ever_longer(void **state)
{
    struct push_pace p = {0};
    (void)state;
    push_pace_page(&p, 100, 110, true);
    for (uint32_t i = 0; i < 20; i++) {
        assert_int_equal(push_pace_page(&p, 110, 0, false), i);
        assert_int_equal(push_pace_page(&p, 0, 55, true), i);
        assert_int_equal(push_pace_page(&p, 55, 110, true), i);
    }
    assert_int_equal(push_pace_page(&p, 110, 111, true), 0);
}

static void who_names_ever_other_places_waits_as_well(void **state)
{
    struct push_pace p = {0};
    (void)state;
    push_pace_page(&p, 0, 100, true);
    for (uint32_t i = 0; i < 20; i++)
        assert_int_equal(push_pace_page(&p, 100 - i, 99 - i, false), i);
}

static void who_takes_pages_and_goes_back_waits_as_well(void **state)
{
    struct push_pace p = {0};
    (void)state;
    push_pace_page(&p, 0, 100, true);
    for (uint32_t i = 0; i < 20; i++) {
        assert_int_equal(push_pace_page(&p, 100, 50, true), i);
        assert_int_equal(push_pace_page(&p, 50, 100, true), i);
    }
}

// ---- attachments

static struct push_tried tried;
static char list[64 * 400];

static int set_up(void **state)
{
    (void)state;
    memset(&tried, 0, sizeof tried);
    list[0] = 0;
    return 0;
}

static void want(unsigned number, unsigned have)
{
    size_t n = strlen(list);
    snprintf(list + n, sizeof list - n, "%064x 1000000 %u\n", number, have);
}

static enum push_pick pick(unsigned *ret_number)
{
    struct push_want w;
    enum push_pick p = push_tried_pick(&tried, span_cstr(list), &w);
    *ret_number = p == PUSH_PICK_NEW ? (unsigned)(w.digest.b[31] | w.digest.b[30] << 8) : 0;
    return p;
}

static void expect_new(unsigned number)
{
    unsigned got;
    assert_int_equal(pick(&got), PUSH_PICK_NEW);
    assert_int_equal(got, number);
}

static void expect(enum push_pick what, uint32_t rounds)
{
    unsigned got;
    assert_int_equal(pick(&got), what);
    assert_int_equal(tried.rounds, rounds);
}

static void each_wanted_one_is_sent_once(void **state)
{
    (void)state;
    for (unsigned left = 600; left > 0; left--) {
        list[0] = 0;
        for (unsigned i = 0; i < left && i < 256; i++)
            want(left - i, 0);
        expect_new(left);
        push_tried_taken(&tried);
    }
    list[0] = 0;
    expect(PUSH_PICK_NONE, 0);
}

static void one_that_cannot_be_given_does_not_hold_up_the_others(void **state)
{
    (void)state;
    want(1, 0);
    want(2, 0);
    expect_new(1); // not to be had now
    expect_new(2);
    push_tried_taken(&tried);
    list[0] = 0;
    want(1, 0);
    expect(PUSH_PICK_AGAIN, 0);
    assert_false(tried.lied);
    want(3, 0);
    expect_new(3);
    push_tried_again(&tried);
    expect_new(1);
}

static void what_grows_goes_on_at_once(void **state)
{
    (void)state;
    want(1, 0);
    expect_new(1);
    expect(PUSH_PICK_AGAIN, 0); // broken off before anything was stored
    push_tried_again(&tried);
    expect_new(1);
    list[0] = 0;
    want(1, 65536);
    expect_new(1);
    assert_int_equal(tried.rounds, 0);
    expect(PUSH_PICK_AGAIN, 0);
}

static void what_was_taken_and_is_wanted_again_waits_ever_longer(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < 20; round++) {
        list[0] = 0;
        want(1, 0);
        expect_new(1);
        push_tried_taken(&tried);
        list[0] = 0;
        want(2, 0); // now another one, …
        expect_new(2);
        list[0] = 0;
        want(1, 0); // … and the first again
        expect(PUSH_PICK_AGAIN, round);
        assert_true(tried.lied);
        push_tried_again(&tried);
    }
    list[0] = 0;
    expect(PUSH_PICK_NONE, 0);
}

// It lost a part, and says so; that is no progress.
static void what_shrinks_was_tried(void **state)
{
    (void)state;
    want(1, 500);
    expect_new(1);
    list[0] = 0;
    want(1, 400);
    expect(PUSH_PICK_AGAIN, 0);
}

static void nonsense_wants_nothing(void **state)
{
    (void)state;
    snprintf(list, sizeof list, "what?\n");
    expect(PUSH_PICK_NONE, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, set_up)
    const struct CMUnitTest tests[] = {
        T(who_gets_on_is_not_kept_waiting),
        T(who_lost_its_store_once_is_led_on_at_once),
        T(who_goes_to_and_fro_waits_ever_longer),
        T(who_names_ever_other_places_waits_as_well),
        T(who_takes_pages_and_goes_back_waits_as_well),
        T(each_wanted_one_is_sent_once),
        T(one_that_cannot_be_given_does_not_hold_up_the_others),
        T(what_grows_goes_on_at_once),
        T(what_was_taken_and_is_wanted_again_waits_ever_longer),
        T(what_shrinks_was_tried),
        T(nonsense_wants_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
