// node/io/server: bodies that come in pieces, each answered before the next is read.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "node/io/server_settings.h"
#include "tests/support/tls_client.h"

#define HOST "Host: gbr.example\r\n"
#define PUT(length, more) "PUT /pieces HTTP/1.1\r\n" HOST "Content-Length: " length "\r\n" more "\r\n"
enum { PIECE = 1000 };

struct service {
    struct tls_world t;
    struct event_base *base;
    struct server *s;
    size_t pieces, gone, sum, refuse_from;
    uint64_t length;
    bool later; // answer in another iteration of the loop
    uint64_t waiting;
    char text[64];
};

static void reply_text(struct service *w, uint64_t id, int status)
{
    struct reply rp;
    reply_init(&rp);
    rp.status = status;
    rp.content_type = "text/plain";
    buf_puts(&rp.body, w->text);
    server_reply(w->s, id, &rp, NULL, w->t.now);
}

static void on_request(void *ctx, struct server *s, uint64_t id, const struct request *rq)
{
    struct service *w = ctx;
    if (!rq->streamed) {
        snprintf(w->text, sizeof w->text, "whole %zu", rq->body.len);
        reply_text(w, id, 200);
        return;
    }
    assert_true(rq->body.len <= PIECE && (w->pieces > 0 || rq->body.len == 0));
    assert_true(span_eq_cstr(rq->head.path, "/pieces")); // the head stands while pieces come
    assert_int_equal(rq->body_at, w->length);
    w->pieces++;
    w->length += rq->body.len;
    for (size_t i = 0; i < rq->body.len; i++)
        w->sum += rq->body.ptr[i];
    if (w->refuse_from && w->length >= w->refuse_from) {
        snprintf(w->text, sizeof w->text, "no more");
        reply_text(w, id, 409);
    } else if (w->length == rq->head.content_length) {
        snprintf(w->text, sizeof w->text, "%zu bytes of %zu", (size_t)w->length, w->sum);
        w->pieces = 0;
        w->length = w->sum = 0;
        reply_text(w, id, 201);
    } else if (w->later) {
        w->waiting = id;
    } else {
        server_go_on(s, id, w->t.now);
    }
}

static bool streams(void *ctx, const struct principal *who, const struct http_head *head)
{
    (void)ctx;
    return who->role == ROLE_CELL && span_eq_cstr(head->path, "/pieces");
}

static void on_gone(void *ctx, uint64_t id)
{
    struct service *w = ctx;
    assert_int_equal(id, w->waiting);
    w->gone++;
}

static void on_plain(void *ctx, const struct http_head *head, struct reply *rp)
{
    (void)ctx, (void)head;
    rp->status = 200;
}

static void on_denied(void *ctx, const char *address, const char *why)
{
    (void)ctx, (void)address, (void)why;
}

static int begin(void **state)
{
    struct service *w = calloc(1, sizeof *w);
    assert_non_null(w);
    tls_world_init(&w->t);
    w->base = event_base_new();
    struct server_handler h = {w, on_request, on_gone, on_plain, on_denied, streams};
    assert_int_equal(server_new(w->base, &w->t.config, w->t.domains, &h, &w->t.d, &w->s), ST_OK);
    server_settings(w->s)->piece_bytes = PIECE;
    server_settings(w->s)->body_bytes_max = 2 * PIECE; // does not hold for pieces
    *state = w;
    return 0;
}

static int end(void **state)
{
    struct service *w = *state;
    server_free(&w->s);
    event_base_free(w->base);
    tls_world_fini(&w->t);
    free(w);
    return 0;
}

static void open_cell(struct service *w, struct tls_client *c)
{
    tls_client_open(c, &w->t, server_address(w->s), "cell", NULL);
}

// `n` bytes of this value behind what is to be sent.
static void add_bytes(struct tls_client *c, char value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_putc(&c->send, value);
}

static void expect_text(const struct tls_client *c, size_t n, int status, const char *text)
{
    struct span body = {0};
    assert_int_equal(tls_client_status(c, n, &body), status);
    if (!span_eq_cstr(body, text))
        fail_msg("%.*s", (int)body.len, (const char *)body.ptr);
}

static void all_pieces_come_in_order(void **state)
{
    struct service *w = *state;
    struct tls_client c;
    open_cell(w, &c);
    tls_client_send(&c, PUT("123456", ""));
    add_bytes(&c, 1, 123456);
    tls_client_answers(w->base, &c, 1);
    expect_text(&c, 0, 201, "123456 bytes of 123456");
    tls_client_send(&c, PUT("2000", "")); // a multiple of the piece, then none, then what is no piece, all at once
    add_bytes(&c, 2, 2000);
    tls_client_send(&c, PUT("0", "") PUT("3", "") "abcPOST /other HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\n12345");
    tls_client_answers(w->base, &c, 5);
    expect_text(&c, 1, 201, "2000 bytes of 4000");
    expect_text(&c, 2, 201, "0 bytes of 0");
    expect_text(&c, 3, 201, "3 bytes of 294");
    expect_text(&c, 4, 200, "whole 5");
    tls_client_close(&c);
}

static void the_first_answer_comes_before_the_body(void **state)
{
    struct service *w = *state;
    struct tls_client c;
    open_cell(w, &c);
    tls_client_send(&c, PUT("5000", "Expect: 100-continue\r\n"));
    tls_client_answers(w->base, &c, 1);
    assert_int_equal(tls_client_status(&c, 0, NULL), 100);
    add_bytes(&c, 1, 5000);
    tls_client_answers(w->base, &c, 2);
    expect_text(&c, 1, 201, "5000 bytes of 5000");
    w->refuse_from = 0;
    tls_client_close(&c);
}

static void a_refusal_ends_the_transfer(void **state)
{
    struct service *w = *state;
    struct tls_client c;
    open_cell(w, &c);
    w->refuse_from = 2000;
    tls_client_send(&c, PUT("1000000", ""));
    add_bytes(&c, 1, 100000);
    tls_client_end(w->base, &c);
    expect_text(&c, 0, 409, "no more");
    struct span head = tls_client_head(&c, 0);
    assert_non_null(memmem(head.ptr, head.len, "\r\nConnection: close\r\n", 21));
    assert_int_equal(w->length, 2000);
    tls_client_close(&c);
}

static bool waits(const struct tls_client *c)
{
    return c->sent == c->send.len;
}

static void the_next_piece_waits_for_the_answer(void **state)
{
    struct service *w = *state;
    struct tls_client c;
    open_cell(w, &c);
    w->later = true;
    tls_client_send(&c, PUT("3000", ""));
    add_bytes(&c, 1, 3000);
    for (size_t i = 1; i <= 3; i++) {
        while (w->pieces < i)
            tls_client_run(w->base, &c, waits);
        for (int k = 0; k < 20; k++)
            event_base_loop(w->base, EVLOOP_NONBLOCK);
        assert_int_equal(w->pieces, i); // no further one by itself
        server_go_on(w->s, w->waiting, w->t.now);
    }
    tls_client_answers(w->base, &c, 1);
    expect_text(&c, 0, 201, "3000 bytes of 3000");
    tls_client_close(&c);
}

static void a_client_that_vanishes_is_noticed(void **state)
{
    struct service *w = *state;
    struct tls_client c;
    open_cell(w, &c);
    w->later = true;
    tls_client_send(&c, PUT("3000", ""));
    while (w->pieces < 1)
        tls_client_run(w->base, &c, waits);
    tls_client_close(&c);
    for (int i = 0; i < 5000 && server_connections(w->s) > 0; i++)
        event_base_loop(w->base, EVLOOP_ONCE);
    assert_int_equal(w->gone, 1);
    server_go_on(w->s, w->waiting, w->t.now); // too late: nothing
}

static void slow_pieces_are_cut(void **state)
{
    struct service *w = *state;
    struct tls_client c;
    server_settings(w->s)->transfer_ms = 50;
    open_cell(w, &c);
    tls_client_send(&c, PUT("3000", ""));
    add_bytes(&c, 1, 10);
    tls_client_end(w->base, &c);
    assert_int_equal(tls_client_status(&c, 0, NULL), 0);
    tls_client_close(&c);
}

static void others_keep_their_limit(void **state)
{
    struct service *w = *state;
    struct tls_client c;
    tls_client_open(&c, &w->t, server_address(w->s), "fra", NULL);
    tls_client_send(&c, PUT("3000", ""));
    tls_client_end(w->base, &c);
    assert_int_equal(tls_client_status(&c, 0, NULL), 413);
    tls_client_close(&c);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(all_pieces_come_in_order),
        TEST(the_first_answer_comes_before_the_body),
        TEST(a_refusal_ends_the_transfer),
        TEST(the_next_piece_waits_for_the_answer),
        TEST(a_client_that_vanishes_is_noticed),
        TEST(slow_pieces_are_cut),
        TEST(others_keep_their_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
