// relto policy: its subcommands; and explain: why a report goes to a partner, or not; with a node, or from files.
#include <stdio.h>
#include <stdlib.h>

#include "node/core/record.h"
#include "node/core/release.h"
#include "node/io/clock.h"
#include "node/io/file.h"
#include "policy/explain.h"
#include "tools/relto/cmd_policy.h"
#include "tools/relto/local.h"

static const char help[] =
    "usage: relto [-C DIR] policy check|test|diff|activate ...   ('relto policy check --help' tells more)\n"
    "       relto [-C DIR] policy explain REPORT PARTNER [--at TIME]\n"
    "       relto policy explain --policy FILE --spif-dir DIR --vocabulary FILE [--at TIME]\n"
    "                [--received permitted|consent|forbidden] [--approved N] [--consented P,Q]\n"
    "                [--format tsv|text] REPORT.xml\n\n"
    "explain: the first form explains the decision on a report held at the node of DIR for one partner.\n"
    "The second needs no node: it decides REPORT.xml (also an unsigned draft) for every partner of the policy.\n"
    "  --at TIME        decide at this instant, e.g. 2026-11-22T13:35:00Z (default: now)\n"
    "  --received TERM  what onward terms a report of another nation came with (default: forbidden)\n"
    "  --approved N     how many officers approved it (default: 0)\n"
    "  --consented P,Q  partners for which the originator's consent is recorded\n"
    "tsv: one line a partner, in the policy's order: partner, outcome, reason, agreement or rule, withheld ids,\n"
    "until. Exit code 1 when nothing goes to anyone.\n";

struct explain {
    const char *policy, *spif_dir, *vocabulary, *at, *received, *approved, *consented;
    utc_ms t;
    enum onward onward;
    uint32_t approvals;
};

static int parse_times_and_terms(struct explain *x)
{
    x->t = clock_now();
    if (x->at && utc_parse(span_cstr(x->at), UTC_ZONE_Z, &x->t) != ST_OK)
        return cli_usage("policy", "--at: '%s' is no time of the form 2026-11-22T13:35:00Z", x->at);
    if (x->received && !onward_parse(span_cstr(x->received), &x->onward))
        return cli_usage("policy", "--received: '%s' is none of permitted, consent, forbidden", x->received);
    if (x->approved) {
        char *end;
        unsigned long n = strtoul(x->approved, &end, 10);
        if (*end || end == x->approved || n > 1000)
            return cli_usage("policy", "--approved: '%s' is no number of officers", x->approved);
        x->approvals = (uint32_t)n;
    }
    return -1;
}

// Is `id` in the comma-separated list?
static bool listed(const char *list, const char *id)
{
    size_t n = strlen(id);
    for (const char *p = list; p && *p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
        if (strncmp(p, id, n) == 0 && (p[n] == ',' || p[n] == 0))
            return true;
    return false;
}

// ---- offline

static enum status load_rules(const struct cli *cli, const struct explain *x, struct ruleset **ret)
{
    struct config files = {.policy_file = x->policy, .spif_dir = x->spif_dir, .vocabulary_file = x->vocabulary};
    struct policy_bundle bundle;
    TRY(config_policy_bundle(&files, cli->arena, cli->diag, &bundle));
    return ruleset_load(&bundle, cli->diag, ret);
}

static enum status load_report(const struct cli *cli, const char *file, struct report *ret, utc_ms t)
{
    struct span bytes;
    const struct report *r;
    diag_init(cli->diag, file);
    TRY(file_read(file, RENDITION_BYTES_MAX, cli->arena, cli->diag, &bytes));
    TRY(report_read(bytes, file, cli->arena, cli->diag, &r));
    *ret = *r;
    if (!r->has_issued)
        ret->issued = t; // for a draft, t counts as issued
    return ST_OK;
}

static bool explain_partner(const struct cli *cli, const struct explain *x, const struct ruleset *rs,
                            const struct report *r, size_t partner)
{
    struct decide_record rec = {.received = strcmp(r->nation, ruleset_document(rs)->nation) != 0,
                                .onward = x->onward,
                                .consented = listed(x->consented, ruleset_partner(rs, partner)->id),
                                .approvals = x->approvals,
                                .any_approvals_count = true,
                                .stored_at = UTC_MIN};
    struct decision d;
    struct buf out;
    buf_init(&out, MIB);
    decide(rs, r, partner, x->t, &rec, &d);
    if (cli->format == FORMAT_TSV) {
        decision_tsv(rs, r, partner, &d, &out);
        buf_putc(&out, '\n');
    } else {
        buf_printf(&out, "%s\n", ruleset_partner(rs, partner)->id);
        explain_text(rs, r, partner, x->t, &rec, &out);
    }
    fwrite(out.ptr, 1, out.len, stdout);
    buf_fini(&out);
    return d.outcome == OUTCOME_RELEASE || d.outcome == OUTCOME_REDACT;
}

static int explain_offline(const struct cli *cli, const struct explain *x, int argc, char **argv)
{
    struct ruleset *rs = NULL;
    struct report r;
    if (!x->policy || !x->spif_dir || !x->vocabulary || argc != 2)
        return cli_usage("policy", "offline, --policy, --spif-dir, --vocabulary and one report file are needed");
    enum status st = load_rules(cli, x, &rs);
    if (st != ST_OK)
        return cli_fail_status(cli, x->policy, st);
    st = load_report(cli, argv[1], &r, x->t);
    bool goes = false;
    for (size_t i = 0; st == ST_OK && i < ruleset_partner_count(rs); i++)
        goes |= explain_partner(cli, x, rs, &r, i);
    ruleset_free(&rs);
    if (st != ST_OK)
        return cli_fail_status(cli, argv[1], st);
    return goes ? EXIT_DONE : EXIT_NO;
}

// ---- at a node

static int explain_stored(const struct cli *cli, struct local *l, const char *report, const char *partner)
{
    struct uuid id;
    struct stored_report *s;
    struct decision d;
    size_t index = ruleset_partner_index(l->node->core.rules, partner);
    if (index == SIZE_MAX)
        return cli_fail(EXIT_NO, partner, "the active policy names no such partner; 'relto partner list' shows them");
    if (!local_report_id(cli, l, report, &id))
        return EXIT_NO;
    enum status st = record_load_current(&l->tick, id, &s);
    if (st != ST_OK)
        return local_report_fail(cli, l, id, report, st);
    struct decide_record rec;
    st = release_decide(&l->tick, s->report, &s->record, index, &d, &rec);
    if (st != ST_OK) {
        record_free(&s);
        return cli_fail(cli_code(st), report, "%s", status_text(st));
    }
    struct buf out;
    buf_init(&out, MIB);
    if (cli->format == FORMAT_TSV) {
        decision_tsv(l->node->core.rules, s->report, index, &d, &out);
        buf_putc(&out, '\n');
    } else {
        explain_summary(l->node->core.rules, s->report, index, &d, &out);
        buf_putc(&out, '\n');
        explain_text(l->node->core.rules, s->report, index, l->tick.now, &rec, &out);
    }
    fwrite(out.ptr, 1, out.len, stdout);
    buf_fini(&out);
    record_free(&s);
    return d.outcome == OUTCOME_RELEASE || d.outcome == OUTCOME_REDACT ? EXIT_DONE : EXIT_NO;
}

static int explain_at_node(const struct cli *cli, const struct explain *x, int argc, char **argv)
{
    struct local l;
    if (argc != 3)
        return cli_usage("policy", "REPORT and PARTNER are needed");
    int code = local_open(cli, NODE_READER, &l);
    if (code >= 0)
        return code;
    if (x->at)
        l.tick.now = x->t;
    code = explain_stored(cli, &l, argv[1], argv[2]);
    local_close(&l, false);
    return code;
}

static int policy_explain(const struct cli *cli, int argc, char **argv)
{
    struct explain x = {0};
    const struct cli_option options[] = {
        {"policy", &x.policy, NULL},     {"spif-dir", &x.spif_dir, NULL}, {"vocabulary", &x.vocabulary, NULL},
        {"at", &x.at, NULL},             {"received", &x.received, NULL}, {"approved", &x.approved, NULL},
        {"consented", &x.consented, NULL}};
    int code = cli_options(&argc, argv, options, sizeof options / sizeof *options, help);
    if (code >= 0)
        return code;
    if (argc < 2 || strcmp(argv[1], "explain") != 0)
        return cli_usage("policy", "expected: policy check, test, diff, activate or explain");
    code = parse_times_and_terms(&x);
    if (code >= 0)
        return code;
    bool offline = x.policy || x.spif_dir || x.vocabulary;
    return offline ? explain_offline(cli, &x, argc - 1, argv + 1) : explain_at_node(cli, &x, argc - 1, argv + 1);
}

int cmd_policy(const struct cli *cli, int argc, char **argv)
{
    static const struct {
        const char *name;
        command_fn *run;
    } commands[] = {{"check", cmd_policy_check}, {"test", cmd_policy_test}, {"diff", cmd_policy_diff},
                  {"activate", cmd_policy_activate}};
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(cli, argc - 1, argv + 1);
    return policy_explain(cli, argc, argv);
}
