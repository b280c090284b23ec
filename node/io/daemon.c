#include "node/io/daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "node/core/release.h"
#include "node/io/card_client.h"
#include "node/io/certificate_life.h"
#include "node/io/clock.h"
#include "node/io/clock_guard.h"
#include "node/io/contested.h"
#include "node/io/file.h"
#include "node/io/head_timer.h"
#include "node/io/life_event.h"
#include "node/io/log.h"
#include "node/io/maintenance.h"
#include "node/io/metrics.h"
#include "node/io/own_jobs.h"
#include "node/io/spool.h"
#include "node/io/store_look.h"
#include "node/io/sync_client.h"
#include "node/io/witness_client.h"

enum {
    TICK_JOBS_MAX = 64,        // jobs in one commit: bounds the time that one tick takes
    PARTNER_JOBS_MAX = 16,     // of one partner: bounds the memory of its pages, and leaves room for the others
    LOOK_MAX = 512,            // requests looked at for that: a partner has 256 connections unless configured
    TIMER_MAX_S = 60,          // the clock is looked at least so often
    UPKEEP_MAX_S = 60,         // the store's readers and erased bytes are
    SHUTDOWN_MAX_S = 5,        // spec 6.4
    DENIED_EVERY_MS = 60000,   // refusals are summed up in one audit event, at most so often
    DENIED_LINES_MAX = 20,     // log lines about them in one second
};

// A request from its arrival to its answer.
struct pending {
    struct pending *next;
    uint64_t id;
    const struct request *rq; // the server's, until it is answered
    struct reply reply;
};

struct daemon {
    struct event_base *base;
    struct node_state *node;
    struct tls_domains *domains;
    struct server *server;
    struct sync_client *sync;
    struct spool *spool;
    struct witness_client *witnesses;
    struct head_timer *heads;
    struct card_client *cards;
    struct event *tick_event, *another, *timer, *upkeep;
    struct pending *waiting;       // arrived or woken: run in the next tick
    struct pending *held;          // long polls
    struct daemon_job *jobs;
    struct certificate_life certificates;
    struct clock_guard clock;
    bool restored; // the store was brought back: releases wait until an operator says that the policy is today's
    struct maintenance maintenance;
    struct contested contested;
    struct own_jobs own;
    uint64_t denied;               // refusals since the last audit event of them
    utc_ms denied_logged_at;
    char denied_why[200];          // of the last one
    utc_ms denied_second;          // the second of the last line about one, and how many it has
    unsigned denied_lines;
    bool stopping;
    enum status result;
};

// ---- queues

static void append(struct pending **list, struct pending *p)
{
    while (*list)
        list = &(*list)->next;
    p->next = NULL;
    *list = p;
}

static struct pending *take(struct pending **list, uint64_t id)
{
    for (; *list; list = &(*list)->next)
        if ((*list)->id == id) {
            struct pending *p = *list;
            *list = p->next;
            return p;
        }
    return NULL;
}

static size_t count(const struct pending *list)
{
    size_t n = 0;
    for (; list; list = list->next)
        n++;
    return n;
}

static void pending_free(struct pending *p)
{
    reply_fini(&p->reply);
    free(p);
}

static void want_tick(struct daemon *d)
{
    event_active(d->tick_event, 0, 0);
}

// After the connections were looked at: an event that activates itself would keep the loop from them.
static void want_another_tick(struct daemon *d)
{
    static const struct timeval at_once;
    event_add(d->another, &at_once);
}

void daemon_submit(struct daemon *d, struct daemon_job *j)
{
    struct daemon_job **list = &d->jobs;
    while (*list)
        list = &(*list)->next;
    j->next = NULL;
    *list = j;
    want_tick(d);
}

// Held requests of partners whose ledger grew, and those whose time is up, run again.
static void wake(struct daemon *d, const bool *grown, utc_ms now)
{
    for (struct pending **list = &d->held; *list;) {
        struct pending *p = *list;
        size_t partner = ruleset_partner_index(d->node->core.rules, p->rq->who.id);
        if ((partner < PARTNERS_MAX && grown[partner]) || now >= p->reply.hold_until || d->stopping) {
            *list = p->next;
            append(&d->waiting, p);
        } else {
            list = &p->next;
        }
    }
    if (d->waiting)
        want_tick(d);
}

// ---- events of the node's own life

static void submit_change(struct daemon *d, enum audit_kind kind, const char *change)
{
    life_event_submit(d, &(struct life_event){.kind = kind, .change = change});
}

static void submit_life(struct daemon *d, enum audit_kind kind)
{
    submit_change(d, kind, NULL);
}

// Count a refusal for the audit log. May it have a line of its own in the log? A flood of them must not fill that:
// the audit event says how many there were.
static bool count_denied(struct daemon *d, const char *why)
{
    utc_ms second = clock_now() / 1000;
    d->denied_lines = second == d->denied_second ? d->denied_lines + 1 : 1;
    d->denied_second = second;
    d->denied++;
    snprintf(d->denied_why, sizeof d->denied_why, "%s", why);
    for (char *c = d->denied_why; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '?'; // names in a stranger's certificate may hold anything; the audit log is XML
    want_tick(d);
    return d->denied_lines <= DENIED_LINES_MAX;
}

// A known principal asked for what is not for it (spec 5, `denied`).
static void note_forbidden(struct daemon *d, const struct request *rq)
{
    char who[80], why[160];
    snprintf(why, sizeof why, "%s: %.*s is not for it", principal_text(&rq->who, who),
             rq->head.path.len < 60 ? (int)rq->head.path.len : 60, (const char *)rq->head.path.ptr);
    if (count_denied(d, why))
        log_line(LOG_LEVEL_WARNING, "request-refused", "why", why, NULL);
}

// An attacker who is refused a thousand times a minute fills a line of the log, not the disk.
static void sum_up_denied(struct daemon *d, utc_ms now)
{
    if (d->denied == 0 || (!d->stopping && now < d->denied_logged_at + DENIED_EVERY_MS && now >= d->denied_logged_at))
        return;
    life_event_submit(d, &(struct life_event){.kind = AUDIT_DENIED, .denied = d->denied, .why = d->denied_why});
    d->denied = 0;
    d->denied_logged_at = now;
}

// ---- the clock

static void say_stepped(struct daemon *d)
{
    log_line(LOG_LEVEL_ERROR, "clock-stepped", "why", "the wall clock went apart from the boot-time clock, or before the last event",
             "do", "releases are stopped: set the clock right, then confirm with SIGUSR1", NULL);
    submit_change(d, AUDIT_CONFIG, "clock-stepped");
}

// The instant that ticks and answers go by.
static utc_ms guarded_now(struct daemon *d)
{
    bool stepped;
    utc_ms now = clock_guard_now(&d->clock, clock_now(), clock_boot_ms(), &stepped);
    if (stepped)
        say_stepped(d);
    return now;
}

static enum status start_clock(struct daemon *d)
{
    utc_ms known;
    TRY(store_last_event(d->node->core.db, &known));
    clock_guard_init(&d->clock, clock_now(), clock_boot_ms(), known);
    if (d->clock.stopped)
        say_stepped(d);
    return ST_OK;
}

bool daemon_releases(const struct daemon *d)
{
    return !d->clock.stopped && !d->restored;
}

void daemon_confirm(struct daemon *d)
{
    if (d->restored) {
        d->restored = false;
        log_line(LOG_LEVEL_WARNING, "restore-confirmed", "state", "releases go on", NULL);
        submit_change(d, AUDIT_RESTORE, "releases-confirmed");
    }
    if (!d->clock.stopped)
        return;
    clock_guard_confirm(&d->clock, clock_now(), clock_boot_ms());
    log_line(LOG_LEVEL_WARNING, "clock-confirmed", "state", "releases go on", NULL);
    submit_change(d, AUDIT_CONFIG, "clock-confirmed");
}

// ---- the tick

struct batch {
    struct daemon *d;
    utc_ms now;
    bool closed; // an activation is in it, which goes with no other request: they would be answered by the policy before
    struct tick_job jobs[TICK_JOBS_MAX];
    struct pending *pending[TICK_JOBS_MAX]; // NULL = external or the timer's
    struct daemon_job *external[TICK_JOBS_MAX];
    size_t count, requests;
};

// Answer a partner without running its request. False when nothing speaks against it.
static bool turn_away(struct daemon *d, struct pending *p, utc_ms now)
{
    if (!daemon_releases(d))
        reply_problem(&p->reply, 503, "not-now", "The feed cannot go on now", "Try again later.", NULL);
    else if (server_is_choked(d->server, p->id))
        reply_problem(&p->reply, 429, "too-much-at-once", "Too many large answers are waiting to be taken",
                      "Read the answers to the earlier requests first.", NULL);
    else
        return false;
    server_reply(d->server, p->id, &p->reply, NULL, now);
    pending_free(p);
    return true;
}

// Requests in this batch by the same partner.
static size_t partner_jobs(const struct batch *b, const struct principal *who)
{
    size_t n = 0;
    for (size_t i = 0; i < b->count; i++)
        n += b->pending[i] && b->pending[i]->rq->who.role == ROLE_PARTNER && !strcmp(b->pending[i]->rq->who.id, who->id);
    return n;
}

// Take requests from the queue into the batch, in order; a partner's beyond its share wait for the next one.
static void gather_requests(struct daemon *d, struct batch *b, utc_ms now)
{
    struct pending **at = &d->waiting;
    for (size_t looked = 0; *at && !b->closed && b->count < TICK_JOBS_MAX && looked < LOOK_MAX; looked++) {
        struct pending *p = *at;
        b->closed = route_activates(p->rq);
        if (b->closed && b->requests)
            return; // it is the first of the next one
        bool partner = p->rq->who.role == ROLE_PARTNER;
        if (partner && partner_jobs(b, &p->rq->who) >= PARTNER_JOBS_MAX) {
            at = &p->next;
            continue;
        }
        *at = p->next;
        if (partner && turn_away(d, p, now))
            continue;
        b->requests++;
        b->pending[b->count] = p;
        b->jobs[b->count++] = (struct tick_job){.request = p->rq, .reply = &p->reply};
    }
}

static void gather(struct daemon *d, struct batch *b, utc_ms now)
{
    own_jobs_begin(&d->own, &d->node->core, d->waiting != NULL, b->jobs);
    b->d = d;
    b->now = now;
    b->count = OWN_JOBS;
    while (d->jobs && b->count < TICK_JOBS_MAX / 2) {
        struct daemon_job *j = d->jobs;
        d->jobs = j->next;
        b->external[b->count] = j;
        b->jobs[b->count++] = j->job;
    }
    gather_requests(d, b, now);
    own_jobs_beside(&d->own, b->count - OWN_JOBS);
}

// Asked by work that nobody waits for, as often as it can stop.
static bool asked(void *ctx)
{
    struct daemon *d = ctx;
    if (!own_jobs_may_stop(&d->own))
        return false;
    bool connects = server_look(d->server);
    d->own.stopped |= connects || d->waiting;
    return d->own.stopped;
}

// Who asked while the tick ran is answered by its commit.
static size_t gather_late(void *ctx)
{
    struct batch *b = ctx;
    gather_requests(b->d, b, b->now);
    return b->count;
}

static void settle_request(struct daemon *d, struct pending *p, utc_ms now)
{
    if (p->reply.status == 0 && !d->stopping && now < p->reply.hold_until) {
        append(&d->held, p);
        return;
    }
    if (p->reply.status == 0)
        reply_problem(&p->reply, 503, "stopping", "The node is stopping", "Try again shortly.", NULL);
    if (p->reply.status == REPLY_GO_ON && !d->stopping) {
        server_go_on(d->server, p->id, now);
        pending_free(p);
        return;
    }
    if (p->reply.status == REPLY_GO_ON)
        reply_problem(&p->reply, 503, "stopping", "The node is stopping", "Go on with the upload when it is back.", NULL);
    if (p->reply.status == 403)
        note_forbidden(d, p->rq);
    if (p->rq->who.role == ROLE_PARTNER && (p->reply.status == 409 || p->reply.status == 410))
        contested_look(&d->contested, &d->node->core);
    server_reply(d->server, p->id, &p->reply, ruleset_digest(d->node->core.rules), now);
    pending_free(p);
}

static void plan_timer(struct daemon *d, utc_ms next, utc_ms now)
{
    for (const struct pending *p = d->held; p; p = p->next)
        if (p->reply.hold_until < next)
            next = p->reply.hold_until;
    int64_t ms = next <= now ? 0 : next - now;
    if (ms > TIMER_MAX_S * 1000)
        ms = TIMER_MAX_S * 1000;
    struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
    event_add(d->timer, &tv);
}

static void settle(struct daemon *d, struct batch *b, utc_ms now)
{
    for (size_t i = OWN_JOBS; i < b->count; i++) {
        if (b->pending[i]) {
            settle_request(d, b->pending[i], now);
            continue;
        }
        b->external[i]->job = b->jobs[i];
        b->external[i]->done(b->external[i]);
    }
}

// The store is gone from under us: nothing may be acknowledged from here on.
static void store_failed(struct daemon *d, enum status st)
{
    log_line(LOG_LEVEL_ERROR, "store-failed", "why", status_text(st), "do", "check the disk, then start reltod again", NULL);
    d->result = st;
    event_base_loopbreak(d->base);
}

static void on_tick(evutil_socket_t fd, short what, void *ctx)
{
    struct daemon *d = ctx;
    struct tick t;
    struct batch *b = calloc(1, sizeof *b);
    (void)fd, (void)what;
    if (!b) {
        d->result = ST_NOMEM;
        event_base_loopbreak(d->base);
        return;
    }
    utc_ms now = guarded_now(d);
    sum_up_denied(d, now);
    gather(d, b, now);
    const struct digest policy = *ruleset_digest(d->node->core.rules);
    struct tick_batch jobs = {.jobs = b->jobs, .count = b->count, .more = d->own.works ? gather_late : NULL, .ctx = b};
    enum status st = tick_run_batch(&d->node->core, now, &jobs, &t);
    if (own_jobs_end(&d->own, &d->node->core, b->jobs, now))
        want_another_tick(d);
    if (!digest_eq(&policy, ruleset_digest(d->node->core.rules))) {
        server_policy(d->server, ruleset_digest(d->node->core.rules));
        own_jobs_policy(&d->own);
        want_another_tick(d);
    }
    // The commit took its time: permits and certificates are asked about the instant of sending.
    settle(d, b, guarded_now(d));
    card_client_look(d->cards);
    if (st == ST_IO || st == ST_CORRUPT)
        store_failed(d, st);
    wake(d, t.grown, now);
    sync_client_grown(d->sync, t.grown);
    if (d->waiting || d->jobs)
        want_tick(d);
    plan_timer(d, d->own.next_instant, now);
    free(b);
    if (d->stopping && !d->waiting && !d->held)
        event_base_loopexit(d->base, NULL);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    static const bool nobody[PARTNERS_MAX];
    struct daemon *d = ctx;
    (void)fd, (void)what;
    wake(d, nobody, guarded_now(d));
    want_tick(d);
}

// Of its own timer: ticks put the other one off.
static void on_upkeep(evutil_socket_t fd, short what, void *ctx)
{
    struct daemon *d = ctx;
    uint32_t cleared = 0;
    (void)fd, (void)what;
    // A command that was killed leaves its snapshot behind, which would keep every old page from re-use.
    if (db_check_readers(d->node->core.db, &cleared) == ST_OK && cleared)
        log_line(LOG_LEVEL_WARNING, "readers-cleared", "why", "dead processes had left snapshots of the store open", NULL);
    contested_look(&d->contested, &d->node->core);
    certificate_life_look(&d->certificates, d->node->config, d->domains);
    enum status st = maintenance_look(&d->maintenance, d->node, clock_boot_ms());
    if (st != ST_OK)
        store_failed(d, st);
}

static void plan_upkeep(struct daemon *d)
{
    uint32_t every = d->node->config->erase_within_s / 4;
    const struct timeval tv = {.tv_sec = every < 1 ? 1 : every < UPKEEP_MAX_S ? every : UPKEEP_MAX_S};
    event_add(d->upkeep, &tv);
}

void daemon_compact(struct daemon *d)
{
    enum status st = d->stopping ? ST_OK : maintenance_compact(&d->maintenance, d->node, clock_boot_ms());
    if (st != ST_OK)
        store_failed(d, st);
}

// ---- the HTTPS service's calls

static void on_request(void *ctx, struct server *s, uint64_t id, const struct request *rq)
{
    struct daemon *d = ctx;
    struct pending *p = calloc(1, sizeof *p);
    if (!p) {
        struct reply rp;
        reply_init(&rp);
        reply_problem(&rp, 503, "busy", "The node is out of memory", "Try again later.", NULL);
        server_reply(s, id, &rp, ruleset_digest(d->node->core.rules), clock_now());
        reply_fini(&rp);
        return;
    }
    p->id = id;
    p->rq = rq;
    reply_init(&p->reply);
    append(&d->waiting, p);
    own_jobs_asked(&d->own);
    want_tick(d);
}

static bool on_streams(void *ctx, const struct principal *who, const struct http_head *head)
{
    (void)ctx;
    return route_streams(who, head);
}

static void on_gone(void *ctx, uint64_t id)
{
    struct daemon *d = ctx;
    struct pending *p = take(&d->waiting, id);
    if (!p)
        p = take(&d->held, id);
    if (p)
        pending_free(p);
}

static void on_plain(void *ctx, const struct http_head *head, struct reply *rp)
{
    struct daemon *d = ctx;
    rp->status = 200;
    rp->content_type = "text/plain; charset=utf-8";
    if (span_eq_cstr(head->path, "/healthz") || span_eq_cstr(head->path, "/readyz")) {
        bool ready = span_eq_cstr(head->path, "/readyz");
        if (ready && contested_list(&d->node->core, &rp->body) != ST_OK)
            buf_puts(&rp->body, "the store cannot be read\n");
        if (rp->body.len) {
            rp->status = 503;
        } else if (d->stopping) {
            rp->status = 503;
            buf_puts(&rp->body, "stopping\n");
        } else if (ready && d->clock.stopped) {
            rp->status = 503;
            buf_puts(&rp->body, "the clock was stepped: releases are stopped until SIGUSR1\n");
        } else if (ready && d->restored) {
            rp->status = 503;
            buf_puts(&rp->body, "the store is a backup: activate today's policy; releases are stopped until SIGUSR1\n");
        } else {
            buf_puts(&rp->body, "ok\n");
        }
    } else if (span_eq_cstr(head->path, "/metrics")) {
        rp->content_type = METRICS_MEDIA_TYPE;
        struct metrics_moment m = {.now = clock_now(), .life = &d->certificates, .domains = d->domains,
                                   .connections = server_connections(d->server), .held = count(d->held)};
        if (metrics_write(&d->node->core, &m, &rp->body) != ST_OK)
            reply_problem(rp, 500, "internal", "The metrics cannot be read", NULL, NULL);
    } else {
        reply_problem(rp, 404, "not-found", "Nothing here", "There is /metrics, /healthz and /readyz.", NULL);
    }
}

static void on_denied(void *ctx, const char *address, const char *why)
{
    if (count_denied(ctx, why))
        log_line(LOG_LEVEL_WARNING, "connection-refused", "address", address, "why", why, NULL);
}

// ---- start, reload, stop

// What does not stop the node and will yet be missed: revocation lists that are named and not there.
static void log_warnings(const struct diag *diag)
{
    for (uint32_t i = 0; i < diag->count; i++)
        log_line(LOG_LEVEL_WARNING, "file-missing", "where", diag->faults[i].element, "why", diag->faults[i].message, NULL);
}

static enum status write_address(struct daemon *d, struct diag *diag)
{
    char path[1024], text[256];
    const char *plain = server_metrics_address(d->server);
    snprintf(path, sizeof path, "%s/run", d->node->config->dir);
    if (mkdir(path, 0755) != 0 && errno != EEXIST) {
        diag_add(diag, 0, 0, "folder", path, "cannot make: %s", strerror(errno));
        return ST_IO;
    }
    snprintf(path, sizeof path, "%s/run/address", d->node->config->dir);
    snprintf(text, sizeof text, "%s\n", server_address(d->server));
    TRY(file_write(path, span_cstr(text), 0644, diag));
    snprintf(path, sizeof path, "%s/run/metrics", d->node->config->dir);
    snprintf(text, sizeof text, "%s\n", plain ? plain : "");
    return file_write(path, span_cstr(text), 0644, diag);
}

static enum status start(struct daemon *d, struct diag *diag)
{
    struct server_handler h = {.ctx = d, .on_request = on_request, .streams = on_streams, .on_gone = on_gone, .on_plain = on_plain,
                               .on_denied = on_denied};
    d->tick_event = event_new(d->base, -1, 0, on_tick, d);
    d->timer = event_new(d->base, -1, 0, on_timer, d);
    d->upkeep = event_new(d->base, -1, EV_PERSIST, on_upkeep, d);
    d->another = event_new(d->base, -1, 0, on_tick, d);
    d->node->core.asked = asked;
    d->node->core.asked_ctx = d;
    if (!d->tick_event || !d->another || !d->timer || !d->upkeep)
        return ST_NOMEM;
    TRY(start_clock(d));
    TRY(store_is_restored(d->node->core.db, &d->restored));
    event_priority_set(d->another, 1);
    event_priority_set(d->tick_event, 1); // after all input of a loop iteration: one commit for many requests
    TRY(tls_domains_load(d->node->config, diag, &d->domains));
    TRY(server_new(d->base, d->node->config, d->domains, &h, diag, &d->server));
    TRY(write_address(d, diag));
    certificate_life_read(&d->certificates, d->node->config, d->domains);
    submit_life(d, AUDIT_START);
    plan_upkeep(d);
    TRY(spool_check(d->node->config, diag));
    TRY(spool_new(d->base, d->node, d, &d->spool));
    TRY(head_timer_new(d->base, d, &d->heads));
    TRY(witness_client_new(d->base, d->node, d->domains, d, &d->witnesses));
    TRY(card_client_new(d->base, d->node, d->domains, d, &d->cards));
    return sync_client_new(d->base, d->node, d->domains, d, diag, &d->sync);
}

enum status daemon_new(struct event_base *base, struct node_state *node, struct diag *diag, struct daemon **ret)
{
    struct daemon *d = calloc(1, sizeof *d);
    if (!d)
        return ST_NOMEM;
    d->base = base;
    d->node = node;
    enum status st = start(d, diag);
    if (st != ST_OK) {
        daemon_free(&d);
        return st;
    }
    log_warnings(diag);
    store_tell_new(d->node->core.db, node->config->store_path);
    log_line(LOG_LEVEL_INFO, "started", "node", node->core.node_name, "address", server_address(d->server), NULL);
    *ret = d;
    return ST_OK;
}

static void free_list(struct pending *p)
{
    while (p) {
        struct pending *next = p->next;
        pending_free(p);
        p = next;
    }
}

void daemon_free(struct daemon **d)
{
    if (!*d)
        return;
    struct daemon *x = *d;
    sync_client_free(&x->sync);
    spool_free(&x->spool);
    witness_client_free(&x->witnesses);
    head_timer_free(&x->heads);
    card_client_free(&x->cards);
    server_free(&x->server);
    tls_domains_free(&x->domains);
    free_list(x->waiting);
    free_list(x->held);
    if (x->tick_event)
        event_free(x->tick_event);
    if (x->another)
        event_free(x->another);
    if (x->timer)
        event_free(x->timer);
    if (x->upkeep)
        event_free(x->upkeep);
    free(x);
    *d = NULL;
}

// Configuration, cards or domains are new.
static void use_parts(struct daemon *d, struct tls_domains *domains)
{
    struct tls_domains *old = d->domains;
    d->domains = domains;
    sync_client_reload(d->sync, domains);
    plan_upkeep(d);
    witness_client_reload(d->witnesses, domains);
    card_client_reload(d->cards, domains);
    head_timer_reload(d->heads);
    tls_domains_free(&old);
    certificate_life_read(&d->certificates, d->node->config, d->domains);
}

// What the files say of who is let in, from here on.
static enum status load_domains(struct daemon *d, const struct config *c, struct diag *diag, struct tls_domains **ret)
{
    TRY(tls_domains_load(c, diag, ret));
    enum status st = server_reload(d->server, c, *ret, diag);
    if (st != ST_OK)
        tls_domains_free(ret);
    return st;
}

// The order matters: nobody may use the old parts when they are freed.
static enum status reload(struct daemon *d, struct diag *diag)
{
    struct node_state *fresh;
    struct tls_domains *domains;
    TRY(node_open(d->node->config->dir, NODE_PARTS, diag, &fresh));
    enum status st = spool_check(fresh->config, diag);
    if (st == ST_OK)
        st = load_domains(d, fresh->config, diag, &domains);
    if (st == ST_OK) {
        node_swap_parts(d->node, fresh);
        use_parts(d, domains);
        submit_life(d, AUDIT_CONFIG);
    }
    node_close(&fresh);
    return st;
}

static enum status use_card(struct daemon *d, const char *partner, struct diag *diag)
{
    struct peer *fresh, **place = d->node->core.peers;
    struct tls_domains *domains;
    const struct config_partner *conf = config_partner_of(d->node->config, partner);
    const struct peer *held = core_peer(&d->node->core, partner);
    if (!conf || !held)
        return ST_NOT_FOUND;
    while (*place != held)
        place++;
    TRY(peer_load(conf, diag, &fresh));
    enum status st = load_domains(d, d->node->config, diag, &domains);
    if (st == ST_OK) {
        struct peer *old = *place;
        *place = fresh;
        fresh = old;
        use_parts(d, domains);
        life_event_submit(d, &(struct life_event){.kind = AUDIT_CONFIG, .change = "partner-card", .partner = partner});
    }
    peer_free(&fresh);
    return st;
}

enum status daemon_use_card(struct daemon *d, const char *partner)
{
    struct diag *diag = malloc(sizeof *diag);
    if (!diag)
        return ST_NOMEM;
    diag_init(diag, NULL);
    enum status st = use_card(d, partner, diag);
    if (st != ST_OK)
        log_line(LOG_LEVEL_ERROR, "card-unused", "partner", partner, "why", diag->count ? diag->faults[0].message : status_text(st),
                 "do", "mend that, then 'relto reload'", NULL);
    free(diag);
    return st;
}

// In the log, for people; in the audit log, for the command that waits for it.
static void tell_refused(struct daemon *d, const struct diag *diag, enum status st)
{
    char place[DIAG_PLACE_MAX], all[LIFE_WHY_MAX];
    const char *why = diag->count ? diag->faults[0].message : status_text(st);
    diag_place(diag, place);
    log_line(LOG_LEVEL_ERROR, "reload-refused", "why", why, "where", place, "state", "the old configuration stays in force", NULL);
    snprintf(all, sizeof all, "%s%s%s", place, *place ? ": " : "", why);
    life_event_submit(d, &(struct life_event){.kind = AUDIT_CONFIG, .change = LIFE_RELOAD_REFUSED, .why = all});
}

void daemon_reload(struct daemon *d)
{
    struct diag *diag = malloc(sizeof *diag);
    if (!diag)
        return;
    diag_init(diag, NULL);
    enum status st = reload(d, diag);
    if (st == ST_OK) {
        log_line(LOG_LEVEL_INFO, "reloaded", NULL);
        log_warnings(diag);
    } else {
        tell_refused(d, diag, st);
    }
    free(diag);
}

void daemon_stop(struct daemon *d)
{
    static const bool nobody[PARTNERS_MAX];
    if (d->stopping)
        return;
    log_line(LOG_LEVEL_INFO, "stopping", NULL);
    d->stopping = true;
    server_stop_accepting(d->server);
    sync_client_stop(d->sync);
    spool_stop(d->spool);
    witness_client_stop(d->witnesses);
    head_timer_stop(d->heads);
    card_client_stop(d->cards);
    submit_life(d, AUDIT_STOP);
    wake(d, nobody, guarded_now(d));
    const struct timeval limit = {.tv_sec = SHUTDOWN_MAX_S - 1};
    event_base_loopexit(d->base, &limit);
}

enum status daemon_result(const struct daemon *d)
{
    return d->result;
}
