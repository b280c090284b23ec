// formats/report: drafts are read whole, with every fault and its place; characters; finishing.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <libxml/relaxng.h>
#include <libxml/xmlschemas.h>
#include <libxml/xmlschemastypes.h>

#include "formats/text_rules.h"
#include "tests/support/report_samples.h"
#include "tests/support/test_keys.h"

#define LABEL SAMPLE_LABEL("SECRET", "NATO")
#define ORIGIN "<originator nation='GBR' cell='J2'/><title>t</title>"
#define HEADER "<header type='INTREP'>" ORIGIN "</header>"
#define PORTION "<portion><text>x</text></portion>"
#define REPORT(content) "<report xmlns='urn:relto:report:1'>" content "</report>"
#define WITH_HEADER(header) REPORT(LABEL header PORTION)
#define WITH_CHILD(child) REPORT(LABEL HEADER PORTION child)
#define DIGEST "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static struct test_keys keys;
static struct signing_key *signing;
static struct diag *faults;

static int set_up(void **state)
{
    (void)state;
    test_keys_make("GBR", &keys);
    faults = calloc(1, sizeof *faults);
    return !faults ||
           signing_key_load(test_span(keys.report.key), test_span(keys.report.cert), NULL, &signing) != ST_OK;
}

static int tear_down(void **state)
{
    (void)state;
    signing_key_free(&signing);
    free(faults);
    return 0;
}

static enum status read_text(const char *text, struct arena **ret_a, const struct report **ret)
{
    *ret_a = xml_arena_new(strlen(text));
    diag_init(faults, NULL);
    return report_read(span_cstr(text), "t.xml", *ret_a, faults, ret);
}

static void print_faults(void)
{
    struct buf b;
    buf_init(&b, MIB);
    diag_print(faults, &b);
    print_message("%s", buf_cstr(&b));
    buf_fini(&b);
}

static void a_small_draft_is_enough(void **state)
{
    (void)state;
    struct arena *a;
    const struct report *r = NULL;
    assert_int_equal(read_text(REPORT("\n " LABEL "\n " HEADER "\n " PORTION "\n"), &a, &r), ST_OK);
    assert_false(r->has_id || r->has_version || r->has_issued || r->separable || r->is_signed ||
                 r->has_salts);
    assert_int_equal(r->version, 1);
    assert_string_equal(r->lang, "");
    assert_string_equal(r->label_id, "label");
    assert_null(r->header_label);
    assert_string_equal(r->children[0].id, "e1");
    assert_int_equal(r->children[0].line, 4);
    arena_free(&a);
}

static void ids_and_layout_of_drafts_are_free(void **state)
{
    (void)state;
    struct arena *a;
    const struct report *r = NULL;
    const char *text = REPORT("<label Id='overall'>" SAMPLE_LABEL_CONTENT(
        "SECRET",
        "NATO") "</label>"
                "<header Id='h' type='INTREP' report='urn:uuid:6f0c1d2e-0000-4000-8000-00000000000a' "
                "version='3' issued='2026-11-22T13:34:00Z' separable='false'>"
                "<originator nation='GBR'/><title>\n  Two\n  lines </title><topic> piracy </topic></header>"
                "<portion Id='src'><text> kept \n as is </text></portion>" PORTION);
    assert_int_equal(read_text(text, &a, &r), ST_OK);
    assert_true(r->has_id && r->has_version && r->has_issued);
    assert_int_equal(r->version, 3);
    assert_string_equal(r->label_id, "overall");
    assert_string_equal(r->cell, "");
    assert_string_equal(r->title, "Two lines");
    assert_string_equal(r->topics[0], "piracy");
    assert_string_equal(r->children[0].id, "src");
    assert_string_equal(r->children[0].text, " kept \n as is ");
    assert_string_equal(r->children[1].id, "e2");
    arena_free(&a);
}

static const struct {
    const char *in, *rule;
} wrong[] = {
    {"<other/>", "not-a-report"},
    {"<report xmlns='urn:relto:report:2'/>", "not-a-report"},
    {REPORT(HEADER PORTION), "missing-element"},
    {REPORT(LABEL PORTION), "missing-element"},
    {REPORT(LABEL HEADER), "missing-element"},
    {REPORT(LABEL HEADER PORTION HEADER), "unexpected-element"},
    {REPORT(LABEL HEADER PORTION "text"), "unexpected-text"},
    {REPORT(LABEL HEADER PORTION
            "<reference rel='related' ref='urn:uuid:00000000-0000-4000-8000-000000000001'/>"),
     "element-order"},
    {"<report xmlns='urn:relto:report:1' Id='r'>" LABEL HEADER PORTION "</report>", "unknown-attribute"},
    {WITH_HEADER("<header>" ORIGIN "</header>"), "missing-attribute"},
    {WITH_HEADER("<header type='two words'>" ORIGIN "</header>"), "token-form"},
    {WITH_HEADER("<header type=''>" ORIGIN "</header>"), "token-form"},
    {WITH_HEADER("<header type='INTREP' report='6f0c1d2e-0000-4000-8000-00000000000a'>" ORIGIN "</header>"),
     "uuid-form"},
    {WITH_HEADER("<header type='INTREP' report='urn:uuid:6F0C1D2E-0000-4000-8000-00000000000A'>" ORIGIN
                 "</header>"),
     "uuid-form"},
    {WITH_HEADER("<header type='INTREP' version='0'>" ORIGIN "</header>"), "number-form"},
    {WITH_HEADER("<header type='INTREP' version='01'>" ORIGIN "</header>"), "number-form"},
    {WITH_HEADER("<header type='INTREP' version='4294967296'>" ORIGIN "</header>"), "number-form"},
    {WITH_HEADER("<header type='INTREP' issued='2026-11-22T13:34:00+00:00'>" ORIGIN "</header>"),
     "time-form"},
    {WITH_HEADER("<header type='INTREP' issued='2026-11-22T13:34:00'>" ORIGIN "</header>"), "time-form"},
    {WITH_HEADER("<header type='INTREP' separable='1'>" ORIGIN "</header>"), "boolean-form"},
    {WITH_HEADER("<header type='INTREP' separable='True'>" ORIGIN "</header>"), "boolean-form"},
    {WITH_HEADER("<header type='INTREP' xml:lang='e n'>" ORIGIN "</header>"), "language-form"},
    {WITH_HEADER("<header type='INTREP' Id='1'>" ORIGIN "</header>"), "id-form"},
    {WITH_HEADER("<header type='INTREP' salt='AAAA'>" ORIGIN "</header>"), "salt-form"},
    {WITH_HEADER("<header type='INTREP' colour='red'>" ORIGIN "</header>"), "unknown-attribute"},
    {WITH_HEADER("<header type='INTREP'><title>t</title></header>"), "missing-element"},
    {WITH_HEADER("<header type='INTREP'><originator nation='GBR'/></header>"), "missing-element"},
    {WITH_HEADER("<header type='INTREP'><originator/><title>t</title></header>"), "missing-attribute"},
    {WITH_HEADER("<header type='INTREP'><originator nation='G B'/><title>t</title></header>"), "token-form"},
    {WITH_HEADER("<header type='INTREP'><originator nation='GBR'/><title> </title></header>"), "title-form"},
    {WITH_HEADER("<header type='INTREP'>" ORIGIN "<topic>a b</topic></header>"), "token-form"},
    {WITH_HEADER("<header type='INTREP'>" ORIGIN "<topic>*</topic></header>"), "token-form"},
    {WITH_HEADER("<header type='INTREP'>" ORIGIN "<area>NGA</area><topic>piracy</topic></header>"),
     "unexpected-element"},
    {WITH_HEADER("<header type='INTREP'>" ORIGIN "<position lat='90.000000001' lon='0'/></header>"),
     "number-form"},
    {WITH_HEADER("<header type='INTREP'>" ORIGIN "<position lat='1e1' lon='0'/></header>"), "number-form"},
    {WITH_HEADER("<header type='INTREP'>" ORIGIN "<position lat='.5' lon='0'/></header>"), "number-form"},
    {WITH_HEADER("<header type='INTREP'>" ORIGIN "<position lat='5.' lon='0'/></header>"), "number-form"},
    {WITH_HEADER("<header type='INTREP'>" ORIGIN "<position lat='nan' lon='0'/></header>"), "number-form"},
    {WITH_HEADER("<header type='INTREP'>" ORIGIN "<position lat='0' lon='-180.1'/></header>"), "number-form"},
    {WITH_HEADER("<header type='INTREP'>" ORIGIN "<position lat='0'/></header>"), "missing-attribute"},
    {WITH_HEADER("<header type='INTREP'>" ORIGIN "<position lat='0' lon='0' radius-km='0'/></header>"),
     "number-form"},
    {WITH_HEADER("<header type='INTREP'>" ORIGIN "<position lat='0' lon='0'>x</position></header>"),
     "unexpected-text"},
    {WITH_HEADER("<header type='INTREP'>" ORIGIN "<period from='2026-11-20T00:00:00Z'/></header>"),
     "missing-attribute"},
    {WITH_HEADER("<header type='INTREP'>" ORIGIN
                 "<period from='2026-11-20T00:00:01Z' to='2026-11-20T00:00:00Z'/></header>"),
     "period-order"},
    {WITH_HEADER("<header type='INTREP'>" ORIGIN "<grading reliability='G'/></header>"), "grading-form"},
    {WITH_HEADER("<header type='INTREP'>" ORIGIN "<grading reliability='b'/></header>"), "grading-form"},
    {WITH_HEADER("<header type='INTREP'>" ORIGIN "<grading credibility='7'/></header>"), "grading-form"},
    {WITH_HEADER("<header type='INTREP'>" ORIGIN "<grading credibility=''/></header>"), "grading-form"},
    {WITH_HEADER("<header type='INTREP'>" ORIGIN "<grading/></header>"), "missing-attribute"},
    {WITH_CHILD("<portion/>"), "missing-element"},
    {WITH_CHILD("<portion><text>a</text><text>b</text></portion>"), "unexpected-element"},
    {WITH_CHILD("<portion><text>a<b/></text></portion>"), "unexpected-element"},
    {WITH_CHILD("<portion><text lang='en'>a</text></portion>"), "unknown-attribute"},
    {WITH_CHILD("<portion Id='e1'><text>a</text></portion>"), "id-double"},
    {WITH_CHILD("<portion Id='header'><text>a</text></portion>"), "id-double"},
    {WITH_CHILD("<portion Id='a b'><text>a</text></portion>"), "id-form"},
    {WITH_CHILD("<withheld/>"), "missing-attribute"},
    {WITH_CHILD("<withheld ref='e2' Id='x'/>"), "unknown-attribute"},
    {WITH_CHILD("<withheld ref='e2'><text>a</text></withheld>"), "unexpected-element"},
    {WITH_CHILD("<paragraph/>"), "unexpected-element"},
    {WITH_CHILD("<attachment media-type='a/b' size='1' sha256='" DIGEST "'/>"), "missing-attribute"},
    {WITH_CHILD("<attachment name='../a' media-type='a/b' size='1' sha256='" DIGEST "'/>"), "name-form"},
    {WITH_CHILD("<attachment name='.a' media-type='a/b' size='1' sha256='" DIGEST "'/>"), "name-form"},
    {WITH_CHILD("<attachment name='a' media-type='image' size='1' sha256='" DIGEST "'/>"), "media-type-form"},
    {WITH_CHILD("<attachment name='a' media-type='a/b/c' size='1' sha256='" DIGEST "'/>"), "media-type-form"},
    {WITH_CHILD("<attachment name='a' media-type='text/html; charset=x' size='1' sha256='" DIGEST "'/>"),
     "media-type-form"},
    {WITH_CHILD("<attachment name='a' media-type='a/b' size='-1' sha256='" DIGEST "'/>"), "number-form"},
    {WITH_CHILD("<attachment name='a' media-type='a/b' size='1' sha256='sha256:" DIGEST "'/>"),
     "digest-form"},
    {WITH_CHILD("<attachment name='a' media-type='a/b' size='1' sha256='E3'/>"), "digest-form"},
    {REPORT(LABEL HEADER
            "<reference rel='replaces' ref='urn:uuid:00000000-0000-4000-8000-000000000001'/>" PORTION),
     "relation"},
    {REPORT(LABEL HEADER "<reference rel='related' ref='urn:x'/>" PORTION), "uuid-form"},
    {REPORT(LABEL HEADER "<portion><text>a&#x7f;</text></portion>"), "characters"},
    {REPORT(LABEL HEADER "<portion><text>a&#x85;</text></portion>"), "characters"},
    {REPORT(LABEL HEADER "<portion><text>a&#13;</text></portion>"), "characters"},
    {REPORT(LABEL HEADER "<portion><text>a&#x202e;b</text></portion>"), "characters"},
    {REPORT(LABEL HEADER "<portion><text>a&#x2066;b</text></portion>"), "characters"},
    {REPORT(LABEL HEADER "<portion><text>e&#x301;</text></portion>"), "characters"},
    {REPORT(LABEL HEADER "<portion><text>&#x378;</text></portion>"), "characters"},
    {REPORT(LABEL HEADER "<portion><text>&#xfdd0;</text></portion>"), "characters"},
    {WITH_HEADER("<header type='INTREP'><originator nation='GBR'/><title>a&#x202e;b</title></header>"),
     "characters"},
    {WITH_CHILD("<attachment name='a&#10;b' media-type='a/b' size='1' sha256='" DIGEST "'/>"), "characters"},
};

static void every_wrong_form_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct arena *a;
        const struct report *r = NULL;
        enum status st = read_text(wrong[i].in, &a, &r);
        bool named = false;
        for (uint32_t k = 0; k < faults->count; k++)
            named =
                named || (strcmp(faults->faults[k].rule, wrong[i].rule) == 0 && faults->faults[k].line == 1);
        if (st != ST_INVALID || !named || r) {
            print_faults();
            fail_msg("case %zu: status %d, expected %s: %s", i, (int)st, wrong[i].rule, wrong[i].in);
        }
        arena_free(&a);
    }
}

static void all_faults_come_at_once_with_their_places(void **state)
{
    (void)state;
    struct arena *a;
    const struct report *r = NULL;
    const char *text =
        REPORT("\n" LABEL "\n<header type='x y' version='0'>\n" ORIGIN
               "<position lat='91' lon='0'/>\n</header>\n<portion/>\n<portion><text>e&#x301;</text>"
               "</portion>");
    assert_int_equal(read_text(text, &a, &r), ST_INVALID);
    assert_int_equal(faults->count, 5);
    assert_string_equal(faults->file, "t.xml");
    static const struct {
        const char *rule, *element;
        uint32_t line;
    } expected[] = {{"characters", "text", 7},
                    {"number-form", "header", 3},
                    {"token-form", "header", 3},
                    {"number-form", "header", 4},
                    {"missing-element", "portion e1", 6}};
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(faults->faults[i].rule, expected[i].rule);
        assert_string_equal(faults->faults[i].element, expected[i].element);
        assert_int_equal(faults->faults[i].line, expected[i].line);
        assert_true(faults->faults[i].column > 0);
    }
    arena_free(&a);
}

static void messages_stay_whole_characters(void **state)
{
    (void)state;
    struct buf b;
    struct arena *a;
    const struct report *r;
    buf_init(&b, MIB);
    buf_puts(&b, "<report xmlns='urn:relto:report:1'>" LABEL "<header type='");
    for (int i = 0; i < 100; i++)
        buf_puts(&b, "\xe6\x9d\xb1");
    buf_puts(&b, "'>" ORIGIN "</header>" PORTION "</report>");
    assert_int_equal(read_text(buf_cstr(&b), &a, &r), ST_INVALID);
    const char *end = strrchr(faults->faults[0].message, '"');
    assert_non_null(end);
    assert_memory_equal(end - 3, "\xe6\x9d\xb1", 3);
    arena_free(&a);
    buf_fini(&b);
}

static void the_number_of_children_is_limited(void **state)
{
    (void)state;
    for (size_t count = REPORT_CHILDREN_MAX; count <= REPORT_CHILDREN_MAX + 1; count++) {
        struct buf b;
        struct arena *a;
        const struct report *r;
        buf_init(&b, MIB);
        buf_puts(&b, "<report xmlns='urn:relto:report:1'>" LABEL HEADER);
        for (size_t i = 0; i < count; i++)
            buf_puts(&b, PORTION);
        buf_puts(&b, "</report>");
        assert_int_equal(read_text(buf_cstr(&b), &a, &r), count == REPORT_CHILDREN_MAX ? ST_OK : ST_LIMIT);
        if (count == REPORT_CHILDREN_MAX) { // the largest report can be finished, padded and read
            struct buf out;
            buf_init(&out, 2 * MIB);
            sample_finish(buf_cstr(&b), signing, 1000, 1, &out);
            struct arena *again = xml_arena_new(out.len);
            struct rendition_proof proof;
            assert_int_equal(rendition_read(buf_bytes(&out), again, NULL, &r, &proof), ST_OK);
            assert_int_equal(r->child_count, REPORT_CHILDREN_MAX);
            arena_free(&again);
            buf_fini(&out);
        } else {
            assert_string_equal(faults->faults[faults->count - 1].rule, "report-limit");
        }
        arena_free(&a);
        buf_fini(&b);
    }
}

static enum status try_finish(const char *text, struct buf *out)
{
    struct arena *a;
    const struct report *r;
    struct random_seeded seeded;
    struct random_source random = random_from_seed(&seeded, 1);
    struct report_finish with = {.version = 1, .random = &random, .key = signing};
    assert_int_equal(read_text(text, &a, &r), ST_OK);
    enum status st = report_finish(r, &with, out, faults);
    arena_free(&a);
    return st;
}

static void salts_withheld_parts_and_excess_are_not_finished(void **state)
{
    (void)state;
    struct buf out, big;
    buf_init(&out, 2 * RENDITION_BYTES_MAX);
    buf_puts(&out, "kept");
    assert_int_equal(
        try_finish(WITH_CHILD("<portion salt='AAAAAAAAAAAAAAAAAAAAAA=='><text>x</text></portion>"), &out),
        ST_INVALID);
    assert_string_equal(faults->faults[0].rule, "draft-salt");
    assert_int_equal(try_finish(WITH_CHILD("<withheld ref='e2'/>"), &out), ST_INVALID);
    assert_string_equal(faults->faults[0].rule, "draft-withheld");
    assert_int_equal(try_finish(REPORT("<withheld ref='label'/>" HEADER PORTION), &out), ST_INVALID);
    buf_init(&big, RENDITION_BYTES_MAX);
    buf_puts(&big, "<report xmlns='urn:relto:report:1'>" LABEL HEADER "<portion><text>");
    while (big.len < RENDITION_BYTES_MAX - 500) // each > becomes &gt;
        buf_puts(&big, ">>>>>>>>>>>>>>>>");
    buf_puts(&big, "</text></portion></report>");
    assert_int_equal(try_finish(buf_cstr(&big), &out), ST_LIMIT);
    assert_string_equal(faults->faults[0].rule, "report-limit");
    assert_true(span_eq_cstr(buf_bytes(&out), "kept"));
    buf_fini(&big);
    buf_fini(&out);
}

static void decimals_survive_finishing(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {{"0", "0"},
                 {"-0.0", "0"},
                 {"4.150", "4.15"},
                 {"-89.999999999", "-89.999999999"},
                 {"90", "90"},
                 {"0.1", "0.1"},
                 {"33.333333333", "33.333333333"},
                 {"-0.000000001", "-0.000000001"},
                 {"007", "7"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[2000], expected[100];
        struct buf out;
        buf_init(&out, MIB);
        snprintf(text, sizeof text,
                 WITH_HEADER("<header type='INTREP'>" ORIGIN "<position lat='%s' lon='0'/></header>"),
                 cases[i].in);
        snprintf(expected, sizeof expected, "<position lat=\"%s\" lon=\"0\">", cases[i].out);
        assert_int_equal(try_finish(text, &out), ST_OK);
        assert_non_null(strstr(buf_cstr(&out), expected));
        buf_fini(&out);
    }
}

static void characters_are_judged(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool lines;
        enum text_verdict verdict;
        uint32_t c;
    } cases[] = {
        {"plain", false, TEXT_OK, 0},
        {"a\tb\n", true, TEXT_OK, 0},
        {"a\tb", false, TEXT_CONTROL, 9},
        {"\r", true, TEXT_CONTROL, 13},
        {"\xc3\xa9", false, TEXT_OK, 0},
        {"e\xcc\x81", false, TEXT_NOT_NFC, 0},
        {"x\xcc\x81", false, TEXT_OK, 0},         // no composed form exists
        {"\xe2\x84\xab", false, TEXT_NOT_NFC, 0}, // the Angstrom sign is A with ring
        {"a\xcc\x81\xcc\xa3", false, TEXT_NOT_NFC, 0},
        {"\xe2\x80\xab", false, TEXT_BIDI, 0x202b},
        {"\xe2\x81\xa9", false, TEXT_BIDI, 0x2069},
        {"\xe2\x80\x8f", false, TEXT_OK, 0}, // a plain right-to-left mark
        {"\xd9\x85\xd8\xb1\xd8\xad\xd8\xa8\xd8\xa7", false, TEXT_OK, 0},
        {"\xf0\x9f\x9a\xa2", false, TEXT_OK, 0},
        {"\xf4\x8f\xbf\xbd", false, TEXT_OK, 0}, // private use
        {"\xf4\x8f\xbf\xbf", false, TEXT_UNASSIGNED, 0x10ffff},
        {"\xcd\xb8", false, TEXT_UNASSIGNED, 0x378},
        {"\xea\xb0\x80", false, TEXT_OK, 0},
        {"\xe1\x84\x80\xe1\x85\xa1", false, TEXT_NOT_NFC, 0}, // Hangul in parts
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum text_verdict v;
        uint32_t c;
        assert_int_equal(text_rules_check(span_cstr(cases[i].text), cases[i].lines, &v, &c), ST_OK);
        if (v != cases[i].verdict || c != cases[i].c)
            fail_msg("case %zu: verdict %d, U+%04X", i, (int)v, c);
    }
}

static void others_words_are_made_plain(void **state)
{
    static const struct {
        const char *text, *plain;
    } cases[] = {
        {"", ""},
        {"caf\xc3\xa9 \xf0\x9f\x9a\xa2", "caf\xc3\xa9 \xf0\x9f\x9a\xa2"},
        {"a\r\n9  forged line", "a??9  forged line"},
        {"\033[2J\177", "?[2J?"},
        {"\302\233" "2J", "?2J"},   // the control sequence introducer of C1
        {"\342\200\256txt", "?txt"}, // right-to-left override
        {"\377\303", "??"},
        {"\355\240\200", "???"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[64];
        snprintf(text, sizeof text, "%s", cases[i].text);
        text_rules_plain(text);
        assert_string_equal(text, cases[i].plain);
    }
}

// ---- the schemas say the same

static void quiet(void *ctx, const char *fmt, ...)
{
    (void)ctx, (void)fmt;
}

static xmlDocPtr parse(const char *text)
{
    xmlDocPtr doc = xmlReadMemory(text, (int)strlen(text), "t.xml", NULL, XML_PARSE_NONET);
    assert_non_null(doc);
    return doc;
}

static bool xsd_accepts(xmlSchemaPtr schema, const char *text)
{
    xmlDocPtr doc = parse(text);
    xmlSchemaValidCtxtPtr v = xmlSchemaNewValidCtxt(schema);
    xmlSchemaSetValidErrors(v, quiet, quiet, NULL);
    int rc = xmlSchemaValidateDoc(v, doc);
    xmlSchemaFreeValidCtxt(v);
    xmlFreeDoc(doc);
    return rc == 0;
}

static bool rng_accepts(xmlRelaxNGPtr schema, const char *text)
{
    xmlDocPtr doc = parse(text);
    xmlRelaxNGValidCtxtPtr v = xmlRelaxNGNewValidCtxt(schema);
    xmlRelaxNGSetValidErrors(v, quiet, quiet, NULL);
    int rc = xmlRelaxNGValidateDoc(v, doc);
    xmlRelaxNGFreeValidCtxt(v);
    xmlFreeDoc(doc);
    return rc == 0;
}

// What a schema cannot say: characters, order of times, unique Ids by place.
static bool beyond_schema(const char *rule)
{
    return strcmp(rule, "characters") == 0 || strcmp(rule, "period-order") == 0 ||
           strcmp(rule, "id-double") == 0;
}

static void the_schemas_agree(void **state)
{
    (void)state;
    xmlSchemaParserCtxtPtr xp = xmlSchemaNewParserCtxt(SOURCE_DIR "/formats/schema/report.xsd");
    xmlSchemaPtr xsd = xmlSchemaParse(xp);
    xmlRelaxNGParserCtxtPtr rp = xmlRelaxNGNewParserCtxt(SOURCE_DIR "/formats/schema/report.rng");
    xmlRelaxNGPtr rng = xmlRelaxNGParse(rp);
    assert_non_null(xsd);
    assert_non_null(rng);
    struct buf out;
    buf_init(&out, MIB);
    sample_finish(sample_draft, signing, 10, 3, &out);
    const char *const good[] = {sample_draft, REPORT(LABEL HEADER PORTION), buf_cstr(&out)};
    for (size_t i = 0; i < 3; i++) {
        assert_true(xsd_accepts(xsd, good[i]));
        assert_true(rng_accepts(rng, good[i]));
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (beyond_schema(wrong[i].rule))
            continue;
        bool graded = !strstr(wrong[i].in, "<grading/>"); // XSD 1.0 has no choice of attributes
        if (graded && xsd_accepts(xsd, wrong[i].in))
            fail_msg("the XSD accepts case %zu: %s", i, wrong[i].in);
        if (rng_accepts(rng, wrong[i].in))
            fail_msg("the RELAX NG schema accepts case %zu: %s", i, wrong[i].in);
    }
    buf_fini(&out);
    xmlSchemaFree(xsd);
    xmlSchemaFreeParserCtxt(xp);
    xmlRelaxNGFree(rng);
    xmlRelaxNGFreeParserCtxt(rp);
    xmlSchemaCleanupTypes();
    xmlRelaxNGCleanupTypes();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_draft_is_enough),
        cmocka_unit_test(ids_and_layout_of_drafts_are_free),
        cmocka_unit_test(every_wrong_form_is_named),
        cmocka_unit_test(all_faults_come_at_once_with_their_places),
        cmocka_unit_test(messages_stay_whole_characters),
        cmocka_unit_test(the_number_of_children_is_limited),
        cmocka_unit_test(salts_withheld_parts_and_excess_are_not_finished),
        cmocka_unit_test(decimals_survive_finishing),
        cmocka_unit_test(characters_are_judged),
        cmocka_unit_test(others_words_are_made_plain),
        cmocka_unit_test(the_schemas_agree),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
