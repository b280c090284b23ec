// relto audit: the auditor's questions (spec 5). verify is in cmd_audit_verify.c.
#include <stdio.h>
#include <stdlib.h>

#include "formats/text_rules.h"
#include "store/audit_log.h"
#include "store/ledger.h"
#include "tools/relto/cmd_audit.h"
#include "tools/relto/local.h"

static const char help[] =
    "usage: relto [-C DIR] audit verify\n"
    "       relto [-C DIR] [--format text|xml|tsv] audit query [--report ID] [--partner P] [--actor A] [--kind K]\n"
    "                       [--from TIME] [--until TIME]\n"
    "       relto [-C DIR] [--format text|tsv] audit who-has REPORT\n\n"
    "verify recomputes every tree from the stored bytes and checks signatures, receipts, and that deliveries,\n"
    "decisions, ledgers, events and renditions agree; on a live node or a stopped store. Exit code 1 when not.\n"
    "query prints events, oldest first. Times are of the form 2026-11-22T13:35:00Z.\n"
    "who-has lists every partner that was ever given a report: which version, whether its content left, and\n"
    "whether the partner's receipt covers it.\n";

struct audit_options {
    const char *report, *partner, *actor, *kind, *from, *until;
};

// ---- query

static int read_filter(const struct audit_options *o, struct audit_filter *f)
{
    *f = (struct audit_filter){.partner = o->partner, .actor = o->actor, .by_report = o->report != NULL,
                               .by_kind = o->kind != NULL};
    if (o->report && uuid_parse(span_cstr(o->report), &f->report) != ST_OK)
        return cli_usage("audit", "--report: '%s' is no report id", o->report);
    if (o->kind && !audit_kind_parse(o->kind, &f->kind))
        return cli_usage("audit", "--kind: '%s' is no kind of event", o->kind);
    if (o->from && utc_parse(span_cstr(o->from), UTC_ZONE_Z, &f->from) != ST_OK)
        return cli_usage("audit", "--from: '%s' is no time of the form 2026-11-22T13:35:00Z", o->from);
    if (o->until && utc_parse(span_cstr(o->until), UTC_ZONE_Z, &f->until) != ST_OK)
        return cli_usage("audit", "--until: '%s' is no time of the form 2026-11-22T13:35:00Z", o->until);
    if (o->from && !o->until)
        f->until = UTC_MAX;
    return -1;
}

// The words of others (a reason, a name in a certificate) must not make up lines of their own here.
static void print_plain(const char *text)
{
    char *copy = strdup(text);
    if (!copy)
        return;
    text_rules_plain(copy);
    fputs(copy, stdout);
    free(copy);
}

static enum status print_event(void *ctx, const struct audit_event *e)
{
    const struct cli *cli = ctx;
    char time[UTC_TEXT_MAX], urn[UUID_URN_LEN + 1] = "-";
    if (cli->format == FORMAT_XML) {
        struct buf b;
        buf_init(&b, 2 * AUDIT_EVENT_BYTES_MAX);
        audit_event_write(e, &b);
        buf_putc(&b, '\n');
        fwrite(b.ptr, 1, b.len, stdout);
        buf_fini(&b);
        return ST_OK;
    }
    const char *gap = cli->format == FORMAT_TSV ? "\t" : "  ";
    if (e->has_report)
        uuid_urn(e->report, urn);
    printf("%llu%s%s%s%-10s%s%s%s%s%s%s", (unsigned long long)e->n, gap, utc_format_ms(e->at, time), gap,
           audit_kind_text(e->kind), gap, e->actor, gap, e->partner ? e->partner : "-", gap, urn);
    for (size_t i = 0; i < e->attr_count; i++) {
        printf("%s%s=", i || cli->format != FORMAT_TSV ? " " : "\t", e->attrs[i].name);
        print_plain(e->attrs[i].value);
    }
    putchar('\n');
    return ST_OK;
}

static int query(const struct cli *cli, const struct audit_options *o)
{
    struct audit_filter f;
    struct local l;
    int code = read_filter(o, &f);
    if (code < 0)
        code = local_open(cli, NODE_READER, &l);
    if (code >= 0)
        return code;
    enum status st = audit_each(l.tick.txn, &f, print_event, (void *)(uintptr_t)cli);
    local_close(&l, false);
    return st == ST_OK ? EXIT_DONE : cli_fail(cli_code(st), "audit query", "%s", status_text(st));
}

// ---- who-has

struct who_has {
    const struct cli *cli;
    struct local *l;
    struct uuid id;
    size_t count;
};

static enum status print_holder(void *ctx, const char *partner)
{
    struct who_has *w = ctx;
    struct holding h;
    struct receipt r = {0};
    TRY(holding_get(w->l->tick.txn, partner, w->id, &h));
    enum status st = receipt_latest(w->l->tick.txn, partner, &r);
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    const char *state = h.kind == ENTRY_RECALL      ? "recalled"
                        : h.kind == ENTRY_WITHDRAW ? "withdrawn"
                        : h.lapsed                 ? "lapsed"
                                                   : "released";
    const char *content = h.ever_delivered ? "delivered" : "not-delivered";
    const char *receipt = r.size > h.n ? "receipted" : "no-receipt";
    if (w->cli->format == FORMAT_TSV)
        printf("%s\t%s\t%u\t%llu\t%s\t%s\n", partner, state, h.version, (unsigned long long)h.n, content, receipt);
    else
        printf("%-10s %-9s version %u, ledger position %llu, content %s, %s\n", partner, state, h.version,
               (unsigned long long)h.n, content, receipt);
    w->count++;
    return ST_OK;
}

static void print_here(const struct who_has *w)
{
    struct report_record rec;
    struct recall_record gone;
    char time[UTC_TEXT_MAX];
    if (w->cli->format == FORMAT_TSV)
        return;
    if (reports_recalled(w->l->tick.txn, w->id, &gone) == ST_OK) {
        printf("here: recalled %s by %s: ", utc_format_s(gone.at, time), gone.by);
        print_plain(gone.reason);
        putchar('\n');
    } else if (reports_current(w->l->tick.txn, w->id, &rec) == ST_OK)
        printf("here: version %u, %s%s\n", rec.version, rec.source[0] ? "received from " : "own report", rec.source);
    else
        printf("here: not held\n");
}

static int who_has(const struct cli *cli, const char *report)
{
    struct local l;
    int code = local_open(cli, NODE_READER, &l);
    if (code >= 0)
        return code;
    struct who_has w = {.cli = cli, .l = &l};
    code = EXIT_NO;
    if (local_report_id(cli, &l, report, &w.id)) {
        print_here(&w);
        enum status st = holding_each_partner(l.tick.txn, w.id, print_holder, &w);
        code = st != ST_OK ? cli_fail(cli_code(st), report, "%s", status_text(st)) : w.count ? EXIT_DONE : EXIT_NO;
        if (st == ST_OK && w.count == 0 && cli->format == FORMAT_TEXT)
            printf("no partner was ever given it by this node\n");
    }
    local_close(&l, false);
    return code;
}

int cmd_audit(const struct cli *cli, int argc, char **argv)
{
    struct audit_options o = {0};
    const struct cli_option options[] = {{"report", &o.report, NULL}, {"partner", &o.partner, NULL},
                                         {"actor", &o.actor, NULL},   {"kind", &o.kind, NULL},
                                         {"from", &o.from, NULL},     {"until", &o.until, NULL}};
    int code = cli_options(&argc, argv, options, sizeof options / sizeof *options, help);
    if (code >= 0)
        return code;
    if (argc == 2 && strcmp(argv[1], "verify") == 0)
        return audit_verify(cli);
    if (argc == 2 && strcmp(argv[1], "query") == 0)
        return query(cli, &o);
    if (argc == 3 && strcmp(argv[1], "who-has") == 0)
        return who_has(cli, argv[2]);
    return cli_usage(argv[0], "expected: audit verify, audit query or audit who-has REPORT");
}
