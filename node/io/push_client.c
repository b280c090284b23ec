// look what is due -> send it -> take the answer -> look again. A page first; when there is none, what attachments the partner
// lacks of its reports, one by one.
#include "node/io/push_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "formats/problem.h"
#include "node/core/coding.h"
#include "node/core/feed_flow.h"
#include "node/core/inbox.h"
#include "node/core/push_pace.h"
#include "node/io/backoff.h"
#include "node/io/clock.h"
#include "node/io/egress.h"
#include "node/io/log.h"
#include "node/io/sync_client_net.h"
#include "store/ledger.h"

enum {
    LOOK_EVERY_MS = 60000, // at least: the wall clock may be stepped, and a partner without a place in the policy is not told
    WHY_MAX = 160,
};

enum push_work { PUSH_LOOK, PUSH_ANSWERED, PUSH_ATTACHMENT, PUSH_FAILED };

struct push {
    struct push *next;
    struct push_client *client;
    char partner[65];
    bool gone; // not pushed to any more: freed when no job holds it
    struct hours hours;
    bool compression;
    struct transfers *net;
    struct transfer *call;
    struct event *again;

    struct daemon_job job; // one at a time
    bool busy, grown;      // grown: while something was under way
    enum push_work work;
    uint64_t position;     // where the partner stands, …
    bool known;            // … if that is known
    uint64_t scanned, end; // no recall is due before `scanned`, unless …; `end` = of the ledger when it was looked at
    bool urgent;           // … one is, and waits for no hours

    struct reply reply;    // on its way
    struct egress egress;
    utc_ms at;             // the instant of its tick, …
    int64_t since;         // … and clock_boot_ms then
    struct buf answer;     // the partner's receipt
    uint64_t told;         // the position that came with it
    bool taken;            // the page was taken; else the partner stands elsewhere
    struct push_pace pace;
    struct push_want want;
    struct push_tried tried; // attachments
    int64_t again_at;      // by clock_boot_ms: when those tried in vain are tried once more; 0 = there are none
    bool asks_wanted;      // the partner may lack attachments
    uint32_t failures;
    bool backs_off;        // what the timer waits for: growth does not cut it short
    char why[WHY_MAX];
};

struct push_client {
    struct event_base *base;
    struct node_state *node;
    struct tls_domains *domains;
    struct daemon *daemon;
    struct push *all;
    bool stopped;
};

static bool is_off(const struct push *p)
{
    return p->client->stopped || p->gone;
}

static bool is_open(const struct push *p)
{
    int64_t left;
    return hours_open(&p->hours, clock_now(), &left);
}

// The tick's instant goes on by this clock: a step of the wall clock must not bring back an expired permit, nor may one outlive a
// sleep of the machine.
static utc_ms instant(const struct push *p)
{
    return utc_add(p->at, clock_boot_ms() - p->since);
}

static void arm(struct push *p, uint32_t ms)
{
    const struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
    event_add(p->again, &tv);
}

static void back_off(struct push *p, uint32_t failures)
{
    p->backs_off = true;
    arm(p, backoff_ms(p->client->node, failures));
}

static void forget_reply(struct push *p)
{
    reply_fini(&p->reply);
    p->egress = (struct egress){0};
}

// ---- work inside ticks. A tick may run these twice: each begins anew.

static void begin_reply(struct tick *t, struct push *p)
{
    forget_reply(p);
    reply_init(&p->reply);
    p->reply.status = daemon_releases(p->client->daemon) ? 204 : 503;
    p->at = t->now;
    p->since = clock_boot_ms();
}

static enum status look(struct tick *t, struct push *p)
{
    bool has_end = false;
    begin_reply(t, p);
    if (!p->known)
        TRY(push_position(t, p->partner, &p->position));
    TRY(ledger_size(t->txn, p->partner, &p->end));
    if (!is_open(p)) {
        TRY(push_has_end(t, p->partner, p->scanned > p->position ? p->scanned : p->position, p->end, &has_end));
        if (!has_end && !p->urgent)
            return ST_OK;
    }
    p->urgent |= has_end;
    return p->reply.status == 204 ? push_page(t, p->partner, p->position, &p->reply) : ST_OK;
}

static enum status attach(struct tick *t, struct push *p)
{
    begin_reply(t, p);
    return p->reply.status == 204 ? push_attachment(t, p->partner, &p->want, &p->reply) : ST_OK;
}

static enum status run_job(struct tick *t, struct tick_job *job)
{
    struct push *p = job->ctx;
    switch (p->work) {
    case PUSH_LOOK:
        return look(t, p);
    case PUSH_ANSWERED:
        return push_answered(t, p->partner, buf_bytes(&p->answer), p->told, &p->told, p->why);
    case PUSH_ATTACHMENT:
        return attach(t, p);
    case PUSH_FAILED:
        return push_failed(t, p->partner, p->why);
    }
    return ST_OK;
}

static void submit(struct push *p, enum push_work work)
{
    event_del(p->again);
    p->backs_off = false;
    p->work = work;
    p->busy = true;
    p->job.job.st = ST_OK;
    daemon_submit(p->client->daemon, &p->job);
}

// ---- failures

static void log_failure(const struct push *p)
{
    log_line(LOG_LEVEL_WARNING, "push-failed", "partner", p->partner, "why", p->why, NULL);
}

// Wait, and begin again with a look. `is_stored`: people find it in the store already, or cannot.
static void fail(struct push *p, const char *why, bool is_stored)
{
    if (why != p->why)
        snprintf(p->why, sizeof p->why, "%s", why);
    forget_reply(p);
    p->failures++;
    log_failure(p);
    if (is_stored)
        back_off(p, p->failures);
    else
        submit(p, PUSH_FAILED); // the timer is set when it is done
}

static void describe(struct push *p, const struct transfer_answer *a)
{
    struct problem *problem = calloc(1, sizeof *problem);
    if (p->egress.denied)
        snprintf(p->why, sizeof p->why, "broken off, " EGRESS_DENIED);
    else if (a->status == 0)
        snprintf(p->why, sizeof p->why, "%s", a->error);
    else if (!problem || problem_read(a->body, problem) != ST_OK)
        snprintf(p->why, sizeof p->why, "the partner answered %d", a->status);
    else
        snprintf(p->why, sizeof p->why, "the partner answered %d: %.100s", a->status, problem->title);
    free(problem);
}

// ---- sending

static size_t on_source(void *ctx, uint8_t *out, size_t cap)
{
    struct push *p = ctx;
    const struct digest *policy = ruleset_digest(p->client->node->core.rules);
    if (!digest_eq(policy, &p->egress.policy))
        egress_policy(&p->egress, policy);
    size_t n = egress_take(&p->egress, out, cap, instant(p));
    return p->egress.denied ? SIZE_MAX : n;
}

static void send_reply(struct push *p, const char *path, bool put, void (*done)(void *ctx, const struct transfer_answer *a))
{
    struct principal to = {.role = ROLE_PARTNER};
    snprintf(to.id, sizeof to.id, "%s", p->partner);
    enum status st = egress_open(&p->egress, &p->reply, &to, ruleset_digest(p->client->node->core.rules), instant(p));
    if (st == ST_OK)
        st = egress_code(&p->egress, &p->reply);
    struct transfer_ask ask = {.path = path, .put = put, .source = on_source, .source_len = p->egress.left,
                               .type = p->reply.content_type, .want_header = INBOX_POSITION,
                               .body_max = FEED_RECEIPT_BYTES_MAX, .done = done, .ctx = p};
    if (p->reply.coding != CODING_NONE)
        ask.coding = coding_text(p->reply.coding);
    if (st == ST_OK)
        st = p->net ? transfer_start(p->net, &ask, &p->call) : ST_NOMEM;
    if (st != ST_OK)
        fail(p, status_text(st), false);
    else
        arm(p, LOOK_EVERY_MS);
}

// ---- pages

static void on_page_answer(void *ctx, const struct transfer_answer *a)
{
    struct push *p = ctx;
    p->call = NULL;
    if ((a->status == 200 || a->status == 409) && decimal_parse(span_cstr(a->header), UINT64_MAX / 2, &p->told)) {
        forget_reply(p);
        p->taken = a->status == 200;
        buf_reset(&p->answer);
        buf_span(&p->answer, a->body);
        submit(p, PUSH_ANSWERED);
        return;
    }
    describe(p, a);
    fail(p, p->why, false);
}

static void send_page(struct push *p)
{
    char path[64];
    snprintf(path, sizeof path, "/v1/inbox?start=%llu", (unsigned long long)p->position);
    p->reply.coding = p->compression ? CODING_ZSTD : CODING_NONE;
    send_reply(p, path, false, on_page_answer);
}

static void answered(struct push *p)
{
    if (*p->why) {
        fail(p, p->why, true); // push_answered() stored it
        return;
    }
    const uint64_t was = p->position;
    const uint32_t waits = push_pace_page(&p->pace, was, p->told, p->taken);
    const bool leads_on = p->taken ? p->told > was : p->told != was;
    p->position = p->told;
    p->urgent &= p->position < p->scanned;
    p->asks_wanted |= p->taken;
    if (leads_on)
        p->failures = 0;
    if (!leads_on || (waits && !p->taken)) {
        if (waits > p->failures)
            p->failures = waits - 1;
        fail(p, "the partner's answers lead nowhere: it does not take what it asks for", false);
    } else if (waits) {
        back_off(p, waits);
    } else {
        submit(p, PUSH_LOOK);
    }
}

// ---- attachments

static void ask_wanted(struct push *p);

static void on_put_answer(void *ctx, const struct transfer_answer *a)
{
    struct push *p = ctx;
    p->call = NULL;
    describe(p, a);
    forget_reply(p);
    if (a->status == 0) {
        fail(p, p->why, false);
        return;
    }
    if (a->status == 201)
        push_tried_taken(&p->tried);
    else // recalled meanwhile, or another is on its way already
        log_failure(p);
    p->failures = 0;
    submit(p, PUSH_LOOK); // pages first
}

static void send_attachment(struct push *p)
{
    char path[160], digest[DIGEST_TEXT_LEN + 1];
    digest_text(&p->want.digest, digest);
    snprintf(path, sizeof path, INBOX_ATTACHMENTS "%s?offset=%llu", digest + strlen("sha256:"), (unsigned long long)p->want.have);
    send_reply(p, path, true, on_put_answer);
}

static void rest(struct push *p)
{
    int64_t ms = p->again_at ? p->again_at - clock_boot_ms() : LOOK_EVERY_MS;
    arm(p, ms < 0 ? 0 : ms < LOOK_EVERY_MS ? (uint32_t)ms : LOOK_EVERY_MS);
    if (p->grown)
        submit(p, PUSH_LOOK);
    p->grown = false;
}

// Pages do not wait for that, nor attachments that were not tried yet.
static void try_again_later(struct push *p)
{
    if (p->again_at)
        return;
    p->again_at = clock_boot_ms() + backoff_ms(p->client->node, p->tried.rounds + 1);
    if (!p->tried.lied)
        return;
    snprintf(p->why, sizeof p->why, "the partner wants attachments of which it said that it has them");
    log_failure(p);
}

static void on_wanted(void *ctx, const struct transfer_answer *a)
{
    struct push *p = ctx;
    p->call = NULL;
    if (a->status != 200) {
        describe(p, a);
        fail(p, p->why, false);
        return;
    }
    p->failures = 0;
    p->asks_wanted = false;
    switch (push_tried_pick(&p->tried, a->body, &p->want)) {
    case PUSH_PICK_NEW:
        p->asks_wanted = true; // for the next one
        submit(p, PUSH_ATTACHMENT);
        return;
    case PUSH_PICK_AGAIN:
        try_again_later(p);
        break;
    case PUSH_PICK_NONE:
        p->again_at = 0;
        break;
    }
    rest(p);
}

static void ask_wanted(struct push *p)
{
    const struct transfer_ask ask = {.path = "/v1/inbox/attachments", .body_max = FEED_RECEIPT_BYTES_MAX, .done = on_wanted, .ctx = p};
    enum status st = p->net ? transfer_start(p->net, &ask, &p->call) : ST_NOMEM;
    if (st != ST_OK)
        fail(p, status_text(st), false);
    else
        arm(p, LOOK_EVERY_MS);
}

// ---- after a commit

static void looked(struct push *p)
{
    p->known = true;
    p->grown = false;
    p->scanned = p->end;
    if (p->again_at && clock_boot_ms() >= p->again_at) {
        p->again_at = 0;
        p->asks_wanted = true;
        push_tried_again(&p->tried);
    }
    if (p->reply.status == 200)
        send_page(p);
    else if (p->reply.status != 204)
        fail(p, daemon_releases(p->client->daemon) ? "the feed cannot go on now" : "releases are stopped until an operator confirms", false);
    else if (p->asks_wanted && is_open(p))
        ask_wanted(p);
    else
        rest(p);
}

static void attachment_made(struct push *p)
{
    if (p->reply.status == 200 || p->reply.status == 206) {
        send_attachment(p);
        return;
    }
    if (p->reply.status == 503) {
        fail(p, "releases are stopped until an operator confirms", false);
        return;
    }
    ask_wanted(p); // it may not have this one (any more)
}

static void push_free(struct push *p);
static void free_if_gone(struct push *p);

static void job_done(struct daemon_job *j)
{
    struct push *p = j->job.ctx;
    p->busy = false;
    if (is_off(p)) {
        free_if_gone(p);
        return;
    }
    if (j->job.st != ST_OK) {
        fail(p, status_text(j->job.st), true); // the store cannot even take the failure's note
        return;
    }
    switch (p->work) {
    case PUSH_LOOK:
        looked(p);
        return;
    case PUSH_ANSWERED:
        answered(p);
        return;
    case PUSH_ATTACHMENT:
        attachment_made(p);
        return;
    case PUSH_FAILED:
        back_off(p, p->failures);
        return;
    }
}

// Its hours may have ended under a transfer; else it is time to look.
static void on_again(evutil_socket_t fd, short what, void *ctx)
{
    struct push *p = ctx;
    (void)fd, (void)what;
    if (is_off(p) || p->busy)
        return;
    if (p->call && (is_open(p) || p->urgent)) {
        arm(p, LOOK_EVERY_MS);
        return;
    }
    transfer_cancel(&p->call);
    submit(p, PUSH_LOOK);
}

// ---- life

static void push_free(struct push *p)
{
    transfers_free(&p->net);
    forget_reply(p);
    if (p->again)
        event_free(p->again);
    buf_fini(&p->answer);
    free(p);
}

static void free_if_gone(struct push *p)
{
    if (!p->gone || p->busy)
        return;
    struct push **list = &p->client->all;
    while (*list && *list != p)
        list = &(*list)->next;
    if (*list)
        *list = p->next;
    push_free(p);
}

// Begin, or go on after a reload, with fresh connections.
static enum status push_connect(struct push *p)
{
    const struct config *c = p->client->node->config;
    const struct peer *peer = core_peer(&p->client->node->core, p->partner);
    const struct config_partner *conf = config_partner_of(c, p->partner);
    struct transfer_peer to = {.id = p->partner, .config = c, .domains = p->client->domains};
    to.address = conf && conf->address ? conf->address : peer ? peer->card.address : "";
    to.bytes_per_s = conf ? conf->push_rate : 0;
    p->hours = conf ? conf->hours : (struct hours){0};
    p->compression = conf && conf->compression;
    p->asks_wanted = true;
    p->failures = p->pace.restarts = 0;
    memset(&p->tried, 0, sizeof p->tried);
    p->again_at = 0;
    transfers_free(&p->net);
    p->call = NULL;
    TRY(transfers_new(p->client->base, &to, &p->net));
    if (!p->busy)
        submit(p, PUSH_LOOK);
    return ST_OK;
}

static enum status push_new(struct push_client *c, const char *partner)
{
    struct push *p = calloc(1, sizeof *p);
    if (!p)
        return ST_NOMEM;
    p->client = c;
    snprintf(p->partner, sizeof p->partner, "%s", partner);
    p->job = (struct daemon_job){.job = {.run = run_job, .ctx = p}, .done = job_done};
    p->again = event_new(c->base, -1, 0, on_again, p);
    buf_init(&p->answer, FEED_RECEIPT_BYTES_MAX);
    enum status st = p->again ? push_connect(p) : ST_NOMEM;
    if (st != ST_OK) {
        push_free(p);
        return st;
    }
    p->next = c->all;
    c->all = p;
    return ST_OK;
}

static struct push *push_of(struct push_client *c, const char *partner)
{
    for (struct push *p = c->all; p; p = p->next)
        if (!p->gone && strcmp(p->partner, partner) == 0)
            return p;
    return NULL;
}

// Those to whom we push, and do not yet.
static enum status push_all(struct push_client *c)
{
    for (size_t i = 0; i < c->node->core.peer_count; i++) {
        const struct peer *peer = c->node->core.peers[i];
        if (peer->push && !push_of(c, peer->id))
            TRY(push_new(c, peer->id));
    }
    return ST_OK;
}

enum status push_client_new(struct event_base *base, struct node_state *node, struct tls_domains *domains,
                            struct daemon *daemon, struct push_client **ret)
{
    struct push_client *c = calloc(1, sizeof *c);
    if (!c)
        return ST_NOMEM;
    *c = (struct push_client){.base = base, .node = node, .domains = domains, .daemon = daemon};
    enum status st = push_all(c);
    if (st == ST_OK)
        *ret = c;
    else
        push_client_free(&c);
    return st;
}

void push_client_reload(struct push_client *c, struct tls_domains *domains)
{
    c->domains = domains;
    for (struct push *p = c->all, *next; p; p = next) {
        const struct peer *peer = core_peer(&c->node->core, p->partner);
        next = p->next;
        p->gone |= !peer || !peer->push;
        if (p->gone) {
            transfers_free(&p->net);
            p->call = NULL;
            event_del(p->again);
        } else if (push_connect(p) != ST_OK) {
            fail(p, status_text(ST_NOMEM), true);
        }
        free_if_gone(p);
    }
    if (push_all(c) != ST_OK)
        log_line(LOG_LEVEL_ERROR, "push-failed", "partner", "", "why", status_text(ST_NOMEM), NULL);
}

void push_client_grown(struct push_client *c, const bool *grown)
{
    for (struct push *p = c ? c->all : NULL; p; p = p->next) {
        size_t partner = ruleset_partner_index(c->node->core.rules, p->partner);
        if (is_off(p) || partner >= PARTNERS_MAX || !grown[partner])
            continue;
        p->grown = true;
        if (!p->busy && !p->call && !p->backs_off)
            submit(p, PUSH_LOOK);
    }
}

void push_client_stop(struct push_client *c)
{
    if (!c)
        return;
    c->stopped = true;
    for (struct push *p = c->all; p; p = p->next) {
        transfers_free(&p->net);
        p->call = NULL;
        event_del(p->again);
    }
}

void push_client_free(struct push_client **pc)
{
    struct push_client *c = *pc;
    if (!c)
        return;
    while (c->all) {
        struct push *p = c->all;
        c->all = p->next;
        push_free(p);
    }
    free(c);
    *pc = NULL;
}
