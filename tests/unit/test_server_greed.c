// node/io/server against those who take more than their share: the loop's time, memory, room (spec 8-18).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "formats/base/limits.h"
#include "node/io/server.h"
#include "node/io/server_settings.h"
#include "tests/support/tls_client.h"

#define GET_WHO "GET /who HTTP/1.1\r\nHost: gbr.example\r\n\r\n"

struct service {
    struct tls_world t;
    struct event_base *base;
    struct server *s;
    size_t requests;
    char why[512];
};

// Answers at once, as the daemon does: nothing to the choked, /big with 16 MiB, all else with the principal's id.
static void on_request(void *ctx, struct server *s, uint64_t id, const struct request *rq)
{
    static const uint8_t piece[4096];
    struct service *w = ctx;
    struct reply rp;
    w->requests++;
    reply_init(&rp);
    rp.status = server_is_choked(s, id) ? 429 : 200;
    if (span_eq_cstr(rq->head.path, "/big"))
        for (size_t i = 0; i < 16 * MIB / sizeof piece; i++) // more than the system's buffers take
            buf_put(&rp.body, piece, sizeof piece);
    else
        buf_puts(&rp.body, rq->who.id);
    server_reply(s, id, &rp, NULL, w->t.now);
}

static void on_gone(void *ctx, uint64_t id)
{
    (void)ctx, (void)id;
}

static void on_plain(void *ctx, const struct http_head *head, struct reply *rp)
{
    (void)ctx, (void)head;
    rp->status = 200;
}

static void on_denied(void *ctx, const char *address, const char *why)
{
    struct service *w = ctx;
    (void)address;
    snprintf(w->why, sizeof w->why, "%s", why);
}

static int begin(void **state)
{
    struct service *w = calloc(1, sizeof *w);
    assert_non_null(w);
    tls_world_init(&w->t);
    w->base = event_base_new();
    struct server_handler h = {w, on_request, on_gone, on_plain, on_denied, NULL};
    assert_int_equal(server_new(w->base, &w->t.config, w->t.domains, &h, &w->t.d, &w->s), ST_OK);
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

static void open_as(struct service *w, struct tls_client *c, const char *stem)
{
    tls_client_open(c, &w->t, server_address(w->s), stem, NULL);
}

// Let the loop do what it can at once.
static void turn(struct service *w)
{
    for (int i = 0; i < 50; i++)
        event_base_loop(w->base, EVLOOP_NONBLOCK);
}

static void update_keys(struct service *w, struct tls_client *c, size_t times)
{
    for (size_t i = 0; i < times; i++) {
        if (SSL_key_update(c->ssl, SSL_KEY_UPDATE_NOT_REQUESTED) != 1 || SSL_do_handshake(c->ssl) != 1)
            break; // cut already
        turn(w);
    }
}

// OpenSSL works through key updates inside one call for as long as they come: the loop would stand still.
static void floods_of_key_updates_are_cut(void **state)
{
    struct service *w = *state;
    struct tls_client c;
    open_as(w, &c, "fra");
    tls_client_send(&c, GET_WHO);
    tls_client_answers(w->base, &c, 1);
    update_keys(w, &c, 10); // somebody who is careful
    tls_client_send(&c, GET_WHO);
    tls_client_answers(w->base, &c, 2);
    assert_int_equal(server_connections(w->s), 1);
    update_keys(w, &c, 100);
    turn(w);
    assert_int_equal(server_connections(w->s), 0);
    tls_client_close(&c);
}

// Those who never shake hands make room for each other, not for themselves alone.
static void silent_connections_drive_out_their_own(void **state)
{
    struct service *w = *state;
    struct tls_client silent[6], c;
    w->t.config.connections_max = 4;
    assert_int_equal(server_reload(w->s, &w->t.config, w->t.domains, &w->t.d), ST_OK);
    for (size_t i = 0; i < 6; i++) {
        plain_client_open(&silent[i], server_address(w->s));
        turn(w);
    }
    assert_int_equal(server_connections(w->s), 2); // half of all
    assert_string_equal(w->why, "handshake not done when others needed the room");
    open_as(w, &c, "fra");
    tls_client_send(&c, GET_WHO);
    tls_client_answers(w->base, &c, 1);
    assert_int_equal(tls_client_status(&c, 0, NULL), 200);
    tls_client_end(w->base, &silent[0]);
    assert_false(silent[5].ended);
    for (size_t i = 0; i < 6; i++)
        tls_client_close(&silent[i]);
    tls_client_close(&c);
}

static void send_part_of_a_body(struct service *w, struct tls_client *c, const char *stem, size_t bytes)
{
    open_as(w, c, stem);
    buf_printf(&c->send, "POST /who HTTP/1.1\r\nHost: gbr.example\r\nContent-Length: %zu\r\n\r\n", bytes + 1);
    for (size_t i = 0; i < bytes / 64; i++)
        buf_printf(&c->send, "%064zu", i);
}

static bool all_sent(const struct tls_client *c)
{
    return c->sent == c->send.len;
}

// Bodies that never end keep their memory: one principal must not use up that of all.
static void bodies_of_one_principal_are_bounded(void **state)
{
    struct service *w = *state;
    struct tls_client a, b, other;
    server_settings(w->s)->body_share_max = 600 * KIB;
    send_part_of_a_body(w, &a, "cell", 512 * KIB);
    tls_client_run(w->base, &a, all_sent);
    turn(w);
    send_part_of_a_body(w, &b, "cell", 512 * KIB);
    tls_client_end(w->base, &b);
    assert_int_equal(tls_client_status(&b, 0, NULL), 503);
    send_part_of_a_body(w, &other, "fra", 512 * KIB);
    tls_client_send(&other, "x");
    tls_client_answers(w->base, &other, 1);
    assert_int_equal(tls_client_status(&other, 0, NULL), 200);
    tls_client_send(&a, "x");
    tls_client_answers(w->base, &a, 1);
    assert_int_equal(tls_client_status(&a, 0, NULL), 200);
    tls_client_close(&a);
    tls_client_close(&b);
    tls_client_close(&other);
}

// Large answers that nobody reads keep their memory: whoever asks for many at once gets no more for now.
static void whoever_reads_nothing_gets_no_more(void **state)
{
    struct service *w = *state;
    struct tls_client deaf, again, other;
    server_settings(w->s)->answers_max = MIB;
    open_as(w, &deaf, "fra");
    deaf.deaf = true;
    tls_client_send(&deaf, "GET /big HTTP/1.1\r\nHost: gbr.example\r\n\r\n");
    while (w->requests == 0)
        tls_client_run(w->base, &deaf, all_sent);
    open_as(w, &again, "fra");
    tls_client_send(&again, GET_WHO);
    tls_client_answers(w->base, &again, 1);
    assert_int_equal(tls_client_status(&again, 0, NULL), 429);
    open_as(w, &other, "cell");
    tls_client_send(&other, GET_WHO);
    tls_client_answers(w->base, &other, 1);
    assert_int_equal(tls_client_status(&other, 0, NULL), 200);
    deaf.deaf = false;
    tls_client_answers(w->base, &deaf, 1);
    tls_client_send(&again, GET_WHO);
    tls_client_answers(w->base, &again, 2);
    assert_int_equal(tls_client_status(&again, 1, NULL), 200);
    tls_client_close(&deaf);
    tls_client_close(&again);
    tls_client_close(&other);
}

static void on_look(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd, (void)what;
    server_look(ctx);
}

// Who keeps the loop waiting lets answers go on that were on their way.
static void answers_go_on_beside_the_loop(void **state)
{
    static const struct timeval often = {.tv_usec = 100};
    struct service *w = *state;
    struct tls_client c;
    struct event_base *work = event_base_new(); // nothing of the server is in this one
    struct event *look = event_new(work, -1, EV_PERSIST, on_look, w->s);
    open_as(w, &c, "fra");
    c.deaf = true;
    tls_client_send(&c, "GET /big HTTP/1.1\r\nHost: gbr.example\r\n\r\n");
    while (w->requests == 0)
        tls_client_run(w->base, &c, all_sent);
    c.deaf = false;
    event_add(look, &often);
    tls_client_answers(work, &c, 1);
    assert_int_equal(tls_client_status(&c, 0, NULL), 200);
    event_free(look);
    event_base_free(work);
    tls_client_send(&c, GET_WHO);
    tls_client_answers(w->base, &c, 2);
    tls_client_close(&c);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(floods_of_key_updates_are_cut),
        TEST(silent_connections_drive_out_their_own),
        TEST(bodies_of_one_principal_are_bounded),
        TEST(whoever_reads_nothing_gets_no_more),
        TEST(answers_go_on_beside_the_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
