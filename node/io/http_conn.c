#include "node/io/http_conn.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "formats/base/bug.h"
#include "formats/base/limits.h"
#include "node/io/clock.h"
#include "node/io/http_wire.h"
#include "node/io/tls_identity.h"

enum {
    IN_FIRST = 1024,
    IN_SPARE = 64,      // free before each read, so that a hang-up can show while a request is held
    IN_MAX = HTTP_HEAD_BYTES_MAX + IN_SPARE,
    BODY_FIRST = 16 * 1024,
    GATHER = 64 * 1024, // ciphertext for one send
    TURN = 512 * 1024,  // bytes written, read or thrown away before others have their turn
};

enum step { STEP_AGAIN, STEP_WAIT, STEP_END };
enum io { IO_OK, IO_WAIT, IO_END };

// ---- life

void conn_read(struct conn *c)
{
    c->readable = true;
    conn_pump(c);
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd, (void)what;
    conn_read(ctx);
}

static void on_writable(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd, (void)what;
    conn_pump(ctx);
}

static void on_deadline(evutil_socket_t fd, short what, void *ctx);

static void set_deadline(struct conn *c, uint64_t ms)
{
    struct timeval tv = {.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000) * 1000};
    if (evtimer_add(c->on_time, &tv) != 0)
        c->wire.failed = true; // without a deadline it must not go on
}

static uint64_t transfer_ms(const struct conn *c, uint64_t bytes)
{
    const struct conn_settings *s = c->owner->settings;
    return s->transfer_ms + bytes * 1000 / s->bytes_per_s;
}

static void release_reply(struct conn *c)
{
    if (c->reply)
        reply_fini(c->reply);
    free(c->reply);
    c->reply = NULL;
    *c->owner->answer_memory -= c->reply_bytes;
    c->reply_bytes = 0;
    c->egress = (struct egress){0};
}

static void free_conn(struct conn *c)
{
    if (c->on_read)
        event_free(c->on_read);
    if (c->on_write)
        event_free(c->on_write);
    if (c->on_time)
        event_free(c->on_time);
    SSL_free(c->ssl);
    ERR_clear_error();
    close(c->fd);
    wire_fini(&c->wire);
    buf_fini(&c->out);
    release_reply(c);
    free(c->in);
    free(c->body);
    free(c->request);
    free(c);
}

static bool attach_tls(struct conn *c)
{
    if (!c->ssl)
        return true;
    BIO *rd = BIO_new_socket(c->fd, BIO_NOCLOSE), *wr = wire_bio(&c->wire);
    if (!rd || !wr) {
        BIO_free(rd);
        BIO_free(wr);
        return false;
    }
    SSL_set_bio(c->ssl, rd, wr);
    return true;
}

struct conn *conn_new(struct event_base *base, int fd, SSL *ssl, const struct conn_owner *owner)
{
    struct conn *c = calloc(1, sizeof *c);
    if (!c) {
        SSL_free(ssl);
        close(fd);
        return NULL;
    }
    c->owner = owner;
    c->fd = fd;
    c->ssl = ssl;
    c->phase = ssl ? CONN_HANDSHAKE : CONN_IDLE;
    c->on_read = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, c);
    c->on_write = event_new(base, fd, EV_WRITE, on_writable, c);
    c->on_time = evtimer_new(base, on_deadline, c);
    if (!c->on_read || !c->on_write || !c->on_time || !attach_tls(c)) {
        free_conn(c);
        return NULL;
    }
    // Nobody is known yet: a plain peer must say what it wants as fast as a TLS one must shake hands.
    set_deadline(c, ssl ? owner->settings->handshake_ms : owner->settings->head_ms);
    return c;
}

static void release_body(struct conn *c)
{
    *c->owner->body_memory -= c->body_cap;
    free(c->body);
    c->body = NULL;
    c->body_len = c->body_cap = 0;
}

void conn_end(struct conn *c)
{
    if (c->pumping) {
        c->wire.failed = true; // conn_pump sees it
        return;
    }
    c->pumping = true; // an answer given from within on_lost must not start anything
    if (c->phase == CONN_HANDLED)
        c->owner->on_lost(c->owner->ctx, c);
    release_body(c);
    if (c->ssl && c->phase != CONN_LINGER && SSL_is_init_finished(c->ssl) && !c->wire.failed) {
        SSL_shutdown(c->ssl); // so that the peer can tell an end from a cut
        (void)wire_flush(&c->wire, c->fd);
    }
    c->owner->on_end(c->owner->ctx, c);
    free_conn(c);
}

bool conn_is_idle(const struct conn *c)
{
    return c->phase == CONN_IDLE || c->phase == CONN_HANDSHAKE || c->phase == CONN_LINGER;
}

static const char *phase_text(enum conn_phase p)
{
    switch (p) {
    case CONN_HANDSHAKE:
        return "handshake not done in time";
    case CONN_HEAD:
        return "request head not there in time";
    case CONN_BODY:
        return "request body not there in time";
    case CONN_WRITING:
        return "answer not taken in time";
    case CONN_IDLE:
    case CONN_HANDLED:
    case CONN_LINGER:
        return NULL;
    }
    return NULL;
}

static void on_deadline(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd, (void)what;
    struct conn *c = ctx;
    const char *why = phase_text(c->phase);
    if (c->phase == CONN_HANDLED)
        return; // the receiver's time, not the peer's
    if (why)
        c->owner->on_denied(c->owner->ctx, c, why);
    conn_end(c);
}

// ---- bytes

static bool buffered(const struct conn *c)
{
    return c->ssl && SSL_has_pending(c->ssl);
}

static enum io read_plain(struct conn *c, uint8_t *to, size_t cap, size_t *ret_len)
{
    ssize_t n;
    do
        n = recv(c->fd, to, cap, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        c->readable = false;
        return IO_WAIT;
    }
    if (n <= 0)
        return IO_END;
    *ret_len = (size_t)n;
    return IO_OK;
}

static enum io read_bytes(struct conn *c, uint8_t *to, size_t cap, size_t *ret_len)
{
    if (!c->readable && !buffered(c))
        return IO_WAIT;
    if (!c->ssl)
        return read_plain(c, to, cap, ret_len);
    ERR_clear_error();
    if (SSL_read_ex(c->ssl, to, cap, ret_len) == 1)
        return IO_OK;
    // Writing never blocks (wire.h), so that reading can only wait for more bytes.
    if (SSL_get_error(c->ssl, 0) != SSL_ERROR_WANT_READ)
        return IO_END;
    c->readable = false;
    return IO_WAIT;
}

static enum io flush(struct conn *c)
{
    switch (wire_flush(&c->wire, c->fd)) {
    case WIRE_SENT:
        return IO_OK;
    case WIRE_BLOCKED:
        return IO_WAIT;
    case WIRE_BROKEN:
        return IO_END;
    }
    return IO_END;
}

// Hand plain bytes to the wire, one TLS record at most. Returns how many, 0 on failure.
static size_t put_bytes(struct conn *c, const uint8_t *bytes, size_t len)
{
    size_t done = 0;
    if (!c->ssl) {
        done = len < GATHER ? len : GATHER;
        wire_put(&c->wire, bytes, done);
        return c->wire.failed ? 0 : done;
    }
    ERR_clear_error();
    return SSL_write_ex(c->ssl, bytes, len, &done) == 1 ? done : 0;
}

// ---- closing

static void linger(struct conn *c)
{
    c->phase = CONN_LINGER;
    set_deadline(c, c->owner->settings->linger_ms);
    if (c->ssl && SSL_is_init_finished(c->ssl))
        SSL_shutdown(c->ssl);
    ERR_clear_error();
}

// Wait for the peer to hang up, so that a reset by unread bytes does not swallow our last words.
static enum step step_linger(struct conn *c)
{
    uint8_t waste[4096];
    size_t n;
    enum io r = flush(c);
    if (r == IO_END)
        return STEP_END;
    if (r == IO_WAIT)
        return STEP_WAIT;
    shutdown(c->fd, SHUT_WR);
    // A peer may send faster than this throws away: the loop comes back for the rest, until the deadline.
    for (size_t turn = 0; c->readable && turn < TURN; turn += n) {
        r = read_plain(c, waste, sizeof waste, &n); // below TLS: nothing of it is looked at
        if (r == IO_END)
            return STEP_END;
        if (r == IO_WAIT)
            break;
    }
    return STEP_WAIT;
}

// Say no in HTTP, then close.
static enum step refuse(struct conn *c, int status)
{
    struct reply rp;
    struct buf out;
    struct egress body;
    reply_init(&rp);
    reply_problem(&rp, status, "bad-request", http_reason(status), "", NULL);
    bool ok = http_wire_answer(&out, &body, &rp, &(struct http_wire){.close = true, .now = clock_now()}) == ST_OK;
    reply_fini(&rp);
    if (!ok || body.left) { // a problem document is small
        buf_fini(&out);
        return STEP_END;
    }
    free(c->request);
    c->request = NULL;
    c->in_used = c->in_len; // whatever follows is not looked at
    release_body(c);
    c->phase = CONN_HANDLED;
    conn_answer(c, &out, NULL, &body, true);
    return STEP_AGAIN;
}

// ---- steps

static enum step step_handshake(struct conn *c)
{
    char reason[160];
    ERR_clear_error();
    int r = SSL_accept(c->ssl);
    int error = SSL_get_error(c->ssl, r);
    if (r != 1 && error == SSL_ERROR_WANT_READ) {
        c->readable = false;
        return flush(c) == IO_END ? STEP_END : STEP_WAIT;
    }
    if (r != 1) {
        const char *why = tls_why(c->ssl);
        ERR_error_string_n(ERR_peek_error(), reason, sizeof reason);
        if (!*why)
            why = ERR_peek_error() ? reason : "hung up during the handshake";
        c->owner->on_denied(c->owner->ctx, c, why);
        if (error != SSL_ERROR_SSL)
            return STEP_END;
        linger(c); // the alert is on the wire
        return STEP_AGAIN;
    }
    const struct principal *who = tls_principal(c->ssl);
    BUG_IF(!who);
    c->who = *who;
    c->phase = CONN_IDLE;
    set_deadline(c, c->owner->settings->idle_ms);
    if (!c->owner->on_open(c->owner->ctx, c))
        linger(c);
    return STEP_AGAIN;
}

static bool grow_in(struct conn *c)
{
    if (c->in_cap - c->in_len >= IN_SPARE)
        return true;
    size_t cap = c->in_cap ? 2 * c->in_cap : IN_FIRST;
    if (cap > IN_MAX)
        cap = IN_MAX;
    if (cap == c->in_cap)
        return true; // a head that long is refused before it is full
    uint8_t *in = realloc(c->in, cap);
    if (!in)
        return false;
    c->in = in;
    c->in_cap = cap;
    return true;
}

static uint64_t body_max(const struct conn *c, enum http_method m)
{
    switch (m) {
    case HTTP_POST:
    case HTTP_PUT:
        return c->owner->settings->body_bytes_max;
    case HTTP_DELETE:
        return c->owner->settings->delete_bytes_max;
    case HTTP_GET:
    case HTTP_HEAD:
        return 0;
    }
    return 0;
}

static enum step hand_over(struct conn *c, struct span body)
{
    struct request *rq = c->request;
    rq->who = c->who;
    rq->body = body;
    rq->body_at = c->body_at;
    c->body_at += body.len;
    rq->received_at = clock_now();
    c->phase = CONN_HANDLED;
    evtimer_del(c->on_time);
    if (!c->owner->on_request(c->owner->ctx, c)) {
        c->phase = CONN_WRITING; // nobody was given the request, so nobody is told of its end
        return STEP_END;
    }
    return STEP_AGAIN;
}

static bool say_go_on(struct conn *c)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (!c->request->head.expect_continue || c->in_used < c->in_len)
        return true; // the body is coming already
    return put_bytes(c, (const uint8_t *)go_on, sizeof go_on - 1) > 0;
}

static enum step begin_body(struct conn *c, size_t head_len)
{
    const struct http_head *h = &c->request->head;
    c->body_at = 0;
    c->request->streamed = c->owner->streams(c->owner->ctx, c);
    if (c->request->streamed) {
        c->in_used = c->head_len = head_len;
        return hand_over(c, span_of(NULL, 0));
    }
    if (h->content_length > body_max(c, h->method))
        return refuse(c, 413);
    size_t there = c->in_len - head_len;
    if (there >= h->content_length) {
        size_t len = (size_t)h->content_length;
        c->in_used = head_len + len;
        c->readable = false; // the loop tells if there is more
        return hand_over(c, span_of(c->in + head_len, len));
    }
    c->phase = CONN_BODY;
    c->in_used = c->head_len = head_len;
    set_deadline(c, transfer_ms(c, h->content_length));
    if (!say_go_on(c))
        return STEP_END;
    return flush(c) == IO_END ? STEP_END : STEP_AGAIN;
}

static enum step parse_head(struct conn *c)
{
    size_t used;
    int status;
    struct request *rq = c->request ? c->request : malloc(sizeof *rq);
    if (!rq)
        return STEP_END;
    c->request = rq;
    switch (http_parse_head(span_of(c->in, c->in_len), &rq->head, &used, &status)) {
    case HTTP_INCOMPLETE:
        return STEP_WAIT;
    case HTTP_REFUSED:
        return refuse(c, status);
    case HTTP_COMPLETE:
        return begin_body(c, used);
    }
    return STEP_END;
}

// Idle or inside a head.
static enum step step_head(struct conn *c)
{
    if (c->in_len > 0) {
        enum step s = parse_head(c);
        if (s != STEP_WAIT)
            return s;
        if (c->phase == CONN_IDLE) {
            c->phase = CONN_HEAD;
            set_deadline(c, c->owner->settings->head_ms);
        }
    }
    size_t n = 0;
    if (!c->readable && !buffered(c))
        return STEP_WAIT;
    if (!grow_in(c))
        return STEP_END;
    enum io r = read_bytes(c, c->in + c->in_len, c->in_cap - c->in_len, &n);
    if (r != IO_OK)
        return r == IO_WAIT ? STEP_WAIT : STEP_END;
    c->in_len += n;
    return STEP_AGAIN;
}

// Memory follows the bytes that came, not those that were announced.
static bool grow_body(struct conn *c, size_t total)
{
    if (c->body_len < c->body_cap)
        return true;
    size_t cap = c->body_cap ? 2 * c->body_cap : BODY_FIRST;
    if (cap > total)
        cap = total;
    size_t *all = c->owner->body_memory;
    if (*all - c->body_cap + cap > c->owner->settings->body_memory_max ||
        !c->owner->may_grow(c->owner->ctx, c, cap - c->body_cap))
        return false;
    uint8_t *body = realloc(c->body, cap);
    if (!body)
        return false;
    *all += cap - c->body_cap;
    c->body = body;
    c->body_cap = cap;
    return true;
}

// The bytes that are read before the next handing over.
static size_t body_goal(const struct conn *c)
{
    uint64_t left = c->request->head.content_length - c->body_at;
    size_t piece = c->owner->settings->piece_bytes;
    return c->request->streamed && left > piece ? piece : (size_t)left;
}

bool conn_has_more(const struct conn *c)
{
    return c->request && c->request->streamed && c->body_at < c->request->head.content_length;
}

void conn_go_on(struct conn *c)
{
    BUG_IF(c->phase != CONN_HANDLED || !conn_has_more(c));
    c->phase = CONN_BODY;
    c->body_len = 0;
    set_deadline(c, transfer_ms(c, body_goal(c)));
    if (c->body_at == 0 && !say_go_on(c))
        c->wire.failed = true; // conn_pump ends it
    conn_pump(c);
}

static enum step step_body(struct conn *c)
{
    size_t total = body_goal(c), n = 0;
    for (size_t turn = 0; c->body_len < total && turn < TURN; turn += n) {
        if (!grow_body(c, total))
            return refuse(c, 503);
        size_t room = c->body_cap - c->body_len;
        if (c->in_used < c->in_len) { // what came along with the head
            n = c->in_len - c->in_used;
            n = n < room ? n : room;
            memcpy(c->body + c->body_len, c->in + c->in_used, n);
            c->in_used += n;
        } else {
            enum io r = read_bytes(c, c->body + c->body_len, room, &n);
            if (r != IO_OK)
                return r == IO_WAIT ? STEP_WAIT : STEP_END;
        }
        c->body_len += n;
    }
    if (c->body_len == total) {
        if (c->in_used == c->in_len)
            c->in_len = c->in_used = c->head_len; // its start in `in` is copied: room to hear a hang-up
        return hand_over(c, span_of(c->body, total));
    }
    c->yielded = true;
    return STEP_WAIT;
}

// The request is out. Look only whether the peer is still there; what it sends ahead waits in `in`.
static enum step step_handled(struct conn *c)
{
    size_t n = 0, room = c->in_cap - c->in_len;
    if (room == 0)
        return STEP_WAIT;
    enum io r = read_bytes(c, c->in + c->in_len, room, &n);
    if (r != IO_OK)
        return r == IO_WAIT ? STEP_WAIT : STEP_END;
    c->in_len += n;
    return STEP_AGAIN;
}

static void next_request(struct conn *c)
{
    size_t rest = c->in_len - c->in_used;
    if (rest) {
        memmove(c->in, c->in + c->in_used, rest);
    } else {
        free(c->in);
        c->in = NULL;
        c->in_cap = 0;
    }
    c->in_len = rest;
    c->in_used = 0;
    c->phase = CONN_IDLE;
    set_deadline(c, c->owner->settings->idle_ms);
}

static size_t left_to_write(const struct conn *c)
{
    return c->out.len - c->out_at + c->egress.left;
}

// One record's worth of the answer to the wire. Returns how many bytes, 0 on failure.
static size_t put_next(struct conn *c)
{
    size_t n = c->out.len - c->out_at;
    if (c->egress.left == 0) {
        n = put_bytes(c, c->out.ptr + c->out_at, n);
        c->out_at += n;
        return n;
    }
    // Gathered into whole records: one SSL_write for each small range would cost half the throughput.
    uint8_t *record = c->owner->record;
    n = n < CONN_RECORD ? n : CONN_RECORD;
    memcpy(record, c->out.ptr + c->out_at, n);
    c->out_at += n;
    // The receiver's instant goes on by this clock: a step of the wall clock must not bring back an expired permit, nor may one
    // outlive a sleep of the machine.
    n += egress_take(&c->egress, record + n, CONN_RECORD - n, c->egress_from + clock_boot_ms() - c->egress_start);
    if (c->egress.denied) {
        c->owner->on_denied(c->owner->ctx, c, "egress: broken off, " EGRESS_DENIED);
        return 0;
    }
    return put_bytes(c, record, n) == n ? n : 0;
}

static enum step step_writing(struct conn *c)
{
    size_t turn = 0;
    while (left_to_write(c) || wire_waiting(&c->wire)) {
        if (left_to_write(c) == 0 || wire_waiting(&c->wire) >= GATHER) {
            enum io r = flush(c);
            if (r != IO_OK)
                return r == IO_WAIT ? STEP_WAIT : STEP_END;
            continue;
        }
        if (turn >= TURN) {
            c->yielded = true;
            return STEP_WAIT;
        }
        size_t n = put_next(c);
        if (n == 0)
            return STEP_END;
        turn += n;
    }
    buf_fini(&c->out);
    c->out_at = 0;
    release_reply(c);
    wire_trim(&c->wire);
    if (c->close_after)
        linger(c);
    else
        next_request(c);
    return STEP_AGAIN;
}

static enum step take_step(struct conn *c)
{
    switch (c->phase) {
    case CONN_HANDSHAKE:
        return step_handshake(c);
    case CONN_IDLE:
    case CONN_HEAD:
        return step_head(c);
    case CONN_BODY:
        return step_body(c);
    case CONN_HANDLED:
        return step_handled(c);
    case CONN_WRITING:
        return step_writing(c);
    case CONN_LINGER:
        return step_linger(c);
    }
    return STEP_END;
}

// ---- the loop

static bool wants_read(const struct conn *c)
{
    switch (c->phase) {
    case CONN_HANDSHAKE:
    case CONN_IDLE:
    case CONN_HEAD:
    case CONN_BODY:
    case CONN_LINGER:
        return true;
    case CONN_HANDLED:
        return c->in_len < c->in_cap;
    case CONN_WRITING:
        return false;
    }
    return false;
}

// Have the loop wake us for what we wait for. False when it cannot.
static bool arrange(struct conn *c)
{
    bool rd = wants_read(c), wr = wire_waiting(&c->wire) > 0;
    if (rd != c->reading && (rd ? event_add(c->on_read, NULL) : event_del(c->on_read)) != 0)
        return false;
    c->reading = rd;
    if (wr && event_add(c->on_write, NULL) != 0)
        return false;
    if (c->yielded)
        event_active(c->on_write, EV_WRITE, 0);
    c->yielded = false;
    return !c->wire.failed;
}

void conn_pump(struct conn *c)
{
    if (c->pumping)
        return;
    c->pumping = true;
    enum step s = wire_waiting(&c->wire) && flush(c) == IO_END ? STEP_END : STEP_AGAIN;
    while (s == STEP_AGAIN)
        s = c->wire.failed ? STEP_END : take_step(c);
    c->pumping = false;
    if (s == STEP_END || !arrange(c))
        conn_end(c);
}

void conn_answer(struct conn *c, struct buf *out, struct reply *rp, const struct egress *egress, bool close)
{
    BUG_IF(c->phase != CONN_HANDLED);
    free(c->request);
    c->request = NULL;
    release_body(c);
    c->out = *out;
    *out = (struct buf){0};
    c->out_at = 0;
    if (egress->left) {
        c->reply = malloc(sizeof *c->reply);
        if (c->reply) {
            *c->reply = *rp;
            *rp = (struct reply){0};
            c->egress = *egress;
            c->egress.rp = c->reply;
            c->reply_bytes = egress_memory(c->reply);
            *c->owner->answer_memory += c->reply_bytes;
            c->egress_from = egress->checked;
            c->egress_start = clock_boot_ms();
        } else {
            c->wire.failed = true; // conn_pump ends it
        }
    }
    c->close_after = close;
    c->phase = CONN_WRITING;
    set_deadline(c, transfer_ms(c, left_to_write(c)));
    conn_pump(c);
}
