// formats/draft_template, formats/draft_comments: what `relto new` writes is refused as it is, for what is left empty and
// nothing else, and accepted once that is filled in.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "formats/draft_comments.h"
#include "formats/draft_template.h"
#include "node/io/file.h"
#include "policy/label_rules.h"
#include "tests/support/demo_support.h"

static struct demo demo;
static struct diag diag;
static const struct spif *nato;
static const struct vocabulary *words;

static int load(void **state)
{
    (void)state;
    demo_load(&demo, SOURCE_DIR);
    struct span spif = import_test_file(demo.a, SOURCE_DIR "/conf/spif/nato.xml");
    struct span vocabulary = import_test_file(demo.a, SOURCE_DIR "/conf/vocabulary.xml");
    diag_init(&diag, NULL);
    assert_int_equal(spif_read(spif, "nato.xml", demo.a, &diag, &nato), ST_OK);
    assert_int_equal(vocabulary_read(vocabulary, "vocabulary.xml", demo.a, &diag, &words), ST_OK);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    demo_free(&demo);
    return 0;
}

static const char *kept(struct buf *b)
{
    assert_int_equal(buf_status(b), ST_OK);
    const char *ret = arena_str(demo.a, buf_bytes(b));
    buf_fini(b);
    return ret;
}

static const char *template_of(const struct vocabulary_term *type, const struct spif *spif)
{
    struct draft_template t = {.vocabulary = words, .type = type, .spif = spif, .nation = "GBR", .cell = "J2",
                               .lang = "en", .now = 1795348800000};
    struct buf out;
    buf_init(&out, MIB);
    draft_template_write(&t, &out);
    return kept(&out);
}

static const char *blanked(const char *text)
{
    struct buf out;
    buf_init(&out, MIB);
    draft_blank_comments(span_cstr(text), &out);
    return kept(&out);
}

// As an author would: each empty place gets a value.
static const char *filled(const char *text)
{
    static const char *const pairs[][2] = {
        {"separable=\"\"", "separable=\"true\""}, {"<slab:Classification></", "<slab:Classification>RESTRICTED</"},
        {"TagName=\"Context\"><slab:GenericValue></", "TagName=\"Context\"><slab:GenericValue>NATO</"},
        {"<title></title>", "<title>T</title>"}, {"<topic></topic>", "<topic>piracy</topic>"}, {"<area></area>", "<area>NGA</area>"},
        {"lat=\"\" lon=\"\" radius-km=\"\"", "lat=\"4\" lon=\"3\" radius-km=\"2\""},
        {"from=\"\" to=\"\"", "from=\"2026-11-20T00:00:00Z\" to=\"2026-11-21T00:00:00Z\""},
        {"reliability=\"\" credibility=\"\"", "reliability=\"B\" credibility=\"2\""},
        {"ref=\"urn:uuid:\"", "ref=\"urn:uuid:6f0c5e5e-0000-4000-8000-000000000002\""}, {"<text></text>", "<text>x</text>"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct buf out;
        buf_init(&out, MIB);
        for (const char *at; (at = strstr(text, pairs[i][0])); text = at + strlen(pairs[i][0])) {
            buf_put(&out, text, (size_t)(at - text));
            buf_puts(&out, pairs[i][1]);
        }
        buf_puts(&out, text);
        text = kept(&out);
    }
    return text;
}

static bool has_rule(const char *rule)
{
    for (size_t i = 0; i < diag.count; i++)
        if (strcmp(diag.faults[i].rule, rule) == 0)
            return true;
    return false;
}

static void every_type_is_accepted_once_filled_in(void **state)
{
    (void)state;
    assert_true(words->type_count >= 17);
    for (size_t i = 0; i < words->type_count; i++) {
        const char *text = template_of(&words->types[i], nato);
        const struct report *r;
        diag_init(&diag, words->types[i].id);
        assert_int_equal(report_read(span_cstr(blanked(text)), NULL, demo.a, &diag, &r), ST_INVALID);
        assert_true(has_rule("boolean-form") && has_rule("title-form"));
        diag_init(&diag, words->types[i].id);
        enum status st = report_read(span_cstr(blanked(filled(text))), NULL, demo.a, &diag, &r);
        if (st == ST_OK)
            st = report_validate(demo.nodes[0].rules, r, &diag);
        if (st != ST_OK)
            fail_msg("%s line %u: %s", words->types[i].id, diag.faults[0].line, diag.faults[0].message);
        assert_string_equal(r->type, words->types[i].id);
    }
}

static void a_type_without_a_form_gets_the_general_one(void **state)
{
    (void)state;
    const struct vocabulary_term own = {.id = "OWNREP", .title = "Own -- report"};
    const char *text = template_of(&own, nato);
    assert_non_null(strstr(text, "<!-- OWNREP: Own - - report. Fill in"));
    const struct report *r;
    diag_init(&diag, NULL);
    assert_int_equal(report_read(span_cstr(blanked(filled(text))), NULL, demo.a, &diag, &r), ST_OK);
}

static void a_draft_is_as_reviewed(void **state)
{
    (void)state;
    static const char path[] = SOURCE_DIR "/tests/golden/new-humintrep.xml";
    const struct vocabulary_term *type = words->types;
    while (strcmp(type->id, "HUMINTREP") != 0)
        type++;
    const char *text = template_of(type, nato);
    if (getenv("RELTO_GOLDEN_WRITE"))
        assert_int_equal(file_write(path, span_cstr(text), 0644, NULL), ST_OK);
    assert_string_equal(text, (const char *)import_test_file(demo.a, path).ptr);
}

static void only_comments_between_elements_are_blanked(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"<!-- a -->\n<a/>", "          \n<a/>"},
        {"<a> <!-- x\ny --> <b/></a>", "<a>       \n      <b/></a>"},
        {"<a>SEC<!-- x -->RET</a>", "<a>SEC<!-- x -->RET</a>"}, // a word split by it
        {"<a>SECRET<!-- x --></a>", "<a>SECRET<!-- x --></a>"},
        {"<a><!-- x -->SECRET</a>", "<a><!-- x -->SECRET</a>"},
        {"<a><!-- x --><!-- y --></a>", "<a>                    </a>"},
        {"<a><![CDATA[><!-- x --><]]></a>", "<a><![CDATA[><!-- x --><]]></a>"},
        {"<a><!-- x ", "<a><!-- x "}, // never closed
        {"<a><!---->b", "<a><!---->b"},
        {"<a/><!-- end -->", "<a/><!-- end -->"}, // refused behind the root as before
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(blanked(cases[i].in), cases[i].out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_accepted_once_filled_in), cmocka_unit_test(a_type_without_a_form_gets_the_general_one),
        cmocka_unit_test(a_draft_is_as_reviewed), cmocka_unit_test(only_comments_between_elements_are_blanked)};
    return cmocka_run_group_tests(tests, load, unload);
}
