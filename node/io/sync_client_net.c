#include "node/io/sync_client_net.h"

#include <curl/curl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "node/core/coding.h"
#include "node/io/clock.h"
#include "node/core/compress.h"

enum {
    CONNECT_TIMEOUT_S = 10,  // as the server's own deadline for a handshake
    STALLED_AFTER_S = 30,    // without a byte, beyond the time that we asked the peer to wait
    KEEPALIVE_S = 5,         // of silence, then probes: a peer that forgot the connection says so
    CONNECTION_LIFE_S = 300, // then a new handshake, which looks at certificates and revocation lists again
};

struct transfers {
    struct event_base *base;
    CURLM *multi;
    struct event *timer;
    char id[65], address[256];
    const struct config *config;
    struct tls_domains *domains;
    bool compression;
    uint32_t bytes_per_s;
    int64_t allowance, refilled_at; // bytes that may come or go now; the monotonic clock then
    struct event *refill;
    struct transfer *all;
};

struct transfer {
    struct transfer *next;
    struct transfers *set;
    CURL *easy;
    struct curl_slist *headers;
    struct buf body;
    bool coded;   // it may be compressed
    bool waiting; // for an allowance
    char why[DIAG_TEXT_MAX], curl_error[CURL_ERROR_SIZE];
    struct transfer_head head; // status 0 = not looked at
    enum transfer_sink (*sink)(void *ctx, const struct transfer_head *h, struct span bytes);
    size_t (*source)(void *ctx, uint8_t *out, size_t cap);
    const char *want_header;
    void (*done)(void *ctx, const struct transfer_answer *a);
    void *ctx;
};

static void transfer_free(struct transfer *x)
{
    struct transfer **list = &x->set->all;
    while (*list && *list != x)
        list = &(*list)->next;
    if (*list)
        *list = x->next;
    if (x->easy) {
        curl_multi_remove_handle(x->set->multi, x->easy);
        curl_easy_cleanup(x->easy);
    }
    curl_slist_free_all(x->headers);
    buf_fini(&x->body);
    free(x);
}

void transfer_cancel(struct transfer **x)
{
    if (*x)
        transfer_free(*x);
    *x = NULL;
}

void transfer_go_on(struct transfer *x)
{
    struct transfers *s = x->set;
    curl_easy_pause(x->easy, CURLPAUSE_CONT);
    event_active(s->timer, EV_TIMEOUT, 0); // libcurl goes on from the event loop, not from inside this call
}

// ---- the rate

enum {
    BURSTS_PER_S = 4,
    SEND_BYTES = 16384, // at once; libcurl's own 64 KiB would be four seconds' worth at the least rate
};

// May bytes be taken now? If not, on_refill says when.
static bool has_allowance(struct transfers *s)
{
    const int64_t burst = s->bytes_per_s / BURSTS_PER_S, now = clock_monotonic_ms();
    int64_t ms = now - s->refilled_at;
    if (s->bytes_per_s == 0)
        return true;
    if (ms > 3000)
        ms = 3000; // what was taken too much is worth a second at most
    s->allowance += ms * s->bytes_per_s / 1000;
    s->allowance = s->allowance < burst ? s->allowance : burst;
    s->refilled_at = now;
    return s->allowance > 0;
}

static void wait_for_allowance(struct transfers *s)
{
    int64_t ms = 1 + -s->allowance * 1000 / s->bytes_per_s;
    const struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    event_add(s->refill, &tv);
}

static void on_refill(evutil_socket_t fd, short what, void *ctx)
{
    struct transfers *s = ctx;
    (void)fd, (void)what;
    for (struct transfer *x = s->all; x; x = x->next) {
        if (!x->waiting)
            continue;
        x->waiting = false;
        transfer_go_on(x);
    }
}

// What the kernel takes in advance comes at the link's rate, not at ours: let it be little.
static int on_socket_made(void *ctx, curl_socket_t fd, curlsocktype purpose)
{
    const struct transfers *s = ctx;
    int bytes = s->bytes_per_s / BURSTS_PER_S < INT_MAX / 2 ? (int)(s->bytes_per_s / BURSTS_PER_S) : INT_MAX / 2;
    (void)purpose;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes); // else it is only less even
    return CURL_SOCKOPT_OK;
}

// ---- content codings. Undone here and not by libcurl, which lets a peer choose how much memory that takes.

// The coding of an answer whose headers are there. ST_UNSUPPORTED for any that we do not ask for, and for several.
static enum status coding_of(struct transfer *x, enum coding *ret)
{
    struct curl_header *h;
    *ret = CODING_NONE;
    CURLHcode found = curl_easy_header(x->easy, "Content-Encoding", 0, CURLH_HEADER, -1, &h);
    if (found == CURLHE_MISSING || found == CURLHE_NOHEADERS)
        return ST_OK;
    return found == CURLHE_OK && h->amount == 1 && x->coded ? coding_parse(span_cstr(h->value), ret) : ST_UNSUPPORTED;
}

// Leave x->body as it was before its coding. False, with a reason, when it cannot be.
static bool decode_body(struct transfer *x)
{
    enum coding c;
    struct buf plain;
    buf_init(&plain, x->body.max);
    enum status st = coding_of(x, &c);
    if (st == ST_OK && c == CODING_NONE)
        return true;
    if (st == ST_OK)
        st = decompress_bytes(c, buf_bytes(&x->body), &plain);
    if (st == ST_LIMIT)
        snprintf(x->why, sizeof x->why, "the answer is beyond %zu bytes once it is decompressed", x->body.max);
    else if (st != ST_OK)
        snprintf(x->why, sizeof x->why, "the answer's content coding cannot be undone: %s", status_text(st));
    buf_fini(&x->body);
    x->body = plain;
    return st == ST_OK;
}

// ---- libcurl's sockets and timer on libevent

static void finish(struct transfers *s)
{
    int left;
    for (CURLMsg *m; (m = curl_multi_info_read(s->multi, &left));) {
        struct transfer *x = NULL;
        long status = 0;
        if (m->msg != CURLMSG_DONE)
            continue;
        CURLcode rc = m->data.result;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &x);
        curl_easy_getinfo(m->easy_handle, CURLINFO_RESPONSE_CODE, &status);
        struct transfer_answer a = {.error = "", .header = ""};
        if (rc == CURLE_OK && decode_body(x)) {
            a.status = (int)status;
            a.body = buf_bytes(&x->body);
            struct curl_header *h;
            if (x->want_header && curl_easy_header(x->easy, x->want_header, 0, CURLH_HEADER, -1, &h) == CURLHE_OK)
                a.header = h->value;
        } else {
            a.error = *x->why ? x->why : *x->curl_error ? x->curl_error : curl_easy_strerror(rc);
        }
        x->done(x->ctx, &a);
        transfer_free(x);
    }
}

static void on_socket(evutil_socket_t fd, short what, void *ctx)
{
    struct transfers *s = ctx;
    int running, mask = (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
    curl_multi_socket_action(s->multi, fd, mask, &running);
    finish(s);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    struct transfers *s = ctx;
    int running;
    (void)fd, (void)what;
    curl_multi_socket_action(s->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    finish(s);
}

static int want_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket)
{
    struct transfers *s = ctx;
    struct event *ev = socket;
    (void)easy;
    if (ev)
        event_free(ev);
    ev = NULL;
    if (what != CURL_POLL_REMOVE) {
        short events = EV_PERSIST;
        events |= what == CURL_POLL_IN || what == CURL_POLL_INOUT ? EV_READ : 0;
        events |= what == CURL_POLL_OUT || what == CURL_POLL_INOUT ? EV_WRITE : 0;
        ev = event_new(s->base, fd, events, on_socket, s);
        if (ev)
            event_add(ev, NULL);
    }
    curl_multi_assign(s->multi, fd, ev);
    return what == CURL_POLL_REMOVE || ev ? 0 : -1;
}

static int want_timer(CURLM *multi, long ms, void *ctx)
{
    struct transfers *s = ctx;
    (void)multi;
    if (ms < 0)
        return event_del(s->timer);
    const struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
    return event_add(s->timer, &tv);
}

enum status transfers_new(struct event_base *base, const struct transfer_peer *peer, struct transfers **ret)
{
    struct transfers *s = calloc(1, sizeof *s);
    if (!s)
        return ST_NOMEM;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(s);
        return ST_NOMEM;
    }
    *s = (struct transfers){.base = base, .config = peer->config, .domains = peer->domains,
                             .compression = peer->compression, .bytes_per_s = peer->bytes_per_s, .refilled_at = clock_monotonic_ms()};
    snprintf(s->id, sizeof s->id, "%s", peer->id);
    snprintf(s->address, sizeof s->address, "%s", peer->address);
    s->multi = curl_multi_init();
    s->timer = event_new(base, -1, 0, on_timer, s);
    s->refill = event_new(base, -1, 0, on_refill, s);
    if (!s->multi || !s->timer || !s->refill) {
        transfers_free(&s);
        return ST_NOMEM;
    }
    curl_multi_setopt(s->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
    curl_multi_setopt(s->multi, CURLMOPT_SOCKETDATA, s);
    curl_multi_setopt(s->multi, CURLMOPT_TIMERFUNCTION, want_timer);
    curl_multi_setopt(s->multi, CURLMOPT_TIMERDATA, s);
    *ret = s;
    return ST_OK;
}

void transfers_free(struct transfers **s)
{
    if (!*s)
        return;
    while ((*s)->all)
        transfer_free((*s)->all);
    if ((*s)->multi)
        curl_multi_cleanup((*s)->multi);
    if ((*s)->timer)
        event_free((*s)->timer);
    if ((*s)->refill)
        event_free((*s)->refill);
    curl_global_cleanup();
    free(*s);
    *s = NULL;
}

// ---- one request

static bool still_verified(struct transfer *x)
{
    struct curl_tlssessioninfo *info = NULL;
    if (curl_easy_getinfo(x->easy, CURLINFO_TLS_SSL_PTR, &info) != CURLE_OK || !info || !info->internals)
        return false;
    return clock_now() < tls_valid_until(info->internals);
}

static void read_head(struct transfer *x)
{
    struct curl_header *range;
    curl_off_t length = -1;
    long status = 0;
    unsigned long long first, last, total;
    curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(x->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    x->head = (struct transfer_head){.status = (int)status, .total = length >= 0 ? (uint64_t)length : UINT64_MAX};
    if (status != 206)
        return;
    x->head.from = x->head.total = UINT64_MAX;
    if (curl_easy_header(x->easy, "Content-Range", 0, CURLH_HEADER, -1, &range) == CURLHE_OK &&
        sscanf(range->value, "bytes %20llu-%20llu/%20llu", &first, &last, &total) == 3) {
        x->head.from = first;
        x->head.total = total;
    }
}

// To the sink, if the answer is for it. -1 when it is not.
static int64_t sink_body(struct transfer *x, struct span bytes)
{
    if (x->head.status == 0)
        read_head(x);
    if (!x->sink || (x->head.status != 200 && x->head.status != 206))
        return -1;
    switch (x->sink(x->ctx, &x->head, bytes)) {
    case SINK_TAKEN:
        return (int64_t)bytes.len;
    case SINK_WAIT:
        return CURL_WRITEFUNC_PAUSE;
    case SINK_STOP:
        return 0;
    }
    return 0;
}

static size_t take_body(struct transfer *x, struct span bytes)
{
    int64_t sunk = sink_body(x, bytes);
    if (sunk >= 0)
        return (size_t)sunk;
    buf_span(&x->body, bytes);
    if (buf_status(&x->body) == ST_OK)
        return bytes.len;
    snprintf(x->why, sizeof x->why, "the answer is beyond %zu bytes", x->body.max);
    return 0;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx)
{
    struct transfer *x = ctx;
    struct transfers *s = x->set;
    if (!still_verified(x)) {
        snprintf(x->why, sizeof x->why, "a certificate or revocation list of the partner ended on an open connection");
        return 0;
    }
    x->waiting = !has_allowance(s);
    if (x->waiting) {
        wait_for_allowance(s);
        return CURL_WRITEFUNC_PAUSE; // they come again
    }
    size_t n = take_body(x, span_of(bytes, size * count));
    if (n == size * count)
        s->allowance -= (int64_t)n;
    return n;
}

static size_t on_source(char *out, size_t size, size_t count, void *ctx)
{
    struct transfer *x = ctx;
    struct transfers *s = x->set;
    if (!still_verified(x))
        return CURL_READFUNC_ABORT;
    x->waiting = !has_allowance(s);
    if (x->waiting) {
        wait_for_allowance(s);
        return CURL_READFUNC_PAUSE;
    }
    size_t n = x->source(x->ctx, (uint8_t *)out, size * count);
    if (n == SIZE_MAX)
        return CURL_READFUNC_ABORT;
    s->allowance -= (int64_t)n;
    return n;
}

static CURLcode on_ssl_ctx(CURL *easy, void *ssl_ctx, void *ctx)
{
    struct transfer *x = ctx;
    const struct transfers *s = x->set;
    struct diag *d = malloc(sizeof *d);
    (void)easy;
    if (!d)
        return CURLE_OUT_OF_MEMORY;
    diag_init(d, NULL);
    enum status st = tls_client_setup(ssl_ctx, s->domains, s->config->tls_cert, s->config->tls_key, s->id, d);
    if (st != ST_OK)
        snprintf(x->why, sizeof x->why, "%s", d->count ? d->faults[0].message : status_text(st));
    else
        tls_client_tell(ssl_ctx, x->why, sizeof x->why);
    free(d);
    return st == ST_OK ? CURLE_OK : CURLE_SSL_CERTPROBLEM;
}

static bool add_header(struct transfer *x, const char *header)
{
    struct curl_slist *list = curl_slist_append(x->headers, header);
    if (list)
        x->headers = list;
    return list;
}

static bool set_connection(struct transfer *x, uint32_t wait_s)
{
    CURL *c = x->easy;
    // The peer is identified by our own function, in place of host-name checks and public anchors (spec 4.1).
    return curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_CAINFO, NULL) == CURLE_OK && curl_easy_setopt(c, CURLOPT_CAPATH, NULL) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_SSL_CTX_DATA, x) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_SSL_SESSIONID_CACHE, 0L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_PROXY, "") == CURLE_OK && curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_MAXLIFETIME_CONN, (long)CONNECTION_LIFE_S) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)wait_s + STALLED_AFTER_S) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_S) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_S) == CURLE_OK;
}

static bool set_rate(struct transfer *x)
{
    return x->set->bytes_per_s == 0 || (curl_easy_setopt(x->easy, CURLOPT_SOCKOPTFUNCTION, on_socket_made) == CURLE_OK &&
                                        curl_easy_setopt(x->easy, CURLOPT_SOCKOPTDATA, x->set) == CURLE_OK &&
                                        curl_easy_setopt(x->easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)SEND_BYTES) == CURLE_OK);
}

static bool set_range(struct transfer *x, const struct transfer_ask *ask)
{
    char range[64], condition[256];
    if (!ask->etag || ask->from == 0)
        return true;
    snprintf(range, sizeof range, "Range: bytes=%llu-", (unsigned long long)ask->from);
    snprintf(condition, sizeof condition, "If-Range: %s", ask->etag);
    return add_header(x, range) && add_header(x, condition);
}

static bool set_source(struct transfer *x, const struct transfer_ask *ask)
{
    CURL *c = x->easy;
    char type[128], coding[64];
    if (!ask->source)
        return true;
    snprintf(type, sizeof type, "Content-Type: %s", ask->type);
    snprintf(coding, sizeof coding, "Content-Encoding: %s", ask->coding ? ask->coding : "");
    return add_header(x, type) && (!ask->coding || add_header(x, coding)) &&
           curl_easy_setopt(c, ask->put ? CURLOPT_UPLOAD : CURLOPT_POST, 1L) == CURLE_OK &&
           curl_easy_setopt(c, ask->put ? CURLOPT_INFILESIZE_LARGE : CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)ask->source_len) ==
               CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_READFUNCTION, on_source) == CURLE_OK && curl_easy_setopt(c, CURLOPT_READDATA, x) == CURLE_OK;
}

static bool set_request(struct transfer *x, const struct transfer_ask *ask)
{
    CURL *c = x->easy;
    char url[1024], prefer[32];
    int n = snprintf(url, sizeof url, "https://%s%s", x->set->address, ask->path);
    if (n < 0 || (size_t)n >= sizeof url || curl_easy_setopt(c, CURLOPT_URL, url) != CURLE_OK)
        return false;
    if (!set_source(x, ask))
        return false;
    x->coded = x->set->compression && !ask->sink && !ask->source && !ask->post.len;
    if (x->coded && !add_header(x, "Accept-Encoding: zstd, gzip;q=0.5"))
        return false;
    snprintf(prefer, sizeof prefer, "Prefer: wait=%u", ask->wait_s);
    if ((ask->wait_s && !add_header(x, prefer)) || !set_range(x, ask))
        return false;
    if (ask->post.len &&
        (!add_header(x, "Content-Type: text/plain; charset=utf-8") || !add_header(x, "Expect:") ||
         curl_easy_setopt(c, CURLOPT_POST, 1L) != CURLE_OK ||
         curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)ask->post.len) != CURLE_OK ||
         curl_easy_setopt(c, CURLOPT_COPYPOSTFIELDS, (const char *)ask->post.ptr) != CURLE_OK))
        return false;
    return curl_easy_setopt(c, CURLOPT_HTTPHEADER, x->headers) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_WRITEDATA, x) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_ERRORBUFFER, x->curl_error) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_PRIVATE, x) == CURLE_OK;
}

enum status transfer_start(struct transfers *s, const struct transfer_ask *ask, struct transfer **ret)
{
    struct transfer *x = calloc(1, sizeof *x);
    if (!x)
        return ST_NOMEM;
    *x = (struct transfer){.next = s->all, .set = s, .easy = curl_easy_init(), .sink = ask->sink, .source = ask->source,
                             .want_header = ask->want_header, .done = ask->done, .ctx = ask->ctx};
    s->all = x;
    buf_init(&x->body, ask->body_max);
    if (!x->easy || !set_connection(x, ask->wait_s) || !set_rate(x) || !set_request(x, ask) ||
        curl_multi_add_handle(s->multi, x->easy) != CURLM_OK) {
        transfer_free(x);
        return ST_NOMEM;
    }
    *ret = x;
    return ST_OK;
}
