// node/core/release: received reports are passed on as both their source and we allow, and go when the source says so.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "store/consents.h"
#include "store/grants.h"
#include "store/ledger.h"
#include "store/policies.h"
#include "tests/support/release_world.h"

static struct sim *sim;

static int setup(void **state)
{
    (void)state;
    sim = release_world();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sim_free(&sim);
    return 0;
}

static void pull(size_t node, size_t from)
{
    assert_int_equal(sim_pull(sim, node, from), ST_OK);
}

#define FOR_ALL_AND_USA W_REL(W_V("FRA") W_V("DEU") W_V("USA"))
#define TO_PASS_ON(body) W_REPORT(W_ALFA("S", FOR_ALL_AND_USA), W_HEADER_OF("separable='true'", "", "GBR", ""), body)

static void onward_terms_are_the_stricter_of_both(void **state)
{
    static const struct {
        const char *received, *ours;
        enum onward result;
        const char *ledger;
    } cases[] = {
        {POLICY(AGREED("", TERMS("0", "PT0S", "permitted", "retain"))), "permitted", ONWARD_PERMITTED, "R1"},
        {POLICY(AGREED("", TERMS("0", "PT0S", "permitted", "retain"))), "consent", ONWARD_CONSENT, "R1"},
        {POLICY(AGREED("", TERMS("0", "PT0S", "permitted", "retain"))), "forbidden", ONWARD_FORBIDDEN, "R1"},
        {POLICY(AGREED("", TERMS("0", "PT0S", "consent", "retain"))), "permitted", ONWARD_CONSENT, ""},
        {POLICY(AGREED("", TERMS("0", "PT0S", "forbidden", "retain"))), "permitted", ONWARD_FORBIDDEN, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static char text[4096];
        if (i) {
            teardown(NULL);
            setup(NULL);
        }
        snprintf(text, sizeof text, POLICY_OF("FRA", "", TO("GBR", "S") TO("USA", "S"), "",
                                              SCOPED("A", "parties='USA'", ALL_INTREPS, TERMS("0", "PT0S", "%s", "retain"))),
                 cases[i].ours);
        sim_policy(sim, FRA, text);
        sim_policy(sim, GBR, cases[i].received);
        sim_publish(sim, GBR, 1, 1, TO_PASS_ON(P("", "one")));
        pull(FRA, GBR);
        flow_expect(sim, FRA, "USA", cases[i].ledger);
        if (*cases[i].ledger)
            assert_int_equal(flow_entry(sim, FRA, "USA", 0).onward, cases[i].result);
    }
}

// The source says later that what it gave must not be passed on.
static void terms_that_became_stricter_are_obeyed(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, TO_PASS_ON(P("", "one")));
    pull(FRA, GBR);
    flow_expect(sim, FRA, "USA", "R1");
    release_under(sim, POLICY(AGREED("", TERMS("0", "PT0S", "forbidden", "retain"))), 1);
    pull(FRA, GBR);
    flow_expect(sim, FRA, "USA", "R1");
    assert_int_equal(sim_events(sim, FRA, AUDIT_LAPSE), 1 + 1); // USA and DEU
}

static void the_same_rendition_from_two_sources_goes_once(void **state)
{
    (void)state;
    sim_policy(sim, GBR, NOTHING_FOR_FRA(RETAIN));
    sim_publish(sim, GBR, 1, 1, TO_PASS_ON(P("", "one")));
    pull(DEU, GBR);
    pull(FRA, DEU);
    flow_expect(sim, FRA, "USA", "R1");
    sim->now += 1000;
    release_under(sim, POLICY(AGREED("", RETAIN)), 1);
    pull(FRA, GBR); // the originator's own feed is preferred from now on
    flow_expect(sim, FRA, "USA", "R1");
    // One source withdraws: its copy goes, the same bytes are here from the other.
    sim_policy(sim, DEU, POLICY_OF("DEU", "", TO("GBR", "S") TO("FRA", "S"), "<denials><deny id='D' partners='FRA' withdraw='true'><when>"
                                   ALL_INTREPS "</when></deny></denials>", SCOPED("A", "parties='FRA'", ALL_INTREPS, RETAIN)));
    sim_redecide(sim, DEU, 1);
    pull(FRA, DEU);
    flow_expect(sim, FRA, "USA", "R1");
    release_under(sim, DENIED("true"), 1);
    pull(FRA, GBR);
    flow_expect(sim, FRA, "USA", "R1 W1");
    assert_null(sim_text(sim, FRA, 1));
}

// The higher version was one source's alone, and that source withdraws it.
static void an_older_copy_of_another_source_takes_over(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, TO_PASS_ON(P("", "one")));
    pull(FRA, GBR);
    sim_policy(sim, GBR, NOTHING_FOR_FRA(RETAIN));
    // Version 2 is not for FRA by GBR's will, but comes by DEU.
    sim_publish(sim, GBR, 2, 1, TO_PASS_ON(P("", "other")));
    struct tick *t = sim_tick(sim, GBR);
    struct holding h;
    assert_int_equal(holding_get(t->txn, "FRA", sim_id(1), &h), ST_OK);
    h.lapsed = true;
    assert_int_equal(holding_put(t->txn, "FRA", sim_id(1), &h), ST_OK);
    sim_commit(t);
    sim_publish(sim, GBR, 1, 2, TO_PASS_ON(P("", "two")));
    pull(DEU, GBR);
    pull(FRA, DEU);
    assert_non_null(strstr(sim_text(sim, FRA, 1), ">two<"));
    const char *before = "R1 R1 R2"; // report 1, report 2, version 2 of report 1
    flow_expect(sim, FRA, "USA", before);
    sim_policy(sim, DEU, POLICY_OF("DEU", "", TO("GBR", "S") TO("FRA", "S"), "<denials><deny id='D' partners='FRA' withdraw='true'><when>"
                                   ALL_INTREPS "</when></deny></denials>", SCOPED("A", "parties='FRA'", ALL_INTREPS, RETAIN)));
    sim_redecide(sim, DEU, 1);
    pull(FRA, DEU);
    assert_non_null(strstr(sim_text(sim, FRA, 1), ">one<"));
    flow_expect(sim, FRA, "USA", "R1 R1 R2 W2 R1");
}

static void a_received_withdrawal_reaches_lapsed_copies(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, TO_PASS_ON(P("", "one")));
    pull(FRA, GBR);
    sim_policy(sim, FRA, POLICY_OF("FRA", "", TO("GBR", "S") TO("DEU", "S") TO("USA", "S"), "", SCOPED("A", "parties='DEU'", ALL_INTREPS, RETAIN)));
    sim_redecide(sim, FRA, 1);
    flow_expect(sim, FRA, "USA", "R1"); // lapsed
    release_under(sim, DENIED("true"), 1);
    pull(FRA, GBR);
    flow_expect(sim, FRA, "USA", "R1 W1");
    flow_expect(sim, FRA, "DEU", "R1 W1");
}

#define FRA_POLICY(usa, lapse)                                                                                      \
    POLICY_OF("FRA", "", TO("GBR", "S") TO("USA", usa), "", SCOPED("A", "parties='USA'", ALL_INTREPS, TERMS("0", "PT0S", "permitted", lapse)))

static void consent_until(utc_ms expires)
{
    struct tick *t = sim_tick(sim, FRA);
    struct report_record rec;
    struct consent_record r = {.id = sim_id(99), .ours = true, .state = CONSENT_GRANTED, .peer = "GBR", .changed = 1, .expires = expires};
    assert_int_equal(reports_current(t->txn, sim_id(1), &rec), ST_OK);
    r.what = (struct consent_request){.report = rec.id, .version = rec.version, .rendition = rec.digest, .recipient = "USA"};
    assert_int_equal(consent_put(t->txn, &r), ST_OK);
    sim_commit(t);
}

// FRA has passed a report of GBR's on to USA by GBR's consent, and a second later decides by a policy that has been active since.
static void decide_after(utc_ms expires, const char *policy)
{
    struct digest digest;
    sim_policy(sim, GBR, POLICY(AGREED("", TERMS("0", "PT0S", "consent", "retain"))));
    sim_policy(sim, FRA, FRA_POLICY("S", "retain"));
    sim_publish(sim, GBR, 1, 1, TO_PASS_ON(P("", "one")));
    pull(FRA, GBR);
    consent_until(expires);
    sim_redecide(sim, FRA, 1);
    flow_expect(sim, FRA, "USA", "R1");
    sim_policy(sim, FRA, policy);
    struct tick *t = sim_tick(sim, FRA);
    assert_int_equal(policies_activate(t->txn, span_cstr("of which the digest does not matter"), sim->now, &digest), ST_OK);
    sim_commit(t);
    sim->now += 1000;
    sim_redecide(sim, FRA, 1);
}

// What happens to a copy that goes no longer is said by the last terms that it went under: by consent as well.
static void terms_of_the_activation_are_those_of_a_consent(void **state)
{
    (void)state;
    decide_after(sim->now + 500, FRA_POLICY("S", "withdraw"));
    flow_expect(sim, FRA, "USA", "R1 W1");
}

static void what_the_activation_ends_lapses_by_the_terms_before(void **state)
{
    (void)state;
    decide_after(UTC_MAX, FRA_POLICY("U", "withdraw"));
    flow_expect(sim, FRA, "USA", "R1");
    assert_int_equal(sim_events(sim, FRA, AUDIT_LAPSE), 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(onward_terms_are_the_stricter_of_both),
        T(terms_that_became_stricter_are_obeyed),
        T(the_same_rendition_from_two_sources_goes_once),
        T(an_older_copy_of_another_source_takes_over),
        T(a_received_withdrawal_reaches_lapsed_copies),
        T(terms_of_the_activation_are_those_of_a_consent),
        T(what_the_activation_ends_lapses_by_the_terms_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
