// relto policy test: the decisions that a policy's authors expect, run like unit tests.
#include <stdio.h>

#include "formats/base/limits.h"
#include "formats/policy_test.h"
#include "formats/report.h"
#include "node/io/file.h"
#include "policy/decide.h"
#include "tools/relto/cmd_policy.h"

static const char help[] =
    "usage: relto [-C DIR] policy test FILE... [--policy FILE] [--spif-dir DIR] [--vocabulary FILE] [--format tsv|text]\n\n"
    "Decide the reports that each test FILE names, and compare with what it expects (formats/schema/policy-test.xsd).\n"
    "Policy, SPIFs and vocabulary are those of the options, else those that the test file names (relative to its own\n"
    "folder), else those of relto.conf of DIR.\n"
    "tsv: file, line, case, partner, ok or failed, what was expected, what was decided.\n"
    "Exit code 1 when a decision is not the expected one, or a file does not load.\n";

struct run {
    const struct cli *cli;
    const char *file;
    const struct policy_test_document *doc;
    struct ruleset *rs;
    size_t passed, failed;
};

// A file that the test file names, beside it.
static const char *beside(const struct run *x, const char *name)
{
    const char *slash = strrchr(x->file, '/');
    if (!name || name[0] == '/' || !slash)
        return name;
    return arena_printf(x->cli->arena, "%.*s/%s", (int)(slash - x->file), x->file, name);
}

// ---- one expectation

// What was decided, in the words of the offline form: partner, outcome, reason, agreement or rule, withheld, until.
enum { FIELD_PARTNER, FIELD_OUTCOME, FIELD_REASON, FIELD_BY, FIELD_WITHHELD, FIELD_UNTIL, FIELDS };

static void split(char *line, const char *fields[FIELDS])
{
    for (size_t i = 0; i < FIELDS; i++) {
        fields[i] = line;
        line += strcspn(line, "\t");
        if (*line)
            *line++ = 0;
    }
}

static bool same(const char *expected, const char *got)
{
    return !expected || strcmp(expected, got) == 0;
}

static bool as_expected(const struct policy_expectation *e, const struct decision *d, const char *const fields[FIELDS])
{
    return same(e->outcome, fields[FIELD_OUTCOME]) && same(e->reason, fields[FIELD_REASON]) &&
           same(e->agreement, d->agreement ? d->agreement : "-") && same(e->rule, d->rule ? d->rule : "-") &&
           same(e->withheld, fields[FIELD_WITHHELD]) && same(e->until, fields[FIELD_UNTIL]);
}

static void put_field(struct buf *out, const char *name, const char *value)
{
    if (value && *value)
        buf_printf(out, " %s=%s", name, value);
}

static void say(struct run *x, const struct policy_case *c, const struct policy_expectation *e, const struct decision *d,
                const char *const fields[FIELDS], bool ok)
{
    struct buf want, got;
    buf_init(&want, 64 * KIB);
    buf_init(&got, 64 * KIB);
    buf_puts(&want, e->outcome);
    put_field(&want, "reason", e->reason);
    put_field(&want, "agreement", e->agreement);
    put_field(&want, "rule", e->rule);
    put_field(&want, "withheld", e->withheld);
    put_field(&want, "until", e->until);
    buf_puts(&got, fields[FIELD_OUTCOME]);
    put_field(&got, "reason", fields[FIELD_REASON]);
    put_field(&got, "agreement", d->agreement ? d->agreement : "-");
    put_field(&got, "rule", d->rule ? d->rule : "-");
    put_field(&got, "withheld", fields[FIELD_WITHHELD]);
    put_field(&got, "until", fields[FIELD_UNTIL]);
    if (x->cli->format == FORMAT_TSV)
        printf("%s\t%u\t%s\t%s\t%s\t%s\t%s\n", x->file, e->line, c->name, e->partner, ok ? "ok" : "failed", buf_cstr(&want),
               buf_cstr(&got));
    else if (!ok)
        printf("%s:%u: %s: %s: expected %s; decided %s\n", x->file, e->line, c->name, e->partner, buf_cstr(&want),
               buf_cstr(&got));
    buf_fini(&want);
    buf_fini(&got);
}

static bool consented(const struct policy_case *c, const char *partner)
{
    for (size_t i = 0; i < c->consented_count; i++)
        if (strcmp(c->consented[i], partner) == 0)
            return true;
    return false;
}

static enum status run_expectation(struct run *x, const struct policy_case *c, const struct report *r,
                                   const struct policy_expectation *e)
{
    size_t partner = ruleset_partner_index(x->rs, e->partner);
    struct decide_record rec = {.received = strcmp(r->nation, ruleset_document(x->rs)->nation) != 0, .onward = c->received,
                                .consented = consented(c, e->partner), .approvals = c->approved,
                                .any_approvals_count = true, .stored_at = UTC_MIN};
    struct decision d;
    struct buf line;
    const char *fields[FIELDS];
    decide(x->rs, r, partner, c->at, &rec, &d);
    if (d.outcome == OUTCOME_DENY && d.reason == REASON_NONE)
        return ST_NOMEM;
    buf_init(&line, 64 * KIB);
    decision_tsv(x->rs, r, partner, &d, &line);
    char *text = (char *)(uintptr_t)arena_cstr(x->cli->arena, buf_cstr(&line));
    buf_fini(&line);
    if (!text)
        return arena_status(x->cli->arena);
    split(text, fields);
    bool ok = as_expected(e, &d, fields);
    *(ok ? &x->passed : &x->failed) += 1;
    say(x, c, e, &d, fields, ok);
    return ST_OK;
}

// ---- cases

static bool known_reason(const char *text)
{
    for (enum reason r = REASON_NONE; r <= REASON_APPROVAL; r++)
        if (strcmp(reason_text(r), text) == 0)
            return true;
    return false;
}

// A test that names what cannot be would pass, or fail, for the wrong reason.
static void check_words(const struct run *x, const struct policy_case *c, const struct policy_expectation *e)
{
    enum outcome o;
    struct diag *d = x->cli->diag;
    if (ruleset_partner_index(x->rs, e->partner) == SIZE_MAX)
        diag_add(d, e->line, 0, "unknown-partner", c->name, "\"%s\" is no partner of the policy", e->partner);
    if (!outcome_parse(e->outcome, &o))
        diag_add(d, e->line, 0, "bad-value", c->name, "outcome=\"%s\": expected release, redact, embargo, hold, consent or deny",
                 e->outcome);
    if (e->reason && !known_reason(e->reason))
        diag_add(d, e->line, 0, "bad-value", c->name, "reason=\"%s\" is none of the reasons of relto(1)", e->reason);
}

static enum status run_case(struct run *x, const struct policy_case *c)
{
    struct span bytes;
    const struct report *read;
    const char *file = beside(x, c->report);
    TRY(arena_status(x->cli->arena));
    diag_init(x->cli->diag, file);
    TRY(file_read(file, RENDITION_BYTES_MAX, x->cli->arena, x->cli->diag, &bytes));
    TRY(report_read(bytes, file, x->cli->arena, x->cli->diag, &read));
    struct report r = *read;
    if (!r.has_issued)
        r.issued = c->at; // for a draft, the instant counts as issued
    for (size_t i = 0; i < c->expectation_count; i++)
        TRY(run_expectation(x, c, &r, &c->expectations[i]));
    return ST_OK;
}

static enum status run_cases(struct run *x)
{
    diag_init(x->cli->diag, x->file);
    for (size_t i = 0; i < x->doc->case_count; i++)
        for (size_t k = 0; k < x->doc->cases[i].expectation_count; k++)
            check_words(x, &x->doc->cases[i], &x->doc->cases[i].expectations[k]);
    if (x->cli->diag->count)
        return ST_INVALID;
    for (size_t i = 0; i < x->doc->case_count; i++)
        TRY(run_case(x, &x->doc->cases[i]));
    return ST_OK;
}

static int run_file(const struct cli *cli, const char *file, const struct policy_files *options)
{
    struct run x = {.cli = cli, .file = file};
    struct span bytes;
    diag_init(cli->diag, file);
    enum status st = file_read(file, POLICY_BYTES_MAX, cli->arena, cli->diag, &bytes);
    if (st == ST_OK)
        st = policy_test_read(bytes, file, cli->arena, cli->diag, &x.doc);
    if (st != ST_OK)
        return cli_fail_status(cli, file, st);
    const struct policy_files files = {
        .policy = options->policy ? options->policy : beside(&x, x.doc->policy),
        .spif_dir = options->spif_dir ? options->spif_dir : beside(&x, x.doc->spif_dir),
        .vocabulary = options->vocabulary ? options->vocabulary : beside(&x, x.doc->vocabulary),
    };
    int code = policy_files_load(cli, &files, &x.rs);
    if (code >= 0)
        return code;
    st = run_cases(&x);
    ruleset_free(&x.rs);
    if (st != ST_OK)
        return cli_fail_status(cli, file, st);
    if (cli->format == FORMAT_TEXT)
        printf("%s: %zu cases, %zu decisions as expected, %zu not\n", file, x.doc->case_count, x.passed, x.failed);
    return x.failed ? EXIT_NO : EXIT_DONE;
}

int cmd_policy_test(const struct cli *cli, int argc, char **argv)
{
    struct policy_files files = {0};
    const struct cli_option options[] = {
        {"policy", &files.policy, NULL}, {"spif-dir", &files.spif_dir, NULL}, {"vocabulary", &files.vocabulary, NULL}};
    int code = cli_options(&argc, argv, options, sizeof options / sizeof *options, help);
    if (code >= 0)
        return code;
    if (argc < 2)
        return cli_usage("policy test", "a test FILE is needed");
    code = EXIT_DONE;
    for (int i = 1; i < argc; i++) {
        int one = run_file(cli, argv[i], &files);
        code = one > code ? one : code;
    }
    return code;
}
