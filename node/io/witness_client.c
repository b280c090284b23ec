#include "node/io/witness_client.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/core/witness_ask.h"
#include "node/io/log.h"
#include "node/io/sync_client_net.h"

enum { WHY_MAX = 256, ANSWER_MAX = 64 * 1024, ROUNDS_MAX = 3 };

enum work { WORK_BUILD, WORK_STORE, WORK_FORK };

struct witness {
    struct witness *next;
    struct witness_client *client;
    char partner[65];
    bool gone; // no longer asked: freed when no job holds it
    struct transfers *net;
    struct transfer *post;
    struct event *again;
    struct witness_ask ask;
    struct buf answer; // cosignatures to be stored
    struct daemon_job job;
    bool job_busy, forked; // forked: told already
    enum work work;
    enum status st;  // of the work
    unsigned rounds; // requests since the last pause
};

struct witness_client {
    struct event_base *base;
    struct node_state *node;
    struct tls_domains *domains;
    struct daemon *daemon;
    struct witness *all;
    bool stopped;
};

static void pause_ms(struct witness *w, uint64_t ms)
{
    const struct timeval tv = {.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000) * 1000};
    w->rounds = 0;
    event_add(w->again, &tv);
}

static void pause_whole(struct witness *w)
{
    pause_ms(w, (uint64_t)w->client->node->config->witness_minutes * 60000);
}

static void fail(struct witness *w, const char *why)
{
    log_line(LOG_LEVEL_WARNING, "witness-failed", "partner", w->partner, "why", why, NULL);
    pause_ms(w, w->client->node->config->retry_max_ms);
}

// ---- work inside ticks: each begins anew when a tick runs it twice

static enum status run_job(struct tick *t, struct tick_job *job)
{
    struct witness *w = job->ctx;
    switch (w->work) {
    case WORK_BUILD:
        w->st = witness_ask_build(t, &w->ask);
        return w->st == ST_BAD_PROOF ? ST_OK : w->st;
    case WORK_STORE:
        w->st = witness_ask_store(t, &w->ask, w->partner, buf_bytes(&w->answer));
        return w->st == ST_BAD_SIGNATURE || w->st == ST_MALFORMED || w->st == ST_NOT_FOUND || w->st == ST_LIMIT ? ST_OK : w->st;
    case WORK_FORK:
        return witness_ask_log_fork(t, &w->ask, w->partner);
    }
    return ST_OK;
}

static void submit(struct witness *w, enum work work)
{
    w->work = work;
    w->job_busy = true;
    w->st = ST_OK;
    daemon_submit(w->client->daemon, &w->job);
}

static void found_fork(struct witness *w)
{
    log_line(LOG_LEVEL_ERROR, "log-fork", "partner", w->partner, "why", "our audit log is not the one that this witness cosigned", "do",
             "the store is older than what was cosigned, or was changed: keep it as it is, and tell the auditor", NULL);
    if (w->forked)
        pause_whole(w);
    else
        submit(w, WORK_FORK);
    w->forked = true;
}

// ---- requests

static void on_answer(void *ctx, const struct transfer_answer *a)
{
    struct witness *w = ctx;
    char why[WHY_MAX];
    w->post = NULL;
    switch (witness_ask_judge(&w->ask, a->status, a->body)) {
    case WITNESS_COSIGNED:
        buf_reset(&w->answer);
        buf_span(&w->answer, a->body);
        submit(w, WORK_STORE);
        return;
    case WITNESS_BEHIND:
        if (++w->rounds < ROUNDS_MAX)
            submit(w, WORK_BUILD);
        else
            fail(w, "its answers about the size it knows lead nowhere");
        return;
    case WITNESS_FORK:
        found_fork(w);
        return;
    case WITNESS_FAILED:
        snprintf(why, sizeof why, "%s", a->error);
        if (a->status)
            snprintf(why, sizeof why, "the witness answered %d", a->status);
        fail(w, why);
        return;
    }
}

static void send_request(struct witness *w)
{
    const struct transfer_ask ask = {.path = "/v1/witness/add-checkpoint", .post = buf_bytes(&w->ask.request),
                                     .body_max = ANSWER_MAX, .done = on_answer, .ctx = w};
    enum status st = w->net ? transfer_start(w->net, &ask, &w->post) : ST_NOMEM;
    if (st != ST_OK)
        fail(w, status_text(st));
}

static void free_if_gone(struct witness *w);

static void built(struct witness *w)
{
    if (w->st == ST_BAD_PROOF)
        found_fork(w);
    else if (w->ask.request.len == 0)
        pause_whole(w);
    else
        send_request(w);
}

static void stored(struct witness *w)
{
    if (w->st != ST_OK) {
        fail(w, "its cosignature does not verify with the key of its card");
        return;
    }
    w->ask.known = w->ask.size;
    w->forked = false;
    log_line(LOG_LEVEL_DEBUG, "witnessed", "partner", w->partner, NULL);
    pause_whole(w);
}

static void job_done(struct daemon_job *j)
{
    struct witness *w = j->job.ctx;
    w->job_busy = false;
    if (w->gone || w->client->stopped)
        free_if_gone(w);
    else if (j->job.st != ST_OK)
        fail(w, status_text(j->job.st));
    else if (w->work == WORK_BUILD)
        built(w);
    else if (w->work == WORK_STORE)
        stored(w);
    else
        pause_whole(w);
}

static void on_again(evutil_socket_t fd, short what, void *ctx)
{
    struct witness *w = ctx;
    (void)fd, (void)what;
    if (!w->gone && !w->client->stopped && !w->job_busy && !w->post)
        submit(w, WORK_BUILD);
}

// ---- witnesses

static void witness_free(struct witness *w)
{
    transfers_free(&w->net);
    if (w->again)
        event_free(w->again);
    witness_ask_fini(&w->ask);
    buf_fini(&w->answer);
    free(w);
}

static void free_if_gone(struct witness *w)
{
    struct witness **list = &w->client->all;
    if (!w->gone || w->job_busy)
        return;
    while (*list && *list != w)
        list = &(*list)->next;
    if (*list)
        *list = w->next;
    witness_free(w);
}

// Begin, or go on after a reload, with fresh connections.
static enum status connect_to(struct witness *w)
{
    const struct config *c = w->client->node->config;
    const struct peer *peer = core_peer(&w->client->node->core, w->partner);
    struct transfer_peer to = {.id = w->partner, .address = peer ? peer->card.address : "", .config = c, .domains = w->client->domains};
    for (size_t i = 0; i < c->partner_count; i++)
        if (strcmp(c->partners[i].id, w->partner) == 0 && c->partners[i].address)
            to.address = c->partners[i].address;
    transfers_free(&w->net);
    w->post = NULL;
    TRY(transfers_new(w->client->base, &to, &w->net));
    event_del(w->again);
    if (!w->job_busy)
        submit(w, WORK_BUILD);
    return ST_OK;
}

static enum status witness_new(struct witness_client *c, const char *partner)
{
    struct witness *w = calloc(1, sizeof *w);
    if (!w)
        return ST_NOMEM;
    w->client = c;
    snprintf(w->partner, sizeof w->partner, "%s", partner);
    w->job = (struct daemon_job){.job = {.run = run_job, .ctx = w}, .done = job_done};
    witness_ask_init(&w->ask);
    buf_init(&w->answer, ANSWER_MAX);
    w->again = event_new(c->base, -1, 0, on_again, w);
    enum status st = w->again ? connect_to(w) : ST_NOMEM;
    if (st != ST_OK) {
        witness_free(w);
        return st;
    }
    w->next = c->all;
    c->all = w;
    return ST_OK;
}

static bool is_asked(const struct witness_client *c, const char *partner)
{
    for (const struct witness *w = c->all; w; w = w->next)
        if (!w->gone && strcmp(w->partner, partner) == 0)
            return true;
    return false;
}

static enum status ask_new_ones(struct witness_client *c)
{
    const struct core *core = &c->node->core;
    for (size_t i = 0; i < core->peer_count; i++)
        if (core->peers[i]->witness && !is_asked(c, core->peers[i]->id))
            TRY(witness_new(c, core->peers[i]->id));
    return ST_OK;
}

enum status witness_client_new(struct event_base *base, struct node_state *node, struct tls_domains *domains,
                               struct daemon *daemon, struct witness_client **ret)
{
    struct witness_client *c = calloc(1, sizeof *c);
    if (!c)
        return ST_NOMEM;
    *c = (struct witness_client){.base = base, .node = node, .domains = domains, .daemon = daemon};
    enum status st = ask_new_ones(c);
    if (st == ST_OK)
        *ret = c;
    else
        witness_client_free(&c);
    return st;
}

void witness_client_reload(struct witness_client *c, struct tls_domains *domains)
{
    c->domains = domains;
    for (struct witness *w = c->all, *next; w; w = next) {
        const struct peer *peer = core_peer(&c->node->core, w->partner);
        next = w->next;
        w->gone |= !peer || !peer->witness;
        enum status st = w->gone ? ST_OK : connect_to(w);
        if (st != ST_OK)
            log_line(LOG_LEVEL_WARNING, "witness-failed", "partner", w->partner, "why", status_text(st), NULL);
        if (w->gone)
            transfers_free(&w->net);
        free_if_gone(w);
    }
    if (ask_new_ones(c) != ST_OK)
        log_line(LOG_LEVEL_WARNING, "witness-failed", "why", status_text(ST_NOMEM), NULL);
}

void witness_client_stop(struct witness_client *c)
{
    if (!c)
        return;
    c->stopped = true;
    for (struct witness *w = c->all; w; w = w->next) {
        transfers_free(&w->net);
        w->post = NULL;
        event_del(w->again);
    }
}

void witness_client_free(struct witness_client **c)
{
    if (!*c)
        return;
    while ((*c)->all) {
        struct witness *w = (*c)->all;
        (*c)->all = w->next;
        witness_free(w);
    }
    free(*c);
    *c = NULL;
}
