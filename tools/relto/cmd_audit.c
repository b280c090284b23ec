// relto audit: the auditor's questions (spec 5); their options and help.
#include <stdio.h>
#include <string.h>

#include "formats/base/utctime.h"
#include "tools/relto/cmd_audit.h"

static const char help[] =
    "usage: relto [-C DIR] audit verify [FOLDER | --proof FILE]\n"
    "       relto [-C DIR] audit export [--from TIME] [--to TIME] FOLDER\n"
    "       relto [-C DIR] audit prove N\n"
    "       relto [-C DIR] audit key\n"
    "       relto [-C DIR] audit query [--report R] [--partner P] [--actor A] [--kind K] [--from TIME] [--to TIME]\n"
    "                       [--newest] [--limit N]\n"
    "       relto [-C DIR] audit who-has REPORT [--at TIME]\n"
    "       relto [-C DIR] audit seen-by PARTNER [--at TIME]\n"
    "       relto [-C DIR] audit explain REPORT PARTNER [--at TIME]\n"
    "       relto [-C DIR] audit recalls [--overdue]\n"
    "       relto [-C DIR] audit compare PARTNER\n"
    "The questions, from query on, also answer with --format tsv, csv, json (a line each) or xml.\n\n"
    "verify recomputes every tree from the stored bytes and checks that all agrees; export and prove write what others\n"
    "can check with the key that key prints. 'relto audit verify --help' and so on tell more.\n"
    "query prints events, oldest first unless --newest. --from is taken in, --to is not (--until is the same).\n"
    "who-has lists every partner that was ever given a report: which version, whether its content left, and\n"
    "whether the partner's receipt covers it. Exit code 1 when there is none.\n"
    "seen-by lists what a partner had been given by an instant, what it had in hands, and under which agreement\n"
    "and policy. Exit code 1 when nothing.\n"
    "explain makes a past decision again, with the policy, approvals and terms of then, and compares it with the\n"
    "one in the log. Exit code 1 when it differs or cannot be made again.\n"
    "recalls lists each recall and each partner that had the report; what has no receipt for longer than\n"
    "[audit] recall-overdue-minutes is overdue. Exit code 1 when any is.\n"
    "compare holds our ledger to a partner against its receipts. Exit code 1 when they contradict each other.\n"
    "Times are of the form 2026-11-22T13:35:00Z, with milliseconds if need be; --at is now unless given.\n";

int audit_time_option(const char *name, const char *text, bool whole, int64_t *ret)
{
    utc_ms t;
    if (!text)
        return -1;
    if (utc_parse(span_cstr(text), UTC_ZONE_Z, &t) != ST_OK)
        return cli_usage("audit", "%s: '%s' is no time of the form 2026-11-22T13:35:00Z", name, text);
    *ret = whole && !strchr(text, '.') ? utc_add(t, 999) : t;
    return -1;
}

static int ask(const struct cli *cli, int argc, char **argv, const struct audit_options *o)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (argc == 2 && strcmp(what, "query") == 0)
        return audit_query(cli, o);
    if (argc == 3 && strcmp(what, "who-has") == 0)
        return audit_who_has(cli, argv[2], o);
    if (argc == 3 && strcmp(what, "seen-by") == 0)
        return audit_seen_by(cli, argv[2], o);
    if (argc == 4 && strcmp(what, "explain") == 0)
        return audit_explain(cli, argv[2], argv[3], o);
    if (argc == 2 && strcmp(what, "recalls") == 0)
        return audit_recalls(cli, o);
    if (argc == 3 && strcmp(what, "compare") == 0)
        return audit_compare(cli, argv[2]);
    return cli_usage("audit", "expected: audit verify, export, prove, key, query, who-has REPORT, seen-by PARTNER, explain REPORT PARTNER, recalls "
                              "or compare PARTNER");
}

// Those in files of their own, with options of their own.
static const struct {
    const char *name;
    command_fn *run;
} others[] = {{"verify", audit_verify}, {"export", audit_export}, {"key", audit_key}, {"prove", audit_prove}};

int cmd_audit(const struct cli *cli, int argc, char **argv)
{
    struct audit_options o = {0};
    const char *until = NULL;
    const struct cli_option options[] = {{"report", &o.report, NULL}, {"partner", &o.partner, NULL}, {"actor", &o.actor, NULL},
                                         {"kind", &o.kind, NULL},     {"from", &o.from, NULL},       {"to", &o.to, NULL},
                                         {"until", &until, NULL},     {"limit", &o.limit, NULL},     {"newest", NULL, &o.newest},
                                         {"at", &o.at, NULL},         {"overdue", NULL, &o.overdue}};
    for (size_t i = 0; argc > 1 && i < sizeof others / sizeof *others; i++)
        if (strcmp(argv[1], others[i].name) == 0)
            return others[i].run(cli, argc, argv);
    int code = cli_options(&argc, argv, options, sizeof options / sizeof *options, help);
    if (code >= 0)
        return code;
    if (cli->format == FORMAT_HTML)
        return cli_usage(argv[0], "audit does not write HTML");
    if (until && o.to)
        return cli_usage(argv[0], "--to and --until are the same; give one");
    o.to = until ? until : o.to;
    return ask(cli, argc, argv, &o);
}
