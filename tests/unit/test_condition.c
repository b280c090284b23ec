// Conditions in three values (spec 3.2), each asked as the `when` of a denial and as the `scope` of an agreement.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/policy_world.h"

// The reports below carry these.
#define FACTS                                                                                                \
    "<topic>piracy</topic><area>NGA</area><grading reliability='B' credibility='2'/>"
#define LABEL W_ALFA("S", W_CAT("PERMISSIVE", "Context", W_V("NORTH")) W_REL(W_V("FRA")))
#define REPORT_OF(label, more) W_REPORT(label, W_HEADER_OF("separable='true'", "", "GBR", more), W_PORTION(""))
static const char usual[] = REPORT_OF(LABEL, FACTS);

enum { F, U, T }; // false, unknown, true

// Does a denial with this `when` fire; does an agreement with this `scope` cover?
static void ask(const char *condition, const char *report, bool *ret_fires, bool *ret_covers)
{
    struct world w = world_new(NULL);
    const char *policy = arena_printf(
        w.a,
        W_POLICY(W_SECURITY "<partners><partner id='FRA' name='f' kind='nation'><clearance policy='ALFA' max='T'/></partner>"
                            "<partner id='DEU' name='d' kind='nation'/></partners>"
                            "<denials><deny id='D' partners='FRA'><when>%s</when></deny></denials>"
                            "<agreements><agreement id='A' parties='DEU'><scope>%s</scope>" W_TERMS "</agreement></agreements>"),
        condition, condition);
    if (world_try(&w, policy, NULL, NULL) != ST_OK)
        fail_msg("refused: %s: %s", condition, w.d->faults[0].message);
    utc_ms t = world_time("2026-11-22T00:00:00Z");
    struct decide_record rec = {.received = true, .onward = ONWARD_PERMITTED};
    *ret_fires = strstr(world_line(&w, report, "FRA", t, &rec), "deny rule D") != NULL;
    *ret_covers = strstr(world_line(&w, report, "DEU", t, &rec), "no-agreement") == NULL;
    world_free(&w);
}

struct row {
    const char *condition;
    int truth;
};

static void expect(const char *report, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool fires, covers;
        ask(rows[i].condition, report, &fires, &covers);
        if (fires != (rows[i].truth != F) || covers != (rows[i].truth == T))
            fail_msg("row %zu: %s: fires %d, covers %d", i, rows[i].condition, fires, covers);
    }
}
#define EXPECT(report, rows) expect(report, rows, sizeof(rows) / sizeof *(rows))

static void simple_conditions(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"<topic any-of='cyber piracy'/>", T},
        {"<topic any-of='cyber'/>", F},
        {"<area any-of='NGA'/>", T},
        {"<area any-of='GULF'/>", T},
        {"<area any-of='CIV MLI'/>", F},
        {"<type any-of='INTSUM INTREP'/>", T},
        {"<originator any-of='FRA'/>", F},
        {"<originator any-of='GBR'/>", T},
        {"<cell any-of='J2'/>", T},
        {"<cell any-of='j2'/>", F},
        {"<grading reliability-at-least='B'/>", T},
        {"<grading reliability-at-least='A'/>", F},
        {"<grading reliability-at-least='E' credibility-at-least='1'/>", F},
        {"<grading credibility-at-least='2'/>", T},
        {"<exercise any-of='*'/>", F},
        {"<category policy='ALFA' tag-set='Context'><value>north</value></category>", T},
        {"<category policy='ALFA' tag-set='Context'><value>SOUTH</value></category>", F},
        {"<category policy='BETA' tag-set='Caveat'><value>NUC</value></category>", F},
        {"<topic any-of='piracy'/><area any-of='MLI'/>", F},
        {"<topic any-of='piracy'/><area any-of='GULF'/>", T},
    };
    EXPECT(usual, rows);
}

static void regions_do_not_spread_back(void **state)
{
    (void)state;
    static const struct row rows[] = {{"<area any-of='GULF'/>", T}, {"<area any-of='NGA'/>", F}};
    EXPECT(REPORT_OF(LABEL, "<area>GULF</area>"), rows);
}

static void what_cannot_be_judged_never_satisfies(void **state)
{
    (void)state;
    static const struct row rows[] = {{"<grading reliability-at-least='E'/>", F}, {"<grading credibility-at-least='5'/>", F}};
    EXPECT(REPORT_OF(LABEL, "<grading reliability='F' credibility='6'/>"), rows);
    EXPECT(REPORT_OF(LABEL, ""), rows);
}

static void classification_may_be_unknown(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"<classification policy='ALFA' at-least='S'/>", T},
        {"<classification policy='ALFA' at-least='T'/>", F},
        {"<classification policy='ALFA' at-most='R'/>", F},
        {"<classification policy='ALFA' at-least='R' at-most='S'/>", T},
        // S translates to High of BETA
        {"<classification policy='BETA' at-least='High' at-most='High'/>", T},
        {"<classification policy='BETA' at-most='Low'/>", F},
    };
    EXPECT(usual, rows);
    static const struct row untranslatable[] = {
        {"<classification policy='BETA' at-least='Low'/>", U},
        {"<not><classification policy='BETA' at-least='Low'/></not>", U},
        {"<all><classification policy='BETA' at-least='Low'/><topic any-of='cyber'/></all>", F},
        {"<all><classification policy='BETA' at-least='Low'/><topic any-of='piracy'/></all>", U},
        {"<any><classification policy='BETA' at-least='Low'/><topic any-of='piracy'/></any>", T},
        {"<any><classification policy='BETA' at-least='Low'/><topic any-of='cyber'/></any>", U},
        {"<not><all><classification policy='BETA' at-least='Low'/><topic any-of='cyber'/></all></not>", T},
        {"<not><topic any-of='piracy'/></not>", F},
    };
    EXPECT(REPORT_OF(W_ALFA("T", ""), FACTS), untranslatable);
    static const struct row unknown[] = {{"<classification policy='ALFA' at-least='U'/>", U}};
    EXPECT(REPORT_OF(W_ALFA("NOSUCH", ""), ""), unknown);
    EXPECT(REPORT_OF(W_LABEL(W_ORIG("GAMMA", "X", "")), ""), unknown);
}

static void alternatives_count_before_translation(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"<classification policy='BETA' at-most='Low'/>", T},
        {"<classification policy='ALFA' at-least='S'/>", T},
        {"<category policy='BETA' tag-set='Caveat'><value>NUC</value></category>", T},
    };
    EXPECT(REPORT_OF(W_LABEL(W_ORIG("ALFA", "S", "") W_ALT("BETA", "Low", W_CAT("RESTRICTIVE", "Caveat", W_V("NUC")))), ""), rows);
}

static void withheld_labels_are_unknown(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"<classification policy='ALFA' at-least='U'/>", U},
        {"<category policy='ALFA' tag-set='Context'><value>NORTH</value></category>", U},
    };
    EXPECT("<report xmlns='urn:relto:report:1'><withheld ref='label'/>" W_HEADER_OF("separable='true'", LABEL, "GBR", "")
               W_PORTION(LABEL) "</report>",
           rows);
}

static void exercise_and_reality_never_mix(void **state)
{
    (void)state;
    // As a denial the condition stands as it is; a scope needs it directly.
    static const struct {
        const char *condition;
        bool fires, covers;
    } rows[] = {
        {"<exercise any-of='STEADFAST'/>", true, true},
        {"<exercise any-of='*'/>", true, true},
        {"<exercise any-of='OTHER'/>", false, false},
        {"<topic any-of='piracy'/>", true, false},
        {"<any><exercise any-of='STEADFAST'/></any>", true, false},
        {"<all><exercise any-of='STEADFAST'/></all><topic any-of='piracy'/>", true, false},
        {"<topic any-of='piracy'/><exercise any-of='STEADFAST OTHER'/>", true, true},
        {"<not><exercise any-of='OTHER'/></not>", true, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool fires, covers;
        ask(rows[i].condition, REPORT_OF(LABEL, FACTS "<exercise>STEADFAST</exercise>"), &fires, &covers);
        if (fires != rows[i].fires || covers != rows[i].covers)
            fail_msg("row %zu: fires %d, covers %d", i, fires, covers);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(simple_conditions),
        cmocka_unit_test(regions_do_not_spread_back),
        cmocka_unit_test(what_cannot_be_judged_never_satisfies),
        cmocka_unit_test(classification_may_be_unknown),
        cmocka_unit_test(alternatives_count_before_translation),
        cmocka_unit_test(withheld_labels_are_unknown),
        cmocka_unit_test(exercise_and_reality_never_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
