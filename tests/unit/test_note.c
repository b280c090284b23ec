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

// The partner's line is found among others, and one bad line of that key refuses the note.
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
    // the same name with another key: not ours to judge
    assert_int_equal(cosignature_make(buf_bytes(&note), "fra.example", &q, 1700000000000, &note), ST_OK);
    assert_int_equal(cosignature_find(buf_bytes(&note), "fra.example", p.pub, &found, &t), ST_OK);
    // a bad signature with the name and id of the key
    char *bad = strdup(buf_cstr(&line));
    bad[60] = bad[60] == 'A' ? 'B' : 'A';
    buf_puts(&note, bad);
    assert_int_equal(cosignature_find(buf_bytes(&note), "fra.example", p.pub, &found, &t), ST_BAD_SIGNATURE);
    free(bad);
    buf_fini(&note);
    buf_fini(&line);
}

// ---- notes of any text, and verifier keys

static struct note_vkey vkey_of(const char *name, uint8_t type, const struct note_key *k)
{
    struct note_vkey v;
    assert_int_equal(note_vkey_make(name, type, k->pub, &v), ST_OK);
    return v;
}

static void verifier_keys_round_trip(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "+", "a+b", "a+c74f20a3", "a+c74f20a3+", "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", // not the id of the key
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"};
    static const char good[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    struct note_vkey v;
    struct buf b;
    assert_int_equal(note_vkey_parse(span_cstr(good), &v), ST_OK);
    assert_string_equal(v.name, "PeterNeumann");
    assert_int_equal(v.type, NOTE_ED25519);
    buf_init(&b, 1000);
    note_vkey(v.name, v.type, v.pub, &b);
    assert_string_equal(buf_cstr(&b), good);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(note_vkey_parse(span_cstr(bad[i]), &v), ST_MALFORMED);
    // ECDSA, type 2
    assert_int_equal(note_vkey_parse(span_cstr("a+00000000+AgAA"), &v), ST_UNSUPPORTED);
    buf_fini(&b);
}

static void notes_hold_any_text(void **state)
{
    (void)state;
    static const char text[] = "Ognuno sta solo\n\ned \xc3\xa8 subito sera.\n";
    struct note_key k = key_of(1), other = key_of(2);
    const struct note_vkey known[] = {vkey_of("a.example", NOTE_ED25519, &k), vkey_of("b.example", NOTE_ED25519, &other)};
    struct span got;
    bool good[2];
    struct buf b;
    buf_init(&b, 1000);
    assert_int_equal(note_sign(span_cstr(text), "a.example", &k, &b), ST_OK);
    assert_int_equal(note_open(buf_bytes(&b), known, 2, &got, good, NULL), ST_OK);
    assert_true(span_eq_cstr(got, text));
    assert_true(good[0] && !good[1]);
    assert_int_equal(note_open(buf_bytes(&b), known + 1, 1, &got, NULL, NULL), ST_BAD_SIGNATURE);
    assert_int_equal(note_open(buf_bytes(&b), known, 0, &got, NULL, NULL), ST_BAD_SIGNATURE);
    for (size_t i = 0; i < b.len; i++) {
        b.ptr[i] ^= 1;
        assert_int_not_equal(note_open(buf_bytes(&b), known, 2, &got, NULL, NULL), ST_OK);
        b.ptr[i] ^= 1;
    }
    buf_reset(&b);
    assert_int_equal(note_sign(span_cstr("no line feed"), "a.example", &k, &b), ST_INVALID);
    assert_int_equal(note_sign(span_cstr("tab\there\n"), "a.example", &k, &b), ST_INVALID);
    assert_int_equal(note_sign(span_cstr("no \xff UTF-8\n"), "a.example", &k, &b), ST_INVALID);
    assert_int_equal(note_sign(span_cstr(""), "a.example", &k, &b), ST_INVALID);
    assert_int_equal(note_sign(span_cstr("text\n"), "a example", &k, &b), ST_INVALID);
    buf_fini(&b);
}

// A key shares its name with an unknown one, or its id: those are not judged. Signatures of kinds that we do not know
// may be as long as post-quantum ones are.
static void unknown_keys_are_ignored(void **state)
{
    (void)state;
    struct note_key k = key_of(1);
    const struct note_vkey known = vkey_of("a.example", NOTE_ED25519, &k);
    uint8_t sig[5000] = {9, 9, 9, 9};
    struct span got;
    struct buf b;
    buf_init(&b, NOTE_BYTES_MAX);
    assert_int_equal(note_sign(span_cstr("text\n"), "a.example", &k, &b), ST_OK);
    for (int i = 0; i < 14; i++) {
        buf_puts(&b, NOTE_LINE_START "a.example ");
        base64_put(&b, span_of(sig, sizeof sig));
        buf_putc(&b, '\n');
    }
    memcpy(sig, known.id, sizeof known.id);
    buf_puts(&b, NOTE_LINE_START "b.example ");
    base64_put(&b, span_of(sig, 68));
    buf_putc(&b, '\n');
    assert_int_equal(buf_status(&b), ST_OK);
    assert_int_equal(note_open(buf_bytes(&b), &known, 1, &got, NULL, NULL), ST_OK);
    size_t whole = b.len;
    static const char *const bad[] = {"- a.example AAAAAAA=\n", NOTE_LINE_START "a.example\n", NOTE_LINE_START "a+b AAAAAAA=\n",
                                      NOTE_LINE_START "a.example AAAA\n", NOTE_LINE_START "a.example AAAAAAB=\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        b.len = whole;
        buf_puts(&b, bad[i]);
        assert_int_not_equal(note_open(buf_bytes(&b), &known, 1, &got, NULL, NULL), ST_OK);
    }
    buf_fini(&b);
}

// The example of C2SP tlog-cosignature: its structure reads as published.
static void foreign_checkpoints_may_have_extensions(void **state)
{
    (void)state;
    static const char text[] = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    struct checkpoint c;
    struct buf b;
    assert_int_equal(checkpoint_read(span_cstr(text), false, &c), ST_OK);
    assert_int_equal(c.size, 20852163);
    buf_init(&b, 1000);
    buf_puts(&b, text);
    buf_puts(&b, "Timestamp: 1\n");
    assert_int_equal(checkpoint_read(buf_bytes(&b), true, &c), ST_OK);
    assert_int_equal(checkpoint_read(buf_bytes(&b), false, &c), ST_MALFORMED);
    buf_puts(&b, "\nmore\n");
    assert_int_equal(checkpoint_read(buf_bytes(&b), true, &c), ST_MALFORMED);
    buf_fini(&b);
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
        cmocka_unit_test(verifier_keys_round_trip),
        cmocka_unit_test(notes_hold_any_text),
        cmocka_unit_test(unknown_keys_are_ignored),
        cmocka_unit_test(foreign_checkpoints_may_have_extensions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
