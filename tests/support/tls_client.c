#include "tests/support/tls_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BYTES_MAX = 128 * 1024 * 1024, PATIENCE_MS = 10000 };

static void connect_to(struct tls_client *c, const char *address)
{
    static const int on = 1;
    struct sockaddr_in sin = {.sin_family = AF_INET};
    const char *colon = strrchr(address, ':');
    assert_non_null(colon);
    sin.sin_port = htons((uint16_t)atoi(colon + 1));
    assert_int_equal(inet_pton(AF_INET, "127.0.0.1", &sin.sin_addr), 1);
    memset(c, 0, sizeof *c);
    buf_init(&c->send, BYTES_MAX);
    buf_init(&c->got, BYTES_MAX);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(c->fd >= 0);
    assert_int_equal(connect(c->fd, (struct sockaddr *)&sin, sizeof sin), 0);
    assert_int_equal(fcntl(c->fd, F_SETFL, O_NONBLOCK), 0);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void plain_client_open(struct tls_client *c, const char *address)
{
    connect_to(c, address);
    c->ready = true;
}

void tls_client_open(struct tls_client *c, struct tls_world *w, const char *address, const char *stem, SSL_CTX *ctx)
{
    connect_to(c, address);
    c->ctx = ctx;
    if (!ctx) {
        char cert[96], key[96];
        snprintf(cert, sizeof cert, "%s.pem", stem);
        snprintf(key, sizeof key, "%s.key", stem);
        c->ctx = SSL_CTX_new(TLS_client_method());
        assert_non_null(c->ctx);
        assert_int_equal(tls_client_setup(c->ctx, w->domains, tls_path(w, cert), tls_path(w, key), "", &w->d), ST_OK);
    }
    SSL_CTX_set_mode(c->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    c->ssl = SSL_new(c->ctx);
    assert_non_null(c->ssl);
    SSL_set_fd(c->ssl, c->fd);
    SSL_set_connect_state(c->ssl);
}

void tls_client_close(struct tls_client *c)
{
    SSL_free(c->ssl);
    SSL_CTX_free(c->ctx);
    if (c->fd >= 0)
        close(c->fd);
    buf_fini(&c->send);
    buf_fini(&c->got);
    memset(c, 0, sizeof *c);
    c->fd = -1;
    ERR_clear_error();
}

void tls_client_send(struct tls_client *c, const char *text)
{
    buf_puts(&c->send, text);
    assert_int_equal(buf_status(&c->send), ST_OK);
}

static void note_ssl_end(struct tls_client *c, int r)
{
    int e = SSL_get_error(c->ssl, r);
    if (e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE)
        return;
    c->ended = true;
    c->clean = e == SSL_ERROR_ZERO_RETURN;
}

static void write_some(struct tls_client *c)
{
    while (!c->ended && c->sent < c->send.len) {
        size_t n = 0, left = c->send.len - c->sent;
        if (c->ssl) {
            ERR_clear_error();
            if (SSL_write_ex(c->ssl, c->send.ptr + c->sent, left, &n) != 1) {
                int e = SSL_get_error(c->ssl, 0);
                if (e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE)
                    c->sent = c->send.len; // refused: what the server said is read below
                return;
            }
        } else {
            ssize_t w = send(c->fd, c->send.ptr + c->sent, left, MSG_NOSIGNAL);
            if (w < 0)
                return;
            n = (size_t)w;
        }
        c->sent += n;
    }
}

static void read_some(struct tls_client *c)
{
    uint8_t bytes[4096];
    size_t n = 0;
    while (!c->ended && !c->deaf) {
        if (c->ssl) {
            ERR_clear_error();
            int r = SSL_read_ex(c->ssl, bytes, sizeof bytes, &n);
            if (r != 1) {
                note_ssl_end(c, 0);
                return;
            }
        } else {
            ssize_t got = recv(c->fd, bytes, sizeof bytes, 0);
            if (got < 0)
                return;
            c->ended = c->clean = got == 0;
            n = (size_t)got;
        }
        buf_put(&c->got, bytes, n);
    }
}

static void step(struct tls_client *c)
{
    if (!c->ready) {
        ERR_clear_error();
        int r = SSL_connect(c->ssl);
        if (r == 1)
            c->ready = true;
        else
            note_ssl_end(c, r);
        if (!c->ready)
            return;
    }
    write_some(c);
    read_some(c);
}

static int64_t clock_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void tls_client_run(struct event_base *base, struct tls_client *c, tls_client_test *done)
{
    int64_t until = clock_ms() + PATIENCE_MS;
    for (;;) {
        event_base_loop(base, EVLOOP_NONBLOCK);
        step(c);
        if (done(c))
            return;
        if (clock_ms() > until)
            fail_msg("nothing more after %d ms: ready %d, ended %d, sent %zu of %zu, got %zu: %s", PATIENCE_MS, c->ready,
                     c->ended, c->sent, c->send.len, c->got.len, buf_cstr(&c->got));
        // Wait for whichever side has something, a millisecond at most: deadlines are the loop's own.
        struct pollfd p = {.fd = c->fd, .events = POLLIN};
        poll(&p, 1, 1);
    }
}

// The end of the answer that begins at `from`, 0 when it is not whole.
static size_t answer_end(const struct tls_client *c, size_t from, int *ret_status, size_t *ret_body)
{
    const char *at = c->got.len > from ? (const char *)c->got.ptr + from : "";
    const char *end = c->got.len > from ? memmem(at, c->got.len - from, "\r\n\r\n", 4) : NULL;
    if (!end)
        return 0;
    assert_true(!strncmp(at, "HTTP/1.1 ", 9));
    *ret_status = atoi(at + 9);
    const char *length = memmem(at, (size_t)(end - at), "Content-Length: ", 16);
    size_t body = (size_t)(end + 4 - at) + from, len = length ? strtoul(length + 16, NULL, 10) : 0;
    *ret_body = body;
    return c->got.len >= body + len ? body + len : 0;
}

int tls_client_status(const struct tls_client *c, size_t n, struct span *ret_body)
{
    size_t from = 0, body = 0;
    int status = 0;
    for (size_t i = 0; i <= n; i++) {
        size_t end = answer_end(c, from, &status, &body);
        if (!end)
            return 0;
        if (i == n && ret_body)
            *ret_body = span_of(c->got.ptr + body, end - body);
        from = end;
    }
    return status;
}

struct span tls_client_head(const struct tls_client *c, size_t n)
{
    size_t from = 0, body = 0;
    int status = 0;
    for (size_t i = 0; i < n; i++)
        from = answer_end(c, from, &status, &body);
    assert_true(answer_end(c, from, &status, &body) > 0);
    return span_of(c->got.ptr + from, body - from);
}

static size_t wanted;

static bool has_answers(const struct tls_client *c)
{
    return tls_client_status(c, wanted - 1, NULL) != 0;
}

static bool has_ended(const struct tls_client *c)
{
    return c->ended;
}

void tls_client_answers(struct event_base *base, struct tls_client *c, size_t n)
{
    wanted = n;
    tls_client_run(base, c, has_answers);
}

void tls_client_end(struct event_base *base, struct tls_client *c)
{
    tls_client_run(base, c, has_ended);
}
