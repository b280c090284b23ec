// Plain XML-DSig (spec 2.2): the stock xmlsec1 command verifies what we sign, and we accept what it signs.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/policy_gen.h"
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
    char command[3000], line[500];
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

// ---- generated reports, both ways

enum { GENERATED_DEFAULT = 24, BATCH = 20, SMALL = 4, SPLICES_MAX = 2 << SMALL };

static const char *const snippets[] = {
    "Tanker", " of 4,000 t\n", "&lt;b&gt; &amp;amp; ]]&gt;", "\t\xe2\x80\x9cquoted\xe2\x80\x9d 'x' \"y\"", "\xc3\xa9t\xc3\xa9", "\xd0\x9a\xd0\xb8\xd1\x97\xd0\xb2",
    "\xe6\x9d\xb1\xe4\xba\xac", "\xf0\x9f\x9a\xa2", "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d", "&#x9;&#10;", "   ", "\n\n", "a&#160;b", "xmlns=\"urn:x\"",
};

static void put_text(struct policy_gen *g, struct buf *out, bool lines)
{
    buf_puts(out, "T"); // never empty
    for (size_t n = gen_below(g, 12); n > 0; n--) {
        const char *s = snippets[gen_below(g, sizeof snippets / sizeof *snippets)];
        if (lines || !strpbrk(s, "\n\t#"))
            buf_puts(out, s);
    }
    if (gen_chance(g, 5))
        for (size_t n = 0; n < 2000; n++)
            buf_puts(out, "long ");
    buf_puts(out, ".");
}

static void put_own_label(struct policy_gen *g, struct buf *out, unsigned percent)
{
    static const char *const classes[] = {"SECRET", "NATO &amp; SECRET", "\xc3\x89TROIT"};
    if (!gen_chance(g, percent))
        return;
    buf_printf(out,
               "<label><originatorConfidentialityLabel xmlns='urn:nato:stanag:4774:confidentialitymetadatalabel:1:0'>"
               "<ConfidentialityInformation><PolicyIdentifier URI='urn:oid:1.3.26.1.3.1'>NATO</PolicyIdentifier><Classification>%s"
               "</Classification>",
               classes[gen_below(g, 3)]);
    for (size_t n = gen_below(g, 3); n > 0; n--)
        buf_printf(out, "<Category Type='PERMISSIVE' TagName='Set &lt;%zu&gt;'><GenericValue>FRA</GenericValue></Category>", n);
    buf_puts(out, "</ConfidentialityInformation><CreationDateTime>2026-11-22T00:00:00Z</CreationDateTime></originatorConfidentialityLabel></label>");
}

// A draft of random content; small ones have at most SMALL children behind the header.
static void put_draft(struct policy_gen *g, bool small, struct buf *out)
{
    size_t left = small ? SMALL : 24;
    buf_puts(out, "<report xmlns='urn:relto:report:1'>");
    put_own_label(g, out, 100);
    buf_printf(out, "<header type='INTREP' separable='%s' xml:lang='%s'>", gen_chance(g, 50) ? "true" : "false", gen_chance(g, 50) ? "en" : "fr-CA");
    put_own_label(g, out, 30);
    buf_puts(out, "<originator nation='GBR' cell='J2-NORTH'/><title>");
    put_text(g, out, false);
    buf_puts(out, "</title><topic>piracy</topic><position lat='4.15' lon='-3.20'/></header>");
    for (size_t n = gen_below(g, 3); n > 0 && left > 1; n--, left--)
        buf_printf(out, "<reference rel='related' ref='urn:uuid:00000000-0000-4000-8000-%012zu'/>", n);
    for (size_t n = 1 + gen_below(g, small ? 2 : 12); n > 0 && left > 0; n--, left--) {
        buf_puts(out, "<portion>");
        put_own_label(g, out, 60);
        buf_puts(out, "<text>");
        put_text(g, out, true);
        buf_puts(out, "</text></portion>");
    }
    for (size_t n = gen_below(g, 3); n > 0 && left > 0; n--, left--) {
        buf_printf(out, "<attachment name='a%zu &amp; \xc3\xa9.txt' media-type='text/plain' size='%zu' sha256='e3b0c44298fc1c149afbf4c8996fb924"
                        "27ae41e4649b934ca495991b7852b855'>", n, gen_below(g, 100000));
        put_own_label(g, out, 50);
        buf_puts(out, "</attachment>");
    }
    buf_puts(out, "</report>");
}

// How many "(ok/all): n/n" with the same n on both sides follow these words in what the tool said?
static size_t all_good(const char *said, const char *words)
{
    size_t count = 0;
    for (const char *at = strstr(said, words); at; at = strstr(at + 1, words)) {
        unsigned long ok, all;
        assert_int_equal(sscanf(at + strlen(words), " (ok/all): %lu/%lu", &ok, &all), 2);
        count += ok == all && all > 0;
    }
    return count;
}

// Verify g0.xml and on, so many: every signature, and with `digests` every digest.
static void verify_batch(struct buf *said, size_t count, bool digests)
{
    char args[2000];
    int n = snprintf(args, sizeof args, "--verify %s --pubkey-cert-pem cert.pem", digests ? REGISTER_ALL : "--ignore-manifests " REGISTER_MANIFEST);
    for (size_t i = 0; i < count; i++)
        n += snprintf(args + n, sizeof args - (size_t)n, " g%zu.xml", i);
    assert_true((size_t)n < sizeof args);
    if (!run(said, args) || all_good(buf_cstr(said), "SignedInfo References") != count ||
        (digests && all_good(buf_cstr(said), "Manifests References") != count))
        fail_msg("%s", buf_cstr(said));
}

static void save_numbered(size_t i, struct span bytes)
{
    char name[32];
    snprintf(name, sizeof name, "g%zu.xml", i);
    save(name, bytes);
}

static void remove_numbered(void)
{
    for (size_t i = 0; i < SPLICES_MAX || i < BATCH; i++) {
        char path[100];
        snprintf(path, sizeof path, "%s/g%zu.xml", dir, i);
        unlink(path);
    }
}

// What the tool signs from our bytes without their signature reads as a rendition again.
static void sign_by_the_tool(const struct buf *ours, struct buf *said, struct buf *ret)
{
    struct buf template, in;
    buf_init(&template, 4 * MIB);
    buf_span(&template, buf_bytes(ours));
    blank(&template, "<ds:DigestValue>", "</ds:DigestValue>", "");
    blank(&template, "<ds:SignatureValue>", "</ds:SignatureValue>", "");
    blank(&template, "<ds:X509Data>", "</ds:X509Data>", "<ds:X509SKI></ds:X509SKI>");
    save("t.xml", buf_bytes(&template));
    if (!run(said, "--sign " REGISTER_ALL " --privkey-pem key.pem,cert.pem --output s.xml t.xml"))
        fail_msg("%s", buf_cstr(said));
    load("s.xml", &in);
    struct arena *a = xml_arena_new(in.len);
    diag_init(faults, NULL);
    buf_reset(ret);
    assert_int_equal(report_accept_signed(buf_bytes(&in), a, faults, ret), ST_OK);
    assert_int_equal(check(buf_bytes(ret)), ST_OK);
    arena_free(&a);
    buf_fini(&in);
    buf_fini(&template);
}

static uint64_t reports_wanted(void)
{
    const char *text = getenv("RELTO_PROPERTY_CASES");
    return text && *text ? strtoull(text, NULL, 10) : GENERATED_DEFAULT;
}

static struct policy_gen *generator(uint64_t seed)
{
    struct policy_gen *g = calloc(1, sizeof *g);
    assert_non_null(g);
    g->state = seed;
    return g;
}

static void generated_reports_agree_both_ways(void **state)
{
    (void)state;
    need_tool();
    struct buf draft, ours, theirs, said;
    struct policy_gen *g = generator(1);
    buf_init(&draft, MIB);
    buf_init(&ours, MIB);
    buf_init(&theirs, MIB);
    buf_init(&said, MIB);
    size_t pending = 0;
    for (uint64_t i = 0; i < reports_wanted(); i++) {
        buf_reset(&draft);
        buf_reset(&ours);
        put_draft(g, false, &draft);
        sample_finish(buf_cstr(&draft), signing, 0, i, &ours);
        assert_int_equal(check(buf_bytes(&ours)), ST_OK);
        sign_by_the_tool(&ours, &said, &theirs);
        save_numbered(pending++, buf_bytes(&ours));
        save_numbered(pending++, buf_bytes(&theirs));
        if (pending == BATCH || i + 1 == reports_wanted()) {
            verify_batch(&said, pending, true);
            pending = 0;
        }
    }
    remove_numbered();
    buf_fini(&draft);
    buf_fini(&ours);
    buf_fini(&theirs);
    buf_fini(&said);
    free(g);
}

// Each possible set of withheld elements, the overall label among them, with decoys and without.
static void every_splice_of_small_generated_reports_verifies(void **state)
{
    (void)state;
    need_tool();
    struct buf draft, ours, spliced, said;
    struct policy_gen *g = generator(2);
    buf_init(&draft, MIB);
    buf_init(&ours, MIB);
    buf_init(&spliced, MIB);
    buf_init(&said, MIB);
    for (uint64_t i = 0; i < 1 + reports_wanted() / 10; i++) {
        const struct report *r;
        struct rendition_proof proof;
        buf_reset(&draft);
        buf_reset(&ours);
        put_draft(g, true, &draft);
        sample_finish(buf_cstr(&draft), signing, i % 2 ? SMALL : 0, i, &ours);
        struct arena *a = xml_arena_new(ours.len);
        assert_int_equal(rendition_read(buf_bytes(&ours), a, NULL, &r, &proof), ST_OK);
        size_t sets = (size_t)1 << r->child_count;
        assert_true(2 * sets <= SPLICES_MAX);
        for (size_t set = 0; set < 2 * sets; set++) {
            struct withheld_set w = {.overall = set >= sets, .bits = {set % sets}};
            buf_reset(&spliced);
            rendition_splice(r, buf_bytes(&ours), &w, &spliced);
            assert_int_equal(check(buf_bytes(&spliced)), ST_OK);
            save_numbered(set, buf_bytes(&spliced));
        }
        verify_batch(&said, 2 * sets, false);
        arena_free(&a);
    }
    remove_numbered();
    buf_fini(&draft);
    buf_fini(&ours);
    buf_fini(&spliced);
    buf_fini(&said);
    free(g);
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
        cmocka_unit_test(generated_reports_agree_both_ways),
        cmocka_unit_test(every_splice_of_small_generated_reports_verifies),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
