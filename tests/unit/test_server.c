// node/io/server: the HTTPS service on real sockets (spec 4.1; 8-15, 8-17, 8-18, 8-27).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <cmocka.h>

#include <openssl/err.h>

#include "formats/base/limits.h"
#include "node/io/server_settings.h"
#include "tests/support/service.h"

// ---- who gets in

static void known_certificates_get_in(void **state)
{
    struct service *w = *state;
    struct tls_client c;
    service_open(w, &c, "cell");
    tls_client_send(&c, GET_WHO);
    tls_client_answers(w->base, &c, 1);
    service_expect_text(&c, 0, 200, "cell:J2-NORTH");
    assert_int_equal(tls_client_status(&c, 0, NULL), 200);
    assert_int_equal(SSL_version(c.ssl), TLS1_3_VERSION);
    struct span head = tls_client_head(&c, 0);
    assert_non_null(memmem(head.ptr, head.len, "\r\nDate: ", 8));
    assert_non_null(memmem(head.ptr, head.len, "\r\nCache-Control: no-store\r\n", 27));
    tls_client_close(&c);
    service_open(w, &c, "fra");
    tls_client_send(&c, GET_WHO);
    tls_client_answers(w->base, &c, 1);
    service_expect_text(&c, 0, 200, "partner:FRA");
    tls_client_close(&c);
    service_run_until(w, 0);
    assert_int_equal(w->denied, 0);
}

// Each refused client saw the same: an alert and the end, no byte of HTTP. Returns the alert's error code.
static unsigned long refused(struct service *w, struct tls_client *c)
{
    size_t before = w->denied;
    tls_client_send(c, GET_WHO);
    tls_client_end(w->base, c);
    unsigned long e = ERR_peek_last_error();
    assert_int_equal(c->got.len, 0);
    tls_client_close(c);
    service_run_until(w, 0);
    assert_int_equal(w->requests, 0);
    assert_int_equal(w->denied, before + 1);
    return e;
}

static void others_do_not(void **state)
{
    struct service *w = *state;
    struct tls_world *t = &w->t;
    struct tls_client c;
    tls_issue(t, &t->gbr, "evil", "spiffe://fra.example/node", "tls", t->now - TLS_DAY, t->now + TLS_DAY);
    tls_issue(t, &t->gbr, "stranger", "spiffe://usa.example/node", "tls", t->now - TLS_DAY, t->now + TLS_DAY);
    tls_issue(t, &t->fra, "expired", "spiffe://fra.example/node", "tls", t->now - 2 * TLS_DAY, t->now - TLS_DAY);
    tls_issue(t, &t->fra, "future", "spiffe://fra.example/node", "tls", t->now + TLS_DAY, t->now + 2 * TLS_DAY);
    static const struct {
        const char *stem, *why;
    } cases[] = {{"evil", "unable to get local issuer certificate"},
                 {"stranger", "names no principal"},
                 {"expired", "expired"},
                 {"future", "not yet valid"},
                 {"node", "names no principal"}}; // our own node is nobody's client
    unsigned long alert = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        service_open(w, &c, cases[i].stem);
        unsigned long e = refused(w, &c);
        if (!strstr(w->why, cases[i].why))
            fail_msg("%s: %s", cases[i].stem, w->why);
        assert_int_equal(ERR_GET_LIB(e), ERR_LIB_SSL);
        assert_true(alert == 0 || alert == e); // the same alert for all
        alert = e;
    }
}

static SSL_CTX *bare_client(int version)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    assert_non_null(ctx);
    SSL_CTX_set_max_proto_version(ctx, version);
    return ctx;
}

static void no_certificate_and_old_tls_are_refused(void **state)
{
    struct service *w = *state;
    struct tls_client c;
    tls_client_open(&c, &w->t, server_address(w->s), NULL, bare_client(TLS1_3_VERSION));
    refused(w, &c);
    assert_non_null(strstr(w->why, "peer did not return a certificate"));
    SSL_CTX *old = bare_client(TLS1_2_VERSION);
    assert_int_equal(SSL_CTX_use_certificate_chain_file(old, tls_path(&w->t, "cell.pem")), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey_file(old, tls_path(&w->t, "cell.key"), SSL_FILETYPE_PEM), 1);
    tls_client_open(&c, &w->t, server_address(w->s), NULL, old);
    refused(w, &c);
    assert_non_null(strstr(w->why, "protocol"));
    plain_client_open(&c, server_address(w->s)); // HTTP without TLS
    refused(w, &c);
}

static void the_client_checks_the_node_too(void **state)
{
    struct service *w = *state;
    struct tls_client c;
    SSL_CTX *ctx = bare_client(TLS1_3_VERSION);
    assert_int_equal(tls_client_setup(ctx, w->t.domains, tls_path(&w->t, "cell.pem"), tls_path(&w->t, "cell.key"), "FRA",
                                      &w->t.d),
                     ST_OK);
    tls_client_open(&c, &w->t, server_address(w->s), NULL, ctx);
    refused(w, &c); // it wanted FRA, our own node answered
}

static int tickets;

static int count_ticket(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl, (void)session;
    tickets++;
    return 0;
}

static void sessions_cannot_be_resumed(void **state)
{
    struct service *w = *state;
    struct tls_client c, again;
    SSL_CTX *ctx = bare_client(TLS1_3_VERSION);
    assert_int_equal(tls_client_setup(ctx, w->t.domains, tls_path(&w->t, "cell.pem"), tls_path(&w->t, "cell.key"), "",
                                      &w->t.d),
                     ST_OK);
    SSL_CTX_clear_options(ctx, SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT);
    SSL_CTX_sess_set_new_cb(ctx, count_ticket);
    SSL_CTX_up_ref(ctx);
    tickets = 0;
    tls_client_open(&c, &w->t, server_address(w->s), NULL, ctx);
    tls_client_send(&c, GET_WHO GET_WHO);
    tls_client_answers(w->base, &c, 2);
    assert_int_equal(tickets, 0);
    SSL_SESSION *session = SSL_get1_session(c.ssl);
    assert_int_equal(SSL_SESSION_get_max_early_data(session), 0);
    tls_client_open(&again, &w->t, server_address(w->s), NULL, ctx);
    SSL_set_session(again.ssl, session);
    tls_client_send(&again, GET_WHO);
    tls_client_answers(w->base, &again, 1);
    assert_false(SSL_session_reused(again.ssl));
    SSL_SESSION_free(session);
    tls_client_close(&again);
    tls_client_close(&c);
}

// ---- HTTP

static void connections_stay_and_requests_queue(void **state)
{
    struct service *w = *state;
    struct tls_client c;
    service_open(w, &c, "cell");
    for (size_t i = 0; i < 3; i++) {
        tls_client_send(&c, GET_WHO);
        tls_client_answers(w->base, &c, i + 1);
    }
    // pipelined, with bodies, in one write
    tls_client_send(&c, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello" GET_WHO
                        "DELETE /echo HTTP/1.1\r\n" HOST "\r\n"
                        "HEAD /who HTTP/1.1\r\n" HOST "\r\n");
    tls_client_answers(w->base, &c, 6);
    service_expect_text(&c, 3, 200, "hello");
    service_expect_text(&c, 4, 200, "cell:J2-NORTH");
    service_expect_text(&c, 5, 200, "");
    assert_int_equal(w->requests, 7);
    tls_client_close(&c);
}

static bool head_is_there(const struct tls_client *c)
{
    return c->got.len && memmem(c->got.ptr, c->got.len, "\r\n\r\n", 4);
}

static void heads_have_no_body(void **state)
{
    struct service *w = *state;
    struct tls_client c;
    service_open(w, &c, "cell");
    tls_client_send(&c, "HEAD /who HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    tls_client_end(w->base, &c);
    assert_true(c.clean);
    const char *text = buf_cstr(&c.got);
    assert_non_null(strstr(text, "\r\nContent-Length: 13\r\n"));
    assert_non_null(strstr(text, "\r\nConnection: close\r\n"));
    assert_string_equal(text + strlen(text) - 4, "\r\n\r\n");
    tls_client_close(&c);
    service_open(w, &c, "cell");
    tls_client_send(&c, "GET /none HTTP/1.1\r\n" HOST "\r\n");
    tls_client_run(w->base, &c, head_is_there);
    assert_null(strstr(buf_cstr(&c.got), "Content-Length"));
    tls_client_close(&c);
}

static void big_bodies_go_both_ways(void **state)
{
    struct service *w = *state;
    struct tls_client c;
    enum { SIZE = 6 * 1024 * 1024 };
    service_open(w, &c, "cell");
    buf_printf(&c.send, "PUT /echo HTTP/1.1\r\n" HOST "Content-Length: %d\r\n\r\n", (int)SIZE);
    for (int i = 0; i < SIZE; i++)
        buf_putc(&c.send, (char)(i * 31 + i / 977));
    tls_client_answers(w->base, &c, 1);
    struct span body;
    assert_int_equal(tls_client_status(&c, 0, &body), 200);
    assert_true(span_eq(body, span_of(c.send.ptr + c.send.len - SIZE, SIZE)));
    tls_client_send(&c, GET_WHO);
    tls_client_answers(w->base, &c, 2);
    tls_client_close(&c);
}

static void expectations_are_met(void **state)
{
    struct service *w = *state;
    struct tls_client c;
    service_open(w, &c, "cell");
    tls_client_send(&c, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    tls_client_run(w->base, &c, head_is_there);
    assert_string_equal(buf_cstr(&c.got), "HTTP/1.1 100 Continue\r\n\r\n");
    assert_int_equal(w->requests, 0);
    tls_client_send(&c, "body");
    tls_client_answers(w->base, &c, 2);
    service_expect_text(&c, 1, 200, "body");
    tls_client_close(&c);
}

static void too_much_is_refused(void **state)
{
    struct service *w = *state;
    struct tls_client c;
    static const struct {
        const char *request;
        int status;
    } cases[] = {{"POST /echo HTTP/1.1\r\n" HOST "Content-Length: 25165825\r\nExpect: 100-continue\r\n\r\n", 413},
                 {"DELETE /echo HTTP/1.1\r\n" HOST "Content-Length: 65537\r\n\r\nxxxxx", 413},
                 {"POST /echo HTTP/1.1\r\n" HOST "Content-Length: 999999999999999999\r\n\r\n", 413}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        service_open(w, &c, "cell");
        tls_client_send(&c, cases[i].request);
        tls_client_end(w->base, &c);
        assert_int_equal(tls_client_status(&c, 0, NULL), cases[i].status);
        tls_client_close(&c);
    }
    server_settings(w->s)->body_memory_max = 10000;
    service_open(w, &c, "cell");
    buf_printf(&c.send, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 20000\r\n\r\n%020000d", 7);
    tls_client_end(w->base, &c);
    assert_int_equal(tls_client_status(&c, 0, NULL), 503);
    tls_client_close(&c);
    assert_int_equal(w->requests, 0);
}

static void ambiguous_requests_close_the_connection(void **state)
{
    struct service *w = *state;
    static const struct {
        const char *head;
        int status;
    } forms[] = {
        {"POST /who HTTP/1.1\r\n" HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {"POST /who HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400},
        {"POST /who HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411},
        {"POST /who HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", 411},
        {"POST /who HTTP/1.1\r\n" HOST "Transfer-Encoding : chunked\r\n\r\n", 400},
        {"POST /who HTTP/1.1\r\n" HOST "Transfer-Encoding:\r\n chunked\r\n\r\n", 400},
        {"POST /who HTTP/1.1\r\n" HOST "Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde", 400},
        {"POST /who HTTP/1.1\r\n" HOST "Content-Length: 4, 4\r\n\r\nabcd", 400},
        {"POST /who HTTP/1.1\r\n" HOST "Content-Length: +4\r\n\r\nabcd", 400},
        {"POST /who HTTP/1.1\r\n" HOST "Content-Length: 0x4\r\n\r\nabcd", 400},
        {"POST /who HTTP/1.1\r\n" HOST "Content-Length : 4\r\n\r\nabcd", 400},
        {"POST /who HTTP/1.1\r\n" HOST "\r\n", 411},
        {"GET /who HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nabcd", 400},
        {"GET /who HTTP/1.1\n" HOST "\r\n", 400},
        {"GET /who HTTP/1.1\r\n" HOST "X: a\nb\r\n\r\n", 400},
        {"GET /who HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n", 400},
        {"GET /who HTTP/1.1\r\n" HOST " X: folded\r\n\r\n", 400},
        {"GET http://gbr.example/who HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET /who HTTP/1.1\r\n\r\n", 400},
        {"GET /who HTTP/1.1\r\n" HOST HOST "\r\n", 400},
        {"GET /who HTTP/1.0\r\n" HOST "\r\n", 400},
        {"GET /who HTTP/2.0\r\n" HOST "\r\n", 505},
        {"get /who HTTP/1.1\r\n" HOST "\r\n", 400},
        {"TRACE /who HTTP/1.1\r\n" HOST "\r\n", 501},
        {"GET /../who HTTP/1.1\r\n" HOST "\r\n", 400},
        {"\r\nGET /who HTTP/1.1\r\n" HOST "\r\n", 400},
        {"POST /who HTTP/1.1\r\n" HOST "Content-Length: 1\r\nExpect: 200-ok\r\n\r\na", 417},
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct tls_client c;
        service_open(w, &c, "cell");
        tls_client_send(&c, forms[i].head);
        tls_client_send(&c, GET_WHO); // the smuggled one
        tls_client_end(w->base, &c);
        if (tls_client_status(&c, 0, NULL) != forms[i].status || tls_client_status(&c, 1, NULL) != 0 || !c.clean)
            fail_msg("form %zu: %s", i, buf_cstr(&c.got));
        struct span head = tls_client_head(&c, 0);
        assert_non_null(memmem(head.ptr, head.len, "\r\nConnection: close\r\n", 21));
        tls_client_close(&c);
    }
    assert_int_equal(w->requests, 0);
}

static void reports_go_where_they_are_permitted(void **state)
{
    struct service *w = *state;
    struct tls_client c;
    struct span body;
    service_open(w, &c, "fra");
    tls_client_send(&c, "GET /page HTTP/1.1\r\n" HOST "\r\n" GET_WHO);
    tls_client_answers(w->base, &c, 2);
    assert_int_equal(tls_client_status(&c, 0, &body), 200);
    assert_int_equal(body.len, 2 * (7 + 30000));
    assert_memory_equal(body.ptr + 7 + 29999, "0<entry>1", 9);
    tls_client_close(&c);
    service_open(w, &c, "cell"); // a page that went astray inside
    tls_client_send(&c, "GET /page HTTP/1.1\r\n" HOST "\r\n");
    tls_client_end(w->base, &c);
    assert_int_equal(tls_client_status(&c, 0, NULL), 503);
    assert_null(memmem(c.got.ptr, c.got.len, "0000", 4));
    assert_non_null(strstr(w->why, "egress"));
    tls_client_close(&c);
    service_hold(w, &c, "fra");
    service_reply_page(w, w->held, w->t.now + 1); // the agreement ended between decision and sending
    tls_client_end(w->base, &c);
    assert_int_equal(tls_client_status(&c, 0, NULL), 503);
    tls_client_close(&c);
}

// ---- held requests

static void held_requests_are_answered_later(void **state)
{
    struct service *w = *state;
    struct tls_client c, other;
    service_hold(w, &c, "fra");
    service_open(w, &other, "cell"); // others are served meanwhile
    tls_client_send(&other, GET_WHO);
    tls_client_answers(w->base, &other, 1);
    assert_int_equal(tls_client_status(&c, 0, NULL), 0);
    tls_client_send(&c, GET_WHO); // sent ahead; its turn comes after
    tls_client_run(w->base, &c, service_sent);
    assert_int_equal(w->requests, 2);
    service_reply_text(w, w->held, 200, "news");
    tls_client_answers(w->base, &c, 2);
    service_expect_text(&c, 0, 200, "news");
    service_expect_text(&c, 1, 200, "partner:FRA");
    service_reply_text(w, w->held, 200, "twice"); // a request that is answered is unknown
    service_reply_text(w, 12345678, 200, "never");
    tls_client_send(&c, GET_WHO);
    tls_client_answers(w->base, &c, 3);
    service_expect_text(&c, 2, 200, "partner:FRA");
    assert_int_equal(w->gone, 0);
    tls_client_close(&c);
    tls_client_close(&other);
}

// Who keeps the loop waiting hears what is asked all the same, but of connections whose request is out nothing.
static void requests_come_in_beside_the_loop(void **state)
{
    struct service *w = *state;
    struct tls_client c, held, third;
    service_hold(w, &held, "fra");
    service_open(w, &c, "cell");
    tls_client_send(&c, GET_WHO);
    tls_client_answers(w->base, &c, 1);
    while (server_look(w->s)) { // the loop has accepted both, and read all
    }
    size_t before = w->requests;
    assert_false(server_look(w->s));
    assert_int_equal(SSL_write(c.ssl, GET_WHO, (int)strlen(GET_WHO)), strlen(GET_WHO));
    assert_int_equal(SSL_write(held.ssl, GET_WHO, (int)strlen(GET_WHO)), strlen(GET_WHO));
    for (int i = 0; i < 1000 && w->requests == before; i++)
        assert_false(server_look(w->s));
    assert_int_equal(w->requests, before + 1);
    assert_false(server_look(w->s));
    assert_int_equal(w->requests, before + 1);
    assert_int_equal(shutdown(held.fd, SHUT_RDWR), 0); // not noticed here either: its request is worked on
    assert_false(server_look(w->s));
    assert_int_equal(w->gone, 0);
    tls_client_answers(w->base, &c, 2); // the answer is on its way
    // a new connection is the loop's
    service_open(w, &third, "cell");
    bool connects = false;
    for (int i = 0; i < 1000 && !connects; i++)
        connects = server_look(w->s);
    assert_true(connects);
    tls_client_send(&third, GET_WHO);
    tls_client_answers(w->base, &third, 1);
    assert_false(server_look(w->s));
    tls_client_close(&c);
    tls_client_close(&held);
    tls_client_close(&third);
}

static void a_vanished_client_is_noticed(void **state)
{
    struct service *w = *state;
    struct tls_client c;
    service_hold(w, &c, "fra");
    tls_client_close(&c); // without a word
    service_run_until(w, 0);
    assert_int_equal(w->gone, 1);
    service_hold(w, &c, "fra");
    SSL_shutdown(c.ssl); // with one
    service_run_until(w, 0);
    assert_int_equal(w->gone, 2);
    tls_client_close(&c);
    service_reply_text(w, w->held, 200, "to nobody");
    service_hold(w, &c, "fra");
    server_free(&w->s); // and the end of the server itself
    assert_int_equal(w->gone, 3);
    tls_client_close(&c);
}

static void reload_closes_whom_it_no_longer_trusts(void **state)
{
    struct service *w = *state;
    struct tls_world *t = &w->t;
    struct tls_client fra, cell;
    service_open(w, &cell, "cell");
    tls_client_send(&cell, GET_WHO);
    tls_client_answers(w->base, &cell, 1);
    service_hold(w, &fra, "fra");
    assert_int_equal(server_reload(w->s, &t->config, t->domains, &t->d), ST_OK); // nothing changed
    assert_int_equal(server_connections(w->s), 2);
    struct config broken = t->config;
    broken.tls_cert = tls_path(t, "absent.pem");
    assert_int_equal(server_reload(w->s, &broken, t->domains, &t->d), ST_INVALID);
    assert_int_equal(server_connections(w->s), 2);
    tls_crl(t, &t->fra, "fra.crl", "fra", t->now - TLS_DAY, t->now + TLS_DAY);
    struct tls_domains *revoked = tls_world_domains(t, NULL, tls_path(t, "fra.crl"), NULL, NULL);
    assert_int_equal(server_reload(w->s, &t->config, revoked, &t->d), ST_OK);
    tls_domains_free(&revoked); // the server keeps its own reference
    assert_int_equal(w->gone, 1);
    assert_non_null(strstr(w->why, "revoked"));
    tls_client_end(w->base, &fra);
    assert_int_equal(fra.got.len, 0);
    tls_client_close(&fra);
    tls_client_send(&cell, GET_WHO);
    tls_client_answers(w->base, &cell, 2);
    service_open(w, &fra, "fra");
    tls_client_end(w->base, &fra);
    assert_non_null(strstr(w->why, "revoked"));
    tls_client_close(&fra);
    tls_client_close(&cell);
}

static void expiry_closes_an_open_connection(void **state)
{
    struct service *w = *state;
    struct tls_world *t = &w->t;
    struct tls_client fra;
    tls_issue(t, &t->fra, "brief", "spiffe://fra.example/node", "tls", t->now - TLS_DAY, t->now + 3600000);
    service_hold(w, &fra, "brief");
    struct reply rp;
    reply_init(&rp);
    rp.status = 200;
    buf_puts(&rp.body, "too late");
    server_reply(w->s, w->held, &rp, NULL, t->now + 3600000 + 1000); // answered after the certificate's end
    tls_client_end(w->base, &fra);
    assert_int_equal(fra.got.len, 0);
    assert_non_null(strstr(w->why, "expired"));
    assert_int_equal(w->gone, 0); // it was answered, in vain
    tls_client_close(&fra);
}

// ---- deadlines and limits

static void slow_clients_are_cut(void **state)
{
    struct service *w = *state;
    struct conn_settings *s = server_settings(w->s);
    struct tls_client c;
    s->handshake_ms = s->head_ms = s->transfer_ms = s->idle_ms = s->linger_ms = 80;
    s->bytes_per_s = 1000000;
    plain_client_open(&c, server_address(w->s)); // says nothing
    tls_client_end(w->base, &c);
    assert_string_equal(w->why, "handshake not done in time");
    tls_client_close(&c);
    s->handshake_ms = 10000;
    service_open(w, &c, "cell");
    tls_client_send(&c, "GET /who HTT"); // a head without end
    tls_client_end(w->base, &c);
    assert_string_equal(w->why, "request head not there in time");
    tls_client_close(&c);
    service_open(w, &c, "cell");
    tls_client_send(&c, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\nabc");
    tls_client_end(w->base, &c);
    assert_string_equal(w->why, "request body not there in time");
    tls_client_close(&c);
    w->why[0] = 0;
    service_open(w, &c, "cell"); // idle: ends without complaint
    tls_client_send(&c, GET_WHO);
    tls_client_end(w->base, &c);
    assert_string_equal(w->why, "");
    assert_true(c.clean);
    tls_client_close(&c);
    assert_int_equal(w->requests, 1);
}

// A byte now and then does not move an absolute deadline.
static void slowloris_is_cut(void **state)
{
    struct service *w = *state;
    struct tls_client c;
    server_settings(w->s)->head_ms = 150;
    service_open(w, &c, "cell");
    tls_client_send(&c, "GET /who HTTP/1.1\r\nX: ");
    for (int i = 0; i < 8000 && !c.ended; i++) {
        tls_client_send(&c, "a");
        tls_client_run(w->base, &c, service_sent);
        struct timeval tick = {.tv_usec = 500};
        event_base_loopexit(w->base, &tick);
        event_base_dispatch(w->base);
    }
    tls_client_end(w->base, &c);
    assert_string_equal(w->why, "request head not there in time");
    tls_client_close(&c);
}

static bool always(const struct tls_client *c)
{
    (void)c;
    return true;
}

static void a_deaf_client_is_cut(void **state)
{
    struct service *w = *state;
    struct conn_settings *s = server_settings(w->s);
    struct tls_client c;
    enum { SIZE = 20 * 1024 * 1024 };
    service_open(w, &c, "cell");
    c.deaf = true;
    buf_printf(&c.send, "PUT /echo HTTP/1.1\r\n" HOST "Content-Length: %d\r\n\r\n", (int)SIZE);
    for (int i = 0; i < SIZE / 64; i++)
        buf_printf(&c.send, "%064d", i);
    s->transfer_ms = 20000;
    while (w->requests == 0) {
        s->transfer_ms = c.sent > 0 && c.sent + 100000 > c.send.len ? 100 : 20000;
        s->bytes_per_s = 1000000000;
        tls_client_run(w->base, &c, always);
    }
    service_run_until(w, 0);
    assert_string_equal(w->why, "answer not taken in time");
    tls_client_close(&c);
}

static void limits_hold(void **state)
{
    struct service *w = *state;
    struct tls_client c[4];
    w->t.config.connections_per_address_max = 3;
    assert_int_equal(server_reload(w->s, &w->t.config, w->t.domains, &w->t.d), ST_OK);
    for (size_t i = 0; i < 3; i++) {
        service_open(w, &c[i], "cell");
        tls_client_send(&c[i], GET_WHO);
        tls_client_answers(w->base, &c[i], 1);
    }
    plain_client_open(&c[3], server_address(w->s));
    tls_client_end(w->base, &c[3]);
    assert_string_equal(w->why, "too many connections of this address");
    tls_client_close(&c[3]);
    tls_client_close(&c[0]);
    service_run_until(w, 2);
    service_open(w, &c[0], "cell"); // room again
    tls_client_send(&c[0], GET_WHO);
    tls_client_answers(w->base, &c[0], 1);
    w->t.config.connections_per_address_max = 9;
    w->t.config.connections_max = 3;
    assert_int_equal(server_reload(w->s, &w->t.config, w->t.domains, &w->t.d), ST_OK);
    plain_client_open(&c[3], server_address(w->s));
    tls_client_end(w->base, &c[3]);
    assert_string_equal(w->why, "too many connections");
    for (size_t i = 0; i < 4; i++)
        tls_client_close(&c[i]);
}

// ---- the plain listener, and the end

static void the_plain_listener_answers(void **state)
{
    struct service *w = *state;
    struct tls_client c;
    plain_client_open(&c, server_metrics_address(w->s));
    tls_client_send(&c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    tls_client_answers(w->base, &c, 2);
    service_expect_text(&c, 0, 200, "/healthz");
    service_expect_text(&c, 1, 200, "/metrics");
    tls_client_send(&c, "POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
    tls_client_answers(w->base, &c, 3);
    assert_int_equal(tls_client_status(&c, 2, NULL), 405);
    tls_client_send(&c, "GARBAGE\r\n\r\n");
    tls_client_end(w->base, &c);
    assert_int_equal(tls_client_status(&c, 3, NULL), 400);
    assert_int_equal(w->requests, 0);
    tls_client_close(&c);
}

static void stopping_lets_answers_out(void **state)
{
    struct service *w = *state;
    struct tls_client idle, held, late;
    service_open(w, &idle, "cell");
    tls_client_send(&idle, GET_WHO);
    tls_client_answers(w->base, &idle, 1);
    service_hold(w, &held, "fra");
    plain_client_open(&late, server_address(w->s));
    server_stop_accepting(w->s);
    tls_client_end(w->base, &idle);
    assert_true(idle.clean);
    tls_client_end(w->base, &late);
    assert_int_equal(server_connections(w->s), 1);
    service_reply_text(w, w->held, 200, "the last");
    tls_client_end(w->base, &held);
    service_expect_text(&held, 0, 200, "the last");
    assert_true(held.clean);
    tls_client_close(&idle);
    tls_client_close(&held);
    tls_client_close(&late);
    service_run_until(w, 0);
}

static void a_bad_address_is_a_fault(void **state)
{
    struct service *w = *state;
    const struct server_handler h = service_handler(w);
    struct server *second = NULL;
    struct config c = w->t.config;
    c.listen = server_address(w->s);
    diag_init(&w->t.d, NULL);
    assert_int_equal(server_new(w->base, &c, w->t.domains, &h, &w->t.d, &second), ST_IO);
    assert_string_equal(w->t.d.faults[0].element, c.listen);
    assert_null(second);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, service_begin, service_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(known_certificates_get_in),
        TEST(others_do_not),
        TEST(no_certificate_and_old_tls_are_refused),
        TEST(the_client_checks_the_node_too),
        TEST(sessions_cannot_be_resumed),
        TEST(connections_stay_and_requests_queue),
        TEST(heads_have_no_body),
        TEST(big_bodies_go_both_ways),
        TEST(expectations_are_met),
        TEST(too_much_is_refused),
        TEST(ambiguous_requests_close_the_connection),
        TEST(reports_go_where_they_are_permitted),
        TEST(held_requests_are_answered_later),
        TEST(requests_come_in_beside_the_loop),
        TEST(a_vanished_client_is_noticed),
        TEST(reload_closes_whom_it_no_longer_trusts),
        TEST(expiry_closes_an_open_connection),
        TEST(slow_clients_are_cut),
        TEST(slowloris_is_cut),
        TEST(a_deaf_client_is_cut),
        TEST(limits_hold),
        TEST(the_plain_listener_answers),
        TEST(stopping_lets_answers_out),
        TEST(a_bad_address_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
