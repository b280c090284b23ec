// node/core/reconcile and ledger_flow: two copies of a ledger compared, and what a partner is told for it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/core/reconcile.h"
#include "store/sources.h"
#include "tests/support/flow_support.h"

enum { GBR, FRA };

// ---- copies made of leaves

struct copy {
    struct merkle_frontier f[65]; // after so many leaves
    size_t asked;
};

static enum status root_of(void *ctx, uint64_t n, struct digest *ret)
{
    struct copy *c = ctx;
    c->asked++;
    *ret = merkle_frontier_root(&c->f[n]);
    return ST_OK;
}

// A ledger of n entries that is another one from `differs` on.
static void build(struct copy *c, uint64_t n, uint64_t differs)
{
    *c = (struct copy){.asked = 0};
    for (uint64_t i = 0; i < n; i++) {
        uint8_t bytes[2] = {(uint8_t)i, i >= differs};
        struct digest leaf = merkle_leaf(span_of(bytes, sizeof bytes));
        c->f[i + 1] = c->f[i];
        merkle_frontier_append(&c->f[i + 1], &leaf);
    }
}

static void test_every_first_difference_is_found(void **state)
{
    struct copy *owner = calloc(1, sizeof *owner), *reader = calloc(1, sizeof *reader);
    (void)state;
    for (uint64_t n = 0; n <= 64; n += n < 20 ? 1 : 11)
        for (uint64_t m = 0; m <= 64; m += m < 20 ? 1 : 11)
            for (uint64_t at = 0; at <= 64; at += at < 20 ? 1 : 7) {
                struct reconcile_result r;
                uint64_t both = n < m ? n : m;
                build(owner, n, UINT64_MAX);
                build(reader, m, at);
                const struct reconcile_copy a = {n, root_of, owner}, b = {m, root_of, reader};
                assert_int_equal(reconcile_compare(&a, &b, &r), ST_OK);
                assert_true(owner->asked <= 10 && reader->asked <= 10);
                if (at >= both && n == m)
                    assert_int_equal(r.verdict, RECONCILE_EQUAL);
                else if (at >= both && m < n)
                    assert_int_equal(r.verdict, RECONCILE_BEHIND);
                else {
                    assert_int_equal(r.verdict, RECONCILE_DIFFERS);
                    assert_int_equal(r.first, at < both ? at : both);
                }
            }
    free(owner);
    free(reader);
}

static enum status no_root(void *ctx, uint64_t n, struct digest *ret)
{
    (void)ctx, (void)n, (void)ret;
    return ST_UNREACHABLE;
}

static void test_a_side_that_does_not_answer_is_no_verdict(void **state)
{
    struct copy *owner = calloc(1, sizeof *owner);
    struct reconcile_result r;
    (void)state;
    build(owner, 3, UINT64_MAX);
    const struct reconcile_copy a = {3, root_of, owner}, b = {3, no_root, NULL};
    assert_int_equal(reconcile_compare(&a, &b, &r), ST_UNREACHABLE);
    free(owner);
}

// ---- what partners are told

static struct sim *sim;

static int setup(void **state)
{
    const char *const policies[] = {
        SIM_POLICY("GBR", SIM_PARTNER("FRA") SIM_PARTNER("DEU"), "FRA DEU", SIM_TERMS("permitted", "retain")),
        SIM_POLICY("FRA", SIM_PARTNER("GBR"), "GBR", SIM_TERMS("forbidden", "retain"))};
    sim = calloc(1, sizeof *sim);
    sim_init(sim, 2, policies);
    *state = sim;
    for (uint8_t i = 1; i <= 3; i++)
        sim_publish(sim, GBR, i, 1, SIM_PLAIN);
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK);
    sim_publish(sim, GBR, 4, 1, SIM_PLAIN);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sim_fini(sim);
    free(sim);
    return 0;
}

static int ask(size_t from, size_t to, const char *target, struct reply *rp)
{
    sim_request(sim, from, to, "GET", target, "", span_of(NULL, 0), rp);
    return rp->status;
}

static struct digest ledger_root_at(uint64_t size)
{
    struct digest root;
    struct tick *t = sim_tick(sim, GBR);
    assert_int_equal(ledger_root(t->txn, "FRA", size, &root), ST_OK);
    sim_commit(t);
    return root;
}

static void test_what_was_sent_is_signed(void **state)
{
    struct reply rp;
    struct checkpoint c;
    (void)state;
    for (uint64_t n = 0; n <= 4; n++) {
        char target[40];
        snprintf(target, sizeof target, n == 4 ? "/v1/ledger/sent" : "/v1/ledger/sent?size=%u", (unsigned)n);
        assert_int_equal(ask(FRA, GBR, target, &rp), 200);
        assert_int_equal(checkpoint_open(buf_bytes(&rp.body), "gbr.example/release/FRA", sim->nodes[GBR].core.ledger_key.pub, &c), ST_OK);
        struct digest root = ledger_root_at(n);
        assert_int_equal(c.size, n);
        assert_true(digest_eq(&c.root, &root));
        reply_fini(&rp);
    }
}

static void test_what_is_held_is_told_to_its_owner(void **state)
{
    struct reply rp;
    struct checkpoint c;
    (void)state;
    assert_int_equal(ask(GBR, FRA, "/v1/ledger/held", &rp), 200); // our own signature comes back
    assert_int_equal(checkpoint_open(buf_bytes(&rp.body), "gbr.example/release/FRA", sim->nodes[GBR].core.ledger_key.pub, &c), ST_OK);
    assert_int_equal(c.size, 3);
    reply_fini(&rp);
    for (uint64_t n = 0; n <= 3; n++) {
        char target[40];
        snprintf(target, sizeof target, "/v1/ledger/held?size=%u", (unsigned)n);
        assert_int_equal(ask(GBR, FRA, target, &rp), 200);
        assert_int_equal(checkpoint_read(buf_bytes(&rp.body), false, &c), ST_OK);
        struct digest root = ledger_root_at(n);
        assert_string_equal(c.origin, "gbr.example/release/FRA");
        assert_int_equal(c.size, n);
        assert_true(digest_eq(&c.root, &root));
        reply_fini(&rp);
    }
    assert_int_equal(ask(FRA, GBR, "/v1/ledger/held", &rp), 200); // FRA sent nothing
    assert_int_equal(checkpoint_read(buf_bytes(&rp.body), false, &c), ST_OK);
    assert_string_equal(c.origin, "fra.example/release/GBR");
    assert_int_equal(c.size, 0);
    reply_fini(&rp);
}

static void test_what_cannot_be_answered(void **state)
{
    static const struct {
        size_t from, to;
        const char *target;
        int status;
    } cases[] = {{FRA, GBR, "/v1/ledger/sent?size=5", 404},  {GBR, FRA, "/v1/ledger/held?size=4", 404},
                 {FRA, GBR, "/v1/ledger/sent?size=", 422},   {FRA, GBR, "/v1/ledger/sent?size=-1", 422},
                 {FRA, GBR, "/v1/ledger/sent?sise=1", 422},  {FRA, GBR, "/v1/ledger/held?size=1x", 422},
                 {FRA, GBR, "/v1/ledger/held?size=99999999999999999999", 422}};
    struct reply rp;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(ask(cases[i].from, cases[i].to, cases[i].target, &rp), cases[i].status);
        reply_fini(&rp);
    }
    static const enum role others[] = {ROLE_CELL, ROLE_OFFICER, ROLE_AUDITOR, ROLE_OPERATOR};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        flow_ask(sim, GBR, others[i], "X", "GET", "/v1/ledger/sent", "", span_of(NULL, 0), &rp);
        assert_int_equal(rp.status, 403);
        reply_fini(&rp);
    }
}

static void test_receipts_are_compared(void **state)
{
    struct reconcile_receipts r;
    (void)state;
    struct tick *t = sim_tick(sim, GBR);
    assert_int_equal(reconcile_receipts(t->txn, "FRA", &r), ST_OK);
    assert_int_equal(r.size, 4);
    assert_int_equal(r.count, 1);
    assert_int_equal(r.last.size, 3);
    assert_false(r.differs);
    const struct receipt other = {.size = 4, .root = r.last.root, .at = sim->now, .note = r.last.note};
    assert_int_equal(receipt_put(t->txn, "FRA", &other), ST_OK);
    assert_int_equal(reconcile_receipts(t->txn, "FRA", &r), ST_OK);
    assert_true(r.differs);
    assert_int_equal(r.from, 3);
    assert_int_equal(r.to, 4);
    sim_commit(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_first_difference_is_found),
        cmocka_unit_test(test_a_side_that_does_not_answer_is_no_verdict),
        cmocka_unit_test_setup_teardown(test_what_was_sent_is_signed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_held_is_told_to_its_owner, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_answered, setup, teardown),
        cmocka_unit_test_setup_teardown(test_receipts_are_compared, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
