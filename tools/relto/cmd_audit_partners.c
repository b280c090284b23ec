// relto audit recalls, compare: what partners acknowledged.
#include <stdio.h>

#include "node/core/recall_progress.h"
#include "node/core/reconcile.h"
#include "store/ledger.h"
#include "tools/relto/cmd_audit.h"
#include "tools/relto/local.h"
#include "tools/relto/rows.h"

// ---- recalls

static const char *const recall_columns[] = {"report",   "partner", "state",    "content", "receipt", "overdue-since",
                                             "recalled", "by",      "position", "version", "reason"};
enum { RECALL_COLUMNS = sizeof recall_columns / sizeof *recall_columns };

struct recalls {
    const struct cli *cli;
    struct rows rows;
    bool overdue_only;
    size_t told, open, overdue;
};

static const char *state_of(const struct recall_progress *p)
{
    if (!p->partner)
        return "none";
    return p->receipt_at ? "receipted" : p->overdue_since ? "overdue" : "open";
}

static const char *time_or(utc_ms t, const char *otherwise, char out[UTC_TEXT_MAX])
{
    return t ? utc_format_s(t, out) : otherwise;
}

static void put_recall(const struct recalls *r, const struct recall_progress *p)
{
    char t[3][UTC_TEXT_MAX], urn[UUID_URN_LEN + 1], position[24] = "", version[16];
    if (p->partner)
        snprintf(position, sizeof position, "%llu", (unsigned long long)p->position);
    snprintf(version, sizeof version, "%u", p->recall.version);
    const char *const values[RECALL_COLUMNS] = {
        uuid_urn(p->report, urn), p->partner, state_of(p), !p->partner ? "" : p->delivered ? "delivered" : "not-delivered",
        time_or(p->receipt_at, "", t[0]), time_or(p->overdue_since, "", t[1]), utc_format_s(p->recall.at, t[2]), p->recall.by,
        position, version, p->recall.reason};
    rows_put(&r->rows, values);
}

static void print_recall(const struct recall_progress *p)
{
    char time[UTC_TEXT_MAX], urn[UUID_URN_LEN + 1];
    printf("%s  %-10s ", uuid_urn(p->report, urn), p->partner ? p->partner : "-");
    if (!p->partner)
        printf("no partner ever had it");
    else if (p->receipt_at)
        printf("receipted %s", utc_format_s(p->receipt_at, time));
    else if (p->overdue_since)
        printf("OVERDUE since %s", utc_format_s(p->overdue_since, time));
    else
        printf("no receipt yet");
    if (p->partner)
        printf(", content %s", p->delivered ? "was delivered" : "never left");
    printf("; recalled %s by ", utc_format_s(p->recall.at, time));
    cli_print_plain(p->recall.by);
    printf(": ");
    cli_print_plain(p->recall.reason);
    putchar('\n');
}

static enum status list_recall(void *ctx, const struct recall_progress *p)
{
    struct recalls *r = ctx;
    r->told += p->partner != NULL;
    r->open += p->partner && !p->receipt_at;
    r->overdue += p->overdue_since != 0;
    if (r->overdue_only && !p->overdue_since)
        return ST_OK;
    if (rows_format(r->cli->format))
        put_recall(r, p);
    else
        print_recall(p);
    return ST_OK;
}

int audit_recalls(const struct cli *cli, const struct audit_options *o)
{
    struct local l;
    int code = local_open(cli, NODE_READER, &l);
    if (code >= 0)
        return code;
    struct recalls r = {.cli = cli, .overdue_only = o->overdue, .rows = {cli->format, "recalls", recall_columns, RECALL_COLUMNS}};
    uint32_t minutes = l.node->config->recall_overdue_min;
    rows_begin(&r.rows);
    enum status st = recall_progress_each(&l.tick, (int64_t)minutes * 60000, list_recall, &r);
    rows_end(&r.rows);
    local_close(&l, false);
    if (st != ST_OK)
        return cli_fail_status(cli, "audit recalls", st);
    if (!rows_format(cli->format))
        printf("%zu recalls at partners, %zu without receipt, %zu of them for more than %u minutes\n", r.told, r.open, r.overdue,
               minutes);
    return r.overdue ? EXIT_NO : EXIT_DONE;
}

// ---- compare

static const char *const compare_columns[] = {"partner", "verdict",      "size",         "root",       "receipts",
                                              "receipt-size", "receipt-root", "receipt-at", "first-from", "first-to"};
enum { COMPARE_COLUMNS = sizeof compare_columns / sizeof *compare_columns };

static const char *verdict_of(const struct reconcile_receipts *c)
{
    if (c->differs)
        return "differs";
    return c->last.size == c->size ? "equal" : "behind";
}

static void put_comparison(const struct cli *cli, const char *partner, const struct reconcile_receipts *c)
{
    char n[5][24], roots[2][DIGEST_TEXT_LEN + 1], time[UTC_TEXT_MAX];
    const uint64_t numbers[5] = {c->size, c->count, c->last.size, c->from, c->to};
    const struct rows rows = {cli->format, "compare", compare_columns, COMPARE_COLUMNS};
    for (size_t i = 0; i < 5; i++)
        snprintf(n[i], sizeof n[i], "%llu", (unsigned long long)numbers[i]);
    const char *const values[COMPARE_COLUMNS] = {
        partner, verdict_of(c), n[0], digest_text(&c->root, roots[0]), n[1], c->count ? n[2] : "",
        c->count ? digest_text(&c->last.root, roots[1]) : "", c->count ? utc_format_s(c->last.at, time) : "",
        c->differs ? n[3] : "", c->differs ? n[4] : ""};
    rows_begin(&rows);
    rows_put(&rows, values);
    rows_end(&rows);
}

static void print_comparison(const char *partner, const struct reconcile_receipts *c)
{
    char root[DIGEST_TEXT_LEN + 1], time[UTC_TEXT_MAX];
    unsigned long long size = c->size, acknowledged = c->last.size;
    printf("our ledger to %s: %llu entries, root %s\n", partner, size, digest_text(&c->root, root));
    if (c->count == 0)
        puts("the partner gave no receipt yet");
    else
        printf("its last of %zu receipts: %llu entries, root %s, %s\n", c->count, acknowledged, digest_text(&c->last.root, root),
               utc_format_s(c->last.at, time));
    if (c->differs)
        printf("DIFFERS: the partner acknowledged another ledger; the first difference is at an entry from %llu to %llu\n",
               (unsigned long long)c->from, (unsigned long long)c->to - 1);
    else if (acknowledged == size)
        puts("equal: every receipt is of our ledger, and the last covers all of it");
    else
        printf("no contradiction: every receipt is of our ledger; %llu entries are not acknowledged yet\n", size - acknowledged);
}

int audit_compare(const struct cli *cli, const char *partner)
{
    struct local l;
    int code = local_open(cli, NODE_READER, &l);
    if (code >= 0)
        return code;
    struct reconcile_receipts c = {.size = 0};
    bool known = strlen(partner) <= PARTNER_ID_MAX;
    enum status st = known ? reconcile_receipts(l.tick.txn, partner, &c) : ST_OK;
    known = known && (c.size || c.count || core_peer(l.tick.core, partner) ||
                      ruleset_partner_index(l.tick.core->rules, partner) != SIZE_MAX);
    if (st == ST_OK && known) {
        if (rows_format(cli->format))
            put_comparison(cli, partner, &c);
        else
            print_comparison(partner, &c);
    }
    local_close(&l, false);
    if (st != ST_OK)
        return cli_fail_status(cli, partner, st);
    if (!known)
        return cli_fail(EXIT_NO, partner, "no such partner, and no ledger to one; 'relto partner list' shows them");
    return c.differs ? EXIT_NO : EXIT_DONE;
}
