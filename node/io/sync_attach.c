// look what is missing -> ask for it, from where it broke off -> commit piece after piece -> look again.
#include "node/io/sync_attach.h"

#include <stdio.h>
#include <stdlib.h>

#include "formats/base/limits.h"
#include "formats/problem.h"
#include "node/core/attachment_fetch.h"
#include "node/io/backoff.h"
#include "node/io/clock.h"
#include "node/io/log.h"

enum {
    WAITING_MAX = 2 * ATTACHMENT_PIECE, // one piece is committed while the next one comes
    ANSWER_MAX = 64 * 1024,             // of a refusal
    LOOK_EVERY_MS = 60000,              // at least: the command line can take reports in, too (sync retry)
};

enum attach_work { ATTACH_LOOK, ATTACH_TAKE, ATTACH_REFUSED };

struct attach_fetcher {
    struct event_base *base;
    struct node_state *node;
    struct daemon *daemon;
    char partner[65];
    void (*on_idle)(void *ctx);
    void *ctx;
    struct transfers *net;
    struct transfer *get;
    struct event *again;
    bool stopped;

    struct daemon_job job; // one at a time
    bool busy;
    bool stale;            // the transfer of this job is gone: forget what came with it
    bool look_again;       // asked for while busy
    enum attach_work work;
    struct fetch f;
    enum fetch_fate fate;
    uint32_t failures;     // of connections, in a row

    uint8_t *bytes;        // WAITING_MAX, while something is fetched
    size_t len, taking;    // of them: here; being committed, from the front
    uint64_t at;           // place of the first of them in the attachment
    bool begun;            // the answer's head was looked at
    bool from_start;       // it gave all, not the rest
    bool paused, whole;
    bool ended, given, failed; // the transfer; with 200 or 206; without an answer
    char why[ATTACHMENT_WHY_MAX];
};

static bool is_idle(const struct attach_fetcher *a)
{
    return !a->busy && !a->get;
}

// ---- work inside ticks. A tick may run these twice.

static enum status run_job(struct tick *t, struct tick_job *job)
{
    struct attach_fetcher *a = job->ctx;
    uint32_t retry_min_ms = a->node->config->retry_min_ms;
    switch (a->work) {
    case ATTACH_LOOK:
        return fetch_next(t, a->partner, &a->f);
    case ATTACH_TAKE:
        if (a->from_start)
            TRY(fetch_from_start(t, a->partner, &a->f));
        return fetch_take(t, a->partner, &a->f, a->at, span_of(a->bytes, a->taking), retry_min_ms, &a->fate);
    case ATTACH_REFUSED:
        return fetch_refused(t, a->partner, &a->f, a->why, retry_min_ms);
    }
    return ST_OK;
}

static void submit(struct attach_fetcher *a, enum attach_work work)
{
    a->work = work;
    a->busy = true;
    a->job.job.st = ST_OK;
    daemon_submit(a->daemon, &a->job);
}

static void arm(struct attach_fetcher *a, int64_t ms)
{
    ms = ms < 0 ? 0 : ms > LOOK_EVERY_MS ? LOOK_EVERY_MS : ms;
    const struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
    event_add(a->again, &tv);
}

void attach_fetcher_look(struct attach_fetcher *a)
{
    if (a->stopped || !a->net)
        return;
    a->look_again = !is_idle(a);
    if (a->look_again)
        return;
    event_del(a->again);
    submit(a, ATTACH_LOOK);
}

static void on_again(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd, (void)what;
    attach_fetcher_look(ctx);
}

// The connection failed, or our own store.
static void back_off(struct attach_fetcher *a, const char *why)
{
    log_line(LOG_LEVEL_WARNING, "attachment-failed", "partner", a->partner, "why", why, NULL);
    arm(a, backoff_ms(a->node, ++a->failures));
}

// ---- bytes on their way

static void take(struct attach_fetcher *a, size_t n)
{
    a->taking = n;
    submit(a, ATTACH_TAKE);
}

// Does the answer's head fit what was asked? NULL = yes.
static const char *head_objection(struct attach_fetcher *a, const struct transfer_head *h)
{
    if (h->total != a->f.size)
        return "the partner has it with another size";
    if (h->status == 206 && h->from != a->f.have)
        return "the partner gave another range than asked for";
    a->from_start = h->status == 200 && a->f.have > 0;
    a->at = h->status == 206 ? a->f.have : 0;
    a->begun = true;
    return NULL;
}

static enum transfer_sink on_bytes(void *ctx, const struct transfer_head *h, struct span bytes)
{
    struct attach_fetcher *a = ctx;
    const char *why = a->begun ? NULL : head_objection(a, h);
    if (!why && bytes.len > a->f.size - a->at - a->len)
        why = "more bytes came than the report says";
    if (why) {
        snprintf(a->why, sizeof a->why, "%s", why);
        return SINK_STOP;
    }
    a->paused = bytes.len > WAITING_MAX - a->len;
    if (a->paused)
        return SINK_WAIT;
    memcpy(a->bytes + a->len, bytes.ptr, bytes.len);
    a->len += bytes.len;
    if (!a->busy && a->len >= ATTACHMENT_PIECE)
        take(a, ATTACHMENT_PIECE);
    return SINK_TAKEN;
}

static void end_transfer(struct attach_fetcher *a)
{
    transfer_cancel(&a->get);
    a->len = 0;
    attach_fetcher_look(a);
}

// The transfer is over: what is left of it?
static void settle(struct attach_fetcher *a)
{
    bool all = a->given && !a->whole && a->at + a->len == a->f.size;
    size_t n = all ? a->len : a->len / ATTACHMENT_CHUNK * ATTACHMENT_CHUNK;
    if (all || n > 0)
        take(a, n < ATTACHMENT_PIECE ? n : (size_t)ATTACHMENT_PIECE);
    else if (a->whole)
        attach_fetcher_look(a);
    else if (a->failed)
        back_off(a, a->why);
    else
        submit(a, ATTACH_REFUSED);
}

static void describe(struct attach_fetcher *a, const struct transfer_answer *answer)
{
    struct problem *p = calloc(1, sizeof *p);
    if (!p || problem_read(answer->body, p) != ST_OK)
        snprintf(a->why, sizeof a->why, "the partner answered %d", answer->status);
    else
        snprintf(a->why, sizeof a->why, "the partner answered %d: %.100s", answer->status, p->title);
    free(p);
}

static void on_answer(void *ctx, const struct transfer_answer *answer)
{
    struct attach_fetcher *a = ctx;
    a->get = NULL;
    a->ended = true;
    a->given = answer->status == 200 || answer->status == 206;
    a->failed = answer->status == 0 && !*a->why; // with a reason of ours it was the answer that was wrong
    if (a->failed)
        snprintf(a->why, sizeof a->why, "%s", answer->error);
    else if (!a->given && answer->status)
        describe(a, answer);
    else if (a->given && a->at + a->len < a->f.size)
        snprintf(a->why, sizeof a->why, "fewer bytes came than the report says");
    if (!a->busy)
        settle(a);
}

static void ask(struct attach_fetcher *a)
{
    char path[128], range[48], digest[DIGEST_TEXT_LEN + 1], etag[DIGEST_TEXT_LEN + 3];
    digest_text(&a->f.digest, digest);
    snprintf(path, sizeof path, "/v1/attachments/%s", digest + strlen("sha256:"));
    snprintf(range, sizeof range, "%llu", (unsigned long long)a->f.have);
    snprintf(etag, sizeof etag, "\"%s\"", digest);
    const struct transfer_ask what = {.path = path, .from = a->f.have, .etag = etag, .sink = on_bytes,
                                      .body_max = ANSWER_MAX, .done = on_answer, .ctx = a};
    if (!a->bytes)
        a->bytes = malloc(WAITING_MAX);
    a->len = a->taking = 0;
    a->at = 0;
    a->begun = a->from_start = a->paused = a->whole = a->ended = a->given = a->failed = false;
    a->why[0] = 0;
    enum status st = a->bytes ? transfer_start(a->net, &what, &a->get) : ST_NOMEM;
    if (st != ST_OK)
        back_off(a, status_text(st));
}

// ---- after a commit

static void looked(struct attach_fetcher *a)
{
    if (a->f.found) {
        ask(a);
        return;
    }
    free(a->bytes);
    a->bytes = NULL;
    arm(a, a->f.next < UTC_MAX ? a->f.next - clock_now() : LOOK_EVERY_MS);
}

static void taken(struct attach_fetcher *a)
{
    memmove(a->bytes, a->bytes + a->taking, a->len - a->taking);
    a->len -= a->taking;
    a->at += a->taking;
    a->taking = 0;
    a->from_start = false;
    a->failures = 0;
    a->whole = a->fate == FETCH_WHOLE;
    if (a->fate == FETCH_WRONG)
        log_line(LOG_LEVEL_WARNING, "attachment-failed", "partner", a->partner, "why",
                 "the bytes that came have another SHA-256", NULL);
    if (a->fate == FETCH_WRONG || a->fate == FETCH_UNWANTED)
        end_transfer(a);
    else if (a->ended)
        settle(a);
    else if (a->len >= ATTACHMENT_PIECE)
        take(a, ATTACHMENT_PIECE);
    if (a->paused && a->get) {
        a->paused = false;
        transfer_go_on(a->get);
    }
}

static void job_done(struct daemon_job *j)
{
    struct attach_fetcher *a = j->job.ctx;
    bool again = a->look_again || a->stale;
    a->busy = a->look_again = false;
    if (a->stopped) {
        a->on_idle(a->ctx);
        return;
    }
    if (j->job.st != ST_OK) {
        transfer_cancel(&a->get);
        a->len = 0;
        a->stale = false;
        back_off(a, status_text(j->job.st));
        return;
    }
    if (a->stale || (a->work == ATTACH_LOOK && again)) {
        a->stale = false;
        a->len = 0;
        attach_fetcher_look(a);
        return;
    }
    a->look_again = again; // it is looked at anyhow when this transfer has ended
    switch (a->work) {
    case ATTACH_LOOK:
        looked(a);
        return;
    case ATTACH_TAKE:
        taken(a);
        return;
    case ATTACH_REFUSED:
        log_line(LOG_LEVEL_WARNING, "attachment-failed", "partner", a->partner, "why", a->why, NULL);
        attach_fetcher_look(a);
        return;
    }
}

// ---- life

enum status attach_fetcher_new(struct event_base *base, struct node_state *node, struct daemon *daemon, const char *partner,
                               void (*on_idle)(void *ctx), void *ctx, struct attach_fetcher **ret)
{
    struct attach_fetcher *a = calloc(1, sizeof *a);
    if (!a)
        return ST_NOMEM;
    *a = (struct attach_fetcher){.base = base, .node = node, .daemon = daemon, .on_idle = on_idle, .ctx = ctx};
    snprintf(a->partner, sizeof a->partner, "%s", partner);
    a->job = (struct daemon_job){.job = {.run = run_job, .ctx = a}, .done = job_done};
    a->again = event_new(base, -1, 0, on_again, a);
    if (!a->again) {
        free(a);
        return ST_NOMEM;
    }
    *ret = a;
    return ST_OK;
}

void attach_fetcher_free(struct attach_fetcher **pa)
{
    struct attach_fetcher *a = *pa;
    if (!a)
        return;
    event_free(a->again);
    free(a->bytes);
    free(a);
    *pa = NULL;
}

void attach_fetcher_connect(struct attach_fetcher *a, struct transfers *net)
{
    a->net = net;
    a->get = NULL; // it went with the old ones
    a->failures = 0;
    a->stale = a->busy;
    if (!a->busy)
        attach_fetcher_look(a);
}

void attach_fetcher_stop(struct attach_fetcher *a)
{
    a->stopped = true;
    a->net = NULL;
    a->get = NULL;
    event_del(a->again);
}

bool attach_fetcher_is_busy(const struct attach_fetcher *a)
{
    return a->busy;
}
