// formats/tlog: proofs and updates as text.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "formats/tlog.h"

#define HASH "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define NOTE "a.example/log\n9\n" HASH "\n\n\xe2\x80\x94 a.example/log AAAAAAA=\n"

static struct tlog_text *text;

static int setup(void **state)
{
    (void)state;
    return (text = calloc(1, sizeof *text)) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    free(text);
    return 0;
}

static void proofs_round_trip(void **state)
{
    (void)state;
    static const char plain[] = "c2sp.org/tlog-proof@v1\nindex 7\n" HASH "\n" HASH "\n\n" NOTE;
    static const char extra[] = "c2sp.org/tlog-proof@v1\nextra YWdl\nindex 7\n\n" NOTE;
    struct digest empty = sha256(span_of(NULL, 0));
    struct buf b;
    assert_int_equal(tlog_proof_read(span_cstr(plain), text), ST_OK);
    assert_int_equal(text->n, 7);
    assert_int_equal(text->hash_count, 2);
    assert_true(digest_eq(&text->hashes[1], &empty));
    assert_true(span_eq_cstr(text->checkpoint, NOTE));
    buf_init(&b, TLOG_BYTES_MAX);
    tlog_proof_write(text, &b);
    assert_string_equal(buf_cstr(&b), plain);
    assert_int_equal(tlog_proof_read(span_cstr(extra), text), ST_OK);
    assert_int_equal(text->hash_count, 0);
    buf_fini(&b);
}

static void bad_proofs_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "c2sp.org/tlog-proof@v1\n",
        "c2sp.org/tlog-proof@v2\nindex 7\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nindex 07\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nindex -7\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nindex 18446744073709551616\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nindex\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nindex 7\nextra YWdl\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nextra YWdl\nextra YWdl\nindex 7\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nindex 7\nAAAA\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nindex 7\n" HASH " \n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nindex 7\n" HASH "\n",
        "c2sp.org/tlog-proof@v1\nindex 7\n\n",
        "c2sp.org/tlog-proof@v1\r\nindex 7\n\n" NOTE,
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(tlog_proof_read(span_cstr(bad[i]), text), ST_MALFORMED);
}

static void updates_round_trip_up_to_63_hashes(void **state)
{
    (void)state;
    struct buf b, again;
    buf_init(&b, TLOG_BYTES_MAX);
    buf_init(&again, TLOG_BYTES_MAX);
    buf_puts(&b, "old 20852014\n");
    for (int i = 0; i < 63; i++)
        buf_puts(&b, HASH "\n");
    size_t hashes_end = b.len;
    buf_puts(&b, "\n" NOTE);
    assert_int_equal(tlog_update_read(buf_bytes(&b), text), ST_OK);
    assert_int_equal(text->n, 20852014);
    assert_int_equal(text->hash_count, 63);
    tlog_update_write(text, &again);
    assert_true(span_eq(buf_bytes(&again), buf_bytes(&b)));
    b.len = hashes_end;
    buf_puts(&b, HASH "\n\n" NOTE);
    assert_int_equal(tlog_update_read(buf_bytes(&b), text), ST_LIMIT);
    assert_int_equal(tlog_update_read(span_cstr("old 1\n" HASH), text), ST_MALFORMED);
    assert_int_equal(tlog_update_read(span_cstr("new 1\n\n" NOTE), text), ST_MALFORMED);
    buf_fini(&b);
    buf_fini(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proofs_round_trip),
        cmocka_unit_test(bad_proofs_are_refused),
        cmocka_unit_test(updates_round_trip_up_to_63_hashes),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
