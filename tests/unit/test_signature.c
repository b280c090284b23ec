// formats/signature: one byte-exact layout, nothing beside it; what certificates may do.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "formats/signature_key.h"
#include "tests/support/test_keys.h"

static struct test_keys keys;
static struct signing_key *signing;
static struct verifying_key *verifying;

static const char *const ids[] = {"label", "header", "e1"};
static const struct digest digests[] = {{{1}}, {{2}}, {{3}}};
enum { COUNT = 3 };

static int make_keys(void **state)
{
    (void)state;
    test_keys_make("GBR", &keys);
    return signing_key_load(test_span(keys.report.key), test_span(keys.report.cert), NULL, &signing) !=
               ST_OK ||
           verifying_key_load(test_span(keys.report.cert), NULL, &verifying) != ST_OK;
}

static int free_keys(void **state)
{
    (void)state;
    signing_key_free(&signing);
    verifying_key_free(&verifying);
    return 0;
}

static void write_signature(const struct signing_key *key, struct buf *out)
{
    buf_init(out, MIB);
    assert_int_equal(signature_write("relto-report-1", ids, digests, COUNT, key, out), ST_OK);
}

// Read a signature that stands alone as a document.
static enum status read_signature(struct span bytes, struct signature_facts *ret)
{
    struct arena *a = xml_arena_new(bytes.len);
    struct xml_node *root;
    struct digest got[COUNT];
    enum status st = xml_read(bytes, XML_UNTRUSTED, a, NULL, &root);
    if (st == ST_OK)
        st = signature_read(root, bytes, "relto-report-1", ids, COUNT, NULL, got, ret);
    for (size_t i = 0; st == ST_OK && i < COUNT; i++)
        assert_true(digest_eq(&got[i], &digests[i]));
    arena_free(&a);
    return st;
}

static void written_reads_and_verifies(void **state)
{
    (void)state;
    struct buf b;
    struct signature_facts f;
    write_signature(signing, &b);
    assert_int_equal(read_signature(buf_bytes(&b), &f), ST_OK);
    assert_true(f.ski_len > 0);
    assert_true(verifying_key_is_named(verifying, &f));
    assert_int_equal(signature_check(&f, verifying), ST_OK);
    buf_fini(&b);
}

// Among this many there are numbers that begin with zeros, and ones that begin with a one bit, for r and s both.
static void signatures_verify_whatever_numbers_they_are(void **state)
{
    (void)state;
    enum { MANY = 2000 };
    uint8_t value[SIGNATURE_VALUE_LEN];
    for (unsigned i = 0; i < MANY; i++) {
        struct digest d = sha256(span_of(&i, sizeof i));
        assert_int_equal(signing_key_sign(signing, span_of(&i, sizeof i), value), ST_OK);
        assert_int_equal(verifying_key_check(verifying, &d, value), ST_OK);
        value[i % sizeof value] ^= 1;
        assert_int_equal(verifying_key_check(verifying, &d, value), ST_BAD_SIGNATURE);
    }
    struct digest d = sha256(span_cstr("x"));
    static const uint8_t odd[] = {0, 1, 0x7f, 0x80, 0xff};
    for (size_t i = 0; i < sizeof odd; i++) {
        memset(value, odd[i], sizeof value);
        assert_int_equal(verifying_key_check(verifying, &d, value), ST_BAD_SIGNATURE);
    }
}

static void issuer_and_serial_name_a_certificate_without_key_identifier(void **state)
{
    (void)state;
    struct test_cert_options o = {
        .common_name = "F\xc3\xa9lix & <co>", .eku = RELTO_EKU_REPORT, .no_ski = true};
    struct test_pair *pair = malloc(sizeof *pair);
    struct signing_key *sk;
    struct verifying_key *vk;
    struct signature_facts f;
    struct buf b;
    assert_non_null(pair);
    test_keys_issue(&keys.ca, &o, pair);
    assert_int_equal(signing_key_load(test_span(pair->key), test_span(pair->cert), NULL, &sk), ST_OK);
    assert_int_equal(verifying_key_load(test_span(pair->cert), NULL, &vk), ST_OK);
    write_signature(sk, &b);
    assert_non_null(strstr(buf_cstr(&b), "<ds:X509IssuerName>CN=GBR test CA,O=Relto\\, tests<"));
    assert_int_equal(read_signature(buf_bytes(&b), &f), ST_OK);
    assert_int_equal(f.ski_len, 0);
    assert_true(verifying_key_is_named(vk, &f));
    assert_false(verifying_key_is_named(verifying, &f));
    assert_int_equal(signature_check(&f, vk), ST_OK);
    assert_int_equal(signature_check(&f, verifying), ST_BAD_SIGNATURE);
    buf_fini(&b);
    signing_key_free(&sk);
    verifying_key_free(&vk);
    free(pair);
}

// Every bit pattern but the written one is refused, wherever it differs.
static void no_byte_may_change(void **state)
{
    (void)state;
    struct buf b;
    struct signature_facts f;
    write_signature(signing, &b);
    for (size_t i = 0; i < b.len; i++) {
        uint8_t was = b.ptr[i];
        b.ptr[i] = was == 'A' ? 'B' : 'A';
        enum status st = read_signature(buf_bytes(&b), &f);
        if (st == ST_OK)
            st = verifying_key_is_named(verifying, &f) ? signature_check(&f, verifying) : ST_NOT_FOUND;
        if (st == ST_OK)
            fail_msg("byte %zu may change", i);
        b.ptr[i] = was;
    }
    buf_fini(&b);
}

static void replace(const struct buf *b, const char *from, const char *to, struct buf *out)
{
    struct buf copy;
    buf_init(&copy, MIB);
    buf_span(&copy, buf_bytes(b));
    const char *text = buf_cstr(&copy), *at = strstr(text, from);
    assert_non_null(at);
    buf_init(out, MIB);
    buf_put(out, text, (size_t)(at - text));
    buf_puts(out, to);
    buf_puts(out, at + strlen(from));
    buf_fini(&copy);
}

static void nothing_may_be_added(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
    } cases[] = {
        {"<ds:SignatureValue>", "<ds:SignatureValue>\n"},
        {"</ds:SignedInfo>", "</ds:SignedInfo><ds:SignedInfo></ds:SignedInfo>"},
        {"<ds:SignedInfo>", "<ds:SignedInfo Id=\"x\">"},
        {"<ds:Object>",
         "<ds:Object><ds:Manifest Id=\"relto-report-1\"></ds:Manifest></ds:Object><ds:Object>"},
        {"<ds:Object>", "<ds:Object Id=\"o\">"},
        {"<ds:Transforms>", "<ds:Transforms><ds:Transform Algorithm=\"http://www.w3.org/TR/1999/"
                            "REC-xpath-19991116\"></ds:Transform>"},
        {"#ecdsa-sha256", "#ecdsa-sha1"},
        {"#sha256", "#sha512"},
        {"xml-exc-c14n#\"", "xml-exc-c14n#WithComments\""},
        {"URI=\"#e1\"", "URI=\"#e2\""},
        {"URI=\"#label\"", "URI=\"\""},
        {"#relto-report-1", "#relto-consent-1"},
        {"</ds:X509Data>", "</ds:X509Data><ds:KeyName>k</ds:KeyName>"},
        {" Type=\"", " Id=\"x\" Type=\""},
        {"#Manifest\" URI", "#Object\" URI"},
        {"></ds:Transform>", "> </ds:Transform>"},
        {"<ds:X509SKI>", "<ds:X509SKI>AAAA"},
    };
    struct buf b;
    struct signature_facts f;
    write_signature(signing, &b);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf other;
        replace(&b, cases[i].from, cases[i].to, &other);
        enum status st = read_signature(buf_bytes(&other), &f);
        if (st == ST_OK && verifying_key_is_named(verifying, &f) && signature_check(&f, verifying) == ST_OK)
            fail_msg("case %zu passes: %s", i, cases[i].to);
        buf_fini(&other);
    }
    buf_fini(&b);
}

static void a_foreign_manifest_is_a_bad_signature(void **state)
{
    (void)state;
    struct buf b, other;
    struct signature_facts f;
    write_signature(signing, &b);
    replace(&b, "#e1\">", "#e1\">", &other); // a plain copy
    char *at = strstr((char *)other.ptr, "URI=\"#e1\"");
    assert_non_null(at);
    at = strstr(at, "<ds:DigestValue>") + strlen("<ds:DigestValue>");
    *at = *at == 'A' ? 'B' : 'A';
    struct arena *a = xml_arena_new(other.len);
    struct xml_node *root;
    struct digest got[COUNT];
    assert_int_equal(xml_read(buf_bytes(&other), XML_UNTRUSTED, a, NULL, &root), ST_OK);
    assert_int_equal(signature_read(root, buf_bytes(&other), "relto-report-1", ids, COUNT, NULL, got, &f),
                     ST_BAD_SIGNATURE);
    arena_free(&a);
    buf_fini(&b);
    buf_fini(&other);
}

static bool signs_reports(const struct test_cert_options *o)
{
    struct test_pair *pair = malloc(sizeof *pair);
    struct verifying_key *vk;
    assert_non_null(pair);
    test_keys_issue(&keys.ca, o, pair);
    assert_int_equal(verifying_key_load(test_span(pair->cert), NULL, &vk), ST_OK);
    bool ok = verifying_key_signs_reports(vk);
    verifying_key_free(&vk);
    free(pair);
    return ok;
}

static void only_the_named_use_signs_reports(void **state)
{
    (void)state;
    assert_true(verifying_key_signs_reports(verifying));
    assert_true(signs_reports(&(struct test_cert_options){.common_name = "x", .eku = RELTO_EKU_REPORT}));
    assert_false(signs_reports(&(struct test_cert_options){.common_name = "x"}));
    assert_false(signs_reports(&(struct test_cert_options){.common_name = "x", .eku = "clientAuth"}));
    assert_false(
        signs_reports(&(struct test_cert_options){.common_name = "x", .eku = "anyExtendedKeyUsage"}));
    assert_false(signs_reports(
        &(struct test_cert_options){.common_name = "x", .eku = RELTO_EKU_REPORT, .no_key_usage = true}));
    assert_false(signs_reports(
        &(struct test_cert_options){.common_name = "x", .eku = RELTO_EKU_REPORT, .is_ca = true}));
}

static void validity_is_inclusive(void **state)
{
    (void)state;
    struct test_cert_options o = {.common_name = "x", .from = 1700000000000, .until = 1700000100000};
    struct test_pair *pair = malloc(sizeof *pair);
    struct verifying_key *vk;
    assert_non_null(pair);
    test_keys_issue(&keys.ca, &o, pair);
    assert_int_equal(verifying_key_load(test_span(pair->cert), NULL, &vk), ST_OK);
    assert_false(verifying_key_valid_at(vk, o.from - 1));
    assert_true(verifying_key_valid_at(vk, o.from));
    assert_true(verifying_key_valid_at(vk, o.until));
    assert_false(verifying_key_valid_at(vk, o.until + 1));
    verifying_key_free(&vk);
    free(pair);
}

static void unfit_keys_are_refused_with_a_reason(void **state)
{
    (void)state;
    struct test_pair *pair = malloc(sizeof *pair);
    struct diag *d = malloc(sizeof *d);
    struct signing_key *sk = NULL;
    struct verifying_key *vk = NULL;
    assert_non_null(pair);
    assert_non_null(d);
    diag_init(d, NULL);
    test_keys_issue(&keys.ca, &(struct test_cert_options){.common_name = "x", .curve = "P-384"}, pair);
    assert_int_equal(signing_key_load(test_span(pair->key), test_span(pair->cert), d, &sk), ST_INVALID);
    assert_string_equal(d->faults[0].rule, "certificate-kind");
    assert_int_equal(signing_key_load(test_span(keys.ca.key), test_span(keys.report.cert), d, &sk),
                     ST_INVALID);
    assert_string_equal(d->faults[1].rule, "key-mismatch");
    assert_int_equal(signing_key_load(test_span("x"), test_span(keys.report.cert), d, &sk), ST_INVALID);
    assert_string_equal(d->faults[2].rule, "key-unreadable");
    assert_int_equal(verifying_key_load(test_span(""), d, &vk), ST_INVALID);
    assert_string_equal(d->faults[3].rule, "certificate-unreadable");
    assert_null(sk);
    assert_null(vk);
    free(d);
    free(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_reads_and_verifies),
        cmocka_unit_test(signatures_verify_whatever_numbers_they_are),
        cmocka_unit_test(issuer_and_serial_name_a_certificate_without_key_identifier),
        cmocka_unit_test(no_byte_may_change),
        cmocka_unit_test(nothing_may_be_added),
        cmocka_unit_test(a_foreign_manifest_is_a_bad_signature),
        cmocka_unit_test(only_the_named_use_signs_reports),
        cmocka_unit_test(validity_is_inclusive),
        cmocka_unit_test(unfit_keys_are_refused_with_a_reason),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
