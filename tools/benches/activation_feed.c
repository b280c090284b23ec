// A partner that reads its feed, and how long each answer takes.
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "formats/base/buf.h"
#include "tools/benches/activation.h"

enum { SAMPLES_MAX = 1000000, PAGE = 16, URL_MAX = 512, PAUSE_MS = 20 };

struct times {
    const char *name;
    double *ms;
    size_t count;
};

struct client {
    CURL *curl;
    const char *address;
    struct buf body;
    char cursor[256]; // of the end of the feed
};

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static size_t on_bytes(char *bytes, size_t size, size_t count, void *ctx)
{
    struct client *c = ctx;
    buf_put(&c->body, bytes, size * count);
    return buf_status(&c->body) == ST_OK ? size * count : 0;
}

// GET; false unless it is answered with 200.
static bool get(struct client *c, const char *query, struct times *t)
{
    char url[URL_MAX];
    long status = 0;
    snprintf(url, sizeof url, "https://%s/v1/feed?%s", c->address, query);
    buf_reset(&c->body);
    curl_easy_setopt(c->curl, CURLOPT_URL, url);
    double start = now_ms();
    CURLcode rc = curl_easy_perform(c->curl);
    double took = now_ms() - start;
    if (rc == CURLE_OK)
        curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200) {
        fprintf(stderr, "bench_activation: %s: %s, status %ld\n", url, curl_easy_strerror(rc), status);
        return false;
    }
    if (t && t->count < SAMPLES_MAX)
        t->ms[t->count++] = took;
    return true;
}

// The cursor behind this page. *ret_more: the page was not the last one.
static bool read_cursor(struct client *c, bool *ret_more)
{
    const char *at = strstr(buf_cstr(&c->body), "<r:cursor"), *text = at ? strchr(at, '>') : NULL;
    const char *end = text ? strchr(text, '<') : NULL;
    if (!end || (size_t)(end - text) >= sizeof c->cursor)
        return false;
    *ret_more = memmem(at, (size_t)(text - at), "more=\"true\"", 11) != NULL;
    snprintf(c->cursor, sizeof c->cursor, "%.*s", (int)(end - text - 1), text + 1);
    return true;
}

static bool go_to_end(struct client *c)
{
    char query[URL_MAX] = "limit=1024";
    for (bool more = true; more;) {
        if (!get(c, query, NULL) || !read_cursor(c, &more))
            return false;
        snprintf(query, sizeof query, "limit=1024&after=%.200s", c->cursor);
    }
    return true;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print(struct times *t)
{
    if (t->count == 0)
        return;
    qsort(t->ms, t->count, sizeof *t->ms, ascending);
    printf("%s %zu p50-ms %.2f p99-ms %.2f max-ms %.2f\n", t->name, t->count, t->ms[t->count / 2], t->ms[t->count * 99 / 100],
           t->ms[t->count - 1]);
}

static void print_all(const struct times *t)
{
    for (size_t i = 0; i < t->count; i++)
        printf("sample %s %.3f\n", t->name, t->ms[i]);
}

// One after the other without a pause: what a poll costs.
static bool run_idle(struct client *c, const char *stop, struct times *polls)
{
    char query[URL_MAX];
    if (!go_to_end(c))
        return false;
    snprintf(query, sizeof query, "after=%.200s", c->cursor);
    printf("ready\n");
    fflush(stdout);
    while (access(stop, F_OK) != 0)
        if (!get(c, query, polls))
            return false;
    return true;
}

static bool run(struct client *c, const char *stop, struct times *pages, struct times *polls)
{
    char query[URL_MAX], page[64];
    snprintf(page, sizeof page, "limit=%d", PAGE);
    if (!go_to_end(c))
        return false;
    snprintf(query, sizeof query, "after=%.200s", c->cursor);
    printf("ready\n");
    fflush(stdout);
    for (const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000}; access(stop, F_OK) != 0; nanosleep(&pause, NULL)) {
        if (!get(c, page, pages))
            return false;
        nanosleep(&pause, NULL);
        if (!get(c, query, polls))
            return false;
    }
    return true;
}

int activation_feed(const char *address, const char *cert, const char *key, const char *stop, bool idle)
{
    struct times pages = {.name = "page", .ms = calloc(SAMPLES_MAX, sizeof(double))};
    struct times polls = {.name = "poll", .ms = calloc(SAMPLES_MAX, sizeof(double))};
    struct client c = {.curl = curl_easy_init(), .address = address};
    bool good = pages.ms && polls.ms && c.curl;
    buf_init(&c.body, (size_t)64 << 20);
    if (good) {
        curl_easy_setopt(c.curl, CURLOPT_SSLCERT, cert);
        curl_easy_setopt(c.curl, CURLOPT_SSLKEY, key);
        curl_easy_setopt(c.curl, CURLOPT_SSL_VERIFYPEER, 0L); // only time is measured here
        curl_easy_setopt(c.curl, CURLOPT_SSL_VERIFYHOST, 0L);
        curl_easy_setopt(c.curl, CURLOPT_NOPROXY, "*");
        curl_easy_setopt(c.curl, CURLOPT_TIMEOUT_MS, 60000L);
        curl_easy_setopt(c.curl, CURLOPT_WRITEFUNCTION, on_bytes);
        curl_easy_setopt(c.curl, CURLOPT_WRITEDATA, &c);
        good = idle ? run_idle(&c, stop, &polls) : run(&c, stop, &pages, &polls);
    }
    if (idle) {
        print(&polls);
    } else {
        print_all(&pages);
        print_all(&polls);
    }
    curl_easy_cleanup(c.curl);
    buf_fini(&c.body);
    free(pages.ms);
    free(polls.ms);
    return good ? 0 : 1;
}
