// Cases that random comparison with the oracle brought to light, each with what the specification says of it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/decide_pair.h"

static const char *const vocabulary =
    "<vocabulary xmlns=\"urn:relto:vocabulary:1\"><types><type id=\"INTREP\">report</type></types><topics/><areas/>"
    "</vocabulary>";

// One tag set names ATOMAL as restrictive and takes any text as permissive.
static const char *const spif =
    "<SPIF xmlns=\"http://www.xmlspif.org/spif\" schemaVersion=\"2.1\"><securityPolicyId name=\"NATO\" "
    "id=\"1.3.26.1.3.1\"/><securityClassifications><securityClassification name=\"SECRET\" lacv=\"3\" "
    "hierarchy=\"3\"/></securityClassifications><securityCategoryTagSets><securityCategoryTagSet name=\"Releasable To\" "
    "id=\"1.3.26.1.4.2\"><securityCategoryTag tagType=\"permissive\"><tagCategory name=\"FRA\" lacv=\"1\"/>"
    "</securityCategoryTag></securityCategoryTagSet><securityCategoryTagSet name=\"Additional Sensitivity\" "
    "id=\"1.3.26.1.4.1\"><securityCategoryTag tagType=\"restrictive\"><tagCategory name=\"ATOMAL\" lacv=\"1\"/>"
    "</securityCategoryTag><securityCategoryTag tagType=\"permissive\"><tagCategory name=\"Free text\" lacv=\"1\" "
    "userInput=\"true\"/></securityCategoryTag></securityCategoryTagSet></securityCategoryTagSets></SPIF>";

static const char *const policy =
    "<policy xmlns=\"urn:relto:policy:1\" nation=\"GBR\" serial=\"1\"><security-policies><security-policy "
    "spif=\"nato.xml\" release-tag-set=\"Releasable To\"/></security-policies><partners><partner id=\"FRA\" "
    "name=\"France\" kind=\"nation\"><clearance policy=\"NATO\" max=\"SECRET\"><category "
    "tag-set=\"Additional Sensitivity\">ATOMAL</category></clearance></partner></partners><agreements><agreement "
    "id=\"A\" title=\"A\" parties=\"FRA\"><scope><type any-of=\"INTREP\"/></scope><terms redaction=\"permitted\" "
    "approval=\"1\" embargo=\"PT0S\" onward=\"permitted\" lapse=\"retain\"/></agreement></agreements></policy>";

#define LABEL(element, policy_name, categories)                                                              \
    "<s:" element "ConfidentialityLabel xmlns:s=\"" NS_SLAB "\"><s:ConfidentialityInformation><s:PolicyIdentifier>"  \
    policy_name "</s:PolicyIdentifier><s:Classification>SECRET</s:Classification>" categories                \
    "</s:ConfidentialityInformation></s:" element "ConfidentialityLabel>"
#define TO_FRANCE                                                                                            \
    "<s:Category Type=\"PERMISSIVE\" TagName=\"Releasable To\"><s:GenericValue>FRA</s:GenericValue></s:Category>"
#define SENSITIVITY(type, value) "<s:Category Type=\"" type "\" TagName=\"Additional Sensitivity\">" value "</s:Category>"
#define REPORT(label, children)                                                                              \
    "<report xmlns=\"urn:relto:report:1\"><label>" label "</label><header type=\"INTREP\" "                   \
    "issued=\"2026-01-01T00:00:00Z\"><originator nation=\"GBR\" cell=\"J2\"/><title>T</title></header>" children     \
    "<portion><text>Text.</text></portion></report>"

static struct diag faults;

// Decide this report for France, with one approval of a rendition that withheld these children.
static struct decision ask(const char *report, uint64_t approved_withheld)
{
    const char *const texts[] = {policy, vocabulary, spif};
    struct buf docs[3];
    struct decide_pair pair;
    const struct report *r;
    for (size_t i = 0; i < 3; i++) {
        buf_init(&docs[i], MIB);
        buf_puts(&docs[i], texts[i]);
    }
    diag_init(&faults, NULL);
    if (!decide_pair_load(&pair, docs, 1, &faults))
        fail_msg("%s", faults.faults[0].message);
    if (report_read(span_cstr(report), "report.xml", pair.arena, &faults, &r) != ST_OK)
        fail_msg("%s", faults.faults[0].message);
    struct question q = {.t = gen_instant(1), .record = {.approvals = 1, .stored_at = UTC_MIN}};
    q.record.approved_withheld.bits[0] = approved_withheld;
    struct decision kernel, oracle;
    const char *what = decide_pair_differ(&pair, r, &q, &kernel, &oracle);
    if (what)
        fail_msg("decide() and the oracle differ in %s", what);
    kernel.agreement = kernel.rule = NULL; // belong to the ruleset
    decide_pair_fini(&pair);
    for (size_t i = 0; i < 3; i++)
        buf_fini(&docs[i]);
    return kernel;
}

// 3.3 step 7: another document of the element with a restrictive category of which no value is held.
static void restrictive_category_without_value_is_not_held(void **state)
{
    (void)state;
    struct decision d = ask(REPORT(LABEL("originator", "NATO", TO_FRANCE), ""), 0);
    assert_int_equal(d.outcome, OUTCOME_RELEASE);
    d = ask(REPORT(LABEL("originator", "NATO", TO_FRANCE)
                       LABEL("alternative", "OTHER", SENSITIVITY("RESTRICTIVE", "")), ""), 0);
    assert_int_equal(d.outcome, OUTCOME_DENY);
    assert_int_equal(d.reason, REASON_CATEGORY);
    d = ask(REPORT(LABEL("originator", "NATO", TO_FRANCE)
                       LABEL("alternative", "OTHER", SENSITIVITY("PERMISSIVE", "")), ""), 0);
    assert_int_equal(d.outcome, OUTCOME_RELEASE);
}

// 3.4: an approval binds the set of visible elements; a reference is none, a portion is.
static void approval_does_not_bind_references(void **state)
{
    (void)state;
    static const char report[] =
        REPORT(LABEL("originator", "NATO", TO_FRANCE),
               "<reference rel=\"related\" ref=\"urn:uuid:6f0c2b6e-0000-4000-8000-000000000001\"/>");
    assert_int_equal(ask(report, 0).outcome, OUTCOME_RELEASE);
    assert_int_equal(ask(report, 1).outcome, OUTCOME_RELEASE);
    assert_int_equal(ask(report, 2).outcome, OUTCOME_HOLD);
}

// 3.2: held categories are compared by tag set and value, whatever tag of the set takes the value.
static void held_values_have_no_type(void **state)
{
    (void)state;
#define CARRYING(value) SENSITIVITY("PERMISSIVE", "<s:GenericValue>" value "</s:GenericValue>")
    struct decision d = ask(REPORT(LABEL("originator", "NATO", TO_FRANCE CARRYING("ATOMAL")), ""), 0);
    assert_int_equal(d.outcome, OUTCOME_RELEASE);
    d = ask(REPORT(LABEL("originator", "NATO", TO_FRANCE CARRYING("CRYPTO")), ""), 0);
    assert_int_equal(d.reason, REASON_CATEGORY);
}

// 3.1: "a SPIF whose equivalence requires a category of the target's release tag set is refused".
static bool loads_with_requirement(const char *tag_set)
{
    static const char two[] =
        "<policy xmlns=\"urn:relto:policy:1\" nation=\"GBR\" serial=\"1\"><security-policies><security-policy "
        "spif=\"nato.xml\" release-tag-set=\"Releasable To\"/><security-policy spif=\"gbr.xml\" "
        "release-tag-set=\"Caveats\"/></security-policies></policy>";
    struct buf docs[4];
    struct decide_pair pair;
    const char *const texts[] = {two, vocabulary, spif};
    for (size_t i = 0; i < 4; i++) {
        buf_init(&docs[i], MIB);
        buf_puts(&docs[i], i < 3 ? texts[i] : "");
    }
    buf_printf(&docs[3],
               "<SPIF xmlns=\"http://www.xmlspif.org/spif\" schemaVersion=\"2.1\"><securityPolicyId name=\"GBR\" "
               "id=\"1.2.826.0.1.1\"/><securityClassifications><securityClassification name=\"SECRET\" lacv=\"1\" "
               "hierarchy=\"1\"><equivalentClassification policyRef=\"NATO\" lacv=\"3\" applied=\"both\">"
               "<requiredCategory><categoryGroup tagSetRef=\"%s\" tagType=\"permissive\"/></requiredCategory>"
               "</equivalentClassification></securityClassification></securityClassifications><securityCategoryTagSets>"
               "<securityCategoryTagSet name=\"Caveats\" id=\"1.2.826.0.1.1.1\"><securityCategoryTag "
               "tagType=\"permissive\"><tagCategory name=\"FRA\" lacv=\"1\"/></securityCategoryTag>"
               "</securityCategoryTagSet></securityCategoryTagSets><equivalentPolicies><equivalentPolicy name=\"NATO\" "
               "id=\"1.3.26.1.3.1\"/></equivalentPolicies></SPIF>",
               tag_set);
    diag_init(&faults, NULL);
    bool loaded = decide_pair_load(&pair, docs, 2, &faults);
    if (loaded)
        decide_pair_fini(&pair);
    for (size_t i = 0; i < 4; i++)
        buf_fini(&docs[i]);
    return loaded;
}

static void equivalence_never_adds_release_values(void **state)
{
    (void)state;
    assert_true(loads_with_requirement("Additional Sensitivity"));
    assert_false(loads_with_requirement("Releasable To"));
    assert_true(faults.count > 0);
    assert_false(loads_with_requirement("1.3.26.1.4.2")); // the same by its id
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(restrictive_category_without_value_is_not_held),
        cmocka_unit_test(approval_does_not_bind_references),
        cmocka_unit_test(held_values_have_no_type),
        cmocka_unit_test(equivalence_never_adds_release_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
