// node/io/own_jobs: what is due, and the work of a change of policy, go on past what fails.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/io/own_jobs.h"
#include "store/key.h"
#include "store/policies.h"
#include "tests/support/flow_support.h"

enum { GBR };

#define POLICY_OF(embargo) \
    SIM_POLICY("GBR", SIM_PARTNER("FRA"), "FRA",\
               "<terms redaction='permitted' approval='0' embargo='" embargo "' onward='forbidden' lapse='withdraw'/>")

static struct sim *sim;

static int set_up(void **state)
{
    static const char *const policies[] = {POLICY_OF("PT1H")};
    (void)state;
    sim = calloc(1, sizeof *sim);
    assert_non_null(sim);
    sim_init(sim, 1, policies);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sim_fini(sim);
    free(sim);
    return 0;
}

// What the store says of the pair contradicts itself.
static void damage(uint8_t report)
{
    struct tick *t = sim_tick(sim, GBR);
    struct key k = {.len = 0};
    key_id(&k, "FRA");
    key_uuid(&k, sim_id(report));
    assert_int_equal(db_put(t->txn, DB_HOLDINGS, key_span(&k), span_cstr("nonsense")), ST_OK);
    sim_commit(t);
}

// Run the daemon's own jobs, without the clock going on, until nothing is wanted at once; how many of them failed.
static size_t settle(void)
{
    struct own_jobs o = {0};
    struct core *c = &sim->nodes[GBR].core;
    size_t failed = 0;
    bool again = true;
    for (int i = 0; again; i++) {
        struct tick_job jobs[OWN_JOBS];
        struct tick t;
        own_jobs_begin(&o, c, false, jobs);
        assert_int_equal(tick_run(c, sim->now, jobs, OWN_JOBS, &t), ST_OK);
        again = own_jobs_end(&o, c, jobs, sim->now) || o.next_instant <= sim->now;
        for (size_t k = 0; k < OWN_JOBS; k++)
            failed += jobs[k].st != ST_OK;
        assert_true(i < 100);
    }
    return failed;
}

static void failing_reports_do_not_hold_up_what_is_due(void **state)
{
    (void)state;
    for (uint8_t i = 1; i <= 6; i++)
        sim_publish(sim, GBR, i, 1, SIM_PLAIN);
    settle();
    damage(1);
    damage(2);
    damage(5);
    assert_string_equal(flow_ledger(sim, GBR, "FRA"), "");
    sim->now += 3600000; // the embargo ends
    assert_int_equal(settle(), 3);
    assert_string_equal(flow_ledger(sim, GBR, "FRA"), "R1 R1 R1");
}

static void failing_reports_do_not_hold_up_a_change_of_policy(void **state)
{
    (void)state;
    for (uint8_t i = 1; i <= 6; i++)
        sim_publish(sim, GBR, i, 1, SIM_PLAIN);
    settle();
    damage(2);
    damage(3);
    damage(6);
    sim_policy(sim, GBR, POLICY_OF("PT0S"));
    struct tick *t = sim_tick(sim, GBR);
    assert_int_equal(policies_work_begin(t->txn), ST_OK);
    sim_commit(t);
    assert_true(settle() >= 3);
    assert_string_equal(flow_ledger(sim, GBR, "FRA"), "R1 R1 R1");
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {T(failing_reports_do_not_hold_up_what_is_due),
                                       T(failing_reports_do_not_hold_up_a_change_of_policy)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
