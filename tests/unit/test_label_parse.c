// Marking lines back to labels: what is marked is found again, and nothing that has another marking.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "policy/label_parse.h"
#include "tests/support/labels_spifs.h"

#define CODE(c) "<code>" c "</code>"
#define QUALIFIER(what, text) "<qualifier markingQualifier='" text "' qualifierCode='" what "'/>"
#define SPIF(name, id, classes, sets, more)                                                                          \
    "<SPIF xmlns='http://www.xmlspif.org/spif' schemaVersion='2.1' version='1' creationDate='20260101000000Z' "     \
    "originatorDN='CN=x' keyIdentifier='00' privilegeId='1.2' rbacId='1.2'><securityPolicyId name='" name "' id='" id "'/>" \
    "<securityClassifications>" classes "</securityClassifications><securityCategoryTagSets>" sets                   \
    "</securityCategoryTagSets>" more "</SPIF>"
#define SET(name, id, type, categories)                                                                              \
    "<securityCategoryTagSet name='" name "' id='" id "'><securityCategoryTag name='" name "' " type ">" categories   \
    "</securityCategoryTag></securityCategoryTagSet>"

static const char greek[] = SPIF(
    "GREEK", "2.999.1",
    "<securityClassification name='LOW' lacv='1' hierarchy='1'><markingData phrase='BAS' xml:lang='fr'/></securityClassification>"
    "<securityClassification name='HIGH' lacv='2' hierarchy='2'/>"
    "<securityClassification name='OLD' lacv='3' hierarchy='3' obsolete='true'/>",
    SET("Sens", "2.999.1.1", "tagType='restrictive'",
        "<tagCategory name='ATOM' lacv='1'/><tagCategory name='ATOM HEART' lacv='2'/>"
        "<tagCategory name='HUSH' lacv='3'><markingData>" CODE("noMarkingDisplay") "</markingData></tagCategory>"
        "<tagCategory name='EYES' lacv='4'><markingData>" CODE("suppressClassName") "</markingData></tagCategory>"
        "<tagCategory name='CROWN' lacv='5'><markingData phrase='ROYAL'>" CODE("replacePolicy") "</markingData></tagCategory>"
        "<tagCategory name='GONE' lacv='6' obsolete='true'/>"
        "<tagCategory name='NEEDY' lacv='7'><requiredCategory operation='all'><categoryGroup tagSetRef='Sens' "
        "tagType='restrictive' lacv='3'/></requiredCategory></tagCategory>")
    SET("Word", "2.999.1.2", "tagType='enumerated' enumType='restrictive'",
        "<tagCategory name='Any' lacv='1' userInput='true'/><markingQualifier>" QUALIFIER("prefix", "WORD ") QUALIFIER("suffix", ".")
        "</markingQualifier>")
    SET("Rel", "2.999.1.3", "tagType='permissive'",
        "<tagCategory name='DEU' lacv='1'/><tagCategory name='FRA' lacv='2'/>"
        "<markingQualifier>" QUALIFIER("prefix", "REL TO ") QUALIFIER("separator", ",  ") "</markingQualifier>"),
    "<markingQualifier markingCode='portionMarking'>" QUALIFIER("prefix", "(") QUALIFIER("separator", "//") QUALIFIER("suffix", ")")
    "</markingQualifier>");
// Shares a marking with GREEK.
static const char latin[] = SPIF("LATIN", "2.999.2",
    "<securityClassification name='LOW' lacv='1' hierarchy='1'/>",
    SET("Sens", "2.999.2.1", "tagType='restrictive'", "<tagCategory name='ATOM' lacv='1'/>"),
    "<markingData phrase='greek'/>");

// "policy classification; tag set=value; …" of every label found, joined by " or "; "" when there is none.
static const char *found(const struct label_parsed *p, struct arena *a)
{
    const char *text = "";
    for (size_t i = 0; i < p->count; i++) {
        const struct label_doc *l = p->labels[i];
        text = arena_printf(a, "%s%s%s %s", text, i ? " or " : "", l->policy, l->classification);
        for (size_t c = 0; c < l->category_count; c++)
            for (size_t v = 0; v < l->categories[c].value_count; v++)
                text = arena_printf(a, "%s; %s=%s", text, l->categories[c].tag_set, l->categories[c].values[v]);
    }
    return text;
}

static void lines_become_labels(void **state)
{
    (void)state;
    static const struct {
        const char *line, *expected;
    } rows[] = {
        {"GREEK HIGH", "GREEK HIGH"},
        {"  greek\thigh ", "GREEK HIGH"},
        {"GREEK HIGH ATOM HEART", "GREEK HIGH; Sens=ATOM HEART"},
        {"GREEK HIGH ATOM/ATOM HEART REL TO DEU, FRA", "GREEK HIGH; Sens=ATOM; Sens=ATOM HEART; Rel=DEU; Rel=FRA"},
        {"GREEK HIGH ATOM REL TO FRA, DEU", ""}, // not the SPIF's order
        {"(GREEK//HIGH//ATOM//REL TO FRA)", "GREEK HIGH; Sens=ATOM; Rel=FRA"},
        {"(GREEK//HIGH", ""},
        {"(GREEK HIGH)", ""},
        // both policies have this marking; GREEK has it in French too
        {"GREEK LOW ATOM", "GREEK LOW; Sens=ATOM or LATIN LOW; Sens=ATOM"},
        {"GREEK BAS ATOM", "GREEK LOW; Sens=ATOM"},
        // a category that replaces the policy's text, one that leaves the classification out
        {"ROYAL HIGH CROWN", "GREEK HIGH; Sens=CROWN"},
        {"GREEK HIGH CROWN", ""},
        {"GREEK ATOM/EYES", "GREEK LOW; Sens=ATOM; Sens=EYES or GREEK HIGH; Sens=ATOM; Sens=EYES"},
        {"GREEK ATOM", ""},
        {"GREEK HIGH EYES", ""},
        // hidden ones only where they are needed; obsolete ones never
        {"GREEK HIGH NEEDY", "GREEK HIGH; Sens=HUSH; Sens=NEEDY"},
        {"GREEK HIGH GONE", ""},
        {"GREEK OLD", ""},
        // words that a person typed
        {"GREEK HIGH WORD BLUE. REL TO FRA", "GREEK HIGH; Word=BLUE; Rel=FRA"},
        {"GREEK HIGH WORD BLUE/RED.", "GREEK HIGH; Word=BLUE; Word=RED or GREEK HIGH; Word=BLUE/RED"},
        {"GREEK", ""},
        {"", ""},
        {"nothing of the kind", ""},
    };
    const char *const texts[] = {greek, latin, NULL};
    const struct label_parse_want any = {.lang = NULL};
    struct spif_set *set = labels_spifs_texts(texts);
    struct arena *a = arena_new(64 * MIB);
    struct label_parsed *p = arena_alloc(a, sizeof *p);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(label_parse(spif_set_policies(set), rows[i].line, &any, a, p), ST_OK);
        assert_true(p->all);
        if (strcmp(found(p, a), rows[i].expected) != 0)
            fail_msg("\"%s\": expected \"%s\", got \"%s\"", rows[i].line, rows[i].expected, found(p, a));
    }
    arena_free(&a);
    spif_set_free(&set);
}

static void language_and_form_may_be_given(void **state)
{
    (void)state;
    const char *const texts[] = {greek, NULL};
    static const struct {
        const char *line;
        struct label_parse_want want;
        size_t count;
    } rows[] = {
        {"GREEK BAS", {.lang = "fr-BE"}, 1},
        {"GREEK BAS", {.lang = "en"}, 0},
        {"GREEK LOW", {.lang = "fr"}, 0},
        {"GREEK LOW", {.place_given = true, .place = MARKING_PAGE_TOP}, 1},
        {"GREEK LOW", {.place_given = true, .place = MARKING_PORTION}, 0},
        {"(GREEK//LOW)", {.place_given = true, .place = MARKING_PORTION}, 1},
    };
    struct spif_set *set = labels_spifs_texts(texts);
    struct arena *a = arena_new(64 * MIB);
    struct label_parsed *p = arena_alloc(a, sizeof *p);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(label_parse(spif_set_policies(set), rows[i].line, &rows[i].want, a, p), ST_OK);
        assert_int_equal(p->count, rows[i].count);
    }
    assert_int_equal(label_parse(spif_set_policies(set), "greek  low ATOM REL TO GRC", &(struct label_parse_want){.lang = NULL}, a, p), ST_OK);
    assert_int_equal(p->count, 0);
    assert_string_equal(p->line + p->understood, "GRC"); // as far as it goes
    arena_free(&a);
    spif_set_free(&set);
}

// What can be marked without hidden choices comes back as the one label.
static void shipped_markings_come_back(void **state)
{
    (void)state;
    static const char *const labels[][3] = {
        {"NATO", "SECRET", "Context=Releasable|Releasable To=FRA|Releasable To=EU"},
        {"NATO", "TOP SECRET", "Additional Sensitivity=ATOMAL|Additional Sensitivity=CRYPTO|Context=EAPC|Administrative=MEDICAL"},
        {"NATO", "RESTRICTED", "Context=EU|Administrative=STAFF|Administrative=EXERCISE"},
        {"GBR", "OFFICIAL-SENSITIVE", ""},
        {"GBR", "TOP SECRET", ""},
    };
    static const char *const langs[] = {NULL, "en", "fr"};
    struct spif_set *set = labels_spifs_shipped(SOURCE_DIR);
    const struct security_policies *all = spif_set_policies(set);
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
        for (size_t l = 0; l < 3; l++)
            for (int place = MARKING_PAGE_TOP; place <= MARKING_PORTION; place++) {
                struct arena *a = arena_new(64 * MIB);
                struct label_parsed *p = arena_alloc(a, sizeof *p);
                size_t policy = label_policy(all, labels[i][0], NULL);
                struct label_doc *doc = labels_spifs_label(&all->policies[policy], labels[i][1], labels[i][2], a);
                const struct label whole = {.originator = doc};
                assert_int_equal(label_validate_under(all, &whole, "label", NULL), ST_OK);
                struct buf line;
                buf_init(&line, 4096);
                label_mark_under(all, doc, (enum marking_place)place, langs[l], &line);
                assert_int_equal(label_parse(all, buf_cstr(&line), &(struct label_parse_want){.lang = NULL}, a, p), ST_OK);
                const struct label_parsed given = {.labels = {doc}, .count = 1};
                if (strcmp(found(p, a), found(&given, a)) != 0)
                    fail_msg("\"%s\" comes back as \"%s\"", buf_cstr(&line), found(p, a));
                buf_fini(&line);
                arena_free(&a);
            }
    spif_set_free(&set);
}

// Categories that all read alike: the search ends, and says that it did.
static void the_search_is_bounded(void **state)
{
    (void)state;
    struct arena *a = arena_new(64 * MIB);
    const char *categories = "", *hidden = "";
    for (int i = 1; i <= 60; i++) {
        categories = arena_printf(a, "%s<tagCategory name='C%d' lacv='%d' userInput='true'/>", categories, i, i);
        hidden = arena_printf(a, "%s<tagCategory name='H%d' lacv='%d'><markingData>" CODE("noNameDisplay") "</markingData></tagCategory>",
                              hidden, i, i);
    }
    const char *text = arena_printf(
        a, SPIF("WIDE", "2.999.3", "<securityClassification name='X' lacv='1' hierarchy='1'/>",
                SET("Input", "2.999.3.1", "tagType='restrictive'", "%s<markingQualifier>" QUALIFIER("separator", "") "</markingQualifier>")
                SET("Hidden", "2.999.3.2", "tagType='permissive' minSelection='4'", "%s"), ""),
        categories, hidden);
    const char *const texts[] = {text, NULL};
    struct spif_set *set = labels_spifs_texts(texts);
    struct label_parsed *p = arena_alloc(a, sizeof *p);
    char line[LABEL_PARSE_LINE_MAX + 2] = "WIDE X ";
    memset(line + 7, 'A', 60);
    assert_int_equal(label_parse(spif_set_policies(set), line, &(struct label_parse_want){.lang = NULL}, a, p), ST_OK);
    assert_false(p->all);
    memset(line, 'A', LABEL_PARSE_LINE_MAX + 1);
    assert_int_equal(label_parse(spif_set_policies(set), line, &(struct label_parse_want){.lang = NULL}, a, p), ST_LIMIT);
    spif_set_free(&set);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_become_labels),
        cmocka_unit_test(language_and_form_may_be_given),
        cmocka_unit_test(shipped_markings_come_back),
        cmocka_unit_test(the_search_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
