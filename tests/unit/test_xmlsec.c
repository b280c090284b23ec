// Plain XML-DSig (spec 2.2): the stock xmlsec1 command verifies what we sign, and we accept what it signs.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/report_samples.h"
#include "tests/support/test_keys.h"

#define REGISTER_MANIFEST "--id-attr:Id http://www.w3.org/2000/09/xmldsig#:Manifest"
#define REGISTER_ALL                                                                                         \
    REGISTER_MANIFEST " --id-attr:Id urn:relto:report:1:label --id-attr:Id urn:relto:report:1:header"        \
                      " --id-attr:Id urn:relto:report:1:reference --id-attr:Id urn:relto:report:1:portion"   \
                      " --id-attr:Id urn:relto:report:1:attachment"

static char dir[] = "/tmp/relto-xmlsec-XXXXXX";
static bool have_tool;
static struct test_keys keys;
static struct signing_key *signing;
static struct verifying_key *verifying;
static struct diag *faults;

static void save(const char *name, struct span bytes)
{
    char path[100];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, f), bytes.len);
    assert_int_equal(fclose(f), 0);
}

static void load(const char *name, struct buf *out)
{
    char path[100], block[4096];
    size_t n;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    buf_init(out, MIB);
    while ((n = fread(block, 1, sizeof block, f)) > 0)
        buf_put(out, block, n);
    assert_int_equal(fclose(f), 0);
}

// Run xmlsec1 in the directory; what it says goes to `out`. True when it exits 0.
static bool run(struct buf *out, const char *args)
{
    char command[1000], line[500];
    snprintf(command, sizeof command, "cd %s && xmlsec1 %s 2>&1", dir, args);
    buf_reset(out);
    FILE *p = popen(command, "r");
    assert_non_null(p);
    while (fgets(line, sizeof line, p))
        buf_puts(out, line);
    return pclose(p) == 0;
}

static int set_up(void **state)
{
    (void)state;
    have_tool = system("xmlsec1 --version >/dev/null 2>&1") == 0;
    if (!have_tool)
        return 0;
    if (!mkdtemp(dir))
        return 1;
    test_keys_make("GBR", &keys);
    save("key.pem", test_span(keys.report.key));
    save("cert.pem", test_span(keys.report.cert));
    save("ca.pem", test_span(keys.ca.cert));
    faults = calloc(1, sizeof *faults);
    return !faults ||
           signing_key_load(test_span(keys.report.key), test_span(keys.report.cert), NULL, &signing) !=
               ST_OK ||
           verifying_key_load(test_span(keys.report.cert), NULL, &verifying) != ST_OK;
}

static int tear_down(void **state)
{
    (void)state;
    static const char *const names[] = {"key.pem", "cert.pem", "ca.pem", "r.xml", "t.xml", "s.xml"};
    signing_key_free(&signing);
    verifying_key_free(&verifying);
    free(faults);
    for (size_t i = 0; have_tool && i < sizeof names / sizeof *names; i++) {
        char path[100];
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    return have_tool ? rmdir(dir) : 0;
}

static void need_tool(void)
{
    if (have_tool)
        return;
    print_message("skipped: the xmlsec1 command is not installed (apt-get install xmlsec1)\n");
    skip();
}

static void finish(const char *draft, struct buf *out)
{
    buf_init(out, MIB);
    sample_finish(draft, signing, 0, 7, out);
}

// Ours, read and verified with the originator's key.
static enum status check(struct span bytes)
{
    struct arena *a = xml_arena_new(bytes.len);
    const struct report *r;
    struct rendition_proof proof;
    enum status st = rendition_read(bytes, a, faults, &r, &proof);
    if (st == ST_OK)
        st = verifying_key_is_named(verifying, &proof.signature) ? rendition_verify(&proof, verifying)
                                                                 : ST_NOT_FOUND;
    arena_free(&a);
    return st;
}

static void a_whole_report_counts_every_digest(void **state)
{
    (void)state;
    need_tool();
    struct buf b, said;
    finish(sample_draft, &b);
    buf_init(&said, MIB);
    save("r.xml", buf_bytes(&b));
    assert_true(run(&said, "--verify " REGISTER_ALL " --pubkey-cert-pem cert.pem r.xml"));
    assert_non_null(strstr(buf_cstr(&said), "SignedInfo References (ok/all): 1/1"));
    assert_non_null(strstr(buf_cstr(&said), "Manifests References (ok/all): 9/9"));
    // Also through the chain, which finds the certificate by what KeyInfo says.
    assert_true(run(&said, "--verify " REGISTER_ALL " --trusted-pem ca.pem --untrusted-pem cert.pem r.xml"));
    buf_fini(&said);
    buf_fini(&b);
}

// Ours is the stricter: a tampered part is a success with n-1 of n for the stock tool.
static void ours_refuses_what_the_tool_only_counts(void **state)
{
    (void)state;
    need_tool();
    struct buf b, said;
    finish(sample_draft, &b);
    buf_init(&said, MIB);
    char *at = strstr((char *)b.ptr, "line two");
    assert_non_null(at);
    at[0] = 'L';
    save("r.xml", buf_bytes(&b));
    assert_true(run(&said, "--verify " REGISTER_ALL " --pubkey-cert-pem cert.pem r.xml"));
    assert_non_null(strstr(buf_cstr(&said), "Manifests References (ok/all): 8/9"));
    assert_int_equal(check(buf_bytes(&b)), ST_BAD_SIGNATURE);
    buf_fini(&said);
    buf_fini(&b);
}

// Every set of withheld children of a report of three, with and without the overall label.
static void every_splice_verifies(void **state)
{
    (void)state;
    need_tool();
    struct buf b, spliced, said;
    finish(SAMPLE_DRAFT("<portion><text>one</text></portion><portion><text>two</text></portion>"
                        "<portion><text>three</text></portion>"),
           &b);
    buf_init(&spliced, MIB);
    buf_init(&said, MIB);
    struct arena *a = xml_arena_new(b.len);
    const struct report *r;
    struct rendition_proof proof;
    assert_int_equal(rendition_read(buf_bytes(&b), a, NULL, &r, &proof), ST_OK);
    for (unsigned set = 0; set < 16; set++) {
        struct withheld_set w = {.overall = set >> 3 & 1, .bits = {set & 7}};
        buf_reset(&spliced);
        rendition_splice(r, buf_bytes(&b), &w, &spliced);
        save("r.xml", buf_bytes(&spliced));
        assert_true(
            run(&said, "--verify --ignore-manifests " REGISTER_MANIFEST " --pubkey-cert-pem cert.pem r.xml"));
        assert_int_equal(check(buf_bytes(&spliced)), ST_OK);
    }
    arena_free(&a);
    buf_fini(&said);
    buf_fini(&spliced);
    buf_fini(&b);
}

static void a_certificate_without_key_identifier_is_found_too(void **state)
{
    (void)state;
    need_tool();
    struct test_cert_options o = {.common_name = "GBR, reports", .eku = RELTO_EKU_REPORT, .no_ski = true};
    struct test_pair *pair = malloc(sizeof *pair);
    struct signing_key *sk;
    struct buf b, said;
    assert_non_null(pair);
    test_keys_issue(&keys.ca, &o, pair);
    assert_int_equal(signing_key_load(test_span(pair->key), test_span(pair->cert), NULL, &sk), ST_OK);
    buf_init(&b, MIB);
    buf_init(&said, MIB);
    sample_finish(sample_draft, sk, 0, 7, &b);
    save("r.xml", buf_bytes(&b));
    save("t.xml", test_span(pair->cert));
    assert_true(run(&said, "--verify " REGISTER_ALL " --pubkey-cert-pem t.xml r.xml"));
    assert_true(run(&said, "--verify " REGISTER_ALL " --trusted-pem ca.pem --untrusted-pem t.xml r.xml"));
    signing_key_free(&sk);
    buf_fini(&said);
    buf_fini(&b);
    free(pair);
}

// Empty the text of every such element; `until` ends the element.
static void blank(struct buf *b, const char *start, const char *end, const char *content)
{
    struct buf out;
    buf_init(&out, MIB);
    const char *at = buf_cstr(b), *next;
    while ((next = strstr(at, start)) != NULL) {
        next += strlen(start);
        buf_put(&out, at, (size_t)(next - at));
        buf_puts(&out, content);
        at = strstr(next, end);
        assert_non_null(at);
    }
    buf_puts(&out, at);
    buf_fini(b);
    *b = out;
}

// The report as a template for the stock tool: without digests, value and name of the certificate.
static void make_template(const char *key_data)
{
    struct buf b;
    finish(sample_draft, &b);
    blank(&b, "<ds:DigestValue>", "</ds:DigestValue>", "");
    blank(&b, "<ds:SignatureValue>", "</ds:SignatureValue>", "");
    blank(&b, "<ds:X509Data>", "</ds:X509Data>", key_data);
    save("t.xml", buf_bytes(&b));
    buf_fini(&b);
}

static void what_the_tool_signs_is_accepted(void **state)
{
    (void)state;
    need_tool();
    static const char *const key_data[] = {"<ds:X509SKI></ds:X509SKI>",
                                           "<ds:X509IssuerSerial></ds:X509IssuerSerial>"};
    struct buf said, in, out;
    buf_init(&said, MIB);
    for (size_t i = 0; i < 2; i++) {
        make_template(key_data[i]);
        assert_true(
            run(&said, "--sign " REGISTER_ALL " --privkey-pem key.pem,cert.pem --output s.xml t.xml"));
        load("s.xml", &in);
        assert_int_not_equal(check(buf_bytes(&in)), ST_OK); // as it came, it is no rendition
        buf_init(&out, MIB);
        struct arena *a = xml_arena_new(in.len);
        diag_init(faults, NULL);
        assert_int_equal(report_accept_signed(buf_bytes(&in), a, faults, &out), ST_OK);
        assert_int_equal(check(buf_bytes(&out)), ST_OK);
        save("r.xml", buf_bytes(&out));
        assert_true(run(&said, "--verify " REGISTER_ALL " --pubkey-cert-pem cert.pem r.xml"));
        assert_non_null(strstr(buf_cstr(&said), "Manifests References (ok/all): 9/9"));
        arena_free(&a);
        buf_fini(&out);
        buf_fini(&in);
    }
    buf_fini(&said);
}

// Normalising does not reach into what is signed.
static void a_signed_document_of_another_profile_is_not_accepted(void **state)
{
    (void)state;
    need_tool();
    static const struct {
        const char *from, *to;
    } cases[] = {
        {"line two", "Line two"},
        {"</header>", "</header>\n"},
        {"</header>", "</header><!-- c -->"},
        {"<ds:Object>", "<ds:Object>\n"},
        {"<ds:SignedInfo>", "<ds:SignedInfo>\n"},
    };
    struct buf said, in;
    buf_init(&said, MIB);
    make_template("<ds:X509SKI></ds:X509SKI>");
    assert_true(run(&said, "--sign " REGISTER_ALL " --privkey-pem key.pem,cert.pem --output s.xml t.xml"));
    load("s.xml", &in);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf other, out;
        buf_init(&other, MIB);
        buf_init(&out, MIB);
        const char *text = buf_cstr(&in), *at = strstr(text, cases[i].from);
        assert_non_null(at);
        buf_put(&other, text, (size_t)(at - text));
        buf_puts(&other, cases[i].to);
        buf_puts(&other, at + strlen(cases[i].from));
        struct arena *a = xml_arena_new(other.len);
        diag_init(faults, NULL);
        assert_int_not_equal(report_accept_signed(buf_bytes(&other), a, faults, &out), ST_OK);
        assert_true(faults->count > 0);
        assert_int_equal(out.len, 0);
        arena_free(&a);
        buf_fini(&other);
        buf_fini(&out);
    }
    buf_fini(&in);
    buf_fini(&said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_report_counts_every_digest),
        cmocka_unit_test(ours_refuses_what_the_tool_only_counts),
        cmocka_unit_test(every_splice_verifies),
        cmocka_unit_test(a_certificate_without_key_identifier_is_found_too),
        cmocka_unit_test(what_the_tool_signs_is_accepted),
        cmocka_unit_test(a_signed_document_of_another_profile_is_not_accepted),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
