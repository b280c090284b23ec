// The label check (spec 3.3) and validity (3.1), seen through decisions on reports of one label.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "policy/explain.h"
#include "tests/support/policy_world.h"

// FRA: ALFA up to S with ATOM, NORTH and the codeword "Blue Sky". DEU: BETA and, listed one by one, ALFA U and T.
// USA: ALFA up to T, no category. ITA: nothing.
#define PARTNERS                                                                                             \
    "<communities><community id='TEAM'><member partner='FRA' from='2026-06-01T00:00:00Z' until='2027-01-01T00:00:00Z'/></community>" \
    "<community id='OUTER'><member community='TEAM' until='2026-12-01T00:00:00Z'/></community></communities>"  \
    "<partners><partner id='FRA' name='France' kind='nation'><clearance policy='alfa' max='S'>"               \
    "<category tag-set='Sens'>ATOM</category><category tag-set='Sens'>TWICE</category><category tag-set='Sens'>CRYPTO</category>" \
    "<category tag-set='Context'>NORTH</category><category tag-set='Word'>Blue  Sky</category><category tag-set='sens'>NEEDS</category>" \
    "</clearance></partner>"                                                                                 \
    "<partner id='DEU' name='Germany' kind='nation'><clearance policy='BETA' max='Alone'/>"                   \
    "<clearance><cl:ConfidentialityClearance xmlns:cl='urn:nato:stanag:4774:confidentialityclearance:1:0' xmlns:s='" W_SLAB "'>" \
    "<s:PolicyIdentifier>ALFA</s:PolicyIdentifier><cl:ClassificationList><s:Classification>U</s:Classification>" \
    "<s:Classification>T</s:Classification></cl:ClassificationList></cl:ConfidentialityClearance></clearance></partner>" \
    "<partner id='USA' name='USA' kind='nation'><clearance policy='ALFA' max='T'/></partner>"                 \
    "<partner id='ITA' name='Italy' kind='nation'/></partners>"
#define AGREEMENTS "<agreements>" W_AGREEMENT("A", "*", W_TERMS) "</agreements>"
static const char policy[] = W_POLICY(W_SECURITY PARTNERS AGREEMENTS);
// With an unmarked list under ALFA.
static const char policy_unmarked[] =
    W_POLICY("<security-policies><security-policy spif='alfa.xml' release-tag-set='Rel' unmarked='TEAM USA'/>"
             "<security-policy spif='beta.xml' release-tag-set='Release'/></security-policies>" PARTNERS AGREEMENTS);

#define TO_FRA W_REL(W_V("FRA"))
#define RELEASE "release - A - -"
#define DENY(reason) "deny " reason " A - -"
#define RES(set, values) W_CAT("RESTRICTIVE", set, values)
#define PER(set, values) W_CAT("PERMISSIVE", set, values)
#define INF(set, values) W_CAT("INFORMATIVE", set, values)

struct row {
    const char *label, *partner, *expected;
};

static void run(const char *with, const struct row *rows, size_t count)
{
    struct world w = world_new(with);
    for (size_t i = 0; i < count; i++) {
        const char *report = arena_printf(w.a, W_REPORT("%s", W_HEADER_OF("separable='true'", "", "GBR", ""), W_PORTION("")),
                                          rows[i].label);
        const char *expected = arena_printf(w.a, "%s %s", rows[i].partner, rows[i].expected);
        const char *got = world_line(&w, report, rows[i].partner, world_time("2026-11-22T00:00:00Z"), NULL);
        if (strcmp(got, expected) != 0)
            fail_msg("row %zu: expected \"%s\", got \"%s\"", i, expected, got);
    }
    world_free(&w);
}
#define RUN(with, rows) run(with, rows, sizeof(rows) / sizeof *(rows))

static void clearance_decides(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {W_ALFA("S", TO_FRA), "FRA", RELEASE},
        {W_ALFA("T", TO_FRA), "FRA", DENY("classification")},
        {W_ALFA("s", W_REL(W_V(" fra "))), "FRA", RELEASE}, // names fold
        {W_ALFA("S", RES("Sens", W_V("ATOM")) TO_FRA), "FRA", RELEASE},
        {W_ALFA("T", RES("Sens", W_V("TOPMOST")) TO_FRA), "FRA", DENY("classification")},
        {W_ALFA("S", RES("Sens", W_V("ATOM")) W_REL(W_V("USA"))), "USA", DENY("category")},
        // listed one by one: U and T held, S between them not
        {W_ALFA("U", W_REL(W_V("DEU"))), "DEU", RELEASE},
        {W_ALFA("S", W_REL(W_V("DEU"))), "DEU", DENY("classification")},
        {W_ALFA("T", W_REL(W_V("DEU"))), "DEU", RELEASE},
        {W_ALFA("U", TO_FRA), "ITA", DENY("no-clearance")},
        // permissive: one of the values held
        {W_ALFA("S", PER("Context", W_V("SOUTH") W_V("NORTH")) TO_FRA), "FRA", RELEASE},
        {W_ALFA("S", PER("Context", W_V("SOUTH")) TO_FRA), "FRA", DENY("category")},
        // split over two elements, still one tag set
        {W_ALFA("S", PER("Context", W_V("SOUTH")) PER("context", W_V("NORTH")) TO_FRA), "FRA", RELEASE},
        {W_ALFA("S", INF("Admin", W_V("STAFF")) TO_FRA), "FRA", RELEASE},
        // userInput: any value, compared by value
        {W_ALFA("S", RES("Word", W_V("blue sky")) TO_FRA), "FRA", RELEASE},
        {W_ALFA("S", RES("Word", W_V("RED SEA")) TO_FRA), "FRA", DENY("category")},
        {W_ALFA("S", RES("Word", W_V("blue sky") W_V("RED SEA")) TO_FRA), "FRA", DENY("category")},
        {W_ALFA("S", RES("Word", W_V("Codeword")) TO_FRA), "FRA", DENY("category")},
    };
    RUN(policy, rows);
}

static void invalid_labels_are_denied(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {W_ALFA("OLD", TO_FRA), "FRA", DENY("invalid-label")},
        {W_ALFA("NONE", TO_FRA), "FRA", DENY("invalid-label")},
        {W_LABEL(W_ORIG("GAMMA", "S", TO_FRA)), "FRA", DENY("unknown-policy")},
        {W_ALFA("S", RES("Nothing", W_V("X")) TO_FRA), "FRA", DENY("invalid-label")},
        {W_ALFA("S", RES("Sens", W_V("X")) TO_FRA), "FRA", DENY("invalid-label")},
        {W_ALFA("S", PER("Sens", W_V("ATOM")) TO_FRA), "FRA", DENY("invalid-label")},
        {W_ALFA("S", RES("Sens", W_V("GONE")) TO_FRA), "FRA", DENY("invalid-label")},
        {W_ALFA("S", RES("Sens", W_V("TWICE")) TO_FRA), "FRA", RELEASE}, // the one that is not obsolete counts
        {W_ALFA("U", RES("Sens", W_V("ATOM")) TO_FRA), "FRA", DENY("invalid-label")}, // excludedClass
        {W_ALFA("S", RES("Sens", W_V("TOPMOST")) TO_FRA), "FRA", DENY("invalid-label")}, // requiredClass
        {W_ALFA("S", RES("Sens", W_V("CRYPTO")) TO_FRA), "FRA", RELEASE}, // excludes its tag set, but not itself
        {W_ALFA("S", RES("Sens", W_V("CRYPTO") W_V("ATOM")) TO_FRA), "FRA", DENY("invalid-label")},
        {W_ALFA("S", RES("Sens", W_V("NEEDS")) TO_FRA), "FRA", DENY("invalid-label")},
        {W_ALFA("S", RES("Sens", W_V("NEEDS")) PER("Context", W_V("NORTH")) TO_FRA), "FRA", RELEASE},
        {W_ALFA("S", RES("Sens", W_V("NEEDS")) PER("Context", W_V("NORTH") W_V("SOUTH")) TO_FRA), "FRA", DENY("invalid-label")},
        {W_ALFA("S", PER("Context", W_V("NORTH") W_V("SOUTH") W_V("EAST")) TO_FRA), "FRA", DENY("invalid-label")},
        {W_ALFA("S", PER("Context", W_V("NORTH") W_V("SOUTH") W_V("north")) TO_FRA), "FRA", RELEASE},
        // a URI must not contradict the name; with an unknown name it decides
        {W_LABEL("<originatorConfidentialityLabel xmlns='" W_SLAB "'><ConfidentialityInformation>"
                 "<PolicyIdentifier URI='urn:oid:2.999.2'>ALFA</PolicyIdentifier><Classification>S</Classification>" TO_FRA
                 "</ConfidentialityInformation></originatorConfidentialityLabel>"),
         "FRA", DENY("unknown-policy")},
        {W_LABEL("<originatorConfidentialityLabel xmlns='" W_SLAB "'><ConfidentialityInformation>"
                 "<PolicyIdentifier URI='urn:oid:2.999.55'>ALFA</PolicyIdentifier><Classification>S</Classification>" TO_FRA
                 "</ConfidentialityInformation></originatorConfidentialityLabel>"),
         "FRA", DENY("unknown-policy")},
        {W_LABEL("<originatorConfidentialityLabel xmlns='" W_SLAB "'><ConfidentialityInformation>"
                 "<PolicyIdentifier URI='urn:oid:2.999.1'>Alpha</PolicyIdentifier><Classification>S</Classification>" TO_FRA
                 "</ConfidentialityInformation></originatorConfidentialityLabel>"),
         "FRA", RELEASE},
    };
    RUN(policy, rows);
}

static void release_lists_never_widen(void **state)
{
    (void)state;
    static const struct row marked[] = {
        {W_ALFA("S", W_REL(W_V("USA"))), "FRA", DENY("not-releasable")},
        {W_ALFA("S", W_REL(W_V("USA") W_V("TEAM"))), "FRA", RELEASE},
        {W_ALFA("S", W_REL(W_V("outer"))), "FRA", RELEASE},
        {W_ALFA("U", ""), "FRA", DENY("unmarked")},
        {W_ALFA("U", PER("Context", W_V("NORTH"))), "FRA", DENY("unmarked")},
    };
    static const struct row unmarked[] = {
        {W_ALFA("U", ""), "FRA", RELEASE},
        {W_ALFA("U", ""), "USA", RELEASE},
        {W_ALFA("U", ""), "DEU", DENY("not-releasable")},
        {W_ALFA("S", W_REL(W_V("DEU"))), "FRA", DENY("not-releasable")},
    };
    RUN(policy, marked);
    RUN(policy_unmarked, unmarked);
}

#define BETA(cls, cats) W_LABEL(W_ORIG("BETA", cls, cats))
#define B_FRA PER("Release", W_V("FRA"))

static void labels_are_translated(void **state)
{
    (void)state;
    static const struct row rows[] = {
        // Low: the decrypt equivalent does not count, the first of the others does (R); USA holds it, the list does not
        {BETA("Low", B_FRA), "FRA", RELEASE},
        {BETA("Low", B_FRA), "USA", DENY("not-releasable")},
        {BETA("Low", PER("Release", W_V("ALL"))), "FRA", RELEASE},
        {BETA("Alone", B_FRA), "FRA", DENY("no-clearance")},
        {BETA("Lost", B_FRA), "FRA", DENY("no-clearance")},
        {BETA("Low", B_FRA), "ITA", DENY("no-clearance")},
        {BETA("Nothing", B_FRA), "FRA", DENY("invalid-label")},
        // High requires a Context: the first in SPIF order, NORTH, is added; USA does not hold it
        {BETA("High", B_FRA), "FRA", RELEASE},
        {BETA("High", B_FRA), "USA", DENY("category")},
        // a choice among several must be met
        {BETA("Chosen", B_FRA), "FRA", DENY("no-clearance")},
        {BETA("Chosen", RES("Caveat", W_V("NUC")) B_FRA), "FRA", RELEASE},
        {BETA("Low", RES("Caveat", W_V("LOCAL")) B_FRA), "FRA", DENY("no-clearance")},
        {BETA("Low", RES("Caveat", W_V("WRONG")) B_FRA), "FRA", DENY("no-clearance")},
        {BETA("Low", RES("Caveat", W_V("DROP")) B_FRA), "FRA", RELEASE},
        // all equivalents count and the discard beside them does not: CRYPTO and NORTH
        {BETA("Low", RES("Caveat", W_V("BOTH")) B_FRA), "FRA", RELEASE},
        {BETA("Low", RES("Caveat", W_V("BOTH")) B_FRA), "USA", DENY("category")},
        // and CRYPTO excludes ATOM: the translation is not valid
        {BETA("Low", RES("Caveat", W_V("BOTH") W_V("NUC")) B_FRA), "FRA", DENY("invalid-label")},
        {BETA("Low", W_CAT("INFORMATIVE", "Note", W_V("INTERNAL")) B_FRA), "FRA", RELEASE},
        {BETA("Low", PER("Release", W_V("DEU"))), "FRA", DENY("not-releasable")},
        {BETA("Low", ""), "FRA", DENY("unmarked")},
        // what was typed in stays what it says, where the equivalent takes any value; elsewhere it is the equivalent
        {BETA("Low", RES("Project", W_V("blue sky")) B_FRA), "FRA", RELEASE},
        {BETA("Low", RES("Project", W_V("RED SEA")) B_FRA), "FRA", DENY("category")},
        {BETA("Low", RES("Project", W_V("blue sky") W_V("RED SEA")) B_FRA), "FRA", DENY("category")},
        {BETA("Low", RES("Project", W_V("UNNAMED")) B_FRA), "FRA", DENY("category")}, // it is "Codeword"
        {BETA("Low", RES("Remark", W_V("anything")) B_FRA), "FRA", RELEASE}, // it is ATOM
        {BETA("Low", RES("Remark", W_V("anything")) B_FRA), "USA", DENY("category")},
        // DEU is cleared under BETA itself
        {BETA("Alone", PER("Release", W_V("DEU"))), "DEU", RELEASE},
    };
    static const struct row unmarked[] = {
        {BETA("Low", PER("Release", W_V("DEU"))), "FRA", DENY("not-releasable")},
        {BETA("Low", ""), "FRA", RELEASE},
    };
    RUN(policy, rows);
    RUN(policy_unmarked, unmarked);
}

static void alternatives_come_before_translation(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {W_LABEL(W_ORIG("GAMMA", "X", "") W_ALT("ALFA", "S", TO_FRA)), "FRA", RELEASE},
        {W_LABEL(W_ORIG("GAMMA", "X", "") W_ALT("DELTA", "X", "") W_ALT("ALFA", "S", TO_FRA) W_ALT("ALFA", "T", "")), "FRA", RELEASE},
        {W_LABEL(W_ORIG("BETA", "Low", B_FRA) W_ALT("ALFA", "T", TO_FRA)), "FRA", DENY("classification")},
        {W_LABEL(W_ORIG("ALFA", "S", TO_FRA) W_ALT("ALFA", "T", "")), "FRA", RELEASE},
        {W_LABEL(W_ORIG("ALFA", "S", TO_FRA) W_ALT("BETA", "Alone", "")), "DEU", DENY("classification")},
        // every other document may carry only restrictive categories that the partner holds under its policy
        {W_LABEL(W_ORIG("GAMMA", "X", RES("Any", W_V("Y"))) W_ALT("ALFA", "S", TO_FRA)), "FRA", DENY("category")},
        {W_LABEL(W_ORIG("GAMMA", "X", PER("Any", W_V("Y"))) W_ALT("ALFA", "S", TO_FRA)), "FRA", RELEASE},
        {W_LABEL(W_ORIG("BETA", "Low", RES("Caveat", W_V("NUC")) B_FRA) W_ALT("ALFA", "S", TO_FRA)), "FRA", DENY("category")},
        {W_LABEL(W_ORIG("BETA", "Low", PER("Caveat", W_V("NUC")) B_FRA) W_ALT("ALFA", "S", TO_FRA)), "FRA", DENY("category")},
        {W_LABEL(W_ORIG("ALFA", "S", TO_FRA) W_ALT("ALFA", "T", RES("Sens", W_V("ATOM")))), "FRA", RELEASE},
        {W_LABEL(W_ORIG("ALFA", "S", TO_FRA) W_ALT("ALFA", "T", RES("Sens", W_V("TOPMOST")))), "FRA", DENY("category")},
        {W_LABEL(W_ORIG("ALFA", "S", TO_FRA) W_ALT("ALFA", "T", RES("Sens", W_V("UNHEARD")))), "FRA", DENY("category")},
        {W_LABEL(W_ORIG("ALFA", "S", TO_FRA) W_ALT("ALFA", "T", RES("Rel", W_V("FRA")))), "FRA", DENY("category")},
        // the translated document itself is the one used
        {BETA("Low", RES("Caveat", W_V("NUC")) B_FRA), "FRA", RELEASE},
        // successors travel too
        {W_LABEL(W_SUCCEEDED(W_INFO("ALFA", "S", TO_FRA), "2030-01-01T00:00:00Z", W_INFO("ALFA", "S", RES("Sens", W_V("TOPMOST"))))),
         "FRA", DENY("category")},
        {W_LABEL(W_SUCCEEDED(W_INFO("ALFA", "S", TO_FRA), "2030-01-01T00:00:00Z", W_INFO("ALFA", "T", RES("Sens", W_V("ATOM"))))),
         "FRA", RELEASE},
    };
    RUN(policy, rows);
}

static void successors_take_over_in_time(void **state)
{
    (void)state;
    struct world w = world_new(policy);
    static const char report[] = W_PLAIN(
        W_LABEL(W_SUCCEEDED(W_INFO("ALFA", "T", TO_FRA), "2026-10-01T00:00:00", W_INFO("ALFA", "R", TO_FRA))));
    utc_ms at = world_time("2026-10-01T00:00:00Z");
    assert_string_equal(world_line(&w, report, "FRA", at - 1, NULL), "FRA deny classification A - -");
    assert_string_equal(world_line(&w, report, "FRA", at, NULL), "FRA release - A - -");
    world_free(&w);
}

static void membership_is_dated_at_every_step(void **state)
{
    (void)state;
    struct world w = world_new(policy);
    static const char team[] = W_PLAIN(W_ALFA("S", W_REL(W_V("TEAM")))), outer[] = W_PLAIN(W_ALFA("S", W_REL(W_V("OUTER"))));
    utc_ms from = world_time("2026-06-01T00:00:00Z"), until = world_time("2026-12-01T00:00:00Z");
    assert_string_equal(world_line(&w, outer, "FRA", from - 1, NULL), "FRA deny not-releasable A - -");
    assert_string_equal(world_line(&w, outer, "FRA", from, NULL), "FRA release - A - -");
    assert_string_equal(world_line(&w, outer, "FRA", until - 1, NULL), "FRA release - A - -");
    assert_string_equal(world_line(&w, outer, "FRA", until, NULL), "FRA deny not-releasable A - -");
    assert_string_equal(world_line(&w, team, "FRA", until, NULL), "FRA release - A - -");
    assert_string_equal(world_line(&w, team, "FRA", world_time("2027-01-01T00:00:00Z"), NULL), "FRA deny not-releasable A - -");
    world_free(&w);
}

static void ceilings_cap_classification(void **state)
{
    (void)state;
    static const char capped[] = W_POLICY(
        W_SECURITY PARTNERS "<agreements>" W_AGREEMENT("A", "*", "<ceiling policy='ALFA' max='R'/>" W_TERMS) "</agreements>");
    static const char foreign[] = W_POLICY(
        W_SECURITY PARTNERS "<agreements>" W_AGREEMENT("A", "*", "<ceiling policy='BETA' max='Low'/>" W_TERMS) "</agreements>");
    static const char lost[] = W_POLICY(
        W_SECURITY PARTNERS "<agreements>" W_AGREEMENT("A", "*", "<ceiling policy='BETA' max='Alone'/>" W_TERMS) "</agreements>");
    static const struct row low[] = {
        {W_ALFA("R", TO_FRA), "FRA", RELEASE},
        {W_ALFA("S", TO_FRA), "FRA", DENY("classification")},
    };
    static const struct row both[] = {
        {W_ALFA("R", TO_FRA), "FRA", RELEASE},
        {W_ALFA("S", TO_FRA), "FRA", DENY("classification")},
        {BETA("Low", PER("Release", W_V("DEU"))), "DEU", RELEASE},
        {BETA("High", PER("Release", W_V("DEU"))), "DEU", DENY("classification")},
    };
    static const struct row none[] = {{W_ALFA("U", TO_FRA), "FRA", DENY("classification")}};
    // a ceiling of ALFA on labels of BETA: R is Low there
    static const struct row reversed[] = {
        {BETA("Low", PER("Release", W_V("DEU"))), "DEU", RELEASE},
        {BETA("High", PER("Release", W_V("DEU"))), "DEU", DENY("classification")},
    };
    RUN(capped, low);
    RUN(capped, reversed);
    RUN(foreign, both);
    RUN(lost, none);
}

static const char *replaced(struct world *w, const char *text, const char *what, const char *with)
{
    const char *at = strstr(text, what);
    assert_non_null(at);
    return arena_printf(w->a, "%.*s%s%s", (int)(at - text), text, with, at + strlen(what));
}

// Of singleSelection and maxSelection the smaller counts.
static void selection_limits_hold_both(void **state)
{
    (void)state;
    static const struct {
        const char *limits, *values, *expected;
    } rows[] = {
        {"singleSelection='true' maxSelection='2'", W_V("NORTH"), "FRA " RELEASE},
        {"singleSelection='true' maxSelection='2'", W_V("NORTH") W_V("SOUTH"), "FRA " DENY("invalid-label")},
        {"singleSelection='true' maxSelection='0'", W_V("NORTH"), "FRA " DENY("invalid-label")},
        {"singleSelection='true'", W_V("NORTH") W_V("SOUTH"), "FRA " DENY("invalid-label")},
        {"minSelection='2'", W_V("NORTH"), "FRA " DENY("invalid-label")},
        {"minSelection='2'", W_V("NORTH") W_V("SOUTH"), "FRA " RELEASE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world w = world_new(NULL);
        const char *alfa = replaced(&w, world_alfa, "maxSelection='2'", rows[i].limits);
        assert_int_equal(world_try(&w, policy, alfa, NULL), ST_OK);
        const char *label = arena_printf(w.a, W_ALFA("S", PER("Context", "%s") TO_FRA), rows[i].values);
        const char *report = arena_printf(w.a, W_PLAIN("%s"), label);
        const char *got = world_line(&w, report, "FRA", world_time("2026-11-22T00:00:00Z"), NULL);
        if (strcmp(got, rows[i].expected) != 0)
            fail_msg("row %zu: expected \"%s\", got \"%s\"", i, rows[i].expected, got);
        world_free(&w);
    }
}

// An explanation names the tag set and the value that decide.
static void explanations_name_the_category(void **state)
{
    (void)state;
    static const struct {
        const char *report, *expected;
    } rows[] = {
        {W_PLAIN(W_ALFA("S", RES("Sens", W_V("ATOM")) W_REL(W_V("USA")))), "category: Sens ATOM\tALFA\t"},
        {W_PLAIN(W_ALFA("S", PER("Context", W_V("SOUTH")) W_REL(W_V("USA")))), "category: Context SOUTH\tALFA\t"},
        {W_PLAIN(W_LABEL(W_ORIG("ALFA", "S", W_REL(W_V("USA"))) W_ALT("ALFA", "T", RES("Sens", W_V("TOPMOST"))))),
         "category: Sens TOPMOST\tALFA\t"},
        {W_PLAIN(W_LABEL(W_ORIG("ALFA", "S", W_REL(W_V("USA"))) W_ALT("GAMMA", "T", RES("Any", W_V("X"))))),
         "category: X\tALFA\t"},
        {W_PLAIN(BETA("Low", PER("Release", W_V("FRA")))), "not-releasable\tALFA (translated)\t"},
    };
    struct world w = world_new(policy);
    struct decide_record rec = {.stored_at = UTC_MIN};
    struct buf out;
    buf_init(&out, 64 * KIB);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        buf_reset(&out);
        explain_text(w.rules, world_report(&w, rows[i].report), ruleset_partner_index(w.rules, "USA"),
                     world_time("2026-11-22T00:00:00Z"), &rec, &out);
        if (!strstr(buf_cstr(&out), rows[i].expected))
            fail_msg("row %zu: \"%s\" is missing in:\n%s", i, rows[i].expected, buf_cstr(&out));
    }
    buf_fini(&out);
    world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clearance_decides),
        cmocka_unit_test(invalid_labels_are_denied),
        cmocka_unit_test(release_lists_never_widen),
        cmocka_unit_test(labels_are_translated),
        cmocka_unit_test(alternatives_come_before_translation),
        cmocka_unit_test(successors_take_over_in_time),
        cmocka_unit_test(membership_is_dated_at_every_step),
        cmocka_unit_test(ceilings_cap_classification),
        cmocka_unit_test(selection_limits_hold_both),
        cmocka_unit_test(explanations_name_the_category),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
