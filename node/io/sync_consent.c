// look what is open -> ask -> take the answer in a tick -> look again, at once or at the next interval.
#include "node/io/sync_consent.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/core/consent_ask.h"
#include "node/io/backoff.h"
#include "node/io/log.h"

enum work { WORK_LOOK, WORK_TAKE };
enum { ROUNDS_MAX = 32 }; // questions at once: a partner that always has more does not set our pace

struct consent_asker {
    struct node_state *node;
    struct daemon *daemon;
    char partner[65];
    void (*on_idle)(void *ctx);
    void *ctx;
    struct transfers *net;
    struct transfer *call;
    struct event *again;
    bool stopped;

    struct daemon_job job; // one at a time
    bool busy;
    bool stale; // the connections of this job's question are gone
    enum work work;
    bool news_first; // the last question was a request, and failed
    struct consent_ask ask;
    int status;        // of the answer
    struct buf answer; // its body
    struct consent_heard heard;
    uint32_t failures; // in a row
    unsigned rounds;   // since the last pause
};

// A tick may run this twice.
static enum status run_job(struct tick *t, struct tick_job *job)
{
    struct consent_asker *c = job->ctx;
    switch (c->work) {
    case WORK_LOOK:
        return consent_ask_next(t, c->partner, c->news_first, &c->ask);
    case WORK_TAKE:
        return consent_ask_take(t, c->partner, &c->ask, c->status, buf_bytes(&c->answer), &c->heard);
    }
    return ST_OK;
}

static void submit(struct consent_asker *c, enum work work)
{
    c->work = work;
    c->busy = true;
    c->job.job.st = ST_OK;
    daemon_submit(c->daemon, &c->job);
}

static void arm(struct consent_asker *c, uint64_t ms)
{
    const struct timeval tv = {.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000) * 1000};
    event_add(c->again, &tv);
}

static void look(struct consent_asker *c)
{
    if (c->stopped || !c->net || c->busy || c->call)
        return;
    event_del(c->again);
    submit(c, WORK_LOOK);
}

static void on_again(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd, (void)what;
    look(ctx);
}

static void pause_whole(struct consent_asker *c)
{
    c->rounds = 0;
    arm(c, (uint64_t)c->node->config->consent_poll_s * 1000);
}

// The connection failed, the partner would not answer, or our own store.
static void back_off(struct consent_asker *c, const char *why)
{
    c->news_first = c->ask.kind == CONSENT_ASK_SEND;
    log_line(LOG_LEVEL_WARNING, "consent-failed", "partner", c->partner, "why", why, NULL);
    arm(c, backoff_ms(c->node, ++c->failures));
}

static void on_answer(void *ctx, const struct transfer_answer *a)
{
    struct consent_asker *c = ctx;
    c->call = NULL;
    if (a->status == 0) {
        back_off(c, a->error);
        return;
    }
    c->status = a->status;
    buf_reset(&c->answer);
    buf_span(&c->answer, a->body);
    if (buf_status(&c->answer) == ST_OK)
        submit(c, WORK_TAKE);
    else
        back_off(c, status_text(buf_status(&c->answer)));
}

static void looked(struct consent_asker *c)
{
    const struct transfer_ask what = {.path = c->ask.path, .post = span_of(c->ask.body, c->ask.body_len),
                                      .body_max = CONSENT_ANSWER_MAX, .done = on_answer, .ctx = c};
    if (c->ask.kind == CONSENT_ASK_NOTHING) {
        c->failures = 0;
        pause_whole(c);
        return;
    }
    enum status st = transfer_start(c->net, &what, &c->call);
    if (st != ST_OK)
        back_off(c, status_text(st));
}

static void taken(struct consent_asker *c)
{
    if (c->heard.failed) {
        back_off(c, c->heard.why);
        return;
    }
    c->failures = 0;
    c->news_first = false;
    if (c->heard.why[0])
        log_line(LOG_LEVEL_WARNING, "consent-failed", "partner", c->partner, "why", c->heard.why, NULL);
    if (c->heard.more && ++c->rounds < ROUNDS_MAX)
        look(c);
    else
        pause_whole(c);
}

static void job_done(struct daemon_job *j)
{
    struct consent_asker *c = j->job.ctx;
    c->busy = false;
    if (c->stopped)
        c->on_idle(c->ctx);
    else if (j->job.st != ST_OK)
        back_off(c, status_text(j->job.st));
    else if (c->stale) {
        c->stale = false;
        look(c);
    } else if (c->work == WORK_LOOK)
        looked(c);
    else
        taken(c);
}

// ---- life

enum status consent_asker_new(struct event_base *base, struct node_state *node, struct daemon *daemon, const char *partner,
                              void (*on_idle)(void *ctx), void *ctx, struct consent_asker **ret)
{
    struct consent_asker *c = calloc(1, sizeof *c);
    if (!c)
        return ST_NOMEM;
    *c = (struct consent_asker){.node = node, .daemon = daemon, .on_idle = on_idle, .ctx = ctx};
    snprintf(c->partner, sizeof c->partner, "%s", partner);
    c->job = (struct daemon_job){.job = {.run = run_job, .ctx = c}, .done = job_done};
    buf_init(&c->answer, CONSENT_ANSWER_MAX);
    c->again = event_new(base, -1, 0, on_again, c);
    if (!c->again) {
        free(c);
        return ST_NOMEM;
    }
    *ret = c;
    return ST_OK;
}

void consent_asker_free(struct consent_asker **c)
{
    if (!*c)
        return;
    event_free((*c)->again);
    buf_fini(&(*c)->answer);
    free(*c);
    *c = NULL;
}

void consent_asker_connect(struct consent_asker *c, struct transfers *net)
{
    c->net = net;
    c->call = NULL; // it went with the old ones
    c->failures = 0;
    c->stale = c->busy;
    look(c);
}

void consent_asker_stop(struct consent_asker *c)
{
    c->stopped = true;
    c->net = NULL;
    c->call = NULL;
    event_del(c->again);
}

bool consent_asker_is_busy(const struct consent_asker *c)
{
    return c->busy;
}
