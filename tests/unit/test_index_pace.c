// node/io/index_pace: much at once while it is quiet, a little with rests while somebody asks.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "node/io/index_pace.h"

#define MS ((uint64_t)1000000)
#define EACH_NS ((uint64_t)500000) // what a report takes

// Take reports in for so long; how many came in, and *ret_share: percent of the time that took.
static uint64_t run(struct index_pace *p, uint64_t *now, uint64_t ms, uint64_t ask_every_ms, uint64_t *ret_share)
{
    const uint64_t begin = *now, end = begin + ms * MS;
    uint64_t asked = 0, reports = 0, busy = 0;
    while (*now < end) {
        if (ask_every_ms && *now >= asked + ask_every_ms * MS)
            index_pace_asked(p, asked = *now);
        uint64_t wait = index_pace_wait_ns(p, *now);
        if (wait) {
            *now += wait < MS ? wait : MS;
            continue;
        }
        uint32_t n = index_pace_count(p);
        *now += n * EACH_NS;
        busy += n * EACH_NS;
        reports += n;
        index_pace_took(p, *now, n * EACH_NS);
    }
    *ret_share = busy * 100 / (*now - begin);
    return reports;
}

static void it_takes_all_the_time_while_nobody_asks(void **state)
{
    struct index_pace p = {.count = 0};
    uint64_t now = 1000 * MS, share;
    (void)state;
    assert_int_equal(index_pace_wait_ns(&p, now), 0);
    run(&p, &now, 5000, 0, &share);
    assert_int_equal(share, 100);
    assert_in_range(p.count * EACH_NS / 1000, INDEX_PACE_FREE_US / 2, INDEX_PACE_FREE_US + 1000);
}

static void it_takes_a_tenth_while_somebody_asks(void **state)
{
    struct index_pace p = {.count = INDEX_PACE_MOST};
    uint64_t now = 1000 * MS, share;
    (void)state;
    index_pace_asked(&p, now);
    index_pace_took(&p, now, INDEX_PACE_MOST * EACH_NS); // at once a little again
    assert_true(p.count * EACH_NS / 1000 <= INDEX_PACE_BUSY_US);
    assert_in_range(run(&p, &now, 20000, 10, &share), 100, 1u << 20);
    assert_in_range(share, 5, 15);
    assert_in_range(p.count * EACH_NS / 1000, INDEX_PACE_BUSY_US / 2, INDEX_PACE_BUSY_US + 1000);
}

static void quiet_ends_the_rest(void **state)
{
    struct index_pace p = {.count = INDEX_PACE_LEAST};
    uint64_t now = 1000 * MS;
    (void)state;
    index_pace_asked(&p, now);
    index_pace_took(&p, now, 60000 * MS); // a disk that stood still
    assert_int_equal(p.count, INDEX_PACE_LEAST);
    assert_int_equal(index_pace_wait_ns(&p, now), INDEX_PACE_QUIET_MS * MS);
    assert_int_equal(index_pace_wait_ns(&p, now + INDEX_PACE_QUIET_MS * MS), 0);
}

static void it_never_takes_more_than_the_most(void **state)
{
    struct index_pace p = {.count = 0};
    (void)state;
    for (int i = 0; i < 100; i++)
        index_pace_took(&p, 1000 * MS, 0);
    assert_int_equal(p.count, INDEX_PACE_MOST);
}

// Other measures than those of the search index: shorter while somebody asks, but never fewer than it takes to share pages.
static void measures_of_its_own(void **state)
{
    struct index_pace p = {.busy_us = 2000, .least = 128};
    uint64_t now = 1000000 * MS;
    (void)state;
    assert_int_equal(index_pace_count(&p), 128);
    index_pace_asked(&p, now);
    p.count = 1000;
    index_pace_took(&p, now, 4 * MS);
    assert_in_range(index_pace_count(&p), 490, 500);
    index_pace_took(&p, now, 1000 * MS);
    assert_int_equal(index_pace_count(&p), 128);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_takes_all_the_time_while_nobody_asks),
        cmocka_unit_test(it_takes_a_tenth_while_somebody_asks),
        cmocka_unit_test(quiet_ends_the_rest),
        cmocka_unit_test(it_never_takes_more_than_the_most),
        cmocka_unit_test(measures_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
