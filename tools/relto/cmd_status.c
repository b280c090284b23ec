// relto status: the node at a glance: what it holds, and what each partner may have of it now.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/core/record.h"
#include "node/core/release.h"
#include "node/io/file.h"
#include "store/audit_log.h"
#include "tools/relto/local.h"

static const char help[] =
    "usage: relto [-C DIR] [--format text|tsv] status\n\n"
    "The node's name, whether reltod runs, active policy and holdings, and for each partner how many reports the\n"
    "policy releases, redacts, embargoes, holds for approval, holds for consent and denies now, by reason.\n"
    "tsv: partner, outcome, reason, number of reports\n";

enum { OUTCOMES = OUTCOME_RELEASE + 1, REASONS = REASON_APPROVAL + 1 };

struct matrix {
    struct local *l;
    size_t own, received;
    size_t (*count)[OUTCOMES][REASONS]; // one per partner
};

static enum status count_report(void *ctx, const struct report_record *r)
{
    struct matrix *m = ctx;
    struct stored_report *s;
    if (r->source[0])
        m->received++;
    else
        m->own++;
    TRY(record_load(&m->l->tick, r->id, r->version, r->source, &s));
    enum status st = ST_OK;
    for (size_t i = 0; st == ST_OK && i < ruleset_partner_count(m->l->node->core.rules); i++) {
        struct decision d;
        st = release_decide(&m->l->tick, s->report, &s->record, i, &d, NULL);
        if (st == ST_OK)
            m->count[i][d.outcome][d.reason]++;
    }
    record_free(&s);
    return st;
}

static void print_partner(const struct cli *cli, const char *partner, size_t count[OUTCOMES][REASONS])
{
    for (int o = OUTCOMES - 1; o >= 0; o--)
        for (int r = 0; r < REASONS; r++) {
            if (count[o][r] == 0)
                continue;
            if (cli->format == FORMAT_TSV)
                printf("%s\t%s\t%s\t%zu\n", partner, outcome_text((enum outcome)o), reason_text((enum reason)r), count[o][r]);
            else
                printf("%-10s %-8s %-20s %6zu\n", partner, outcome_text((enum outcome)o), reason_text((enum reason)r),
                       count[o][r]);
        }
}

static void print_daemon(const struct config *c, struct arena *a)
{
    struct span address;
    long pid = local_daemon(c, a);
    const char *path = arena_printf(a, "%s/run/address", c->dir);
    if (pid == 0)
        printf("reltod    not running\n");
    else if (path && file_read(path, 256, a, NULL, &address) == ST_OK)
        printf("reltod    process %ld at %s", pid, (const char *)address.ptr);
    else
        printf("reltod    process %ld\n", pid);
}

static enum status print_node(struct local *l, const struct matrix *m, struct arena *a)
{
    uint64_t events;
    char digest[DIGEST_TEXT_LEN + 1];
    const struct core *c = &l->node->core;
    TRY(audit_size(l->tick.txn, &events));
    printf("node      %s (%s)\n", c->node_name, c->nation);
    print_daemon(l->node->config, a);
    printf("policy    serial %llu, %s\nreports   %zu own, %zu received\naudit log %llu events\n\n",
           (unsigned long long)ruleset_document(c->rules)->serial,
           digest_text(ruleset_digest(c->rules), digest), m->own, m->received, (unsigned long long)events);
    return ST_OK;
}

int cmd_status(const struct cli *cli, int argc, char **argv)
{
    struct local l;
    int code = cli_options(&argc, argv, NULL, 0, help);
    if (code >= 0)
        return code;
    if (argc > 1)
        return cli_usage(argv[0], "'%s' is not expected", argv[1]);
    code = local_open(cli, NODE_READER, &l);
    if (code >= 0)
        return code;
    const struct ruleset *rs = l.node->core.rules;
    struct matrix m = {.l = &l, .count = arena_array(cli->arena, ruleset_partner_count(rs) + 1, sizeof *m.count)};
    enum status st = m.count ? reports_each(l.tick.txn, count_report, &m) : ST_NOMEM;
    if (st == ST_OK && cli->format == FORMAT_TEXT)
        st = print_node(&l, &m, cli->arena);
    for (size_t i = 0; st == ST_OK && i < ruleset_partner_count(rs); i++)
        print_partner(cli, ruleset_partner(rs, i)->id, m.count[i]);
    local_close(&l, false);
    return st == ST_OK ? EXIT_DONE : cli_fail(cli_code(st), "status", "%s", status_text(st));
}
