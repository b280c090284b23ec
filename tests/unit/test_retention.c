// node/core/retention: content is purged by rule; ledgers, the log and proofs stay, and partners keep what they have.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/core/past.h"
#include "node/core/retention.h"
#include "store/verify.h"
#include "tests/support/flow_support.h"

enum { GBR, FRA, DEU };
enum { FOUND_MAX = 256 };

#define DAY ((int64_t)86400000)
#define BOTH SIM_PARTNER("FRA") SIM_PARTNER("DEU")

static struct sim *sim;

static int setup(void **state)
{
    static const char *const policies[] = {
        SIM_POLICY("GBR", BOTH, "FRA DEU", SIM_TERMS("permitted", "withdraw")),
        SIM_POLICY("FRA", SIM_PARTNER("GBR") SIM_PARTNER("DEU"), "DEU", SIM_TERMS("permitted", "withdraw")),
        SIM_POLICY("DEU", SIM_PARTNER("GBR") SIM_PARTNER("FRA"), "GBR", SIM_TERMS("permitted", "withdraw")),
    };
    (void)state;
    sim = sim_new(3, policies);
    for (size_t i = 0; i < sim->count; i++)
        sim->nodes[i].core.keep_days = 30;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sim_free(&sim);
    return 0;
}

static enum status keep(struct tick *t, struct tick_job *job)
{
    return retention_due(t, job->ctx);
}

static utc_ms purge(size_t node)
{
    utc_ms next = 0;
    sim_job(sim, node, keep, &next);
    return next;
}

static bool is_purged(size_t node, uint8_t id, struct purged_copy *ret)
{
    struct tick *t = sim_tick(sim, node);
    enum status st = reports_purged(t->txn, sim_id(id), NULL, ret);
    sim_commit(t);
    assert_true(st == ST_OK || st == ST_NOT_FOUND);
    return st == ST_OK;
}

static void expect(size_t node, const char *partner, const char *ledger)
{
    assert_string_equal(flow_ledger(sim, node, partner), ledger);
}

static int ask(const char *who, const char *method, const char *target, const char *headers, const char *body)
{
    struct reply rp;
    flow_ask(sim, GBR, ROLE_CELL, who, method, target, headers, span_cstr(body), &rp);
    int status = rp.status;
    reply_fini(&rp);
    return status;
}

static void what_is_older_goes_and_nothing_is_taken_back(void **state)
{
    struct purged_copy p;
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    utc_ms first = sim->now;
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK);
    sim->now += 10 * DAY;
    sim_publish(sim, GBR, 2, 1, SIM_PLAIN);
    sim->now = first + 30 * DAY - 1;
    assert_true(purge(GBR) == first + 30 * DAY);
    assert_non_null(sim_text(sim, GBR, 1));
    sim->now = first + 30 * DAY;
    assert_true(purge(GBR) == first + 40 * DAY);
    assert_null(sim_text(sim, GBR, 1));
    assert_non_null(sim_text(sim, GBR, 2));
    assert_true(is_purged(GBR, 1, &p));
    assert_int_equal(p.version, 1);
    assert_true(p.at == sim->now);
    assert_int_equal(sim_events(sim, GBR, AUDIT_LAPSE), 3); // two partners, and the report
    // neither another decision nor a policy takes anything back
    sim_redecide(sim, GBR, 1);
    sim_policy(sim, GBR, SIM_POLICY("GBR", BOTH, "DEU", SIM_TERMS("permitted", "withdraw")));
    sim_redecide(sim, GBR, 1);
    flow_due(sim, GBR);
    expect(GBR, "FRA", "R1 R1");
    expect(GBR, "DEU", "R1 R1");
    assert_null(flow_served(sim, GBR, FRA, 1));
    assert_null(flow_served(sim, GBR, DEU, 1));
}

static void without_a_rule_everything_stays(void **state)
{
    (void)state;
    sim->nodes[GBR].core.keep_days = 0;
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    sim->now += 36500 * DAY;
    assert_true(purge(GBR) == UTC_MAX);
    assert_non_null(sim_text(sim, GBR, 1));
}

static void a_new_version_begins_the_time_anew(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    sim->now += 20 * DAY;
    sim_publish(sim, GBR, 1, 2, SIM_REPORT("new", SIM_FOR_ALL, "new too"));
    sim->now += 20 * DAY;
    purge(GBR);
    assert_non_null(sim_text(sim, GBR, 1));
    sim->now += 10 * DAY;
    assert_true(purge(GBR) == UTC_MAX);
    assert_null(sim_text(sim, GBR, 1));
    struct tick *t = sim_tick(sim, GBR);
    struct report_record rec;
    assert_int_equal(reports_get(t->txn, sim_id(1), 1, "", &rec), ST_NOT_FOUND); // all versions
    sim_commit(t);
}

static void partners_go_on_reading_the_feed(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK);
    sim->now += 31 * DAY;
    purge(GBR);
    sim_publish(sim, GBR, 2, 1, SIM_PLAIN);
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK); // had the first one
    assert_int_equal(sim_pull(sim, DEU, GBR), ST_OK); // never had it, and does not learn of it
    assert_non_null(sim_text(sim, FRA, 1));
    assert_non_null(sim_text(sim, FRA, 2));
    assert_null(sim_text(sim, DEU, 1));
    assert_non_null(sim_text(sim, DEU, 2));
}

static void a_recall_still_goes_everywhere(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK);
    assert_int_equal(sim_pull(sim, DEU, FRA), ST_OK);
    sim->now += 31 * DAY;
    purge(GBR);
    purge(FRA);
    expect(FRA, "DEU", "R1");
    sim_recall(sim, GBR, 1);
    expect(GBR, "FRA", "R1 X1");
    expect(GBR, "DEU", "R1 X1");
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK); // which has purged it too, and passes the recall on
    expect(FRA, "DEU", "R1 X1");
    struct tick *t = sim_tick(sim, FRA);
    struct recall_record r;
    assert_int_equal(recalls_get(t->txn, sim_id(1), &r), ST_OK);
    assert_int_equal(r.version, 1);
    sim_commit(t);
}

static void a_received_withdrawal_of_it_goes_on(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK);
    sim->now += 31 * DAY;
    purge(FRA);
    expect(FRA, "DEU", "R1");
    sim_policy(sim, GBR, SIM_POLICY("GBR", BOTH, "DEU", SIM_TERMS("permitted", "withdraw")));
    sim_redecide(sim, GBR, 1);
    expect(GBR, "FRA", "R1 W1");
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK);
    expect(FRA, "DEU", "R1 W1");
}

static void a_purged_version_does_not_come_back_and_a_later_one_does(void **state)
{
    struct purged_copy p;
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_REPORT("all", SIM_ONLY("DEU"), "not for FRA"));
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK);
    sim->now += 31 * DAY;
    purge(FRA);
    assert_int_equal(sim_pull(sim, FRA, DEU), ST_OK);
    // the same version from another source
    assert_int_equal(sim_pull(sim, DEU, GBR), ST_OK);
    assert_null(sim_text(sim, FRA, 1));
    assert_int_equal(sim_events(sim, FRA, AUDIT_QUARANTINE), 0);
    sim_publish(sim, GBR, 1, 2, SIM_REPORT("second", SIM_FOR_ALL, "all too"));
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK);
    assert_non_null(sim_text(sim, FRA, 1));
    expect(FRA, "DEU", "R1 R2"); // not W1 between
    sim->now += 31 * DAY;
    purge(FRA);
    assert_true(is_purged(FRA, 1, &p));
    assert_int_equal(p.version, 2);
}

static void a_feed_read_anew_does_not_bring_it_back(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK);
    sim->now += 31 * DAY;
    purge(FRA);
    sim_policy(sim, GBR, SIM_POLICY("GBR", BOTH, "FRA DEU", SIM_TERMS("consent", "withdraw")));
    sim_redecide(sim, GBR, 1); // the same version, under other terms
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK);
    assert_null(sim_text(sim, FRA, 1));
    assert_int_equal(sim_events(sim, FRA, AUDIT_QUARANTINE), 0);
}

static void an_own_id_is_not_used_again(void **state)
{
    const char *draft = SIM_PLAIN;
    struct reply rp;
    char id[UUID_TEXT_LEN + 1], target[160];
    struct uuid uuid;
    (void)state;
    flow_ask(sim, GBR, ROLE_CELL, "J2", "POST", "/v1/reports", "", span_cstr(draft), &rp);
    assert_int_equal(rp.status, 201);
    snprintf(id, sizeof id, "%s", flow_header(&rp, "Location") + strlen("/v1/reports/"));
    reply_fini(&rp);
    assert_int_equal(uuid_parse(span_cstr(id), &uuid), ST_OK);
    sim->nodes[GBR].core.keep_days = 1;
    sim->now += 2 * DAY;
    purge(GBR);
    assert_int_equal(ask("J2", "POST", "/v1/reports", "", draft), 410); // the same bytes within 30 days
    snprintf(target, sizeof target, "/v1/reports/%s", id);
    assert_int_equal(ask("J2", "PUT", target, "If-Match: \"1\"\r\n", draft), 410);
    assert_int_equal(ask("J9", "PUT", target, "If-Match: \"1\"\r\n", draft), 404);
    snprintf(target, sizeof target, "/v1/reports/%s?reason=wrong", id);
    assert_int_equal(ask("J9", "DELETE", target, "If-Match: \"1\"\r\n", ""), 404);
    assert_int_equal(ask("J2", "DELETE", target, "If-Match: \"1\"\r\n", ""), 204);
    expect(GBR, "FRA", "R1 X1");
}

static void the_past_can_be_asked_for(void **state)
{
    struct past_decision d;
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    utc_ms then = sim->now;
    sim->now += 31 * DAY;
    purge(GBR);
    struct tick *t = sim_tick(sim, GBR);
    struct arena *a = arena_new(8 * MIB);
    assert_int_equal(past_decide(t, sim_id(1), "FRA", then, a, &d), ST_OK);
    assert_int_equal(d.verdict, PAST_NOT_REMADE);
    assert_non_null(strstr(d.obstacle, "content purged"));
    assert_string_equal(d.logged.outcome, "release");
    arena_free(&a);
    sim_commit(t);
}

static void note_finding(void *ctx, const struct verify_finding *f)
{
    char *found = ctx;
    size_t len = strlen(found);
    if (strcmp(f->rule, "policy-missing") != 0) // simulated nodes keep none
        snprintf(found + len, FOUND_MAX - len, "%s ", f->rule);
}

// The rules of what verifying GBR's store finds.
static void verify(char found[FOUND_MAX], struct verify_summary *ret)
{
    struct tick *t = sim_tick(sim, GBR);
    const struct core *c = t->core, *f = &sim->nodes[FRA].core;
    struct verify_peer fra = {.partner = "FRA", .name = f->node_name};
    struct verify_options o = {.nation = "GBR", .node_name = c->node_name, .peers = &fra, .peer_count = 1};
    memcpy(fra.cosign_key, f->cosign_key.pub, sizeof fra.cosign_key);
    memcpy(fra.ledger_key, f->ledger_key.pub, sizeof fra.ledger_key);
    memcpy(o.ledger_key, c->ledger_key.pub, sizeof o.ledger_key);
    found[0] = 0;
    assert_int_equal(verify_store(t->txn, &o, note_finding, found, ret), ST_OK);
    sim_commit(t);
}

static void the_store_still_proves_itself(void **state)
{
    struct verify_summary s;
    char found[FOUND_MAX];
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK);
    sim->now += 31 * DAY;
    purge(GBR);
    verify(found, &s);
    assert_string_equal(found, "");
    assert_int_equal(s.purged, 1);
    assert_int_equal(s.reports, 0);
}

// Who takes content away and says that a rule did it.
static void purge_unlogged(size_t node, uint8_t id)
{
    struct tick *t = sim_tick(sim, node);
    assert_int_equal(reports_purge(t->txn, sim_id(id), t->now, "J2"), ST_OK);
    sim_commit(t);
}

static void a_purge_that_the_log_does_not_tell_of_is_found(void **state)
{
    struct verify_summary s;
    char found[FOUND_MAX];
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    purge_unlogged(GBR, 1);
    verify(found, &s);
    assert_string_equal(found, "copy-missing copy-missing purged-unlogged "); // nor did it lapse
}

static void the_event_of_an_older_version_does_not_stand_for_a_later_one(void **state)
{
    struct verify_summary s;
    char found[FOUND_MAX];
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    sim->now += 31 * DAY;
    purge(GBR);
    sim_publish(sim, GBR, 1, 2, SIM_REPORT("new", SIM_FOR_ALL, "new too"));
    sim->now += DAY;
    purge_unlogged(GBR, 1);
    verify(found, &s);
    assert_string_equal(found, "copy-missing copy-missing purged-unlogged "); // nor did it lapse
}

static void one_tick_does_not_do_everything(void **state)
{
    struct purged_copy p;
    (void)state;
    for (uint8_t i = 1; i <= 70; i++)
        sim_publish(sim, GBR, i, 1, SIM_PLAIN);
    sim->now += 31 * DAY;
    assert_true(purge(GBR) == sim->now);
    size_t count = 0;
    for (uint8_t i = 1; i <= 70; i++)
        count += is_purged(GBR, i, &p);
    assert_in_range(count, 1, 69);
    assert_true(purge(GBR) == UTC_MAX);
    for (uint8_t i = 1; i <= 70; i++)
        assert_true(is_purged(GBR, i, &p));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(what_is_older_goes_and_nothing_is_taken_back),
        T(without_a_rule_everything_stays),
        T(a_new_version_begins_the_time_anew),
        T(partners_go_on_reading_the_feed),
        T(a_recall_still_goes_everywhere),
        T(a_received_withdrawal_of_it_goes_on),
        T(a_purged_version_does_not_come_back_and_a_later_one_does),
        T(a_feed_read_anew_does_not_bring_it_back),
        T(an_own_id_is_not_used_again),
        T(the_past_can_be_asked_for),
        T(the_store_still_proves_itself),
        T(a_purge_that_the_log_does_not_tell_of_is_found),
        T(the_event_of_an_older_version_does_not_stand_for_a_later_one),
        T(one_tick_does_not_do_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
