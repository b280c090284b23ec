// node/core/witness_flow and witness_ask: C2SP tlog-witness, both sides.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "formats/base/limits.h"
#include "formats/tlog.h"
#include "node/core/witness_ask.h"
#include "node/core/witness_flow.h"
#include "store/audit_log.h"
#include "store/witness.h"
#include "tests/support/flow_support.h"

enum { GBR, FRA };
#define POLICY_FOR(nation, other) SIM_POLICY(nation, SIM_PARTNER(other), other, SIM_TERMS("consent", "retain"))
#define ORIGIN "log.example/one"

// A log of any number of leaves, and FRA as its witness.
struct witness_world {
    struct sim s;
    struct note_key key, other;
    struct witness_log logs[2];
    struct digest nodes[7][64]; // of trees of 64 leaves
};
static struct witness_world *w;

static enum status node_of(void *ctx, unsigned level, uint64_t index, struct digest *ret)
{
    (void)ctx;
    *ret = w->nodes[level][index];
    return ST_OK;
}

static int set_up(void **state)
{
    static const char *const policies[] = {POLICY_FOR("GBR", "FRA"), POLICY_FOR("FRA", "GBR")};
    (void)state;
    w = calloc(1, sizeof *w);
    sim_init(&w->s, 2, policies);
    const uint8_t seed[ED25519_LEN] = {1}, other[ED25519_LEN] = {2};
    assert_int_equal(note_key_from_seed(seed, &w->key), ST_OK);
    assert_int_equal(note_key_from_seed(other, &w->other), ST_OK);
    for (uint8_t i = 0; i < 64; i++)
        w->nodes[0][i] = merkle_leaf(span_of(&i, 1));
    for (unsigned level = 1; level < 7; level++)
        for (size_t i = 0; i < (size_t)64 >> level; i++)
            w->nodes[level][i] = merkle_parent(&w->nodes[level - 1][2 * i], &w->nodes[level - 1][2 * i + 1]);
    strcpy(w->logs[0].origin, ORIGIN);
    strcpy(w->logs[1].origin, "gbr.example/audit");
    assert_int_equal(note_vkey_make(ORIGIN, NOTE_ED25519, w->key.pub, &w->logs[0].key), ST_OK);
    assert_int_equal(note_vkey_make("gbr.example/audit", NOTE_ED25519, w->s.nodes[GBR].core.audit_key.pub, &w->logs[1].key), ST_OK);
    w->s.nodes[FRA].core.witness_logs = w->logs;
    w->s.nodes[FRA].core.witness_log_count = 2;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sim_fini(&w->s);
    free(w);
    return 0;
}

static struct checkpoint head_of(uint64_t size)
{
    struct merkle_nodes nodes = {node_of, NULL};
    struct checkpoint c = {.origin = ORIGIN, .size = size};
    assert_int_equal(merkle_root(&nodes, size, &c.root), ST_OK);
    return c;
}

// The request of the log: from the old size to this head, which `key` signs.
static void request_of(uint64_t old, const struct checkpoint *c, const struct note_key *key, struct buf *out)
{
    struct merkle_nodes nodes = {node_of, NULL};
    struct digest proof[MERKLE_LEVELS + 1];
    struct buf note;
    struct tlog_text *x = calloc(1, sizeof *x);
    x->n = old;
    if (old <= c->size)
        assert_int_equal(merkle_consistency(&nodes, old, c->size, proof, &x->hash_count), ST_OK);
    memcpy(x->hashes, proof, x->hash_count * sizeof *proof);
    buf_init(&note, NOTE_BYTES_MAX);
    assert_int_equal(checkpoint_sign(c, key, &note), ST_OK);
    x->checkpoint = buf_bytes(&note);
    buf_init(out, TLOG_BYTES_MAX);
    tlog_update_write(x, out);
    buf_fini(&note);
    free(x);
}

static int send(struct span body, char answer[1000])
{
    struct reply rp;
    flow_ask(&w->s, FRA, ROLE_PARTNER, "GBR", "POST", "/v1/witness/add-checkpoint", "", body, &rp);
    int status = rp.status;
    snprintf(answer, 1000, "%s", buf_cstr(&rp.body));
    if (status == 409)
        assert_string_equal(rp.content_type, "text/x.tlog.size");
    reply_fini(&rp);
    return status;
}

static int ask(uint64_t old, uint64_t size, char answer[1000])
{
    struct checkpoint c = head_of(size);
    struct buf body;
    request_of(old, &c, &w->key, &body);
    int status = send(buf_bytes(&body), answer);
    buf_fini(&body);
    return status;
}

static void heads_that_follow_are_cosigned(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {1, 2, 3, 7, 8, 8, 21, 63, 64};
    char answer[1000];
    uint64_t old = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct checkpoint c = head_of(sizes[i]);
        struct buf note;
        utc_ms at;
        assert_int_equal(ask(old, sizes[i], answer), 200);
        buf_init(&note, NOTE_BYTES_MAX);
        assert_int_equal(checkpoint_sign(&c, &w->key, &note), ST_OK);
        assert_int_equal(cosignature_check(buf_bytes(&note), span_cstr(answer), "fra.example", w->s.nodes[FRA].core.cosign_key.pub, &at), ST_OK);
        assert_int_equal(at, w->s.now / 1000 * 1000);
        buf_fini(&note);
        old = sizes[i];
    }
    // what was answered is in the store
    struct tick *t = sim_tick(&w->s, FRA);
    struct witnessed last;
    assert_int_equal(witnessed_get(t->txn, ORIGIN, &last), ST_OK);
    assert_int_equal(last.size, 64);
    sim_commit(t);
}

static void other_sizes_conflict(void **state)
{
    (void)state;
    char answer[1000];
    assert_int_equal(ask(5, 9, answer), 409);
    assert_string_equal(answer, "0\n");
    assert_int_equal(ask(0, 9, answer), 200);
    assert_int_equal(ask(0, 9, answer), 409);
    assert_string_equal(answer, "9\n");
    assert_int_equal(ask(8, 12, answer), 409);
    assert_int_equal(ask(0, 4, answer), 409); // never back
    assert_int_equal(ask(9, 9, answer), 200); // the same again
    assert_int_equal(ask(9, 12, answer), 200);
}

static void what_does_not_follow_is_refused(void **state)
{
    (void)state;
    char answer[1000];
    struct buf body;
    struct checkpoint c = head_of(12);
    assert_int_equal(ask(0, 9, answer), 200);
    request_of(9, &c, &w->key, &body);
    char *old = strdup(buf_cstr(&body)), *second = strchr(strchr(old, '\n') + 1, '\n') + 1;
    buf_reset(&body); // a proof without its first hash
    buf_puts(&body, "old 9\n");
    buf_puts(&body, second);
    assert_int_equal(send(buf_bytes(&body), answer), 422);
    free(old);
    c.root.b[0] ^= 1; // a good signature, another tree
    buf_fini(&body);
    request_of(9, &c, &w->key, &body);
    assert_int_equal(send(buf_bytes(&body), answer), 422);
    buf_fini(&body);
    assert_int_equal(ask(9, 12, answer), 200);
}

static void a_proof_from_nothing_is_empty(void **state)
{
    (void)state;
    char answer[1000];
    struct checkpoint c = head_of(4);
    struct buf body, longer;
    request_of(0, &c, &w->key, &body);
    buf_init(&longer, TLOG_BYTES_MAX);
    buf_puts(&longer, "old 0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
    buf_puts(&longer, buf_cstr(&body) + strlen("old 0\n"));
    assert_int_equal(send(buf_bytes(&longer), answer), 422);
    assert_int_equal(send(buf_bytes(&body), answer), 200);
    buf_fini(&body);
    buf_fini(&longer);
}

static void two_heads_of_one_size_are_logged_once(void **state)
{
    (void)state;
    char answer[1000];
    struct buf body;
    struct checkpoint c = head_of(9);
    assert_int_equal(ask(0, 9, answer), 200);
    c.root.b[0] ^= 1;
    request_of(9, &c, &w->key, &body);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(send(buf_bytes(&body), answer), 409);
        assert_string_equal(answer, "9\n");
    }
    assert_int_equal(sim_events(&w->s, FRA, AUDIT_LOG_FORK), 1);
    buf_fini(&body);
    assert_int_equal(ask(9, 10, answer), 200); // the one that was cosigned goes on
    assert_int_equal(sim_events(&w->s, FRA, AUDIT_LOG_FORK), 1);
}

// Whoever has the log's key could else fill our audit log, two heads in turn.
static void a_known_fork_is_not_told_again(void **state)
{
    (void)state;
    char answer[1000];
    assert_int_equal(ask(0, 9, answer), 200);
    for (int i = 0; i < 4; i++) {
        struct checkpoint c = head_of(9);
        struct buf body;
        c.root.b[i % 2] ^= 1;
        request_of(9, &c, &w->key, &body);
        assert_int_equal(send(buf_bytes(&body), answer), 409);
        buf_fini(&body);
    }
    assert_int_equal(sim_events(&w->s, FRA, AUDIT_LOG_FORK), 1);
}

static void a_fork_is_seen_whatever_old_says(void **state)
{
    (void)state;
    char answer[1000];
    struct checkpoint c = head_of(9);
    struct buf body;
    assert_int_equal(ask(0, 9, answer), 200);
    c.root.b[0] ^= 1;
    request_of(7, &c, &w->key, &body);
    assert_int_equal(send(buf_bytes(&body), answer), 409);
    assert_string_equal(answer, "9\n");
    assert_int_equal(sim_events(&w->s, FRA, AUDIT_LOG_FORK), 1);
    buf_fini(&body);
}

static void signatures_and_origins_are_checked_first(void **state)
{
    (void)state;
    char answer[1000];
    struct buf body;
    struct checkpoint c = head_of(9), unknown = c;
    request_of(0, &c, &w->other, &body); // known name, another key
    assert_int_equal(send(buf_bytes(&body), answer), 403);
    buf_fini(&body);
    strcpy(unknown.origin, "log.example/two");
    request_of(0, &unknown, &w->key, &body);
    assert_int_equal(send(buf_bytes(&body), answer), 404);
    buf_fini(&body);
    request_of(10, &c, &w->key, &body); // old beyond the size
    assert_int_equal(send(buf_bytes(&body), answer), 400);
    buf_fini(&body);
    request_of(0, &c, &w->key, &body);
    for (size_t len = 0; len < body.len; len++) {
        int status = send(span_of(body.ptr, len), answer);
        if (status != 400 && status != 404 && status != 403)
            fail_msg("%zu bytes: %d", len, status);
    }
    static const char *const bad[] = {"", "old\n", "old x\n\n", "old 0\n\n", "old 00\n\nlog.example/one\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(send(span_cstr(bad[i]), answer), 400);
    assert_int_equal(send(buf_bytes(&body), answer), 200);
    buf_fini(&body);
}

// ---- the log's side: GBR asks FRA

static struct witness_ask asking;

static enum status build(struct tick *t, struct tick_job *job)
{
    (void)job;
    return witness_ask_build(t, &asking);
}

static enum status store(struct tick *t, struct tick_job *job)
{
    return witness_ask_store(t, &asking, "FRA", span_cstr(job->ctx));
}

static enum status log_anything(struct tick *t, struct tick_job *job)
{
    (void)job;
    const struct audit_event e = {.kind = AUDIT_READ, .actor = "operator:a"};
    return audit_append(t->txn, &e, t->now, &t->core->random);
}

static void our_log_is_witnessed(void **state)
{
    (void)state;
    char answer[1000];
    witness_ask_init(&asking);
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i <= round; i++)
            sim_job(&w->s, GBR, log_anything, NULL);
        sim_job(&w->s, GBR, build, NULL);
        int status = send(buf_bytes(&asking.request), answer);
        assert_int_equal(witness_ask_judge(&asking, status, span_cstr(answer)), WITNESS_COSIGNED);
        sim_job(&w->s, GBR, store, answer);
        asking.known = asking.size;
        if (round == 2)
            asking.known = 0; // a restart: the witness tells what it knows
        if (round == 2) {
            sim_job(&w->s, GBR, build, NULL);
            status = send(buf_bytes(&asking.request), answer);
            assert_int_equal(witness_ask_judge(&asking, status, span_cstr(answer)), WITNESS_BEHIND);
            assert_int_equal(asking.known, asking.size);
        }
        sim_job(&w->s, GBR, build, NULL);
        assert_int_equal(asking.request.len, 0); // nothing new, nothing asked
    }
    struct reply rp;
    flow_ask(&w->s, GBR, ROLE_AUDITOR, "A", "GET", "/v1/audit/checkpoint/witnessed", "", span_of(NULL, 0), &rp);
    assert_int_equal(rp.status, 200);
    struct span line;
    utc_ms at;
    struct checkpoint c;
    assert_int_equal(checkpoint_open(buf_bytes(&rp.body), "gbr.example/audit", w->s.nodes[GBR].core.audit_key.pub, &c), ST_OK);
    assert_int_equal(c.size, 10);
    assert_int_equal(cosignature_find(buf_bytes(&rp.body), "fra.example", w->s.nodes[FRA].core.cosign_key.pub, &line, &at), ST_OK);
    reply_fini(&rp);
    witness_ask_fini(&asking);
}

static enum status store_fails(struct tick *t, struct tick_job *job)
{
    enum status st = store(t, job);
    assert_int_not_equal(st, ST_OK);
    return ST_OK;
}

static void answers_are_judged(void **state)
{
    (void)state;
    static char cosignature[] = NOTE_LINE_START "fra.example AAAAAAAAAAAA\n", nothing[] = "", foreign[] = "nonsense";
    witness_ask_init(&asking);
    sim_job(&w->s, GBR, log_anything, NULL);
    sim_job(&w->s, GBR, build, NULL);
    assert_int_equal(witness_ask_judge(&asking, 409, span_cstr("x\n")), WITNESS_FAILED);
    assert_int_equal(witness_ask_judge(&asking, 409, span_cstr("7")), WITNESS_FAILED);
    assert_int_equal(witness_ask_judge(&asking, 500, span_cstr("")), WITNESS_FAILED);
    assert_int_equal(witness_ask_judge(&asking, 0, span_cstr("")), WITNESS_FAILED);
    assert_int_equal(witness_ask_judge(&asking, 422, span_cstr("")), WITNESS_FORK);
    assert_int_equal(witness_ask_judge(&asking, 409, span_cstr("0\n")), WITNESS_FORK); // of our own size
    sim_job(&w->s, GBR, store_fails, cosignature);
    sim_job(&w->s, GBR, store_fails, nothing);
    sim_job(&w->s, GBR, store_fails, foreign);
    assert_int_equal(witness_ask_judge(&asking, 409, span_cstr("7\n")), WITNESS_BEHIND);
    struct tick *t = sim_tick(&w->s, GBR); // it cosigned seven events, we have one
    assert_int_equal(witness_ask_build(t, &asking), ST_BAD_PROOF);
    assert_int_equal(witness_ask_log_fork(t, &asking, "FRA"), ST_OK);
    sim_commit(t);
    assert_int_equal(sim_events(&w->s, GBR, AUDIT_LOG_FORK), 1);
    witness_ask_fini(&asking);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(heads_that_follow_are_cosigned, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_sizes_conflict, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_does_not_follow_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_proof_from_nothing_is_empty, set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_heads_of_one_size_are_logged_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_known_fork_is_not_told_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_fork_is_seen_whatever_old_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(signatures_and_origins_are_checked_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(our_log_is_witnessed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(answers_are_judged, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
