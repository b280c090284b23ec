// The decision table (spec 3.4), its fields in the offline form (6.2), and the instants of change (3.5).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "policy/explain.h"
#include "tests/support/policy_world.h"

#define PARTNERS                                                                                             \
    "<communities><community id='TEAM'><member partner='FRA' from='2026-06-01T00:00:00Z' until='2027-01-01T00:00:00Z'/>" \
    "</community></communities>"                                                                             \
    "<partners><partner id='FRA' name='France' kind='nation'><clearance policy='ALFA' max='S'/></partner>"     \
    "<partner id='DEU' name='Germany' kind='nation'><clearance policy='ALFA' max='S'/></partner></partners>"
#define TERMS(redaction, approval, embargo)                                                                  \
    "<terms redaction='" redaction "' approval='" approval "' embargo='" embargo "' onward='consent' lapse='withdraw'/>"
#define WITH(denials, agreements)                                                                            \
    W_POLICY(W_SECURITY PARTNERS "<denials>" denials "</denials><agreements>" agreements "</agreements>")
#define ONE(terms) WITH("", W_AGREEMENT("A", "FRA", terms))

#define LOW W_ALFA("R", W_REL(W_V("FRA")))
#define HIGH W_ALFA("T", W_REL(W_V("FRA")))
#define NOT_HIS W_ALFA("R", W_REL(W_V("DEU")))
#define HEADER W_HEADER_OF("separable='true'", "", "GBR", "")
#define SINGLE W_HEADER_OF("separable='false'", "", "GBR", "")
#define LOW_HEADER W_HEADER_OF("separable='true'", LOW, "GBR", "")
#define ATTACHMENT(label)                                                                                    \
    "<attachment name='a' media-type='text/plain' size='1' "                                                 \
    "sha256='0000000000000000000000000000000000000000000000000000000000000000'>" label "</attachment>"

static utc_ms now(void)
{
    return world_time("2026-11-22T00:00:00Z");
}

static const char *line(struct world *w, const char *report, const struct decide_record *rec)
{
    return world_line(w, report, "FRA", now(), rec);
}

static void originator_and_denials_come_first(void **state)
{
    (void)state;
    struct world w = world_new(WITH("<deny id='D1' partners='DEU'><when><topic any-of='cyber'/></when></deny>"
                                    "<deny id='D2' partners='TEAM' withdraw='true'><when><topic any-of='cyber'/></when></deny>"
                                    "<deny id='D3' partners='*'><when><topic any-of='piracy'/></when></deny>",
                                    W_AGREEMENT("A", "*", W_TERMS)));
    static const char cyber[] =
        W_REPORT(LOW, W_HEADER_OF("separable='true'", "", "GBR", "<topic>cyber</topic><topic>piracy</topic>"), W_PORTION(""));
    static const char theirs[] =
        W_REPORT(LOW, W_HEADER_OF("separable='true'", "", "FRA", "<topic>cyber</topic>"), W_PORTION(""));
    world_expect(&w, cyber, "FRA", "FRA deny rule D2 - -");
    world_expect(&w, cyber, "DEU", "DEU deny rule D1 - -");
    world_expect(&w, theirs, "FRA", "FRA deny originator - - -");
    // before joining TEAM, D2 does not name it
    assert_string_equal(world_line(&w, cyber, "FRA", world_time("2026-05-01T00:00:00Z"), NULL), "FRA deny rule D3 - -");
    world_free(&w);
}

static void the_first_agreement_governs(void **state)
{
    (void)state;
    struct world w = world_new(
        WITH("", "<agreement id='OVER' until='2026-01-01T00:00:00Z' parties='FRA'><scope><type any-of='INTREP'/></scope>" W_TERMS "</agreement>"
                 "<agreement id='ELSE' parties='DEU'><scope><type any-of='INTREP'/></scope>" W_TERMS "</agreement>"
                 "<agreement id='SUM' parties='FRA'><scope><type any-of='INTSUM'/></scope>" W_TERMS "</agreement>"
                 "<agreement id='STRICT' from='2026-11-01T00:00:00Z' until='2026-12-01T00:00:00Z' parties='TEAM'>"
                 "<scope><type any-of='INTREP'/></scope><ceiling policy='ALFA' max='U'/>" W_TERMS "</agreement>"
                 "<agreement id='WIDE' parties='FRA'><scope><type any-of='INTREP'/></scope>" W_TERMS "</agreement>"));
    static const char report[] = W_PLAIN(LOW);
    utc_ms from = world_time("2026-11-01T00:00:00Z"), until = world_time("2026-12-01T00:00:00Z");
    assert_string_equal(world_line(&w, report, "FRA", from - 1, NULL), "FRA release - WIDE - -");
    assert_string_equal(world_line(&w, report, "FRA", from, NULL), "FRA deny classification STRICT - -");
    assert_string_equal(world_line(&w, report, "FRA", until - 1, NULL), "FRA deny classification STRICT - -");
    assert_string_equal(world_line(&w, report, "FRA", until, NULL), "FRA release - WIDE - -");
    assert_string_equal(world_line(&w, report, "FRA", world_time("2025-12-31T23:59:59Z"), NULL), "FRA release - OVER - -");
    static const char other[] = W_REPORT(LOW, "<header type='WARNING' separable='true'><originator nation='GBR'/><title>t</title></header>", W_PORTION(""));
    world_expect(&w, other, "FRA", "FRA deny no-agreement - - -");
    world_free(&w);
}

static void originators_keep_control(void **state)
{
    (void)state;
    struct world w = world_new(WITH("", W_AGREEMENT("A", "FRA", W_TERMS)));
    static const char report[] = W_REPORT(LOW, W_HEADER_OF("separable='true'", "", "DEU", ""), W_PORTION(""));
    struct decide_record rec = {.received = true, .onward = ONWARD_FORBIDDEN, .stored_at = UTC_MIN};
    assert_string_equal(line(&w, report, &rec), "FRA deny originator-control A - -");
    rec.onward = ONWARD_CONSENT;
    assert_string_equal(line(&w, report, &rec), "FRA consent originator-consent A - -");
    rec.consented = true;
    assert_string_equal(line(&w, report, &rec), "FRA release - A - -");
    rec = (struct decide_record){.received = true, .onward = ONWARD_PERMITTED};
    assert_string_equal(line(&w, report, &rec), "FRA release - A - -");
    // Terms that nobody recorded are the strictest.
    rec = (struct decide_record){.onward = ONWARD_PERMITTED};
    assert_string_equal(line(&w, report, &rec), "FRA deny originator-control A - -");
    world_free(&w);
}

static void elements_are_judged_one_by_one(void **state)
{
    (void)state;
    struct world w = world_new(ONE(TERMS("permitted", "0", "PT0S")));
    static const struct {
        const char *report, *expected;
    } rows[] = {
        {W_REPORT(LOW, HEADER, W_PORTION("")), "FRA release - A - -"},
        {W_REPORT(LOW, W_HEADER_OF("separable='true'", HIGH, "GBR", ""), W_PORTION("")), "FRA deny classification A - -"},
        // header fails before the overall label is looked at
        {W_REPORT(HIGH, W_HEADER_OF("separable='true'", NOT_HIS, "GBR", ""), W_PORTION("")), "FRA deny not-releasable A - -"},
        {W_REPORT(LOW, HEADER, W_PORTION("") W_PORTION(HIGH) ATTACHMENT(NOT_HIS)), "FRA redact - A e2,e3 -"},
        {W_REPORT(LOW, SINGLE, W_PORTION("") W_PORTION(HIGH)), "FRA redact - A e2 -"},
        {W_REPORT(HIGH, LOW_HEADER, W_PORTION(LOW) W_PORTION("")), "FRA redact - A label,e2 -"},
        {W_REPORT(HIGH, W_HEADER_OF("separable='false'", LOW, "GBR", ""), W_PORTION(LOW) W_PORTION("")),
         "FRA deny classification A - -"},
        {W_REPORT(HIGH, W_HEADER_OF("separable='false'", LOW, "GBR", ""), W_PORTION(LOW)), "FRA deny classification A - -"},
        {W_REPORT(HIGH, LOW_HEADER, W_PORTION(LOW) ATTACHMENT(LOW)), "FRA deny compilation A - -"},
        {W_REPORT(HIGH, LOW_HEADER, W_PORTION(NOT_HIS) ATTACHMENT(LOW)), "FRA deny classification A - -"},
        {W_REPORT(LOW, HEADER, W_PORTION(NOT_HIS) W_PORTION(HIGH) ATTACHMENT("")), "FRA deny not-releasable A - -"},
        {"<report xmlns='urn:relto:report:1'>" LOW HEADER
         "<reference rel='related' ref='urn:uuid:00000000-0000-4000-8000-000000000001'/>" W_PORTION("") "</report>",
         "FRA release - A - -"},
        {"<report xmlns='urn:relto:report:1'><label Id='top'>" W_ORIG("ALFA", "T", W_REL(W_V("FRA"))) "</label>" LOW_HEADER
         "<portion Id='p1'>" LOW "<text>x</text></portion><portion Id='p2'><text>x</text></portion></report>",
         "FRA redact - A top,p2 -"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *got = line(&w, rows[i].report, NULL);
        if (strcmp(got, rows[i].expected) != 0)
            fail_msg("row %zu: expected \"%s\", got \"%s\"", i, rows[i].expected, got);
    }
    world_free(&w);
}

static void redaction_needs_permission(void **state)
{
    (void)state;
    struct world w = world_new(ONE(TERMS("forbidden", "0", "PT0S")));
    assert_string_equal(line(&w, W_REPORT(LOW, HEADER, W_PORTION("") W_PORTION(HIGH)), NULL),
                        "FRA deny redaction-forbidden A - -");
    assert_string_equal(line(&w, W_PLAIN(LOW), NULL), "FRA release - A - -");
    world_free(&w);
}

#define WITHHELD "<withheld ref='w'/>"
static void withheld_children_count_in_received_copies(void **state)
{
    (void)state;
    struct world w = world_new(ONE(TERMS("permitted", "0", "PT0S")));
    struct decide_record rec = {.received = true, .onward = ONWARD_PERMITTED};
    assert_string_equal(line(&w, W_REPORT(LOW, W_HEADER_OF("separable='true'", "", "DEU", ""), WITHHELD W_PORTION("")), &rec),
                        "FRA redact - A w -");
    // our own are decoys
    assert_string_equal(line(&w, W_REPORT(LOW, HEADER, WITHHELD W_PORTION("")), NULL), "FRA release - A - -");
    // an absent overall label has failed
    assert_string_equal(line(&w, W_REPORT("<withheld ref='label'/>", W_HEADER_OF("separable='true'", LOW, "DEU", ""),
                                          W_PORTION(LOW) WITHHELD), &rec),
                        "FRA redact - A label,w -");
    assert_string_equal(line(&w, W_REPORT("<withheld ref='label'/>", W_HEADER_OF("separable='true'", LOW, "DEU", ""), W_PORTION(LOW)), &rec),
                        "FRA deny compilation A - -");
    assert_string_equal(line(&w, W_REPORT("<withheld ref='label'/>", W_HEADER_OF("separable='false'", LOW, "DEU", ""), W_PORTION(LOW)), &rec),
                        "FRA deny unknown-policy A - -");
    world_free(&w);
}

static void embargo_comes_before_approval(void **state)
{
    (void)state;
    struct world w = world_new(ONE(TERMS("permitted", "2", "PT6H")));
    static const char report[] =
        W_REPORT(LOW, W_HEADER_OF("separable='true' issued='2026-11-22T00:00:00Z'", "", "GBR", ""), W_PORTION("") W_PORTION(HIGH));
    utc_ms issued = now(), end = issued + 6 * 3600000;
    struct decide_record rec = {.refused = true, .stored_at = UTC_MIN};
    assert_string_equal(world_line(&w, report, "FRA", end - 1, &rec), "FRA embargo - A e2 2026-11-22T06:00:00Z");
    assert_string_equal(world_line(&w, report, "FRA", end, &rec), "FRA deny refused A - -");
    rec.stored_at = issued + 1000;
    assert_string_equal(world_line(&w, report, "FRA", end, &rec), "FRA embargo - A e2 2026-11-22T06:00:01Z");
    rec = (struct decide_record){.approvals = 1};
    assert_string_equal(world_line(&w, report, "FRA", end, &rec), "FRA hold approval A e2 -");
    rec.approvals = 2;
    assert_string_equal(world_line(&w, report, "FRA", end, &rec), "FRA redact - A e2 -");
    // an approval of more withheld does not cover this
    withheld_add(&rec.approved_withheld, 0);
    assert_string_equal(world_line(&w, report, "FRA", end, &rec), "FRA hold approval A e2 -");
    rec.any_approvals_count = true;
    assert_string_equal(world_line(&w, report, "FRA", end, &rec), "FRA redact - A e2 -");
    // a draft counts from now
    assert_string_equal(line(&w, W_PLAIN(LOW), NULL), "FRA embargo - A - 2026-11-22T06:00:00Z");
    world_free(&w);
}

static utc_ms change(struct world *w, const char *report, utc_ms t)
{
    struct decision dec;
    struct decide_record none = {.stored_at = UTC_MIN};
    decide(w->rules, world_report(w, report), ruleset_partner_index(w->rules, "FRA"), t, &none, &dec);
    return dec.next_change;
}

static void instants_of_change_are_told(void **state)
{
    (void)state;
    struct world w = world_new(WITH(
        "", "<agreement id='A' from='2026-10-01T00:00:00Z' until='2028-01-01T00:00:00Z' parties='FRA'><scope><type any-of='INTREP'/></scope>"
            TERMS("permitted", "0", "P10D") "</agreement>"
            "<agreement id='B' from='2026-11-03T00:00:00Z' parties='DEU'><scope><type any-of='INTREP'/></scope>" W_TERMS "</agreement>"));
    static const char plain[] =
        W_REPORT(LOW, W_HEADER_OF("separable='true' issued='2026-11-01T00:00:00Z'", "", "GBR", ""), W_PORTION(""));
    assert_true(change(&w, plain, UTC_MIN) == world_time("2026-06-01T00:00:00Z"));
    assert_true(change(&w, plain, world_time("2026-06-01T00:00:00Z")) == world_time("2026-10-01T00:00:00Z"));
    assert_true(change(&w, plain, world_time("2026-11-02T00:00:00Z")) == world_time("2026-11-11T00:00:00Z"));
    assert_true(change(&w, plain, world_time("2026-11-11T00:00:00Z")) == world_time("2027-01-01T00:00:00Z"));
    assert_true(change(&w, plain, world_time("2028-01-01T00:00:00Z")) == UTC_MAX);
    static const char succeeded[] = W_REPORT(
        LOW, HEADER,
        W_PORTION(W_LABEL(W_SUCCEEDED(W_INFO("ALFA", "R", W_REL(W_V("FRA"))), "2030-05-01T00:00:00Z",
                                      W_INFO("ALFA", "T", W_REL(W_V("FRA")))))));
    assert_true(change(&w, succeeded, world_time("2029-01-01T00:00:00Z")) == world_time("2030-05-01T00:00:00Z"));
    assert_true(change(&w, succeeded, world_time("2030-05-01T00:00:00Z")) == UTC_MAX);
    world_free(&w);
}

static void narrower_labels_are_noticed(void **state)
{
    (void)state;
    struct world w = world_new(ONE(W_TERMS));
    const struct report *r = world_report(
        &w, W_REPORT(LOW, HEADER, W_PORTION("") W_PORTION(W_LABEL(W_SUCCEEDED(W_INFO("ALFA", "R", W_REL(W_V("FRA"))), "2030-05-01T00:00:00Z",
                                                                              W_INFO("ALFA", "T", W_REL(W_V("FRA"))))))));
    utc_ms at = world_time("2030-05-01T00:00:00Z");
    struct withheld_set none = {0}, second = {0};
    withheld_add(&second, 1);
    assert_false(decide_labels_narrower(w.rules, r, 0, at - 1, &none));
    assert_true(decide_labels_narrower(w.rules, r, 0, at, &none));
    assert_false(decide_labels_narrower(w.rules, r, 0, at, &second));
    assert_true(decide_labels_changed(r, at - 1, at));
    assert_false(decide_labels_changed(r, at, at + 1));
    assert_false(decide_labels_changed(r, at - 2, at - 1));
    r = world_report(&w, W_PLAIN(W_LABEL(W_ORIG("GAMMA", "X", "")
        "<alternativeConfidentialityLabel xmlns='" W_SLAB "'>" W_INFO("ALFA", "R", "") "<SuccessionHandling><SuccessionDateTime>"
        "2030-05-01T00:00:00Z</SuccessionDateTime><SuccessorConfidentialityLabel>" W_INFO("ALFA", "T", "")
        "</SuccessorConfidentialityLabel></SuccessionHandling></alternativeConfidentialityLabel>")));
    assert_true(decide_labels_changed(r, at - 1, at));
    assert_false(decide_labels_changed(r, at, at + 1));
    world_free(&w);
}

static void explanations_name_what_decided(void **state)
{
    (void)state;
    struct world w = world_new(WITH("<deny id='D1' partners='*'><when><topic any-of='cyber'/></when></deny>",
                                    W_AGREEMENT("A", "FRA", W_TERMS)));
    const struct report *r = world_report(&w, W_REPORT(LOW, HEADER, W_PORTION("") W_PORTION(HIGH)));
    struct decide_record rec = {.stored_at = UTC_MIN};
    struct decision dec;
    struct buf out;
    buf_init(&out, 64 * KIB);
    decide(w.rules, r, 0, now(), &rec, &dec);
    explain_summary(w.rules, r, 0, &dec, &out);
    assert_string_equal(buf_cstr(&out), "Redacted for FRA under A: e2 withheld.");
    buf_reset(&out);
    explain_text(w.rules, r, 0, now(), &rec, &out);
    static const char *const wanted[] = {
        "2\tdenial\tits conditions do not hold\tD1\tpolicy.xml:1\n", "3\tagreement\tgoverns\tA\tpolicy.xml:1\n",
        "5\tlabel of the header\tpasses\tALFA\t-\n", "6\tlabel of e2\tclassification\tALFA\t-\n", "9\tdecision\tredact -\tA\t-\n",
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (!strstr(buf_cstr(&out), wanted[i]))
            fail_msg("\"%s\" is missing in:\n%s", wanted[i], buf_cstr(&out));
    buf_fini(&out);
    world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(originator_and_denials_come_first),
        cmocka_unit_test(the_first_agreement_governs),
        cmocka_unit_test(originators_keep_control),
        cmocka_unit_test(elements_are_judged_one_by_one),
        cmocka_unit_test(redaction_needs_permission),
        cmocka_unit_test(withheld_children_count_in_received_copies),
        cmocka_unit_test(embargo_comes_before_approval),
        cmocka_unit_test(instants_of_change_are_told),
        cmocka_unit_test(narrower_labels_are_noticed),
        cmocka_unit_test(explanations_name_what_decided),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
