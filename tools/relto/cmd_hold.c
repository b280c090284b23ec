// relto hold: what awaits a release officer; approve or refuse it.
#include <stdio.h>

#include "formats/base/limits.h"
#include "formats/xml.h"
#include "node/core/hold.h"
#include "tools/relto/local.h"
#include "tools/relto/officer.h"

static const char help[] =
    "usage: relto [-C DIR] [--format text|tsv] hold list [--as officer-NAME]\n"
    "       relto [-C DIR] hold approve|refuse|revoke REPORT PARTNER [--as officer-NAME]\n\n"
    "list shows what awaits approval: report, partner, agreement, how many officers approved of those that the agreement asks\n"
    "for, and what would be withheld. approve and refuse answer for one partner; an approval covers this version and what is\n"
    "visible of it now. Where two approvals are asked for, two different officers must give them. What you said last stands;\n"
    "revoke takes it back. The call is made as the only officer with a certificate under DIR/certs, or as --as says.\n"
    "list, tsv: report, version, partner, agreement, approvals, needed, withheld, since, type, cell, title.\n"
    "Exit code of list: 1 when nothing awaits approval.\n";

// ---- reading the node's answers

static enum status read_holds(const struct cli *cli, struct span body, struct xml_node **ret)
{
    diag_init(cli->diag, NULL);
    TRY(xml_read(body, XML_UNTRUSTED, cli->arena, cli->diag, ret));
    if (xml_is(*ret, NS_HOLDS, "holds"))
        return ST_OK;
    diag_add(cli->diag, 0, 0, "answer", NULL, "the node did not answer with a list of holds");
    return ST_INVALID;
}

static const char *fact(const struct xml_node *hold, const char *name)
{
    const char *value = xml_attr(hold, name);
    return value ? value : "-";
}

// Call back for every hold of the list, page by page. Returns -1 to go on, else the exit code (reported).
static int each_hold(const struct cli *cli, const char *who, void (*each)(void *ctx, const struct xml_node *hold), void *ctx)
{
    const char *path = "/v1/holds";
    while (path) {
        struct client_call call = {.method = "GET", .path = path, .who = who};
        struct client_answer answer = {0};
        struct xml_node *root;
        enum status st = client_call(cli, &call, &answer);
        if (st != ST_OK)
            return cli_fail_status(cli, "hold", st);
        if (answer.status != 200)
            return client_fail(cli, "hold", &answer);
        st = read_holds(cli, answer.body, &root);
        if (st != ST_OK)
            return cli_fail_status(cli, "hold", st);
        for (const struct xml_node *n = xml_first(root); n; n = xml_next(n))
            each(ctx, n);
        const char *next = xml_attr(root, "next");
        path = next ? arena_printf(cli->arena, "/v1/holds?after=%s", next) : NULL;
    }
    return -1;
}

// ---- list

struct listing {
    const struct cli *cli;
    size_t count;
};

static void print_hold(void *ctx, const struct xml_node *h)
{
    static const char *const columns[] = {"report", "version", "partner", "agreement", "approvals", "needed",
                                          "withheld", "since", "type", "cell", "title"};
    struct listing *l = ctx;
    l->count++;
    if (l->cli->format == FORMAT_TSV) {
        for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
            printf("%s%s", i ? "\t" : "", fact(h, columns[i]));
        putchar('\n');
        return;
    }
    printf("%s version %s for %s: %s\n", fact(h, "report"), fact(h, "version"), fact(h, "partner"), fact(h, "title"));
    printf("    %s of %s approvals under %s; withheld: %s; %s of %s, held since %s\n", fact(h, "approvals"), fact(h, "needed"),
           fact(h, "agreement"), fact(h, "withheld"), fact(h, "type"), fact(h, "cell"), fact(h, "since"));
    for (const struct xml_node *n = xml_first(h); n; n = xml_next(n))
        printf("    %s by %s at %s\n", n->name, fact(n, "officer"), fact(n, "at"));
}

static int list(const struct cli *cli, const char *who)
{
    struct listing l = {.cli = cli};
    int code = each_hold(cli, who, print_hold, &l);
    if (code >= 0)
        return code;
    if (cli->format == FORMAT_TEXT)
        printf("%zu await approval\n", l.count);
    return l.count ? EXIT_DONE : EXIT_NO;
}

// ---- answer

struct seeking {
    const char *report, *partner, *etag;
};

static void seek(void *ctx, const struct xml_node *h)
{
    struct seeking *s = ctx;
    if (strcmp(fact(h, "report"), s->report) == 0 && strcmp(fact(h, "partner"), s->partner) == 0)
        s->etag = xml_attr(h, "etag");
}

static int find_report(const struct cli *cli, const char *text, const char **ret_urn)
{
    struct local l;
    struct uuid id;
    char urn[UUID_URN_LEN + 1];
    int code = local_open(cli, NODE_READER, &l);
    if (code >= 0)
        return code;
    bool found = local_report_id(cli, &l, text, &id);
    enum status st = local_close(&l, false);
    if (!found || st != ST_OK)
        return EXIT_NO;
    *ret_urn = arena_cstr(cli->arena, uuid_urn(id, urn));
    return *ret_urn ? -1 : EXIT_UNREACHABLE;
}

static int print_state(const struct cli *cli, struct span body)
{
    struct xml_node *root;
    enum status st = read_holds(cli, body, &root);
    if (st != ST_OK)
        return cli_fail_status(cli, "hold", st);
    for (const struct xml_node *h = xml_first(root); h; h = xml_next(h))
        printf("%s version %s for %s: %s%s%s%s; %s of %s approvals; withheld: %s\n", fact(h, "report"), fact(h, "version"),
               fact(h, "partner"), fact(h, "outcome"), strcmp(fact(h, "reason"), "-") ? " (" : "",
               strcmp(fact(h, "reason"), "-") ? fact(h, "reason") : "", strcmp(fact(h, "reason"), "-") ? ")" : "",
               fact(h, "approvals"), fact(h, "needed"), fact(h, "withheld"));
    return EXIT_DONE;
}

static int answer(const struct cli *cli, const char *who, const char *action, const char *report, const char *partner)
{
    struct seeking s = {.partner = partner};
    struct client_answer reply = {0};
    if (partner[strspn(partner, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._")])
        return cli_fail(EXIT_USAGE, partner, "not an id of a partner; 'relto hold list' shows them");
    int code = find_report(cli, report, &s.report);
    // What the node shows now is what the answer is about: should it change on the way, the node refuses.
    if (code < 0)
        code = each_hold(cli, who, seek, &s);
    if (code >= 0)
        return code;
    struct client_call call = {
        .method = "POST",
        .who = who,
        .path = arena_printf(cli->arena, "/v1/holds/%s?partner=%s&action=%s", s.report + strlen("urn:uuid:"), partner, action),
        .header = s.etag ? arena_printf(cli->arena, "If-Match: \"%s\"", s.etag) : NULL,
    };
    enum status st = client_call(cli, &call, &reply);
    if (st != ST_OK)
        return cli_fail_status(cli, report, st);
    return reply.status == 200 ? print_state(cli, reply.body) : client_fail(cli, report, &reply);
}

int cmd_hold(const struct cli *cli, int argc, char **argv)
{
    static const char *const actions[] = {"approve", "refuse", "revoke"};
    const char *as = NULL;
    const struct cli_option options[] = {{"as", &as, NULL}};
    int code = cli_options(&argc, argv, options, 1, help);
    if (code >= 0)
        return code;
    bool is_list = argc == 2 && strcmp(argv[1], "list") == 0, is_answer = false;
    for (size_t i = 0; argc == 4 && i < 3; i++)
        is_answer |= strcmp(argv[1], actions[i]) == 0;
    if (!is_list && !is_answer)
        return cli_usage("hold", "expected: hold list, or hold approve, refuse or revoke REPORT PARTNER");
    const char *who = officer_who(cli, as);
    if (!who)
        return EXIT_UNREACHABLE;
    return is_list ? list(cli, who) : answer(cli, who, argv[1], argv[2], argv[3]);
}
