// decide_bulk remembers what labels, attributes and conditions gave: whatever differs in a single word must not be taken for
// what was met before. Every ordered pair of reports that differ in one thing, against decide().
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "policy/decide_bulk.h"
#include "tests/support/policy_world.h"

#define CLEARED                                                                                              \
    "<clearance policy='ALFA' max='S'><category tag-set='Sens'>ATOM</category><category tag-set='Sens'>CRYPTO</category>" \
    "<category tag-set='Context'>NORTH</category><category tag-set='Word'>ATOM</category></clearance>"
#define P(id) "<partner id='" id "' name='" id "' kind='nation'>" CLEARED "</partner>"
// Each denial strikes its own partner, and has a neighbour that differs from it in one word.
#define DENY(id, when) "<deny id='D-" id "' partners='" id "'><when>" when "</when></deny>"
#define CLASSED(id, attrs) DENY(id, "<classification policy='ALFA' " attrs "/>")
#define CARRIES(id, policy, set, value) DENY(id, "<category policy='" policy "' tag-set='" set "'><value>" value "</value></category>")
#define ANY_OF(id, what, words) DENY(id, "<" what " any-of='" words "'/>")

static const char policy[] = W_POLICY(
    W_SECURITY "<partners>" P("C1") P("C2") P("C3") P("C4") P("C5") P("K1") P("K2") P("K3") P("K4") P("G1") P("G2") P("G3") P("G4")
    P("W1") P("W2") P("W3") P("W4") P("W5") P("A1") P("A2") P("FRA") P("DEU") "</partners><denials>"
    CLASSED("C1", "at-most='R'") CLASSED("C2", "at-most='U'") CLASSED("C3", "at-least='S'") CLASSED("C4", "at-least='R'")
    CLASSED("C5", "at-least='R' at-most='R'")
    CARRIES("K1", "ALFA", "Sens", "ATOM") CARRIES("K2", "BETA", "Sens", "ATOM") CARRIES("K3", "ALFA", "Word", "ATOM")
    CARRIES("K4", "ALFA", "Sens", "CRYPTO")
    DENY("G1", "<grading reliability-at-least='B'/>") DENY("G2", "<grading reliability-at-least='C'/>")
    DENY("G3", "<grading credibility-at-least='2'/>") DENY("G4", "<grading credibility-at-least='3'/>")
    ANY_OF("W1", "topic", "cyber") ANY_OF("W2", "exercise", "cyber") ANY_OF("W3", "cell", "cyber") ANY_OF("W4", "topic", "piracy cyber")
    ANY_OF("W5", "type", "INTSUM") ANY_OF("A1", "area", "NGA") ANY_OF("A2", "originator", "DEU")
    "</denials><agreements>"
    "<agreement id='X' parties='*'><scope><any><type any-of='INTREP INTSUM'/></any><exercise any-of='*'/></scope>" W_TERMS "</agreement>"
    "<agreement id='A' parties='*'><scope><any><type any-of='INTREP INTSUM'/></any></scope>" W_TERMS "</agreement></agreements>");

#define RES(set, values) W_CAT("RESTRICTIVE", set, values)
#define TO_ALL W_REL(W_V("FRA") W_V("DEU"))
#define HEADER(type, nation, cell, more)                                                                     \
    "<header type='" type "' separable='true' issued='2026-01-01T00:00:00Z'><originator nation='" nation "' cell='" cell "'/><title>t</title>" more "</header>"
#define OF_LABEL(label) W_REPORT(label, HEADER("INTREP", "GBR", "J2", ""), W_PORTION(""))
#define OF_HEADER(header) W_REPORT(W_ALFA("R", TO_ALL), header, W_PORTION(""))
#define SUCCEEDED(at) W_LABEL(W_SUCCEEDED(W_INFO("ALFA", "T", TO_ALL), at, W_INFO("ALFA", "R", TO_ALL)))
#define WITH_URI(uri)                                                                                        \
    W_LABEL("<originatorConfidentialityLabel xmlns='" W_SLAB "'><ConfidentialityInformation><PolicyIdentifier" uri ">ALFA</PolicyIdentifier>" \
            "<Classification>R</Classification>" TO_ALL "</ConfidentialityInformation></originatorConfidentialityLabel>")

static const char *const texts[] = {
    // labels: classification, policy, URI, categories, values, types, lists, alternatives, succession
    OF_LABEL(W_ALFA("U", TO_ALL)), OF_LABEL(W_ALFA("R", TO_ALL)), OF_LABEL(W_ALFA("S", TO_ALL)), OF_LABEL(W_ALFA("T", TO_ALL)),
    OF_LABEL(W_LABEL(W_ORIG("ALFB", "R", TO_ALL))), OF_LABEL(WITH_URI("")), OF_LABEL(WITH_URI(" URI='urn:oid:2.999.1'")),
    OF_LABEL(WITH_URI(" URI='urn:oid:2.999.2'")), OF_LABEL(W_ALFA("R", "")), OF_LABEL(W_ALFA("R", W_REL(W_V("FRA")))),
    OF_LABEL(W_ALFA("R", W_REL(W_V("DEU")))), OF_LABEL(W_ALFA("R", W_REL(W_V("DEU") W_V("FRA")))),
    OF_LABEL(W_ALFA("R", RES("Sens", W_V("ATOM")) TO_ALL)), OF_LABEL(W_ALFA("R", RES("Sens", W_V("CRYPTO")) TO_ALL)),
    OF_LABEL(W_ALFA("R", RES("Sens", W_V("ATOX")) TO_ALL)), OF_LABEL(W_ALFA("R", W_CAT("PERMISSIVE", "Sens", W_V("ATOM")) TO_ALL)),
    OF_LABEL(W_ALFA("R", RES("Word", W_V("ATOM")) TO_ALL)), OF_LABEL(W_ALFA("R", RES("Word", W_V("ATOX")) TO_ALL)),
    OF_LABEL(W_ALFA("R", RES("Word", W_V("ATOM") W_V("X")) TO_ALL)), OF_LABEL(W_ALFA("R", RES("Word", W_V("ATOMX")) TO_ALL)),
    OF_LABEL(W_ALFA("R", RES("Word", W_V("ATOM")) RES("Word", W_V("X")) TO_ALL)), OF_LABEL(W_ALFA("R", RES("Word", "") TO_ALL)),
    OF_LABEL(W_LABEL(W_ORIG("ALFA", "R", TO_ALL) W_ALT("BETA", "Low", RES("Sens", W_V("ATOM"))))),
    OF_LABEL(W_LABEL(W_ORIG("ALFA", "R", TO_ALL) W_ALT("BETA", "Low", RES("Sens", W_V("LOCAL"))))),
    OF_LABEL(W_LABEL(W_ORIG("ALFA", "R", TO_ALL) W_ALT("BETA", "Low", ""))),
    OF_LABEL(W_LABEL(W_ORIG("GAMMA", "R", TO_ALL) W_ALT("ALFA", "S", TO_ALL))),
    OF_LABEL(W_LABEL(W_ORIG("GAMMA", "R", TO_ALL) W_ALT("ALFA", "T", TO_ALL))),
    OF_LABEL(SUCCEEDED("2026-06-01T00:00:00Z")), OF_LABEL(SUCCEEDED("2027-06-01T00:00:00Z")),
    OF_LABEL(W_LABEL(W_SUCCEEDED(W_INFO("ALFA", "T", TO_ALL), "2026-06-01T00:00:00Z", W_INFO("ALFA", "S", TO_ALL)))),
    // labels of the header and of a portion
    W_REPORT(W_ALFA("R", TO_ALL), W_HEADER_OF("separable='true'", W_ALFA("U", TO_ALL), "GBR", ""), W_PORTION("")),
    W_REPORT(W_ALFA("R", TO_ALL), W_HEADER_OF("separable='true'", W_ALFA("T", TO_ALL), "GBR", ""), W_PORTION("")),
    W_REPORT(W_ALFA("R", TO_ALL), W_HEADER_OF("separable='true'", "", "GBR", ""), W_PORTION("") W_PORTION(W_ALFA("T", TO_ALL))),
    W_REPORT(W_ALFA("R", TO_ALL), W_HEADER_OF("separable='true'", "", "GBR", ""), W_PORTION("") W_PORTION(W_ALFA("S", TO_ALL))),
    // attributes
    OF_HEADER(HEADER("INTSUM", "GBR", "J2", "")), OF_HEADER(HEADER("INTREP", "DEU", "J2", "")), OF_HEADER(HEADER("INTREP", "FRA", "J2", "")),
    OF_HEADER(HEADER("INTREP", "GBR", "cyber", "")), OF_HEADER(HEADER("INTREP", "GBR", "cybez", "")),
    OF_HEADER(HEADER("INTREP", "GBR", "J2", "<topic>cyber</topic>")), OF_HEADER(HEADER("INTREP", "GBR", "J2", "<topic>piracy</topic>")),
    OF_HEADER(HEADER("INTREP", "GBR", "J2", "<topic>piracy</topic><topic>cyber</topic>")),
    OF_HEADER(HEADER("INTREP", "GBR", "J2", "<topic>cybe</topic>")), OF_HEADER(HEADER("INTREP", "GBR", "J2", "<area>NGA</area>")),
    OF_HEADER(HEADER("INTREP", "GBR", "J2", "<area>CIV</area>")), OF_HEADER(HEADER("INTREP", "GBR", "J2", "<area>CIV</area><area>NGA</area>")),
    OF_HEADER(HEADER("INTREP", "GBR", "J2", "<exercise>cyber</exercise>")), OF_HEADER(HEADER("INTREP", "GBR", "J2", "<exercise>other</exercise>")),
    OF_HEADER(HEADER("INTREP", "GBR", "J2", "<grading reliability='B'/>")), OF_HEADER(HEADER("INTREP", "GBR", "J2", "<grading reliability='C'/>")),
    OF_HEADER(HEADER("INTREP", "GBR", "J2", "<grading credibility='2'/>")), OF_HEADER(HEADER("INTREP", "GBR", "J2", "<grading credibility='3'/>")),
};
enum { REPORTS = sizeof texts / sizeof *texts };

static const char *replaced(struct world *w, const char *text, const char *what, const char *with)
{
    const char *at = strstr(text, what);
    assert_non_null(at);
    return arena_printf(w->a, "%.*s%s%s", (int)(at - text), text, with, at + strlen(what));
}

static void compare(const struct world *w, struct decide_bulk *b, const struct report *const *reports, size_t before, size_t now, utc_ms t)
{
    const struct decide_record rec = {.received = strcmp(reports[now]->nation, "GBR") != 0, .onward = ONWARD_PERMITTED, .stored_at = UTC_MIN};
    const struct decide_bulk_sets *sets;
    assert_int_equal(decide_bulk(b, reports[now], &rec, &sets), ST_OK);
    for (size_t p = 0; p < ruleset_partner_count(w->rules); p++) {
        struct decision one, bulk;
        decide(w->rules, reports[now], p, t, &rec, &one);
        decide_bulk_partner(b, p, &bulk);
        if (one.outcome != bulk.outcome || one.reason != bulk.reason || one.agreement != bulk.agreement ||
            one.withheld.bits[0] != bulk.withheld.bits[0] || one.next_change != bulk.next_change)
            fail_msg("report %zu after report %zu, partner %s: %s %s, one by one %s %s", now, before,
                     ruleset_partner(w->rules, p)->id, outcome_text(bulk.outcome), reason_text(bulk.reason),
                     outcome_text(one.outcome), reason_text(one.reason));
    }
}

static void what_differs_is_not_confused(void **state)
{
    (void)state;
    static const struct report *reports[REPORTS];
    struct world w = world_new(NULL);
    const char *beta = replaced(&w, replaced(&w, world_beta, "name='Caveat'", "name='Sens'"), "name='NUC'", "name='ATOM'");
    if (world_try(&w, policy, NULL, beta) != ST_OK)
        fail_msg("%s: %s", w.d->faults[0].element, w.d->faults[0].message);
    utc_ms t = world_time("2026-11-22T00:00:00Z");
    for (size_t i = 0; i < REPORTS; i++)
        reports[i] = world_report(&w, texts[i]);
    for (size_t i = 0; i < REPORTS; i++) {
        struct decide_bulk *b;
        assert_int_equal(decide_bulk_new(w.rules, t, 64 * MIB, &b), ST_OK);
        compare(&w, b, reports, i, i, t);
        for (size_t k = 0; k < REPORTS; k++)
            compare(&w, b, reports, i, k, t);
        decide_bulk_free(&b);
    }
    world_free(&w);
}

// No two of them are decided alike for everyone by chance: the policy tells most of them apart.
static void the_policy_tells_them_apart(void **state)
{
    (void)state;
    struct world w = world_new(NULL);
    const char *beta = replaced(&w, replaced(&w, world_beta, "name='Caveat'", "name='Sens'"), "name='NUC'", "name='ATOM'");
    assert_int_equal(world_try(&w, policy, NULL, beta), ST_OK);
    static char seen[REPORTS][64];
    size_t different = 0;
    for (size_t i = 0; i < REPORTS; i++) {
        const struct report *r = world_report(&w, texts[i]);
        const struct decide_record rec = {.received = strcmp(r->nation, "GBR") != 0, .onward = ONWARD_PERMITTED, .stored_at = UTC_MIN};
        size_t k = 0;
        for (size_t p = 0; p < ruleset_partner_count(w.rules); p++) {
            struct decision d;
            decide(w.rules, r, p, world_time("2026-11-22T00:00:00Z"), &rec, &d);
            seen[i][p] = (char)('A' + (int)d.outcome + 6 * (int)d.reason);
        }
        while (k < i && strcmp(seen[k], seen[i]) != 0)
            k++;
        different += k == i;
    }
    assert_true(different >= 25);
    world_free(&w);
}

// ---- terms

#define UNDER(id, redaction, approval, embargo)                                                                   \
    "<agreement id='A-" id "' parties='" id "'><scope><type any-of='INTREP'/></scope><terms redaction='" redaction "' approval='" approval \
    "' embargo='" embargo "' onward='forbidden' lapse='retain'/></agreement>"
#define YEAR "PT8760H"
#define M(id) "<member partner='" id "'/>"
#define TO_TEAM W_REL(W_V("TEAM"))

static const char policy_of_terms[] = W_POLICY(
    W_SECURITY "<communities><community id='TEAM'>" M("T1") M("T2") M("T3") M("T4") M("T5") M("T6") M("T7") M("T8")
    "</community></communities><partners>" P("T1") P("T2") P("T3") P("T4") P("T5") P("T6") P("T7") P("T8") "</partners><agreements>"
    UNDER("T1", "permitted", "0", "PT0S") UNDER("T2", "forbidden", "0", "PT0S") UNDER("T3", "permitted", "1", "PT0S")
    UNDER("T4", "forbidden", "1", "PT0S") UNDER("T5", "permitted", "0", YEAR) UNDER("T6", "forbidden", "0", YEAR)
    UNDER("T7", "permitted", "1", YEAR) UNDER("T8", "forbidden", "1", YEAR) "</agreements>");

// Partners under agreements that differ in one term are not taken for one group.
static void terms_are_told_apart(void **state)
{
    static const char *const reports[] = {
        W_REPORT(W_ALFA("R", TO_TEAM), HEADER("INTREP", "GBR", "J2", ""), W_PORTION("")),
        W_REPORT(W_ALFA("R", TO_TEAM), HEADER("INTREP", "GBR", "J2", ""), W_PORTION("") W_PORTION(W_ALFA("T", TO_TEAM))),
    };
    struct world w = world_new(NULL);
    utc_ms t = world_time("2026-11-22T00:00:00Z");
    unsigned seen = 0;
    (void)state;
    if (world_try(&w, policy_of_terms, NULL, NULL) != ST_OK)
        fail_msg("%s: %s", w.d->faults[0].element, w.d->faults[0].message);
    for (size_t i = 0; i < 2; i++) {
        const struct report *r = world_report(&w, reports[i]);
        struct decide_bulk *b;
        assert_int_equal(decide_bulk_new(w.rules, t, 64 * MIB, &b), ST_OK);
        compare(&w, b, &r, 0, 0, t);
        for (size_t p = 0; p < 8; p++) {
            struct decision d;
            decide_bulk_partner(b, p, &d);
            seen |= 1u << d.outcome;
        }
        decide_bulk_free(&b);
    }
    assert_int_equal(seen, 1u << OUTCOME_RELEASE | 1u << OUTCOME_REDACT | 1u << OUTCOME_DENY | 1u << OUTCOME_HOLD | 1u << OUTCOME_EMBARGO);
    world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_differs_is_not_confused),
        cmocka_unit_test(terms_are_told_apart),
        cmocka_unit_test(the_policy_tells_them_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
