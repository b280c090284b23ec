#include "node/io/card_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "node/core/hours.h"
#include "node/core/sync.h"
#include "node/io/card_update.h"
#include "node/io/clock.h"
#include "node/io/log.h"
#include "node/io/sync_client_net.h"
#include "store/sources.h"

enum { EVERY_S = 86400, AGAIN_S = 3600 }; // between two looks; after one that failed

struct asked {
    struct asked *next;
    struct card_client *client;
    char partner[65];
    struct transfers *net;
    struct transfer *get;
    struct event *again;
    bool taken; // a card that is to be taken into use
    int64_t asked_ms; // monotonic
};

struct card_client {
    struct event_base *base;
    struct node_state *node;
    struct tls_domains *domains;
    struct daemon *daemon;
    struct asked *all;
    struct event *use; // takes cards into use, outside of the transfers that brought them
    struct daemon_job retry;
    bool retry_busy, retry_again;
    size_t taken, left;
    bool using; // a reload is for a card that was taken
    bool stopped;
};

static void plan(struct asked *x, int64_t ms)
{
    const struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
    event_add(x->again, &tv);
}

// ---- what waits in quarantine

// Few at a time, since each is checked as a whole: more than that is for `relto sync retry`.
static enum status retry(struct tick *t, struct tick_job *job)
{
    struct card_client *c = job->ctx;
    uint64_t room = CARD_RETRY_REPORTS_MAX;
    c->taken = c->left = 0;
    for (size_t i = 0; i < t->core->peer_count; i++) {
        struct source_state s;
        size_t taken, left;
        TRY(source_get(t->txn, t->core->peers[i]->id, &s));
        if (s.quarantined == 0)
            continue;
        if (s.quarantined > room) {
            c->left += (size_t)s.quarantined;
            continue;
        }
        room -= s.quarantined;
        TRY(sync_retry(t, t->core->peers[i]->id, "node", &taken, &left));
        c->taken += taken;
        c->left += left;
    }
    return ST_OK;
}

static void submit_retry(struct card_client *c)
{
    c->retry_again = c->retry_busy;
    if (c->retry_busy)
        return;
    c->retry_busy = true;
    c->retry.job.st = ST_OK;
    daemon_submit(c->daemon, &c->retry);
}

static void retried(struct daemon_job *j)
{
    struct card_client *c = j->job.ctx;
    char taken[24], left[24];
    snprintf(taken, sizeof taken, "%zu", c->taken);
    snprintf(left, sizeof left, "%zu", c->left);
    c->retry_busy = false;
    if (j->job.st != ST_OK)
        log_line(LOG_LEVEL_WARNING, "retry-failed", "why", status_text(j->job.st), NULL);
    else if (c->taken || c->left)
        log_line(LOG_LEVEL_INFO, "quarantine-retried", "taken", taken, "left", left, NULL);
    if (c->retry_again && !c->stopped)
        submit_retry(c);
}

// ---- cards

static void judged(struct asked *x, const struct card_update *u)
{
    struct peer *peer = core_peer(&x->client->node->core, x->partner);
    char serial[24];
    snprintf(serial, sizeof serial, "%llu", (unsigned long long)u->serial);
    if (peer)
        peer->card_refused = u->fate == CARD_REFUSED;
    switch (u->fate) {
    case CARD_SAME:
    case CARD_OLDER:
        return;
    case CARD_REFUSED:
        log_line(LOG_LEVEL_ERROR, "card-refused", "partner", x->partner, "serial", serial, "why", u->objection, "do",
                 "compare fingerprints with the partner's operator by voice, then 'relto partner add' its card; the card held stays", NULL);
        return;
    case CARD_TAKEN:
        log_line(LOG_LEVEL_INFO, "card-taken", "partner", x->partner, "serial", serial, NULL);
        x->taken = true;
        event_active(x->client->use, 0, 0);
        return;
    }
}

static void failed(struct asked *x, const char *why)
{
    log_line(LOG_LEVEL_WARNING, "card-failed", "partner", x->partner, "why", why, NULL);
    plan(x, (int64_t)AGAIN_S * 1000);
}

static void take(struct asked *x, struct span bytes)
{
    struct card_update u;
    struct diag *d = malloc(sizeof *d);
    struct arena *a = arena_new(256 * (size_t)CARD_BYTES_MAX);
    enum status st = d && a ? ST_OK : ST_NOMEM;
    if (d)
        diag_init(d, NULL);
    if (st == ST_OK)
        st = card_update(x->client->node->config, x->partner, bytes, "/v1/card", a, d, &u);
    if (st == ST_OK)
        judged(x, &u);
    else
        failed(x, d && d->count ? d->faults[0].message : status_text(st));
    arena_free(&a);
    free(d);
}

static void on_answer(void *ctx, const struct transfer_answer *answer)
{
    struct asked *x = ctx;
    char why[64];
    x->get = NULL;
    plan(x, (int64_t)EVERY_S * 1000);
    if (answer->status == 200) {
        take(x, answer->body);
    } else if (answer->status == 404) {
        return; // it has made none to show
    } else if (answer->status) {
        snprintf(why, sizeof why, "the partner answered %d", answer->status);
        failed(x, why);
    } else {
        plan(x, (int64_t)AGAIN_S * 1000); // that it cannot be reached is told by the sync client
    }
}

static void ask(struct asked *x)
{
    struct peer *peer = core_peer(&x->client->node->core, x->partner);
    const struct transfer_ask what = {.path = "/v1/card", .body_max = CARD_BYTES_MAX, .done = on_answer, .ctx = x};
    const struct config_partner *conf = config_partner_of(x->client->node->config, x->partner);
    int64_t left;
    if (x->get || !x->net)
        return;
    if (conf && !hours_open(&conf->hours, clock_now(), &left)) {
        plan(x, left);
        return;
    }
    if (peer)
        peer->card_wanted = false;
    x->asked_ms = clock_monotonic_ms();
    enum status st = transfer_start(x->net, &what, &x->get);
    if (st != ST_OK)
        failed(x, status_text(st));
}

static void on_again(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd, (void)what;
    ask(ctx);
}

static struct asked *first_taken(const struct card_client *c)
{
    struct asked *x = c->all;
    while (x && !x->taken)
        x = x->next;
    return x;
}

static void on_use(evutil_socket_t fd, short what, void *ctx)
{
    struct card_client *c = ctx;
    struct asked *x;
    (void)fd, (void)what;
    while (!c->stopped && (x = first_taken(c)) != NULL) {
        char partner[sizeof x->partner];
        memcpy(partner, x->partner, sizeof partner); // the list may be another one afterwards
        x->taken = false;
        c->using = true;
        enum status st = daemon_use_card(c->daemon, partner);
        c->using = false;
        if (st == ST_OK)
            submit_retry(c);
    }
}

void card_client_look(struct card_client *c)
{
    for (struct asked *x = c->all; x; x = x->next) {
        const struct peer *peer = core_peer(&c->node->core, x->partner);
        if (!peer || !peer->card_wanted || x->get || c->stopped)
            continue;
        int64_t ms = x->asked_ms + c->node->config->retry_max_ms - clock_monotonic_ms();
        if (ms <= 0)
            ask(x);
        else
            plan(x, ms);
    }
}

// ---- life

static void asked_free(struct asked *x)
{
    transfers_free(&x->net);
    if (x->again)
        event_free(x->again);
    free(x);
}

static enum status connect_to(struct asked *x)
{
    const struct card_client *c = x->client;
    const struct config_partner *conf = config_partner_of(c->node->config, x->partner);
    const struct peer *peer = core_peer(&x->client->node->core, x->partner);
    struct transfer_peer to = {.id = x->partner, .config = c->node->config, .domains = c->domains};
    to.address = conf && conf->address ? conf->address : peer ? peer->card.address : "";
    transfers_free(&x->net);
    x->get = NULL;
    return transfers_new(c->base, &to, &x->net);
}

static enum status asked_new(struct card_client *c, const char *partner)
{
    struct asked *x = calloc(1, sizeof *x);
    if (!x)
        return ST_NOMEM;
    x->client = c;
    snprintf(x->partner, sizeof x->partner, "%s", partner);
    x->again = event_new(c->base, -1, 0, on_again, x);
    enum status st = x->again ? connect_to(x) : ST_NOMEM;
    if (st != ST_OK) {
        asked_free(x);
        return st;
    }
    x->next = c->all;
    c->all = x;
    ask(x);
    return ST_OK;
}

static struct asked *find(const struct card_client *c, const char *partner)
{
    for (struct asked *x = c->all; x; x = x->next)
        if (strcmp(x->partner, partner) == 0)
            return x;
    return NULL;
}

// Those pulled from that are not asked yet; those that are, with new connections. When the cause is a card that was taken,
// only whose answer that cut off is asked again: a partner with a newer card for every question would have us reload for ever,
// and every reload ends the transfers of all.
static enum status begin(struct card_client *c)
{
    struct core *core = &c->node->core;
    for (size_t i = 0; i < core->peer_count; i++) {
        struct asked *x = find(c, core->peers[i]->id);
        if (!core->peers[i]->pull)
            continue;
        bool again = x && (x->get || !c->using);
        TRY(x ? connect_to(x) : asked_new(c, core->peers[i]->id));
        if (again)
            ask(x);
    }
    return ST_OK;
}

enum status card_client_new(struct event_base *base, struct node_state *node, struct tls_domains *domains,
                            struct daemon *daemon, struct card_client **ret)
{
    struct card_client *c = calloc(1, sizeof *c);
    if (!c)
        return ST_NOMEM;
    *c = (struct card_client){.base = base, .node = node, .domains = domains, .daemon = daemon};
    c->retry = (struct daemon_job){.job = {.run = retry, .ctx = c}, .done = retried};
    c->use = event_new(base, -1, 0, on_use, c);
    enum status st = c->use ? begin(c) : ST_NOMEM;
    if (st == ST_OK)
        *ret = c;
    else
        card_client_free(&c);
    return st;
}

void card_client_reload(struct card_client *c, struct tls_domains *domains)
{
    c->domains = domains;
    for (struct asked **list = &c->all; *list;) {
        struct asked *x = *list;
        const struct peer *peer = core_peer(&c->node->core, x->partner);
        if (peer && peer->pull) {
            list = &x->next;
            continue;
        }
        *list = x->next;
        asked_free(x);
    }
    if (begin(c) != ST_OK)
        log_line(LOG_LEVEL_WARNING, "card-failed", "why", status_text(ST_NOMEM), NULL);
}

void card_client_stop(struct card_client *c)
{
    if (!c)
        return;
    c->stopped = true;
    for (struct asked *x = c->all; x; x = x->next) {
        transfers_free(&x->net);
        x->get = NULL;
        event_del(x->again);
    }
}

void card_client_free(struct card_client **pc)
{
    struct card_client *c = *pc;
    if (!c)
        return;
    while (c->all) {
        struct asked *x = c->all;
        c->all = x->next;
        asked_free(x);
    }
    if (c->use)
        event_free(c->use);
    free(c);
    *pc = NULL;
}
