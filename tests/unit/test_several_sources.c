// One report by several ways (spec 4.4), and what becomes of it after lapses (spec 3.5): GBR gives to FRA and DEU, FRA passes
// on to DEU.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "store/sources.h"
#include "tests/support/flow_support.h"

enum { GBR, FRA, DEU };

#define PARTNERS SIM_PARTNER("FRA") SIM_PARTNER("DEU")
#define GBR_TO(parties) SIM_POLICY("GBR", PARTNERS, parties, SIM_TERMS("permitted", "retain"))
#define GBR_DENIES(partner)                                                                                  \
    "<policy xmlns='urn:relto:policy:1' nation='GBR' serial='1'>" W_SECURITY "<partners>" PARTNERS              \
    "</partners><denials><deny id='D' partners='" partner "' withdraw='true'><when><type any-of='INTREP'/></when>" \
    "</deny></denials><agreements>" W_AGREEMENT("A", "FRA DEU", SIM_TERMS("permitted", "retain"))               \
    "</agreements></policy>"
#define FRA_OF(parties, lapse)                                                                               \
    SIM_POLICY("FRA", SIM_PARTNER("GBR") SIM_PARTNER("DEU"), parties, SIM_TERMS("permitted", lapse))
#define FRA_DENIES_DEU                                                                                       \
    "<policy xmlns='urn:relto:policy:1' nation='FRA' serial='1'>" W_SECURITY "<partners>" SIM_PARTNER("GBR") SIM_PARTNER("DEU") \
    "</partners><denials><deny id='D' partners='DEU' withdraw='true'><when><type any-of='INTREP'/></when></deny></denials>" \
    "<agreements>" W_AGREEMENT("A", "DEU", SIM_TERMS("permitted", "retain")) "</agreements></policy>"
#define STORY(text) SIM_REPORT(text, SIM_FOR_ALL, "x")

static struct sim *sim;

static int setup(void **state)
{
    const char *const policies[] = {
        GBR_TO("FRA DEU"), FRA_OF("DEU", "retain"),
        SIM_POLICY("DEU", SIM_PARTNER("GBR") SIM_PARTNER("FRA"), "FRA", SIM_TERMS("forbidden", "retain"))};
    sim = calloc(1, sizeof *sim);
    sim_init(sim, 3, policies);
    *state = sim;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sim_fini(sim);
    free(sim);
    return 0;
}

static void pull(size_t node, size_t from)
{
    enum status st = sim_pull(sim, node, from);
    if (st != ST_OK)
        fail_msg("pull: %s: %s", status_text(st), sim_why());
}

static void policy(size_t node, const char *text)
{
    sim_policy(sim, node, text);
    sim_redecide(sim, node, 1);
}

// What DEU holds as current: words of it, and whence. NULL = nothing.
static void current(const char *words, const char *source)
{
    struct report_record r;
    const char *text = sim_text(sim, DEU, 1);
    if (!words) {
        assert_null(text);
        return;
    }
    if (!text || !strstr(text, words))
        fail_msg("expected \"%s\" in: %s", words, text ? text : "(nothing)");
    struct tick *t = sim_tick(sim, DEU);
    assert_int_equal(reports_current(t->txn, sim_id(1), &r), ST_OK);
    assert_string_equal(r.source, source);
    sim_commit(t);
}

static uint64_t quarantined(size_t node, const char *partner)
{
    struct source_state s;
    struct tick *t = sim_tick(sim, node);
    assert_int_equal(source_get(t->txn, partner, &s), ST_OK);
    uint64_t n = s.quarantined;
    sim_commit(t);
    return n;
}

// ---- which copy counts

static void the_originators_own_feed_comes_first(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, STORY("story"));
    pull(FRA, GBR);
    pull(DEU, FRA);
    current("story", "FRA");
    pull(DEU, GBR);
    current("story", "GBR");
    assert_int_equal(quarantined(DEU, "GBR") + quarantined(DEU, "FRA"), 0); // one report, by two ways
}

static void the_highest_version_counts_whoever_gives_it(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, STORY("first"));
    pull(DEU, GBR);
    policy(GBR, GBR_TO("FRA")); // DEU keeps what it has, and gets no more from GBR
    sim_publish(sim, GBR, 1, 2, STORY("second"));
    pull(FRA, GBR);
    pull(DEU, FRA);
    current("second", "FRA");
    pull(DEU, GBR);
    current("second", "FRA"); // before what the originator itself gave
    policy(FRA, FRA_DENIES_DEU);
    pull(DEU, FRA);
    current("first", "GBR"); // … which is still here, and counts again
}

// ---- whose withdrawal, whose recall

static void a_withdrawal_concerns_the_copy_of_its_source(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, STORY("story"));
    pull(FRA, GBR);
    pull(DEU, FRA);
    pull(DEU, GBR);
    policy(GBR, GBR_DENIES("DEU"));
    pull(DEU, GBR);
    current("story", "FRA"); // the originator's withdrawal, too: it ends its own copy
    policy(FRA, FRA_OF("GBR", "withdraw"));
    pull(DEU, FRA);
    current("story", "FRA"); // released under terms that retain
    policy(FRA, FRA_OF("DEU", "withdraw"));
    policy(FRA, FRA_OF("GBR", "withdraw"));
    pull(DEU, FRA);
    current(NULL, NULL);
}

static void the_originators_recall_erases_all_for_ever(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, STORY("first"));
    pull(FRA, GBR);
    pull(DEU, FRA);
    pull(DEU, GBR);
    sim_recall(sim, GBR, 1);
    pull(DEU, GBR);
    current(NULL, NULL);
    pull(DEU, FRA); // which has not heard of it yet
    current(NULL, NULL);
    pull(FRA, GBR);
    pull(DEU, FRA);
    current(NULL, NULL);
    struct recall_record r;
    struct tick *t = sim_tick(sim, DEU);
    assert_int_equal(recalls_get(t->txn, sim_id(1), &r), ST_OK);
    sim_commit(t);
    assert_string_equal(r.by, "partner:GBR");
}

static void anothers_recall_ends_its_own_copy_alone(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, STORY("first"));
    pull(FRA, GBR);
    pull(DEU, FRA);
    pull(DEU, GBR);
    sim_recall(sim, GBR, 1);
    pull(FRA, GBR);
    pull(DEU, FRA); // FRA passes the recall on before GBR's own arrives
    current("first", "GBR");
    pull(DEU, GBR);
    current(NULL, NULL);
}

// ---- two stories

static void two_stories_of_one_version_are_told(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, STORY("first story"));
    pull(FRA, GBR);
    struct tick *t = sim_tick(sim, GBR);
    assert_int_equal(reports_erase(t->txn, sim_id(1), NULL), ST_OK);
    sim_commit(t);
    sim_publish(sim, GBR, 1, 1, STORY("other story"));
    pull(DEU, FRA);
    current("first story", "FRA");
    pull(DEU, GBR);
    current("first story", "FRA"); // what came first stays, until people have looked
    assert_int_equal(quarantined(DEU, "GBR"), 1);
    assert_int_equal(quarantined(DEU, "FRA"), 0);
    pull(FRA, GBR);
    assert_int_equal(quarantined(FRA, "GBR"), 1);
}

// ---- after a lapse

static void a_received_recall_reaches_lapsed_and_withdrawn_copies(void **state)
{
    (void)state;
    sim->nodes[DEU].peers[GBR].pull = false; // FRA is its only way
    sim_publish(sim, GBR, 1, 1, STORY("first"));
    sim_publish(sim, GBR, 2, 1, STORY("second"));
    pull(FRA, GBR);
    pull(DEU, FRA);
    policy(FRA, FRA_OF("GBR", "retain"));
    flow_expect(sim, FRA, "DEU", "R1 R1");
    pull(DEU, FRA);
    current("first", "FRA"); // what was shared stays shared
    sim_recall(sim, GBR, 1);
    pull(FRA, GBR);
    flow_expect(sim, FRA, "DEU", "R1 R1 X1");
    pull(DEU, FRA);
    current(NULL, NULL);
    // … and one that was withdrawn, so that it is known to be recalled there as well
    sim_policy(sim, FRA, FRA_DENIES_DEU);
    sim_redecide(sim, FRA, 2);
    flow_expect(sim, FRA, "DEU", "R1 R1 X1 W1");
    sim_recall(sim, GBR, 2);
    pull(FRA, GBR);
    flow_expect(sim, FRA, "DEU", "R1 R1 X1 W1 X1");
    pull(DEU, FRA);
    assert_null(sim_text(sim, DEU, 2));
}

static void a_version_that_comes_after_a_lapse_waits_for_permission(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, STORY("first"));
    pull(FRA, GBR);
    pull(DEU, FRA);
    policy(FRA, FRA_OF("GBR", "retain"));
    sim_publish(sim, GBR, 1, 2, STORY("second"));
    pull(FRA, GBR);
    flow_expect(sim, FRA, "DEU", "R1");
    pull(DEU, FRA);
    current("first", "FRA");
    policy(FRA, FRA_OF("DEU", "retain"));
    flow_expect(sim, FRA, "DEU", "R1 R2");
    pull(DEU, FRA);
    current("second", "FRA");
    policy(FRA, FRA_OF("DEU", "retain")); // nothing is said twice
    flow_expect(sim, FRA, "DEU", "R1 R2");
}

static void permission_after_a_lapse_is_said_again(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, STORY("first"));
    pull(FRA, GBR);
    pull(DEU, FRA);
    policy(FRA, FRA_OF("GBR", "retain"));
    policy(FRA, FRA_OF("DEU", "retain"));
    flow_expect(sim, FRA, "DEU", "R1 R1");
    pull(DEU, FRA);
    current("first", "FRA");
    assert_int_equal(quarantined(DEU, "FRA"), 0);
    sim_recall(sim, GBR, 1);
    pull(FRA, GBR);
    flow_expect(sim, FRA, "DEU", "R1 R1 X1");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_originators_own_feed_comes_first),
        T(the_highest_version_counts_whoever_gives_it),
        T(a_withdrawal_concerns_the_copy_of_its_source),
        T(the_originators_recall_erases_all_for_ever),
        T(anothers_recall_ends_its_own_copy_alone),
        T(two_stories_of_one_version_are_told),
        T(a_received_recall_reaches_lapsed_and_withdrawn_copies),
        T(a_version_that_comes_after_a_lapse_waits_for_permission),
        T(permission_after_a_lapse_is_said_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
