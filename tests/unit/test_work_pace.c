#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "node/io/work_pace.h"

#define MS ((uint64_t)1000000)

static void requests_go_first_every_other_time(void **state)
{
    struct work_pace p = {.us = 0};
    (void)state;
    assert_true(work_pace_now(&p, false));
    assert_false(work_pace_now(&p, true)); // work was just done
    assert_true(work_pace_now(&p, true));  // and is not put off for ever
    assert_false(work_pace_now(&p, true));
    assert_true(work_pace_now(&p, false));
    assert_true(work_pace_now(&p, false));
}

static void not_every_part_is_given_up(void **state)
{
    struct work_pace p = {.us = 0};
    uint64_t now = 1000 * MS;
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned k = 0; k < WORK_PACE_WHOLE; k++) {
            work_pace_stopped(&p, now, MS, false); // that one was kept, and may have been as good as nothing
            assert_false(work_pace_may_go(&p));
            work_pace_took(&p, now += 10 * MS, MS, MS);
        }
        assert_true(work_pace_may_go(&p));
        work_pace_stopped(&p, now, MS, false);
        assert_true(work_pace_may_go(&p));
        work_pace_stopped(&p, now, MS, true);
        assert_false(work_pace_may_go(&p));
    }
}

static void it_grows_while_nobody_asks(void **state)
{
    struct work_pace p = {.us = 0};
    uint64_t now = 1000 * MS;
    (void)state;
    for (int i = 0; i < 20; i++)
        work_pace_took(&p, now += 10 * MS, 10 * MS, MS);
    assert_int_equal(p.us, WORK_PACE_OVER * WORK_PACE_FREE_US); // never more, however fast it is
    for (int i = 0; i < 20; i++)
        work_pace_took(&p, now += 10 * MS, 1000 * MS, MS); // far slower than estimated
    assert_true(p.us < WORK_PACE_FREE_US / 5);
    for (int i = 0; i < 30; i++)
        work_pace_took(&p, now += 10 * MS, 100000 * MS, MS);
    assert_int_equal(p.us, WORK_PACE_LEAST_US);
}

static void it_shrinks_when_somebody_asks(void **state)
{
    struct work_pace p = {.us = WORK_PACE_FREE_US};
    uint64_t now = 1000 * MS;
    (void)state;
    work_pace_asked(&p, now);
    work_pace_took(&p, now + MS, 100 * MS, MS);
    assert_true(p.us <= WORK_PACE_BUSY_US);
    for (int i = 0; i < 10; i++)
        work_pace_took(&p, now + WORK_PACE_QUIET_MS * MS + 1, 1 * MS, MS); // nobody did for a while
    assert_true(p.us > WORK_PACE_BUSY_US);
}

// Somebody asks again after a quiet time, or after the start, and each part ends before it has come to its measure.
static void it_shrinks_though_no_part_is_whole(void **state)
{
    struct work_pace p = {.us = WORK_PACE_FREE_US}, first = {.us = 0};
    uint64_t now = 1000 * MS;
    (void)state;
    for (int i = 0; i < 4; i++) {
        work_pace_asked(&p, now);
        work_pace_stopped(&p, now += 20 * MS, p.us < 20000 ? p.us * (uint64_t)1000 : 20 * MS, false);
    }
    assert_true(p.us <= WORK_PACE_BUSY_US);
    const uint32_t us = p.us;
    work_pace_stopped(&p, now, MS, false); // tells nothing: it would have gone on
    assert_int_equal(p.us, us);
    work_pace_asked(&first, now);
    work_pace_stopped(&first, now, 6 * MS, false);
    assert_in_range(work_pace_us(&first), WORK_PACE_BUSY_US * 4 / 10, WORK_PACE_BUSY_US / 2);
}

// The measure while somebody asks and commits take so long: so much work takes as long as was estimated.
static uint32_t busy_us(uint64_t commit_ns)
{
    struct work_pace p = {.us = 0};
    uint64_t now = 1000 * MS;
    for (int i = 0; i < 40; i++) {
        work_pace_asked(&p, now);
        work_pace_took(&p, now += 10 * MS, (p.us ? p.us : WORK_PACE_BUSY_US) * (uint64_t)1000, commit_ns);
    }
    return p.us;
}

static void slow_commits_are_worth_it(void **state)
{
    (void)state;
    assert_in_range(busy_us(MS), WORK_PACE_BUSY_US * 9 / 10, WORK_PACE_BUSY_US);
    assert_in_range(busy_us(30 * MS), 13000, 15000);
    assert_in_range(busy_us(300 * MS), WORK_PACE_BUSY_MOST_US * 9 / 10, WORK_PACE_BUSY_MOST_US);
}

// One commit that took long does not make parts long.
static void an_outlier_is_no_slow_disk(void **state)
{
    struct work_pace p = {.us = WORK_PACE_BUSY_US};
    uint64_t now = 1000 * MS;
    (void)state;
    for (int i = 0; i < 40; i++) {
        work_pace_asked(&p, now);
        work_pace_took(&p, now += 10 * MS, p.us * (uint64_t)1000, i == 30 ? 800 * MS : 2 * MS);
        assert_true(p.us <= WORK_PACE_BUSY_US);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_go_first_every_other_time),
        cmocka_unit_test(not_every_part_is_given_up),
        cmocka_unit_test(it_grows_while_nobody_asks),
        cmocka_unit_test(it_shrinks_when_somebody_asks),
        cmocka_unit_test(it_shrinks_though_no_part_is_whole),
        cmocka_unit_test(slow_commits_are_worth_it),
        cmocka_unit_test(an_outlier_is_no_slow_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
