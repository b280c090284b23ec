// node/io/clock_guard: decisions do not follow a wall clock that jumps (spec 3.5, 8-13).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "node/io/clock_guard.h"

enum { MINUTE = 60000, HOUR = 60 * MINUTE };
static const utc_ms noon = (utc_ms)20000 * 24 * HOUR + 12 * HOUR;

static utc_ms at(struct clock_guard *g, utc_ms wall, int64_t boot, bool stepped)
{
    bool found;
    utc_ms now = clock_guard_now(g, wall, boot, &found);
    assert_int_equal(found, stepped);
    return now - noon;
}

static void time_follows_the_wall_clock_but_never_back(void **state)
{
    struct clock_guard g;
    (void)state;
    clock_guard_init(&g, noon, 1000, UTC_MIN);
    assert_int_equal(at(&g, noon + 1, 1001, false), 1);
    assert_int_equal(at(&g, noon + 4 * MINUTE, 1002, false), 4 * MINUTE); // set right a little
    assert_int_equal(at(&g, noon, 1003, false), 4 * MINUTE);              // and back: expired stays expired
    assert_int_equal(at(&g, noon + 5 * MINUTE, 5 * MINUTE, false), 5 * MINUTE);
    assert_false(g.stopped);
}

static void a_step_stops_and_time_goes_on(void **state)
{
    static const int64_t steps[] = {HOUR, -HOUR, 5 * MINUTE + 1, -5 * MINUTE - 1};
    (void)state;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct clock_guard g;
        clock_guard_init(&g, noon, 0, noon - HOUR);
        assert_int_equal(at(&g, noon + MINUTE, MINUTE, false), MINUTE);
        assert_int_equal(at(&g, noon + 2 * MINUTE + steps[i], 2 * MINUTE, true), 2 * MINUTE);
        assert_true(g.stopped);
        assert_int_equal(at(&g, noon + 3 * MINUTE + steps[i], 3 * MINUTE, false), 3 * MINUTE);
        assert_int_equal(at(&g, noon + 4 * MINUTE, 4 * MINUTE, false), 4 * MINUTE); // it came back by itself
        assert_true(g.stopped);                                                     // somebody must look all the same
        clock_guard_confirm(&g, noon + 5 * MINUTE + steps[i], 5 * MINUTE);
        assert_false(g.stopped);
        assert_int_equal(at(&g, noon + 6 * MINUTE + steps[i], 6 * MINUTE, false), 6 * MINUTE + steps[i]);
    }
}

// Sleep is no step: the boot-time clock goes on in it. Steps while the node was down show in the log alone.
static void what_the_log_knows_has_passed(void **state)
{
    struct clock_guard g;
    (void)state;
    clock_guard_init(&g, noon, 0, noon + 4 * MINUTE);
    assert_false(g.stopped);
    assert_int_equal(at(&g, noon + MINUTE, MINUTE, false), 4 * MINUTE);
    assert_int_equal(at(&g, noon + 9 * MINUTE, 9 * MINUTE, false), 9 * MINUTE);
    clock_guard_init(&g, noon, 0, noon + HOUR);
    assert_true(g.stopped);
    assert_int_equal(at(&g, noon + MINUTE, MINUTE, false), HOUR + MINUTE);
    clock_guard_confirm(&g, noon + 2 * MINUTE, 2 * MINUTE);
    assert_int_equal(at(&g, noon + 3 * MINUTE, 3 * MINUTE, false), 3 * MINUTE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_follows_the_wall_clock_but_never_back),
        cmocka_unit_test(a_step_stops_and_time_goes_on),
        cmocka_unit_test(what_the_log_knows_has_passed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
