// node/io/own_jobs: what is due, and the work of a change of policy, go on past what fails.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/io/own_jobs.h"
#include "store/audit_index.h"
#include "store/key.h"
#include "store/policies.h"
#include "tests/support/flow_support.h"

enum { GBR };
enum { LOG_MAX = 64 * 1024 };

#define DAY ((int64_t)86400000)

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

// settle() with what it logs, which the caller frees.
static char *settle_and_read(size_t *ret_failed)
{
    FILE *log = tmpfile();
    int kept = dup(STDERR_FILENO);
    assert_non_null(log);
    fflush(stderr);
    assert_true(kept >= 0 && dup2(fileno(log), STDERR_FILENO) >= 0);
    *ret_failed = settle();
    fflush(stderr);
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    close(kept);
    char *text = calloc(1, LOG_MAX);
    assert_non_null(text);
    rewind(log);
    assert_true(fread(text, 1, LOG_MAX - 1, log) < LOG_MAX - 1);
    fclose(log);
    return text;
}

// Is there a line of this event that names the report, or (0) one that names none?
static bool names(const char *log, const char *event, uint8_t report)
{
    char begin[64], urn[UUID_URN_LEN + 1], end[80] = "";
    snprintf(begin, sizeof begin, " event=%s why=", event);
    if (report)
        snprintf(end, sizeof end, " report=\"%s\"", uuid_urn(sim_id(report), urn));
    for (const char *at = log; (at = strstr(at, begin)) != NULL; at++) {
        size_t n = strcspn(at, "\n");
        if (report ? memcmp(at + n - strlen(end), end, strlen(end)) == 0 : !memmem(at, n, "report", 6))
            return true;
    }
    return false;
}

static void a_failure_names_the_report(void **state)
{
    size_t failed;
    (void)state;
    for (uint8_t i = 1; i <= 3; i++)
        sim_publish(sim, GBR, i, 1, SIM_PLAIN);
    settle();
    damage(2);
    sim->now += 3600000; // the embargo ends
    char *log = settle_and_read(&failed);
    assert_int_equal(failed, 1);
    assert_true(names(log, "instants-failed", 2));
    assert_false(names(log, "instants-failed", 1) || names(log, "instants-failed", 3));
    free(log);
    // another policy
    damage(3);
    sim_policy(sim, GBR, POLICY_OF("PT0S"));
    struct tick *t = sim_tick(sim, GBR);
    assert_int_equal(policies_work_begin(t->txn), ST_OK);
    sim_commit(t);
    log = settle_and_read(&failed);
    assert_true(names(log, "instants-failed", 3));
    assert_false(names(log, "instants-failed", 0) || names(log, "instants-failed", 1));
    free(log);
    // old content
    sim->nodes[GBR].core.keep_days = 1;
    sim->now += 2 * DAY;
    log = settle_and_read(&failed);
    assert_true(names(log, "retention-failed", 3));
    assert_false(names(log, "retention-failed", 0) || names(log, "retention-failed", 1));
    free(log);
}

// The store failed, and no report.
static void a_failure_of_the_store_names_none(void **state)
{
    size_t failed;
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    settle();
    struct tick *t = sim_tick(sim, GBR);
    assert_int_equal(db_put(t->txn, DB_SEARCH_QUEUE, span_cstr("nonsense"), span_of(NULL, 0)), ST_OK);
    assert_int_equal(db_put(t->txn, DB_SCHEDULE, span_cstr("\1"), span_of(NULL, 0)), ST_OK);
    sim_commit(t);
    char *log = settle_and_read(&failed);
    assert_true(failed >= 2);
    assert_true(names(log, "index-failed", 0));
    assert_true(names(log, "instants-failed", 0));
    assert_null(strstr(log, "report="));
    free(log);
}

// Without anybody who asks, too.
static void an_index_that_failed_is_tried_again(void **state)
{
    struct own_jobs o = {0};
    struct tick_job jobs[OWN_JOBS];
    struct core *c = &sim->nodes[GBR].core;
    struct tick done, *t = sim_tick(sim, GBR);
    (void)state;
    assert_int_equal(db_put(t->txn, DB_SEARCH_QUEUE, span_cstr("nonsense"), span_of(NULL, 0)), ST_OK);
    sim_commit(t);
    own_jobs_begin(&o, c, false, jobs);
    assert_int_equal(tick_run(c, sim->now, jobs, OWN_JOBS, &done), ST_OK);
    own_jobs_end(&o, c, jobs, sim->now);
    assert_int_equal(o.next_instant, sim->now + 60000);
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

static struct audit_behind behind(void)
{
    struct audit_behind b;
    struct tick *t = sim_tick(sim, GBR);
    assert_int_equal(audit_behind(t->txn, &b), ST_OK);
    sim_commit(t);
    return b;
}

// What a change of policy appends to the log comes into its indexes when that work is done.
static void the_log_is_listed_behind_a_change_of_policy(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    settle();
    sim_policy(sim, GBR, POLICY_OF("PT0S"));
    struct tick *t = sim_tick(sim, GBR);
    assert_int_equal(policies_work_begin(t->txn), ST_OK);
    sim_commit(t);
    settle();
    assert_string_equal(flow_ledger(sim, GBR, "FRA"), "R1");
    assert_true(behind().from < behind().until);
    sim->now += 1000;
    settle();
    assert_int_equal(behind().until, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {T(the_log_is_listed_behind_a_change_of_policy),
                                       T(failing_reports_do_not_hold_up_what_is_due),
                                       T(failing_reports_do_not_hold_up_a_change_of_policy),
                                       T(a_failure_names_the_report), T(an_index_that_failed_is_tried_again),
                                       T(a_failure_of_the_store_names_none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
