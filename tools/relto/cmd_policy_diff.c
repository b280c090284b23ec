// relto policy diff: what another policy would change in what partners hold.
#include <stdio.h>

#include "formats/base/limits.h"
#include "formats/xml.h"
#include "node/core/policy_diff.h"
#include "tools/relto/client.h"
#include "tools/relto/cmd_policy.h"

static const char help[] =
    "usage: relto [-C DIR] [--format text|tsv] policy diff [FILE] [--spif-dir DIR] [--vocabulary FILE] [--as officer-NAME]\n\n"
    "Ask the node what would change in the actual holdings were this policy activated now; nothing is changed. FILE,\n"
    "--spif-dir and --vocabulary default to what relto.conf of DIR names.\n"
    "gain: the partner would get the report; see-differently: get it anew, with more or less visible or other terms; lose: get\n"
    "it no longer, what was delivered stays; withdraw: what was delivered is withdrawn.\n"
    "tsv: kind, partner, report, version, delivered or not-delivered.\n"
    "Exit code 1 when nothing would change.\n";

static const char *const kinds[] = {"gain", "see-differently", "lose", "withdraw"};

struct totals {
    size_t of[4], undecided;
};

static const char *fact(const struct xml_node *n, const char *name)
{
    const char *value = xml_attr(n, name);
    return value ? value : "-";
}

static void print_change(const struct cli *cli, const struct xml_node *n, struct totals *sum)
{
    if (xml_is(n, NS_POLICY_DIFF, "undecided")) {
        sum->undecided++;
        cli_fail(0, fact(n, "report"), "cannot be decided: what is stored of it is damaged; see relto audit verify");
        return;
    }
    const char *delivered = strcmp(fact(n, "delivered"), "true") == 0 ? "delivered" : "not-delivered";
    for (size_t i = 0; i < 4; i++)
        sum->of[i] += strcmp(fact(n, "kind"), kinds[i]) == 0;
    if (cli->format == FORMAT_TSV)
        printf("%s\t%s\t%s\t%s\t%s\n", fact(n, "kind"), fact(n, "partner"), fact(n, "report"), fact(n, "version"), delivered);
    else
        printf("%-15s  %-10s %s version %s (%s)\n", fact(n, "kind"), fact(n, "partner"), fact(n, "report"), fact(n, "version"),
               delivered);
}

// One page. Returns -1 to go on at *path (NULL = all done), else the exit code (reported).
static int one_page(const struct cli *cli, const char *who, struct span bundle, const char **path, struct totals *sum)
{
    struct client_answer answer = {0};
    struct xml_node *root;
    struct client_call call = {.method = "POST", .path = *path, .who = who, .body = bundle};
    enum status st = client_call(cli, &call, &answer);
    if (st != ST_OK)
        return cli_fail_status(cli, "policy diff", st);
    if (answer.status != 200)
        return client_fail(cli, "policy diff", &answer);
    // Pages may be many: each has its own memory.
    struct arena *a = xml_arena_new(answer.body.len);
    diag_init(cli->diag, NULL);
    st = a ? xml_read(answer.body, XML_UNTRUSTED, a, cli->diag, &root) : ST_NOMEM;
    if (st == ST_OK) {
        for (const struct xml_node *n = xml_first(root); n; n = xml_next(n))
            print_change(cli, n, sum);
        const char *next = xml_attr(root, "next");
        *path = next ? arena_printf(cli->arena, "/v1/policy/diff?after=%s", next) : NULL;
    }
    arena_free(&a);
    return st == ST_OK ? -1 : cli_fail_status(cli, "policy diff", st);
}

static int all_pages(const struct cli *cli, const char *who, const struct policy_bundle *bundle)
{
    struct totals sum = {0};
    struct buf bytes;
    const char *path = "/v1/policy/diff";
    buf_init(&bytes, POLICY_BUNDLE_BYTES_MAX);
    policy_bundle_write(bundle, &bytes);
    int code = buf_status(&bytes) == ST_OK ? -1 : cli_fail_status(cli, bundle->policy.name, buf_status(&bytes));
    while (code < 0 && path)
        code = one_page(cli, who, buf_bytes(&bytes), &path, &sum);
    buf_fini(&bytes);
    if (code >= 0)
        return code;
    if (cli->format == FORMAT_TEXT)
        printf("%zu gained, %zu seen differently, %zu lost, %zu withdrawn\n", sum.of[0], sum.of[1], sum.of[2], sum.of[3]);
    if (sum.undecided)
        return EXIT_CORRUPT;
    return sum.of[0] + sum.of[1] + sum.of[2] + sum.of[3] ? EXIT_DONE : EXIT_NO;
}

int cmd_policy_diff(const struct cli *cli, int argc, char **argv)
{
    return policy_send(cli, argc, argv, "policy diff", help, all_pages);
}
