// node/core/inbox and node/core/push: pages that a partner pushes, seen from both sides (spec 4.4).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "formats/feed.h"
#include "node/core/compress.h"
#include "node/core/inbox.h"
#include "node/core/push.h"
#include "store/ledger.h"
#include "store/pushes.h"
#include "store/sources.h"
#include "tests/support/flow_support.h"

enum { GBR, FRA };

#define PARTNERS SIM_PARTNER("FRA") SIM_PARTNER("DEU")
#define GBR_POLICY SIM_POLICY("GBR", PARTNERS, "FRA DEU", SIM_TERMS("permitted", "retain"))
#define GBR_NOTHING_FOR_FRA SIM_POLICY("GBR", PARTNERS, "DEU", SIM_TERMS("permitted", "retain"))
#define FRA_POLICY SIM_POLICY("FRA", SIM_PARTNER("GBR"), "GBR", SIM_TERMS("forbidden", "retain"))

static struct sim *sim;
static struct reply answer; // of FRA
static struct buf page;     // that GBR pushes

static struct peer *peer_of(size_t node, const char *id)
{
    struct peer *p = core_peer(&sim->nodes[node].core, id);
    assert_non_null(p);
    return p;
}

static int setup(void **state)
{
    const char *const policies[] = {GBR_POLICY, FRA_POLICY};
    (void)state;
    sim = sim_new(2, policies);
    peer_of(GBR, "FRA")->push = true;
    peer_of(FRA, "GBR")->pull = false;
    peer_of(FRA, "GBR")->inbox = true;
    reply_init(&answer);
    buf_init(&page, FEED_DOCUMENT_BYTES_MAX);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    reply_fini(&answer);
    buf_fini(&page);
    sim_free(&sim);
    return 0;
}

struct making {
    uint64_t from;
    struct reply rp;
};

static enum status run_page(struct tick *t, struct tick_job *job)
{
    struct making *m = job->ctx;
    reply_fini(&m->rp);
    reply_init(&m->rp);
    return push_page(t, "FRA", m->from, &m->rp);
}

// The page that GBR pushes from this position on, into `page`; the reply's status.
static int make_page(uint64_t from)
{
    struct making m = {.from = from};
    sim_job(sim, GBR, run_page, &m);
    int status = m.rp.status;
    buf_reset(&page);
    if (status == 200)
        sim_wire(sim, FRA, GBR, &m.rp, &page);
    reply_fini(&m.rp);
    return status;
}

static int post(const char *target, const char *headers, struct span body)
{
    reply_fini(&answer);
    sim_request(sim, GBR, FRA, "POST", target, headers, body, &answer);
    return answer.status;
}

static int post_page(uint64_t start)
{
    char target[64];
    snprintf(target, sizeof target, "/v1/inbox?start=%llu", (unsigned long long)start);
    return post(target, "", buf_bytes(&page));
}

struct answered {
    uint64_t position, next;
    char why[160];
};

static enum status run_answered(struct tick *t, struct tick_job *job)
{
    struct answered *a = job->ctx;
    return push_answered(t, "FRA", buf_bytes(&answer.body), a->position, &a->next, a->why);
}

// GBR takes FRA's answer.
static struct answered take_answer(void)
{
    struct answered a = {.position = strtoull(flow_header(&answer, INBOX_POSITION), NULL, 10)};
    sim_job(sim, GBR, run_answered, &a);
    return a;
}

static uint64_t held(void)
{
    struct source_state s;
    struct tick *t = sim_tick(sim, FRA);
    assert_int_equal(source_get(t->txn, "GBR", &s), ST_OK);
    sim_commit(t);
    return s.size;
}

static uint64_t receipt_size(void)
{
    struct receipt r = {0};
    struct tick *t = sim_tick(sim, GBR);
    enum status st = receipt_latest(t->txn, "FRA", &r);
    assert_true(st == ST_OK || st == ST_NOT_FOUND);
    sim_commit(t);
    return r.size;
}

static struct push_state push_state(void)
{
    struct push_state s;
    struct tick *t = sim_tick(sim, GBR);
    assert_int_equal(push_state_get(t->txn, "FRA", &s), ST_OK);
    sim_commit(t);
    return s;
}

static bool problem_is(const char *type)
{
    return strstr(buf_cstr(&answer.body), type) != NULL;
}

static void a_pushed_page_is_a_page(void **state)
{
    (void)state;
    assert_int_equal(make_page(0), 204); // nothing is there
    assert_int_equal(sim_events(sim, GBR, AUDIT_DELIVER), 0);
    sim_publish(sim, GBR, 1, 1, SIM_REPORT("for all", SIM_ONLY("DEU"), "CANARY-DEU"));
    sim_publish(sim, GBR, 2, 1, SIM_PLAIN);
    assert_int_equal(make_page(0), 200);
    assert_null(strstr(buf_cstr(&page), "CANARY-DEU"));
    assert_int_equal(sim_events(sim, GBR, AUDIT_DELIVER), 1); // durable before a byte leaves
    assert_int_equal(post_page(0), 200);
    assert_string_equal(flow_header(&answer, INBOX_POSITION), "2");
    assert_int_equal(held(), 2);
    assert_non_null(strstr(sim_text(sim, FRA, 1), "for all"));
    struct answered a = take_answer();
    assert_string_equal(a.why, "");
    assert_int_equal(a.next, 2);
    assert_int_equal(receipt_size(), 2);
    assert_int_equal(sim_events(sim, GBR, AUDIT_RECEIPT), 1);
    assert_true(push_state().pushed_at > 0 && push_state().failed_at == 0);
    assert_int_equal(make_page(2), 204);
    sim_recall(sim, GBR, 1);
    assert_int_equal(make_page(2), 200);
    assert_int_equal(post_page(2), 200);
    assert_null(sim_text(sim, FRA, 1));
    assert_string_equal(take_answer().why, "");
    assert_int_equal(receipt_size(), 3);
}

// What an answer that was lost had said is learnt from the next one.
static void a_lost_answer_is_made_up_for(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    assert_int_equal(make_page(0), 200);
    assert_int_equal(post_page(0), 200);
    size_t events = sim_events(sim, FRA, AUDIT_RECEIVE);
    assert_int_equal(make_page(0), 200); // as after a restart
    assert_int_equal(post_page(0), 409);
    assert_string_equal(flow_header(&answer, INBOX_POSITION), "1");
    assert_int_equal(sim_events(sim, FRA, AUDIT_RECEIVE), events); // nothing twice
    struct answered a = take_answer();
    assert_string_equal(a.why, "");
    assert_int_equal(a.next, 1);
    assert_int_equal(receipt_size(), 1);
    assert_int_equal(post_page(7), 409); // a gap
    assert_string_equal(flow_header(&answer, INBOX_POSITION), "1");
    assert_int_equal(held(), 1);
}

static void answers_are_not_believed(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    assert_int_equal(make_page(0), 200);
    assert_int_equal(post_page(0), 200);
    struct buf good = answer.body;
    buf_init(&answer.body, KIB);
    struct answered a = {.position = 9}; // more than there is
    sim_job(sim, GBR, run_answered, &a);
    assert_non_null(strstr(a.why, "holds 9 entries"));
    assert_int_equal(push_state().pushed_at, 0);
    assert_non_null(strstr(push_state().error, "holds 9 entries"));
    buf_puts(&answer.body, "a receipt");
    a = (struct answered){.position = 1};
    sim_job(sim, GBR, run_answered, &a);
    assert_non_null(strstr(a.why, "does not verify"));
    assert_int_equal(receipt_size(), 0);
    buf_fini(&answer.body);
    answer.body = good;
    answer.body.ptr[answer.body.len - 4] ^= 1; // inside the cosignature
    a = take_answer();
    assert_non_null(strstr(a.why, "does not verify"));
    answer.body.ptr[answer.body.len - 4] ^= 1;
    a.position = 1;
    sim_job(sim, GBR, run_answered, &a);
    assert_string_equal(a.why, "");
    assert_int_equal(receipt_size(), 1);
    assert_int_equal(push_state().failed_at, 0);
}

static void both_must_have_agreed(void **state)
{
    struct reply rp;
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    assert_int_equal(make_page(0), 200);
    peer_of(FRA, "GBR")->inbox = false;
    assert_int_equal(post_page(0), 403);
    assert_true(problem_is("no-inbox"));
    sim_request(sim, GBR, FRA, "GET", "/v1/inbox/attachments", "", span_of(NULL, 0), &rp);
    assert_int_equal(rp.status, 403);
    reply_fini(&rp);
    assert_int_equal(held(), 0);
    // What is pushed is not pulled.
    sim_request(sim, FRA, GBR, "GET", "/v1/feed", "", span_of(NULL, 0), &rp);
    assert_int_equal(rp.status, 409);
    assert_non_null(strstr(buf_cstr(&rp.body), "pushed"));
    reply_fini(&rp);
    peer_of(GBR, "FRA")->push = false;
    sim_request(sim, FRA, GBR, "GET", "/v1/feed", "", span_of(NULL, 0), &rp);
    assert_int_equal(rp.status, 200);
    reply_fini(&rp);
}

static void bad_pages_change_nothing(void **state)
{
    static const char *const targets[] = {"/v1/inbox", "/v1/inbox?start=", "/v1/inbox?start=-1", "/v1/inbox?start=0&start=0",
                                          "/v1/inbox?start=99999999999999999999"};
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    assert_int_equal(make_page(0), 200);
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        assert_int_equal(post(targets[i], "", buf_bytes(&page)), 422);
        assert_true(problem_is("inbox-form"));
    }
    assert_int_equal(post("/v1/inbox?start=0", "", span_cstr("<feed/>")), 422);
    assert_true(problem_is("page-refused"));
    char *digit = strstr(buf_cstr(&page), "salt=\"") + 6;
    *digit = *digit == 'A' ? 'B' : 'A';
    assert_int_equal(post_page(0), 422);
    assert_true(problem_is("page-refused"));
    assert_int_equal(held(), 0);
    assert_int_equal(post("/v1/inbox?start=0", "Content-Encoding: br\r\n", buf_bytes(&page)), 415);
    assert_string_equal(flow_header(&answer, "Accept-Encoding"), "zstd, gzip");
}

// 48 MiB of nothing in a few KiB; and a good page in each coding.
static void coded_pages_have_the_same_limit(void **state)
{
    static const char *const names[] = {"gzip", "zstd"};
    static const enum coding codings[] = {CODING_GZIP, CODING_ZSTD};
    uint8_t *zeros = calloc(1, 48 * MIB);
    (void)state;
    assert_non_null(zeros);
    for (uint8_t i = 0; i < 2; i++) {
        char target[64], header[64];
        struct buf coded;
        snprintf(header, sizeof header, "Content-Encoding: %s\r\n", names[i]);
        snprintf(target, sizeof target, "/v1/inbox?start=%u", i);
        buf_init(&coded, MIB);
        assert_int_equal(compress_bytes(codings[i], span_of(zeros, 48 * MIB), &coded), ST_OK);
        assert_int_equal(post(target, header, buf_bytes(&coded)), 413);
        buf_reset(&coded);
        sim_publish(sim, GBR, (uint8_t)(i + 1), 1, SIM_PLAIN);
        assert_int_equal(make_page(i), 200);
        assert_int_equal(compress_bytes(codings[i], buf_bytes(&page), &coded), ST_OK);
        coded.ptr[coded.len / 2] ^= 1;
        assert_int_equal(post(target, header, buf_bytes(&coded)), 422);
        coded.ptr[coded.len / 2] ^= 1;
        assert_int_equal(post(target, header, buf_bytes(&coded)), 200);
        assert_int_equal(held(), i + 1u);
        buf_fini(&coded);
    }
    free(zeros);
}

// Permission that ended before the page was made: nothing of it goes.
static void pages_are_mediated(void **state)
{
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_REPORT("SECRET-OF-GBR", SIM_FOR_ALL, "x"));
    sim_policy(sim, GBR, GBR_NOTHING_FOR_FRA);
    assert_int_equal(make_page(0), 200);
    assert_null(strstr(buf_cstr(&page), "SECRET-OF-GBR"));
    assert_int_equal(post_page(0), 200);
    assert_null(sim_text(sim, FRA, 1));
}

struct ending {
    uint64_t from, to;
    bool found;
};

static enum status run_ending(struct tick *t, struct tick_job *job)
{
    struct ending *e = job->ctx;
    return push_has_end(t, "FRA", e->from, e->to, &e->found);
}

static void recalls_are_seen(void **state)
{
    struct ending e = {0, 2, true};
    (void)state;
    sim_publish(sim, GBR, 1, 1, SIM_PLAIN);
    sim_publish(sim, GBR, 2, 1, SIM_PLAIN);
    sim_job(sim, GBR, run_ending, &e);
    assert_false(e.found);
    sim_recall(sim, GBR, 1);
    e.to = 3;
    sim_job(sim, GBR, run_ending, &e);
    assert_true(e.found);
    e.from = 3;
    sim_job(sim, GBR, run_ending, &e);
    assert_false(e.found);
}

static void lists_of_what_is_wanted_are_read(void **state)
{
    static const char hex[] = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    static const char *const bad[] = {"", "x 1 0\n", " 1 0\n", "9f86 1 0\n"};
    char text[480];
    struct push_want w;
    (void)state;
    snprintf(text, sizeof text, "%s 10 0\n%s 70000 65472\n%s 5 6\n%s 0 7\n%s 5\n%s 5 0", hex, hex, hex, hex, hex, hex);
    assert_true(push_want_read(span_cstr(text), 0, &w));
    assert_true(w.size == 10 && w.have == 0 && w.digest.b[0] == 0x9f);
    assert_true(push_want_read(span_cstr(text), 1, &w));
    assert_true(w.size == 70000 && w.have == 65472);
    for (size_t n = 2; n < 8; n++) // more here than there is, twice; no number; no end of the line; no line
        assert_false(push_want_read(span_cstr(text), n, &w));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(push_want_read(span_cstr(bad[i]), 0, &w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_pushed_page_is_a_page, setup, teardown),
        cmocka_unit_test_setup_teardown(a_lost_answer_is_made_up_for, setup, teardown),
        cmocka_unit_test_setup_teardown(answers_are_not_believed, setup, teardown),
        cmocka_unit_test_setup_teardown(both_must_have_agreed, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_pages_change_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(coded_pages_have_the_same_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(pages_are_mediated, setup, teardown),
        cmocka_unit_test_setup_teardown(recalls_are_seen, setup, teardown),
        cmocka_unit_test(lists_of_what_is_wanted_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
