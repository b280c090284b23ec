// One loop per partner: look up the cursor -> ask for a page -> apply it in a tick -> send the receipt, ask again.
// Receipts have a connection of their own, so that a held poll and a receipt never wait for each other.
#include "node/io/sync_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/problem.h"
#include "node/core/feed_flow.h"
#include "node/core/sync.h"
#include "node/io/backoff.h"
#include "node/io/clock.h"
#include "node/io/log.h"
#include "node/io/push_client.h"
#include "node/io/sync_attach.h"
#include "node/io/sync_client_net.h"
#include "node/io/sync_consent.h"

enum {
    WHY_MAX = 256,
    PATH_TEXT = 512, // of a feed with a cursor, of at most 200 bytes
    ANSWER_MAX = 64 * 1024,
    PAGE_KEEP_MAX = 1024 * 1024,
    HOURS_LOOK_MS = 60000,
    PAGE_ENTRIES_MIN = 8, PAGE_ENTRIES_FIRST = 32, // up to FEED_PAGE_ENTRIES_DEFAULT, as the link allows
    PAGE_QUICK_MS = 3000, // a page that came sooner may be twice as long the next time; one that took longer than that, half
    PAGE_SLOW_MS = 8000,
    HELD_MS = 1000, // an answer that took so long was held for us: asking again at once costs little
};

// What a loop is doing now.
enum sync_doing {
    SYNC_READING,  // looking up where to go on
    SYNC_ASKING,   // a request for a page is under way (or held by the partner: nothing new)
    SYNC_APPLYING, // a page waits for its commit
    SYNC_BACKOFF,  // the last try failed; the next comes at `again_at`
    SYNC_CLOSED,   // outside its hours
    SYNC_PACED,    // its answers lead nowhere: the next question comes at `again_at`
    SYNC_FORKED,   // stopped: the partner's ledger contradicts itself
};
struct sync_status {
    char partner[65];
    enum sync_doing doing;
    uint32_t failures; // in a row
    utc_ms again_at;   // SYNC_BACKOFF, SYNC_PACED, SYNC_FORKED: when it is looked at again
    uint64_t pages, reports, quarantined, receipts; // since start
    char error[256];   // of the last failure; "" after a success
};

enum work { WORK_LOOK, WORK_APPLY, WORK_RESTART, WORK_FAILED };

struct pull {
    struct pull *next;
    struct sync_client *client;
    struct sync_status status;
    bool gone; // no longer a partner to pull from: freed when no job holds it
    struct transfers *net;
    struct event *again, *receipt_again; // back-off timers
    struct event *hours_again;           // when its hours begin or end
    struct hours hours;
    bool closed;                         // outside them: no connections
    struct transfer *get, *post;

    struct daemon_job job; // one at a time: look, apply, restart, failed
    bool job_busy;
    enum work work;
    struct buf page;       // to apply
    struct buf path;       // to ask next
    uint32_t entries_max;  // of a page: what breaks on the way is asked again whole
    bool more, forked;     // what the job found
    size_t reports, quarantined, entries;
    uint64_t end;          // position behind the page
    uint64_t seen;         // behind the last page that led on
    int64_t asked_at;      // monotonic
    bool asked_held;       // the partner may keep us waiting
    uint32_t idle;         // answers in a row that came at once and led nowhere
    uint32_t restarts;     // since the last answer that led on, or was held
    enum status page_status;
    char why[WHY_MAX];
    struct diag *diag;

    struct daemon_job receipt_job;
    bool receipt_job_busy;
    struct buf receipt, sending; // waiting for its turn; under way
    uint64_t receipt_size, sending_size;
    uint32_t receipt_failures;

    struct attach_fetcher *attachments;
    struct consent_asker *consents;
};

struct sync_client {
    struct event_base *base;
    struct node_state *node;
    struct tls_domains *domains;
    struct daemon *daemon;
    struct pull *pulls;
    struct push_client *pushes;
    bool stopped;
};

static bool is_off(const struct pull *p)
{
    return p->client->stopped || p->gone;
}

// May it use the network?
static bool is_silent(const struct pull *p)
{
    return is_off(p) || p->closed;
}

// ---- waiting

static void arm(struct event *timer, uint32_t ms)
{
    const struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
    event_add(timer, &tv);
}

static void wait_ms(struct pull *p, enum sync_doing doing, uint32_t ms)
{
    p->status.doing = doing;
    p->status.again_at = clock_now() + ms;
    arm(p->again, ms);
}

static void wait_again(struct pull *p, enum sync_doing doing)
{
    wait_ms(p, doing, doing == SYNC_FORKED ? p->client->node->config->retry_max_ms : backoff_ms(p->client->node, p->status.failures));
}

// ---- work inside ticks. A tick may run these twice: each begins anew.

static enum status look(struct tick *t, struct pull *p)
{
    const char *id = p->status.partner;
    uint64_t size;
    buf_reset(&p->path);
    buf_reset(&p->receipt);
    enum status st = sync_next_path(t, id, &p->path);
    p->forked = st == ST_BAD_PROOF;
    if (st != ST_OK)
        return p->forked ? ST_OK : st;
    TRY(sync_receipt_due(t, id, &p->receipt, &size));
    p->receipt_size = size;
    return ST_OK;
}

static void explain_refusal(struct pull *p)
{
    const struct fault *f = p->diag->count ? &p->diag->faults[0] : NULL;
    snprintf(p->why, sizeof p->why, "page refused: %.*s", WHY_MAX - 16, f ? f->message : status_text(p->page_status));
}

static enum status apply(struct tick *t, struct pull *p)
{
    const char *id = p->status.partner;
    struct sync_result r;
    diag_init(p->diag, NULL);
    p->page_status = sync_apply_page(t, id, buf_bytes(&p->page), p->diag, &r);
    enum status st = p->page_status;
    if (st == ST_OK) {
        p->more = r.more;
        p->receipt_size = r.size;
        buf_fini(&p->receipt);
        p->receipt = r.cosignature;
        r.cosignature = (struct buf){0};
        p->reports = r.reports;
        p->quarantined = r.quarantined;
        p->entries = r.entries;
        p->end = r.end;
        buf_reset(&p->path);
        st = sync_next_path(t, id, &p->path);
    } else if (sync_is_refusal(st)) {
        explain_refusal(p);
        buf_reset(&p->path);
        st = sync_next_path(t, id, &p->path);
        p->forked = st == ST_BAD_PROOF;
        st = p->forked ? ST_OK : sync_failed(t, id, p->why);
    }
    sync_result_fini(&r);
    return st;
}

static enum status restart(struct tick *t, struct pull *p)
{
    TRY(sync_restart(t, p->status.partner));
    return look(t, p);
}

static enum status run_job(struct tick *t, struct tick_job *job)
{
    struct pull *p = job->ctx;
    p->forked = p->more = false;
    p->page_status = ST_OK;
    switch (p->work) {
    case WORK_LOOK:
        return look(t, p);
    case WORK_APPLY:
        return apply(t, p);
    case WORK_RESTART:
        return restart(t, p);
    case WORK_FAILED:
        return sync_failed(t, p->status.partner, p->why);
    }
    return ST_OK;
}

static void submit(struct pull *p, enum work work)
{
    p->work = work;
    p->job_busy = true;
    p->job.job.st = ST_OK;
    daemon_submit(p->client->daemon, &p->job);
}

// ---- failures

// Note a failure (visible in the store too) and wait; `why` may be p->why.
static void fail(struct pull *p, const char *why, bool stored)
{
    if (why != p->why)
        snprintf(p->why, sizeof p->why, "%s", why);
    snprintf(p->status.error, sizeof p->status.error, "%s", p->why);
    p->status.failures++;
    log_line(LOG_LEVEL_WARNING, "sync-failed", "partner", p->status.partner, "why", p->why, NULL);
    if (stored)
        wait_again(p, SYNC_BACKOFF);
    else
        submit(p, WORK_FAILED); // the timer is set when it is done
}

static void stop_forked(struct pull *p)
{
    if (p->status.doing != SYNC_FORKED)
        log_line(LOG_LEVEL_ERROR, "log-fork", "partner", p->status.partner, "why", p->why, "do",
                 "compare both ledgers with the partner's operator; nothing is taken from it until then", NULL);
    wait_again(p, SYNC_FORKED);
}

// What a refusal's problem document says, bounded; `ret_type` gets its type.
static void describe_answer(const struct transfer_answer *a, char why[WHY_MAX], char type[64])
{
    struct problem *problem = calloc(1, sizeof *problem);
    type[0] = 0;
    if (a->status == 0)
        snprintf(why, WHY_MAX, "%s", a->error);
    else if (!problem || problem_read(a->body, problem) != ST_OK)
        snprintf(why, WHY_MAX, "the partner answered %d", a->status);
    else {
        snprintf(why, WHY_MAX, "the partner answered %d: %s", a->status, problem->title);
        snprintf(type, 64, "%s", problem->type);
    }
    free(problem);
}

// ---- receipts

static enum status run_receipt_job(struct tick *t, struct tick_job *job)
{
    struct pull *p = job->ctx;
    return sync_receipt_sent(t, p->status.partner, p->sending_size);
}

static void pull_free_if_gone(struct pull *p);
static void send_receipt(struct pull *p);

static void receipt_done(struct daemon_job *j)
{
    struct pull *p = j->job.ctx;
    p->receipt_job_busy = false;
    if (j->job.st == ST_OK)
        p->status.receipts++;
    if (is_off(p))
        pull_free_if_gone(p);
    else
        send_receipt(p); // a newer one may wait
}

static void on_receipt(void *ctx, const struct transfer_answer *a)
{
    struct pull *p = ctx;
    char why[WHY_MAX], type[64];
    p->post = NULL;
    describe_answer(a, why, type);
    if ((a->status >= 200 && a->status < 300) || strstr(type, "receipt-older")) {
        p->receipt_failures = 0;
        p->receipt_job_busy = true;
        buf_reset(&p->sending);
        daemon_submit(p->client->daemon, &p->receipt_job);
        return;
    }
    p->receipt_failures++;
    log_line(LOG_LEVEL_WARNING, "receipt-failed", "partner", p->status.partner, "why", why, NULL);
    arm(p->receipt_again, backoff_ms(p->client->node, p->receipt_failures));
}

// Send the newest receipt, unless one is under way: then it follows.
static void send_receipt(struct pull *p)
{
    if (is_silent(p) || !p->net || p->post || p->receipt_job_busy)
        return;
    if (p->receipt.len) {
        struct buf old = p->sending;
        p->sending = p->receipt;
        p->sending_size = p->receipt_size;
        p->receipt = old;
        buf_reset(&p->receipt);
    }
    const struct transfer_ask ask = {.path = "/v1/feed/cosignature", .post = buf_bytes(&p->sending),
                                     .body_max = ANSWER_MAX, .done = on_receipt, .ctx = p};
    if (p->sending.len && transfer_start(p->net, &ask, &p->post) != ST_OK)
        arm(p->receipt_again, backoff_ms(p->client->node, ++p->receipt_failures));
}

static void on_receipt_again(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd, (void)what;
    send_receipt(ctx);
}

// ---- pages

// Pages as long as the link carries in a few seconds: what breaks on the way is asked again whole.
static void suit_page(struct pull *p, bool came)
{
    int64_t took = clock_monotonic_ms() - p->asked_at;
    if (p->asked_held)
        return; // nobody was in a hurry
    if (!came || took > PAGE_SLOW_MS)
        p->entries_max = p->entries_max / 2 > PAGE_ENTRIES_MIN ? p->entries_max / 2 : PAGE_ENTRIES_MIN;
    else if (took < PAGE_QUICK_MS)
        p->entries_max = p->entries_max * 2 < FEED_PAGE_ENTRIES_DEFAULT ? p->entries_max * 2 : FEED_PAGE_ENTRIES_DEFAULT;
}

static void on_page(void *ctx, const struct transfer_answer *a)
{
    struct pull *p = ctx;
    char type[64];
    p->get = NULL;
    if (a->status == 200 || a->status == 0)
        suit_page(p, a->status == 200);
    if (a->status == 200) {
        p->status.doing = SYNC_APPLYING;
        buf_reset(&p->page);
        buf_span(&p->page, a->body);
        if (buf_status(&p->page) == ST_OK)
            submit(p, WORK_APPLY);
        else
            fail(p, status_text(buf_status(&p->page)), false);
        return;
    }
    if (a->status == 410) {
        p->restarts++;
        p->seen = 0;
        log_line(LOG_LEVEL_WARNING, "sync-restart", "partner", p->status.partner, "why",
                 "the partner does not know our cursor: starting from the beginning of its ledger", NULL);
        submit(p, WORK_RESTART);
        return;
    }
    describe_answer(a, p->why, type);
    fail(p, p->why, false);
}

static void ask_page(struct pull *p)
{
    if (is_silent(p))
        return;
    uint32_t wait = p->client->node->config->poll_wait_s;
    if (wait > FEED_WAIT_MAX_S)
        wait = FEED_WAIT_MAX_S;
    // The first question after a start or a failure is not held: its answer shows at once that all is well again.
    if (p->more || p->status.failures || p->status.pages == 0)
        wait = 0;
    char path[PATH_TEXT];
    const char *base = buf_cstr(&p->path);
    snprintf(path, sizeof path, "%s%climit=%u", base, strchr(base, '?') ? '&' : '?', (unsigned)p->entries_max);
    const struct transfer_ask ask = {.path = path, .wait_s = wait, .body_max = FEED_DOCUMENT_BYTES_MAX, .done = on_page, .ctx = p};
    p->status.doing = SYNC_ASKING;
    p->asked_at = clock_monotonic_ms();
    p->asked_held = wait > 0;
    enum status st = p->net ? transfer_start(p->net, &ask, &p->get) : ST_NOMEM;
    if (st != ST_OK)
        fail(p, status_text(st), false);
}

// A page was applied: what now? A partner that does not hold our questions, tells the same again and again, or has us
// start over and over is asked ever more seldom. Otherwise it would set our pace: its own network's, a commit for each.
static void go_on(struct pull *p)
{
    bool leads_on = p->entries > 0 || (p->more && p->end > p->seen); // new, or read again after a restart
    bool held = clock_monotonic_ms() - p->asked_at >= HELD_MS;
    p->idle = leads_on || held ? 0 : p->idle + 1;
    if (p->entries > 0 || held)
        p->restarts = 0;
    if (p->end > p->seen)
        p->seen = p->end;
    if (p->idle <= 1) // the first question after a start is not held
        ask_page(p);
    else
        wait_ms(p, SYNC_PACED, backoff_ms(p->client->node, p->idle - 1));
}

static void job_done(struct daemon_job *j)
{
    struct pull *p = j->job.ctx;
    p->job_busy = false;
    if (p->page.cap > PAGE_KEEP_MAX) {
        buf_fini(&p->page);
        buf_init(&p->page, FEED_DOCUMENT_BYTES_MAX);
    }
    if (is_off(p)) {
        pull_free_if_gone(p);
        return;
    }
    if (j->job.st != ST_OK) {
        fail(p, status_text(j->job.st), true); // the store cannot even take the failure's note
    } else if (p->work == WORK_FAILED) {
        wait_again(p, SYNC_BACKOFF);
    } else if (p->forked) {
        stop_forked(p);
    } else if (p->page_status != ST_OK) {
        fail(p, p->why, true); // apply() stored it
    } else {
        if (p->work == WORK_APPLY) {
            p->status.failures = 0;
            p->status.error[0] = 0;
            p->status.pages++;
            p->status.reports += p->reports;
            p->status.quarantined += p->quarantined;
            if (p->entries)
                attach_fetcher_look(p->attachments);
        }
        if (p->receipt.len)
            send_receipt(p);
        if (p->closed)
            return; // what comes next is asked when its hours begin
        if (p->work == WORK_APPLY)
            go_on(p);
        else if (p->work == WORK_RESTART && p->restarts > 1)
            wait_ms(p, SYNC_PACED, backoff_ms(p->client->node, p->restarts - 1));
        else
            ask_page(p);
    }
}

static void on_again(evutil_socket_t fd, short what, void *ctx)
{
    struct pull *p = ctx;
    (void)fd, (void)what;
    if (is_silent(p) || p->job_busy || p->get)
        return;
    if (p->status.doing != SYNC_FORKED)
        p->status.doing = SYNC_READING;
    submit(p, WORK_LOOK);
}

// ---- loops

static void pull_free(struct pull *p)
{
    transfers_free(&p->net);
    attach_fetcher_free(&p->attachments);
    consent_asker_free(&p->consents);
    if (p->again)
        event_free(p->again);
    if (p->receipt_again)
        event_free(p->receipt_again);
    if (p->hours_again)
        event_free(p->hours_again);
    buf_fini(&p->page);
    buf_fini(&p->path);
    buf_fini(&p->receipt);
    buf_fini(&p->sending);
    free(p->diag);
    free(p);
}

static void pull_free_if_gone(struct pull *p)
{
    if (!p->gone || p->job_busy || p->receipt_job_busy || attach_fetcher_is_busy(p->attachments) ||
        consent_asker_is_busy(p->consents))
        return;
    struct pull **list = &p->client->pulls;
    while (*list && *list != p)
        list = &(*list)->next;
    if (*list)
        *list = p->next;
    pull_free(p);
}

// Go on with fresh connections.
static enum status pull_connect(struct pull *p)
{
    const struct config *c = p->client->node->config;
    const struct peer *peer = core_peer(&p->client->node->core, p->status.partner);
    const struct config_partner *conf = config_partner_of(c, p->status.partner);
    struct transfer_peer to = {.id = p->status.partner, .config = c, .domains = p->client->domains};
    to.address = conf && conf->address ? conf->address : peer ? peer->card.address : "";
    to.compression = conf && conf->compression;
    to.bytes_per_s = conf ? conf->fetch_rate : 0;
    transfers_free(&p->net);
    p->get = p->post = NULL;
    enum status st = transfers_new(p->client->base, &to, &p->net);
    attach_fetcher_connect(p->attachments, p->net);
    consent_asker_connect(p->consents, p->net);
    TRY(st);
    p->status.failures = p->receipt_failures = 0;
    if (!p->job_busy) {
        event_del(p->again);
        submit(p, WORK_LOOK);
    }
    return ST_OK;
}

// Its hours have ended: break off what is under way. A page that waits for its commit is still applied.
static void pull_disconnect(struct pull *p)
{
    transfers_free(&p->net);
    p->get = p->post = NULL;
    attach_fetcher_connect(p->attachments, NULL);
    consent_asker_connect(p->consents, NULL);
    event_del(p->again);
    event_del(p->receipt_again);
    p->status.doing = SYNC_CLOSED;
}

// Connect, afresh if there are connections already, or be silent, as the hour has it. The wall clock may be stepped: it
// is looked at every minute.
static enum status pull_keep_hours(struct pull *p)
{
    int64_t left;
    bool open = hours_open(&p->hours, clock_now(), &left), was_closed = p->closed;
    p->closed = !open;
    if (left < INT64_MAX)
        arm(p->hours_again, (uint32_t)(left < HOURS_LOOK_MS ? left : HOURS_LOOK_MS));
    if (open)
        return pull_connect(p);
    pull_disconnect(p);
    if (!was_closed)
        log_line(LOG_LEVEL_INFO, "sync-closed", "partner", p->status.partner, "why", "its hours have ended", NULL);
    return ST_OK;
}

static void on_hours(evutil_socket_t fd, short what, void *ctx)
{
    struct pull *p = ctx;
    int64_t left;
    (void)fd, (void)what;
    if (is_off(p))
        return;
    if (hours_open(&p->hours, clock_now(), &left) != p->closed) { // as it was
        arm(p->hours_again, (uint32_t)(left < HOURS_LOOK_MS ? left : HOURS_LOOK_MS));
        return;
    }
    enum status st = pull_keep_hours(p);
    if (st != ST_OK)
        log_line(LOG_LEVEL_ERROR, "sync-failed", "partner", p->status.partner, "why", status_text(st), NULL);
}

// Begin, or go on after a reload.
static enum status pull_start(struct pull *p)
{
    const struct config_partner *conf = config_partner_of(p->client->node->config, p->status.partner);
    event_del(p->hours_again);
    p->hours = conf ? conf->hours : (struct hours){0};
    return pull_keep_hours(p);
}

static void part_idle(void *ctx)
{
    pull_free_if_gone(ctx);
}

static enum status pull_new(struct sync_client *s, const char *partner)
{
    struct pull *p = calloc(1, sizeof *p);
    if (!p)
        return ST_NOMEM;
    p->client = s;
    p->entries_max = PAGE_ENTRIES_FIRST;
    snprintf(p->status.partner, sizeof p->status.partner, "%s", partner);
    p->job = (struct daemon_job){.job = {.run = run_job, .ctx = p}, .done = job_done};
    p->receipt_job = (struct daemon_job){.job = {.run = run_receipt_job, .ctx = p}, .done = receipt_done};
    p->again = event_new(s->base, -1, 0, on_again, p);
    p->receipt_again = event_new(s->base, -1, 0, on_receipt_again, p);
    p->hours_again = event_new(s->base, -1, 0, on_hours, p);
    p->diag = malloc(sizeof *p->diag);
    buf_init(&p->page, FEED_DOCUMENT_BYTES_MAX);
    buf_init(&p->path, SYNC_PATH_MAX);
    buf_init(&p->receipt, FEED_RECEIPT_BYTES_MAX);
    buf_init(&p->sending, FEED_RECEIPT_BYTES_MAX);
    enum status st = attach_fetcher_new(s->base, s->node, s->daemon, partner, part_idle, p, &p->attachments);
    if (st == ST_OK)
        st = consent_asker_new(s->base, s->node, s->daemon, partner, part_idle, p, &p->consents);
    if (st == ST_OK)
        st = p->again && p->receipt_again && p->hours_again && p->diag ? pull_start(p) : ST_NOMEM;
    if (st != ST_OK) {
        pull_free(p);
        return st;
    }
    p->next = s->pulls;
    s->pulls = p;
    return ST_OK;
}

static struct pull *pull_of(struct sync_client *s, const char *partner)
{
    for (struct pull *p = s->pulls; p; p = p->next)
        if (!p->gone && strcmp(p->status.partner, partner) == 0)
            return p;
    return NULL;
}

enum status sync_client_new(struct event_base *base, struct node_state *node, struct tls_domains *domains,
                            struct daemon *daemon, struct diag *d, struct sync_client **ret)
{
    struct sync_client *s = calloc(1, sizeof *s);
    if (!s)
        return ST_NOMEM;
    *s = (struct sync_client){.base = base, .node = node, .domains = domains, .daemon = daemon};
    for (size_t i = 0; i < node->core.peer_count; i++) {
        const struct peer *peer = node->core.peers[i];
        enum status st = peer->pull ? pull_new(s, peer->id) : ST_OK;
        if (st != ST_OK) {
            diag_add(d, 0, 0, "sync", peer->id, "its feed cannot be pulled: %s", status_text(st));
            sync_client_free(&s);
            return st;
        }
    }
    enum status st = push_client_new(base, node, domains, daemon, &s->pushes);
    if (st != ST_OK) {
        diag_add(d, 0, 0, "sync", "push", "our feed cannot be pushed: %s", status_text(st));
        sync_client_free(&s);
        return st;
    }
    *ret = s;
    return ST_OK;
}

void sync_client_reload(struct sync_client *s, struct tls_domains *domains)
{
    struct core *core = &s->node->core;
    s->domains = domains;
    push_client_reload(s->pushes, domains);
    for (struct pull *p = s->pulls, *next; p; p = next) {
        const struct peer *peer = core_peer(core, p->status.partner);
        next = p->next;
        p->gone |= !peer || !peer->pull;
        enum status st = p->gone ? ST_OK : pull_start(p);
        if (st != ST_OK)
            log_line(LOG_LEVEL_ERROR, "sync-failed", "partner", p->status.partner, "why", status_text(st), NULL);
        if (p->gone) {
            attach_fetcher_stop(p->attachments);
            consent_asker_stop(p->consents);
            transfers_free(&p->net);
        }
        pull_free_if_gone(p);
    }
    for (size_t i = 0; i < core->peer_count; i++)
        if (core->peers[i]->pull && !pull_of(s, core->peers[i]->id) && pull_new(s, core->peers[i]->id) != ST_OK)
            log_line(LOG_LEVEL_ERROR, "sync-failed", "partner", core->peers[i]->id, "why", status_text(ST_NOMEM), NULL);
}

void sync_client_stop(struct sync_client *s)
{
    if (!s)
        return;
    s->stopped = true;
    push_client_stop(s->pushes);
    for (struct pull *p = s->pulls; p; p = p->next) {
        attach_fetcher_stop(p->attachments);
        consent_asker_stop(p->consents);
        transfers_free(&p->net);
        p->get = p->post = NULL;
        event_del(p->again);
        event_del(p->receipt_again);
        event_del(p->hours_again);
    }
}

void sync_client_free(struct sync_client **s)
{
    if (!*s)
        return;
    while ((*s)->pulls) {
        struct pull *p = (*s)->pulls;
        (*s)->pulls = p->next;
        pull_free(p);
    }
    push_client_free(&(*s)->pushes);
    free(*s);
    *s = NULL;
}

void sync_client_grown(struct sync_client *s, const bool *grown)
{
    if (s)
        push_client_grown(s->pushes, grown);
}
