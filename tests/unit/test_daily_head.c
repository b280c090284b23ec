// node/core/daily_head: once a day, for every partner, telling nothing.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/core/daily_head.h"
#include "store/audit_log.h"
#include "store/heads.h"
#include "store/ledger.h"
#include "store/sources.h"
#include "tests/support/flow_support.h"

enum { GBR, FRA, DEU };
#define POLICY_FOR(nation, other) SIM_POLICY(nation, SIM_PARTNER(other), other, SIM_TERMS("consent", "retain"))
#define HOUR ((utc_ms)3600000)
#define DAY (24 * HOUR)

static int set_up(void **state)
{
    static const char *const policies[] = {POLICY_FOR("GBR", "FRA"), POLICY_FOR("FRA", "GBR"), POLICY_FOR("DEU", "GBR")};
    struct sim *s = sim_new(3, policies);
    s->nodes[GBR].core.head_hour = 3;
    s->now = 20000 * DAY + HOUR; // one in the morning
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct sim *s = *state;
    sim_free(&s);
    return 0;
}

static utc_ms next_due;

static enum status run(struct tick *t, struct tick_job *job)
{
    (void)job;
    return daily_head_due(t, &next_due);
}

static void due(struct sim *s, utc_ms at, utc_ms next)
{
    s->now = at;
    sim_job(s, GBR, run, NULL);
    assert_int_equal(next_due, next);
}

static uint64_t size_of(struct sim *s, const char *partner)
{
    struct tick *t = sim_tick(s, GBR);
    uint64_t n;
    assert_int_equal(ledger_size(t->txn, partner, &n), ST_OK);
    sim_commit(t);
    return n;
}

static void heads_come_once_a_day(void **state)
{
    struct sim *s = *state;
    const utc_ms day = 20000 * DAY, three = day + 3 * HOUR;
    due(s, day + HOUR, three); // the first start writes none
    assert_int_equal(size_of(s, "FRA"), 0);
    due(s, three - 1, three);
    assert_int_equal(size_of(s, "FRA"), 0);
    due(s, three, three + DAY);
    assert_int_equal(size_of(s, "FRA"), 1);
    assert_int_equal(size_of(s, "DEU"), 1);
    due(s, three, three + DAY); // a restart
    due(s, three + 23 * HOUR, three + DAY);
    assert_int_equal(size_of(s, "FRA"), 1);
    due(s, three + DAY + 5 * HOUR, three + 2 * DAY); // late
    assert_int_equal(size_of(s, "FRA"), 2);
    due(s, three + HOUR, three + DAY); // a clock that was set back
    assert_int_equal(size_of(s, "FRA"), 2);
    due(s, three + 9 * DAY, three + 10 * DAY); // days off: one, not eight
    assert_int_equal(size_of(s, "FRA"), 3);
}

static void heads_commit_to_the_log(void **state)
{
    struct sim *s = *state;
    struct head_opening fra, deu;
    struct checkpoint c;
    due(s, 20000 * DAY + HOUR, 20000 * DAY + 3 * HOUR);
    due(s, 20000 * DAY + 3 * HOUR, 20001 * DAY + 3 * HOUR);
    struct ledger_entry e = flow_entry(s, GBR, "FRA", 0), other = flow_entry(s, GBR, "DEU", 0);
    assert_int_equal(e.kind, ENTRY_HEAD);
    assert_false(digest_eq(&e.digest, &other.digest));
    struct tick *t = sim_tick(s, GBR);
    assert_int_equal(head_get(t->txn, "FRA", 0, &fra), ST_OK);
    assert_int_equal(head_get(t->txn, "DEU", 0, &deu), ST_OK);
    assert_memory_not_equal(fra.random, deu.random, HEAD_RANDOM_LEN);
    assert_true(span_eq(fra.checkpoint, deu.checkpoint));
    struct digest is = head_digest(fra.random, fra.checkpoint);
    assert_true(digest_eq(&is, &e.digest));
    assert_int_equal(checkpoint_open(fra.checkpoint, "gbr.example/audit", s->nodes[GBR].core.audit_key.pub, &c), ST_OK);
    sim_commit(t);
}

// The partner takes it like any other entry, and finds nothing in it but a digest and a time.
static void partners_receive_heads(void **state)
{
    struct sim *s = *state;
    sim_publish(s, GBR, 1, 1, SIM_PLAIN);
    due(s, 20000 * DAY + HOUR, 20000 * DAY + 3 * HOUR);
    due(s, 20000 * DAY + 3 * HOUR, 20001 * DAY + 3 * HOUR);
    assert_int_equal(sim_pull(s, FRA, GBR), ST_OK);
    struct tick *t = sim_tick(s, FRA);
    struct source_state source;
    assert_int_equal(source_get(t->txn, "GBR", &source), ST_OK);
    assert_int_equal(source.size, size_of(s, "FRA"));
    sim_commit(t);
    t = sim_tick(s, GBR);
    struct receipt r;
    assert_int_equal(receipt_latest(t->txn, "FRA", &r), ST_OK);
    assert_int_equal(r.size, source.size);
    sim_commit(t);
    struct reply rp;
    struct buf wire;
    sim_request(s, FRA, GBR, "GET", "/v1/feed", "", span_of(NULL, 0), &rp);
    buf_init(&wire, FEED_DOCUMENT_BYTES_MAX);
    sim_wire(s, FRA, GBR, &rp, &wire);
    assert_non_null(strstr(buf_cstr(&wire), "kind=\"head\""));
    assert_null(strstr(buf_cstr(&wire), "gbr.example/audit"));
    buf_fini(&wire);
    reply_fini(&rp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(heads_come_once_a_day, set_up, tear_down),
        cmocka_unit_test_setup_teardown(heads_commit_to_the_log, set_up, tear_down),
        cmocka_unit_test_setup_teardown(partners_receive_heads, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
