// relto recall: recall an own report; and how far each recall has got.
#include <stdio.h>
#include <unistd.h>

#include "formats/report.h"
#include "node/core/recall_progress.h"
#include "store/reports.h"
#include "tools/relto/client.h"
#include "tools/relto/local.h"

static const char help[] =
    "usage: relto [-C DIR] recall REPORT --reason TEXT [--as cell-NAME|officer-NAME]\n"
    "       relto [-C DIR] [--format text|tsv] recall status [REPORT] [--overdue]\n\n"
    "Recall an own report: every partner that ever got it is told to erase it, and its id is never used again.\n"
    "The call is made as the report's cell unless --as names another certificate under DIR/certs.\n"
    "status lists, for each recalled report and each partner that ever had a release of it: whether content had\n"
    "been delivered, and whether the partner's receipt covers the recall. Exit code 1 while any is missing.\n"
    "  --overdue   only those that are missing for longer than [audit] recall-overdue-minutes; exit code 1 when there are any\n"
    "tsv: report, partner, delivered or not-delivered, receipt or open, time of the receipt, overdue since\n";

// ---- status

struct recall_list {
    const struct cli *cli;
    bool overdue_only;
    size_t shown, open, overdue;
};

enum { REASON_BYTES_MAX = 255 }; // of node/core: it goes into an audit event

static void print_recall(const struct recall_list *r, const struct recall_progress *p)
{
    char urn[UUID_URN_LEN + 1], receipt[UTC_TEXT_MAX] = "-", overdue[UTC_TEXT_MAX] = "-";
    if (p->receipt_at)
        utc_format_s(p->receipt_at, receipt);
    if (p->overdue_since)
        utc_format_s(p->overdue_since, overdue);
    uuid_urn(p->report, urn);
    if (r->cli->format == FORMAT_TSV)
        printf("%s\t%s\t%s\t%s\t%s\t%s\n", urn, p->partner, p->delivered ? "delivered" : "not-delivered",
               p->receipt_at ? "receipt" : "open", receipt, overdue);
    else
        printf("%s  %-10s content %-14s %s%s\n", urn, p->partner, p->delivered ? "was delivered" : "never left",
               p->receipt_at ? "recall receipted " : p->overdue_since ? "OVERDUE since " : "no receipt yet",
               p->receipt_at ? receipt : p->overdue_since ? overdue : "");
}

static enum status list_recall(void *ctx, const struct recall_progress *p)
{
    struct recall_list *r = ctx;
    if (!p->partner)
        return ST_OK; // nobody ever got it
    r->shown++;
    r->open += !p->receipt_at;
    r->overdue += p->overdue_since != 0;
    if (p->overdue_since || !r->overdue_only)
        print_recall(r, p);
    return ST_OK;
}

static int recall_status(const struct cli *cli, const char *report, bool overdue_only)
{
    struct local l;
    struct uuid id;
    struct recall_list r = {.cli = cli, .overdue_only = overdue_only};
    int code = local_open(cli, NODE_READER, &l);
    if (code >= 0)
        return code;
    if (report && !local_report_id(cli, &l, report, &id)) {
        local_close(&l, false);
        return EXIT_NO;
    }
    uint32_t minutes = l.node->config->recall_overdue_min;
    int64_t overdue_ms = (int64_t)minutes * 60000;
    enum status st = report ? recall_progress_of(&l.tick, id, overdue_ms, list_recall, &r)
                            : recall_progress_each(&l.tick, overdue_ms, list_recall, &r);
    local_close(&l, false);
    if (st == ST_NOT_FOUND)
        return cli_fail(EXIT_NO, report, "it was never recalled here");
    if (st != ST_OK)
        return cli_fail_status(cli, report ? report : "recall status", st);
    if (cli->format == FORMAT_TEXT)
        printf("%zu recalls at partners, %zu without receipt, %zu of them for more than %u minutes\n", r.shown, r.open, r.overdue,
               minutes);
    return (overdue_only ? r.overdue : r.open) ? EXIT_NO : EXIT_DONE;
}

// ---- recall

struct target {
    struct uuid id;
    uint32_t version;
    const char *who;
};

// What the call needs to know stands in our own store.
static int find_target(const struct cli *cli, const char *text, const char *as, struct target *ret)
{
    struct local l;
    struct report_record rec;
    const struct report *r;
    int code = local_open(cli, NODE_READER, &l);
    if (code >= 0)
        return code;
    code = EXIT_NO;
    if (local_report_id(cli, &l, text, &ret->id)) {
        struct purged_copy purged;
        enum status st = reports_current(l.tick.txn, ret->id, &rec);
        if (st == ST_NOT_FOUND && reports_purged(l.tick.txn, ret->id, "", &purged) == ST_OK && (as || purged.cell[0])) {
            ret->version = purged.version; // its content is gone; that it was here is known
            ret->who = as ? as : arena_printf(cli->arena, "cell-%s", purged.cell);
            local_close(&l, false);
            return -1;
        }
        if (st == ST_OK)
            st = report_read(rec.bytes, NULL, cli->arena, cli->diag, &r);
        if (st == ST_OK && strcmp(r->nation, l.node->core.nation) != 0) {
            cli_fail(0, text, "a report of %s; only its originator can recall it", r->nation);
            code = EXIT_REFUSED;
        } else if (st == ST_OK) {
            ret->version = rec.version;
            ret->who = as ? as : arena_printf(cli->arena, "cell-%s", r->cell);
            code = -1;
        } else {
            code = st == ST_GONE ? cli_fail(EXIT_NO, text, "recalled already; see 'relto recall status'")
                                 : local_report_fail(cli, &l, ret->id, text, st);
        }
    }
    local_close(&l, false);
    return code;
}

static int recall(const struct cli *cli, const char *text, const char *reason, const char *as)
{
    struct target t;
    struct client_answer answer = {0};
    char urn[UUID_URN_LEN + 1];
    struct buf path;
    int code = find_target(cli, text, as, &t);
    if (code >= 0)
        return code;
    buf_init(&path, 4 * KIB);
    buf_printf(&path, "/v1/reports/%s?reason=", uuid_urn(t.id, urn) + 9);
    client_put_escaped(&path, reason);
    struct client_call call = {.method = "DELETE", .path = buf_cstr(&path), .who = t.who,
                               .header = arena_printf(cli->arena, "If-Match: \"%u\"", t.version)};
    enum status st = client_call(cli, &call, &answer);
    buf_fini(&path);
    if (st != ST_OK)
        return cli_fail_status(cli, text, st);
    if (answer.status / 100 != 2)
        return client_fail(cli, text, &answer);
    printf("%s recalled; 'relto recall status' follows it\n", urn);
    return EXIT_DONE;
}

// cell-NAME or officer-NAME: it names files under certs/.
static bool caller_is_plain(const char *as)
{
    size_t n = strlen(as), role = strncmp(as, "cell-", 5) == 0 ? 5 : strncmp(as, "officer-", 8) == 0 ? 8 : 0;
    return role && n > role && strspn(as, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") == n;
}

int cmd_recall(const struct cli *cli, int argc, char **argv)
{
    const char *reason = NULL, *as = NULL;
    bool overdue = false;
    const struct cli_option options[] = {{"reason", &reason, NULL}, {"as", &as, NULL}, {"overdue", NULL, &overdue}};
    int code = cli_options(&argc, argv, options, sizeof options / sizeof *options, help);
    if (code >= 0)
        return code;
    if (argc >= 2 && argc <= 3 && strcmp(argv[1], "status") == 0)
        return recall_status(cli, argc == 3 ? argv[2] : NULL, overdue);
    if (argc != 2)
        return cli_usage(argv[0], "one REPORT is needed");
    if (!reason || !*reason)
        return cli_usage(argv[0], "--reason is needed: it goes to the audit log");
    if (strlen(reason) > REASON_BYTES_MAX)
        return cli_usage(argv[0], "--reason has %zu bytes; at most %d fit", strlen(reason), REASON_BYTES_MAX);
    if (as && !caller_is_plain(as))
        return cli_usage(argv[0], "--as: '%s': expected cell-NAME or officer-NAME, with a certificate under DIR/certs", as);
    return recall(cli, argv[1], reason, as);
}
