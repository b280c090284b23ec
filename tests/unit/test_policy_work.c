// What follows from another policy and from the instants it dates: outline by outline, and the same as when every report
// is decided anew for everybody.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/core/policy_work.h"
#include "node/core/release.h"
#include "store/audit_log.h"
#include "store/grants.h"
#include "store/holds.h"
#include "store/key.h"
#include "store/policies.h"
#include "store/policy_steps.h"
#include "tests/support/decide_pair.h"
#include "tests/support/flow_support.h"
#include "tests/support/officer.h"

enum { GBR, FRA };

// ---- activating

static void activate(struct sim *s, const struct policy_bundle *b)
{
    struct buf bytes;
    struct reply rp;
    buf_init(&bytes, 8 * MIB);
    policy_bundle_write(b, &bytes);
    assert_int_equal(buf_status(&bytes), ST_OK);
    officer_request(s, GBR, "ANNE", "POST", "/v1/policy", "", buf_bytes(&bytes), &rp);
    if (rp.status != 200)
        fail_msg("%d %s", rp.status, buf_cstr(&rp.body));
    reply_fini(&rp);
    buf_fini(&bytes);
}

static void activate_text(struct sim *s, const char *policy)
{
    const struct policy_bundle b = {
        .policy = {"policy.xml", span_cstr(policy)},
        .vocabulary = {"vocabulary.xml", span_cstr(world_vocabulary)},
        .spifs = {{"alfa.xml", span_cstr(world_alfa)}, {"beta.xml", span_cstr(world_beta)}},
        .spif_count = 2,
    };
    activate(s, &b);
}

// Where somebody asks, every other part may be given up.
static enum status run_work(struct tick *t, struct tick_job *job)
{
    t->core->work_may_go = !t->core->work_may_go;
    return policy_work(t, job->ctx);
}

static bool every_third_time(void *ctx)
{
    unsigned *n = ctx;
    return ++*n % 3 == 0;
}

// Run until all is done; how many ticks it took.
static size_t work(struct sim *s)
{
    bool more = true;
    size_t ticks = 0;
    for (; more; ticks++) {
        sim_job(s, GBR, run_work, &more);
        assert_true(ticks < 100000);
    }
    return ticks;
}

// Is every report to be decided anew, or is there a step?
static void expect_left(struct sim *s, bool all, size_t steps)
{
    struct tick *t = sim_tick(s, GBR);
    struct policy_step step;
    bool pending;
    size_t n = 0;
    assert_int_equal(policies_work_pending(t->txn, &pending), ST_OK);
    assert_int_equal(pending, all);
    while (policy_steps_first(t->txn, &step) == ST_OK) {
        assert_int_equal(policy_steps_end(t->txn, &step), ST_OK);
        n++;
    }
    db_abort(&t->txn);
    free(t);
    assert_int_equal(n, steps);
}

// ---- a small world

#define POLICY_OF(serial, partners, agreements)                                                                     \
    "<policy xmlns='urn:relto:policy:1' nation='GBR' serial='" serial "'>" W_SECURITY "<partners>" partners             \
    "</partners><agreements>" agreements "</agreements></policy>"
#define BOTH SIM_PARTNER("FRA") SIM_PARTNER("DEU")
#define SCOPED(id, more, scope, terms) "<agreement id='" id "' " more "><scope>" scope "</scope>" terms "</agreement>"
#define TERMS(approval, embargo, lapse)                                                                             \
    "<terms redaction='permitted' approval='" approval "' embargo='" embargo "' onward='forbidden' lapse='" lapse "'/>"
#define FREE TERMS("0", "PT0S", "withdraw")
#define TOPIC(topic) "<topic any-of='" topic "'/>"
#define OF_TOPIC(topic, first)                                                                                      \
    W_REPORT(SIM_FOR_ALL, W_HEADER_OF("separable='true'", "", "GBR", "<topic>" topic "</topic>"),                      \
             "<portion><text>" first "</text></portion><portion>" SIM_ONLY("DEU") "<text>more</text></portion>")
#define PIRACY OF_TOPIC("piracy", "one")
#define CYBER OF_TOPIC("cyber", "one")
#define BOTH_TOPICS(serial, terms)                                                                                  \
    POLICY_OF(serial, BOTH, SCOPED("A", "parties='FRA DEU'", TOPIC("piracy"), FREE)                                    \
                                SCOPED("B", "parties='FRA DEU'", TOPIC("cyber"), terms))

static int set_up(void **state)
{
    static const char *const policies[] = {POLICY_OF("1", BOTH, SCOPED("A", "parties='DEU'", TOPIC("piracy"), FREE))};
    struct sim *s = sim_new(1, policies);
    activate_text(s, BOTH_TOPICS("2", FREE));
    work(s); // from now on the active policy is in the store
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

static struct holding holding(struct sim *s, const char *partner, uint8_t id)
{
    struct holding h = {.n = UINT64_MAX};
    struct tick *t = sim_tick(s, GBR);
    enum status st = holding_get(t->txn, partner, sim_id(id), &h);
    sim_commit(t);
    assert_true(st == ST_OK || st == ST_NOT_FOUND);
    return h;
}

static bool has(struct sim *s, const char *partner, uint8_t id)
{
    struct holding h = holding(s, partner, id);
    return h.n != UINT64_MAX && h.kind == ENTRY_RELEASE && !h.lapsed;
}

// How many decisions were made, and the partners in the last `decide` event.
static uint64_t decisions(const struct sim *s)
{
    uint64_t n = 0;
    for (size_t i = 0; i < sizeof s->nodes[GBR].core.decisions / sizeof *s->nodes[GBR].core.decisions; i++)
        n += s->nodes[GBR].core.decisions[i];
    return n;
}

static void only_what_changes_is_looked_at(void **state)
{
    struct sim *s = *state;
    for (uint8_t i = 1; i <= 40; i++)
        sim_publish(s, GBR, i, 1, i % 4 ? PIRACY : CYBER);
    uint64_t before = decisions(s);
    // DEU gets no cyber any more; another id and title of an agreement, and another reason, change nothing
    activate_text(s, POLICY_OF("3", BOTH, SCOPED("OTHER", "parties='FRA DEU'", TOPIC("piracy"), FREE)
                                              SCOPED("B", "parties='FRA'", TOPIC("cyber"), FREE)));
    expect_left(s, false, 1);
    work(s);
    assert_int_equal(decisions(s) - before, 10);
    for (uint8_t i = 1; i <= 40; i++) {
        assert_true(has(s, "FRA", i));
        assert_int_equal(has(s, "DEU", i), i % 4 != 0);
    }
    assert_int_equal(work(s), 1); // nothing left
    // the event of a decision made anew tells of DEU alone
    struct tick *t = sim_tick(s, GBR);
    uint64_t size;
    bool told = false;
    assert_int_equal(audit_size(t->txn, &size), ST_OK);
    for (uint64_t n = 0; n < size; n++) {
        struct span leaf;
        assert_int_equal(audit_get(t->txn, n, &leaf), ST_OK);
        if (memmem(leaf.ptr, leaf.len, "cause=\"policy\"", 14)) {
            assert_non_null(memmem(leaf.ptr, leaf.len, "partner=\"DEU\"", 13));
            assert_null(memmem(leaf.ptr, leaf.len, "partner=\"FRA\"", 13));
            told = true;
        }
    }
    assert_true(told);
    sim_commit(t);
}

static void parts_terms_and_partners(void **state)
{
    struct sim *s = *state;
    sim_publish(s, GBR, 1, 1, PIRACY);
    sim_publish(s, GBR, 2, 1, CYBER);
    assert_true(withheld_has(&(struct withheld_set){.bits = {holding(s, "FRA", 1).withheld.bits[0]}}, 1));
    // the lapse of B becomes `retain`: no entry, and the holding knows
    activate_text(s, BOTH_TOPICS("3", TERMS("0", "PT0S", "retain")));
    work(s);
    assert_int_equal(holding(s, "FRA", 2).lapse, LAPSE_RETAIN);
    assert_int_equal(holding(s, "FRA", 1).lapse, LAPSE_WITHDRAW);
    assert_string_equal(flow_ledger(s, GBR, "FRA"), "R1 R1");
    // an officer is wanted: held, and not lapsed twice
    activate_text(s, BOTH_TOPICS("4", TERMS("1", "PT0S", "retain")));
    work(s);
    assert_false(has(s, "FRA", 2));
    assert_int_equal(sim_events(s, GBR, AUDIT_LAPSE), 2);
    // DEU is no partner any more, and its copies are withdrawn or lapse; the hold goes too
    activate_text(s, POLICY_OF("5", SIM_PARTNER("FRA"), SCOPED("A", "parties='FRA'", TOPIC("piracy"), FREE)
                                                            SCOPED("B", "parties='FRA'", TOPIC("cyber"), TERMS("1", "PT0S", "retain"))));
    expect_left(s, false, 1);
    work(s);
    assert_string_equal(flow_ledger(s, GBR, "DEU"), "R1 R1 W1");
    struct tick *t = sim_tick(s, GBR);
    uint64_t holds;
    assert_int_equal(db_count(t->txn, DB_HOLDS, &holds), ST_OK);
    assert_int_equal(holds, 1);
    sim_commit(t);
    // and comes back
    activate_text(s, BOTH_TOPICS("6", FREE));
    work(s);
    assert_string_equal(flow_ledger(s, GBR, "DEU"), "R1 R1 W1 R1 R1");
    assert_true(has(s, "FRA", 2));
}

// An embargo counts from the report: only what it still holds back is looked at.
static void embargoes(void **state)
{
    struct sim *s = *state;
    sim_publish(s, GBR, 1, 1, CYBER);
    s->now += 3 * 3600000;
    sim_publish(s, GBR, 2, 1, CYBER);
    s->now += 3600000;
    uint64_t before = decisions(s);
    activate_text(s, BOTH_TOPICS("3", TERMS("0", "PT2H", "withdraw")));
    work(s);
    assert_int_equal(decisions(s) - before, 2); // of report 2, for both
    assert_true(has(s, "FRA", 1));
    assert_false(has(s, "FRA", 2));
    s->now += 3600000;
    flow_due(s, GBR);
    assert_true(has(s, "FRA", 2));
}

// The clock was wrong, and was set back past an instant that had seemed to come: that one is to come again.
static void a_clock_set_back(void **state)
{
    struct sim *s = *state;
    const utc_ms right = s->now;
    activate_text(s, POLICY_OF("3", BOTH, SCOPED("A", "parties='FRA' until='2026-11-22T13:00:00Z'", TOPIC("piracy"), FREE)
                                              SCOPED("B", "parties='DEU' from='2026-11-22T13:00:00Z'", TOPIC("piracy"), FREE)));
    work(s);
    sim_publish(s, GBR, 1, 1, PIRACY);
    s->now = right + 2 * 3600000;
    flow_due(s, GBR);
    work(s);
    assert_true(!has(s, "FRA", 1) && has(s, "DEU", 1));
    s->now = right + 1000;
    flow_due(s, GBR);
    work(s);
    assert_true(has(s, "FRA", 1) && !has(s, "DEU", 1));
    flow_due(s, GBR);
    expect_left(s, false, 0);
    s->now = right + 2 * 3600000;
    flow_due(s, GBR);
    work(s);
    assert_true(!has(s, "FRA", 1) && has(s, "DEU", 1));
}

#define UNTIL_ONE(serial, lapse)                                                                                       \
    POLICY_OF(serial, BOTH, SCOPED("A", "parties='FRA DEU'", TOPIC("piracy"), FREE)                                     \
                                SCOPED("B", "parties='FRA DEU' until='2026-11-22T13:00:00Z'", TOPIC("cyber"), TERMS("0", "PT0S", lapse)))

// An agreement ends before the activation of its last terms is worked off: these count all the same.
static void terms_count_from_the_activation_on(void **state)
{
    struct sim *s = *state;
    activate_text(s, BOTH_TOPICS("3", TERMS("0", "PT0S", "retain")));
    work(s);
    sim_publish(s, GBR, 1, 1, CYBER);
    activate_text(s, UNTIL_ONE("4", "withdraw"));
    s->now += 2 * 3600000;
    flow_due(s, GBR);
    flow_expect(s, GBR, "FRA", "R1 W1");
}

static void also_when_a_partner_comes_first(void **state)
{
    struct sim *s = *state;
    sim_publish(s, GBR, 1, 1, CYBER);
    activate_text(s, UNTIL_ONE("3", "retain"));
    s->now += 2 * 3600000;
    assert_null(flow_served(s, GBR, FRA, 1)); // decided anew, and not permitted
    flow_due(s, GBR);
    flow_expect(s, GBR, "FRA", "R1");
    flow_expect(s, GBR, "DEU", "R1");
}

// ---- bit by bit

static void a_restart_goes_on(void **state)
{
    struct sim *s = *state;
    bool more;
    for (uint8_t i = 1; i <= 90; i++)
        sim_publish(s, GBR, i, 1, i % 3 ? PIRACY : CYBER);
    s->nodes[GBR].core.work_us = 400;
    activate_text(s, POLICY_OF("3", BOTH, SCOPED("A", "parties='FRA'", TOPIC("piracy cyber"), FREE)));
    for (int i = 0; i < 3; i++)
        sim_job(s, GBR, run_work, &more);
    assert_true(more);
    size_t done = 0;
    for (uint8_t i = 1; i <= 90; i++)
        done += !has(s, "DEU", i);
    assert_true(done > 5 && done < 60);
    policy_work_forget(&s->nodes[GBR].core);
    db_close(&s->nodes[GBR].core.db);
    s->nodes[GBR].dir.db = NULL;
    store_dir_open(&s->nodes[GBR].dir, false);
    s->nodes[GBR].core.db = s->nodes[GBR].dir.db;
    assert_true(work(s) > 3);
    for (uint8_t i = 1; i <= 90; i++)
        assert_true(has(s, "FRA", i) && !has(s, "DEU", i));
    assert_int_equal(sim_events(s, GBR, AUDIT_WITHDRAW), 90);
}

static enum status break_down(struct tick *t, struct tick_job *job)
{
    (void)t, (void)job;
    return ST_CORRUPT; // all that the tick did so far is undone, and done again
}

// More reports than are listed at once, of many outlines, and ticks that are undone: none is passed over, none done twice.
static void lists_come_one_after_the_other(void **state)
{
    struct sim *s = *state;
    bool more = true;
    for (uint8_t i = 1; i <= 90; i++)
        sim_publish(s, GBR, (uint8_t)(i * 37), 1, i % 3 ? PIRACY : CYBER);
    s->nodes[GBR].core.work_us = 400;
    s->nodes[GBR].core.work_list = 7;
    activate_text(s, POLICY_OF("3", BOTH, SCOPED("A", "parties='FRA'", TOPIC("piracy cyber"), FREE)));
    for (int i = 0; more; i++) {
        struct tick tick;
        struct tick_job jobs[] = {{.run = run_work, .ctx = &more}, {.run = break_down}};
        assert_int_equal(tick_run(&s->nodes[GBR].core, s->now, jobs, 2, &tick), ST_OK);
        assert_int_equal(jobs[0].st, ST_OK);
        assert_true(i < 1000);
    }
    expect_left(s, false, 0);
    for (uint8_t i = 1; i <= 90; i++)
        assert_true(has(s, "FRA", (uint8_t)(i * 37)) && !has(s, "DEU", (uint8_t)(i * 37)));
    assert_int_equal(sim_events(s, GBR, AUDIT_WITHDRAW), 90);
    assert_int_equal(sim_events(s, GBR, AUDIT_RELEASE), 180);
}

static bool always(void *ctx)
{
    (void)ctx;
    return true;
}

// Who asks ends a part: it is given up, or kept, and in the end all is done once.
static void what_is_given_up_is_done_again(void **state)
{
    struct sim *s = *state;
    struct core *c = &s->nodes[GBR].core;
    unsigned asks = 0, undone = 0;
    bool more = true;
    for (uint8_t i = 1; i <= 20; i++)
        sim_publish(s, GBR, i, 1, i % 3 ? PIRACY : CYBER);
    activate_text(s, POLICY_OF("3", BOTH, SCOPED("A", "parties='FRA'", TOPIC("piracy cyber"), FREE)));
    c->asked = always;
    sim_job(s, GBR, run_work, &more); // not even the list is begun
    c->asked = every_third_time;
    c->asked_ctx = &asks;
    for (int i = 0; more; i++) {
        struct tick tick;
        struct tick_job job = {.run = run_work, .ctx = &more};
        const size_t before = sim_events(s, GBR, AUDIT_WITHDRAW);
        assert_int_equal(tick_run(c, s->now, &job, 1, &tick), ST_OK);
        assert_int_equal(job.st, ST_OK);
        assert_true(!job.undone || (more && sim_events(s, GBR, AUDIT_WITHDRAW) == before));
        undone += job.undone;
        assert_true(i < 1000);
    }
    assert_true(undone > 3);
    expect_left(s, false, 0);
    for (uint8_t i = 1; i <= 20; i++)
        assert_true(has(s, "FRA", i) && !has(s, "DEU", i));
    assert_int_equal(sim_events(s, GBR, AUDIT_WITHDRAW), 20);
    assert_int_equal(sim_events(s, GBR, AUDIT_RELEASE), 40);
}

static void another_activation_before_the_first_is_done(void **state)
{
    struct sim *s = *state;
    bool more;
    for (uint8_t i = 1; i <= 60; i++)
        sim_publish(s, GBR, i, 1, i % 2 ? PIRACY : CYBER);
    s->nodes[GBR].core.work_us = 400;
    activate_text(s, POLICY_OF("3", BOTH, SCOPED("A", "parties='FRA'", TOPIC("piracy cyber"), FREE)));
    sim_job(s, GBR, run_work, &more);
    activate_text(s, POLICY_OF("4", SIM_PARTNER("DEU") SIM_PARTNER("FRA"), SCOPED("B", "parties='DEU'", TOPIC("cyber"), FREE)));
    activate_text(s, POLICY_OF("5", SIM_PARTNER("DEU"), SCOPED("B", "parties='DEU'", TOPIC("cyber"), FREE)));
    expect_left(s, false, 3);
    sim_publish(s, GBR, 61, 1, CYBER);
    work(s);
    expect_left(s, false, 0);
    for (uint8_t i = 1; i <= 61; i++) {
        assert_false(has(s, "FRA", i));
        assert_int_equal(has(s, "DEU", i), i % 2 == 0 || i == 61);
    }
}

// What an outline cannot tell is decided anew each time.
static void an_older_version_is_not_forgotten(void **state)
{
    struct sim *s = *state;
    activate_text(s, BOTH_TOPICS("3", TERMS("0", "PT0S", "withdraw")));
    work(s);
    sim_publish(s, GBR, 1, 1, PIRACY);
    activate_text(s, POLICY_OF("4", BOTH, SCOPED("A", "parties='FRA DEU'", TOPIC("piracy"), TERMS("1", "PT0S", "withdraw"))
                                              SCOPED("OLD", "parties='FRA DEU'", "<type any-of='INTREP'/>", FREE)));
    work(s);
    assert_false(has(s, "FRA", 1)); // lapsed or withdrawn: not approved
    sim_publish(s, GBR, 2, 1, OF_TOPIC("terrorism", "one"));
    sim_publish(s, GBR, 2, 2, OF_TOPIC("piracy", "two")); // waits for an officer; version 1 stays
    assert_int_equal(holding(s, "FRA", 2).version, 1);
    assert_true(has(s, "FRA", 2));
    // terrorism goes to nobody: the older version must go, though piracy is decided as before
    activate_text(s, POLICY_OF("5", BOTH, SCOPED("A", "parties='FRA DEU'", TOPIC("piracy"), TERMS("1", "PT0S", "withdraw"))));
    expect_left(s, false, 1);
    work(s);
    assert_false(has(s, "FRA", 2));
}

// An outline that is of another copy than the current one says nothing: what it would let go is not let go.
static void with_outline_of_another_copy(struct sim *s, uint8_t id, bool described)
{
    struct outlined known;
    struct report_record of;
    struct span outline;
    struct buf kept;
    uint64_t number;
    sim_publish(s, GBR, id, 1, CYBER);
    struct tick *t = sim_tick(s, GBR);
    assert_int_equal(outlines_of(t->txn, sim_id(id), &number, &known, &of), ST_OK);
    assert_int_equal(outlines_get(t->txn, number, &outline), ST_OK);
    buf_init(&kept, OUTLINE_BYTES_MAX);
    buf_span(&kept, outline);
    sim_commit(t);
    sim_publish(s, GBR, id, 2, OF_TOPIC("terrorism", "two"));
    t = sim_tick(s, GBR);
    assert_int_equal(outlines_set(t->txn, &known, described ? &of : NULL, buf_bytes(&kept)), ST_OK);
    buf_fini(&kept);
    sim_commit(t);
}

static void an_outline_of_another_copy_says_nothing(void **state)
{
    struct sim *s = *state;
    activate_text(s, POLICY_OF("3", BOTH, SCOPED("A", "parties='DEU'", TOPIC("cyber"), FREE)));
    work(s);
    with_outline_of_another_copy(s, 1, true);
    with_outline_of_another_copy(s, 2, false);
    activate_text(s, POLICY_OF("4", BOTH, SCOPED("A", "parties='FRA DEU'", TOPIC("cyber"), FREE)));
    expect_left(s, false, 1);
    work(s);
    for (uint8_t id = 1; id <= 2; id++)
        assert_false(has(s, "FRA", id));
    assert_string_equal(flow_ledger(s, GBR, "FRA"), "");
}

// A report that contradicts itself does not keep the others.
static void a_failing_report_does_not_keep_the_others(void **state)
{
    struct sim *s = *state;
    for (uint8_t i = 1; i <= 5; i++)
        sim_publish(s, GBR, i, 1, CYBER);
    struct tick *t = sim_tick(s, GBR);
    struct key k = {.len = 0};
    key_id(&k, "DEU");
    key_uuid(&k, sim_id(2));
    assert_int_equal(db_put(t->txn, DB_HOLDINGS, key_span(&k), span_cstr("nonsense")), ST_OK);
    sim_commit(t);
    activate_text(s, POLICY_OF("3", BOTH, SCOPED("A", "parties='FRA'", TOPIC("cyber"), FREE)));
    bool more = true;
    int failed = 0;
    for (int i = 0; more; i++) {
        struct tick tick;
        struct tick_job job = {.run = run_work, .ctx = &more};
        assert_int_equal(tick_run(&s->nodes[GBR].core, s->now, &job, 1, &tick), ST_OK);
        failed += job.st != ST_OK;
        assert_true(i < 10);
    }
    assert_int_equal(failed, 1);
    for (uint8_t i = 1; i <= 5; i++)
        if (i != 2)
            assert_false(has(s, "DEU", i));
}

// Without outlines (a store of an earlier version) everything is decided anew, once.
static void a_store_without_outlines(void **state)
{
    struct sim *s = *state;
    for (uint8_t i = 1; i <= 40; i++)
        sim_publish(s, GBR, i, 1, i % 2 ? PIRACY : CYBER);
    struct tick *t = sim_tick(s, GBR);
    assert_int_equal(outlines_drop(t->txn, sim_id(7)), ST_OK);
    sim_commit(t);
    activate_text(s, POLICY_OF("3", BOTH, SCOPED("A", "parties='FRA'", TOPIC("cyber"), FREE)));
    expect_left(s, true, 0);
    work(s);
    for (uint8_t i = 1; i <= 40; i++)
        assert_int_equal(has(s, "FRA", i), i % 2 == 0);
    activate_text(s, BOTH_TOPICS("4", FREE));
    expect_left(s, false, 1);
    work(s);
    for (uint8_t i = 1; i <= 40; i++)
        assert_true(has(s, "FRA", i));
}

// ---- random worlds: by steps as by deciding everything anew

enum { REPORTS = 14, ROUNDS = 3 };

struct twins {
    struct policy_gen gen;
    struct sim *by_steps, *whole; // the same node twice
    uint32_t serial;
    uint64_t seed;
    unsigned asks;
};

static const struct policy_bundle *bundle_of(struct twins *x, struct buf *policy)
{
    static struct policy_bundle b;
    char serial[32];
    char *at = strstr((char *)policy->ptr, "serial=\"7\"");
    assert_non_null(at);
    snprintf(serial, sizeof serial, "serial=\"%u\"", x->serial); // one digit, as before
    memcpy(at, serial, strlen(serial));
    b = (struct policy_bundle){.policy = {"policy.xml", buf_bytes(policy)},
                               .vocabulary = {"vocabulary.xml", buf_bytes(&x->gen.vocabulary)}};
    for (size_t i = 0; i < x->gen.spif_count; i++)
        b.spifs[b.spif_count++] = (struct bundle_file){gen_spif_files[i], buf_bytes(&x->gen.spif_text[i])};
    return &b;
}

static enum status run_both(struct tick *t, struct tick_job *job)
{
    struct sim *all = job->ctx;
    utc_ms next;
    bool more = true;
    TRY(release_due(t, &next));
    TRY(policy_work_due(t, &next));
    if (all)
        TRY(policies_work_begin(t->txn));
    while (more)
        TRY(policy_work(t, &more));
    return ST_OK;
}

static void settle(struct twins *x)
{
    sim_job(x->by_steps, GBR, run_both, NULL);
    sim_job(x->whole, GBR, run_both, x->whole);
}

static bool publishable(const struct report *r)
{
    for (size_t i = 0; i < r->child_count; i++)
        if (r->children[i].kind == REPORT_WITHHELD)
            return false;
    return !r->overall_withheld;
}

static void publish(struct sim *s, const struct report *r, uint8_t id, uint32_t version, const struct decide_record *with)
{
    struct core *c = &s->nodes[GBR].core;
    struct buf bytes;
    struct diag *d = store_dir_diag();
    buf_init(&bytes, RENDITION_BYTES_MAX);
    const struct report_finish how = {.id = sim_id(id), .version = version, .issued = s->now / 1000 * 1000, .random = &c->random,
                                      .key = c->report_key};
    assert_int_equal(report_finish(r, &how, &bytes, d), ST_OK);
    struct report_record rec = {.id = how.id, .version = version, .stored_at = s->now, .issued = how.issued,
                                .digest = sha256(buf_bytes(&bytes)), .bytes = buf_bytes(&bytes), .onward = with->onward};
    snprintf(rec.nation, sizeof rec.nation, "%.8s", r->nation);
    if (strcmp(r->nation, "GBR") != 0)
        snprintf(rec.source, sizeof rec.source, "%s", r->nation);
    struct tick *t = sim_tick(s, GBR);
    assert_int_equal(reports_put(t->txn, &rec), ST_OK);
    assert_int_equal(release_report(t, rec.id, CAUSE_PUBLISH, NULL), ST_OK);
    sim_commit(t);
    buf_fini(&bytes);
}

static void publish_both(struct twins *x, uint64_t n, uint8_t id, uint32_t version)
{
    struct buf text;
    struct arena *a = xml_arena_new(MIB);
    const struct report *r;
    struct decide_record with;
    buf_init(&text, MIB);
    policy_gen_report(&x->gen, x->seed * 100 + n, 0, &text, &with);
    assert_int_equal(report_read(buf_bytes(&text), NULL, a, store_dir_diag(), &r), ST_OK);
    if (publishable(r)) {
        publish(x->by_steps, r, id, version, &with);
        publish(x->whole, r, id, version, &with);
    }
    buf_fini(&text);
    arena_free(&a);
}

static void approve_both(struct twins *x, uint8_t id, const char *partner, bool refused)
{
    struct sim *both[] = {x->by_steps, x->whole};
    for (size_t i = 0; i < 2; i++) {
        struct tick *t = sim_tick(both[i], GBR);
        struct approval a = {.officer = "ANNE", .refused = refused, .at = t->now};
        assert_int_equal(approval_put(t->txn, sim_id(id), 1, partner, &a), ST_OK);
        assert_int_equal(release_report(t, sim_id(id), CAUSE_RECHECK, NULL), ST_OK);
        sim_commit(t);
    }
}

static void expect_same_pair(const struct twins *x, struct tick *a, struct tick *b, const char *partner, uint8_t id)
{
    struct holding h = {.n = 0}, k = {.n = 0};
    assert_int_equal(holding_get(a->txn, partner, sim_id(id), &h), holding_get(b->txn, partner, sim_id(id), &k));
    if (h.kind != k.kind || h.lapsed != k.lapsed || h.version != k.version || strcmp(h.source, k.source) != 0 ||
        h.onward != k.onward || (!h.lapsed && h.kind == ENTRY_RELEASE && h.lapse != k.lapse) ||
        memcmp(&h.withheld.bits, &k.withheld.bits, sizeof h.withheld.bits) != 0 || h.withheld.overall != k.withheld.overall)
        fail_msg("world %llu, %s, report %u: by steps kind %d lapsed %d version %u, by deciding all kind %d lapsed %d version %u",
                 (unsigned long long)x->seed, partner, id, h.kind, h.lapsed, h.version, k.kind, k.lapsed, k.version);
}

struct hold_list {
    char text[8192];
    size_t len;
};

static enum status note_hold(void *ctx, const struct hold *h)
{
    struct hold_list *l = ctx;
    l->len += (size_t)snprintf(l->text + l->len, sizeof l->text - l->len, "%02x %s %u\n", h->report.b[0], h->partner, h->version);
    assert_true(l->len < sizeof l->text);
    return ST_OK;
}

static void expect_same(const struct twins *x)
{
    static struct hold_list ours, theirs;
    struct tick *a = sim_tick(x->by_steps, GBR), *b = sim_tick(x->whole, GBR);
    for (size_t p = 0; p < x->gen.partner_count; p++) {
        uint64_t n, m;
        for (uint8_t id = 1; id <= REPORTS; id++)
            expect_same_pair(x, a, b, x->gen.partners[p], id);
        assert_int_equal(ledger_size(a->txn, x->gen.partners[p], &n), ST_OK);
        assert_int_equal(ledger_size(b->txn, x->gen.partners[p], &m), ST_OK);
        if (n != m)
            fail_msg("world %llu: %llu entries to %s by steps, %llu by deciding all", (unsigned long long)x->seed,
                     (unsigned long long)n, x->gen.partners[p], (unsigned long long)m);
    }
    ours.len = theirs.len = 0;
    assert_int_equal(holds_each(a->txn, NULL, note_hold, &ours), ST_OK);
    assert_int_equal(holds_each(b->txn, NULL, note_hold, &theirs), ST_OK);
    assert_int_equal(ours.len, theirs.len);
    assert_memory_equal(ours.text, theirs.text, ours.len);
    sim_commit(a);
    sim_commit(b);
}

// Another policy of the same world: sometimes quite another one, mostly one with an agreement taken out.
static void next_policy(struct twins *x, struct buf *out)
{
    buf_reset(out);
    const char *text = buf_cstr(&x->gen.policy), *at = text;
    if (gen_chance(&x->gen, 25)) {
        gen_policy_write(&x->gen, out);
        return;
    }
    for (size_t n = gen_below(&x->gen, 4) + 1; n > 0 && at; n--)
        at = strstr(at == text ? at : at + 1, "<agreement ");
    const char *end = at ? strstr(at, "</agreement>") : NULL;
    if (!end) {
        buf_puts(out, text);
        return;
    }
    buf_put(out, text, (size_t)(at - text));
    buf_puts(out, end + strlen("</agreement>"));
}

static bool loads(struct twins *x, struct buf *policy)
{
    struct ruleset *rs = NULL;
    bool good = ruleset_load(bundle_of(x, policy), store_dir_diag(), &rs) == ST_OK && ruleset_document(rs)->agreement_count > 0;
    ruleset_free(&rs);
    return good;
}

static void change_policy(struct twins *x)
{
    struct buf next;
    buf_init(&next, POLICY_BYTES_MAX);
    next_policy(x, &next);
    buf_cstr(&next);
    x->serial++;
    if (loads(x, &next)) {
        memcpy(strstr((char *)next.ptr, "serial=\""), "serial=\"7\"", 10);
        const struct policy_bundle *b = bundle_of(x, &next);
        activate(x->by_steps, b);
        activate(x->whole, b);
    }
    buf_fini(&next);
}

static void move(struct twins *x, int k)
{
    x->by_steps->now = x->whole->now = gen_instant(k);
    settle(x);
}

static void live(struct twins *x)
{
    move(x, 0);
    for (uint8_t id = 1; id <= REPORTS; id++)
        publish_both(x, id, id, 1);
    for (int round = 1; round <= ROUNDS; round++) {
        if (gen_chance(&x->gen, 50))
            approve_both(x, (uint8_t)(1 + gen_below(&x->gen, REPORTS)), x->gen.partners[0], gen_chance(&x->gen, 30));
        if (gen_chance(&x->gen, 40))
            publish_both(x, 50 + (uint64_t)round, (uint8_t)(1 + gen_below(&x->gen, REPORTS)), (uint32_t)round + 1);
        if (gen_chance(&x->gen, 60))
            change_policy(x);
        if (gen_chance(&x->gen, 30))
            change_policy(x);
        settle(x);
        expect_same(x);
        move(x, 3 * round);
        expect_same(x);
    }
}

static struct sim *node_of(struct twins *x)
{
    static const char *const policies[] = {POLICY_OF("1", BOTH, SCOPED("A", "parties='DEU'", TOPIC("piracy"), FREE))};
    struct sim *s = calloc(1, sizeof *s);
    assert_non_null(s);
    sim_init(s, 1, policies);
    s->now = gen_instant(-1);
    activate(s, bundle_of(x, &x->gen.policy));
    return s;
}

static void twin_free(struct sim *s)
{
    s->nodes[GBR].policy.rules = s->nodes[GBR].core.rules;
    sim_free(&s);
}

static void steps_do_what_deciding_everything_does(void **state)
{
    const char *more = getenv("RELTO_PROPERTY_CASES");
    uint64_t worlds = more && *more ? strtoull(more, NULL, 10) / 1000 : 12;
    (void)state;
    for (uint64_t seed = 1; seed <= worlds; seed++) {
        struct twins *x = calloc(1, sizeof *x);
        assert_non_null(x);
        x->seed = seed;
        x->serial = 2;
        policy_gen_init(&x->gen, seed, 0);
        buf_cstr(&x->gen.policy);
        struct buf first;
        buf_init(&first, POLICY_BYTES_MAX);
        buf_span(&first, buf_bytes(&x->gen.policy));
        x->by_steps = node_of(x);
        x->by_steps->nodes[GBR].core.work_list = seed % 2 ? 5 : 0;
        x->by_steps->nodes[GBR].core.asked = seed % 3 ? every_third_time : NULL;
        x->by_steps->nodes[GBR].core.asked_ctx = &x->asks;
        buf_reset(&x->gen.policy);
        buf_span(&x->gen.policy, buf_bytes(&first));
        x->whole = node_of(x);
        buf_reset(&x->gen.policy);
        buf_span(&x->gen.policy, buf_bytes(&first));
        buf_fini(&first);
        live(x);
        twin_free(x->by_steps);
        twin_free(x->whole);
        policy_gen_fini(&x->gen);
        free(x);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(only_what_changes_is_looked_at),
        T(parts_terms_and_partners),
        T(embargoes),
        T(a_clock_set_back),
        T(terms_count_from_the_activation_on),
        T(also_when_a_partner_comes_first),
        T(a_restart_goes_on),
        T(lists_come_one_after_the_other),
        T(what_is_given_up_is_done_again),
        T(another_activation_before_the_first_is_done),
        T(an_older_version_is_not_forgotten),
        T(an_outline_of_another_copy_says_nothing),
        T(a_failing_report_does_not_keep_the_others),
        T(a_store_without_outlines),
        cmocka_unit_test(steps_do_what_deciding_everything_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
