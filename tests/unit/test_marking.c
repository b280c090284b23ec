// Marking lines from the SPIF's rules (spec 3.1).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "policy/label_rules.h"
#include "tests/support/policy_world.h"

#define CODE(c) "<code>" c "</code>"
#define QUALIFIER(what, text) "<qualifier markingQualifier='" text "' qualifierCode='" what "'/>"

// GREEK: markings of every kind.
static const char greek[] =
    "<SPIF xmlns='http://www.xmlspif.org/spif' schemaVersion='2.1' version='1' creationDate='20260101000000Z' "
    "originatorDN='CN=x' keyIdentifier='00' privilegeId='1.2' rbacId='1.2'>"
    "<securityPolicyId name='GREEK' id='2.999.1'/>"
    "<securityClassifications>"
    "<securityClassification name='LOW' lacv='1' hierarchy='1'><markingData phrase='BAS' xml:lang='fr'/>"
    "<markingData phrase='BASSE' xml:lang='fr-CA'/></securityClassification>"
    "<securityClassification name='MIDDLE' lacv='2' hierarchy='2'><markingData phrase='(M)'>" CODE("portionMarking") "</markingData>"
    "<markingData phrase='MEDIUM'>" CODE("pageTopBottom") "</markingData>"
    "<markingData phrase='MILIEU' xml:lang='fr'>" CODE("pageTop") "</markingData></securityClassification>"
    "<securityClassification name='HIGH' lacv='3' hierarchy='3'><markingData phrase='COSMIC'>" CODE("replacePolicy") "</markingData></securityClassification>"
    "<securityClassification name='SILENT' lacv='4' hierarchy='4'><markingData>" CODE("noNameDisplay") "</markingData></securityClassification>"
    "</securityClassifications><securityCategoryTagSets>"
    "<securityCategoryTagSet name='Sens' id='2.999.1.1'><securityCategoryTag name='Sens' tagType='restrictive'>"
    "<tagCategory name='ATOM' lacv='1'/><tagCategory name='CRYPTO' lacv='2'/>"
    "<tagCategory name='QUIET' lacv='3'><markingData phrase='HUSH'>" CODE("noMarkingDisplay") "</markingData></tagCategory>"
    "<tagCategory name='OWN' lacv='4'><markingData phrase='EYES ONLY'>" CODE("suppressClassName") "</markingData></tagCategory>"
    "<tagCategory name='CROWN' lacv='5'><markingData phrase='ROYAL'>" CODE("replacePolicy") "</markingData></tagCategory>"
    "</securityCategoryTag></securityCategoryTagSet>"
    "<securityCategoryTagSet name='Rel' id='2.999.1.2'><securityCategoryTag name='Rel' tagType='permissive'>"
    "<tagCategory name='DEU' lacv='1'/><tagCategory name='FRA' lacv='2'><markingData phrase='France'>" CODE("pageTopBottom") "</markingData></tagCategory>"
    "<markingQualifier markingCode='pageTopBottom'>" QUALIFIER("prefix", "REL TO ") QUALIFIER("separator", ", ") QUALIFIER("suffix", " ONLY") "</markingQualifier>"
    "<markingQualifier markingCode='portionMarking'>" QUALIFIER("prefix", "REL ") "</markingQualifier>"
    "</securityCategoryTag></securityCategoryTagSet>"
    "<securityCategoryTagSet name='Word' id='2.999.1.3'><securityCategoryTag name='Word' tagType='restrictive'>"
    "<tagCategory name='Codeword' lacv='1' userInput='true'/></securityCategoryTag></securityCategoryTagSet>"
    "<securityCategoryTagSet name='Eyes' id='2.999.1.4'><securityCategoryTag name='Eyes' tagType='tagType7'>"
    "<tagCategory name='A' lacv='1'><markingData phrase=''/></tagCategory>"
    "<tagCategory name='B' lacv='2'><markingData phrase=''>" CODE("noNameDisplay") "</markingData></tagCategory>"
    "<tagCategory name='C' lacv='3'><markingData phrase='NIL'>" CODE("waterMark") "</markingData>"
    "<markingData phrase='one'/><markingData phrase='two'>" CODE("pageTop") "</markingData></tagCategory>"
    "<tagCategory name='D' lacv='4'><markingData xml:lang='fr'>" CODE("noNameDisplay") "</markingData>"
    "<markingQualifier>" QUALIFIER("prefix", "&lt;") QUALIFIER("suffix", ">") "</markingQualifier></tagCategory>"
    "<markingQualifier><qualifier markingQualifier='VU PAR ' qualifierCode='prefix' xml:lang='fr'/>"
    "<qualifier markingQualifier='SEEN BY ' qualifierCode='prefix' xml:lang='en'/>"
    "<qualifier markingQualifier='.' qualifierCode='suffix' xml:lang='fr-BE'/>"
    QUALIFIER("suffix", "!") QUALIFIER("separator", "") "</markingQualifier>"
    "</securityCategoryTag></securityCategoryTagSet>"
    "</securityCategoryTagSets>"
    "<markingQualifier markingCode='portionMarking'>" QUALIFIER("prefix", "[") QUALIFIER("separator", "//") QUALIFIER("suffix", "]") "</markingQualifier>"
    "</SPIF>";

static const char policy[] =
    W_POLICY("<security-policies><security-policy spif='alfa.xml' release-tag-set='Rel'/></security-policies>");

static const char *mark(struct world *w, const char *label, enum marking_place place, const char *lang)
{
    const struct report *r =
        world_report(w, arena_printf(w->a, W_REPORT("%s", W_HEADER_OF("", "", "GBR", ""), W_PORTION("")), label));
    struct buf out;
    buf_init(&out, 4096);
    label_mark(w->rules, r->label->originator, place, lang, &out);
    const char *line = arena_cstr(w->a, buf_cstr(&out));
    buf_fini(&out);
    return line;
}

#define G(cls, cats) W_LABEL(W_ORIG("GREEK", cls, cats))
#define EYES(values) W_CAT("INFORMATIVE", "Eyes", values)
#define SENS(values) W_CAT("RESTRICTIVE", "Sens", values)

static void markings_follow_the_spif(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        enum marking_place place;
        const char *lang, *expected;
    } rows[] = {
        {G("LOW", ""), MARKING_PAGE_TOP, NULL, "GREEK LOW"},
        {G("low", ""), MARKING_PAGE_TOP, "en", "GREEK LOW"},
        {G("LOW", ""), MARKING_PAGE_TOP, "fr", "GREEK BAS"},
        {G("LOW", ""), MARKING_PAGE_TOP, "fr-CA", "GREEK BASSE"},
        {G("LOW", ""), MARKING_PAGE_TOP, "fr-BE", "GREEK BAS"},
        {G("LOW", ""), MARKING_PAGE_TOP, "frc", "GREEK LOW"},
        // place
        {G("MIDDLE", ""), MARKING_PAGE_TOP, NULL, "GREEK MEDIUM"},
        {G("MIDDLE", ""), MARKING_PAGE_BOTTOM, "fr", "GREEK MEDIUM"},
        {G("MIDDLE", ""), MARKING_PAGE_TOP, "fr", "GREEK MILIEU"},
        {G("MIDDLE", ""), MARKING_PORTION, "fr", "[GREEK//(M)]"},
        // policy and names
        {G("HIGH", ""), MARKING_PAGE_TOP, NULL, "COSMIC HIGH"},
        {G("HIGH", SENS(W_V("CROWN"))), MARKING_PAGE_TOP, NULL, "COSMIC HIGH CROWN"},
        {G("LOW", SENS(W_V("CROWN"))), MARKING_PAGE_TOP, NULL, "ROYAL LOW CROWN"},
        {G("SILENT", ""), MARKING_PAGE_TOP, NULL, "GREEK"},
        {G("LOW", SENS(W_V("OWN"))), MARKING_PAGE_TOP, NULL, "GREEK EYES ONLY"},
        // categories in SPIF order, qualifiers, defaults
        {G("LOW", SENS(W_V("CRYPTO") W_V("QUIET") W_V("ATOM"))), MARKING_PAGE_TOP, NULL, "GREEK LOW ATOM/CRYPTO"},
        {G("LOW", SENS(W_V("QUIET"))), MARKING_PAGE_TOP, NULL, "GREEK LOW"},
        {G("LOW", W_REL(W_V("FRA") W_V("DEU")) SENS(W_V("ATOM"))), MARKING_PAGE_TOP, NULL, "GREEK LOW ATOM REL TO DEU, France ONLY"},
        {G("LOW", W_REL(W_V("FRA") W_V("DEU")) SENS(W_V("ATOM"))), MARKING_PORTION, NULL, "[GREEK//LOW//ATOM//REL DEU/FRA]"},
        {G("LOW", W_CAT("RESTRICTIVE", "Word", W_V("BLUE") W_V("RED"))), MARKING_PAGE_TOP, NULL, "GREEK LOW BLUE/RED"},
        // an empty phrase is none; data for other places is none; the asked place before no place
        {G("LOW", EYES(W_V("A") W_V("B"))), MARKING_PAGE_TOP, "en", "GREEK LOW SEEN BY A!"},
        {G("LOW", EYES(W_V("B"))), MARKING_PAGE_TOP, "en", "GREEK LOW"},
        {G("LOW", EYES(W_V("C"))), MARKING_PAGE_TOP, "en", "GREEK LOW SEEN BY two!"},
        {G("LOW", EYES(W_V("C"))), MARKING_PAGE_BOTTOM, "en", "GREEK LOW SEEN BY one!"},
        // qualifiers: language exact, primary subtag, none; of another language before nothing at all
        {G("LOW", EYES(W_V("A") W_V("D"))), MARKING_PAGE_TOP, "fr-BE", "GREEK BAS VU PAR A."},
        {G("LOW", EYES(W_V("A") W_V("D"))), MARKING_PAGE_TOP, "fr", "GREEK BAS VU PAR A!"},
        {G("LOW", EYES(W_V("A") W_V("D"))), MARKING_PAGE_TOP, NULL, "GREEK LOW VU PAR A<D>!"},
        // nothing unknown vanishes
        {G("LOW", SENS(W_V("ODD"))), MARKING_PAGE_TOP, NULL, "GREEK LOW Sens ODD"},
        {G("WHAT", W_CAT("RESTRICTIVE", "None", W_V("X"))), MARKING_PAGE_TOP, NULL, "GREEK WHAT None X"},
        {W_LABEL(W_ORIG("LATIN", "SECRET", SENS(W_V("A") W_V("B")))), MARKING_PAGE_TOP, NULL, "LATIN SECRET Sens A/B (policy unknown)"},
    };
    struct world w = world_new(NULL);
    assert_int_equal(world_try(&w, policy, greek, NULL), ST_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *got = mark(&w, rows[i].label, rows[i].place, rows[i].lang);
        if (strcmp(got, rows[i].expected) != 0)
            fail_msg("row %zu: expected \"%s\", got \"%s\"", i, rows[i].expected, got);
    }
    world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(markings_follow_the_spif)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
