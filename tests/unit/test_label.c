// formats/label: what is read, the strict form that is written, and what is refused.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "formats/label.h"
#include "tests/support/labels_input.h"

#define SLAB "xmlns:slab='" NS_SLAB "'"
#define INFORMATION                                                                                          \
    "<slab:ConfidentialityInformation><slab:PolicyIdentifier>NATO</slab:PolicyIdentifier>"                   \
    "<slab:Classification>SECRET</slab:Classification></slab:ConfidentialityInformation>"
#define LABEL(inside) "<label><slab:originatorConfidentialityLabel " SLAB ">" inside "</slab:originatorConfidentialityLabel></label>"

static const char full[] =
    "<label xmlns='urn:relto:report:1'>\n"
    "  <originatorConfidentialityLabel xmlns='" NS_SLAB "' Id='x' ReviewDateTime='2030-01-01T00:00:00'>\n"
    "    <ConfidentialityInformation>\n"
    "      <PolicyIdentifier URL='urn:oid:1.3.26.1.3.1'> NATO\n </PolicyIdentifier>\n"
    "      <Classification>TOP\n   SECRET</Classification>\n"
    "      <PrivacyMark>a &lt; b</PrivacyMark>\n"
    "      <Category Type='Permissive' TagName='Releasable  To' URI='urn:oid:1.3.26.1.4.2'>\n"
    "        <GenericValue>FRA</GenericValue><GenericValue> The  Public </GenericValue>\n"
    "      </Category>\n"
    "      <Category Type='INFORMATIVE' TagName='Administrative'/>\n"
    "    </ConfidentialityInformation>\n"
    "    <OriginatorID IDType='rfc822Name'>a@example.org</OriginatorID>\n"
    "    <CreationDateTime>2026-11-22T13:34:00+01:00</CreationDateTime>\n"
    "  </originatorConfidentialityLabel>\n"
    "  <n:alternativeConfidentialityLabel xmlns:n='" NS_SLAB "'>\n"
    "    <n:ConfidentialityInformation><n:PolicyIdentifier>GBR</n:PolicyIdentifier>"
    "<n:Classification>OFFICIAL</n:Classification></n:ConfidentialityInformation>\n"
    "  </n:alternativeConfidentialityLabel>\n"
    "</label>";

static const struct label *read_label(struct labels_input *in, const char *text)
{
    const struct label *label = NULL;
    enum status st = label_read(labels_input_xml(in, text), in->a, in->d, &label);
    if (st != ST_OK)
        labels_input_show(in);
    assert_int_equal(st, ST_OK);
    return label;
}

static void variants_are_read(void **state)
{
    (void)state;
    struct labels_input in = labels_input_new(NULL);
    const struct label *l = read_label(&in, full);
    const struct label_doc *o = l->originator;
    assert_string_equal(o->policy, "NATO");
    assert_string_equal(o->policy_uri, "urn:oid:1.3.26.1.3.1");
    assert_string_equal(o->classification, "TOP SECRET");
    assert_string_equal(o->privacy_mark, "a < b");
    assert_int_equal(o->category_count, 2);
    assert_int_equal(o->categories[0].type, CATEGORY_PERMISSIVE);
    assert_string_equal(o->categories[0].tag_set, "Releasable To");
    assert_string_equal(o->categories[0].uri, "urn:oid:1.3.26.1.4.2");
    assert_int_equal(o->categories[0].value_count, 2);
    assert_string_equal(o->categories[0].values[1], "The Public");
    assert_int_equal(o->categories[0].line, 9);
    assert_int_equal(o->categories[1].type, CATEGORY_INFORMATIVE);
    assert_int_equal(o->categories[1].value_count, 0);
    assert_string_equal(o->originator_id, "a@example.org");
    assert_string_equal(o->originator_id_type, "rfc822Name");
    char text[UTC_TEXT_MAX];
    assert_string_equal(utc_format_s(o->created, text), "2026-11-22T12:34:00Z");
    assert_string_equal(utc_format_s(o->review, text), "2030-01-01T00:00:00Z");
    assert_int_equal(l->alternative_count, 1);
    assert_string_equal(l->alternatives[0]->policy, "GBR");
    assert_null(l->alternatives[0]->policy_uri);
    assert_false(l->alternatives[0]->has_created);
    labels_input_free(&in);
}

static void the_strict_form_is_written(void **state)
{
    (void)state;
    struct labels_input in = labels_input_new(NULL);
    struct buf b;
    buf_init(&b, MIB);
    label_write(read_label(&in, full), &b);
    assert_string_equal(
        buf_cstr(&b),
        "<slab:originatorConfidentialityLabel xmlns:slab=\"" NS_SLAB "\" ReviewDateTime=\"2030-01-01T00:00:00Z\">"
        "<slab:ConfidentialityInformation>"
        "<slab:PolicyIdentifier URI=\"urn:oid:1.3.26.1.3.1\">NATO</slab:PolicyIdentifier>"
        "<slab:Classification>TOP SECRET</slab:Classification><slab:PrivacyMark>a &lt; b</slab:PrivacyMark>"
        "<slab:Category TagName=\"Releasable To\" Type=\"PERMISSIVE\" URI=\"urn:oid:1.3.26.1.4.2\">"
        "<slab:GenericValue>FRA</slab:GenericValue><slab:GenericValue>The Public</slab:GenericValue></slab:Category>"
        "<slab:Category TagName=\"Administrative\" Type=\"INFORMATIVE\"></slab:Category>"
        "</slab:ConfidentialityInformation>"
        "<slab:OriginatorID IDType=\"rfc822Name\">a@example.org</slab:OriginatorID>"
        "<slab:CreationDateTime>2026-11-22T12:34:00Z</slab:CreationDateTime>"
        "</slab:originatorConfidentialityLabel>"
        "<slab:alternativeConfidentialityLabel xmlns:slab=\"" NS_SLAB "\"><slab:ConfidentialityInformation>"
        "<slab:PolicyIdentifier>GBR</slab:PolicyIdentifier><slab:Classification>OFFICIAL</slab:Classification>"
        "</slab:ConfidentialityInformation></slab:alternativeConfidentialityLabel>");
    buf_fini(&b);
    labels_input_free(&in);
}

#define SUCCESSOR                                                                                            \
    "<slab:SuccessorConfidentialityLabel>" INFORMATION                                                       \
    "<slab:CreationDateTime>2026-01-01T00:00:00.5Z</slab:CreationDateTime></slab:SuccessorConfidentialityLabel>"
#define SUCCESSION_DATE "<slab:SuccessionDateTime>2027-01-01T00:00:00Z</slab:SuccessionDateTime>"

static void succession_is_kept(void **state)
{
    (void)state;
    struct labels_input in = labels_input_new(NULL);
    const char *text = LABEL(INFORMATION "<slab:SuccessionHandling>" SUCCESSION_DATE SUCCESSOR "</slab:SuccessionHandling>");
    const struct label *l = read_label(&in, text);
    assert_false(l->originator->succession_broken);
    assert_non_null(l->originator->successor);
    assert_string_equal(l->originator->successor->classification, "SECRET");
    char time[UTC_TEXT_MAX];
    assert_string_equal(utc_format_s(l->originator->succeeded_at, time), "2027-01-01T00:00:00Z");

    // Written and read again, it writes the same bytes: parse and write are inverse on the strict form.
    struct buf first, again;
    buf_init(&first, MIB);
    buf_init(&again, MIB);
    buf_puts(&first, "<label>");
    label_write(l, &first);
    buf_puts(&first, "</label>");
    assert_non_null(strstr(buf_cstr(&first), "<slab:CreationDateTime>2026-01-01T00:00:00.500Z<"));
    buf_puts(&again, "<label>");
    label_write(read_label(&in, buf_cstr(&first)), &again);
    buf_puts(&again, "</label>");
    assert_string_equal(buf_cstr(&again), buf_cstr(&first));
    buf_fini(&first);
    buf_fini(&again);
    labels_input_free(&in);
}

static void broken_succession_is_marked(void **state)
{
    (void)state;
    static const char *const texts[] = {
        LABEL(INFORMATION "<slab:SuccessionHandling/>"),
        LABEL(INFORMATION "<slab:SuccessionHandling>" SUCCESSION_DATE "</slab:SuccessionHandling>"),
        LABEL(INFORMATION "<slab:SuccessionHandling>" SUCCESSOR "</slab:SuccessionHandling>"),
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct labels_input in = labels_input_new(NULL);
        const struct label *l = read_label(&in, texts[i]);
        assert_true(l->originator->succession_broken);
        assert_true((l->originator->successor != NULL) == (i == 2));
        // Writing never mends it.
        struct buf b;
        buf_init(&b, MIB);
        label_write(l, &b);
        assert_non_null(strstr(buf_cstr(&b), "<slab:SuccessionHandling>"));
        assert_null(strstr(buf_cstr(&b), "<slab:SuccessionDateTime>"));
        buf_fini(&b);
        labels_input_free(&in);
    }
    struct labels_input in = labels_input_new(NULL);
    assert_true(read_label(&in, texts[2])->originator->succeeded_at == UTC_MAX);
    labels_input_free(&in);
}

static void faults_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *rule, *words;
    } cases[] = {
        {"<label/>", "label-missing", "originatorConfidentialityLabel"},
        {"<label>SECRET" INFORMATION "</label>", NULL, NULL},
        {LABEL(""), "missing-element", "ConfidentialityInformation"},
        {LABEL("<slab:ConfidentialityInformation/>"), "missing-element", "PolicyIdentifier"},
        {LABEL("<slab:ConfidentialityInformation/>"), "missing-element", "Classification"},
        {LABEL("<slab:ConfidentialityInformation><slab:PolicyIdentifier> </slab:PolicyIdentifier>"
               "<slab:Classification>S</slab:Classification></slab:ConfidentialityInformation>"),
         "empty-element", "PolicyIdentifier"},
        {LABEL("<slab:ConfidentialityInformation><slab:PolicyIdentifier URI='a' URL='b'>X</slab:PolicyIdentifier>"
               "<slab:Classification URI='c'>S</slab:Classification></slab:ConfidentialityInformation>"),
         "label-uri", "differ"},
        {LABEL("<slab:ConfidentialityInformation><slab:PolicyIdentifier>X</slab:PolicyIdentifier>"
               "<slab:Classification URI='c'>S</slab:Classification></slab:ConfidentialityInformation>"),
         "unknown-attribute", "URI"},
        {LABEL(INFORMATION INFORMATION), "repeated-element", "ConfidentialityInformation"},
        {LABEL(INFORMATION "<slab:CreationDateTime>yesterday</slab:CreationDateTime>"), "bad-time", "yesterday"},
        {LABEL(INFORMATION "<slab:OriginatorID>me</slab:OriginatorID>"), "missing-attribute", "IDType"},
        {LABEL(INFORMATION "<slab:OriginatorID IDType='nick'>me</slab:OriginatorID>"), "label-id-type", "nick"},
        {LABEL(INFORMATION "<slab:CreationDataTime/>"), "unknown-element", "CreationDateTime"},
        {LABEL(INFORMATION "<x xmlns='urn:other'/>"), "unknown-element", "another namespace"},
        {"<label xmlns:slab='" NS_SLAB "'><slab:alternativeConfidentialityLabel/></label>", "label-missing", "first"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct labels_input in = labels_input_new(NULL);
        const char *prefixed = strstr(cases[i].text, "xmlns:slab") ? cases[i].text : "<label/>";
        const struct label *label = NULL;
        assert_int_equal(label_read(labels_input_xml(&in, prefixed), in.a, in.d, &label), ST_INVALID);
        assert_null(label);
        if (cases[i].rule && !labels_input_has(&in, cases[i].rule, cases[i].words)) {
            labels_input_show(&in);
            fail_msg("case %zu: no fault %s about %s", i, cases[i].rule, cases[i].words);
        }
        labels_input_free(&in);
    }
}

static void categories_are_checked(void **state)
{
    (void)state;
    static const char text[] =
        LABEL("<slab:ConfidentialityInformation><slab:PolicyIdentifier>NATO</slab:PolicyIdentifier>"
              "<slab:Classification>SECRET</slab:Classification>"
              "<slab:Category Type='SECRET' TagName='A'/><slab:Category TagName='B'/><slab:Category Type='PERMISSIVE'/>"
              "<slab:Category Type='PERMISSIVE' TagName='C'><slab:IntegerValue>1</slab:IntegerValue></slab:Category>"
              "</slab:ConfidentialityInformation>");
    struct labels_input in = labels_input_new(NULL);
    const struct label *label = NULL;
    assert_int_equal(label_read(labels_input_xml(&in, text), in.a, in.d, &label), ST_INVALID);
    assert_int_equal(in.d->count, 4); // all of them at once
    assert_true(labels_input_has(&in, "label-type", "SECRET"));
    assert_true(labels_input_has(&in, "missing-attribute", "Type"));
    assert_true(labels_input_has(&in, "missing-attribute", "TagName"));
    assert_true(labels_input_has(&in, "unknown-element", "GenericValue"));
    labels_input_free(&in);
}

static void too_many_alternatives(void **state)
{
    (void)state;
    struct labels_input in = labels_input_new(NULL);
    struct buf b;
    buf_init(&b, MIB);
    buf_puts(&b, "<label " SLAB "><slab:originatorConfidentialityLabel>" INFORMATION "</slab:originatorConfidentialityLabel>");
    for (size_t i = 0; i <= LABEL_ALTERNATIVES_MAX; i++)
        buf_puts(&b, "<slab:alternativeConfidentialityLabel>" INFORMATION "</slab:alternativeConfidentialityLabel>");
    buf_puts(&b, "</label>");
    const struct label *label = NULL;
    assert_int_equal(label_read(labels_input_xml(&in, buf_cstr(&b)), in.a, in.d, &label), ST_INVALID);
    assert_true(labels_input_has(&in, "label-alternatives", "17"));
    buf_fini(&b);
    labels_input_free(&in);
}

static void legacy_and_other_roots(void **state)
{
    (void)state;
    struct labels_input in = labels_input_new(NULL);
    assert_non_null(read_label(&in, "<label " SLAB "><slab:ConfidentialityLabel>" INFORMATION
                                    "</slab:ConfidentialityLabel></label>")->originator);
    struct label_doc *doc = NULL;
    const char *text = "<slab:metadataConfidentialityLabel " SLAB ">" INFORMATION "</slab:metadataConfidentialityLabel>";
    assert_int_equal(label_doc_read(labels_input_xml(&in, text), in.a, in.d, &doc), ST_OK);
    assert_string_equal(doc->policy, "NATO");
    assert_int_equal(label_doc_read(labels_input_xml(&in, "<ConfidentialityLabel/>"), in.a, in.d, &doc), ST_INVALID);
    labels_input_free(&in);
}

static void clearances_are_read(void **state)
{
    (void)state;
    static const char good[] =
        "<ConfidentialityClearance xmlns='" NS_CLEARANCE "' " SLAB ">"
        "<slab:PolicyIdentifier URI='urn:oid:1.3.26.1.3.1'>NATO</slab:PolicyIdentifier>"
        "<!-- what is held --><ClassificationList><slab:Classification>SECRET</slab:Classification>"
        "<slab:Classification>UNCLASSIFIED</slab:Classification></ClassificationList>"
        "<slab:Category Type='RESTRICTIVE' TagName='Additional Sensitivity'><slab:GenericValue>ATOMAL</slab:GenericValue>"
        "</slab:Category></ConfidentialityClearance>";
    struct labels_input in = labels_input_new(NULL);
    struct clearance_doc *doc = NULL;
    assert_int_equal(clearance_doc_read(labels_input_xml(&in, good), in.a, in.d, &doc), ST_OK);
    assert_string_equal(doc->policy, "NATO");
    assert_int_equal(doc->classification_count, 2);
    assert_string_equal(doc->classifications[1], "UNCLASSIFIED");
    assert_int_equal(doc->category_count, 1);
    assert_string_equal(doc->categories[0].values[0], "ATOMAL");
    static const char bad[] = "<ConfidentialityClearance xmlns='" NS_CLEARANCE "'><PolicyIdentifier>NATO</PolicyIdentifier>"
                              "<ClassificationList/></ConfidentialityClearance>";
    assert_int_equal(clearance_doc_read(labels_input_xml(&in, bad), in.a, in.d, &doc), ST_INVALID);
    assert_true(labels_input_has(&in, "unknown-element", "slab:PolicyIdentifier"));
    assert_true(labels_input_has(&in, "missing-element", "Classification"));
    labels_input_free(&in);
}

static void names_fold(void **state)
{
    (void)state;
    assert_true(name_eq("TOP SECRET", " top \n\tsecret "));
    assert_true(name_eq("", " \n"));
    assert_false(name_eq("TOPSECRET", "TOP SECRET"));
    assert_false(name_eq("TOP", "TOP SECRET"));
    assert_false(name_eq("TOP SECRET", "TOP"));
    assert_false(name_eq("\xc3\x89TAT", "\xc3\xa9tat")); // only ASCII letters fold
    struct labels_input in = labels_input_new(NULL);
    assert_string_equal(name_fold(in.a, "  a \t b\r\nc "), "a b c");
    assert_string_equal(name_fold(in.a, " \n "), "");
    labels_input_free(&in);
}

static void a_full_arena_is_reported(void **state)
{
    (void)state;
    struct labels_input in = labels_input_new(NULL);
    struct xml_node *root = labels_input_xml(&in, full);
    for (size_t max = 0; max < 2000; max += 16) {
        struct arena *small = arena_new(max);
        const struct label *label = NULL;
        enum status st = label_read(root, small, in.d, &label);
        assert_true(st == ST_LIMIT || (st == ST_OK && label));
        arena_free(&small);
    }
    labels_input_free(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variants_are_read),      cmocka_unit_test(the_strict_form_is_written),
        cmocka_unit_test(succession_is_kept),     cmocka_unit_test(broken_succession_is_marked),
        cmocka_unit_test(faults_are_named),       cmocka_unit_test(categories_are_checked),
        cmocka_unit_test(too_many_alternatives),  cmocka_unit_test(legacy_and_other_roots),
        cmocka_unit_test(clearances_are_read),    cmocka_unit_test(names_fold),
        cmocka_unit_test(a_full_arena_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
