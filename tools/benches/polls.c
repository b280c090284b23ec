// Many partners' held polls at once, from one process.
//   bench_polls ADDRESS POLLS ROUNDS FOLDER...   FOLDER: a partner's node; its certificate and key are used
// Each poll has a connection of its own; the folders take turns. First every poll asks without waiting, then ROUNDS times
// until there is something new. Prints `connected` after the first and, in seconds of the clock, when the polls of a round were
// answered: `answered ROUND FIRST MEDIAN LAST`.
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "formats/base/buf.h"

enum { CURSOR_MAX = 256, URL_MAX = 512, PATH_TEXT = 1024, EVENTS_MAX = 256, HANDSHAKES = 32, PAGE_MAX = 1 << 20 };

struct held {
    CURL *easy;
    char cursor[CURSOR_MAX], error[CURL_ERROR_SIZE];
    struct buf page;
};

struct client {
    CURLM *multi;
    int epoll;
    long timeout_ms;
    const char *address;
    struct held *polls;
    size_t count;
    double *answered_at;
};

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bench_polls: %s: %s\n", what, why);
    exit(1);
}

// ---- libcurl on epoll: what waits costs nothing

static int want_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *known)
{
    struct client *c = ctx;
    struct epoll_event ev = {.data.fd = fd};
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(c->epoll, EPOLL_CTL_DEL, fd, NULL);
        return 0;
    }
    ev.events |= what == CURL_POLL_IN || what == CURL_POLL_INOUT ? EPOLLIN : 0;
    ev.events |= what == CURL_POLL_OUT || what == CURL_POLL_INOUT ? EPOLLOUT : 0;
    if (epoll_ctl(c->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &ev) != 0)
        return -1;
    curl_multi_assign(c->multi, fd, c);
    return 0;
}

static int want_timer(CURLM *multi, long ms, void *ctx)
{
    (void)multi;
    ((struct client *)ctx)->timeout_ms = ms;
    return 0;
}

static size_t on_bytes(char *bytes, size_t size, size_t count, void *ctx)
{
    struct held *p = ctx;
    buf_put(&p->page, bytes, size * count);
    return buf_status(&p->page) == ST_OK ? size * count : 0;
}

// ---- rounds

static void read_cursor(struct held *p)
{
    const char *at = strstr(buf_cstr(&p->page), "<r:cursor"), *text = at ? strchr(at, '>') : NULL, *end = text ? strchr(text, '<') : NULL;
    if (!end || (size_t)(end - text) >= sizeof p->cursor)
        die("a page", "no cursor in it");
    snprintf(p->cursor, sizeof p->cursor, "%.*s", (int)(end - text - 1), text + 1);
}

static void settle(struct client *c, size_t *done)
{
    int left;
    for (CURLMsg *m; (m = curl_multi_info_read(c->multi, &left));) {
        struct held *p;
        long status = 0;
        CURLcode rc = m->data.result;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &p);
        curl_easy_getinfo(m->easy_handle, CURLINFO_RESPONSE_CODE, &status);
        if (rc != CURLE_OK || status != 200)
            die("a poll", rc == CURLE_OK ? buf_cstr(&p->page) : *p->error ? p->error : curl_easy_strerror(rc));
        c->answered_at[(*done)++] = now_s();
        read_cursor(p);
        curl_multi_remove_handle(c->multi, p->easy);
    }
}

static void send_poll(struct client *c, struct held *p)
{
    char url[URL_MAX];
    snprintf(url, sizeof url, "https://%s/v1/feed%s%s", c->address, *p->cursor ? "?after=" : "?limit=1024", p->cursor);
    buf_reset(&p->page);
    curl_easy_setopt(p->easy, CURLOPT_URL, url);
    if (curl_multi_add_handle(c->multi, p->easy) != CURLM_OK)
        die("libcurl", "no handle");
}

// All polls once, at most so many at a time.
static void run(struct client *c, size_t at_once)
{
    struct epoll_event events[EVENTS_MAX];
    size_t sent = 0, done = 0;
    int running;
    while (done < c->count) {
        for (; sent < c->count && sent - done < at_once; sent++)
            send_poll(c, &c->polls[sent]);
        int n = epoll_wait(c->epoll, events, EVENTS_MAX, c->timeout_ms < 0 || c->timeout_ms > 1000 ? 1000 : (int)c->timeout_ms);
        if (n <= 0)
            curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        for (int i = 0; i < n; i++) {
            int mask = (events[i].events & ~(unsigned)EPOLLOUT ? CURL_CSELECT_IN : 0) | (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0);
            curl_multi_socket_action(c->multi, events[i].data.fd, mask, &running);
        }
        settle(c, &done);
    }
}

static void make_poll(struct held *p, const char *folder)
{
    char cert[PATH_TEXT], key[PATH_TEXT];
    snprintf(cert, sizeof cert, "%s/certs/node.pem", folder);
    snprintf(key, sizeof key, "%s/keys/tls.key", folder);
    buf_init(&p->page, PAGE_MAX);
    p->easy = curl_easy_init();
    if (!p->easy)
        die("libcurl", "no handle");
    curl_easy_setopt(p->easy, CURLOPT_SSLCERT, cert);
    curl_easy_setopt(p->easy, CURLOPT_SSLKEY, key);
    curl_easy_setopt(p->easy, CURLOPT_FRESH_CONNECT, 1L); // not another poll's, which is idle
    curl_easy_setopt(p->easy, CURLOPT_SSL_VERIFYPEER, 0L); // only time and memory of the other side are measured
    curl_easy_setopt(p->easy, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(p->easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(p->easy, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(p->easy, CURLOPT_WRITEDATA, p);
    curl_easy_setopt(p->easy, CURLOPT_PRIVATE, p);
    curl_easy_setopt(p->easy, CURLOPT_ERRORBUFFER, p->error);
}

int main(int argc, char **argv)
{
    struct client c = {.address = argc > 4 ? argv[1] : "", .count = argc > 4 ? strtoull(argv[2], NULL, 10) : 0};
    size_t rounds = argc > 4 ? strtoull(argv[3], NULL, 10) : 0;
    c.polls = calloc(c.count ? c.count : 1, sizeof *c.polls);
    c.answered_at = calloc(c.count ? c.count : 1, sizeof *c.answered_at);
    c.multi = curl_multi_init();
    c.epoll = epoll_create1(EPOLL_CLOEXEC);
    struct curl_slist *wait = curl_slist_append(NULL, "Prefer: wait=120");
    if (c.count == 0 || !c.polls || !c.answered_at || !c.multi || c.epoll < 0 || !wait)
        die("usage", "bench_polls ADDRESS POLLS ROUNDS FOLDER...");
    curl_multi_setopt(c.multi, CURLMOPT_SOCKETFUNCTION, want_socket);
    curl_multi_setopt(c.multi, CURLMOPT_SOCKETDATA, &c);
    curl_multi_setopt(c.multi, CURLMOPT_TIMERFUNCTION, want_timer);
    curl_multi_setopt(c.multi, CURLMOPT_TIMERDATA, &c);
    curl_multi_setopt(c.multi, CURLMOPT_MAXCONNECTS, (long)c.count);
    for (size_t i = 0; i < c.count; i++)
        make_poll(&c.polls[i], argv[4 + i % (size_t)(argc - 4)]);
    run(&c, HANDSHAKES);
    printf("connected\n");
    fflush(stdout);
    for (size_t i = 0; i < c.count; i++) {
        curl_easy_setopt(c.polls[i].easy, CURLOPT_HTTPHEADER, wait);
        curl_easy_setopt(c.polls[i].easy, CURLOPT_FRESH_CONNECT, 0L);
    }
    for (size_t r = 1; r <= rounds; r++) {
        run(&c, c.count);
        printf("answered %zu %.6f %.6f %.6f\n", r, c.answered_at[0], c.answered_at[c.count / 2], c.answered_at[c.count - 1]);
        fflush(stdout);
    }
    for (size_t i = 0; i < c.count; i++) {
        curl_easy_cleanup(c.polls[i].easy);
        buf_fini(&c.polls[i].page);
    }
    curl_multi_cleanup(c.multi);
    curl_slist_free_all(wait);
    free(c.polls);
    free(c.answered_at);
    return 0;
}
