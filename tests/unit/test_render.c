// node/core/render: a report for people. The golden files are reviewed as diffs; RELTO_GOLDEN_WRITE=1 writes them anew.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "formats/xml.h"
#include "node/core/render.h"
#include "node/io/file.h"
#include "tests/support/demo_support.h"

#define GOLDEN SOURCE_DIR "/tests/golden/"
#define LABEL(cls, to)                                                                                                 \
    "<label><originatorConfidentialityLabel xmlns='urn:nato:stanag:4774:confidentialitymetadatalabel:1:0'>"             \
    "<ConfidentialityInformation><PolicyIdentifier URI='urn:oid:1.3.26.1.3.1'>NATO</PolicyIdentifier><Classification>" cls \
    "</Classification><Category Type='PERMISSIVE' TagName='Context'><GenericValue>NATO</GenericValue>"                  \
    "<GenericValue>Releasable</GenericValue></Category><Category Type='PERMISSIVE' TagName='Releasable To'>" to         \
    "</Category></ConfidentialityInformation><CreationDateTime>2026-11-22T00:00:00Z</CreationDateTime>"                 \
    "</originatorConfidentialityLabel></label>"
#define V(v) "<GenericValue>" v "</GenericValue>"
#define REPORT(label)                                                                                                  \
    "<report xmlns='urn:relto:report:1'>" label                                                                         \
    "<header report='urn:uuid:6f0c5e5e-0000-4000-8000-000000000001' version='2' issued='2026-11-22T13:34:00Z' type='INTREP'" \
    " separable='true' xml:lang='fr'>" LABEL("UNCLASSIFIED", V("FRA") V("GBR")) "<originator nation='GBR' cell='J2-NORTH'/>" \
    "<title>Un pétrolier &lt;MT &amp; Co&gt;</title><topic>piracy</topic><topic>maritime-security</topic><area>NGA</area>" \
    "<position lat='4.15' lon='3.20' radius-km='10'/>"                                                                  \
    "<period from='2026-11-20T00:00:00Z' to='2026-11-20T06:00:00Z'/><grading reliability='B' credibility='2'/>"          \
    "<exercise>STEADFAST-26</exercise></header>"                                                                        \
    "<reference Id='e1' rel='supersedes' ref='urn:uuid:6f0c5e5e-0000-4000-8000-000000000002'/>"                          \
    "<portion Id='e2'>" LABEL("UNCLASSIFIED", V("FRA") V("GBR"))                                                        \
    "<text>First line.\n======== NATO UNCLASSIFIED ========\n&lt;script&gt;alert(\"1\")&lt;/script&gt;</text></portion>" \
    "<withheld ref='e3'></withheld>"                                                                                    \
    "<portion Id='e4'><text>Under the overall label.</text></portion>"                                                  \
    "<attachment Id='e5' name='deck.jpg' media-type='image/jpeg' size='48211'"                                          \
    " sha256='e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'></attachment></report>"

static struct demo demo;
static struct diag diag;

static int load(void **state)
{
    (void)state;
    demo_load(&demo, SOURCE_DIR);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    demo_free(&demo);
    return 0;
}

typedef void render_fn(const struct rendering *x, struct buf *out);

static const char *rendered(const char *xml, render_fn *fn, const char *source)
{
    struct rendering x = {.rules = demo.nodes[0].rules, .source = source, .not_understood = *source != 0};
    struct buf out;
    diag_init(&diag, "test");
    if (report_read(span_cstr(xml), "test", demo.a, &diag, &x.report) != ST_OK)
        fail_msg("%s", diag.faults[0].message);
    buf_init(&out, MIB);
    fn(&x, &out);
    assert_int_equal(buf_status(&out), ST_OK);
    const char *ret = arena_str(demo.a, buf_bytes(&out));
    buf_fini(&out);
    return ret;
}

static void is_golden(const char *name, const char *text)
{
    const char *path = arena_printf(demo.a, GOLDEN "%s", name);
    if (getenv("RELTO_GOLDEN_WRITE"))
        assert_int_equal(file_write(path, span_cstr(text), 0644, NULL), ST_OK);
    assert_string_equal(text, (const char *)import_test_file(demo.a, path).ptr);
}

static const char whole[] = REPORT(LABEL("SECRET", V("FRA") V("GBR")));
static const char headless[] = REPORT("<withheld ref='label'></withheld>");

static void text_is_as_reviewed(void **state)
{
    (void)state;
    is_golden("show.txt", rendered(whole, render_text, ""));
}

static void html_is_as_reviewed(void **state)
{
    (void)state;
    is_golden("show.html", rendered(whole, render_html, ""));
}

// The page is well-formed XML, so nothing in a report can open or close an element of it.
static void html_is_strict(void **state)
{
    (void)state;
    const char *page = rendered(headless, render_html, "FRA");
    const struct { const char *words; bool there; } cases[] = {
        {"&lt;script&gt;", true}, {"<script", false}, {"OVERALL MARKING WITHHELD", true}, {"href", false}, {"src=", false},
        {"<dt>Received from</dt><dd>FRA</dd>", true}, {"security policy that this node does not have", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (!!strstr(page, cases[i].words) != cases[i].there)
            fail_msg("%s %s", cases[i].words, cases[i].there ? "is missing" : "is there");
    struct xml_node *root;
    const char *body = strstr(page, "<html"); // the reader takes no document type declaration
    diag_init(&diag, "page");
    if (xml_read(span_cstr(body), XML_UNTRUSTED, demo.a, &diag, &root) != ST_OK)
        fail_msg("line %u: %s", diag.faults[0].line, diag.faults[0].message);
}

// What an author writes cannot look like a marking of ours.
static void text_cannot_forge_a_banner(void **state)
{
    (void)state;
    const char *text = rendered(whole, render_text, "");
    size_t banners = 0;
    for (const char *at = text; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
        banners += strncmp(at, "========", 8) == 0;
    assert_int_equal(banners, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(text_is_as_reviewed), cmocka_unit_test(html_is_as_reviewed),
                                       cmocka_unit_test(html_is_strict), cmocka_unit_test(text_cannot_forge_a_banner)};
    return cmocka_run_group_tests(tests, load, unload);
}
