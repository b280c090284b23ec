// policy/lint: what has no effect is found, and nothing else is.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "policy/lint.h"
#include "tests/support/import_support.h"
#include "tests/support/policy_world.h"

#define FRA "<partner id='FRA'><clearance policy='ALFA' max='S'/></partner>"
#define DEU "<partner id='DEU'><clearance policy='ALFA' max='S'/></partner>"
#define PARTNERS "<partners>" FRA DEU "</partners>"
#define TERMS "<ceiling policy='ALFA' max='S'/>" W_TERMS
#define AGREE(id, attrs, scope) "<agreement id='" id "' " attrs "><scope>" scope "</scope>" TERMS "</agreement>"
#define TO_FRA(id, scope) AGREE(id, "parties='FRA'", scope)
#define DENY(id, who, when) "<deny id='" id "' partners='" who "' withdraw='false'><when>" when "</when></deny>"
#define OF(agreements) W_POLICY(W_SECURITY PARTNERS "<agreements>" agreements "</agreements>")
#define DENIED(denials, agreements) \
    W_POLICY(W_SECURITY PARTNERS "<denials>" denials "</denials><agreements>" agreements "</agreements>")
#define INTREP "<type any-of='INTREP'/>"

static void note(void *ctx, const struct lint_finding *f)
{
    char *out = ctx;
    size_t n = strlen(out);
    assert_true(f->line > 0 && *f->message);
    snprintf(out + n, 1024 - n, "%s%s%s %s", n ? "; " : "", f->warning ? "? " : "", f->id, f->rule);
}

static void expect(const char *policy, const char *expected)
{
    char out[1024] = "";
    struct world w = world_new(policy);
    assert_int_equal(policy_lint(w.rules, world_time("2026-11-22T12:00:00Z"), note, out), ST_OK);
    if (strcmp(out, expected) != 0)
        fail_msg("expected: %s\n     got: %s\n      of: %s", expected, out, policy);
    world_free(&w);
}

static void scopes_that_contradict_themselves(void **state)
{
    (void)state;
    static const char *const never[] = {
        TO_FRA("A", INTREP "<type any-of='INTSUM'/>"),
        TO_FRA("A", INTREP "<not>" INTREP "</not>"),
        TO_FRA("A", "<topic any-of='piracy'/><not><topic any-of='cyber piracy'/></not>"),
        TO_FRA("A", "<area any-of='NGA'/><not><area any-of='GULF'/></not>"),
        TO_FRA("A", "<originator any-of='FRA'/>"),
        TO_FRA("A", "<cell any-of='J2'/><all><cell any-of='J3 J4'/></all>"),
        TO_FRA("A", "<classification policy='ALFA' at-least='S'/><classification policy='ALFA' at-most='R'/>"),
        TO_FRA("A", "<category policy='ALFA' tag-set='Sens'><value>ATOM</value></category>"
                    "<not><category policy='ALFA' tag-set='sens'><value>atom</value></category></not>"),
        TO_FRA("A", "<grading reliability-at-least='B'/><not><grading reliability-at-least='C'/></not>"),
        TO_FRA("A", INTREP "<any><exercise any-of='X'/></any>"),
        TO_FRA("A", "<exercise any-of='X'/><not><exercise any-of='*'/></not>"),
        TO_FRA("A", "<any><all>" INTREP "<type any-of='INTSUM'/></all><not><any><topic any-of='cyber'/>"
                    "<not><topic any-of='cyber'/></not></any></not></any>"),
        AGREE("A", "parties='FRA' from='2027-01-01T00:00:00Z' until='2027-01-01T00:00:00Z'", INTREP),
    };
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
        char policy[4096];
        snprintf(policy, sizeof policy, "%s%s%s", "<policy xmlns='urn:relto:policy:1' nation='GBR' serial='1'>" W_SECURITY PARTNERS "<agreements>",
                 never[i], "</agreements></policy>");
        struct world w = world_new(NULL);
        if (world_try(&w, policy, NULL, NULL) == ST_OK)
            expect(policy, "A agreement-never-matches");
        else
            assert_int_equal(i, sizeof never / sizeof *never - 1); // empty spans of time are refused by the reader
        world_free(&w);
    }
}

static void scopes_that_some_report_meets(void **state)
{
    (void)state;
    expect(OF(TO_FRA("A", INTREP)), "");
    expect(OF(TO_FRA("A", "<area any-of='GULF'/><not><area any-of='NGA'/></not>")), "");
    expect(OF(TO_FRA("A", "<area any-of='GULF'/><not><area any-of='NGA CIV'/></not>")), ""); // the region itself
    expect(OF(TO_FRA("A", "<topic any-of='piracy'/><topic any-of='cyber'/>")), "");          // both
    expect(OF(TO_FRA("A", "<originator any-of='FRA DEU'/>")), "");
    expect(OF(TO_FRA("A", "<not><grading reliability-at-least='E'/></not>")), ""); // not graded, or F
    expect(OF(TO_FRA("A", "<classification policy='ALFA' at-least='S' at-most='S'/>")), "");
    expect(OF(TO_FRA("A", "<exercise any-of='X'/><exercise any-of='Y'/>")), "");
    expect(OF(TO_FRA("A", "<any><type any-of='INTSUM'/><exercise any-of='X'/></any>")), "");
}

static void shadows(void **state)
{
    (void)state;
    expect(OF(TO_FRA("A", INTREP) TO_FRA("B", INTREP "<topic any-of='cyber'/>")), "B agreement-shadowed");
    expect(OF(TO_FRA("A", INTREP "<topic any-of='cyber'/>") TO_FRA("B", INTREP)), "");
    expect(OF(TO_FRA("A", "<area any-of='GULF'/>") TO_FRA("B", "<area any-of='NGA'/>")), "B agreement-shadowed");
    expect(OF(TO_FRA("A", "<area any-of='NGA'/>") TO_FRA("B", "<area any-of='GULF'/>")), "");
    // by two together
    expect(OF(TO_FRA("A", "<topic any-of='cyber'/>") TO_FRA("B", "<not><topic any-of='cyber'/></not>") TO_FRA("C", INTREP)),
           "C agreement-shadowed");
    // another partner is left over; one that is not in force leaves all over
    expect(OF(TO_FRA("A", INTREP) AGREE("B", "parties='FRA DEU'", INTREP)), "");
    expect(OF(AGREE("A", "parties='FRA' until='2027-06-01T00:00:00Z'", INTREP) TO_FRA("B", INTREP)), "");
    expect(OF(AGREE("A", "parties='FRA' until='2027-06-01T00:00:00Z'", INTREP)
                  AGREE("B", "parties='FRA' until='2027-03-01T00:00:00Z'", INTREP)), "B agreement-shadowed");
    // a report of an exercise is left over
    expect(OF(TO_FRA("A", INTREP) TO_FRA("B", INTREP "<exercise any-of='*'/>")), "");
    expect(OF(TO_FRA("A", INTREP "<exercise any-of='*'/>") TO_FRA("B", INTREP "<exercise any-of='X'/>")), "B agreement-shadowed");
    // an unknown classification is left over: not(unknown) does not hold
    expect(OF(TO_FRA("A", "<classification policy='ALFA' at-least='S'/>") TO_FRA("B", "<classification policy='ALFA' at-most='R'/>")
                  TO_FRA("C", INTREP)), "");
}

static void denials(void **state)
{
    (void)state;
    expect(DENIED(DENY("D", "*", "<topic any-of='cyber'/>"), TO_FRA("A", INTREP)), "");
    expect(DENIED(DENY("D", "*", INTREP "<type any-of='INTSUM'/>"), TO_FRA("A", INTREP)), "D denial-never-fires");
    expect(DENIED(DENY("D", "FRA", INTREP) DENY("E", "FRA", INTREP "<topic any-of='cyber'/>"), TO_FRA("A", "<type any-of='INTSUM'/>")),
           "E denial-shadowed");
    expect(DENIED(DENY("D", "FRA", INTREP) DENY("E", "*", INTREP), TO_FRA("A", "<type any-of='INTSUM'/>")), "");
    expect(DENIED(DENY("D", "*", INTREP), TO_FRA("A", INTREP "<topic any-of='cyber'/>")), "A agreement-denied");
    // what cannot be known fires: such a denial is no contradiction
    expect(DENIED(DENY("D", "*", "<classification policy='ALFA' at-least='S'/><classification policy='ALFA' at-most='R'/>"),
                  TO_FRA("A", INTREP)), "");
    expect(DENIED(DENY("D", "*", ""), TO_FRA("A", INTREP)), "A agreement-denied");
}

#define COMMUNITY(id, members) "<community id='" id "'>" members "</community>"
#define WITH_COMMUNITIES(communities, denials, agreements) \
    W_POLICY(W_SECURITY "<communities>" communities "</communities>" PARTNERS "<denials>" denials "</denials><agreements>" agreements "</agreements>")

static void communities(void **state)
{
    (void)state;
    expect(WITH_COMMUNITIES(COMMUNITY("C", ""), "", TO_FRA("A", INTREP)), "C community-empty");
    expect(WITH_COMMUNITIES(COMMUNITY("C", "<member partner='FRA' from='2027-01-01T00:00:00Z'/>"), "", TO_FRA("A", INTREP)), "");
    expect(WITH_COMMUNITIES(COMMUNITY("C", "<member partner='FRA' until='2026-01-01T00:00:00Z'/>"), "", TO_FRA("A", INTREP)),
           "C community-empty");
    expect(WITH_COMMUNITIES(COMMUNITY("C", "") COMMUNITY("D", "<member community='C'/>"), "", TO_FRA("A", INTREP)),
           "C community-empty; D community-empty");
    expect(WITH_COMMUNITIES(COMMUNITY("C", ""), DENY("D", "C", INTREP), AGREE("A", "parties='C'", INTREP)),
           "C community-empty; D denial-never-fires; A agreement-never-matches");
    // member and agreement never at the same time
    expect(WITH_COMMUNITIES(COMMUNITY("C", "<member partner='FRA' until='2027-01-01T00:00:00Z'/>"), "",
                            AGREE("A", "parties='C' from='2027-01-01T00:00:00Z'", INTREP)), "A agreement-never-matches");
}

static void clearances(void **state)
{
    (void)state;
    expect(W_POLICY(W_SECURITY "<partners><partner id='FRA'/></partners><agreements>" TO_FRA("A", INTREP) "</agreements>"),
           "FRA partner-without-clearance");
    expect(W_POLICY(W_SECURITY "<partners><partner id='FRA'><clearance policy='BETA' max='High'/></partner></partners><agreements>" TO_FRA(
               "A", INTREP) "</agreements>"), "FRA partner-without-clearance");
    // a party to nothing, and an agreement on every policy
    expect(W_POLICY(W_SECURITY "<partners>" FRA "<partner id='DEU'/></partners><agreements>" TO_FRA("A", INTREP) "</agreements>"), "");
    expect(W_POLICY(W_SECURITY "<partners><partner id='FRA'><clearance policy='BETA' max='High'/></partner></partners><agreements>"
                               W_AGREEMENT("A", "FRA", W_TERMS) "</agreements>"), "");
}

static void the_calendar(void **state)
{
    (void)state;
    expect(OF(AGREE("A", "parties='FRA' until='2026-11-22T12:00:00Z'", INTREP)), "? A agreement-over");
    expect(OF(AGREE("A", "parties='FRA' until='2026-12-22T12:00:00Z'", INTREP)), "? A agreement-expires");
    expect(OF(AGREE("A", "parties='FRA' until='2026-12-22T12:00:01Z'", INTREP)), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scopes_that_contradict_themselves),
        cmocka_unit_test(scopes_that_some_report_meets),
        cmocka_unit_test(shadows),
        cmocka_unit_test(denials),
        cmocka_unit_test(communities),
        cmocka_unit_test(clearances),
        cmocka_unit_test(the_calendar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
