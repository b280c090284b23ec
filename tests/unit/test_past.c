// node/core/past, recall_progress: what the log tells of the past where it is told less often than by the model of
// tests/property/test_past_model.c: copies of others, long decisions, forged and missing facts, recalls that wait.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/core/past.h"
#include "node/core/recall_progress.h"
#include "store/audit_log.h"
#include "store/policies.h"
#include "tests/support/flow_support.h"

enum { GBR, FRA, DEU };

#define OPEN SIM_TERMS("permitted", "retain")
#define CLOSED SIM_TERMS("forbidden", "retain")
#define POLICY_OF(nation, partners, parties, terms) SIM_POLICY(nation, partners, parties, terms)
#define GBR_OPEN POLICY_OF("GBR", SIM_PARTNER("FRA"), "FRA", OPEN)
#define GBR_CLOSED POLICY_OF("GBR", SIM_PARTNER("FRA"), "FRA", CLOSED)

static struct sim *sim;
static struct arena *arena;

static void write_bundle(const char *policy, struct buf *out)
{
    const struct policy_bundle b = {
        .policy = {"policy.xml", span_cstr(policy)},
        .vocabulary = {"vocabulary.xml", span_cstr(world_vocabulary)},
        .spifs = {{"alfa.xml", span_cstr(world_alfa)}, {"beta.xml", span_cstr(world_beta)}},
        .spif_count = 2,
    };
    buf_init(out, 8 * MIB);
    policy_bundle_write(&b, out);
    assert_int_equal(buf_status(out), ST_OK);
}

// Put a policy in force and, as the node does, in the store.
static void policy(size_t node, const char *text)
{
    struct buf bundle;
    struct digest digest;
    flow_policy(sim, node, text, 0);
    write_bundle(text, &bundle);
    struct tick *t = sim_tick(sim, node);
    assert_int_equal(policies_activate(t->txn, buf_bytes(&bundle), t->now, &digest), ST_OK);
    assert_true(digest_eq(&digest, ruleset_digest(t->core->rules)));
    sim_commit(t);
    buf_fini(&bundle);
}

static int setup(void **state)
{
    static const char *const policies[] = {GBR_OPEN, POLICY_OF("FRA", SIM_PARTNER("GBR") SIM_PARTNER("DEU"), "DEU", OPEN),
                                           POLICY_OF("DEU", SIM_PARTNER("GBR") SIM_PARTNER("FRA"), "FRA", OPEN)};
    (void)state;
    sim = sim_new(3, policies);
    for (size_t i = 0; i < 3; i++)
        policy(i, policies[i]);
    arena = arena_new(64 * MIB);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    sim_free(&sim);
    return 0;
}

static struct past_decision decide_at(size_t node, uint8_t id, const char *partner, utc_ms at)
{
    struct past_decision d;
    struct tick *t = sim_tick(sim, node);
    assert_int_equal(past_decide(t, sim_id(id), partner, at, arena, &d), ST_OK);
    sim_commit(t);
    return d;
}

static void expect(const struct past_decision *d, enum past_verdict verdict, const char *outcome, const char *obstacle)
{
    if (d->verdict != verdict)
        fail_msg("the verdict is %d; logged %s (%s) under %s, made again %s (%s) under %s", d->verdict, d->logged.outcome,
                 d->logged.reason, d->logged.agreement, d->remade.outcome, d->remade.reason, d->remade.agreement);
    assert_string_equal(d->logged.outcome, outcome);
    if (obstacle && (!d->obstacle || !strstr(d->obstacle, obstacle)))
        fail_msg("the obstacle is \"%s\"", d->obstacle ? d->obstacle : "none");
    if (!obstacle)
        assert_null(d->obstacle);
}

// ---- copies from others

static void the_terms_of_then_count(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK);
    utc_ms open = sim->now;
    struct past_decision d = decide_at(FRA, 1, "DEU", open);
    expect(&d, PAST_EQUAL, "release", NULL);
    assert_string_equal(d.source, "GBR");
    // GBR's terms become stricter: the same bytes come again, and FRA must not pass them on any more
    sim->now += 1000;
    policy(GBR, GBR_CLOSED);
    sim_redecide(sim, GBR, 1);
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK);
    d = decide_at(FRA, 1, "DEU", sim->now);
    expect(&d, PAST_EQUAL, "deny", NULL);
    assert_string_equal(d.logged.reason, "originator-control");
    d = decide_at(FRA, 1, "DEU", open);
    expect(&d, PAST_EQUAL, "release", NULL);
    assert_string_equal(d.then.outcome, "release");
}

static void a_copy_that_was_replaced_cannot_be_decided_again(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_REPORT("all", W_ALFA("S", W_REL(W_V("FRA") W_V("DEU"))), "secret"));
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK);
    utc_ms whole = sim->now;
    sim->now += 1000;
    policy(GBR, POLICY_OF("GBR", "<partner id='FRA' name='FRA' kind='nation'><clearance policy='ALFA' max='R'/></partner>", "FRA", OPEN));
    sim_redecide(sim, GBR, 1);
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK);
    struct past_decision d = decide_at(FRA, 1, "DEU", sim->now);
    expect(&d, PAST_EQUAL, "redact", NULL);
    d = decide_at(FRA, 1, "DEU", whole);
    expect(&d, PAST_NOT_REMADE, "release", "another rendition");
}

static void of_an_erased_report_the_log_tells(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK);
    utc_ms before = sim->now;
    sim->now += 1000;
    sim_recall(sim, GBR, 1);
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK);
    for (size_t node = GBR; node <= FRA; node++) {
        const char *partner = node == GBR ? "FRA" : "DEU";
        struct past_decision d = decide_at(node, 1, partner, sim->now);
        expect(&d, PAST_NOT_REMADE, "release", "recalled");
        assert_true(d.recalled_at == sim->now && !d.has_then);
        d = decide_at(node, 1, partner, before);
        expect(&d, PAST_NOT_REMADE, "release", "erased");
        assert_true(d.recalled_at == 0);
    }
}

// ---- events

static void forge(const char *detail, const char *policy_digest)
{
    struct audit_event e = {.kind = AUDIT_DECIDE, .actor = "node", .has_report = true, .report = sim_id(1), .version = 1,
                            .detail = span_cstr(detail)};
    struct tick *t = sim_tick(sim, GBR);
    audit_event_attr(&e, "cause", "recheck");
    audit_event_attr(&e, "policy", policy_digest);
    assert_int_equal(audit_append(t->txn, &e, t->now, &t->core->random), ST_OK);
    sim_commit(t);
}

static void a_decision_that_was_never_made_is_found(void **state)
{
    (void)state;
    char digest[DIGEST_TEXT_LEN + 1];
    static const struct {
        const char *detail;
        enum past_verdict verdict;
    } cases[] = {
        {"<decision agreement=\"A\" outcome=\"release\" partner=\"FRA\" reason=\"-\"></decision>", PAST_EQUAL},
        {"<decision agreement=\"B\" outcome=\"release\" partner=\"FRA\" reason=\"-\"></decision>", PAST_DIFFERS},
        {"<decision outcome=\"deny\" partner=\"FRA\" reason=\"rule\" rule=\"D\"></decision>", PAST_DIFFERS},
        {"<decision agreement=\"A\" outcome=\"redact\" partner=\"FRA\" reason=\"-\" withheld=\"e1\"></decision>", PAST_DIFFERS},
        {"<decision agreement=\"A\" outcome=\"release\" partner=\"DEU\" reason=\"-\"></decision>", PAST_DIFFERS},
    };
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    digest_text(ruleset_digest(sim->nodes[GBR].core.rules), digest);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sim->now++;
        forge(cases[i].detail, digest);
        struct past_decision d = decide_at(GBR, 1, "FRA", sim->now);
        assert_int_equal(d.verdict, cases[i].verdict);
        assert_string_equal(d.remade.outcome, "release");
    }
    // of a partner that nobody named, neither the event nor the policy says anything
    struct past_decision d = decide_at(GBR, 1, "USA", sim->now);
    assert_true(d.verdict == PAST_EQUAL && !d.logged.named && !d.remade.named && !d.then.named);
    sim->now++;
    forge(cases[0].detail, "sha256:0000000000000000000000000000000000000000000000000000000000000000");
    d = decide_at(GBR, 1, "FRA", sim->now);
    expect(&d, PAST_NOT_REMADE, "release", "policy");
    assert_true(d.serial == 0 && !d.has_then);
}

static void nothing_is_told_before_the_first_decision(void **state)
{
    (void)state;
    struct past_decision d;
    sim->now += 1000;
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    struct tick *t = sim_tick(sim, GBR);
    assert_int_equal(past_decide(t, sim_id(1), "FRA", sim->now - 1, arena, &d), ST_NOT_FOUND);
    assert_int_equal(past_decide(t, sim_id(2), "FRA", sim->now, arena, &d), ST_NOT_FOUND);
    sim_commit(t);
}

// Decisions about very many partners are in the log by digest.
static void long_decisions_are_compared_by_digest(void **state)
{
    enum { MANY = 250 };
    (void)state;
    struct buf b;
    char name[64] = "", digest[DIGEST_TEXT_LEN + 1];
    buf_init(&b, MIB);
    buf_puts(&b, "<policy xmlns='urn:relto:policy:1' nation='GBR' serial='1'>" W_SECURITY "<communities><community id='TEAM'>");
    for (int i = 0; i < MANY; i++)
        buf_printf(&b, "<member partner='P%062d'/>", i);
    buf_puts(&b, "</community></communities><partners>" SIM_PARTNER("FRA"));
    for (int i = 0; i < MANY; i++)
        buf_printf(&b, "<partner id='P%062d' name='n' kind='nation'><clearance policy='ALFA' max='S'/></partner>", i);
    memset(name, 'A', 63);
    buf_printf(&b, "</partners><agreements><agreement id='%s' parties='*'><scope><type any-of='INTREP'/></scope>" OPEN
               "</agreement></agreements></policy>", name);
    policy(GBR, buf_cstr(&b));
    buf_reset(&b);
    // released to everybody but for thirty portions: each partner's element names them
    buf_puts(&b, "<report xmlns='urn:relto:report:1'>" W_ALFA("R", W_REL(W_V("FRA") W_V("TEAM")))
             W_HEADER_OF("separable='true'", "", "GBR", "") "<portion><text>t</text></portion>");
    for (int i = 0; i < 30; i++)
        buf_puts(&b, "<portion>" SIM_ONLY("FRA") "<text>t</text></portion>");
    buf_puts(&b, "</report>");
    sim_publish(sim, GBR, 1, 1, buf_cstr(&b));
    struct past_decision d = decide_at(GBR, 1, "FRA", sim->now);
    if (!d.by_digest)
        fail_msg("%s %s", d.logged.outcome, d.logged.reason);
    assert_int_equal(d.verdict, PAST_EQUAL);
    assert_string_equal(d.logged.outcome, d.then.outcome);
    sim->now++;
    digest_text(ruleset_digest(sim->nodes[GBR].core.rules), digest);
    buf_reset(&b);
    for (int i = 0; i < 1000; i++)
        buf_puts(&b, "<decision outcome=\"deny\" partner=\"FRA\" reason=\"rule\" rule=\"D\"></decision>");
    forge(buf_cstr(&b), digest);
    d = decide_at(GBR, 1, "FRA", sim->now);
    assert_true(d.by_digest && d.verdict == PAST_DIFFERS);
    buf_fini(&b);
}

// ---- who has it

static enum status note_holder(void *ctx, const struct past_holding *h)
{
    char *out = ctx;
    snprintf(out + strlen(out), 200 - strlen(out), "%s %s %u/%u %s%s; ", h->partner, past_state_text(h->state),
             h->released.version, h->held.version, h->held.withheld ? h->held.withheld : "-", h->acknowledged_at ? " ack" : "");
    return ST_OK;
}

static const char *holders(utc_ms at)
{
    static char text[200];
    struct tick *t = sim_tick(sim, GBR);
    text[0] = 0;
    assert_int_equal(past_of_report(t, sim_id(1), at, note_holder, text), ST_OK);
    sim_commit(t);
    return text;
}

static void holders_in_order_of_name(void **state)
{
    (void)state;
    policy(GBR, POLICY_OF("GBR", SIM_PARTNER("FRA") SIM_PARTNER("DEU"), "FRA DEU", OPEN));
    utc_ms begin = sim->now;
    sim->now += 1000;
    sim_publish(sim, GBR, 1, 1, SIM_REPORT("all", SIM_ONLY("FRA"), "for FRA"));
    assert_string_equal(holders(begin), "");
    assert_string_equal(holders(sim->now), "DEU released 1/0 -; FRA released 1/0 -; ");
    assert_int_equal(sim_pull(sim, DEU, GBR), ST_OK);
    assert_string_equal(holders(sim->now), "DEU released 1/1 e2 ack; FRA released 1/0 -; ");
    utc_ms then = sim->now;
    sim->now += 1000;
    sim_publish(sim, GBR, 1, 2, SIM_PLAIN);
    assert_string_equal(holders(sim->now), "DEU released 2/1 e2; FRA released 2/0 -; ");
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK);
    assert_string_equal(holders(sim->now), "DEU released 2/1 e2; FRA released 2/2  ack; ");
    assert_string_equal(holders(then), "DEU released 1/1 e2 ack; FRA released 1/0 -; ");
}

// ---- recalls

enum { OVERDUE_MS = 60000 };

static enum status note_progress(void *ctx, const struct recall_progress *p)
{
    char *out = ctx;
    const char *state = p->receipt_at ? "receipted" : p->overdue_since ? "overdue" : "open";
    if (p->overdue_since)
        assert_true(p->overdue_since == p->entered_at + OVERDUE_MS);
    snprintf(out + strlen(out), 200 - strlen(out), "%s %s %s; ", p->partner ? p->partner : "nobody", p->partner ? state : "-",
             p->delivered ? "delivered" : "-");
    return ST_OK;
}

static const char *progress(void)
{
    static char text[200];
    struct tick *t = sim_tick(sim, GBR);
    text[0] = 0;
    assert_int_equal(recall_progress_each(t, OVERDUE_MS, note_progress, text), ST_OK);
    sim_commit(t);
    return text;
}

static void recalls_wait_and_become_overdue(void **state)
{
    (void)state;
    policy(GBR, POLICY_OF("GBR", SIM_PARTNER("FRA") SIM_PARTNER("DEU"), "FRA DEU", OPEN));
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK);
    assert_string_equal(progress(), "");
    sim->now += 1000;
    sim_recall(sim, GBR, 1);
    assert_string_equal(progress(), "DEU open -; FRA open delivered; ");
    sim->now += 1000;
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK);
    sim->now += OVERDUE_MS - 1001;
    assert_string_equal(progress(), "DEU open -; FRA receipted delivered; ");
    sim->now++;
    assert_string_equal(progress(), "DEU overdue -; FRA receipted delivered; ");
    assert_int_equal(sim_pull(sim, DEU, GBR), ST_OK);
    assert_string_equal(progress(), "DEU receipted -; FRA receipted delivered; ");
}

static void the_progress_of_one_recall(void **state)
{
    char text[200] = "";
    (void)state;
    policy(GBR, POLICY_OF("GBR", SIM_PARTNER("FRA"), "FRA", OPEN));
    for (uint8_t n = 1; n <= 3; n++)
        sim_publish(sim, GBR, n, 1, SIM_PLAIN);
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK);
    sim_recall(sim, GBR, 1);
    sim_recall(sim, GBR, 2);
    struct tick *t = sim_tick(sim, GBR);
    assert_int_equal(recall_progress_of(t, sim_id(2), OVERDUE_MS, note_progress, text), ST_OK);
    assert_string_equal(text, "FRA open delivered; ");
    assert_int_equal(recall_progress_of(t, sim_id(3), OVERDUE_MS, note_progress, text), ST_NOT_FOUND);
    assert_string_equal(text, "FRA open delivered; ");
    sim_commit(t);
}

static void a_recall_of_what_nobody_had(void **state)
{
    (void)state;
    policy(GBR, POLICY_OF("GBR", SIM_PARTNER("FRA") SIM_PARTNER("DEU"), "DEU", OPEN));
    sim_publish(sim, GBR, 1, 1, W_REPORT(SIM_ONLY("FRA"), W_HEADER_OF("separable='true'", SIM_ONLY("FRA"), "GBR", ""), W_PORTION("")));
    sim_recall(sim, GBR, 1);
    assert_string_equal(progress(), "nobody - -; ");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(the_terms_of_then_count), T(a_copy_that_was_replaced_cannot_be_decided_again), T(of_an_erased_report_the_log_tells),
        T(a_decision_that_was_never_made_is_found), T(nothing_is_told_before_the_first_decision),
        T(long_decisions_are_compared_by_digest), T(holders_in_order_of_name), T(recalls_wait_and_become_overdue),
        T(the_progress_of_one_recall), T(a_recall_of_what_nobody_had),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
