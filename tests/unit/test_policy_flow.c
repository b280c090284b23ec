// node/core/policy_flow: activation is atomic, takes the officers it must, and all decisions follow.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/core/policy_diff.h"
#include "node/core/policy_flow.h"
#include "node/core/policy_work.h"
#include "store/audit_log.h"
#include "store/ledger.h"
#include "store/policies.h"
#include "tests/support/docs_schema.h"
#include "tests/support/officer.h"

#define POLICY_OF(serial, partners, parties)                                                                        \
    "<policy xmlns='urn:relto:policy:1' nation='GBR' serial='" serial "'>" W_SECURITY "<partners>" partners           \
    "</partners><agreements>" W_AGREEMENT("A", parties, SIM_TERMS("forbidden", "withdraw")) "</agreements></policy>"
#define BOTH SIM_PARTNER("FRA") SIM_PARTNER("DEU")
#define TO_FRA(serial) POLICY_OF(serial, BOTH, "FRA")
#define TO_DEU(serial) POLICY_OF(serial, BOTH, "DEU")

enum { GBR, FRA };

static int set_up(void **state)
{
    static const char *const policies[] = {TO_FRA("1"), SIM_POLICY("FRA", SIM_PARTNER("GBR"), "GBR", SIM_TERMS("consent", "retain"))};
    struct sim *s = sim_new(2, policies);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct sim *s = *state;
    s->nodes[GBR].policy.rules = s->nodes[GBR].core.rules; // whichever is active now
    sim_free(&s);
    return 0;
}

static void bundle_of(const char *policy, struct buf *out)
{
    const struct policy_bundle b = {
        .policy = {"policy.xml", span_cstr(policy)},
        .vocabulary = {"vocabulary.xml", span_cstr(world_vocabulary)},
        .spifs = {{"alfa.xml", span_cstr(world_alfa)}, {"beta.xml", span_cstr(world_beta)}},
        .spif_count = 2,
    };
    buf_init(out, MIB);
    policy_bundle_write(&b, out);
    assert_int_equal(buf_status(out), ST_OK);
}

static void activate(struct sim *s, const char *officer, const char *policy, int status, const char *words)
{
    struct buf bundle;
    struct reply rp;
    bundle_of(policy, &bundle);
    officer_request(s, GBR, officer, "POST", "/v1/policy", "", buf_bytes(&bundle), &rp);
    if (rp.status != status || !strstr(buf_cstr(&rp.body), words))
        fail_msg("%d, expected %d with %s in %s", rp.status, status, words, buf_cstr(&rp.body));
    if (status / 100 == 2)
        assert_null(docs_schema_fault(buf_bytes(&rp.body)));
    reply_fini(&rp);
    buf_fini(&bundle);
}

static uint64_t serial(struct sim *s)
{
    return ruleset_document(s->nodes[GBR].core.rules)->serial;
}

// Does the store say the same as the core?
static void expect_active(struct sim *s, uint64_t expected)
{
    struct digest d;
    struct span bundle;
    struct tick *t = sim_tick(s, GBR);
    assert_int_equal(serial(s), expected);
    if (expected > 1) {
        assert_int_equal(policies_active(t->txn, &d, &bundle), ST_OK);
        assert_true(digest_eq(&d, ruleset_digest(s->nodes[GBR].core.rules)));
    }
    sim_commit(t);
}

static enum status run_work(struct tick *t, struct tick_job *job)
{
    return policy_work(t, job->ctx);
}

// What the policy before was, which no activation put into the store, is not known any more: all is decided anew.
static void forget_policies(struct sim *s)
{
    policy_work_forget(&s->nodes[GBR].core);
}

// Run until all is done; how many ticks it took.
static size_t work(struct sim *s)
{
    bool more = true;
    size_t ticks = 0;
    for (; more; ticks++)
        sim_job(s, GBR, run_work, &more);
    return ticks;
}

static const char *kind_at(struct sim *s, const char *partner, uint8_t id)
{
    struct holding h;
    struct tick *t = sim_tick(s, GBR);
    enum status st = holding_get(t->txn, partner, sim_id(id), &h);
    sim_commit(t);
    return st == ST_NOT_FOUND ? "-" : h.kind == ENTRY_RELEASE ? "release" : h.kind == ENTRY_WITHDRAW ? "withdraw" : "?";
}

static void decisions_follow(void **state)
{
    struct sim *s = *state;
    for (uint8_t i = 1; i <= 100; i++)
        sim_publish(s, GBR, i, 1, SIM_PLAIN);
    activate(s, "ANNE", TO_DEU("2"), 200, "state=\"active\"");
    expect_active(s, 2);
    forget_policies(s);
    assert_int_equal(sim_events(s, GBR, AUDIT_POLICY), 1);
    // mediation protects before the work has come there
    struct reply rp;
    sim_request(s, FRA, GBR, "GET", "/v1/feed", "", span_of(NULL, 0), &rp);
    assert_int_equal(rp.item_count, 0);
    reply_fini(&rp);
    assert_true(work(s) > 100 / POLICY_WORK_PER_TICK);
    for (uint8_t i = 1; i <= 100; i++) {
        assert_string_equal(kind_at(s, "FRA", i), "withdraw");
        assert_string_equal(kind_at(s, "DEU", i), "release");
    }
    size_t releases = sim_events(s, GBR, AUDIT_RELEASE);
    assert_int_equal(work(s), 1); // nothing left
    assert_int_equal(sim_events(s, GBR, AUDIT_RELEASE), releases);
}

static void a_restart_goes_on(void **state)
{
    struct sim *s = *state;
    bool more;
    for (uint8_t i = 1; i <= 2 * POLICY_WORK_PER_TICK; i++)
        sim_publish(s, GBR, i, 1, SIM_PLAIN);
    activate(s, "ANNE", TO_DEU("2"), 200, "active");
    forget_policies(s);
    sim_job(s, GBR, run_work, &more);
    assert_true(more);
    size_t done = 0;
    for (uint8_t i = 1; i <= 2 * POLICY_WORK_PER_TICK; i++)
        done += strcmp(kind_at(s, "DEU", i), "release") == 0;
    assert_int_equal(done, POLICY_WORK_PER_TICK);
    db_close(&s->nodes[GBR].core.db);
    s->nodes[GBR].dir.db = NULL;
    store_dir_open(&s->nodes[GBR].dir, false);
    s->nodes[GBR].core.db = s->nodes[GBR].dir.db;
    work(s);
    for (uint8_t i = 1; i <= 2 * POLICY_WORK_PER_TICK; i++)
        assert_string_equal(kind_at(s, "DEU", i), "release");
}

static void what_is_refused_changes_nothing(void **state)
{
    struct sim *s = *state;
    struct reply rp;
    activate(s, "ANNE", TO_DEU("1"), 409, "serial-not-higher");
    activate(s, "ANNE", "<policy xmlns='urn:relto:policy:1' nation='FRA' serial='9'>" W_SECURITY "</policy>", 422, "invalid-policy");
    activate(s, "ANNE", POLICY_OF("2", BOTH, "USA"), 422, "USA");
    officer_request(s, GBR, "ANNE", "POST", "/v1/policy", "", span_cstr("<x/>"), &rp);
    assert_int_equal(rp.status, 422);
    reply_fini(&rp);
    sim_request(s, FRA, GBR, "POST", "/v1/policy", "", span_cstr("x"), &rp);
    assert_int_equal(rp.status, 403);
    reply_fini(&rp);
    expect_active(s, 1);
    assert_int_equal(sim_events(s, GBR, AUDIT_POLICY), 0);
    activate(s, "ANNE", TO_DEU("2"), 200, "active");
    activate(s, "ANNE", TO_DEU("2"), 200, "active"); // the same again is no fault, and no second event
    assert_int_equal(sim_events(s, GBR, AUDIT_POLICY), 1);
}

static void four_eyes(void **state)
{
    struct sim *s = *state;
    s->nodes[GBR].core.policy_approval = 2;
    activate(s, "ANNE", TO_DEU("2"), 202, "state=\"proposed\"");
    activate(s, "ANNE", TO_DEU("2"), 202, "proposed"); // the same officer counts once
    expect_active(s, 1);
    activate(s, "BERT", TO_DEU("3"), 202, "proposed"); // other bytes take its place
    activate(s, "ANNE", TO_DEU("2"), 202, "proposed");
    s->now += (int64_t)24 * 3600 * 1000 + 1;
    activate(s, "BERT", TO_DEU("2"), 202, "proposed"); // too late: counts as the first
    expect_active(s, 1);
    activate(s, "ANNE", TO_DEU("2"), 200, "active");
    expect_active(s, 2);
    activate(s, "BERT", TO_FRA("3"), 202, "proposed");
    expect_active(s, 2);
}

// ---- diff

static const char *const partners[] = {"FRA", "DEU"};
enum { REPORTS = POLICY_DIFF_REPORTS + 10 };

// Every (report, partner) with what the node says of it: "1 FRA release 4" and so on.
static void holdings_text(struct sim *s, char lines[REPORTS + 1][2][64])
{
    struct tick *t = sim_tick(s, GBR);
    for (uint8_t i = 1; i <= REPORTS; i++)
        for (size_t p = 0; p < 2; p++) {
            struct holding h;
            enum status st = holding_get(t->txn, partners[p], sim_id(i), &h);
            snprintf(lines[i][p], 64, "-");
            if (st == ST_OK)
                snprintf(lines[i][p], 64, "%d %d %llu", h.kind, h.lapsed, (unsigned long long)h.n);
        }
    sim_commit(t);
}

// What the diff announces of a pair, "" for nothing.
static void diff(struct sim *s, const char *policy, char kinds[REPORTS + 1][2][32], size_t *ret_pages)
{
    struct buf bundle;
    char target[100] = "/v1/policy/diff", next[64];
    memset(kinds, 0, (REPORTS + 1) * sizeof *kinds);
    bundle_of(policy, &bundle);
    for (*ret_pages = 0; *target; ++*ret_pages) {
        struct reply rp;
        officer_request(s, GBR, "ANNE", "POST", target, "", buf_bytes(&bundle), &rp);
        assert_int_equal(rp.status, 200);
        assert_null(docs_schema_fault(buf_bytes(&rp.body)));
        const char *text = buf_cstr(&rp.body);
        for (uint8_t i = 1; i <= REPORTS; i++)
            for (size_t p = 0; p < 2; p++) {
                char urn[UUID_URN_LEN + 1], want[200];
                snprintf(want, sizeof want, "partner=\"%s\" report=\"%s\"", partners[p], uuid_urn(sim_id(i), urn));
                const char *at = strstr(text, want);
                if (at) {
                    assert_null(strstr(at + 1, want));
                    while (strncmp(at, "kind=\"", 6) != 0)
                        at--;
                    assert_int_equal(sscanf(at, "kind=\"%31[^\"]", kinds[i][p]), 1);
                }
            }
        bool more = sscanf(text, "<policy-diff xmlns=\"" NS_POLICY_DIFF "\" next=\"%60[^\"]", next) == 1;
        snprintf(target, sizeof target, more ? "/v1/policy/diff?after=%s" : "%s", more ? next : "");
        reply_fini(&rp);
    }
    buf_fini(&bundle);
}

static const char *change_between(const char *before, const char *after)
{
    int k1 = -1, l1 = 0, k2 = -1, l2 = 0;
    if (strcmp(before, after) == 0)
        return "";
    sscanf(before, "%d %d", &k1, &l1);
    sscanf(after, "%d %d", &k2, &l2);
    if (k2 == ENTRY_WITHDRAW)
        return "withdraw";
    if (k1 != ENTRY_RELEASE || l1)
        return "gain";
    return l2 ? "lose" : "see-differently";
}

#define HIGH W_ALFA("S", W_REL(W_V("FRA") W_V("DEU")))
#define TWO_AGREEMENTS(serial, more)                                                                                \
    "<policy xmlns='urn:relto:policy:1' nation='GBR' serial='" serial "'>" W_SECURITY "<partners>" BOTH "</partners><agreements>" more "</agreements></policy>"
#define TERMS_OF(lapse) SIM_TERMS("forbidden", lapse)

// Announce, compare with nothing having happened; activate, compare with what was announced.
static void announce_and_activate(struct sim *s, const char *policy)
{
    static char before[REPORTS + 1][2][64], after[REPORTS + 1][2][64], kinds[REPORTS + 1][2][32];
    size_t pages, events = sim_events(s, GBR, AUDIT_DECIDE);
    holdings_text(s, before);
    diff(s, policy, kinds, &pages);
    assert_true(pages == 1 || pages == 2); // of 64 reports that change
    holdings_text(s, after);
    assert_memory_equal(before, after, sizeof before);
    assert_int_equal(sim_events(s, GBR, AUDIT_DECIDE), events);
    activate(s, "ANNE", policy, 200, "active");
    work(s);
    holdings_text(s, after);
    size_t changes = 0;
    for (uint8_t i = 1; i <= REPORTS; i++)
        for (size_t p = 0; p < 2; p++) {
            const char *became = change_between(before[i][p], after[i][p]);
            changes += *became != 0;
            if (strcmp(became, kinds[i][p]) != 0)
                fail_msg("report %u for %s: announced \"%s\", became \"%s\" (%s -> %s)", i, partners[p], kinds[i][p], became,
                         before[i][p], after[i][p]);
        }
    assert_true(changes > 0);
}

static void an_activation_does_what_diff_announced(void **state)
{
    struct sim *s = *state;
    for (uint8_t i = 1; i <= REPORTS; i++)
        sim_publish(s, GBR, i, 1, i % 3 ? SIM_REPORT("all", HIGH, "secret") : SIM_PLAIN);
    // DEU gains, FRA sees less of some and stays with others
    announce_and_activate(s, TWO_AGREEMENTS("2", W_AGREEMENT("A", "FRA", "<ceiling policy='ALFA' max='R'/>" TERMS_OF("retain"))
                                                      W_AGREEMENT("B", "DEU", TERMS_OF("withdraw"))));
    // FRA loses and keeps its copies, DEU's are withdrawn
    announce_and_activate(s, TWO_AGREEMENTS("3", "<agreement id='C' parties='FRA DEU'><scope><type any-of='INTSUM'/></scope>" TERMS_OF(
                                                      "retain") "</agreement>"));
    // both get all of it
    announce_and_activate(s, TWO_AGREEMENTS("4", W_AGREEMENT("D", "FRA DEU", TERMS_OF("retain"))));
    // both lose them by the terms of before: what would have been permitted an hour ago is not under the new ones now
    s->now += 2 * 3600000;
    announce_and_activate(s, TWO_AGREEMENTS("5", "<agreement id='E' parties='FRA DEU' until='2026-11-22T13:00:00Z'><scope><type any-of='INTREP'/></scope>"
                                                      TERMS_OF("withdraw") "</agreement>"));
}

static void diffs_that_are_refused(void **state)
{
    struct sim *s = *state;
    struct reply rp;
    officer_call(s, GBR, "ANNE", "POST", "/v1/policy/diff?after=x", "", 422, "diff-form");
    officer_call(s, GBR, "ANNE", "POST", "/v1/policy/diff", "", 422, "invalid-policy");
    sim_request(s, FRA, GBR, "POST", "/v1/policy/diff", "", span_cstr("x"), &rp);
    assert_int_equal(rp.status, 403);
    reply_fini(&rp);
    expect_active(s, 1);
}

// An activation whose tick is undone has not happened.
static enum status run_fail(struct tick *t, struct tick_job *job)
{
    (void)t, (void)job;
    return ST_CORRUPT;
}

static void undone_with_its_tick(void **state)
{
    struct sim *s = *state;
    struct buf bundle;
    struct reply rp = {0};
    struct tick t;
    struct request *rq = calloc(1, sizeof *rq);
    size_t used;
    int status;
    bundle_of(TO_DEU("2"), &bundle);
    assert_int_equal(http_parse_head(span_cstr("POST /v1/policy HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n"), &rq->head, &used,
                                     &status), HTTP_COMPLETE);
    rq->who.role = ROLE_OFFICER;
    snprintf(rq->who.id, sizeof rq->who.id, "ANNE");
    rq->body = buf_bytes(&bundle);
    reply_init(&rp);
    // the second job fails: the first runs twice, and takes effect once
    struct tick_job jobs[] = {{.request = rq, .reply = &rp}, {.run = run_fail}};
    assert_int_equal(tick_run(&s->nodes[GBR].core, s->now, jobs, 2, &t), ST_OK);
    assert_int_equal(jobs[0].st, ST_OK);
    assert_int_equal(jobs[1].st, ST_CORRUPT);
    assert_int_equal(rp.status, 200);
    assert_int_equal(sim_events(s, GBR, AUDIT_POLICY), 1);
    expect_active(s, 2);
    // two activations in one tick: one of them
    struct buf third;
    bundle_of(TO_FRA("3"), &third);
    rq->body = buf_bytes(&third);
    struct reply again = {0};
    reply_init(&again);
    struct tick_job two[] = {{.request = rq, .reply = &rp}, {.request = rq, .reply = &again}};
    assert_int_equal(tick_run(&s->nodes[GBR].core, s->now, two, 2, &t), ST_OK);
    assert_int_equal(rp.status, 200);
    assert_int_equal(again.status, 503);
    expect_active(s, 3);
    reply_fini(&rp);
    reply_fini(&again);
    buf_fini(&bundle);
    buf_fini(&third);
    free(rq);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(decisions_follow, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_restart_goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_refused_changes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(four_eyes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_activation_does_what_diff_announced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(diffs_that_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(undone_with_its_tick, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, docs_schemas_setup, docs_schemas_teardown);
}
