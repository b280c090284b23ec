// node/core/release: what decisions do to ledgers, at the instant and not before; what is served is decided again.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/core/release.h"
#include "store/audit_log.h"
#include "store/grants.h"
#include "store/key.h"
#include "store/schedule.h"
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

static void at(const char *time)
{
    sim->now = world_time(time);
}

static void policy(const char *text)
{
    sim_policy(sim, GBR, text);
}

static bool fra_sees(uint8_t id, const char *words)
{
    const char *text = flow_served(sim, GBR, FRA, id);
    return text && strstr(text, words);
}

// ---- instants

static void an_embargo_ends_at_its_instant(void **state)
{
    (void)state;
    policy(POLICY(AGREED("", TERMS("0", "PT6H", "permitted", "retain"))));
    sim->now += 999; // `issued` is in whole seconds, the time stored is not: the later counts
    sim_publish(sim, GBR, 1, 1, PLAIN);
    utc_ms end = sim->now + 6 * 3600000;
    assert_true(flow_due(sim, GBR) == end);
    sim->now = end - 1;
    assert_true(flow_due(sim, GBR) == end);
    flow_expect(sim, GBR, "FRA", "");
    assert_null(flow_served(sim, GBR, FRA, 1));
    sim->now = end;
    assert_true(flow_due(sim, GBR) == UTC_MAX);
    flow_expect(sim, GBR, "FRA", "R1");
    assert_true(fra_sees(1, "one"));
    flow_due(sim, GBR);
    flow_expect(sim, GBR, "FRA", "R1");
}

static void an_agreement_that_ends_lapses_or_withdraws(void **state)
{
    static const struct {
        const char *policy, *ledger;
        size_t lapses;
    } cases[] = {
        {POLICY(AGREED("until='2026-11-22T13:00:00Z'", RETAIN)), "R1", 2},
        {POLICY(AGREED("until='2026-11-22T13:00:00Z'", WITHDRAW)), "R1 W1", 0},
    };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        if (i) {
            teardown(NULL);
            setup(NULL);
        }
        policy(cases[i].policy);
        sim_publish(sim, GBR, 1, 1, PLAIN);
        at("2026-11-22T12:59:59.999Z");
        assert_true(flow_due(sim, GBR) == sim->now + 1);
        flow_expect(sim, GBR, "FRA", "R1");
        assert_true(fra_sees(1, "one"));
        sim->now++;
        flow_due(sim, GBR);
        flow_expect(sim, GBR, "FRA", cases[i].ledger);
        flow_expect(sim, GBR, "DEU", cases[i].ledger);
        assert_int_equal(sim_events(sim, GBR, AUDIT_LAPSE), cases[i].lapses);
        assert_null(flow_served(sim, GBR, FRA, 1));
        flow_due(sim, GBR);
        flow_expect(sim, GBR, "FRA", cases[i].ledger);
    }
}

static void agreements_and_members_that_begin_are_filled_in(void **state)
{
    (void)state;
    policy(POLICY(AGREED("from='2026-11-22T13:00:00Z'", RETAIN)));
    sim_publish(sim, GBR, 1, 1, PLAIN);
    at("2026-11-22T12:59:59.999Z");
    assert_true(flow_due(sim, GBR) == sim->now + 1);
    sim->now++;
    flow_due(sim, GBR);
    policy(POLICY_OF("GBR", "<communities><community id='TEAM'><member partner='FRA' from='2026-11-22T14:00:00Z' "
                     "until='2026-11-22T15:00:00Z'/></community></communities>", BOTH, "", AGREED("", RETAIN)));
    sim_publish(sim, GBR, 2, 1, W_REPORT(W_ALFA("U", W_REL(W_V("TEAM"))), W_HEADER_OF("", "", "GBR", ""), W_PORTION("")));
    at("2026-11-22T13:59:59.999Z");
    flow_due(sim, GBR);
    flow_expect(sim, GBR, "FRA", "R1"); // report 1
    sim->now++;
    assert_true(flow_due(sim, GBR) == sim->now + 3600000);
    flow_expect(sim, GBR, "FRA", "R1 R1");
    at("2026-11-22T15:00:00Z");
    flow_due(sim, GBR);
    assert_int_equal(sim_events(sim, GBR, AUDIT_LAPSE), 1);
    assert_null(flow_served(sim, GBR, FRA, 2));
}

static void a_narrower_label_withdraws(void **state)
{
    (void)state;
    // Many entries of one moment push the ledger's clock ahead of ours.
    for (uint8_t i = 10; i < 40; i++)
        sim_publish(sim, GBR, i, 1, PLAIN);
    at("2026-11-22T12:59:59.990Z");
    for (uint8_t i = 40; i < 70; i++)
        sim_publish(sim, GBR, i, 1, PLAIN);
    sim_publish(sim, GBR, 1, 1, W_REPORT(BECOMES("R", FOR_ALL, "R", FOR_DEU), W_HEADER_OF("", "", "GBR", ""), W_PORTION("")));
    at("2026-11-22T13:00:00Z");
    flow_due(sim, GBR);
    const char *ledger = flow_ledger(sim, GBR, "FRA");
    assert_string_equal(ledger + strlen(ledger) - 5, "R1 W1");
    ledger = flow_ledger(sim, GBR, "DEU");
    assert_null(strstr(ledger, "W"));
}

static void a_wider_label_releases_more(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, W_REPORT(BECOMES("S", FOR_DEU, "R", FOR_ALL), HEADER(""), P("", "one")));
    sim_publish(sim, GBR, 2, 1, REPORT(P(OPEN, "one") P(BECOMES("R", FOR_DEU, "R", FOR_ALL), "two")));
    flow_expect(sim, GBR, "FRA", "R1");
    assert_false(fra_sees(2, "two"));
    at("2026-11-22T13:00:00Z");
    assert_true(flow_due(sim, GBR) == UTC_MAX);
    flow_expect(sim, GBR, "FRA", "R1 R1 R1"); // 1 as new, 2 with more
    flow_expect(sim, GBR, "DEU", "R1 R1");
    assert_true(fra_sees(1, "one"));
    assert_true(fra_sees(2, "two"));
}

static void a_part_that_becomes_narrower_is_withheld(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, REPORT(P(OPEN, "one") P(BECOMES("R", FOR_ALL, "R", FOR_DEU), "two")));
    assert_true(fra_sees(1, "two"));
    at("2026-11-22T13:00:00Z");
    assert_false(fra_sees(1, "two")); // before anything was re-decided: what is served is decided again
    flow_due(sim, GBR);
    flow_expect(sim, GBR, "FRA", "R1 R1");
    assert_true(fra_sees(1, "one"));
    assert_false(fra_sees(1, "two"));
}

// ---- policy

static void denials_withdraw_when_they_say_so(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, PLAIN);
    sim_publish(sim, GBR, 2, 1, PLAIN);
    release_under(sim, DENIED("false"), 1);
    flow_expect(sim, GBR, "FRA", "R1 R1");
    assert_int_equal(sim_events(sim, GBR, AUDIT_LAPSE), 1);
    release_under(sim, DENIED("true"), 2);
    flow_expect(sim, GBR, "FRA", "R1 R1 W1");
    flow_expect(sim, GBR, "DEU", "R1 R1");
    sim_redecide(sim, GBR, 2);
    flow_expect(sim, GBR, "FRA", "R1 R1 W1");
}

static void permission_after_a_lapse_is_a_new_release(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, PLAIN);
    release_under(sim, NOTHING_FOR_FRA(RETAIN), 1);
    assert_null(flow_served(sim, GBR, FRA, 1));
    release_under(sim, POLICY(AGREED("", RETAIN)), 1);
    flow_expect(sim, GBR, "FRA", "R1 R1");
    assert_true(fra_sees(1, "one"));
    // The same decision again writes nothing.
    sim_redecide(sim, GBR, 1);
    flow_expect(sim, GBR, "FRA", "R1 R1");
    flow_expect(sim, GBR, "DEU", "R1");
}

static void the_lapse_terms_are_those_of_the_release(void **state)
{
    (void)state;
    policy(POLICY(AGREED("", WITHDRAW)));
    sim_publish(sim, GBR, 1, 1, PLAIN);
    release_under(sim, NOTHING_FOR_FRA(RETAIN), 1);
    flow_expect(sim, GBR, "FRA", "R1 W1");
    release_under(sim, POLICY(AGREED("", RETAIN)), 1);
    flow_expect(sim, GBR, "FRA", "R1 W1 R1");
}

static void stricter_onward_terms_are_told(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, PLAIN);
    assert_int_equal(flow_entry(sim, GBR, "FRA", 0).onward, ONWARD_PERMITTED);
    release_under(sim, POLICY(AGREED("", TERMS("0", "PT0S", "forbidden", "retain"))), 1);
    flow_expect(sim, GBR, "FRA", "R1 R1");
    struct ledger_entry old = flow_entry(sim, GBR, "FRA", 0), new = flow_entry(sim, GBR, "FRA", 1);
    assert_int_equal(new.onward, ONWARD_FORBIDDEN);
    assert_true(digest_eq(&old.digest, &new.digest));
    release_under(sim, POLICY(AGREED("", RETAIN)), 1); // more freedom is told with the next release
    flow_expect(sim, GBR, "FRA", "R1 R1");
}

#define ONLY_DEU(before) POLICY_OF("GBR", before, TO("DEU", "S"), "", SCOPED("A", "parties='DEU'", ALL_INTREPS, RETAIN))

static void a_partner_taken_from_the_policy(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, PLAIN);
    policy(POLICY(AGREED("", WITHDRAW)));
    sim_publish(sim, GBR, 2, 1, PLAIN);
    sim_publish(sim, GBR, 3, 1, PLAIN);
    policy(ONLY_DEU(""));
    sim_redecide(sim, GBR, 1);
    flow_expect(sim, GBR, "FRA", "R1 R1 R1");
    assert_int_equal(sim_events(sim, GBR, AUDIT_LAPSE), 1);
    sim_redecide(sim, GBR, 2);
    flow_expect(sim, GBR, "FRA", "R1 R1 R1 W1");
    // Report 3 is settled by the first page that comes to it.
    struct reply rp;
    sim_request(sim, FRA, GBR, "GET", "/v1/feed", "", span_of(NULL, 0), &rp);
    assert_int_equal(rp.status, 200);
    assert_int_equal(rp.item_count, 0);
    reply_fini(&rp);
    flow_expect(sim, GBR, "FRA", "R1 R1 R1 W1 W1");
}

// ---- recalls

static void a_recall_goes_to_all_that_ever_held_it(void **state)
{
    (void)state;
    policy(POLICY_OF("GBR", "", BOTH TO("USA", "S"), "", AGREED("", WITHDRAW)));
    sim_publish(sim, GBR, 1, 1, PLAIN);
    policy(POLICY_OF("GBR", "", BOTH TO("USA", "S"), "", SCOPED("A", "parties='FRA'", ALL_INTREPS, RETAIN)));
    sim_redecide(sim, GBR, 1);
    flow_expect(sim, GBR, "DEU", "R1 W1");
    policy(POLICY_OF("GBR", "", BOTH TO("USA", "S"), "", SCOPED("A", "parties='USA'", ALL_INTREPS, RETAIN)));
    sim_redecide(sim, GBR, 1);
    flow_expect(sim, GBR, "FRA", "R1");
    assert_int_equal(sim_events(sim, GBR, AUDIT_LAPSE), 1);
    policy(ONLY_DEU("")); // nor does it matter whether the policy still names them
    sim_recall(sim, GBR, 1);
    flow_expect(sim, GBR, "FRA", "R1 X1");
    flow_expect(sim, GBR, "DEU", "R1 W1 X1");
    flow_expect(sim, GBR, "USA", "");
    assert_null(sim_text(sim, GBR, 1));
    assert_true(flow_due(sim, GBR) == UTC_MAX);
    sim_recall(sim, GBR, 1);
    sim_redecide(sim, GBR, 1);
    flow_expect(sim, GBR, "FRA", "R1 X1");
}

// ---- new versions

#define BY_TOPIC(terms)                                                                                      \
    POLICY(SCOPED("FREE", "parties='FRA DEU'", "<topic any-of='piracy'/>", RETAIN)                             \
           SCOPED("BOUND", "parties='FRA DEU'", "<topic any-of='cyber'/>", terms))
#define PIRACY "<topic>piracy</topic>"
#define CYBER "<topic>cyber</topic>"
#define ABOUT(topic, body) W_REPORT(TOP, HEADER(topic), body)
#define REF(id) "<reference rel='related' ref='urn:uuid:" id "'/>"
#define ID_1 "01000000-0000-4000-8000-000000000000"
#define ID_9 "09000000-0000-4000-8000-000000000000"
#define ATTACHMENT(label)                                                                                    \
    "<attachment name='a' media-type='image/png' size='1' "                                                  \
    "sha256='0000000000000000000000000000000000000000000000000000000000000000'>" label "</attachment>"

static void a_new_version_supersedes_or_ends_the_old_one(void **state)
{
    (void)state;
    policy(BY_TOPIC(RETAIN));
    sim_publish(sim, GBR, 1, 1, ABOUT(PIRACY, P(OPEN, "old")));
    sim_publish(sim, GBR, 1, 2, ABOUT(CYBER, P(OPEN, "new")));
    flow_expect(sim, GBR, "FRA", "R1 R2");
    assert_true(fra_sees(1, "new"));
    sim_publish(sim, GBR, 1, 3, ABOUT("", P(OPEN, "uncovered")));
    flow_expect(sim, GBR, "FRA", "R1 R2 W2");
    assert_null(flow_served(sim, GBR, FRA, 1));
}

static void an_old_version_stays_while_the_new_one_waits(void **state)
{
    (void)state;
    policy(BY_TOPIC(TERMS("1", "PT0S", "permitted", "withdraw")));
    sim_publish(sim, GBR, 1, 1, ABOUT(PIRACY, P(OPEN, "old") P(W_ALFA("R", FOR_DEU), "hidden")));
    // Corrected texts, another number of parts before them: the same is visible.
    sim_publish(sim, GBR, 1, 2, ABOUT(CYBER, REF(ID_9) P(OPEN, "new") P(W_ALFA("R", FOR_DEU), "hidden too")));
    flow_expect(sim, GBR, "FRA", "R1");
    assert_true(fra_sees(1, "old"));
    policy(BY_TOPIC(TERMS("0", "PT6H", "permitted", "withdraw")));
    sim_redecide(sim, GBR, 1);
    flow_expect(sim, GBR, "FRA", "R1");
    sim->now += 6 * 3600000;
    flow_due(sim, GBR);
    flow_expect(sim, GBR, "FRA", "R1 R2");
    assert_true(fra_sees(1, "new"));
    flow_expect(sim, GBR, "DEU", "R1 R2");
}

static void an_old_version_goes_when_the_new_labels_are_narrower(void **state)
{
    static const struct {
        const char *old, *new;
        bool stays;
    } cases[] = {
        // the only visible part
        {P(OPEN, "a") P(OPEN, "b"), P(W_ALFA("R", FOR_DEU), "a") P(OPEN, "b"), false},
        // Parts at another place among as many children: what was visible counts, not where it stood.
        {P(OPEN, "a") P(W_ALFA("R", FOR_DEU), "b") ATTACHMENT(OPEN), REF(ID_9) P(W_ALFA("R", FOR_DEU), "a") P(OPEN, "b"), false},
        {P(OPEN, "a") P(W_ALFA("R", FOR_DEU), "b"), P(OPEN, "b") P(W_ALFA("R", FOR_DEU), "a"), false},
        {P(OPEN, "a") P(W_ALFA("R", FOR_DEU), "b"), P(OPEN, "c") P(OPEN, "d"), true},
        {P(OPEN, "a") P(W_ALFA("R", FOR_DEU), "b"), P(OPEN, "c") P(W_ALFA("R", FOR_DEU), "d"), true},
        // Another number of parts: a hidden one that is there unchanged was hidden before, a new one was not.
        {P(OPEN, "a") P(W_ALFA("R", FOR_DEU), "b"), P(OPEN, "a") P(OPEN, "c") P(W_ALFA("R", FOR_DEU), "b"), true},
        {P(OPEN, "a") P(W_ALFA("R", FOR_DEU), "b"), P(OPEN, "a") P(W_ALFA("R", FOR_DEU), "b") P(W_ALFA("R", FOR_DEU), "c"), false},
    };
    (void)state;
    policy(BY_TOPIC(TERMS("1", "PT0S", "permitted", "retain")));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static char draft[8192];
        uint8_t id = (uint8_t)(i + 1);
        snprintf(draft, sizeof draft, "<report xmlns='urn:relto:report:1'>%s%s%s</report>", TOP, HEADER(PIRACY), cases[i].old);
        sim_publish(sim, GBR, id, 1, draft);
        snprintf(draft, sizeof draft, "<report xmlns='urn:relto:report:1'>%s%s%s</report>", TOP, HEADER(CYBER), cases[i].new);
        sim_publish(sim, GBR, id, 2, draft);
        if ((flow_served(sim, GBR, FRA, id) != NULL) != cases[i].stays)
            fail_msg("case %zu: %s", i, flow_ledger(sim, GBR, "FRA"));
        const char *ledger = flow_ledger(sim, GBR, "FRA");
        assert_int_equal(ledger[strlen(ledger) - 2], cases[i].stays ? 'R' : 'W');
    }
}

// The old version is decided for itself while the new one waits.
static void an_old_version_that_stays_is_decided_on(void **state)
{
#define HELD(max, more, terms)                                                                               \
    POLICY_OF("GBR", "", TO("FRA", max) TO("DEU", "S"), "",                                                   \
              SCOPED("FREE", "parties='FRA DEU' " more, "<topic any-of='piracy'/>", terms)                     \
                  SCOPED("BOUND", "parties='FRA DEU'", "<topic any-of='cyber'/>", TERMS("1", "PT0S", "permitted", "retain")))
    (void)state;
    struct reply rp;
    policy(HELD("S", "", RETAIN));
    sim_publish(sim, GBR, 1, 1, ABOUT(PIRACY, P(OPEN, "a") P(TOP, "b")));
    sim_publish(sim, GBR, 1, 2, ABOUT(CYBER, P(OPEN, "a") P(TOP, "b")));
    flow_expect(sim, GBR, "FRA", "R1");
    assert_true(fra_sees(1, ">b<"));
    // A clearance is lowered: less of the old version is visible, and the feed goes on.
    policy(HELD("R", "", RETAIN));
    sim_request(sim, FRA, GBR, "GET", "/v1/feed", "", span_of(NULL, 0), &rp);
    assert_int_equal(rp.status, 200);
    reply_fini(&rp);
    flow_expect(sim, GBR, "FRA", "R1 R1");
    assert_true(fra_sees(1, ">a<"));
    assert_false(fra_sees(1, ">b<"));
    // Its agreement ends: it lapses, as it would alone.
    release_under(sim, HELD("R", "until='2026-11-22T12:00:00Z'", RETAIN), 1);
    flow_expect(sim, GBR, "FRA", "R1 R1");
    assert_int_equal(sim_events(sim, GBR, AUDIT_LAPSE), 2);
    assert_null(flow_served(sim, GBR, FRA, 1));
}

// ---- what is served is decided again

static void mediation_refuses_what_is_no_longer_permitted(void **state)
{
    (void)state;
    policy(BY_TOPIC(TERMS("1", "PT0S", "permitted", "retain")));
    sim_publish(sim, GBR, 1, 1, ABOUT(PIRACY, P(OPEN, "old")));
    sim_publish(sim, GBR, 2, 1, ABOUT(PIRACY, P(OPEN, "old")));
    sim_publish(sim, GBR, 2, 2, ABOUT(CYBER, P(OPEN, "new"))); // waits
    policy(NOTHING_FOR_FRA(RETAIN));
    assert_null(flow_served(sim, GBR, FRA, 1));
    flow_expect(sim, GBR, "FRA", "R1 R1");
    // The new version would be denied now: the old one must not be served either, and is withdrawn.
    policy(POLICY(SCOPED("FREE", "parties='FRA DEU'", "<topic any-of='piracy'/>", RETAIN)));
    assert_null(flow_served(sim, GBR, FRA, 2));
    flow_expect(sim, GBR, "FRA", "R1 R1 W1");
    policy(POLICY(AGREED("until='2026-11-22T13:00:00Z'", RETAIN)));
    sim_publish(sim, GBR, 3, 1, PLAIN);
    assert_true(fra_sees(3, "one"));
    at("2026-11-22T13:00:00Z");
    assert_null(flow_served(sim, GBR, FRA, 3));
}

// ---- approvals

static void approve(uint8_t id, const char *officer, bool refused, size_t withheld_from, size_t withheld_to)
{
    struct approval a = {.refused = refused, .at = sim->now};
    snprintf(a.officer, sizeof a.officer, "%s", officer);
    for (size_t i = withheld_from; i < withheld_to; i++)
        withheld_add(&a.withheld, i);
    struct tick *t = sim_tick(sim, GBR);
    assert_int_equal(approval_put(t->txn, sim_id(id), 1, "FRA", &a), ST_OK);
    assert_int_equal(release_report(t, sim_id(id), CAUSE_RECHECK, NULL), ST_OK);
    sim_commit(t);
}

static void enough_officers_release_a_hold(void **state)
{
    (void)state;
    policy(POLICY(AGREED("", TERMS("2", "PT0S", "permitted", "retain"))));
    sim_publish(sim, GBR, 1, 1, PLAIN);
    approve(1, "SMITH", false, 0, 0);
    approve(1, "SMITH", false, 0, 0);
    flow_expect(sim, GBR, "FRA", "");
    approve(1, "JONES", false, 0, 0);
    flow_expect(sim, GBR, "FRA", "R1");
    flow_expect(sim, GBR, "DEU", ""); // approved for FRA alone
    approve(1, "JONES", true, 0, 0);
    flow_expect(sim, GBR, "FRA", "R1");
    assert_null(flow_served(sim, GBR, FRA, 1));
    approve(1, "JONES", false, 0, 0);
    flow_expect(sim, GBR, "FRA", "R1 R1");
    // A new version needs its own.
    sim_publish(sim, GBR, 1, 2, PLAIN);
    flow_expect(sim, GBR, "FRA", "R1 R1");
}

static void approvals_bind_what_was_visible(void **state)
{
    (void)state;
    policy(POLICY(AGREED("", TERMS("1", "PT0S", "permitted", "retain"))));
    sim_publish(sim, GBR, 1, 1, REPORT(REF(ID_9) P(OPEN, "one") P(BECOMES("R", FOR_DEU, "R", FOR_ALL), "two")));
    // The rendition that was approved withheld the reference as well, which is no element.
    struct approval a = {.at = sim->now, .officer = "SMITH"};
    withheld_add(&a.withheld, 0);
    withheld_add(&a.withheld, 2);
    struct tick *t = sim_tick(sim, GBR);
    assert_int_equal(approval_put(t->txn, sim_id(1), 1, "FRA", &a), ST_OK);
    assert_int_equal(release_report(t, sim_id(1), CAUSE_RECHECK, NULL), ST_OK);
    sim_commit(t);
    flow_expect(sim, GBR, "FRA", "R1");
    at("2026-11-22T13:00:00Z");
    flow_due(sim, GBR);
    flow_expect(sim, GBR, "FRA", "R1"); // more would be visible than was approved
    assert_null(flow_served(sim, GBR, FRA, 1));
    approve(1, "SMITH", false, 0, 0);
    flow_expect(sim, GBR, "FRA", "R1 R1");
    assert_true(fra_sees(1, "two"));
    // And one for more covers less.
    sim_publish(sim, GBR, 2, 1, REPORT(P(OPEN, "one") P(W_ALFA("R", FOR_DEU), "two")));
    approve(2, "SMITH", false, 0, 0);
    flow_expect(sim, GBR, "FRA", "R1 R1 R1");
    assert_false(fra_sees(2, "two"));
}

// ---- references

static void references_show_only_what_was_released_to_that_partner(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, W_REPORT(BECOMES("R", FOR_DEU, "R", FOR_ALL), HEADER(""), P("", "one")));
    sim_publish(sim, GBR, 2, 1, REPORT(REF(ID_1) P(OPEN, "two") P(W_LABEL(W_SUCCEEDED(W_INFO("ALFA", "R", FOR_DEU), "2026-11-22T14:00:00Z",
                                                                                         W_INFO("ALFA", "R", FOR_ALL))), "three")));
    flow_expect(sim, GBR, "FRA", "R1");
    assert_false(fra_sees(2, ID_1));
    assert_true(fra_sees(2, "<withheld ref=\"e1\"></withheld>"));
    assert_non_null(strstr(flow_served(sim, GBR, DEU, 2), ID_1));
    at("2026-11-22T13:00:00Z");
    flow_due(sim, GBR);
    sim_redecide(sim, GBR, 2);
    flow_expect(sim, GBR, "FRA", "R1 R1"); // 1 was released; nothing is sent again for a reference
    assert_false(fra_sees(2, ID_1));
    at("2026-11-22T14:00:00Z");
    flow_due(sim, GBR);
    flow_expect(sim, GBR, "FRA", "R1 R1 R1"); // a new rendition of 2 says what is true now
    assert_true(fra_sees(2, ID_1));
}

static void a_new_rendition_does_not_name_what_was_recalled(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, PLAIN);
    sim_publish(sim, GBR, 2, 1, REPORT(REF(ID_1) P(OPEN, "two") P(BECOMES("R", FOR_DEU, "R", FOR_ALL), "three")));
    assert_true(fra_sees(2, ID_1));
    sim_recall(sim, GBR, 1);
    assert_true(fra_sees(2, ID_1)); // the rendition stands
    at("2026-11-22T13:00:00Z");
    flow_due(sim, GBR);
    assert_true(fra_sees(2, "three"));
    assert_false(fra_sees(2, ID_1));
}

// The partner was away: what it never got and does not get now is not named to it either.
static void references_do_not_name_what_never_left(void **state)
{
    (void)state;
    struct reply rp;
    struct buf wire;
    for (uint8_t i = 1; i <= 3; i += 2) {
        sim_publish(sim, GBR, i, 1, PLAIN);
        sim_publish(sim, GBR, (uint8_t)(i + 1), 1,
                    i == 1 ? REPORT(REF(ID_1) P(OPEN, "two")) : REPORT(REF("03000000-0000-4000-8000-000000000000") P(OPEN, "four")));
    }
    sim_recall(sim, GBR, 1);
    flow_expect(sim, GBR, "FRA", "R1 R1 R1 R1 X1");
    sim_request(sim, FRA, GBR, "GET", "/v1/feed", "", span_of(NULL, 0), &rp);
    assert_int_equal(rp.status, 200);
    buf_init(&wire, FEED_DOCUMENT_BYTES_MAX);
    sim_wire(sim, FRA, GBR, &rp, &wire);
    assert_null(strstr(buf_cstr(&wire), ID_1));
    buf_fini(&wire);
    reply_fini(&rp);
    flow_expect(sim, GBR, "FRA", "R1 R1 R1 R1 X1 R1");
    assert_true(fra_sees(2, "two"));
    assert_false(fra_sees(2, ID_1));
    assert_true(fra_sees(4, "03000000-0000"));
}

// ---- failures

static void damage_report(uint8_t id)
{
    struct tick *t = sim_tick(sim, GBR);
    struct key k = {.len = 0};
    struct span v;
    key_uuid(&k, sim_id(id));
    key_u32(&k, 1);
    key_id(&k, "");
    assert_int_equal(db_get(t->txn, DB_REPORTS, key_span(&k), &v), ST_OK);
    uint8_t *copy = malloc(v.len);
    memcpy(copy, v.ptr, v.len);
    copy[v.len - 10] ^= 1;
    assert_int_equal(db_put(t->txn, DB_REPORTS, key_span(&k), span_of(copy, v.len)), ST_OK);
    free(copy);
    sim_commit(t);
}

static void a_damaged_report_is_never_sent_and_stops_nobody(void **state)
{
    (void)state;
    struct reply rp;
    struct buf wire;
    sim_publish(sim, GBR, 1, 1, PLAIN);
    sim_publish(sim, GBR, 2, 1, REPORT(P(OPEN, "sound")));
    damage_report(1);
    sim_request(sim, FRA, GBR, "GET", "/v1/feed", "", span_of(NULL, 0), &rp);
    assert_int_equal(rp.status, 200);
    assert_int_equal(rp.item_count, 1);
    buf_init(&wire, FEED_DOCUMENT_BYTES_MAX);
    sim_wire(sim, FRA, GBR, &rp, &wire);
    assert_non_null(strstr(buf_cstr(&wire), "sound"));
    buf_fini(&wire);
    reply_fini(&rp);
    assert_true(sim_events(sim, GBR, AUDIT_QUARANTINE) > 0);
    flow_expect(sim, GBR, "FRA", "R1 R1");
    assert_null(flow_served(sim, GBR, FRA, 1));
    // Repaired (the same flip back), it is released again.
    damage_report(1);
    sim_redecide(sim, GBR, 1);
    flow_expect(sim, GBR, "FRA", "R1 R1 R1");
    assert_true(fra_sees(1, "one"));
}

struct due {
    utc_ms next;
};

static enum status run_due(struct tick *t, struct tick_job *job)
{
    struct due *d = job->ctx;
    return release_due(t, &d->next);
}

static enum status write_something(struct tick *t, struct tick_job *job)
{
    (void)job;
    return db_put(t->txn, DB_META, span_cstr("something"), span_cstr("else"));
}

static void a_failing_report_does_not_keep_others_from_their_instants(void **state)
{
    (void)state;
    policy(POLICY(AGREED("", TERMS("0", "PT1H", "permitted", "retain"))));
    for (uint8_t i = 1; i <= 3; i++)
        sim_publish(sim, GBR, i, 1, PLAIN);
    // What is stored about two of the pairs contradicts itself.
    struct tick *t = sim_tick(sim, GBR);
    for (uint8_t i = 1; i <= 2; i++) {
        struct key k = {.len = 0};
        key_id(&k, "FRA");
        key_uuid(&k, sim_id(i));
        assert_int_equal(db_put(t->txn, DB_HOLDINGS, key_span(&k), span_cstr("nonsense")), ST_OK);
    }
    sim_commit(t);
    at("2026-11-22T13:00:00Z");
    int rounds = 0;
    for (utc_ms next = sim->now; next <= sim->now; rounds++) {
        struct due due = {.next = UTC_MIN};
        struct tick_job jobs[2] = {{.run = run_due, .ctx = &due}, {.run = write_something}};
        struct tick tick;
        assert_int_equal(tick_run(&sim->nodes[GBR].core, sim->now, jobs, 2, &tick), ST_OK);
        assert_int_equal(jobs[1].st, ST_OK); // what else came in that tick is done
        next = due.next;
        assert_true(rounds < 10);
    }
    flow_expect(sim, GBR, "FRA", "R1");
    assert_true(fra_sees(3, "one"));
    assert_int_equal(sim_events(sim, GBR, AUDIT_QUARANTINE), 2);
    // They are tried again, and put off again.
    sim->now += 3600000;
    for (int i = 0; i < 10; i++) {
        struct due due = {.next = UTC_MIN};
        struct tick_job job = {.run = run_due, .ctx = &due};
        struct tick tick;
        assert_int_equal(tick_run(&sim->nodes[GBR].core, sim->now, &job, 1, &tick), ST_OK);
        if (due.next > sim->now)
            return;
    }
    fail_msg("it never comes to rest");
}

static void one_tick_does_not_do_everything(void **state)
{
    enum { REPORTS = 300 };
    (void)state;
    struct tick *t = sim_tick(sim, GBR);
    for (int i = 0; i < REPORTS; i++) { // nothing is stored under these ids
        uint8_t random[16] = {(uint8_t)i, (uint8_t)(i >> 8), 7};
        assert_int_equal(schedule_set(t->txn, uuid_from_random(random), sim->now), ST_OK);
    }
    sim_commit(t);
    assert_true(flow_due(sim, GBR) == sim->now);
    assert_true(flow_due(sim, GBR) == UTC_MAX);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(an_embargo_ends_at_its_instant),
        T(an_agreement_that_ends_lapses_or_withdraws),
        T(agreements_and_members_that_begin_are_filled_in),
        T(a_narrower_label_withdraws),
        T(a_wider_label_releases_more),
        T(a_part_that_becomes_narrower_is_withheld),
        T(denials_withdraw_when_they_say_so),
        T(permission_after_a_lapse_is_a_new_release),
        T(the_lapse_terms_are_those_of_the_release),
        T(stricter_onward_terms_are_told),
        T(a_partner_taken_from_the_policy),
        T(a_recall_goes_to_all_that_ever_held_it),
        T(a_new_version_supersedes_or_ends_the_old_one),
        T(an_old_version_stays_while_the_new_one_waits),
        T(an_old_version_goes_when_the_new_labels_are_narrower),
        T(an_old_version_that_stays_is_decided_on),
        T(mediation_refuses_what_is_no_longer_permitted),
        T(enough_officers_release_a_hold),
        T(approvals_bind_what_was_visible),
        T(references_show_only_what_was_released_to_that_partner),
        T(a_new_rendition_does_not_name_what_was_recalled),
        T(references_do_not_name_what_never_left),
        T(a_damaged_report_is_never_sent_and_stops_nobody),
        T(a_failing_report_does_not_keep_others_from_their_instants),
        T(one_tick_does_not_do_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
