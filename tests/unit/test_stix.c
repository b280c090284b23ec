// formats/stix, formats/import_stix: reports to a STIX bundle and back; bundles of others. The golden bundle is reviewed as a diff;
// RELTO_GOLDEN_WRITE=1 writes it anew.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "formats/stix.h"
#include "node/io/file.h"
#include "policy/label_rules.h"
#include "tests/support/demo_support.h"

#define GOLDEN SOURCE_DIR "/tests/golden/export-stix.json"
static struct demo demo;
static struct diag diag;
static struct kept_drafts kept;
static struct import_counts counts;

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

static void mark(void *ctx, const struct label *label, struct buf *out)
{
    (void)ctx;
    if (label)
        label_mark(demo.nodes[0].rules, label->originator, MARKING_PAGE_TOP, NULL, out);
    else
        buf_puts(out, "WITHHELD");
}

static const char *exported(const char *const *reports, size_t count)
{
    const struct stix_options o = {mark, NULL};
    struct stix_writer *w;
    struct buf out;
    buf_init(&out, 16 * MIB);
    assert_int_equal(stix_writer_new(&o, &out, &w), ST_OK);
    for (size_t i = 0; i < count; i++) {
        struct stix_item item = {.bytes = span_cstr(reports[i])};
        diag_init(&diag, NULL);
        if (report_read(item.bytes, NULL, demo.a, &diag, &item.report) != ST_OK)
            fail_msg("%s", diag.faults[0].message);
        item.created = item.report->issued;
        assert_int_equal(stix_add(w, &item), ST_OK);
    }
    assert_int_equal(stix_end(w), ST_OK);
    stix_writer_free(&w);
    const char *ret = arena_str(demo.a, buf_bytes(&out));
    buf_fini(&out);
    return ret;
}

static enum status import_as(const char *nation, const char *json, const uint8_t *secret)
{
    const struct import_options o = {.nation = nation, .cell = "FUSION", .id_secret = secret};
    kept = (struct kept_drafts){.a = demo.a};
    diag_init(&diag, "b.json");
    return import_stix(span_cstr(json), &o, import_keep, &kept, &diag, &counts);
}

static enum status import_text(const char *json, const uint8_t *secret)
{
    return import_as("GBR", json, secret);
}

#define LABEL(cls, to)                                                                                                 \
    "<label><originatorConfidentialityLabel xmlns='urn:nato:stanag:4774:confidentialitymetadatalabel:1:0' ReviewDateTime='2026-11-22T00:00:00Z'>" \
    "<ConfidentialityInformation><PolicyIdentifier URI='urn:oid:1.3.26.1.3.1'>NATO</PolicyIdentifier><Classification>" cls \
    "</Classification><Category Type='PERMISSIVE' TagName='Context'><GenericValue>NATO</GenericValue>"                  \
    "<GenericValue>Releasable</GenericValue></Category><Category Type='PERMISSIVE' TagName='Releasable To'>"            \
    "<GenericValue>" to "</GenericValue></Category></ConfidentialityInformation>"                                       \
    "<CreationDateTime>2026-11-22T00:00:00Z</CreationDateTime></originatorConfidentialityLabel></label>"
#define REPORT(overall)                                                                                                \
    "<report xmlns='urn:relto:report:1'>" overall                                                                       \
    "<header Id='header' salt='AAAAAAAAAAAAAAAAAAAAAA==' report='urn:uuid:6f0c5e5e-0000-4000-8000-000000000001' version='1'" \
    " issued='2026-11-22T13:34:00Z' type='MARINTREP' separable='true' xml:lang='en'>" LABEL("UNCLASSIFIED", "FRA")      \
    "<originator nation='FRA' cell='CECMED'></originator><title>Two &lt;skiffs&gt; \"seen\"</title><topic>piracy</topic>" \
    "<area>SOM</area><position lat='10.45' lon='45.02' radius-km='5'></position>"                                       \
    "<grading reliability='B' credibility='2'></grading><exercise>STEADFAST-26</exercise></header>"                     \
    "<reference Id='e1' rel='related' ref='urn:uuid:6f0c5e5e-0000-4000-8000-000000000002'></reference>"                 \
    "<portion Id='e2'>" LABEL("UNCLASSIFIED", "FRA") "<text>Line one.\nLine two &amp; \\ \"q\".</text></portion>"        \
    "<portion Id='e3'><text>Under the whole.</text></portion><withheld ref='e4'></withheld></report>"

static const char whole[] = REPORT(LABEL("SECRET", "FRA"));

static void a_bundle_is_as_reviewed(void **state)
{
    (void)state;
    const char *const reports[] = {whole};
    const char *json = exported(reports, 1);
    if (getenv("RELTO_GOLDEN_WRITE"))
        assert_int_equal(file_write(GOLDEN, span_cstr(json), 0644, NULL), ST_OK);
    assert_string_equal(json, (const char *)import_test_file(demo.a, GOLDEN).ptr);
}

static const char *label_text(const struct label *label)
{
    struct buf out;
    buf_init(&out, MIB);
    if (label)
        label_write(label, &out);
    const char *ret = arena_str(demo.a, buf_bytes(&out));
    buf_fini(&out);
    return ret;
}

static const struct report *draft(size_t i)
{
    const struct report *r;
    diag_init(&diag, NULL);
    assert_true(i < kept.count);
    if (report_read(span_of(kept.drafts[i].xml, kept.drafts[i].len), NULL, demo.a, &diag, &r) != ST_OK)
        fail_msg("%s", diag.faults[0].message);
    return r;
}

// Every demo report comes back as it went, but for originator, references, attachments and withheld parts.
static void what_was_exported_comes_back(void **state)
{
    (void)state;
    const struct report *before, *after;
    const char *const reports[] = {whole};
    assert_int_equal(import_as("FRA", exported(reports, 1), NULL), ST_OK);
    assert_int_equal(counts.drafts, 1);
    after = draft(0);
    assert_int_equal(report_read(span_cstr(whole), NULL, demo.a, NULL, &before), ST_OK);
    assert_string_equal(kept.drafts[0].name, "stix-6f0c5e5e-0000-4000-8000-000000000001");
    assert_string_equal(after->nation, "FRA");
    assert_string_equal(after->cell, "FUSION");
    assert_false(after->has_id);
    assert_string_equal(after->type, before->type);
    assert_string_equal(after->title, before->title);
    assert_string_equal(after->topics[0], before->topics[0]);
    assert_string_equal(after->areas[0], before->areas[0]);
    assert_string_equal(after->exercises[0], before->exercises[0]);
    assert_true(after->lat == before->lat && after->lon == before->lon && after->radius_km == before->radius_km);
    assert_int_equal(after->reliability, before->reliability);
    assert_true(after->separable);
    assert_string_equal(label_text(after->label), label_text(before->label));
    assert_string_equal(label_text(after->header_label), label_text(before->header_label));
    assert_int_equal(after->child_count, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct label *was = before->children[i + 1].label;
        assert_string_equal(after->children[i].text, before->children[i + 1].text);
        assert_string_equal(label_text(after->children[i].label), label_text(was ? was : before->label));
    }
}

// The way of a partner's report to others is the node's, by policy and the terms that it came with.
static void a_report_of_another_nation_is_left_out(void **state)
{
    (void)state;
    const char *const reports[] = {whole};
    assert_int_equal(import_as("GBR", exported(reports, 1), NULL), ST_OK);
    assert_int_equal(counts.drafts, 0);
    assert_int_equal(counts.skipped, 1);
    assert_non_null(strstr(diag.faults[0].message, "a report of another nation cannot become one of ours"));
}

static void with_ids_a_report_is_ours(void **state)
{
    (void)state;
    static const uint8_t secret[32] = {7};
    const char *const reports[] = {whole};
    assert_int_equal(import_as("FRA", exported(reports, 1), secret), ST_OK);
    const struct report *r = draft(0);
    assert_true(r->has_id && uuid_eq(r->id, kept.drafts[0].id));
    assert_int_equal(r->version, 1);
    assert_int_not_equal(r->id.b[0], 0x6f);
}

// An overall label that was withheld from us says nothing: what is made of it is for us alone.
static void a_withheld_label_widens_nothing(void **state)
{
    (void)state;
    const char *const reports[] = {REPORT("<withheld ref='label'></withheld>")};
    const char *json = exported(reports, 1);
    assert_non_null(strstr(json, "\"statement\": \"WITHHELD\""));
    assert_int_equal(import_as("FRA", json, NULL), ST_OK);
    assert_int_equal(counts.drafts, 1);
    assert_non_null(strstr(kept.drafts[0].xml, "TagName=\"Diffusion\"><slab:GenericValue>FRA</slab:GenericValue></slab:Category>"));
}

// ---- bundles of others

#define OBJECTS(more) "{\"type\": \"bundle\", \"id\": \"bundle--1\", \"objects\": [\n" more "\n]}"
#define REPORT_OBJECT(id, marking, more)                                                                               \
    "{\"type\": \"report\", \"id\": \"report--6f0c5e5e-0000-4000-8000-00000000000" id "\", \"name\": \"Campaign\", "     \
    "\"published\": \"2026-01-02T00:00:00.000Z\", \"modified\": \"2026-01-03T00:00:00.000Z\", \"description\": \"Text\", " \
    "\"object_marking_refs\": [" marking "], " more "}"
#define REFS(ids) "\"object_refs\": [" ids "]"
#define CLEAR "\"marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487\""
#define GREEN "\"marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da\""
#define RED "\"marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1\""

static void tlp_is_never_widened(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        bool others; // may go to others than the originator
        const char *level;
    } cases[] = {
        {OBJECTS(REPORT_OBJECT("1", CLEAR, REFS(""))), true, "UNCLASSIFIED"},
        {OBJECTS(REPORT_OBJECT("1", GREEN, REFS(""))), true, "RESTRICTED"},
        {OBJECTS(REPORT_OBJECT("1", RED, REFS(""))), false, "RESTRICTED"},
        {OBJECTS(REPORT_OBJECT("1", "", REFS(""))), false, "RESTRICTED"},
        {OBJECTS(REPORT_OBJECT("1", CLEAR ", " RED, REFS(""))), false, "RESTRICTED"},
        {OBJECTS(REPORT_OBJECT("1", "\"marking-definition--00000000-0000-4000-8000-000000000000\"", REFS(""))), false, "RESTRICTED"},
        {OBJECTS(REPORT_OBJECT("1", CLEAR, REFS("") ", \"granular_markings\": []")), false, "RESTRICTED"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(import_text(cases[i].json, NULL), ST_OK);
        assert_int_equal(counts.drafts, 1);
        const struct report *r = draft(0);
        if (report_validate(demo.nodes[0].rules, r, &diag) != ST_OK)
            fail_msg("%zu: %s", i, diag.faults[0].message);
        assert_string_equal(r->label->originator->classification, cases[i].level);
        if (!!strstr(kept.drafts[0].xml, ">FRA<") != cases[i].others)
            fail_msg("case %zu is %s", i, cases[i].others ? "narrower" : "wider");
    }
}

static void what_it_refers_to_becomes_portions(void **state)
{
    (void)state;
    static const char json[] = OBJECTS(
        "{\"type\": \"malware\", \"id\": \"malware--1\", \"name\": \"Worm\", \"description\": \"Eats\\u200b disks\", \"object_marking_refs\": [" RED "]},\n"
        "{\"type\": \"indicator\", \"id\": \"indicator--1\", \"pattern\": \"[a = 'b']\", \"object_marking_refs\": [" CLEAR "]},\n"
        REPORT_OBJECT("1", CLEAR, REFS("\"malware--1\", \"indicator--1\", \"tool--9\"")) ",\n"
        REPORT_OBJECT("2", CLEAR, REFS("") ", \"revoked\": true"));
    assert_int_equal(import_text(json, NULL), ST_OK);
    assert_int_equal(counts.drafts, 2);
    const struct report *r = draft(0);
    assert_int_equal(kept.drafts[0].line, 4);
    assert_int_equal(r->child_count, 3);
    assert_string_equal(r->children[0].text, "Text");
    assert_string_equal(r->children[1].text, "malware\nname: Worm\ndescription: Eats disks");
    assert_string_equal(r->children[2].text, "indicator\npattern: [a = 'b']");
    assert_non_null(strstr(diag.faults[0].message, "1 objects that it refers to are not in the bundle"));
    assert_true(kept.drafts[0].until == UTC_MAX);
    assert_int_equal(kept.drafts[1].until, 1767398400000); // revoked: over since it was modified
}

static void bad_objects_are_named_and_left_out(void **state)
{
    (void)state;
    static const char json[] = OBJECTS(
        "{\"type\": \"report\", \"id\": \"rapport--1\"},\n"
        "{\"type\": \"report\", \"id\": \"report--6f0c5e5e-0000-4000-8000-000000000001\"},\n"
        "{\"type\": \"report\", \"id\": \"report--6f0c5e5e-0000-4000-8000-000000000001\", \"name\": \"N\", \"published\": \"today\"},\n"
        "7,\n"
        "{\"type\": \"report\", \"id\": \"report--6f0c5e5e-0000-4000-8000-000000000001\", \"name\": \"N\", "
        "\"published\": \"2026-01-02T00:00:00Z\", \"modified\": \"2026-01-02T00:00:00Z\", \"extensions\": {\"" STIX_EXTENSION
        "\": {\"header\": \"<header/><portion/>\"}}},\n"
        REPORT_OBJECT("1", CLEAR, REFS("")));
    static const struct {
        uint32_t line;
        const char *words;
    } faults[] = {{2, "report-- and a UUID"}, {3, "the name of the report"}, {4, "expected two times"}, {0, "with a type"}, {6, "the header of the report format"}};
    assert_int_equal(import_text(json, NULL), ST_OK);
    assert_int_equal(counts.drafts, 1);
    assert_int_equal(counts.skipped, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(diag.faults[i].line, faults[i].line);
        assert_non_null(strstr(diag.faults[i].message, faults[i].words));
    }
    assert_int_equal(import_text("{\"objects\": []}", NULL), ST_INVALID);
    assert_int_equal(import_text("[", NULL), ST_MALFORMED);
}

// A label in a bundle is an element and nothing more.
static void a_label_cannot_bring_other_elements(void **state)
{
    (void)state;
    const char *const reports[] = {whole};
    const char *json = exported(reports, 1), *at = strstr(json, "</label>\"");
    assert_non_null(at);
    const char *forged = arena_printf(demo.a, "%.*s<portion/>%s", (int)(at - json) + 8, json, at + 8);
    assert_int_equal(import_as("FRA", forged, NULL), ST_OK);
    assert_int_equal(counts.drafts, 1);
    draft(0);
    assert_null(strstr(kept.drafts[0].xml, "<portion/>"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bundle_is_as_reviewed),          cmocka_unit_test(what_was_exported_comes_back),
        cmocka_unit_test(with_ids_a_report_is_ours), cmocka_unit_test(a_report_of_another_nation_is_left_out),
              cmocka_unit_test(a_withheld_label_widens_nothing),
        cmocka_unit_test(tlp_is_never_widened),             cmocka_unit_test(what_it_refers_to_becomes_portions),
        cmocka_unit_test(bad_objects_are_named_and_left_out), cmocka_unit_test(a_label_cannot_bring_other_elements),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
