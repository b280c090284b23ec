// formats/rendition: splices verify, anything else is refused.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "formats/report_parse.h"
#include "tests/support/report_samples.h"
#include "tests/support/test_keys.h"

static struct test_keys keys;
static struct signing_key *signing;
static struct verifying_key *verifying;
static struct diag *faults;

static int set_up(void **state)
{
    (void)state;
    test_keys_make("GBR", &keys);
    faults = calloc(1, sizeof *faults);
    return !faults ||
           signing_key_load(test_span(keys.report.key), test_span(keys.report.cert), NULL, &signing) !=
               ST_OK ||
           verifying_key_load(test_span(keys.report.cert), NULL, &verifying) != ST_OK;
}

static int tear_down(void **state)
{
    (void)state;
    signing_key_free(&signing);
    verifying_key_free(&verifying);
    free(faults);
    return 0;
}

static void finish(const char *draft, uint32_t pad, struct buf *out)
{
    buf_init(out, 2 * RENDITION_BYTES_MAX);
    sample_finish(draft, signing, pad, 7, out);
}

static void same_report(const struct report *r, const struct rendition_proof *p, const struct report *s,
                        const struct rendition_proof *q)
{
    assert_true(digest_eq(&p->signature.signed_info, &q->signature.signed_info));
    assert_memory_equal(p->signature.value, q->signature.value, sizeof p->signature.value);
    assert_int_equal(p->signature.ski_len, q->signature.ski_len);
    assert_memory_equal(p->signature.ski, q->signature.ski, p->signature.ski_len);
    assert_string_equal(p->signature.issuer, q->signature.issuer);
    assert_string_equal(p->signature.serial, q->signature.serial);
    assert_true(r->is_signed && s->is_signed && r->label_from == s->label_from && r->label_to == s->label_to);
    assert_string_equal(r->title, s->title);
    assert_int_equal(r->child_count, s->child_count);
    for (size_t i = 0; i < r->child_count; i++)
        assert_true(r->children[i].kind == s->children[i].kind && r->children[i].from == s->children[i].from &&
                    r->children[i].to == s->children[i].to && r->children[i].line == s->children[i].line &&
                    strcmp(r->children[i].id, s->children[i].id) == 0);
}

// Reading with the signature cut off accepts what reading the whole does, and what is refused is refused in its words.
static void readings_agree(struct span bytes, enum status st, const struct report *r, const struct rendition_proof *proof)
{
    struct arena *a = xml_arena_new(bytes.len);
    struct diag *d = calloc(1, sizeof *d);
    const struct report *whole;
    struct rendition_proof whole_proof;
    assert_non_null(d);
    diag_init(d, NULL);
    assert_int_equal(rendition_read_whole(bytes, a, d, &whole, &whole_proof), st);
    if (st == ST_OK)
        same_report(r, proof, whole, &whole_proof);
    assert_int_equal(d->count, faults->count);
    for (size_t i = 0; i < d->count; i++) {
        assert_string_equal(d->faults[i].message, faults->faults[i].message);
        assert_int_equal(d->faults[i].line, faults->faults[i].line);
        assert_int_equal(d->faults[i].column, faults->faults[i].column);
    }
    free(d);
    arena_free(&a);
}

// Everything that a receiver checks with the originator's key.
static enum status check(struct span bytes)
{
    struct arena *a = xml_arena_new(bytes.len);
    const struct report *r = NULL;
    struct rendition_proof proof;
    diag_init(faults, NULL);
    enum status st = rendition_read(bytes, a, faults, &r, &proof);
    readings_agree(bytes, st, r, &proof);
    if (st == ST_OK)
        st = verifying_key_is_named(verifying, &proof.signature) ? rendition_verify(&proof, verifying)
                                                                 : ST_NOT_FOUND;
    else
        assert_true(faults->count > 0);
    arena_free(&a);
    return st;
}

static void a_finished_report_reads_back(void **state)
{
    (void)state;
    struct buf b;
    finish(sample_draft, 0, &b);
    struct arena *a = xml_arena_new(b.len);
    const struct report *r;
    struct rendition_proof proof;
    assert_int_equal(rendition_read(buf_bytes(&b), a, NULL, &r, &proof), ST_OK);
    assert_true(r->is_signed && r->has_id && r->has_version && r->has_issued && r->separable &&
                !r->overall_withheld);
    assert_string_equal(r->type, "INTREP");
    assert_string_equal(r->lang, "en");
    assert_string_equal(r->nation, "GBR");
    assert_string_equal(r->cell, "J2-NORTH");
    assert_string_equal(r->title, "Boarding of a tanker off Lagos");
    assert_int_equal(r->child_count, 7);
    assert_true(r->lat == 4.15 && r->lon == -3.2 && r->radius_km == 10);
    assert_int_equal(r->period_to - r->period_from, 6 * 3600000 + 250);
    assert_true(r->reliability == 'B' && r->credibility == '2');
    assert_int_equal(r->children[1].relation, REPORT_IN_REPLY_TO);
    assert_string_equal(r->children[2].id, "e3");
    assert_string_equal(r->children[2].text, "Line one <&>\nline two");
    assert_string_equal(r->children[2].label->originator->categories[0].values[0], "FRA");
    assert_null(r->children[3].label);
    assert_string_equal(r->children[6].name, "a b\xc3\xa9.txt");
    assert_int_equal(r->children[5].size_bytes, 48211);
    arena_free(&a);
    buf_fini(&b);
}

// Every set of withheld children of a report of seven, with and without the overall label.
static void every_splice_verifies(void **state)
{
    (void)state;
    struct buf b, spliced;
    finish(sample_draft, 0, &b);
    struct arena *a = xml_arena_new(b.len);
    const struct report *r;
    struct rendition_proof proof;
    assert_int_equal(rendition_read(buf_bytes(&b), a, NULL, &r, &proof), ST_OK);
    buf_init(&spliced, MIB);
    for (unsigned set = 0; set < 256; set++) {
        struct withheld_set w = {.overall = set >> 7 & 1, .bits = {set & 127}};
        buf_reset(&spliced);
        rendition_splice(r, buf_bytes(&b), &w, &spliced);
        assert_int_equal(check(buf_bytes(&spliced)), ST_OK);
        if (set == 0)
            assert_true(span_eq(buf_bytes(&b), buf_bytes(&spliced)));
    }
    arena_free(&a);
    buf_fini(&spliced);
    buf_fini(&b);
}

static void splicing_twice_is_splicing_once(void **state)
{
    (void)state;
    struct buf b, one, two, both;
    struct withheld_set first = {.bits = {0x14}}, second = {.overall = true, .bits = {0x26}},
                        sum = {.overall = true, .bits = {0x36}};
    finish(sample_draft, 0, &b);
    buf_init(&one, MIB), buf_init(&two, MIB), buf_init(&both, MIB);
    struct arena *a = xml_arena_new(4 * b.len);
    const struct report *r, *r_one;
    struct rendition_proof proof;
    assert_int_equal(rendition_read(buf_bytes(&b), a, NULL, &r, &proof), ST_OK);
    rendition_splice(r, buf_bytes(&b), &first, &one);
    rendition_splice(r, buf_bytes(&b), &sum, &both);
    assert_int_equal(rendition_read(buf_bytes(&one), a, NULL, &r_one, &proof), ST_OK);
    rendition_splice(r_one, buf_bytes(&one), &second, &two);
    assert_true(span_eq(buf_bytes(&two), buf_bytes(&both)));
    arena_free(&a);
    buf_fini(&b), buf_fini(&one), buf_fini(&two), buf_fini(&both);
}

static void no_byte_may_change(void **state)
{
    (void)state;
    struct buf b;
    finish(SAMPLE_DRAFT("<portion><text>one</text></portion>"), 0, &b);
    assert_int_equal(check(buf_bytes(&b)), ST_OK);
    for (size_t i = 0; i < b.len; i++) {
        static const uint8_t flips[] = {1, 0x20};
        uint8_t was = b.ptr[i];
        for (size_t k = 0; k < sizeof flips; k++) {
            b.ptr[i] = was ^ flips[k];
            if (check(buf_bytes(&b)) == ST_OK)
                fail_msg("byte %zu may become %02x", i, b.ptr[i]);
        }
        b.ptr[i] = was;
    }
    buf_fini(&b);
}

static void no_byte_may_go_or_come(void **state)
{
    (void)state;
    struct buf b, other;
    finish(SAMPLE_DRAFT("<portion><text>one</text></portion>"), 0, &b);
    buf_init(&other, MIB);
    for (size_t i = 0; i <= b.len; i++) {
        buf_reset(&other);
        buf_put(&other, b.ptr, i);
        buf_putc(&other, ' ');
        buf_put(&other, b.ptr + i, b.len - i);
        if (check(buf_bytes(&other)) == ST_OK)
            fail_msg("a space may come at %zu", i);
        if (i == b.len)
            break;
        buf_reset(&other);
        buf_put(&other, b.ptr, i);
        buf_put(&other, b.ptr + i + 1, b.len - i - 1);
        if (check(buf_bytes(&other)) == ST_OK)
            fail_msg("byte %zu may go", i);
    }
    buf_fini(&other);
    buf_fini(&b);
}

static void replace(const struct buf *b, const char *from, const char *to, struct buf *out)
{
    struct buf copy;
    buf_init(&copy, MIB);
    buf_span(&copy, buf_bytes(b));
    const char *text = buf_cstr(&copy), *at = strstr(text, from);
    if (!at)
        fail_msg("nothing to replace: %s", from);
    buf_init(out, MIB);
    buf_put(out, text, (size_t)(at - text));
    buf_puts(out, to);
    buf_puts(out, at + strlen(from));
    buf_fini(&copy);
}

static void tricks_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
    } cases[] = {
        {"<header Id=\"header\" issued", "<header issued"},
        {"<report xmlns=\"urn:relto:report:1\">",
         "<?xml version=\"1.0\"?><report xmlns=\"urn:relto:report:1\">"},
        {"<report xmlns=\"urn:relto:report:1\">", "<report xmlns=\"urn:relto:report:1\" Id=\"x\">"},
        {"<report xmlns=\"urn:relto:report:1\">", "<report xmlns=\"urn:relto:report:1\" xmlns:u=\"urn:u\">"},
        {"<report xmlns=\"urn:relto:report:1\">", "<report xmlns=\"urn:relto:report:1\" xml:lang=\"en\">"},
        {"<report xmlns=\"urn:relto:report:1\">", "<report xmlns='urn:relto:report:1'>"},
        {"<ds:Signature ", "<d:Signature xmlns:d=\"http://www.w3.org/2000/09/xmldsig#\"></d:Signature><ds:Signature "},
        {"<report xmlns=\"urn:relto:report:1\">",
         "<report xmlns=\"urn:relto:report:1\"><withheld ref=\"label\"></withheld>"},
        {"</header>", "</header><!-- c -->"},
        {"</header>", "</header>\n"},
        {"</header>", "</header><withheld ref=\"e1\"></withheld>"},
        {"</header>", "</header><header></header>"},
        {"<ds:Signature ", "<withheld ref=\"e2\"></withheld><ds:Signature "},
        {"<ds:Signature ", "<portion Id=\"e2\"><text>more</text></portion><ds:Signature "},
        {"</ds:Signature>",
         "</ds:Signature><ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"></ds:Signature>"},
        {"</ds:Signature>", "</ds:Signature><withheld ref=\"e2\"></withheld>"},
        {"</ds:Object>",
         "</ds:Object><ds:Object><portion xmlns=\"urn:relto:report:1\" Id=\"e1\"></portion></ds:Object>"},
        {"<text>one</text>", "<text>one<![CDATA[]]></text>"},
        {"<text>one</text>", "<text>o&#110;e</text>"},
        {"<text>one</text>", "<text xml:space=\"preserve\">one</text>"},
        {"<text>one</text>", "<text>one</text><text>two</text>"},
        {"cell=\"J2-NORTH\" nation=\"GBR\"", "nation=\"GBR\" cell=\"J2-NORTH\""},
        {"cell=\"J2-NORTH\"", "cell='J2-NORTH'"},
        {"></originator>", "/>"},
        {"></originator>", "> </originator>"},
        {"<portion Id=\"e1\"", "<withheld ref=\"e1\"></withheld><portion Id=\"e1\""},
        {"<portion Id=\"e1\"", "<portion Id=\"e2\""},
        {"<report xmlns=", "<!DOCTYPE report><report xmlns="},
    };
    struct buf b, other;
    finish(SAMPLE_DRAFT("<portion><text>one</text></portion>"), 0, &b);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        replace(&b, cases[i].from, cases[i].to, &other);
        if (check(buf_bytes(&other)) == ST_OK)
            fail_msg("case %zu passes: %s", i, cases[i].to);
        buf_fini(&other);
    }
    buf_fini(&b);
}

// Parts of one report do not pass in another, nor in another place.
static void parts_do_not_move(void **state)
{
    (void)state;
    struct buf b, other, out;
    finish(SAMPLE_DRAFT("<portion><text>one</text></portion><portion><text>two</text></portion>"), 0, &b);
    buf_init(&other, MIB);
    sample_finish(SAMPLE_DRAFT("<portion><text>one</text></portion><portion><text>two</text></portion>"),
                  signing, 0, 8, &other);
    struct arena *a = xml_arena_new(4 * b.len);
    const struct report *r, *o;
    struct rendition_proof proof;
    assert_int_equal(rendition_read(buf_bytes(&b), a, NULL, &r, &proof), ST_OK);
    assert_int_equal(rendition_read(buf_bytes(&other), a, NULL, &o, &proof), ST_OK);
    buf_init(&out, MIB);
    buf_put(&out, b.ptr, r->children[0].from);
    buf_put(&out, other.ptr + o->children[0].from, o->children[0].to - o->children[0].from);
    buf_put(&out, b.ptr + r->children[0].to, b.len - r->children[0].to);
    assert_int_equal(check(buf_bytes(&out)), ST_BAD_SIGNATURE);
    assert_string_equal(faults->faults[0].rule, "digest");
    assert_string_equal(faults->faults[0].element, "e1");
    buf_reset(&out); // the two portions change places
    buf_put(&out, b.ptr, r->children[0].from);
    buf_put(&out, b.ptr + r->children[1].from, r->children[1].to - r->children[1].from);
    buf_put(&out, b.ptr + r->children[0].from, r->children[0].to - r->children[0].from);
    buf_put(&out, b.ptr + r->children[1].to, b.len - r->children[1].to);
    assert_int_not_equal(check(buf_bytes(&out)), ST_OK);
    arena_free(&a);
    buf_fini(&b), buf_fini(&other), buf_fini(&out);
}

// The parser does not see the signature of a short rendition; of a long one it does, with the same result.
static void long_renditions_are_read_whole(void **state)
{
    (void)state;
    enum { LONG = 300 * 1024 };
    for (int is_long = 0; is_long < 2; is_long++) {
        struct buf draft, b;
        buf_init(&draft, MIB);
        buf_puts(&draft, "<report xmlns='urn:relto:report:1'>" SAMPLE_LABEL("SECRET", "NATO") SAMPLE_HEADER "<portion><text>");
        for (size_t i = 0; i < (is_long ? LONG : 1); i++)
            buf_putc(&draft, 'x');
        buf_puts(&draft, "</text></portion></report>");
        finish(buf_cstr(&draft), 0, &b);
        struct arena *a = xml_arena_new(b.len), *whole = xml_arena_new(b.len);
        const struct report *r;
        struct rendition_proof proof;
        assert_int_equal(rendition_read(buf_bytes(&b), a, NULL, &r, &proof), ST_OK);
        assert_int_equal(rendition_read_whole(buf_bytes(&b), whole, NULL, &r, &proof), ST_OK);
        assert_true(is_long ? arena_used(a) == arena_used(whole) : arena_used(a) < arena_used(whole));
        assert_int_equal(check(buf_bytes(&b)), ST_OK);
        arena_free(&a), arena_free(&whole);
        buf_fini(&draft), buf_fini(&b);
    }
}

// What the first reading took does not count for the second.
static void what_takes_much_memory_is_refused_for_what_it_is(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, MIB);
    buf_puts(&b, "<report xmlns=\"urn:relto:report:1\">");
    for (int i = 0; i < 20000; i++)
        buf_puts(&b, "<a/>x");
    buf_puts(&b, "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"></ds:Signature></report>");
    assert_int_equal(check(buf_bytes(&b)), ST_INVALID);
    assert_string_equal(faults->faults[0].rule, "not-canonical");
    buf_fini(&b);
}

static size_t below(struct random_source *dice, size_t n)
{
    uint64_t v;
    random_fill(dice, (uint8_t *)&v, sizeof v);
    return n ? (size_t)(v % n) : 0;
}

// Change one digit of base64; or put one thing that means something, or a copy of some bytes, most often before a tag, and
// sometimes in place of what stands there.
static void mutate(const struct buf *b, struct random_source *dice, struct buf *out)
{
    static const char *const pieces[] = {
        "", " ", "\n", "x", "&#65;", "\xc3\xa9", "<!-- -->", "<![CDATA[", "]]>", "<?x?>", "-->", "</report>", "<report>",
        "<ds:Signature ", "</ds:Signature>", "</ds:Signature></report>", "<withheld ref=\"e1\"></withheld>", " Type=\"x\"",
        "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"></ds:Signature>", "<text>", "</text></portion>",
        " xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"", "<ds:DigestValue>", "<ds:Object></ds:Object>", "\"", "<!DOCTYPE a>"};
    size_t at = below(dice, b->len + 1), gone = below(dice, 4) ? 0 : below(dice, 200), from = below(dice, b->len);
    bool digit = below(dice, 4) == 0;
    while (!digit && below(dice, 8) && at < b->len && b->ptr[at] != '<')
        at++;
    buf_put(out, b->ptr, at);
    if (digit)
        buf_putc(out, "AQgw+/09"[below(dice, 8)]), gone = 1;
    else if (below(dice, 4))
        buf_puts(out, pieces[below(dice, sizeof pieces / sizeof *pieces)]);
    else
        buf_put(out, b->ptr + from, below(dice, b->len - from));
    if (gone < b->len - at)
        buf_put(out, b->ptr + at + gone, b->len - at - gone);
}

static void both_readings_agree(void **state)
{
    (void)state;
    enum { SHORT = 1000, LONG = 200000 };
    struct random_seeded seeded;
    struct random_source dice = random_from_seed(&seeded, 4);
    struct buf b, once, twice;
    size_t read = 0;
    finish(SAMPLE_DRAFT("<portion><text>one</text></portion>"), 2, &b);
    replace(&b, " Type=\"http://www.w3.org/2000/09/xmldsig#Manifest\"", "", &once);
    assert_int_equal(check(buf_bytes(&once)), ST_BAD_SIGNATURE); // it reads; but another was signed
    assert_int_equal(faults->count, 0);
    buf_init(&twice, MIB);
    for (int i = 0; i < (getenv("RELTO_CHECK_LONG") ? LONG : SHORT); i++) {
        buf_reset(&once), buf_reset(&twice);
        mutate(&b, &dice, &once);
        mutate(&once, &dice, &twice);
        check(buf_bytes(&once)); // which compares them
        read += faults->count == 0 && !span_eq(buf_bytes(&once), buf_bytes(&b));
        check(buf_bytes(&twice));
    }
    assert_true(read > 0); // some with another signature value, or named key
    buf_fini(&b), buf_fini(&once), buf_fini(&twice);
}

static void another_key_does_not_verify(void **state)
{
    (void)state;
    struct buf b;
    struct test_keys *evil = malloc(sizeof *evil);
    struct verifying_key *vk;
    struct rendition_proof proof;
    const struct report *r;
    assert_non_null(evil);
    test_keys_make("GBR", evil);
    assert_int_equal(verifying_key_load(test_span(evil->report.cert), NULL, &vk), ST_OK);
    finish(sample_draft, 0, &b);
    struct arena *a = xml_arena_new(b.len);
    assert_int_equal(rendition_read(buf_bytes(&b), a, NULL, &r, &proof), ST_OK);
    assert_false(verifying_key_is_named(vk, &proof.signature));
    assert_int_equal(rendition_verify(&proof, vk), ST_BAD_SIGNATURE);
    arena_free(&a);
    buf_fini(&b);
    verifying_key_free(&vk);
    free(evil);
}

static void decoys_hide_the_number(void **state)
{
    (void)state;
    bool moved = false;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct buf b;
        buf_init(&b, MIB);
        sample_finish(SAMPLE_DRAFT("<portion><text>one</text></portion>"), signing, 8, seed, &b);
        assert_int_equal(check(buf_bytes(&b)), ST_OK);
        struct arena *a = xml_arena_new(b.len);
        const struct report *r;
        struct rendition_proof proof;
        assert_int_equal(rendition_read(buf_bytes(&b), a, NULL, &r, &proof), ST_OK);
        assert_int_equal(r->child_count, 8);
        size_t portions = 0;
        for (size_t i = 0; i < 8; i++)
            portions += r->children[i].kind == REPORT_PORTION;
        assert_int_equal(portions, 1);
        moved = moved || (r->children[0].kind != REPORT_PORTION && r->children[7].kind != REPORT_PORTION);
        arena_free(&a);
        buf_fini(&b);
    }
    assert_true(moved);
}

static void salts_are_fresh(void **state)
{
    (void)state;
    struct buf b;
    finish(sample_draft, 0, &b);
    const char *text = buf_cstr(&b), *seen[16];
    size_t count = 0;
    for (const char *p = text; (p = strstr(p, "salt=\"")) != NULL; p += 6)
        seen[count++] = p;
    assert_int_equal(count, 9); // label, header, seven children
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(seen[i], seen[k], 30);
    buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_finished_report_reads_back),
        cmocka_unit_test(every_splice_verifies),
        cmocka_unit_test(splicing_twice_is_splicing_once),
        cmocka_unit_test(no_byte_may_change),
        cmocka_unit_test(no_byte_may_go_or_come),
        cmocka_unit_test(tricks_are_refused),
        cmocka_unit_test(parts_do_not_move),
        cmocka_unit_test(long_renditions_are_read_whole),
        cmocka_unit_test(what_takes_much_memory_is_refused_for_what_it_is),
        cmocka_unit_test(both_readings_agree),
        cmocka_unit_test(another_key_does_not_verify),
        cmocka_unit_test(decoys_hide_the_number),
        cmocka_unit_test(salts_are_fresh),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
