#include "node/io/head_timer.h"

#include <stdlib.h>

#include "node/core/daily_head.h"
#include "node/io/clock.h"
#include "node/io/log.h"

enum { LOOK_MAX_MS = 3600 * 1000 }; // the wall clock may be set: look at least so often

struct head_timer {
    struct daemon *daemon;
    struct event *timer;
    struct daemon_job job;
    utc_ms next;
    bool busy, stopped;
};

static void submit(struct head_timer *h)
{
    if (h->busy || h->stopped)
        return;
    h->busy = true;
    h->job.job.st = ST_OK;
    daemon_submit(h->daemon, &h->job);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd, (void)what;
    submit(ctx);
}

static enum status run(struct tick *t, struct tick_job *job)
{
    struct head_timer *h = job->ctx;
    return daily_head_due(t, &h->next);
}

static void done(struct daemon_job *j)
{
    struct head_timer *h = j->job.ctx;
    int64_t ms = h->next - clock_now();
    h->busy = false;
    if (j->job.st != ST_OK)
        log_line(LOG_LEVEL_ERROR, "head-failed", "why", status_text(j->job.st), NULL);
    if (h->stopped)
        return;
    ms = ms < 1 ? 1 : ms > LOOK_MAX_MS ? LOOK_MAX_MS : ms;
    const struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
    event_add(h->timer, &tv);
}

enum status head_timer_new(struct event_base *base, struct daemon *daemon, struct head_timer **ret)
{
    struct head_timer *h = calloc(1, sizeof *h);
    if (!h)
        return ST_NOMEM;
    h->daemon = daemon;
    h->job = (struct daemon_job){.job = {.run = run, .ctx = h}, .done = done};
    h->timer = event_new(base, -1, 0, on_timer, h);
    if (!h->timer) {
        head_timer_free(&h);
        return ST_NOMEM;
    }
    submit(h);
    *ret = h;
    return ST_OK;
}

void head_timer_reload(struct head_timer *h)
{
    submit(h);
}

void head_timer_stop(struct head_timer *h)
{
    if (!h)
        return;
    h->stopped = true;
    event_del(h->timer);
}

void head_timer_free(struct head_timer **h)
{
    if (!*h)
        return;
    if ((*h)->timer)
        event_free((*h)->timer);
    free(*h);
    *h = NULL;
}
