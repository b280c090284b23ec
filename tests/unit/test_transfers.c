// node/io/sync_client_net: what a hostile partner's answers can do to a client that asks for compressed pages.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "formats/base/limits.h"
#include "node/core/compress.h"
#include "node/io/server_settings.h"
#include "node/io/sync_client_net.h"
#include "tests/support/tls_client.h"

enum { BODY_MAX = 64 * 1024 };

struct world_of_two {
    struct tls_world t;
    char key[128], cert[128];
    struct event_base *base;
    struct server *s;
    struct transfers *net;
    // the partner's answer
    const char *encoding, *second; // Content-Encoding; NULL = none
    struct buf body;
    char asked[64]; // the Accept-Encoding that came
    size_t asked_bytes; // of the body that came
    // what the client was told
    int answers, status;
    struct buf got;
    char why[256];
};

static void on_request(void *ctx, struct server *s, uint64_t id, const struct request *rq)
{
    struct world_of_two *w = ctx;
    struct reply rp;
    struct span asked = http_header_get(&rq->head, "accept-encoding");
    snprintf(w->asked, sizeof w->asked, "%.*s", (int)asked.len, asked.len ? (const char *)asked.ptr : "");
    w->asked_bytes = rq->body.len;
    reply_init(&rp);
    rp.status = 200;
    rp.content_type = "application/atom+xml";
    if (w->encoding)
        reply_header(&rp, "Content-Encoding", "%s", w->encoding);
    if (w->second)
        reply_header(&rp, "Content-Encoding", "%s", w->second);
    buf_span(&rp.body, buf_bytes(&w->body));
    server_reply(s, id, &rp, NULL, w->t.now);
}

static void on_gone(void *ctx, uint64_t id)
{
    (void)ctx, (void)id;
}

static void on_plain(void *ctx, const struct http_head *head, struct reply *rp)
{
    (void)ctx, (void)head;
    rp->status = 404;
}

static void on_denied(void *ctx, const char *address, const char *why)
{
    (void)ctx, (void)address;
    fail_msg("refused: %s", why);
}

static void on_done(void *ctx, const struct transfer_answer *a)
{
    struct world_of_two *w = ctx;
    w->answers++;
    w->status = a->status;
    snprintf(w->why, sizeof w->why, "%s", a->error);
    buf_init(&w->got, 1 * MIB);
    buf_span(&w->got, a->body);
    event_base_loopbreak(w->base);
}

static int begin(void **state)
{
    struct world_of_two *w = calloc(1, sizeof *w);
    struct server_handler h = {w, on_request, on_gone, on_plain, on_denied, NULL};
    assert_non_null(w);
    tls_world_init(&w->t);
    w->base = event_base_new();
    // Both ends have FRA's certificate: to these domains it is a partner, whoever asks.
    snprintf(w->key, sizeof w->key, "%s", tls_path(&w->t, "fra.key"));
    snprintf(w->cert, sizeof w->cert, "%s", tls_path(&w->t, "fra.pem"));
    w->t.config.tls_key = w->key;
    w->t.config.tls_cert = w->cert;
    assert_int_equal(server_new(w->base, &w->t.config, w->t.domains, &h, &w->t.d, &w->s), ST_OK);
    const struct transfer_peer to = {.id = "FRA", .address = server_address(w->s), .config = &w->t.config,
                                     .domains = w->t.domains, .compression = true};
    assert_int_equal(transfers_new(w->base, &to, &w->net), ST_OK);
    buf_init(&w->body, 64 * MIB);
    *state = w;
    return 0;
}

static int end(void **state)
{
    struct world_of_two *w = *state;
    transfers_free(&w->net);
    server_free(&w->s);
    event_base_free(w->base);
    buf_fini(&w->body);
    buf_fini(&w->got);
    tls_world_fini(&w->t);
    free(w);
    return 0;
}

static void ask(struct world_of_two *w, const char *encoding, const char *second)
{
    struct transfer *x;
    const struct timeval limit = {.tv_sec = 10};
    const struct transfer_ask what = {.path = "/v1/feed", .body_max = BODY_MAX, .done = on_done, .ctx = w};
    buf_fini(&w->got);
    w->encoding = encoding;
    w->second = second;
    w->answers = 0;
    assert_int_equal(transfer_start(w->net, &what, &x), ST_OK);
    event_base_loopexit(w->base, &limit);
    event_base_dispatch(w->base);
    assert_int_equal(w->answers, 1);
}

static void set_body(struct world_of_two *w, enum coding c, const char *text, size_t times)
{
    struct buf plain;
    buf_init(&plain, 64 * MIB);
    for (size_t i = 0; i < times; i++)
        buf_puts(&plain, text);
    buf_reset(&w->body);
    assert_int_equal(compress_bytes(c, buf_bytes(&plain), &w->body), ST_OK);
    buf_fini(&plain);
}

static void coded_pages_are_asked_for_and_read(void **state)
{
    struct world_of_two *w = *state;
    static const enum coding all[] = {CODING_NONE, CODING_GZIP, CODING_ZSTD};
    static const char *const names[] = {NULL, "gzip", "zstd"};
    for (size_t i = 0; i < 3; i++) {
        set_body(w, all[i], "<feed/>", 1000);
        ask(w, names[i], NULL);
        assert_int_equal(w->status, 200);
        assert_int_equal(w->got.len, 7000);
        assert_string_equal(w->asked, "zstd, gzip;q=0.5");
    }
}

static void refused(struct world_of_two *w, const char *why)
{
    assert_int_equal(w->status, 0);
    assert_int_equal(w->got.len, 0);
    if (!strstr(w->why, why))
        fail_msg("\"%s\" does not say \"%s\"", w->why, why);
}

static void a_bomb_does_not_pass_the_limit_of_a_page(void **state)
{
    struct world_of_two *w = *state;
    set_body(w, CODING_ZSTD, "AAAAAAAAAAAAAAAA", 2 * MIB); // 32 MiB
    assert_true(w->body.len < BODY_MAX);
    ask(w, "zstd", NULL);
    refused(w, "beyond 65536 bytes once it is decompressed");
    set_body(w, CODING_GZIP, "AAAAAAAAAAAAAAAA", 2 * MIB);
    assert_true(w->body.len < BODY_MAX);
    ask(w, "gzip", NULL);
    refused(w, "beyond 65536 bytes once it is decompressed");
}

// 128 KiB at 64 KiB a second, of which a quarter may come at once.
static void answers_come_at_the_rate(void **state)
{
    struct world_of_two *w = *state;
    struct transfers *fast = w->net;
    struct timespec a, b;
    const struct transfer_peer to = {.id = "FRA", .address = server_address(w->s), .config = &w->t.config,
                                     .domains = w->t.domains, .bytes_per_s = 65536};
    assert_int_equal(transfers_new(w->base, &to, &w->net), ST_OK);
    set_body(w, CODING_NONE, "0123456789abcdef", 4096);
    for (int i = 0; i < 2; i++) {
        clock_gettime(CLOCK_MONOTONIC, &b);
        a = i == 0 ? b : a;
        ask(w, NULL, NULL);
        assert_int_equal(w->got.len, 65536);
        assert_string_equal(w->asked, ""); // it was not told to ask for a coding
    }
    clock_gettime(CLOCK_MONOTONIC, &b);
    assert_true((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 >= 1400);
    transfers_free(&w->net);
    w->net = fast;
}

struct sending {
    struct world_of_two *w;
    size_t left; // to be sent
};

static size_t on_source(void *ctx, uint8_t *out, size_t cap)
{
    struct sending *s = ctx;
    size_t n = cap < s->left ? cap : s->left;
    memset(out, 'x', n);
    s->left -= n;
    return n;
}

static void on_sent(void *ctx, const struct transfer_answer *a)
{
    struct sending *s = ctx;
    on_done(s->w, a);
}

// How many milliseconds it takes to send so many bodies of so many bytes, one after the other.
static int64_t send_bodies(struct world_of_two *w, uint32_t bytes_per_s, int count, size_t bytes)
{
    struct transfers *net;
    struct timespec a, b;
    const struct transfer_peer to = {.id = "FRA", .address = server_address(w->s), .config = &w->t.config,
                                     .domains = w->t.domains, .bytes_per_s = bytes_per_s};
    buf_reset(&w->body);
    w->encoding = w->second = NULL;
    assert_int_equal(transfers_new(w->base, &to, &net), ST_OK);
    clock_gettime(CLOCK_MONOTONIC, &a);
    for (int i = 0; i < count; i++) {
        struct sending s = {w, bytes};
        struct transfer *x;
        const struct timeval limit = {.tv_sec = 10};
        const struct transfer_ask what = {.path = "/v1/inbox?start=0", .source = on_source, .source_len = bytes,
                                          .type = "text/plain", .body_max = BODY_MAX, .done = on_sent, .ctx = &s};
        buf_fini(&w->got);
        w->answers = 0;
        assert_int_equal(transfer_start(net, &what, &x), ST_OK);
        event_base_loopexit(w->base, &limit);
        event_base_dispatch(w->base);
        assert_int_equal(w->answers, 1);
        assert_int_equal(w->status, 200);
        assert_int_equal(w->asked_bytes, bytes);
    }
    clock_gettime(CLOCK_MONOTONIC, &b);
    transfers_free(&net);
    return (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
}

// 128 KiB at 64 KiB a second: a large body, and many small ones.
static void bodies_leave_at_the_rate(void **state)
{
    struct world_of_two *w = *state;
    int64_t at_once = send_bodies(w, 0, 1, 131072), large = send_bodies(w, 65536, 1, 131072), small = send_bodies(w, 65536, 16, 8192);
    assert_true(large >= 1400 && large > at_once);
    assert_true(small >= 1400);
}

static void odd_codings_are_refused(void **state)
{
    struct world_of_two *w = *state;
    set_body(w, CODING_GZIP, "<feed/>", 1000);
    ask(w, "zstd", NULL); // it is another
    refused(w, "cannot be undone");
    ask(w, "br", NULL);
    refused(w, "cannot be undone");
    ask(w, "gzip, gzip", NULL); // nested ones multiply
    refused(w, "cannot be undone");
    ask(w, "gzip", "gzip");
    refused(w, "cannot be undone");
    w->body.len--;
    ask(w, "gzip", NULL);
    refused(w, "cannot be undone");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(coded_pages_are_asked_for_and_read, begin, end),
        cmocka_unit_test_setup_teardown(a_bomb_does_not_pass_the_limit_of_a_page, begin, end),
        cmocka_unit_test_setup_teardown(answers_come_at_the_rate, begin, end),
        cmocka_unit_test_setup_teardown(bodies_leave_at_the_rate, begin, end),
        cmocka_unit_test_setup_teardown(odd_codings_are_refused, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
