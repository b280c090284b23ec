// node/core/coding and node/core/compress: which content coding is asked for, and what hostile coded bytes can do.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <zstd.h>

#include "formats/base/limits.h"
#include "node/core/coding.h"
#include "node/core/compress.h"

static void accept_encoding_is_read_strictly(void **state)
{
    static const struct {
        const char *header, *chosen; // "-" = nothing may be sent
    } cases[] = {
        {"", "identity"},
        {"zstd", "zstd"},
        {"gzip", "gzip"},
        {"GZip", "gzip"},
        {"br", "identity"},
        {"gzip, zstd", "zstd"},
        {"gzip,zstd", "zstd"},
        {" , gzip\t,, ", "gzip"},
        {"zstd;q=0.5, gzip", "gzip"},
        {"zstd;q=0.500 , gzip ; q=0.499", "zstd"},
        {"zstd;Q=1.000, gzip;q=1.", "zstd"},
        {"zstd;q=0", "identity"},
        {"zstd;q=0, gzip;q=0.001", "gzip"},
        {"identity, zstd;q=0.9", "identity"},
        {"identity;q=0.9, zstd;q=0.9", "zstd"},
        {"identity;q=0, zstd", "zstd"},
        {"identity;q=0", "-"},
        {"identity;q=0, br", "-"},
        {"*;q=0", "-"},
        {"*;q=0, gzip", "gzip"},
        {"*;q=0, identity", "identity"},
        {"*", "zstd"},
        {"zstd;q=0, *", "gzip"},
        {"*;q=0.1, identity;q=0.2", "identity"},
        // Not well-formed: nothing is guessed.
        {"zstd gzip", "identity"},
        {"zstd;q=1.001", "identity"},
        {"zstd;q=1.1", "identity"},
        {"zstd;q=2", "identity"},
        {"zstd;q=0.0001", "identity"},
        {"zstd;q=", "identity"},
        {"zstd;q =1", "identity"},
        {"zstd;q=-1", "identity"},
        {"zstd;level=3", "identity"},
        {"zstd;", "identity"},
        {";q=1", "identity"},
        {"zstd;q=1;q=1", "identity"},
        {"\"zstd\"", "identity"},
        {"zstd, zstd;q=0", "identity"},
        {"zstd, (identity)", "identity"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum coding c = CODING_ZSTD;
        enum status st = coding_choose(span_cstr(cases[i].header), &c);
        const char *got = st == ST_OK ? coding_text(c) : "-";
        if (strcmp(got, cases[i].chosen))
            fail_msg("\"%s\": %s instead of %s", cases[i].header, got, cases[i].chosen);
    }
}

static void codings_have_names(void **state)
{
    static const char *const none[] = {"", "identity", "br", "zstd, gzip", "zstd,", " gzip", "x-gzip", "deflate", "zst"};
    enum coding c = CODING_NONE;
    (void)state;
    assert_int_equal(coding_parse(span_cstr("ZSTD"), &c), ST_OK);
    assert_int_equal(c, CODING_ZSTD);
    assert_int_equal(coding_parse(span_cstr("gzip"), &c), ST_OK);
    assert_int_equal(c, CODING_GZIP);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(coding_parse(span_cstr(none[i]), &c), ST_UNSUPPORTED);
}

static void entity_tags_are_compared_weakly(void **state)
{
    static const char *const yes[] = {"*", "\"a\"", "W/\"a\"", "\"b\", \"a\"", "\"b\",W/\"a\" , \"c\""};
    static const char *const no[] = {"", "a", "\"b\"", "\"a", "W\"a\"", "w/\"a\"", "\"b\" \"a\"", "*, \"a", "b, \"a\"", "\"a+zstd\""};
    (void)state;
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        assert_true(etag_listed(span_cstr(yes[i]), "\"a\""));
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        assert_false(etag_listed(span_cstr(no[i]), "\"a\""));
}

static const enum coding both[] = {CODING_GZIP, CODING_ZSTD};

static struct buf coded_of(enum coding c, struct span plain)
{
    struct buf b;
    buf_init(&b, 64 * MIB);
    assert_int_equal(compress_bytes(c, plain, &b), ST_OK);
    return b;
}

static enum status undo(enum coding c, struct span coded, size_t max, struct buf *out)
{
    buf_init(out, max);
    return decompress_bytes(c, coded, out);
}

static void coded_bytes_come_back(void **state)
{
    static const size_t sizes[] = {0, 1, 65535, 65536, 65537, 3 * MIB};
    uint8_t *plain = malloc(3 * MIB);
    (void)state;
    assert_non_null(plain);
    for (size_t i = 0; i < 3 * MIB; i++)
        plain[i] = (uint8_t)(i * i >> 7);
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            struct buf out, coded = coded_of(both[k], span_of(plain, sizes[i]));
            assert_int_equal(undo(both[k], buf_bytes(&coded), sizes[i], &out), ST_OK);
            assert_int_equal(out.len, sizes[i]);
            if (sizes[i])
                assert_memory_equal(out.ptr, plain, sizes[i]);
            buf_fini(&out);
            buf_fini(&coded);
        }
    free(plain);
}

// 48 MiB of nothing in a few KiB.
static void a_bomb_is_stopped_at_the_limit(void **state)
{
    uint8_t *zeros = calloc(1, 48 * MIB);
    (void)state;
    assert_non_null(zeros);
    for (size_t k = 0; k < 2; k++) {
        struct buf out, coded = coded_of(both[k], span_of(zeros, 48 * MIB));
        assert_true(coded.len < 64 * KIB);
        assert_int_equal(undo(both[k], buf_bytes(&coded), MIB, &out), ST_LIMIT);
        assert_true(out.cap <= 2 * MIB);
        buf_fini(&out);
        buf_fini(&coded);
    }
    free(zeros);
}

static void damaged_bytes_are_refused(void **state)
{
    static const char text[] = "one report after the other, one report after the other";
    struct buf out;
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        struct buf coded = coded_of(both[k], span_cstr(text));
        for (size_t n = 0; n < coded.len; n++) { // cut
            assert_int_equal(undo(both[k], span_of(coded.ptr, n), KIB, &out), ST_MALFORMED);
            buf_fini(&out);
        }
        for (size_t i = 0; i < coded.len; i++) { // a flipped bit: refused, or without effect (a time stamp)
            coded.ptr[i] ^= 0x10;
            if (undo(both[k], buf_bytes(&coded), KIB, &out) == ST_OK)
                assert_string_equal(buf_cstr(&out), text);
            buf_fini(&out);
            coded.ptr[i] ^= 0x10;
        }
        buf_putc(&coded, 0); // something behind it
        assert_int_equal(undo(both[k], buf_bytes(&coded), KIB, &out), ST_MALFORMED);
        buf_fini(&out);
        coded.len--;
        size_t whole = coded.len;
        for (size_t i = 0; i < whole; i++) // another one behind it
            buf_putc(&coded, (char)coded.ptr[i]);
        assert_int_equal(undo(both[k], buf_bytes(&coded), KIB, &out), ST_MALFORMED);
        buf_fini(&out);
        buf_fini(&coded);
        assert_int_equal(undo(both[k], span_cstr(text), KIB, &out), ST_MALFORMED);
        buf_fini(&out);
    }
}

// The sender says how much memory undoing takes.
static void large_windows_are_refused(void **state)
{
    struct buf out;
    size_t n = 12 * MIB, cap = ZSTD_compressBound(n);
    uint8_t *plain = calloc(1, n), *coded = malloc(cap);
    ZSTD_CCtx *z = ZSTD_createCCtx();
    (void)state;
    assert_true(plain && coded && z);
    for (int log = 23; log <= 24; log++) {
        assert_false(ZSTD_isError(ZSTD_CCtx_setParameter(z, ZSTD_c_windowLog, log)));
        assert_false(ZSTD_isError(ZSTD_CCtx_setParameter(z, ZSTD_c_contentSizeFlag, 0)));
        size_t len = ZSTD_compress2(z, coded, cap, plain, n);
        assert_false(ZSTD_isError(len));
        assert_int_equal(undo(CODING_ZSTD, span_of(coded, len), 24 * MIB, &out), log == 23 ? ST_OK : ST_MALFORMED);
        buf_fini(&out);
    }
    ZSTD_freeCCtx(z);
    free(plain);
    free(coded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accept_encoding_is_read_strictly), cmocka_unit_test(codings_have_names),
        cmocka_unit_test(entity_tags_are_compared_weakly), cmocka_unit_test(coded_bytes_come_back),
        cmocka_unit_test(a_bomb_is_stopped_at_the_limit), cmocka_unit_test(damaged_bytes_are_refused),
        cmocka_unit_test(large_windows_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
