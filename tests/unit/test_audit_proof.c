// node/core/audit_proof: checkpoints, tiles and proofs for auditors. What is served must suffice to compute the tree anew.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "formats/tlog.h"
#include "node/core/audit_proof.h"
#include "store/audit_log.h"
#include "tests/support/flow_support.h"

enum { GBR, EVENTS = 600 };
#define POLICY_FOR(nation, other) SIM_POLICY(nation, SIM_PARTNER(other), other, SIM_TERMS("consent", "retain"))

static struct sim *s;

static enum status log_many(struct tick *t, struct tick_job *job)
{
    const struct audit_event e = {.kind = AUDIT_READ, .actor = "operator:a"};
    const size_t *count = job->ctx;
    for (size_t i = 0; i < *count; i++)
        TRY(audit_append(t->txn, &e, t->now, &t->core->random));
    return ST_OK;
}

static int set_up(void **state)
{
    static const char *const policies[] = {POLICY_FOR("GBR", "FRA"), POLICY_FOR("FRA", "GBR")};
    size_t count = EVENTS;
    (void)state;
    s = sim_new(2, policies);
    sim_job(s, GBR, log_many, &count);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sim_free(&s);
    return 0;
}

static int get(const char *target, struct buf *body)
{
    struct reply rp;
    flow_ask(s, GBR, ROLE_AUDITOR, "AUD", "GET", target, "", span_of(NULL, 0), &rp);
    int status = rp.status;
    if (body) {
        buf_init(body, 32 * MIB);
        buf_span(body, buf_bytes(&rp.body));
    }
    reply_fini(&rp);
    return status;
}

static struct checkpoint checkpoint_now(void)
{
    struct buf b;
    struct checkpoint c;
    assert_int_equal(get("/v1/audit/checkpoint", &b), 200);
    assert_int_equal(checkpoint_open(buf_bytes(&b), "gbr.example/audit", s->nodes[GBR].core.audit_key.pub, &c), ST_OK);
    buf_fini(&b);
    return c;
}

struct trees { // on the heap: a frontier has room for 2^64 leaves
    struct merkle_frontier by_entry, by_hash, tile;
};

// Grow the trees by tile i, whose hash is the i-th of the level above when it is full.
static void take_tile(struct trees *x, int i, const struct buf *upper)
{
    char target[80];
    struct buf entries, hashes;
    size_t width = i < 2 ? 256 : 600 - 512, at = 0;
    snprintf(target, sizeof target, "/v1/audit/tile/entries/00%d%s", i, i < 2 ? "" : ".p/88");
    assert_int_equal(get(target, &entries), 200);
    snprintf(target, sizeof target, "/v1/audit/tile/0/00%d%s", i, i < 2 ? "" : ".p/88");
    assert_int_equal(get(target, &hashes), 200);
    assert_int_equal(hashes.len, 32 * width);
    x->tile.size = 0;
    for (size_t k = 0; k < width; k++) {
        size_t len = (size_t)entries.ptr[at] << 8 | entries.ptr[at + 1];
        struct digest leaf = merkle_leaf(span_of(entries.ptr + at + 2, len)), hash;
        at += 2 + len;
        memcpy(hash.b, hashes.ptr + 32 * k, 32);
        merkle_frontier_append(&x->by_entry, &leaf);
        merkle_frontier_append(&x->by_hash, &hash);
        merkle_frontier_append(&x->tile, &hash);
    }
    assert_int_equal(at, entries.len);
    struct digest root = merkle_frontier_root(&x->tile);
    if (i < 2)
        assert_memory_equal(root.b, upper->ptr + 32 * i, 32);
    buf_fini(&entries);
    buf_fini(&hashes);
}

// The tree from the entry bundles, the same from the tiles of level 0; tiles of level 1 from full tiles.
static void tiles_make_the_tree(void **state)
{
    (void)state;
    struct checkpoint c = checkpoint_now();
    struct trees *x = calloc(1, sizeof *x);
    struct buf upper;
    assert_non_null(x);
    assert_int_equal(c.size, EVENTS);
    assert_int_equal(get("/v1/audit/tile/1/000.p/2", &upper), 200);
    assert_int_equal(upper.len, 64);
    for (int i = 0; i < 3; i++)
        take_tile(x, i, &upper);
    struct digest a = merkle_frontier_root(&x->by_entry), b = merkle_frontier_root(&x->by_hash);
    assert_true(digest_eq(&a, &c.root));
    assert_true(digest_eq(&b, &c.root));
    buf_fini(&upper);
    free(x);
}

static void what_is_no_tile_is_not_there(void **state)
{
    (void)state;
    static const char *const none[] = {
        "/v1/audit/tile/0/003",          "/v1/audit/tile/0/002",         "/v1/audit/tile/0/002.p/89",  "/v1/audit/tile/1/000",
        "/v1/audit/tile/1/000.p/3",      "/v1/audit/tile/2/000.p/1",     "/v1/audit/tile/64/000.p/1",  "/v1/audit/tile/63/000.p/1",
        "/v1/audit/tile/00/000",         "/v1/audit/tile/0/0",           "/v1/audit/tile/0/0000",      "/v1/audit/tile/0/x000/000",
        "/v1/audit/tile/0/000.p/0",      "/v1/audit/tile/0/000.p/256",   "/v1/audit/tile/0/000.p/01",  "/v1/audit/tile/0/000.p",
        "/v1/audit/tile/0/000/",         "/v1/audit/tile/0/x999/x999/x999/x999/x999/x999/x999/999",    "/v1/audit/tile/entries/003",
        "/v1/audit/tile/entries",        "/v1/audit/tile/0",             "/v1/audit/tile/-1/000",      "/v1/audit/tile/0/x001",
        "/v1/audit/tile/0/001.p/1/x",    "/v1/audit/checkpoint/witnessed"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        if (get(none[i], NULL) != 404)
            fail_msg("%s is served", none[i]);
    assert_int_equal(get("/v1/audit/tile/0/000.p/255", NULL), 200);
    assert_int_equal(get("/v1/audit/tile/0/002.p/1", NULL), 200);
}

static void proofs_verify(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {1, 2, 3, 255, 256, 257, 512, 599, 600};
    struct tlog_text *x = calloc(1, sizeof *x);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t k = 0; k <= i; k++) {
            char target[80];
            struct buf b;
            struct checkpoint c, old;
            struct span leaf;
            uint64_t n = sizes[k] - 1;
            snprintf(target, sizeof target, "/v1/audit/proof?index=%u&size=%u", (unsigned)n, (unsigned)sizes[i]);
            assert_int_equal(get(target, &b), 200);
            assert_int_equal(tlog_proof_read(buf_bytes(&b), x), ST_OK);
            assert_int_equal(checkpoint_open(x->checkpoint, "gbr.example/audit", s->nodes[GBR].core.audit_key.pub, &c), ST_OK);
            assert_int_equal(c.size, sizes[i]);
            struct tick *t = sim_tick(s, GBR);
            assert_int_equal(audit_get(t->txn, n, &leaf), ST_OK);
            struct digest hash = merkle_leaf(leaf);
            assert_int_equal(tree_root(t->txn, AUDIT_LOG, sizes[k], &old.root), ST_OK);
            sim_commit(t);
            assert_int_equal(merkle_check_inclusion(&hash, x->n, c.size, x->hashes, x->hash_count, &c.root), ST_OK);
            buf_fini(&b);
            snprintf(target, sizeof target, "/v1/audit/proof?size=%u&old=%u", (unsigned)sizes[i], (unsigned)sizes[k]);
            assert_int_equal(get(target, &b), 200);
            assert_int_equal(tlog_update_read(buf_bytes(&b), x), ST_OK);
            assert_int_equal(merkle_check_consistency(sizes[k], &old.root, c.size, &c.root, x->hashes, x->hash_count), ST_OK);
            buf_fini(&b);
        }
    free(x);
}

static void questions_are_read_strictly(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "?", "?index=", "?index=x", "?index=1&old=1", "?size=3", "?index=1&more=1", "?index=01",
                                      "?index=1&index=1", "?index=1&size=3&size=3"};
    char target[80];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(target, sizeof target, "/v1/audit/proof%s", bad[i]);
        if (get(target, NULL) != 422)
            fail_msg("%s is answered", target);
    }
    assert_int_equal(get("/v1/audit/proof?index=600", NULL), 404);
    assert_int_equal(get("/v1/audit/proof?index=5&size=5", NULL), 404);
    assert_int_equal(get("/v1/audit/proof?old=6&size=5", NULL), 404);
    assert_int_equal(get("/v1/audit/proof?index=0&size=601", NULL), 404);
    assert_int_equal(get("/v1/audit/proof?old=0", NULL), 200);
}

// Handing out events is logged; hashes tell nothing. Tailing the log does not feed on itself.
static void handing_out_events_is_logged(void **state)
{
    (void)state;
    assert_int_equal(get("/v1/audit/tile/0/000", NULL), 200);
    assert_int_equal(get("/v1/audit/proof?index=3", NULL), 200);
    assert_int_equal(sim_events(s, GBR, AUDIT_EXPORT), 0);
    assert_int_equal(get("/v1/audit/tile/entries/002.p/88", NULL), 200);
    assert_int_equal(sim_events(s, GBR, AUDIT_EXPORT), 1);
    size_t count = 768 - 601;
    sim_job(s, GBR, log_many, &count);
    assert_int_equal(get("/v1/audit/tile/entries/000", NULL), 200); // event 768
    assert_int_equal(sim_events(s, GBR, AUDIT_EXPORT), 2);
    assert_int_equal(get("/v1/audit/tile/entries/003.p/1", NULL), 200);
    assert_int_equal(sim_events(s, GBR, AUDIT_EXPORT), 2);
}

static void others_see_nothing(void **state)
{
    (void)state;
    static const char *const targets[] = {"/v1/audit/checkpoint", "/v1/audit/tile/0/000", "/v1/audit/tile/entries/000",
                                          "/v1/audit/proof?index=0", "/v1/audit/checkpoint/witnessed"};
    static const enum role roles[] = {ROLE_PARTNER, ROLE_CELL, ROLE_OFFICER, ROLE_OPERATOR};
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
        for (size_t k = 0; k < sizeof roles / sizeof *roles; k++) {
            struct reply rp;
            flow_ask(s, GBR, roles[k], "FRA", "GET", targets[i], "", span_of(NULL, 0), &rp);
            assert_int_equal(rp.status, 403);
            reply_fini(&rp);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tiles_make_the_tree, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_tile_is_not_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(proofs_verify, set_up, tear_down),
        cmocka_unit_test_setup_teardown(questions_are_read_strictly, set_up, tear_down),
        cmocka_unit_test_setup_teardown(handing_out_events_is_logged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(others_see_nothing, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
