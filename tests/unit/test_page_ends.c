// node/io/egress over the ledger: what ends while a page is on its way does not leave any more.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/core/release.h"
#include "node/io/egress.h"
#include "store/grants.h"
#include "tests/support/release_world.h"

static struct sim *sim;
static struct reply page;
static struct egress door;
static char text[64 * 1024]; // what came out of it
static size_t len;

static int setup(void **state)
{
    (void)state;
    sim = release_world();
    sim_publish(sim, GBR, 1, 1, REPORT(P(OPEN, "first")));
    sim_publish(sim, GBR, 2, 1, REPORT(P(OPEN, "second")));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    reply_fini(&page);
    sim_free(&sim);
    return 0;
}

static enum status open_door(void)
{
    const struct principal fra = {.role = ROLE_PARTNER, .id = "FRA"};
    len = 0;
    text[0] = 0;
    return egress_open(&door, &page, &fra, ruleset_digest(sim->nodes[GBR].core.rules), sim->now);
}

static void ask(const char *target)
{
    reply_fini(&page);
    sim_request(sim, FRA, GBR, "GET", target, "", span_of(NULL, 0), &page);
    assert_int_equal(page.status, 200);
}

// Take what comes until these words are out; NULL = all.
static void take_until(const char *words)
{
    while ((!words || !strstr(text, words)) && len < sizeof text - 1) {
        size_t n = egress_take(&door, (uint8_t *)text + len, 1, sim->now);
        len += n;
        text[len] = 0;
        if (n == 0)
            break;
    }
}

static void by_recall(void)
{
    sim_recall(sim, GBR, 2);
}

static void by_another_version(void)
{
    sim_publish(sim, GBR, 2, 2, REPORT(P(OPEN, "corrected")));
}

static void by_refusal(void)
{
    struct approval no = {.refused = true, .officer = "officer:O", .at = sim->now};
    struct tick *t = sim_tick(sim, GBR);
    assert_int_equal(approval_put(t->txn, sim_id(2), 1, "FRA", &no), ST_OK);
    sim_commit(t);
    sim_redecide(sim, GBR, 2);
}

static void (*const endings[])(void) = {by_recall, by_another_version, by_refusal};
enum { ENDINGS = sizeof endings / sizeof *endings };

static void what_ends_does_not_begin(void **state)
{
    for (size_t i = 0; i < ENDINGS; i++) {
        ask("/v1/feed");
        assert_int_equal(open_door(), ST_OK);
        take_until(">first<");
        endings[i]();
        take_until(NULL);
        assert_true(door.denied);
        assert_null(strstr(text, "second"));
        assert_int_equal(egress_take(&door, (uint8_t *)text, 1, sim->now), 0); // for good
        teardown(state);
        setup(state);
    }
}

// Recalls are for what should never have been said: not a byte more.
static void what_ends_stops_where_it_is(void **state)
{
    for (size_t i = 0; i < ENDINGS; i++) {
        ask("/v1/feed");
        assert_int_equal(open_door(), ST_OK);
        take_until(">sec");
        endings[i]();
        take_until(NULL);
        assert_true(door.denied);
        assert_null(strstr(text, "second"));
        teardown(state);
        setup(state);
    }
}

static void a_coded_page_stops_wherever_it_is(void **state)
{
    (void)state;
    reply_fini(&page);
    sim_request(sim, FRA, GBR, "GET", "/v1/feed", "Accept-Encoding: zstd\r\n", span_of(NULL, 0), &page);
    assert_int_equal(open_door(), ST_OK);
    assert_int_equal(egress_code(&door, &page), ST_OK);
    assert_int_equal(egress_take(&door, (uint8_t *)text, 10, sim->now), 10);
    by_recall();
    assert_int_equal(egress_take(&door, (uint8_t *)text, sizeof text, sim->now), 0);
    assert_true(door.denied);
}

static void a_page_of_before_does_not_leave_at_all(void **state)
{
    (void)state;
    ask("/v1/feed");
    by_recall(); // as if by the same commit
    assert_int_equal(open_door(), ST_DENIED);
    assert_int_equal(egress_take(&door, (uint8_t *)text, 1, sim->now), 0);
}

static void a_single_report_ends_too(void **state)
{
    char target[80], urn[UUID_URN_LEN + 1];
    (void)state;
    snprintf(target, sizeof target, "/v1/reports/%s", uuid_urn(sim_id(2), urn) + 9);
    ask(target);
    assert_int_equal(open_door(), ST_OK);
    take_until(">sec");
    by_recall();
    take_until(NULL);
    assert_true(door.denied);
    assert_null(strstr(text, "second"));
}

// Other reports, other partners, and what is out already do not matter.
static void all_else_goes_on(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 3, 1, REPORT(P(W_ALFA("U", FOR_DEU), "third")));
    ask("/v1/feed");
    assert_int_equal(open_door(), ST_OK);
    take_until("</report>"); // all of the first
    sim_recall(sim, GBR, 3);
    sim_recall(sim, GBR, 1);
    sim_publish(sim, GBR, 4, 1, REPORT(P(OPEN, "fourth")));
    take_until(NULL);
    assert_false(door.denied);
    assert_non_null(strstr(text, ">second<"));
    assert_non_null(strstr(text, "</feed>"));
    assert_int_equal(door.left, 0);
}

// A page that does not say whose ledger it is of could not be looked at again.
static void a_page_that_does_not_watch_stays_here(void **state)
{
    (void)state;
    ask("/v1/feed");
    page.core = NULL;
    assert_int_equal(open_door(), ST_DENIED);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(what_ends_does_not_begin),
        T(what_ends_stops_where_it_is),
        T(a_coded_page_stops_wherever_it_is),
        T(a_page_of_before_does_not_leave_at_all),
        T(a_single_report_ends_too),
        T(all_else_goes_on),
        T(a_page_that_does_not_watch_stays_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
