// node/core/hours: the hours of the day in which a partner is exchanged with.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "node/core/hours.h"

enum { MINUTE = 60000, HOUR = 60 * MINUTE };
static const utc_ms midnight = 1795305600000; // 2026-11-22T00:00:00Z

static void hours_are_read(void **state)
{
    static const char *const bad[] = {"", "22:00-06:00", "22:00-06:00z", "22:00-22:00Z", "24:00-06:00Z", "22:60-06:00Z",
                                      "2:00-06:00Z", "22.00-06:00Z", "22:00 06:00Z", "22:00-06:00Z ", "22:00-06:0aZ"};
    struct hours h = {7, 8};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(hours_parse(bad[i], &h));
        assert_true(h.from == 7 && h.to == 8);
    }
    assert_true(hours_parse("22:00-06:15Z", &h));
    assert_int_equal(h.from, 22 * 60);
    assert_int_equal(h.to, 6 * 60 + 15);
    assert_true(hours_parse("00:00-23:59Z", &h));
    assert_int_equal(h.from, 0);
}

static void hours_begin_and_end(void **state)
{
    static const struct {
        const char *hours;
        int64_t at; // behind midnight
        bool open;
        int64_t left;
    } cases[] = {
        {"22:00-06:00Z", 0, true, 6 * HOUR},
        {"22:00-06:00Z", 6 * HOUR - 1, true, 1},
        {"22:00-06:00Z", 6 * HOUR, false, 16 * HOUR},
        {"22:00-06:00Z", 22 * HOUR - 1, false, 1},
        {"22:00-06:00Z", 22 * HOUR, true, 8 * HOUR},
        {"22:00-06:00Z", 23 * HOUR, true, 7 * HOUR},
        {"08:00-10:30Z", 0, false, 8 * HOUR},
        {"08:00-10:30Z", 8 * HOUR, true, 2 * HOUR + 30 * MINUTE},
        {"08:00-10:30Z", 10 * HOUR + 30 * MINUTE, false, 21 * HOUR + 30 * MINUTE},
        {"00:00-23:59Z", 23 * HOUR + 59 * MINUTE, false, MINUTE},
        {"00:00-23:59Z", 0, true, 23 * HOUR + 59 * MINUTE},
        {"23:59-00:00Z", 0, false, 23 * HOUR + 59 * MINUTE},
    };
    int64_t left;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int64_t day = -30000; day <= 30000; day += 15000) { // also before 1970
            struct hours h;
            assert_true(hours_parse(cases[i].hours, &h));
            assert_int_equal(hours_open(&h, midnight + day * 24 * HOUR + cases[i].at, &left), cases[i].open);
            assert_int_equal(left, cases[i].left);
        }
    assert_true(hours_open(&(struct hours){0}, midnight, &left)); // none given: always
    assert_true(left == INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(hours_are_read), cmocka_unit_test(hours_begin_and_end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
