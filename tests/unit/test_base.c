// formats/base: times, encodings, buffers.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "formats/base/random.h"
#include "formats/base/arena.h"
#include "formats/base/encode.h"
#include "formats/base/utctime.h"
#include "formats/base/utf8.h"

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
    static const char *const bad[] = {"P", "PT", "P1Y", "P1M", "-PT1S", "PT1S1M", "P1DT", "PT1.5H", "1D", "P99999999999D",
                                      "PT9223372036854775.999S"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(utc_duration_parse(span_cstr(bad[i]), &ms), ST_INVALID);
}

static void sums_of_times_stay_within_bounds(void **state)
{
    (void)state;
    assert_int_equal(utc_add(1000, -3000), -2000);
    assert_int_equal(utc_add(UTC_MAX, 1), UTC_MAX);
    assert_int_equal(utc_add(UTC_MIN, -1), UTC_MIN);
    assert_int_equal(utc_add(1, INT64_MAX), UTC_MAX);
    assert_int_equal(utc_add(-1, INT64_MIN), UTC_MIN);
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

static void numbers_have_one_form(void **state)
{
    (void)state;
    static const uint64_t numbers[] = {0, 9, 10, 4294967295u, UINT64_MAX};
    char text[DECIMAL_TEXT_MAX];
    uint64_t v;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        assert_true(decimal_parse(span_cstr(decimal_text(numbers[i], text)), UINT64_MAX, &v));
        assert_int_equal(v, numbers[i]);
    }
    assert_string_equal(text, "18446744073709551615");
    assert_true(decimal_parse(span_cstr("255"), 255, &v));
    static const char *const bad[] = {"", "00", "01", "+1", "-1", " 1", "1 ", "1a", "0x1", "256", "18446744073709551616"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        v = 7;
        assert_false(decimal_parse(span_cstr(bad[i]), 255, &v));
        assert_int_equal(v, 7);
    }
    assert_false(decimal_parse(span_cstr("18446744073709551616"), UINT64_MAX, &v));
}

static void salts_have_one_form(void **state)
{
    (void)state;
    static const uint8_t salt[SALT_LEN] = "0123456789abcdef";
    uint8_t back[SALT_LEN] = {0};
    char text[SALT_TEXT_LEN + 1];
    assert_string_equal(salt_text(salt, text), "MDEyMzQ1Njc4OWFiY2RlZg==");
    assert_true(salt_parse(span_cstr(text), back));
    assert_memory_equal(back, salt, SALT_LEN);
    static const char *const bad[] = {"", "MDEyMzQ1Njc4OWFiY2Rl", "MDEyMzQ1Njc4OWFiY2RlZ2g=", "MDEyMzQ1Njc4OWFiY2RlZh=="};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(salt_parse(span_cstr(bad[i]), back));
    assert_memory_equal(back, salt, SALT_LEN);
}

static void characters_have_one_form(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        uint32_t code;
    } good[] = {{"A", 1, 'A'}, {"\xc3\xa9", 2, 0xe9}, {"\xe2\x82\xac", 3, 0x20ac}, {"\xf4\x8f\xbf\xbf", 4, 0x10ffff}};
    uint32_t v;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct span s = span_cstr(good[i].bytes);
        assert_int_equal(utf8_get(s, 0, &v), good[i].len);
        assert_int_equal(v, good[i].code);
        assert_int_equal(utf8_xml_char(s, 0), good[i].len);
        assert_int_equal(utf8_cut(s, s.len), s.len);
        assert_int_equal(utf8_cut(s, s.len - 1), 0);
        s.len--;
        assert_int_equal(utf8_cut(s, 9), 0);
    }
    static const char *const bad[] = {"\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xed\xa0\x80",
                                      "\xf4\x90\x80\x80", "\xe2\x82", "\xe2\x82\x41", "\xff"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(utf8_get(span_cstr(bad[i]), 0, &v), 0);
        assert_int_equal(utf8_xml_char(span_cstr(bad[i]), 0), 0);
    }
    static const char *const not_xml[] = {"\x01", "\x1f", "\xef\xbf\xbe", "\xef\xbf\xbf"};
    for (size_t i = 0; i < sizeof not_xml / sizeof *not_xml; i++)
        assert_int_equal(utf8_xml_char(span_cstr(not_xml[i]), 0), 0);
}

static void xml_is_escaped_as_canonical_xml_wants_it(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 200);
    buf_xml_text(&b, span_cstr("a<b>&\"\t\r\xc3\xa9"));
    assert_string_equal(buf_cstr(&b), "a&lt;b&gt;&amp;\"\t&#xD;\xc3\xa9");
    buf_reset(&b);
    buf_xml_attr(&b, "n", "a<b>&\"'\t\n\r\xc3\xa9");
    assert_string_equal(buf_cstr(&b), " n=\"a&lt;b>&amp;&quot;'&#x9;&#xA;&#xD;\xc3\xa9\"");
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
}

static void arenas_go_back_to_a_mark(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 100, 9000, 20000};
    struct arena *a = arena_new(100000);
    for (int held = 0; held < 2; held++) {
        struct arena_mark mark = arena_mark(a);
        size_t used = arena_used(a);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            for (size_t k = 0; k <= i; k++)
                memset(arena_alloc(a, sizes[k]), 'x', sizes[k]);
            assert_null(arena_alloc(a, 100000));
            arena_rewind(a, mark);
            assert_int_equal(arena_status(a), ST_OK);
            assert_int_equal(arena_used(a), used);
            const char *again = arena_alloc(a, 200);
            for (size_t k = 0; k < 200; k++)
                assert_int_equal(again[k], 0);
            arena_rewind(a, mark);
        }
        memcpy(arena_alloc(a, 5), "kept", 5); // the second time there is something before the mark
    }
    arena_free(&a);
    assert_null(a);
}

// What is drawn for one does not depend on what was drawn for others.
static void streams_have_nothing_to_do_with_each_other(void **state)
{
    struct random_seeded seed, own[3];
    uint8_t a[16], b[16], c[16];
    (void)state;
    struct random_source one = random_from_seed(&seed, 1);
    struct random_source fra = random_for(&one, "ledger", "FRA", 7, &own[0]);
    random_fill(&fra, a, sizeof a);
    random_fill(&one, c, sizeof c); // others draw
    struct random_source other = random_for(&one, "ledger", "DEU", 7, &own[1]), again = random_for(&one, "ledger", "FRA", 7, &own[2]);
    random_fill(&other, b, sizeof b);
    random_fill(&again, c, sizeof c);
    assert_memory_equal(a, c, sizeof a);
    assert_memory_not_equal(a, b, sizeof a);
    other = random_for(&one, "ledger", "FRA", 8, &own[1]);
    random_fill(&other, b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    other = random_for(&one, "ledgerF", "RA", 7, &own[1]);
    random_fill(&other, b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    struct random_source system = random_system();
    assert_ptr_equal(random_for(&system, "ledger", "FRA", 7, &own[1]).fill, system.fill);
}

// Every byte, at every distance from the start and from the end: the first one that is not plain is where it stops.
static void plain_bytes_are_passed_over(void **state)
{
    (void)state;
    uint8_t text[50];
    for (unsigned c = 0; c < 256; c++) {
        bool plain = c >= ' ' && c < 0x7f && !strchr("<>&\"'", (int)c);
        for (size_t len = 1; len <= sizeof text; len++)
            for (size_t at = 0; at < len; at++) {
                memset(text, 'x', sizeof text);
                text[at] = (uint8_t)c;
                size_t from = at / 2, got = utf8_skip_plain(span_of(text, len), from);
                assert_int_equal(got, plain ? len : at);
                assert_int_equal(utf8_skip_printable(span_of(text, len), from), c >= ' ' && c < 0x7f ? len : at);
                assert_int_equal(utf8_skip_plain(span_of(text, len), len), len);
            }
    }
    assert_int_equal(utf8_skip_plain(span_of(NULL, 0), 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_read_and_write),
        cmocka_unit_test(durations_read),
        cmocka_unit_test(sums_of_times_stay_within_bounds),
        cmocka_unit_test(base64_is_strict),
        cmocka_unit_test(numbers_have_one_form),
        cmocka_unit_test(salts_have_one_form),
        cmocka_unit_test(characters_have_one_form),
        cmocka_unit_test(xml_is_escaped_as_canonical_xml_wants_it),
        cmocka_unit_test(uuids_have_one_form),
        cmocka_unit_test(buffers_stop_at_their_maximum),
        cmocka_unit_test(arenas_stop_at_their_maximum),
        cmocka_unit_test(arenas_go_back_to_a_mark),
        cmocka_unit_test(streams_have_nothing_to_do_with_each_other),
        cmocka_unit_test(plain_bytes_are_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
