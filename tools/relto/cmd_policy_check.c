// relto policy check: load a policy, then look for what is odd in it.
#include <stdio.h>

#include "node/io/clock.h"
#include "policy/lint.h"
#include "tools/relto/cmd_policy.h"

static const char help[] =
    "usage: relto [-C DIR] policy check [FILE] [--spif-dir DIR] [--vocabulary FILE] [--at TIME] [--format tsv|text]\n\n"
    "Load a policy with its SPIFs and vocabulary, and name what is odd in it: agreements that can never match or that an\n"
    "earlier one shadows, denials that never fire, partners without a clearance for their agreements, communities without\n"
    "members. Agreements that are over or end within 30 days are warnings, which do not fail the check.\n"
    "FILE, --spif-dir and --vocabulary default to what relto.conf of DIR names.\n"
    "  --at TIME   look from this instant on, e.g. 2026-11-22T13:35:00Z (default: now)\n"
    "tsv: file, line, element, id, rule, finding or warning, message. Exit code 1 when the policy does not load or there is\n"
    "a finding.\n";

struct findings {
    const struct cli *cli;
    const char *file;
    size_t findings, warnings;
};

static void print_finding(void *ctx, const struct lint_finding *f)
{
    struct findings *all = ctx;
    *(f->warning ? &all->warnings : &all->findings) += 1;
    if (all->cli->format == FORMAT_TSV)
        printf("%s\t%u\t%s\t%s\t%s\t%s\t%s\n", all->file, f->line, f->element, f->id, f->rule,
               f->warning ? "warning" : "finding", f->message);
    else
        printf("%s:%u: %s%s %s: %s [%s]\n", all->file, f->line, f->warning ? "warning: " : "", f->element, f->id, f->message,
               f->rule);
}

int cmd_policy_check(const struct cli *cli, int argc, char **argv)
{
    struct policy_files files = {0};
    const char *at = NULL;
    const struct cli_option options[] = {
        {"spif-dir", &files.spif_dir, NULL}, {"vocabulary", &files.vocabulary, NULL}, {"at", &at, NULL}};
    int code = cli_options(&argc, argv, options, sizeof options / sizeof *options, help);
    if (code >= 0)
        return code;
    utc_ms now = clock_now();
    if (argc > 2)
        return cli_usage("policy check", "one FILE at most");
    if (at && utc_parse(span_cstr(at), UTC_ZONE_Z, &now) != ST_OK)
        return cli_usage("policy check", "--at: '%s' is no time of the form 2026-11-22T13:35:00Z", at);
    struct ruleset *rs = NULL;
    files.policy = argc == 2 ? argv[1] : NULL;
    code = policy_files_load(cli, &files, &rs);
    if (code >= 0)
        return code;
    struct findings all = {.cli = cli, .file = files.policy ? files.policy : ruleset_document(rs)->file};
    enum status st = policy_lint(rs, now, print_finding, &all);
    if (st == ST_OK && cli->format == FORMAT_TEXT)
        printf("%s: loads; serial %llu, %zu partners, %zu agreements; %zu findings, %zu warnings\n", all.file,
               (unsigned long long)ruleset_document(rs)->serial, ruleset_partner_count(rs),
               ruleset_document(rs)->agreement_count, all.findings, all.warnings);
    ruleset_free(&rs);
    if (st != ST_OK)
        return cli_fail_status(cli, all.file, st);
    return all.findings ? EXIT_NO : EXIT_DONE;
}
