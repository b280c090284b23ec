// relto reconcile: both ledgers between us and a partner, compared with the partner's own copies over HTTPS.
#include <stdio.h>

#include "node/core/reconcile.h"
#include "store/archive.h"
#include "store/sources.h"
#include "tools/relto/client.h"
#include "tools/relto/local.h"
#include "tools/relto/rows.h"

static const char help[] =
    "usage: relto [-C DIR] [--format text|xml|tsv|csv|json] reconcile PARTNER\n\n"
    "Compare our ledger to the partner with its receipts and with the copy that its node holds, and our copy of its\n"
    "ledger to us with its feed: equal size and root, or the first entry that differs. The partner's node is asked with\n"
    "this node's certificate; no content is sent, nothing is changed.\n"
    "Rows: partner, ledger (to, from), verdict (equal, behind, differs, not-pulled), our size and root, its size and\n"
    "root, first entry that differs, number of its receipts, size of the largest one.\n"
    "Exit code 0 when all is equal, 1 when not (behind: the rest has not arrived yet), 4 when the partner cannot be asked.\n";

static const char *const columns[] = {"partner",  "ledger", "verdict",  "size",         "root",
                                      "its-size", "its-root", "first-differing", "receipts", "receipt-size"};
enum { COLUMNS = sizeof columns / sizeof *columns };

// What is asked of the partner: a path and how its answers are believed.
struct remote {
    const struct cli *cli;
    struct client *client;
    const char *path;       // "/v1/ledger/held" or "/v1/ledger/sent"
    const char *origin;     // of the ledger that is spoken of; in cli->arena
    bool is_signed;         // of the partner's own ledger, by its key; else its word for what it holds
    uint8_t key[ED25519_LEN];
};

static enum status read_head(const struct remote *r, struct span body, struct checkpoint *ret)
{
    const uint8_t *end = body.len ? memmem(body.ptr, body.len, "\n\n", 2) : NULL;
    if (r->is_signed)
        return checkpoint_open(body, r->origin, r->key, ret);
    TRY(checkpoint_read(end ? span_sub(body, 0, (size_t)(end - body.ptr) + 1) : body, false, ret));
    return strcmp(ret->origin, r->origin) == 0 ? ST_OK : ST_MALFORMED;
}

// The head of the first n entries as the partner tells it; UINT64_MAX: of all.
static enum status ask_head(const struct remote *r, uint64_t n, struct checkpoint *ret)
{
    char path[64];
    struct client_answer a = {0};
    struct arena *arena = arena_new(MIB);
    if (!arena)
        return ST_NOMEM;
    snprintf(path, sizeof path, n == UINT64_MAX ? "%s" : "%s?size=%llu", r->path, (unsigned long long)n);
    const struct client_call call = {.method = "GET", .path = path};
    enum status st = client_send(r->client, &call, arena, &a);
    if (st == ST_OK && a.status != 200) {
        diag_add(r->cli->diag, 0, 0, "answer", r->path, "the partner answered %ld%s", a.status,
                 a.status == 403 ? ": its node does not know this question (an older version)" : "");
        st = ST_UNREACHABLE;
    } else if (st == ST_OK) {
        st = read_head(r, a.body, ret);
        if (st == ST_OK && n != UINT64_MAX && ret->size != n)
            st = ST_MALFORMED;
        if (st != ST_OK)
            diag_add(r->cli->diag, 0, 0, "answer", r->path, "what the partner answered is no head of the ledger %s: %s",
                     r->origin, status_text(st));
    }
    arena_free(&arena);
    return st;
}

static enum status remote_root(void *ctx, uint64_t n, struct digest *ret)
{
    struct checkpoint c;
    TRY(ask_head(ctx, n, &c));
    *ret = c.root;
    return ST_OK;
}

struct local_log {
    struct db_txn *t;
    char name[LOG_NAME_MAX];
};

static enum status local_root(void *ctx, uint64_t n, struct digest *ret)
{
    const struct local_log *l = ctx;
    return tree_root(l->t, l->name, n, ret);
}

// ---- the answer

struct reconciliation {
    const struct cli *cli;
    const char *partner;
    const struct peer *peer;
    struct local l;
    struct rows rows;
    struct reconcile_receipts receipts;
    bool open, differs; // something has not arrived, or is told in two ways
};

struct side {
    const char *name; // "to", "from"
    const char *verdict;
    uint64_t ours, theirs;
    struct digest our_root, their_root;
    bool compared; // theirs are known
    uint64_t first; // UINT64_MAX = none differs
};

static const char *verdict_text(enum reconcile_verdict v)
{
    switch (v) {
    case RECONCILE_EQUAL:
        return "equal";
    case RECONCILE_BEHIND:
        return "behind";
    case RECONCILE_DIFFERS:
        return "differs";
    }
    return "differs";
}

static void put_side(const struct reconciliation *x, const struct side *s)
{
    char n[5][24], roots[2][DIGEST_TEXT_LEN + 1];
    bool to = s->name[0] == 't';
    const uint64_t numbers[5] = {s->ours, s->theirs, s->first, x->receipts.count, x->receipts.last.size};
    for (size_t i = 0; i < 5; i++)
        snprintf(n[i], sizeof n[i], "%llu", (unsigned long long)numbers[i]);
    const char *const values[COLUMNS] = {
        x->partner, s->name, s->verdict, n[0], digest_text(&s->our_root, roots[0]), s->compared ? n[1] : "",
        s->compared ? digest_text(&s->their_root, roots[1]) : "", s->first == UINT64_MAX ? "" : n[2], to ? n[3] : "",
        to && x->receipts.count ? n[4] : ""};
    rows_put(&x->rows, values);
}

static void print_side(const struct reconciliation *x, const struct side *s)
{
    char root[DIGEST_TEXT_LEN + 1];
    unsigned long long ours = s->ours, theirs = s->theirs, first = s->first;
    bool to = s->name[0] == 't';
    printf(to ? "our ledger to %s: " : "the ledger of %s to us: ", x->partner);
    if (!s->compared)
        printf("we do not pull it, and nothing of it came\n");
    else if (s->first != UINT64_MAX)
        printf("DIFFERS from entry %llu on; %llu entries here, %llu there\n", first, ours, theirs);
    else if (s->ours == s->theirs)
        printf("equal, %llu entries, root %s\n", ours, digest_text(&s->our_root, root));
    else
        printf("equal so far; %llu of %llu entries have %s\n", to ? theirs : ours, to ? ours : theirs,
               to ? "arrived there" : "arrived here");
}

static void print_receipts(const struct reconciliation *x)
{
    const struct reconcile_receipts *r = &x->receipts;
    char time[UTC_TEXT_MAX];
    if (r->count == 0)
        printf("its receipts: none yet\n");
    else if (r->differs)
        printf("its receipts: DIFFER; it signed another ledger, whose first different entry is one from %llu to %llu\n",
               (unsigned long long)r->from, (unsigned long long)r->to - 1);
    else
        printf("its receipts: %zu, all of our ledger; the last over %llu entries, %s\n", r->count,
               (unsigned long long)r->last.size, utc_format_s(r->last.at, time));
}

static void tell(struct reconciliation *x, const struct side *s)
{
    x->open |= s->compared && strcmp(s->verdict, "equal") != 0;
    x->differs |= s->first != UINT64_MAX;
    if (rows_format(x->cli->format))
        put_side(x, s);
    else
        print_side(x, s);
}

// ---- the two ledgers

// Ours to the partner; `held` is what it said to hold before our transaction began.
static enum status compare_to(struct reconciliation *x, struct remote *r, const struct checkpoint *held)
{
    struct local_log log = {.t = x->l.tick.txn};
    struct side s = {.name = "to", .compared = true, .theirs = held->size, .first = UINT64_MAX};
    struct reconcile_result result;
    ledger_log_name(x->partner, log.name);
    TRY(ledger_size(log.t, x->partner, &s.ours));
    const struct reconcile_copy owner = {s.ours, local_root, &log}, reader = {held->size, remote_root, r};
    TRY(reconcile_compare(&owner, &reader, &result));
    s.our_root = result.root[0];
    s.their_root = result.root[1];
    s.verdict = verdict_text(result.verdict);
    if (result.verdict == RECONCILE_DIFFERS)
        s.first = result.first;
    if (x->receipts.differs && s.first == UINT64_MAX) {
        s.verdict = "differs"; // it signed another ledger than it tells now
        s.first = x->receipts.from;
    }
    tell(x, &s);
    return ST_OK;
}

// The partner's to us.
static enum status compare_from(struct reconciliation *x, struct remote *r)
{
    struct local_log log = {.t = x->l.tick.txn};
    struct side s = {.name = "from", .verdict = "not-pulled", .first = UINT64_MAX};
    struct reconcile_result result;
    struct checkpoint sent;
    source_log_name(x->partner, log.name);
    TRY(tree_size(log.t, log.name, &s.ours));
    s.compared = x->peer->pull || s.ours > 0; // it may push to us
    TRY(local_root(&log, s.ours, &s.our_root));
    if (s.compared) {
        TRY(ask_head(r, UINT64_MAX, &sent));
        s.theirs = sent.size;
        const struct reconcile_copy owner = {sent.size, remote_root, r}, reader = {s.ours, local_root, &log};
        TRY(reconcile_compare(&owner, &reader, &result));
        s.their_root = result.root[0];
        s.verdict = verdict_text(result.verdict);
        if (result.verdict == RECONCILE_DIFFERS)
            s.first = result.first;
    }
    tell(x, &s);
    return ST_OK;
}

// All of it, with our transaction open.
static enum status reconcile(struct reconciliation *x, struct remote *held, struct remote *sent, const struct checkpoint *head)
{
    TRY(reconcile_receipts(x->l.tick.txn, x->partner, &x->receipts));
    rows_begin(&x->rows);
    enum status st = compare_to(x, held, head);
    if (st == ST_OK && !rows_format(x->cli->format))
        print_receipts(x);
    if (st == ST_OK)
        st = compare_from(x, sent);
    rows_end(&x->rows);
    return st;
}

// The peer's card and our names, copied: the node is closed while the partner is asked what it holds.
static int find_peer(const struct cli *cli, const char *partner, struct remote *held, struct remote *sent)
{
    struct local l;
    struct source_state source;
    char origin[NOTE_NAME_MAX];
    int code = local_open(cli, NODE_READER, &l);
    if (code >= 0)
        return code;
    const struct peer *peer = core_peer(&l.node->core, partner);
    enum status st = peer ? archive_origin(l.tick.txn, l.node->core.node_name, partner, origin) : ST_NOT_FOUND;
    if (st == ST_OK) {
        held->origin = arena_cstr(cli->arena, origin);
        sent->is_signed = true;
        memcpy(sent->key, peer->card.ledger_key, sizeof sent->key);
        st = source_get(l.tick.txn, partner, &source);
    }
    if (st == ST_OK)
        st = source_origin(&source, peer->card.node_name, l.node->core.nation, origin);
    if (st == ST_OK)
        sent->origin = arena_cstr(cli->arena, origin);
    local_close(&l, false);
    if (peer && st != ST_OK)
        return cli_fail_status(cli, partner, st);
    return peer ? -1 : cli_fail(EXIT_NO, partner, "no partner of this node; 'relto partner list' shows them");
}

static int fail(const struct cli *cli, const char *partner, enum status st)
{
    int code = cli_fail_status(cli, partner, st);
    if (st == ST_UNREACHABLE)
        cli_fail(0, "reconcile", "'relto audit compare %s' compares with its receipts alone", partner);
    return code;
}

// What the partner holds is asked before our own ledger is looked at, and what it sent after: what is published meanwhile
// is then no difference.
static int run(const struct cli *cli, const char *partner, struct client *client)
{
    struct remote held = {.cli = cli, .client = client, .path = "/v1/ledger/held"};
    struct remote sent = {.cli = cli, .client = client, .path = "/v1/ledger/sent"};
    struct reconciliation x = {.cli = cli, .partner = partner, .rows = {cli->format, "reconcile", columns, COLUMNS}};
    struct checkpoint head;
    int code = find_peer(cli, partner, &held, &sent);
    if (code >= 0)
        return code;
    enum status st = ask_head(&held, UINT64_MAX, &head);
    if (st != ST_OK)
        return fail(cli, partner, st);
    code = local_open(cli, NODE_READER, &x.l);
    if (code >= 0)
        return code;
    x.peer = core_peer(&x.l.node->core, partner);
    st = x.peer ? reconcile(&x, &held, &sent, &head) : ST_NOT_FOUND;
    local_close(&x.l, false);
    if (st != ST_OK)
        return fail(cli, partner, st);
    if (x.differs)
        return cli_fail(EXIT_NO, "reconcile", "one of the two nodes tells another story than before: call the operator of %s, "
                        "and see ALARMS in reltod(8)", partner);
    return x.open ? EXIT_NO : EXIT_DONE;
}

int cmd_reconcile(const struct cli *cli, int argc, char **argv)
{
    struct client *client;
    int code = cli_options(&argc, argv, NULL, 0, help);
    if (code >= 0)
        return code;
    if (argc != 2)
        return cli_usage(argv[0], "expected one partner");
    enum status st = client_open(cli, NULL, argv[1], &client);
    if (st != ST_OK)
        return cli_fail_status(cli, argv[1], st);
    code = run(cli, argv[1], client);
    client_close(&client);
    return code;
}
