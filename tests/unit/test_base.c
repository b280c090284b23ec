// formats/base: times, encodings, buffers.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "formats/base/arena.h"
#include "formats/base/encode.h"
#include "formats/base/utctime.h"

static void times_read_and_write(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } good[] = {{"1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"},
                {"2026-11-22T13:34:00.1239Z", "2026-11-22T13:34:00.123Z"},
                {"2024-02-29T23:59:59Z", "2024-02-29T23:59:59.000Z"},
                {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"},
                {"2026-11-22T13:34:00", "2026-11-22T13:34:00.000Z"},
                {"2026-11-22T13:34:00+02:00", "2026-11-22T11:34:00.000Z"}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        utc_ms t;
        char text[UTC_TEXT_MAX];
        assert_int_equal(utc_parse(span_cstr(good[i].in), UTC_ZONE_OPTIONAL, &t), ST_OK);
        assert_string_equal(utc_format_ms(t, text), good[i].out);
    }
    static const char *const bad[] = {"2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-11-22T24:00:00Z",
                                      "2026-11-22T13:34:00.Z", "2026-11-22 13:34:00Z", "2026-11-22T13:34:60Z", "",
                                      "2026-11-22T13:34:00Zx", "+2026-11-22T13:34:00Z"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        utc_ms t;
        assert_int_equal(utc_parse(span_cstr(bad[i]), UTC_ZONE_OPTIONAL, &t), ST_INVALID);
    }
    utc_ms t;
    assert_int_equal(utc_parse(span_cstr("2026-11-22T13:34:00"), UTC_ZONE_Z, &t), ST_INVALID);
}

static void durations_read(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        int64_t ms;
    } good[] = {{"PT0S", 0}, {"PT6H", 21600000}, {"P1DT2H3M4.5S", 93784500}, {"P7D", 604800000}};
    int64_t ms;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(utc_duration_parse(span_cstr(good[i].in), &ms), ST_OK);
        assert_int_equal(ms, good[i].ms);
    }
    static const char *const bad[] = {"P", "PT", "P1Y", "P1M", "-PT1S", "PT1S1M", "P1DT", "PT1.5H", "1D", "P99999999999D"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(utc_duration_parse(span_cstr(bad[i]), &ms), ST_INVALID);
}

static void base64_is_strict(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    base64_put(&b, span_cstr("hello"));
    assert_string_equal(buf_cstr(&b), "aGVsbG8=");
    uint8_t out[8];
    size_t len;
    assert_int_equal(base64_get(span_cstr("aGVsbG8="), out, 8, &len), ST_OK);
    assert_int_equal(len, 5);
    assert_memory_equal(out, "hello", 5);
    static const char *const bad[] = {"aGVsbG8", "aGVsbG9=", "aGVs\nbG8=", "a===", "====", "aG=s"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(base64_get(span_cstr(bad[i]), out, 8, &len), ST_INVALID);
    assert_int_equal(base64_get(span_cstr("aGVsbG8="), out, 4, &len), ST_LIMIT);
    buf_fini(&b);
}

static void uuids_have_one_form(void **state)
{
    (void)state;
    struct uuid id;
    char urn[UUID_URN_LEN + 1];
    assert_int_equal(uuid_parse(span_cstr("urn:uuid:6f0c1d2e-0001-4abc-8def-000102030405"), &id), ST_OK);
    assert_string_equal(uuid_urn(id, urn), "urn:uuid:6f0c1d2e-0001-4abc-8def-000102030405");
    assert_int_equal(uuid_parse(span_cstr("6F0C1D2E-0001-4abc-8def-000102030405"), &id), ST_INVALID);
    assert_int_equal(uuid_parse(span_cstr("6f0c1d2e00014abc8def000102030405"), &id), ST_INVALID);
}

static void buffers_stop_at_their_maximum(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 5);
    buf_puts(&b, "abc");
    buf_puts(&b, "def");
    assert_int_equal(buf_status(&b), ST_LIMIT);
    buf_puts(&b, "g");
    assert_int_equal(b.len, 3);
    buf_fini(&b);
}

static void arenas_stop_at_their_maximum(void **state)
{
    (void)state;
    struct arena *a = arena_new(100);
    assert_non_null(arena_alloc(a, 50));
    assert_null(arena_alloc(a, 60));
    assert_int_equal(arena_status(a), ST_LIMIT);
    arena_free(&a);
    assert_null(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_read_and_write),          cmocka_unit_test(durations_read),
        cmocka_unit_test(base64_is_strict),              cmocka_unit_test(uuids_have_one_form),
        cmocka_unit_test(buffers_stop_at_their_maximum), cmocka_unit_test(arenas_stop_at_their_maximum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
