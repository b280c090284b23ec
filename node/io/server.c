#include "node/io/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "formats/base/bug.h"
#include "formats/base/limits.h"
#include "node/io/clock.h"
#include "node/io/http_wire.h"
#include "node/io/server_settings.h"
#include "node/io/tls_domains.h"
#include "store/attachments.h"

enum {
    BACKLOG = 1024,
    SLOTS_MAX = 0x10000, // slots are 16 bits of a request id
    PLAIN_MAX = 16,     // connections of the plain listener: monitoring needs few
    ADDRESS_TEXT = 64,
    ACCEPT_PAUSE_MS = 500, // after the system ran out of descriptors
    LOOK_MAX = 64,         // connections read in one server_look
    SWEEP_MS = 1000,       // how soon an expired certificate's connection is noticed without traffic
};

struct server {
    struct event_base *base;
    struct server_handler handler;
    struct tls_domains *domains; // a reference
    SSL_CTX *ctx;
    struct evconnlistener *tls, *plain;
    struct event *sweep, *resume;
    struct conn **slots;         // NULL = free
    size_t slot_count, open, plain_open;
    uint32_t max, per_address_max;
    uint64_t next_request;       // high bits of request ids
    uint64_t next_serial;        // of connections
    bool stopping;
    int watch;                   // tells of input and room beside the loop (server_look); -1 = cannot
    size_t body_memory, answer_memory;
    uint8_t record[CONN_RECORD];
    struct conn_settings settings;
    struct conn_owner owner;
    char address[ADDRESS_TEXT], plain_address[ADDRESS_TEXT];
};

static const struct conn_settings standard_settings = {
    .handshake_ms = 10000,
    .head_ms = 10000,
    .idle_ms = 120000,
    .linger_ms = 2000,
    .transfer_ms = 20000,
    .bytes_per_s = 8192, // a quarter of a 256 kbit/s satellite link
    .body_bytes_max = FEED_DOCUMENT_BYTES_MAX,
    .piece_bytes = ATTACHMENT_PIECE,
    .delete_bytes_max = 64 * 1024,
    .body_memory_max = 256 * MIB,
    .body_share_max = 64 * MIB,
    .answers_max = 256 * MIB,
};

struct conn_settings *server_settings(struct server *s)
{
    return &s->settings;
}

// ---- addresses

static void address_text(const struct sockaddr *sa, char out[ADDRESS_TEXT])
{
    char host[INET6_ADDRSTRLEN] = "?";
    if (sa->sa_family == AF_INET) {
        const struct sockaddr_in *four = (const void *)sa;
        inet_ntop(AF_INET, &four->sin_addr, host, sizeof host);
        snprintf(out, ADDRESS_TEXT, "%s:%u", host, ntohs(four->sin_port));
    } else {
        const struct sockaddr_in6 *six = (const void *)sa;
        inet_ntop(AF_INET6, &six->sin6_addr, host, sizeof host);
        snprintf(out, ADDRESS_TEXT, "[%s]:%u", host, ntohs(six->sin6_port));
    }
}

// host:port with a numeric host, [..] around IPv6. Port 0 is any free one (evutil's parser refuses it).
static bool parse_address(const char *text, struct sockaddr_storage *ret, int *ret_len)
{
    char host[ADDRESS_TEXT];
    const char *colon = strrchr(text, ':');
    char *end;
    unsigned long port = colon ? strtoul(colon + 1, &end, 10) : 0;
    if (!colon || end == colon + 1 || *end || port > 65535 || (size_t)(colon - text) >= sizeof host)
        return false;
    snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
    memset(ret, 0, sizeof *ret);
    size_t n = strlen(host);
    if (n > 2 && host[0] == '[' && host[n - 1] == ']') {
        struct sockaddr_in6 *six = (void *)ret;
        host[n - 1] = 0;
        six->sin6_family = AF_INET6;
        six->sin6_port = htons((uint16_t)port);
        *ret_len = sizeof *six;
        return inet_pton(AF_INET6, host + 1, &six->sin6_addr) == 1;
    }
    struct sockaddr_in *four = (void *)ret;
    four->sin_family = AF_INET;
    four->sin_port = htons((uint16_t)port);
    *ret_len = sizeof *four;
    return inet_pton(AF_INET, host, &four->sin_addr) == 1;
}

// What one customer of a network can have: an IPv4 address, or a /64.
static void address_key(const struct sockaddr *sa, uint8_t key[16])
{
    memset(key, 0, 16);
    if (sa->sa_family == AF_INET) {
        key[10] = key[11] = 0xff;
        memcpy(key + 12, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, 4);
    } else if (sa->sa_family == AF_INET6) {
        const struct in6_addr *a = &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;
        memcpy(key, a, IN6_IS_ADDR_V4MAPPED(a) ? 16 : 8);
    }
}

// ---- connections

static uint64_t request_id(const struct server *s, size_t slot)
{
    return s->next_request << 16 | slot;
}

static struct conn *find_request(struct server *s, uint64_t id)
{
    size_t slot = (size_t)(id & 0xffff);
    struct conn *c = slot < s->slot_count ? s->slots[slot] : NULL;
    return c && c->phase == CONN_HANDLED && c->request_id == id ? c : NULL;
}

static size_t free_slot(const struct server *s)
{
    for (size_t i = 0; i < s->slot_count; i++)
        if (!s->slots[i])
            return i;
    return SIZE_MAX;
}

static size_t count_address(const struct server *s, const uint8_t key[16])
{
    size_t n = 0;
    for (size_t i = 0; i < s->slot_count; i++)
        if (s->slots[i] && s->slots[i]->ssl && !memcmp(s->slots[i]->address, key, 16))
            n++;
    return n;
}

// What one principal has, all its connections together.
struct share {
    size_t connections;
    size_t bodies, answers; // bytes of memory
};

static struct share share_of(const struct server *s, const struct principal *who)
{
    struct share h = {0};
    for (size_t i = 0; i < s->slot_count; i++) {
        const struct conn *c = s->slots[i];
        if (!c || !c->ssl || c->who.role != who->role || strcmp(c->who.id, who->id))
            continue;
        h.connections++;
        h.bodies += c->body_cap;
        h.answers += c->reply_bytes;
    }
    return h;
}

// The youngest handshakes may still come to something: the oldest makes room. Whoever floods us with connections
// that never say who they are drives out his own. NULL when none is open; *ret_count = how many are.
static struct conn *oldest_handshake(const struct server *s, size_t *ret_count)
{
    struct conn *oldest = NULL;
    *ret_count = 0;
    for (size_t i = 0; i < s->slot_count; i++) {
        struct conn *c = s->slots[i];
        if (!c || c->phase != CONN_HANDSHAKE)
            continue;
        ++*ret_count;
        if (!oldest || c->serial < oldest->serial)
            oldest = c;
    }
    return oldest;
}

static void denied(void *ctx, struct conn *c, const char *why)
{
    struct server *s = ctx;
    s->handler.on_denied(s->handler.ctx, c->address_text, why);
}

// Is this peer still who it was, at this instant? Nothing is sent on an unverified connection.
static bool still_verified(struct server *s, struct conn *c, utc_ms now)
{
    if (!c->ssl || c->phase == CONN_HANDSHAKE || now < tls_valid_until(c->ssl))
        return true;
    if (tls_reverify(c->ssl, s->domains, TLS_PEER_IS_CLIENT, now) == ST_OK)
        return true;
    denied(s, c, tls_why(c->ssl));
    return false;
}

static bool opened(void *ctx, struct conn *c)
{
    struct server *s = ctx;
    if (s->stopping)
        return false;
    if (share_of(s, &c->who).connections <= s->per_address_max)
        return true;
    denied(s, c, "too many connections of this principal");
    return false;
}

static bool may_grow(void *ctx, const struct conn *c, size_t by)
{
    struct server *s = ctx;
    return s->body_memory + by <= s->settings.body_share_max || // of all together
           share_of(s, &c->who).bodies + by <= s->settings.body_share_max;
}

static void answer_plain(struct server *s, struct conn *c)
{
    struct reply rp;
    reply_init(&rp);
    enum http_method m = c->request->head.method;
    if (m == HTTP_GET || m == HTTP_HEAD)
        s->handler.on_plain(s->handler.ctx, &c->request->head, &rp);
    else
        reply_problem(&rp, 405, "method", "Only GET and HEAD are served here", "", NULL);
    server_reply(s, c->request_id, &rp, NULL, c->request->received_at);
}

static bool streams(void *ctx, const struct conn *c)
{
    struct server *s = ctx;
    return c->ssl && s->handler.streams && s->handler.streams(s->handler.ctx, &c->who, &c->request->head);
}

static bool requested(void *ctx, struct conn *c)
{
    struct server *s = ctx;
    if (!still_verified(s, c, c->request->received_at))
        return false;
    s->next_request++;
    c->request_id = request_id(s, c->slot);
    if (c->ssl)
        s->handler.on_request(s->handler.ctx, s, c->request_id, c->request);
    else
        answer_plain(s, c);
    return true;
}

static void lost(void *ctx, struct conn *c)
{
    struct server *s = ctx;
    if (c->ssl)
        s->handler.on_gone(s->handler.ctx, c->request_id);
}

static void ended(void *ctx, struct conn *c)
{
    struct server *s = ctx;
    s->slots[c->slot] = NULL;
    s->open--;
    if (!c->ssl)
        s->plain_open--;
}

// ---- accepting

static void set_socket_options(int fd)
{
    static const int on = 1, idle_s = 60, interval_s = 20, count = 3;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // A peer that vanished without a word, under a held poll.
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof interval_s);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
}

// NULL when it may come in.
static const char *limit_hit(struct server *s, bool tls, const uint8_t key[16])
{
    size_t handshakes;
    if (!tls)
        return s->plain_open >= PLAIN_MAX ? "too many connections of the plain listener" : NULL;
    if (count_address(s, key) >= s->per_address_max)
        return "too many connections of this address";
    bool full = s->open - s->plain_open >= s->max;
    struct conn *oldest = oldest_handshake(s, &handshakes);
    if (full && !oldest)
        return "too many connections";
    if (full || (oldest && handshakes >= (s->max + 1) / 2)) {
        denied(s, oldest, "handshake not done when others needed the room");
        conn_end(oldest);
    }
    return NULL;
}

// What server_look knows a connection by, after it may have gone; LISTENER is none.
#define LISTENER UINT64_MAX

static uint64_t watch_name(const struct conn *c)
{
    return c->serial << 16 | c->slot;
}

// Without it, who asks waits until the loop goes on. A connection tells once of new bytes, and of room for an answer; a listener until
// it was accepted.
static void watch(struct server *s, int fd, uint64_t name, int op)
{
    struct epoll_event e = {.events = EPOLLIN | (name == LISTENER ? 0u : EPOLLOUT | (unsigned)EPOLLET), .data.u64 = name};
    if (s->watch >= 0)
        (void)epoll_ctl(s->watch, op, fd, &e);
}

static struct conn *watched(const struct server *s, uint64_t name)
{
    struct conn *c = s->slots[name & 0xffff];
    return c && watch_name(c) == name ? c : NULL;
}

// A request that is out is the receiver's: its connection must not end while that works on it. An answer that is on its way goes on.
static void go_on_now(struct server *s, uint64_t name, uint32_t events)
{
    struct conn *c = watched(s, name);
    if (c && c->phase < CONN_HANDLED) {
        conn_read(c);
    } else if (c && c->phase == CONN_WRITING && events & EPOLLOUT) {
        conn_pump(c);
        c = watched(s, name);
        if (c && c->phase == CONN_WRITING) // it had its turn: once more if there is room still
            watch(s, c->fd, name, EPOLL_CTL_MOD);
    }
}

bool server_look(struct server *s)
{
    struct epoll_event e[LOOK_MAX];
    bool new = false;
    int n = s->watch >= 0 ? epoll_wait(s->watch, e, LOOK_MAX, 0) : 0;
    for (int i = 0; i < n; i++) {
        new |= e[i].data.u64 == LISTENER;
        if (e[i].data.u64 != LISTENER)
            go_on_now(s, e[i].data.u64, e[i].events);
    }
    return new;
}

static void take_in(struct server *s, int fd, const struct sockaddr *sa, bool tls)
{
    char text[ADDRESS_TEXT];
    uint8_t key[16];
    address_text(sa, text);
    address_key(sa, key);
    const char *why = limit_hit(s, tls, key);
    size_t slot = free_slot(s);
    SSL *ssl = tls && !why ? SSL_new(s->ctx) : NULL;
    if (!why && (slot == SIZE_MAX || (tls && !ssl)))
        why = "out of memory";
    if (why) {
        s->handler.on_denied(s->handler.ctx, text, why);
        SSL_free(ssl);
        evutil_closesocket(fd);
        return;
    }
    set_socket_options(fd);
    if (ssl)
        SSL_set_accept_state(ssl);
    struct conn *c = conn_new(s->base, fd, ssl, &s->owner);
    if (!c)
        return;
    c->slot = slot;
    c->serial = s->next_serial++;
    memcpy(c->address, key, sizeof key);
    snprintf(c->address_text, sizeof c->address_text, "%s", text);
    s->slots[slot] = c;
    s->open++;
    if (!tls)
        s->plain_open++;
    watch(s, fd, watch_name(c), EPOLL_CTL_ADD);
    conn_pump(c);
}

static void on_tls(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa, int len, void *ctx)
{
    (void)l, (void)len;
    take_in(ctx, fd, sa, true);
}

static void on_plain(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa, int len, void *ctx)
{
    (void)l, (void)len;
    take_in(ctx, fd, sa, false);
}

static void pause_ms(struct event *timer, unsigned ms)
{
    struct timeval tv = {.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000) * 1000};
    (void)event_add(timer, &tv);
}

// Out of descriptors or memory: accepting would fail again at once, for ever. Pause both listeners.
static void on_accept_error(struct evconnlistener *l, void *ctx)
{
    (void)l;
    struct server *s = ctx;
    s->handler.on_denied(s->handler.ctx, "", evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
    if (s->tls)
        evconnlistener_disable(s->tls);
    if (s->plain)
        evconnlistener_disable(s->plain);
    pause_ms(s->resume, ACCEPT_PAUSE_MS);
}

static void on_resume(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd, (void)what;
    struct server *s = ctx;
    if (s->tls)
        evconnlistener_enable(s->tls);
    if (s->plain)
        evconnlistener_enable(s->plain);
}

// Certificates and CRLs end while connections are open.
static void on_sweep(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd, (void)what;
    struct server *s = ctx;
    utc_ms now = clock_now();
    for (size_t i = 0; i < s->slot_count; i++)
        if (s->slots[i] && !still_verified(s, s->slots[i], now))
            conn_end(s->slots[i]);
    pause_ms(s->sweep, SWEEP_MS);
}

// ---- life

static enum status listen_fault(struct diag *d, const char *address, const char *why)
{
    diag_add(d, 0, 0, "listen", address, "cannot listen here: %s", why);
    return ST_IO;
}

static enum status open_listener(struct server *s, const char *address, evconnlistener_cb cb, struct diag *d,
                                 struct evconnlistener **ret, char text[ADDRESS_TEXT])
{
    struct sockaddr_storage ss;
    int len;
    if (!parse_address(address, &ss, &len))
        return listen_fault(d, address, "expected a numeric address and a port");
    struct evconnlistener *l =
        evconnlistener_new_bind(s->base, cb, s, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE, BACKLOG,
                                (struct sockaddr *)&ss, len);
    if (!l)
        return listen_fault(d, address, strerror(errno));
    evconnlistener_set_error_cb(l, on_accept_error);
    socklen_t got = sizeof ss;
    if (getsockname(evconnlistener_get_fd(l), (struct sockaddr *)&ss, &got) != 0) {
        evconnlistener_free(l);
        return listen_fault(d, address, strerror(errno));
    }
    address_text((struct sockaddr *)&ss, text);
    watch(s, evconnlistener_get_fd(l), LISTENER, EPOLL_CTL_ADD);
    *ret = l;
    return ST_OK;
}

static enum status set_limits(struct server *s, const struct config *c)
{
    size_t need = (size_t)c->connections_max + PLAIN_MAX;
    if (need > SLOTS_MAX)
        need = SLOTS_MAX;
    if (need > s->slot_count) {
        struct conn **slots = realloc(s->slots, need * sizeof(struct conn *));
        if (!slots)
            return ST_NOMEM;
        memset(slots + s->slot_count, 0, (need - s->slot_count) * sizeof(struct conn *));
        s->slots = slots;
        s->slot_count = need;
    }
    s->max = c->connections_max;
    s->per_address_max = c->connections_per_address_max;
    return ST_OK;
}

static enum status start(struct server *s, const struct config *c, struct diag *d)
{
    s->watch = epoll_create1(EPOLL_CLOEXEC);
    s->sweep = evtimer_new(s->base, on_sweep, s);
    s->resume = evtimer_new(s->base, on_resume, s);
    if (!s->sweep || !s->resume)
        return ST_NOMEM;
    TRY(set_limits(s, c));
    TRY(tls_server_ctx(c, s->domains, d, &s->ctx));
    SSL_CTX_set_read_ahead(s->ctx, 1); // one recv for a small request instead of two
    TRY(open_listener(s, c->listen, on_tls, d, &s->tls, s->address));
    if (*c->metrics)
        TRY(open_listener(s, c->metrics, on_plain, d, &s->plain, s->plain_address));
    pause_ms(s->sweep, SWEEP_MS);
    return ST_OK;
}

enum status server_new(struct event_base *base, const struct config *c, struct tls_domains *domains,
                       const struct server_handler *h, struct diag *d, struct server **ret)
{
    struct server *s = calloc(1, sizeof *s);
    if (!s)
        return ST_NOMEM;
    s->base = base;
    s->watch = -1;
    s->handler = *h;
    s->domains = tls_domains_ref(domains);
    s->settings = standard_settings;
    s->owner = (struct conn_owner){.ctx = s,
                                   .settings = &s->settings,
                                   .body_memory = &s->body_memory,
                                   .answer_memory = &s->answer_memory,
                                   .record = s->record,
                                   .on_open = opened,
                                   .streams = streams,
                                   .on_request = requested,
                                   .may_grow = may_grow,
                                   .on_lost = lost,
                                   .on_denied = denied,
                                   .on_end = ended};
    enum status st = start(s, c, d);
    if (st == ST_OK)
        *ret = s;
    else
        server_free(&s);
    return st;
}

static void close_listeners(struct server *s)
{
    if (s->tls)
        evconnlistener_free(s->tls);
    if (s->plain)
        evconnlistener_free(s->plain);
    s->tls = s->plain = NULL;
}

void server_free(struct server **ps)
{
    struct server *s = *ps;
    if (!s)
        return;
    close_listeners(s);
    for (size_t i = 0; i < s->slot_count; i++)
        if (s->slots[i])
            conn_end(s->slots[i]);
    if (s->sweep)
        event_free(s->sweep);
    if (s->resume)
        event_free(s->resume);
    if (s->watch >= 0)
        close(s->watch);
    SSL_CTX_free(s->ctx);
    tls_domains_free(&s->domains);
    free(s->slots);
    free(s);
    *ps = NULL;
}

const char *server_address(const struct server *s)
{
    return s->address;
}

const char *server_metrics_address(const struct server *s)
{
    return s->plain_address;
}

size_t server_connections(const struct server *s)
{
    return s->open;
}

// ---- answering

static enum status format(struct server *s, const struct conn *c, struct reply *rp, const struct digest *policy,
                          utc_ms now, struct buf *out, struct egress *body)
{
    const struct http_head *h = &c->request->head;
    struct http_wire w = {.head_only = h->method == HTTP_HEAD,
                          .close = rp->close || h->close || s->stopping,
                          .now = now,
                          .to = &c->who,
                          .policy = policy};
    return http_wire_answer(out, body, rp, &w);
}

void server_policy(struct server *s, const struct digest *policy)
{
    for (size_t i = 0; i < s->slot_count; i++)
        if (s->slots[i] && s->slots[i]->reply)
            egress_policy(&s->slots[i]->egress, policy);
}

bool server_is_choked(struct server *s, uint64_t id)
{
    if (s->answer_memory < s->settings.answers_max)
        return false; // all together have less
    const struct conn *c = find_request(s, id);
    return c && share_of(s, &c->who).answers >= s->settings.answers_max;
}

// The connection of this request, ended when its peer is not who it was any more; NULL when there is none.
static struct conn *find_verified(struct server *s, uint64_t id, utc_ms now)
{
    struct conn *c = find_request(s, id);
    if (!c || still_verified(s, c, now))
        return c;
    c->phase = CONN_WRITING; // answered: the receiver need not hear of the end
    conn_end(c);
    return NULL;
}

void server_go_on(struct server *s, uint64_t id, utc_ms now)
{
    struct conn *c = find_verified(s, id, now);
    if (c)
        conn_go_on(c);
}

void server_reply(struct server *s, uint64_t id, struct reply *rp, const struct digest *policy, utc_ms now)
{
    struct buf out;
    struct egress body;
    struct conn *c = find_verified(s, id, now);
    BUG_IF(rp->status == 0);
    if (!c) {
        reply_fini(rp);
        return;
    }
    rp->close |= conn_has_more(c); // the rest of the body is not read
    enum status st = format(s, c, rp, policy, now, &out, &body);
    if (st != ST_OK) {
        // The policy moved on between decision and sending, or memory is out: never half an answer.
        denied(s, c, st == ST_DENIED ? "egress: an item is not covered by its permit" : status_text(st));
        buf_fini(&out);
        reply_problem(rp, 503, "try-again", "Not available at this moment", "Ask again.", NULL);
        rp->close = true;
        st = format(s, c, rp, NULL, now, &out, &body);
    }
    bool close = rp->close || c->request->head.close || s->stopping || st != ST_OK;
    if (st != ST_OK)
        body = (struct egress){0};
    conn_answer(c, &out, rp, &body, close);
    reply_fini(rp);
}

// ---- changes

enum status server_reload(struct server *s, const struct config *c, struct tls_domains *domains, struct diag *d)
{
    SSL_CTX *ctx;
    TRY(tls_server_ctx(c, domains, d, &ctx));
    enum status st = set_limits(s, c);
    if (st != ST_OK) {
        SSL_CTX_free(ctx);
        return st;
    }
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_free(s->ctx);
    s->ctx = ctx;
    tls_domains_free(&s->domains);
    s->domains = tls_domains_ref(domains);
    utc_ms now = clock_now();
    for (size_t i = 0; i < s->slot_count; i++) {
        struct conn *conn = s->slots[i];
        if (!conn || !conn->ssl)
            continue;
        // One in the middle of a handshake would be judged by the old domains: it may come again.
        bool stays = conn->phase != CONN_HANDSHAKE &&
                     tls_reverify(conn->ssl, domains, TLS_PEER_IS_CLIENT, now) == ST_OK;
        if (!stays) {
            denied(s, conn, conn->phase == CONN_HANDSHAKE ? "reload during the handshake" : tls_why(conn->ssl));
            conn_end(conn);
        }
    }
    return ST_OK;
}

void server_stop_accepting(struct server *s)
{
    s->stopping = true;
    close_listeners(s);
    for (size_t i = 0; i < s->slot_count; i++)
        if (s->slots[i] && conn_is_idle(s->slots[i]))
            conn_end(s->slots[i]);
}
