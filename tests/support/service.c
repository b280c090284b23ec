#include "tests/support/service.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "node/core/core.h"
#include "node/io/server_settings.h"

static const struct core core; // in which nothing ends
static const struct uuid no_report;

void service_reply_text(struct service *w, uint64_t id, int status, const char *text)
{
    struct reply rp;
    reply_init(&rp);
    rp.status = status;
    rp.content_type = "text/plain";
    buf_puts(&rp.body, text);
    server_reply(w->s, id, &rp, NULL, w->t.now);
}

static void reply_copy(struct service *w, uint64_t id, struct span bytes)
{
    struct reply rp;
    reply_init(&rp);
    rp.status = 200;
    rp.content_type = "application/octet-stream";
    reply_header(&rp, "ETag", "\"%zu\"", bytes.len);
    buf_span(&rp.body, bytes);
    server_reply(w->s, id, &rp, NULL, w->t.now);
}

void service_reply_page(struct service *w, uint64_t id, utc_ms until)
{
    struct decision dec = {.outcome = OUTCOME_RELEASE, .next_change = until};
    struct withheld_set none = {0};
    struct reply rp;
    reply_init(&rp);
    rp.status = 200;
    for (int i = 0; i < 2; i++) {
        struct permit *p = NULL;
        struct buf b;
        buf_init(&b, 1 << 20);
        for (int k = 0; k < 30000; k++)
            buf_printf(&b, "%d", i);
        buf_puts(&rp.body, "<entry>");
        assert_int_equal(permit_new(w->policy.rules, 0, &dec, w->t.now, &none, buf_bytes(&b), &p), ST_OK);
        reply_watch(&rp, &core);
        assert_int_equal(reply_add_item(&rp, no_report, 0, &b, &p), ST_OK);
    }
    server_reply(w->s, id, &rp, ruleset_digest(w->policy.rules), w->t.now + 1);
}

static void on_request(void *ctx, struct server *s, uint64_t id, const struct request *rq)
{
    struct service *w = ctx;
    char who[80];
    w->requests++;
    assert_ptr_equal(s, w->s);
    if (span_eq_cstr(rq->head.path, "/who"))
        service_reply_text(w, id, 200, principal_text(&rq->who, who));
    else if (span_eq_cstr(rq->head.path, "/echo"))
        reply_copy(w, id, rq->body);
    else if (span_eq_cstr(rq->head.path, "/query"))
        reply_copy(w, id, rq->head.query);
    else if (span_eq_cstr(rq->head.path, "/none"))
        service_reply_text(w, id, 204, "");
    else if (span_eq_cstr(rq->head.path, "/page"))
        service_reply_page(w, id, UTC_MAX);
    else if (span_eq_cstr(rq->head.path, "/hold"))
        w->held = id;
    else
        service_reply_text(w, id, 404, "nothing here");
}

static void on_gone(void *ctx, uint64_t id)
{
    struct service *w = ctx;
    assert_int_equal(id, w->held);
    w->gone++;
}

static void on_plain(void *ctx, const struct http_head *head, struct reply *rp)
{
    (void)ctx;
    rp->status = 200;
    rp->content_type = "text/plain";
    buf_span(&rp->body, head->path);
}

static void on_denied(void *ctx, const char *address, const char *why)
{
    struct service *w = ctx;
    assert_non_null(strstr(address, "127.0.0.1:"));
    w->denied++;
    snprintf(w->why, sizeof w->why, "%s", why);
}

struct server_handler service_handler(struct service *w)
{
    return (struct server_handler){w, on_request, on_gone, on_plain, on_denied, NULL};
}

int service_begin(void **state)
{
    struct service *w = calloc(1, sizeof *w);
    assert_non_null(w);
    tls_world_init(&w->t);
    w->policy = world_new(W_POLICY(W_SECURITY "<partners><partner id='FRA' name='f' kind='nation'/></partners>"));
    w->base = event_base_new();
    const struct server_handler h = service_handler(w);
    assert_int_equal(server_new(w->base, &w->t.config, w->t.domains, &h, &w->t.d, &w->s), ST_OK);
    *state = w;
    return 0;
}

int service_end(void **state)
{
    struct service *w = *state;
    server_free(&w->s);
    event_base_free(w->base);
    world_free(&w->policy);
    tls_world_fini(&w->t);
    free(w);
    return 0;
}

void service_open(struct service *w, struct tls_client *c, const char *stem)
{
    tls_client_open(c, &w->t, server_address(w->s), stem, NULL);
}

bool service_sent(const struct tls_client *c)
{
    return c->sent == c->send.len && c->send.len > 0;
}

void service_hold(struct service *w, struct tls_client *c, const char *stem)
{
    size_t before = w->requests;
    service_open(w, c, stem);
    tls_client_send(c, GET_HOLD);
    while (w->requests == before)
        tls_client_run(w->base, c, service_sent);
}

void service_expect_text(const struct tls_client *c, size_t n, int status, const char *text)
{
    struct span body = {0};
    assert_int_equal(tls_client_status(c, n, &body), status);
    assert_true(span_eq_cstr(body, text));
}

void service_run_until(struct service *w, size_t n)
{
    for (int i = 0; i < 5000 && server_connections(w->s) != n; i++)
        event_base_loop(w->base, EVLOOP_ONCE);
    assert_int_equal(server_connections(w->s), n);
}
