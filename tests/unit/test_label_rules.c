// What publication checks of labels: validity with rule and SPIF line, and label-too-low (spec 2.1, 3.1).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "policy/label_rules.h"
#include "tests/support/labels_spifs.h"
#include "tests/support/policy_world.h"

static const char policy[] = W_POLICY(W_SECURITY);

#define RES(set, values) W_CAT("RESTRICTIVE", set, values)
#define HEADER W_HEADER_OF("", "", "GBR", "")

struct row {
    const char *report, *rule, *element; // rule NULL = valid
};

static void expect(const struct row *rows, size_t count)
{
    struct world w = world_new(policy);
    for (size_t i = 0; i < count; i++) {
        const struct report *r = world_report(&w, rows[i].report);
        diag_init(w.d, "report.xml");
        enum status st = report_validate(w.rules, r, w.d);
        if (st != (rows[i].rule ? ST_INVALID : ST_OK) || (st == ST_OK && w.d->count))
            fail_msg("row %zu: status %d, %s: %s", i, st, w.d->faults[0].rule, w.d->faults[0].message);
        bool told = !rows[i].rule;
        for (uint32_t f = 0; f < w.d->count; f++)
            told |= rows[i].rule && strcmp(w.d->faults[f].rule, rows[i].rule) == 0 &&
                    strcmp(w.d->faults[f].element, rows[i].element) == 0;
        if (!told)
            fail_msg("row %zu: got %s of %s: %s", i, w.d->faults[0].rule, w.d->faults[0].element, w.d->faults[0].message);
        if (st != ST_OK && w.d->faults[0].message[0] == 0)
            fail_msg("row %zu: no message", i);
    }
    world_free(&w);
}
#define EXPECT(rows) expect(rows, sizeof(rows) / sizeof *(rows))
#define OF(label) W_REPORT(label, HEADER, W_PORTION(""))

static void each_violation_has_its_rule(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {OF(W_ALFA("S", W_REL(W_V("FRA")))), NULL, NULL},
        {OF(W_LABEL(W_ORIG("GAMMA", "S", ""))), "unknown-policy", "label"},
        {OF(W_ALFA("X", "")), "unknown-classification", "label"},
        {OF(W_ALFA("OLD", "")), "obsolete-classification", "label"},
        {OF(W_ALFA("S", RES("None", W_V("A")))), "unknown-tag-set", "label"},
        {OF(W_ALFA("S", RES("Sens", W_V("A")))), "unknown-category", "label"},
        {OF(W_ALFA("S", RES("Sens", ""))), "empty-category", "label"},
        {OF(W_ALFA("S", W_CAT("PERMISSIVE", "Sens", W_V("ATOM")))), "category-type", "label"},
        {OF(W_ALFA("S", RES("Sens", W_V("GONE")))), "obsolete-category", "label"},
        {OF(W_ALFA("U", RES("Sens", W_V("ATOM")))), "excluded-class", "label"},
        {OF(W_ALFA("S", RES("Sens", W_V("TOPMOST")))), "required-class", "label"},
        {OF(W_ALFA("S", RES("Sens", W_V("NEEDS")))), "required-category", "label"},
        {OF(W_ALFA("S", RES("Sens", W_V("CRYPTO") W_V("ATOM")))), "excluded-category", "label"},
        {OF(W_ALFA("S", W_CAT("PERMISSIVE", "Context", W_V("NORTH") W_V("SOUTH") W_V("EAST")))), "max-selection", "label"},
        // alternatives and successors count too
        {OF(W_LABEL(W_ORIG("ALFA", "S", "") W_ALT("BETA", "Nothing", ""))), "unknown-classification", "label"},
        {OF(W_LABEL(W_SUCCEEDED(W_INFO("ALFA", "S", ""), "2030-01-01T00:00:00Z", W_INFO("ALFA", "X", "")))), "unknown-classification", "label"},
        {W_REPORT(W_ALFA("S", ""), HEADER, W_PORTION(W_ALFA("X", ""))), "unknown-classification", "e1"},
        {W_REPORT(W_ALFA("S", ""), W_HEADER_OF("", W_ALFA("X", ""), "GBR", ""), W_PORTION("")), "unknown-classification", "header"},
        // vocabulary
        {W_REPORT(W_ALFA("S", ""), W_HEADER_OF("", "", "GBR", "<topic>gossip</topic>"), W_PORTION("")), "unknown-topic", "topic"},
        {W_REPORT(W_ALFA("S", ""), W_HEADER_OF("", "", "GBR", "<area>XXX</area>"), W_PORTION("")), "unknown-area", "area"},
    };
    EXPECT(rows);
}

static void the_whole_is_at_least_its_parts(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {W_REPORT(W_ALFA("S", ""), HEADER, W_PORTION(W_ALFA("S", "")) W_PORTION(W_ALFA("U", ""))), NULL, NULL},
        {W_REPORT(W_ALFA("S", ""), HEADER, W_PORTION("") W_PORTION(W_ALFA("T", ""))), "label-too-low", "e2"},
        {W_REPORT(W_ALFA("S", ""), W_HEADER_OF("", W_ALFA("T", ""), "GBR", ""), W_PORTION("")), "label-too-low", "header"},
        {W_REPORT(W_ALFA("S", ""), HEADER, W_PORTION(W_ALFA("R", RES("Sens", W_V("ATOM"))))), "label-too-low", "e1"},
        {W_REPORT(W_ALFA("S", RES("sens", W_V("atom"))), HEADER, W_PORTION(W_ALFA("R", RES("Sens", W_V("ATOM"))))), NULL, NULL},
        {W_REPORT(W_ALFA("S", RES("Word", W_V("BLUE"))), HEADER, W_PORTION(W_ALFA("R", RES("Word", W_V("RED"))))), "label-too-low", "e1"},
        // permissive categories are no floor
        {W_REPORT(W_ALFA("S", ""), HEADER, W_PORTION(W_ALFA("R", W_REL(W_V("FRA"))))), NULL, NULL},
        // every policy in which both have a label
        {W_REPORT(W_LABEL(W_ORIG("ALFA", "S", "") W_ALT("BETA", "Low", "")), HEADER,
                  W_PORTION(W_LABEL(W_ORIG("ALFA", "R", "") W_ALT("BETA", "High", "")))),
         "label-too-low", "e1"},
        {W_REPORT(W_LABEL(W_ORIG("ALFA", "S", "") W_ALT("BETA", "High", "")), HEADER, W_PORTION(W_LABEL(W_ORIG("BETA", "Low", "")))),
         NULL, NULL},
        {W_REPORT(W_ALFA("S", ""), HEADER, W_PORTION(W_LABEL(W_ORIG("BETA", "Low", "")))), "label-too-low", "e1"},
    };
    EXPECT(rows);
}

static void labels_are_validated_alone(void **state)
{
    (void)state;
    struct world w = world_new(policy);
    const struct report *r = world_report(&w, OF(W_ALFA("U", RES("Sens", W_V("ATOM")))));
    assert_int_equal(label_validate(w.rules, r->label, "e7", NULL), ST_INVALID);
    diag_init(w.d, "report.xml");
    assert_int_equal(label_validate(w.rules, r->label, "e7", w.d), ST_INVALID);
    assert_int_equal(w.d->count, 1);
    assert_string_equal(w.d->faults[0].element, "e7");
    assert_non_null(strstr(w.d->faults[0].message, "alfa.xml:1"));
    world_free(&w);
}

// Not only the first violation is told; each with its line in the SPIF.
static void every_violation_is_told(void **state)
{
    (void)state;
    static const char spif[] =
        "<SPIF xmlns='http://www.xmlspif.org/spif' schemaVersion='2.1' version='1' creationDate='20260101000000Z' "
        "originatorDN='CN=x' keyIdentifier='00' privilegeId='1.2' rbacId='1.2'><securityPolicyId name='ALFA' id='2.999.1'/>\n"
        "<securityClassifications>\n<securityClassification name='OLD' lacv='1' hierarchy='1' obsolete='true'>\n" // line 3
        "<requiredCategory operation='oneOrMore'><categoryGroup tagSetRef='Set' tagType='restrictive' lacv='2'/></requiredCategory>\n"
        "</securityClassification></securityClassifications><securityCategoryTagSets>\n"
        "<securityCategoryTagSet name='Set' id='2.999.1.1'>\n"
        "<securityCategoryTag name='Tag' tagType='restrictive' maxSelection='1'>\n" // line 7
        "<tagCategory name='A' lacv='1' obsolete='true'><excludedClass>OLD</excludedClass></tagCategory>\n"
        "<tagCategory name='B' lacv='2'/>\n<tagCategory name='C' lacv='3'>\n"
        "<excludedCategory tagSetRef='Set' tagType='restrictive' all='true'/>\n</tagCategory>\n" // line 11
        "</securityCategoryTag></securityCategoryTagSet></securityCategoryTagSets></SPIF>";
    static const char *const told[][2] = {
        {"obsolete-classification", "test.xml:3"}, {"required-category", "test.xml:4"}, {"max-selection", "test.xml:7"},
        {"obsolete-category", "test.xml:8"},       {"excluded-class", "test.xml:8"},    {"excluded-category", "test.xml:11"},
        {"unknown-category", "test.xml:6"},        {"category-type", "test.xml:6"},     {"unknown-tag-set", "test.xml:6"},
        {"empty-category", "test.xml:6"},
    };
    struct spif_set *set = labels_spifs_texts((const char *const[]){spif, NULL});
    struct world w = world_new(policy);
    const struct report *r = world_report(
        &w, OF(W_ALFA("OLD", RES("Set", W_V("A") W_V("C") W_V("D")) W_CAT("PERMISSIVE", "Set", W_V("B")) RES("Tag", W_V("A")) RES("Set", ""))));
    diag_init(w.d, "report.xml");
    assert_int_equal(label_validate_under(spif_set_policies(set), r->label, "label", w.d), ST_INVALID);
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        if (!world_has_fault(&w, told[i][0], told[i][1]))
            fail_msg("%s is not told with %s", told[i][0], told[i][1]);
    assert_int_equal(w.d->count, sizeof told / sizeof *told);
    spif_set_free(&set);
    world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_violation_is_told),
        cmocka_unit_test(each_violation_has_its_rule),
        cmocka_unit_test(the_whole_is_at_least_its_parts),
        cmocka_unit_test(labels_are_validated_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
