#include "tools/relto/import_publish.h"

#include <stdio.h>
#include <stdlib.h>

#include "tools/relto/client.h"
#include "tools/relto/local.h"

enum { NOTES_MAX = 4000000, CALL_ARENA_BYTES = 32 << 20 };

// What is known of one report.
struct known {
    struct uuid id;
    uint32_t held;      // our own version in the store; 0 = none
    bool in_input;
    bool gone;          // recalled, or not ours
    char canceller[64]; // the draft that cancels it; "" = none
};

struct import_publish {
    const struct cli *cli;
    struct client *client;
    utc_ms at;
    struct known *list; // sorted by id once the store was looked at
    size_t count, cap;
    struct import_tally tally;
};

enum status import_publish_new(const struct cli *cli, const char *cell, utc_ms at, struct import_publish **ret)
{
    struct import_publish *p = calloc(1, sizeof *p);
    if (!p)
        return ST_NOMEM;
    p->cli = cli;
    p->at = at;
    const char *who = arena_printf(cli->arena, "cell-%s", cell);
    enum status st = who ? client_open(cli, who, NULL, &p->client) : arena_status(cli->arena);
    if (st == ST_OK)
        *ret = p;
    else
        import_publish_free(&p);
    return st;
}

void import_publish_free(struct import_publish **p)
{
    if (!*p)
        return;
    client_close(&(*p)->client);
    free((*p)->list);
    free(*p);
    *p = NULL;
}

const struct import_tally *import_publish_tally(const struct import_publish *p)
{
    return &p->tally;
}

// ---- what the input holds

static enum status note(struct import_publish *p, struct uuid id, const char *canceller)
{
    if (p->count == NOTES_MAX)
        return ST_LIMIT;
    if (p->count == p->cap) {
        size_t cap = p->cap ? 2 * p->cap : 1024;
        struct known *list = realloc(p->list, cap * sizeof *list);
        if (!list)
            return ST_NOMEM;
        p->list = list;
        p->cap = cap;
    }
    struct known *k = &p->list[p->count++];
    *k = (struct known){.id = id, .in_input = canceller == NULL};
    if (canceller)
        snprintf(k->canceller, sizeof k->canceller, "%s", canceller);
    return ST_OK;
}

enum status import_publish_note(void *ctx, const struct import_draft *draft)
{
    TRY(note(ctx, draft->id, NULL));
    for (size_t i = 0; i < draft->cancel_count; i++)
        if (!uuid_eq(draft->cancels[i], draft->id))
            TRY(note(ctx, draft->cancels[i], draft->name));
    return ST_OK;
}

static int compare(const void *a, const void *b)
{
    const struct known *x = a, *y = b;
    return memcmp(x->id.b, y->id.b, sizeof x->id.b);
}

// One entry for each report.
static void merge(struct import_publish *p)
{
    size_t n = 0;
    if (p->count)
        qsort(p->list, p->count, sizeof *p->list, compare);
    for (size_t i = 0; i < p->count; i++) {
        struct known *k = &p->list[i];
        if (n == 0 || !uuid_eq(p->list[n - 1].id, k->id)) {
            p->list[n++] = *k;
            continue;
        }
        p->list[n - 1].in_input |= k->in_input;
        if (!*p->list[n - 1].canceller)
            memcpy(p->list[n - 1].canceller, k->canceller, sizeof k->canceller);
    }
    p->count = n;
}

static enum status look_at(struct local *l, struct known *k)
{
    struct report_record rec;
    enum status st = reports_current(l->tick.txn, k->id, &rec);
    k->gone = st == ST_GONE || (st == ST_OK && rec.source[0]);
    k->held = st == ST_OK && !k->gone ? rec.version : 0;
    return st == ST_GONE || st == ST_NOT_FOUND ? ST_OK : st;
}

int import_publish_look(struct import_publish *p)
{
    struct local l;
    merge(p);
    int code = local_open(p->cli, NODE_READER, &l);
    if (code >= 0)
        return code;
    enum status st = ST_OK;
    for (size_t i = 0; i < p->count && st == ST_OK; i++)
        st = look_at(&l, &p->list[i]);
    local_close(&l, false);
    return st == ST_OK ? -1 : cli_fail(cli_code(st), "store", "%s", status_text(st));
}

// ---- calls

// Tell why a call did not do it. Only an absent node ends the import.
static enum status tell_refusal(struct import_publish *p, const char *what, enum status st, const struct client_answer *answer)
{
    p->tally.refused++;
    if (st == ST_OK) {
        bool unavailable = client_fail(p->cli, what, answer) == EXIT_UNREACHABLE;
        return unavailable ? ST_UNREACHABLE : ST_OK;
    }
    cli_fail_status(p->cli, what, st);
    return st;
}

// *ret_done: the node did it.
static enum status call(struct import_publish *p, const struct client_call *c, const char *what, bool *ret_done)
{
    struct client_answer answer = {0};
    struct arena *a = arena_new(CALL_ARENA_BYTES);
    if (!a)
        return ST_NOMEM;
    diag_init(p->cli->diag, NULL);
    enum status st = client_send(p->client, c, a, &answer);
    *ret_done = st == ST_OK && answer.status / 100 == 2;
    if (!*ret_done)
        st = tell_refusal(p, what, st, &answer);
    arena_free(&a);
    return st;
}

static enum status recall(struct import_publish *p, struct known *k, const char *reason, const char *what)
{
    char urn[UUID_URN_LEN + 1], match[40];
    struct buf path;
    bool done = false;
    buf_init(&path, 4 * KIB);
    buf_printf(&path, "/v1/reports/%s?reason=", uuid_urn(k->id, urn) + 9);
    client_put_escaped(&path, reason);
    snprintf(match, sizeof match, "If-Match: \"%u\"", k->held);
    struct client_call c = {.method = "DELETE", .path = buf_cstr(&path), .header = match};
    enum status st = call(p, &c, what, &done);
    buf_fini(&path);
    k->gone |= done;
    p->tally.recalled += done;
    return st;
}

static enum status publish(struct import_publish *p, struct known *k, const struct import_draft *d, const char *what)
{
    char urn[UUID_URN_LEN + 1], path[80], match[40];
    bool done = false;
    struct client_call c = {.method = "POST", .path = "/v1/reports", .body = d->xml};
    if (k->held > 0) {
        snprintf(path, sizeof path, "/v1/reports/%s", uuid_urn(d->id, urn) + 9);
        snprintf(match, sizeof match, "If-Match: \"%u\"", k->held);
        c.method = "PUT";
        c.path = path;
        c.header = match;
    }
    TRY(call(p, &c, what, &done));
    if (done)
        k->held = d->version;
    p->tally.published += done;
    return ST_OK;
}

// A record that is over: recall what is held of it.
static enum status end(struct import_publish *p, struct known *k, const struct import_draft *d, const char *what)
{
    char reason[128], dtg[UTC_TEXT_MAX];
    if (k->held == 0) {
        p->tally.over++;
        return ST_OK;
    }
    if (*k->canceller)
        snprintf(reason, sizeof reason, "Cancelled by %s", k->canceller);
    else
        snprintf(reason, sizeof reason, "Ended by itself %s", utc_format_dtg(d->until, dtg));
    return recall(p, k, reason, what);
}

enum status import_publish_send(struct import_publish *p, const struct import_draft *d, const char *what)
{
    struct known *k = bsearch(&(struct known){.id = d->id}, p->list, p->count, sizeof *p->list, compare);
    if (!k)
        return ST_CORRUPT; // the importer gave another draft than the first time
    if (k->gone) {
        p->tally.here++;
        return ST_OK;
    }
    if (*k->canceller || d->until <= p->at)
        return end(p, k, d, what);
    if (k->held >= d->version) {
        p->tally.here++;
        return ST_OK;
    }
    if (k->held + 1 == d->version)
        return publish(p, k, d, what);
    p->tally.refused++;
    cli_fail(0, what, "version %u cannot follow version %u, which is the last one here; see the message before", d->version, k->held);
    return ST_OK;
}

enum status import_publish_cancel(struct import_publish *p)
{
    enum status st = ST_OK;
    for (size_t i = 0; i < p->count && st == ST_OK; i++) {
        struct known *k = &p->list[i];
        char reason[128];
        if (!*k->canceller || k->in_input || k->gone || k->held == 0)
            continue;
        snprintf(reason, sizeof reason, "Cancelled by %s", k->canceller);
        st = recall(p, k, reason, k->canceller);
    }
    p->count = 0;
    return st;
}
