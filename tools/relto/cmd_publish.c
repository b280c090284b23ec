// relto publish, relto preview: send drafts to the node and show who gets what.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/core/publish.h"
#include "tools/relto/client.h"
#include "tools/relto/draft_file.h"
#include "tools/relto/local.h"

static const char publish_help[] =
    "usage: relto [-C DIR] publish [--quiet] FILE...\n"
    "       relto [-C DIR] publish [--quiet] [--replace REPORT] [--attach FILE]... FILE\n\n"
    "Publish drafts at the node of DIR. Each is sent as its originating cell, with DIR/certs/cell-<cell>.pem.\n"
    "Prints the report's id and the decision for each partner. The same file sent twice is published once.\n"
    "A draft that states an id and a version above 1 is the next version of that report.\n"
    "Comments between elements are not sent; a portion without text is refused.\n"
    "The file of each attachment that a draft names is looked for beside it: size, sha256 and media-type are filled in\n"
    "where the draft leaves them out, and the bytes are brought to the node first, going on after a break.\n"
    "  --attach FILE      an attachment from elsewhere; without an element in the draft it gets one, under the\n"
    "                     overall label. May be given several times\n"
    "  --replace REPORT   publish FILE as the next version of this own report (its id or a unique beginning of it)\n"
    "  --quiet            print only the ids\n";
static const char preview_help[] =
    "usage: relto [-C DIR] preview [--attach FILE]... FILE...\n\n"
    "Show who would get a draft if it were published now, what would be withheld, and why. Nothing is stored.\n"
    "  --attach FILE   as of publish; attachments stay here\n";

struct publish {
    const struct cli *cli;
    const char *path; // of the call
    bool quiet;
    bool new_version; // not for previews: drafts may be corrections, and attachments are brought
    struct attach_files *attach;
    const char *replace; // the report to correct; NULL = as the draft says
    size_t done, refused;
};

static void print_decision(const struct xml_node *n)
{
    const char *text = "", *withheld = xml_attr(n, "withheld");
    const char *outcome = xml_attr(n, "outcome"), *partner = xml_attr(n, "partner"), *reason = xml_attr(n, "reason");
    if (xml_text(n, NULL, &text) != ST_OK)
        text = "";
    printf("  %-10s %-8s %-18s %-14s %s\n", partner ? partner : "?", outcome ? outcome : "?",
           reason && strcmp(reason, "-") != 0 ? reason : "", withheld && strcmp(withheld, "-") != 0 ? withheld : "", text);
}

static void print_tsv(const char *report, const struct xml_node *n)
{
    static const char *const columns[] = {"partner", "outcome", "reason", "agreement", "withheld", "until"};
    fputs(report, stdout);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        const char *v = xml_attr(n, columns[i]);
        if (!v && strcmp(columns[i], "agreement") == 0)
            v = xml_attr(n, "rule");
        printf("\t%s", v ? v : "-");
    }
    putchar('\n');
}

static int print_answer(const struct publish *p, const char *file, const struct client_answer *a)
{
    struct xml_node *root;
    if (p->cli->format == FORMAT_XML) {
        fwrite(a->body.ptr, 1, a->body.len, stdout);
        return EXIT_DONE;
    }
    enum status st = xml_read(a->body, XML_UNTRUSTED, p->cli->arena, p->cli->diag, &root);
    if (st != ST_OK || !xml_is(root, NS_DECISIONS, "decisions"))
        return cli_fail(EXIT_CORRUPT, file, "the node's answer is not understood; are relto and reltod of one version?");
    const char *report = xml_attr(root, "report");
    if (!report)
        report = "-";
    if (p->quiet || p->cli->format != FORMAT_TSV)
        printf("%s%s%s\n", report, p->quiet ? "" : "  ", p->quiet ? "" : file);
    for (const struct xml_node *n = p->quiet ? NULL : xml_first(root); n; n = xml_next(n)) {
        if (p->cli->format == FORMAT_TSV)
            print_tsv(report, n);
        else
            print_decision(n);
    }
    return EXIT_DONE;
}

// Make the call a correction of `version`.
static void correct(const struct publish *p, struct uuid id, uint32_t version, struct client_call *call)
{
    char urn[UUID_URN_LEN + 1];
    call->method = "PUT";
    call->path = arena_printf(p->cli->arena, "/v1/reports/%s", uuid_urn(id, urn) + 9);
    call->header = arena_printf(p->cli->arena, "If-Match: \"%u\"", version);
}

// The version that --replace is to correct is the current one: it stands in our own store.
static int correct_named(const struct publish *p, struct client_call *call)
{
    struct local l;
    struct uuid id;
    struct report_record rec;
    int code = local_open(p->cli, NODE_READER, &l);
    if (code >= 0)
        return code;
    code = EXIT_NO;
    if (local_report_id(p->cli, &l, p->replace, &id)) {
        enum status st = reports_current(l.tick.txn, id, &rec);
        if (st == ST_OK) {
            correct(p, id, rec.version, call);
            code = -1;
        } else {
            code = st == ST_GONE ? cli_fail(EXIT_NO, p->replace, "recalled; publish it as a new report")
                                 : local_report_fail(p->cli, &l, id, p->replace, st);
        }
    }
    local_close(&l, false);
    return code;
}

// Which call a draft needs: the cell whose certificate is to be used, its id and version stand in it. Returns -1 to go on.
static int plan_call(const struct publish *p, const char *file, struct client_call *call)
{
    const struct report *r;
    enum status st = draft_file_read(p->cli, file, p->attach, p->cli->arena, &call->body, &r);
    if (st != ST_OK)
        return cli_fail_status(p->cli, file, st);
    call->who = arena_printf(p->cli->arena, "cell-%s", r->cell);
    if (p->replace)
        return correct_named(p, call);
    if (p->new_version && r->has_id && r->version > 1)
        correct(p, r->id, r->version - 1, call);
    return -1;
}

static int send_file(struct publish *p, const char *file)
{
    struct client_call call = {.method = "POST", .path = p->path};
    struct client_answer answer = {0};
    int code = plan_call(p, file, &call);
    if (code < 0 && p->new_version) // a preview needs no bytes
        code = attach_upload(p->cli, p->attach, call.who);
    if (code >= 0)
        return code;
    diag_init(p->cli->diag, NULL);
    enum status st = client_call(p->cli, &call, &answer);
    if (st != ST_OK)
        return cli_fail_status(p->cli, file, st);
    if (answer.status / 100 != 2)
        return client_fail(p->cli, file, &answer);
    return print_answer(p, file, &answer);
}

static int send_files(struct publish *p, int argc, char **argv, const char *verb)
{
    int worst = EXIT_DONE;
    if (argc < 2)
        return cli_usage(argv[0], "no file given");
    for (int i = 1; i < argc; i++) {
        if (argc > 2 && cli_is_terminal(STDERR_FILENO))
            fprintf(stderr, "\r%s %d of %d", verb, i, argc - 1);
        int code = send_file(p, argv[i]);
        if (code > worst)
            worst = code;
        if (code == EXIT_DONE)
            p->done++;
        else
            p->refused++;
        if (code == EXIT_UNREACHABLE)
            break;
    }
    if (argc > 2)
        fprintf(stderr, "%s%s: %zu done, %zu refused\n", cli_is_terminal(STDERR_FILENO) ? "\r" : "", argv[0], p->done,
                p->refused);
    return worst;
}

static int run(struct publish *p, int argc, char **argv, const struct cli_option *options, size_t count, const char *help,
               const char *verb)
{
    p->attach = calloc(1, sizeof *p->attach);
    if (!p->attach)
        return cli_fail_status(p->cli, argv[0], ST_NOMEM);
    int code = attach_take_options(&argc, argv, p->attach);
    if (code < 0)
        code = cli_options(&argc, argv, options, count, help);
    if (code < 0 && (p->replace || p->attach->named_count) && argc > 2)
        code = cli_usage(argv[0], "%s takes one draft", p->replace ? "--replace" : "--attach");
    if (code < 0)
        code = send_files(p, argc, argv, verb);
    free(p->attach);
    return code;
}

int cmd_publish(const struct cli *cli, int argc, char **argv)
{
    struct publish p = {.cli = cli, .path = "/v1/reports", .new_version = true};
    const struct cli_option options[] = {{"quiet", NULL, &p.quiet}, {"replace", &p.replace, NULL}};
    return run(&p, argc, argv, options, 2, publish_help, "publishing");
}

int cmd_preview(const struct cli *cli, int argc, char **argv)
{
    struct publish p = {.cli = cli, .path = "/v1/preview"};
    return run(&p, argc, argv, NULL, 0, preview_help, "previewing");
}
