// formats/note: signed notes, checkpoints, cosignatures.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "formats/base/encode.h"
#include "formats/note.h"

static struct note_key key_of(uint8_t fill)
{
    uint8_t seed[ED25519_LEN];
    memset(seed, fill, sizeof seed);
    struct note_key k;
    assert_int_equal(note_key_from_seed(seed, &k), ST_OK);
    return k;
}

static struct checkpoint sample(void)
{
    struct checkpoint c = {.origin = "gbr.example/release/FRA", .size = 41};
    c.root = sha256(span_cstr("root"));
    return c;
}

static void sign(const struct checkpoint *c, const struct note_key *k, struct buf *b)
{
    buf_init(b, NOTE_BYTES_MAX);
    assert_int_equal(checkpoint_sign(c, k, b), ST_OK);
}

// RFC 8032 section 7.1, TEST 1.
static void keys_follow_rfc_8032(void **state)
{
    (void)state;
    uint8_t seed[32], pub[32];
    assert_int_equal(
        hex_get(span_cstr("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"), seed, 32),
        ST_OK);
    assert_int_equal(
        hex_get(span_cstr("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"), pub, 32),
        ST_OK);
    struct note_key k;
    assert_int_equal(note_key_from_seed(seed, &k), ST_OK);
    assert_memory_equal(k.pub, pub, 32);
}

// The example key of Go's golang.org/x/mod/sumdb/note.
static void verifier_keys_follow_the_published_form(void **state)
{
    (void)state;
    static const char text[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    uint8_t bytes[33];
    size_t len;
    assert_int_equal(base64_get(span_cstr(text + 22), bytes, sizeof bytes, &len), ST_OK);
    assert_int_equal(len, 33);
    struct buf b;
    buf_init(&b, 1000);
    note_vkey("PeterNeumann", 0x01, bytes + 1, &b);
    assert_string_equal(buf_cstr(&b), text);
    buf_fini(&b);
}

static void pem_round_trip(void **state)
{
    (void)state;
    struct note_key k = key_of(7), back;
    struct buf pem;
    buf_init(&pem, 4096);
    assert_int_equal(note_key_pem(&k, &pem), ST_OK);
    assert_true(span_starts(buf_bytes(&pem), "-----BEGIN PRIVATE KEY-----"));
    assert_int_equal(note_key_load(buf_bytes(&pem), &back), ST_OK);
    assert_memory_equal(&k, &back, sizeof k);
    assert_int_equal(
        note_key_load(span_cstr("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), &back),
        ST_INVALID);
    buf_fini(&pem);
}

static void checkpoints_round_trip(void **state)
{
    (void)state;
    struct note_key k = key_of(1);
    struct checkpoint c = sample(), back;
    struct buf b;
    sign(&c, &k, &b);
    assert_true(span_starts(buf_bytes(&b), "gbr.example/release/FRA\n41\n"));
    assert_non_null(strstr(buf_cstr(&b), "\n\n\xe2\x80\x94 gbr.example/release/FRA "));
    assert_int_equal(checkpoint_open(buf_bytes(&b), c.origin, k.pub, &back), ST_OK);
    assert_string_equal(back.origin, c.origin);
    assert_int_equal(back.size, 41);
    assert_true(digest_eq(&back.root, &c.root));
    buf_fini(&b);
}

static void every_changed_byte_is_noticed(void **state)
{
    (void)state;
    struct note_key k = key_of(1);
    struct checkpoint c = sample(), back;
    struct buf b;
    sign(&c, &k, &b);
    for (size_t i = 0; i < b.len; i++) {
        b.ptr[i] ^= 1;
        assert_int_not_equal(checkpoint_open(buf_bytes(&b), c.origin, k.pub, &back), ST_OK);
        b.ptr[i] ^= 1;
    }
    for (size_t len = 0; len < b.len; len++)
        assert_int_not_equal(checkpoint_open(span_of(b.ptr, len), c.origin, k.pub, &back), ST_OK);
    assert_int_equal(checkpoint_open(buf_bytes(&b), c.origin, k.pub, &back), ST_OK);
    buf_fini(&b);
}

static void other_origin_or_key_is_refused(void **state)
{
    (void)state;
    struct note_key k = key_of(1), other = key_of(2);
    struct checkpoint c = sample(), back;
    struct buf b;
    sign(&c, &k, &b);
    assert_int_equal(checkpoint_open(buf_bytes(&b), "gbr.example/release/DEU", k.pub, &back), ST_MALFORMED);
    assert_int_equal(checkpoint_open(buf_bytes(&b), c.origin, other.pub, &back), ST_BAD_SIGNATURE);
    buf_fini(&b);
    strcpy(c.origin, "with space");
    buf_init(&b, NOTE_BYTES_MAX);
    assert_int_equal(checkpoint_sign(&c, &k, &b), ST_INVALID);
    strcpy(c.origin, "a+b");
    assert_int_equal(checkpoint_sign(&c, &k, &b), ST_INVALID);
    buf_fini(&b);
}

// Unknown signatures are ignored, at least 16 in all accepted; one bad signature of the known key refuses the
// note.
static void other_signatures_are_ignored(void **state)
{
    (void)state;
    struct note_key k = key_of(1), witness = key_of(3);
    struct checkpoint c = sample(), back;
    struct buf b;
    sign(&c, &k, &b);
    size_t signed_len = b.len;
    for (int i = 0; i < 15; i++)
        assert_int_equal(cosignature_make(span_of(b.ptr, signed_len), "witness.example", &witness, 1000, &b),
                         ST_OK);
    assert_int_equal(checkpoint_open(buf_bytes(&b), c.origin, k.pub, &back), ST_OK);
    assert_int_equal(cosignature_make(span_of(b.ptr, signed_len), "witness.example", &witness, 1000, &b),
                     ST_OK);
    assert_int_equal(checkpoint_open(buf_bytes(&b), c.origin, k.pub, &back), ST_LIMIT);
    b.len = signed_len;
    char *line = strdup(strstr(buf_cstr(&b), "\n\n") + 2);
    line[60] = line[60] == 'A' ? 'B' : 'A';
    buf_puts(&b, line);
    assert_int_equal(checkpoint_open(buf_bytes(&b), c.origin, k.pub, &back), ST_BAD_SIGNATURE);
    free(line);
    buf_fini(&b);
}

static void sizes_have_one_form(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "041", "+41", "-1", "4 1", "18446744073709551616", "0x1"};
    struct note_key k = key_of(1);
    struct checkpoint back;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct buf b;
        buf_init(&b, NOTE_BYTES_MAX);
        buf_printf(&b, "o\n%s\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\xe2\x80\x94 o AAAAAAA=\n",
                   bad[i]);
        assert_int_equal(checkpoint_open(buf_bytes(&b), "o", k.pub, &back), ST_MALFORMED);
        buf_fini(&b);
    }
    struct buf b;
    buf_init(&b, NOTE_BYTES_MAX);
    buf_puts(&b,
             "o\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nextension\n\n\xe2\x80\x94 o AAAAAAA=\n");
    assert_int_equal(checkpoint_open(buf_bytes(&b), "o", k.pub, &back), ST_MALFORMED);
    buf_fini(&b);
}

static void cosignatures_round_trip(void **state)
{
    (void)state;
    struct note_key k = key_of(1), p = key_of(2);
    struct checkpoint c = sample();
    struct buf note, line;
    utc_ms t = 0;
    sign(&c, &k, &note);
    buf_init(&line, 1000);
    assert_int_equal(cosignature_make(buf_bytes(&note), "fra.example", &p, 1700000000123, &line), ST_OK);
    assert_int_equal(cosignature_check(buf_bytes(&note), buf_bytes(&line), "fra.example", p.pub, &t), ST_OK);
    assert_int_equal(t, 1700000000000);
    // without the line feed, and over a note that carries more signatures
    assert_int_equal(
        cosignature_check(buf_bytes(&note), span_of(line.ptr, line.len - 1), "fra.example", p.pub, &t),
        ST_OK);
    buf_span(&note, buf_bytes(&line));
    assert_int_equal(cosignature_check(buf_bytes(&note), buf_bytes(&line), "fra.example", p.pub, &t), ST_OK);
    assert_int_equal(cosignature_check(buf_bytes(&note), buf_bytes(&line), "deu.example", p.pub, &t),
                     ST_BAD_SIGNATURE);
    assert_int_equal(cosignature_check(buf_bytes(&note), buf_bytes(&line), "fra.example", k.pub, &t),
                     ST_BAD_SIGNATURE);
    for (size_t i = 0; i < line.len - 1; i++) {
        line.ptr[i] ^= 1;
        assert_int_not_equal(cosignature_check(buf_bytes(&note), buf_bytes(&line), "fra.example", p.pub, &t),
                             ST_OK);
        line.ptr[i] ^= 1;
    }
    note.ptr[0] ^= 1;
    assert_int_equal(cosignature_check(buf_bytes(&note), buf_bytes(&line), "fra.example", p.pub, &t),
                     ST_BAD_SIGNATURE);
    buf_fini(&note);
    buf_fini(&line);
}

// The partner's line is found among others, and one bad line of that name refuses the note.
static void a_cosignature_is_found_in_its_note(void **state)
{
    (void)state;
    struct note_key k = key_of(1), p = key_of(2), q = key_of(3);
    struct checkpoint c = sample();
    struct buf note, line;
    struct span found;
    utc_ms t = 0;
    sign(&c, &k, &note);
    buf_init(&line, 1000);
    assert_int_equal(cosignature_find(buf_bytes(&note), "fra.example", p.pub, &found, &t), ST_NOT_FOUND);
    assert_int_equal(cosignature_make(buf_bytes(&note), "deu.example", &q, 1600000000000, &note), ST_OK);
    assert_int_equal(cosignature_make(buf_bytes(&note), "fra.example", &p, 1700000000000, &line), ST_OK);
    buf_span(&note, buf_bytes(&line));
    assert_int_equal(cosignature_find(buf_bytes(&note), "fra.example", p.pub, &found, &t), ST_OK);
    assert_int_equal(t, 1700000000000);
    assert_true(span_eq(found, span_of(line.ptr, line.len - 1)));
    assert_int_equal(cosignature_find(buf_bytes(&note), "fra.exampl", p.pub, &found, &t), ST_NOT_FOUND);
    buf_reset(&line);
    assert_int_equal(cosignature_make(buf_bytes(&note), "fra.example", &q, 1700000000000, &line), ST_OK);
    buf_span(&note, buf_bytes(&line));
    assert_int_equal(cosignature_find(buf_bytes(&note), "fra.example", p.pub, &found, &t), ST_BAD_SIGNATURE);
    buf_fini(&note);
    buf_fini(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_follow_rfc_8032),
        cmocka_unit_test(verifier_keys_follow_the_published_form),
        cmocka_unit_test(pem_round_trip),
        cmocka_unit_test(checkpoints_round_trip),
        cmocka_unit_test(every_changed_byte_is_noticed),
        cmocka_unit_test(other_origin_or_key_is_refused),
        cmocka_unit_test(other_signatures_are_ignored),
        cmocka_unit_test(sizes_have_one_form),
        cmocka_unit_test(cosignatures_round_trip),
        cmocka_unit_test(a_cosignature_is_found_in_its_note),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
