// relto consent: ask originating nations for consent to passing their reports on; grant, refuse and revoke it for our own.
#include <stdio.h>
#include <string.h>

#include "formats/base/limits.h"
#include "formats/xml.h"
#include "node/core/consent.h"
#include "tools/relto/local.h"
#include "tools/relto/officer.h"
#include "tools/relto/rows.h"

static const char help[] =
    "usage: relto [-C DIR] [--format text|tsv|csv|json|xml] consent list [--waiting] [--as officer-NAME]\n"
    "       relto [-C DIR] consent ask REPORT PARTNER [--as officer-NAME]\n"
    "       relto [-C DIR] consent grant ID [--until TIME] [--as officer-NAME]\n"
    "       relto [-C DIR] consent refuse ID --reason TEXT [--as officer-NAME]\n"
    "       relto [-C DIR] consent revoke ID [--reason TEXT] [--as officer-NAME]\n\n"
    "Reports of other nations whose terms say `consent` go on to a partner with their originating nation's consent alone. ask has\n"
    "our node ask that nation's node, and hear its answer; grant, refuse and revoke answer partners that ask us. list shows both\n"
    "kinds; --waiting only what partners wait for. A consent is for one report, version, rendition and recipient, until TIME (30\n"
    "days unless given). Revoking it, and its end, take effect at the partner as its terms say. The partner reads the reason. ID\n"
    "is that of the list, or a beginning of it that is unique.\n"
    "Columns: id, direction, state, nation, requester, recipient, report, version, expires, outcome, by, reason, title.\n"
    "Exit code of list: 1 when there is nothing to show.\n";

static const char *const columns[] = {"id",      "direction", "state",   "nation", "requester", "recipient", "report",
                                      "version", "expires",   "outcome", "by",     "reason",    "title"};
enum { COLUMNS = sizeof columns / sizeof *columns };

static const char *fact(const struct xml_node *n, const char *name)
{
    const char *value = xml_attr(n, name);
    return value ? value : "-";
}

static const char *id_of(const struct xml_node *n)
{
    const char *id = fact(n, "id");
    return strncmp(id, "urn:uuid:", 9) == 0 ? id + 9 : id;
}

// ---- the node's answers

static enum status read_consents(const struct cli *cli, struct span body, struct xml_node **ret)
{
    diag_init(cli->diag, NULL);
    TRY(xml_read(body, XML_UNTRUSTED, cli->arena, cli->diag, ret));
    if (xml_is(*ret, NS_CONSENTS, "consents"))
        return ST_OK;
    diag_add(cli->diag, 0, 0, "answer", NULL, "the node did not answer with a list of consents");
    return ST_INVALID;
}

// Call back for every request, page by page. Returns -1 to go on, else the exit code (reported).
static int each_request(const struct cli *cli, const char *who, void (*each)(void *ctx, struct xml_node *n), void *ctx)
{
    const char *path = "/v1/consents";
    while (path) {
        struct client_call call = {.method = "GET", .path = path, .who = who};
        struct client_answer answer = {0};
        struct xml_node *root;
        enum status st = client_call(cli, &call, &answer);
        if (st == ST_OK && answer.status != 200)
            return client_fail(cli, "consent", &answer);
        if (st == ST_OK)
            st = read_consents(cli, answer.body, &root);
        if (st != ST_OK)
            return cli_fail_status(cli, "consent", st);
        for (struct xml_node *n = xml_first(root); n; n = xml_next(n))
            each(ctx, n);
        const char *next = xml_attr(root, "next");
        path = next ? arena_printf(cli->arena, "/v1/consents?after=%s", next) : NULL;
    }
    return -1;
}

// What others wrote may hold line breaks and more.
static void print_words(const char *before, const char *words)
{
    if (!words)
        return;
    fputs(before, stdout);
    cli_print_plain(words);
}

static void print_text(const struct xml_node *n)
{
    bool ours = strcmp(fact(n, "direction"), "asked") == 0;
    printf("%.8s %s: %s version %s, from %s by way of %s to %s", id_of(n), fact(n, "state"), fact(n, "report"), fact(n, "version"),
           fact(n, "nation"), fact(n, "requester"), fact(n, "recipient"));
    print_words(": ", fact(n, "title"));
    printf("\n    %s", ours ? "asked by us" : "asked of us");
    if (xml_attr(n, "expires"))
        printf("; until %s", fact(n, "expires"));
    print_words("; ", xml_attr(n, "by"));
    if (xml_attr(n, "outcome"))
        printf("; our own decision for %s: %s", fact(n, "recipient"), fact(n, "outcome"));
    print_words("; reason: ", xml_attr(n, "reason"));
    putchar('\n');
}

// ---- list

struct listing {
    const struct cli *cli;
    struct rows rows;
    bool waiting_only;
    size_t count;
};

static void begin_list(const struct listing *l)
{
    if (l->cli->format == FORMAT_XML)
        printf("<consents xmlns=\"" NS_CONSENTS "\">");
    else if (rows_format(l->cli->format))
        rows_begin(&l->rows);
}

static void end_list(const struct listing *l)
{
    if (l->cli->format == FORMAT_XML)
        puts("</consents>");
    else if (rows_format(l->cli->format))
        rows_end(&l->rows);
}

// As the node wrote it.
static void print_xml(struct xml_node *n)
{
    struct buf b;
    buf_init(&b, MIB);
    xml_canonical(n, &b);
    fwrite(b.ptr, 1, b.len, stdout);
    buf_fini(&b);
}

static void print_one(void *ctx, struct xml_node *n)
{
    struct listing *l = ctx;
    const char *values[COLUMNS];
    bool waits = strcmp(fact(n, "state"), "waiting") == 0 && strcmp(fact(n, "direction"), "received") == 0;
    if (l->waiting_only && !waits)
        return;
    l->count++;
    if (l->cli->format == FORMAT_XML || !rows_format(l->cli->format)) {
        if (l->cli->format == FORMAT_XML)
            print_xml(n);
        else
            print_text(n);
        return;
    }
    for (size_t i = 0; i < COLUMNS; i++)
        values[i] = xml_attr(n, columns[i]);
    values[0] = id_of(n);
    rows_put(&l->rows, values);
}

static int list(const struct cli *cli, const char *who, bool waiting_only)
{
    struct listing l = {.cli = cli, .rows = {cli->format, "consents", columns, COLUMNS}, .waiting_only = waiting_only};
    begin_list(&l);
    int code = each_request(cli, who, print_one, &l);
    if (code >= 0)
        return code;
    end_list(&l);
    if (!rows_format(cli->format))
        printf("%zu %s\n", l.count, waiting_only ? "wait for an answer of ours" : "requests for consent");
    return l.count ? EXIT_DONE : EXIT_NO;
}

// ---- ask and answer

static int call_and_print(const struct cli *cli, const char *who, const char *what, const char *path)
{
    struct client_call call = {.method = "POST", .path = path, .who = who};
    struct client_answer answer = {0};
    struct xml_node *root;
    enum status st = path ? client_call(cli, &call, &answer) : ST_NOMEM;
    if (st == ST_OK && answer.status != 200)
        return client_fail(cli, what, &answer);
    if (st == ST_OK)
        st = read_consents(cli, answer.body, &root);
    if (st != ST_OK)
        return cli_fail_status(cli, what, st);
    struct listing l = {.cli = cli, .rows = {cli->format, "consents", columns, COLUMNS}};
    begin_list(&l);
    for (struct xml_node *n = xml_first(root); n; n = xml_next(n))
        print_one(&l, n);
    end_list(&l);
    return EXIT_DONE;
}

static int ask(const struct cli *cli, const char *who, const char *report, const char *partner)
{
    struct local l;
    struct uuid id;
    char urn[UUID_URN_LEN + 1];
    if (!consent_party_valid(partner))
        return cli_fail(EXIT_USAGE, partner, "not an id of a partner");
    int code = local_open(cli, NODE_READER, &l);
    if (code >= 0)
        return code;
    bool found = local_report_id(cli, &l, report, &id);
    enum status st = local_close(&l, false);
    if (!found || st != ST_OK)
        return EXIT_NO;
    return call_and_print(cli, who, report,
                          arena_printf(cli->arena, "/v1/consents?report=%s&partner=%s", uuid_urn(id, urn) + 9, partner));
}

struct seeking {
    const char *beginning;
    const char *id;
    size_t count;
};

static void seek(void *ctx, struct xml_node *n)
{
    struct seeking *s = ctx;
    if (strncmp(id_of(n), s->beginning, strlen(s->beginning)) != 0)
        return;
    s->count++;
    s->id = id_of(n);
}

static const char *with_query(const struct cli *cli, const char *id, const char *action, const char *name, const char *value)
{
    struct buf b;
    buf_init(&b, 8 * KIB);
    buf_printf(&b, "/v1/consents/%s?action=%s", id, action);
    if (value) {
        buf_printf(&b, "&%s=", name);
        client_put_escaped(&b, value);
    }
    const char *path = buf_status(&b) == ST_OK ? arena_cstr(cli->arena, buf_cstr(&b)) : NULL;
    buf_fini(&b);
    return path;
}

struct words {
    const char *as, *until, *reason;
    bool waiting;
};

static int answer(const struct cli *cli, const char *who, const char *action, const char *text, const struct words *w)
{
    struct seeking s = {.beginning = strncmp(text, "urn:uuid:", 9) == 0 ? text + 9 : text};
    if (strlen(s.beginning) < 6)
        return cli_fail(EXIT_USAGE, text, "expected the id of a request, or at least 6 characters of it; 'relto consent list' shows them");
    int code = each_request(cli, who, seek, &s);
    if (code >= 0)
        return code;
    if (s.count != 1)
        return cli_fail(EXIT_NO, text, s.count ? "more than one request for consent begins so; give more of its id"
                                               : "no request for consent has this id; 'relto consent list' shows them");
    bool grants = strcmp(action, "grant") == 0;
    return call_and_print(cli, who, text, with_query(cli, s.id, action, grants ? "until" : "reason", grants ? w->until : w->reason));
}

static int run(const struct cli *cli, int argc, char **argv, const struct words *w)
{
    static const char *const answers[] = {"grant", "refuse", "revoke"};
    const char *verb = argc > 1 ? argv[1] : "";
    size_t which = 0;
    while (which < 3 && strcmp(verb, answers[which]) != 0)
        which++;
    bool is_list = argc == 2 && strcmp(verb, "list") == 0, is_ask = argc == 4 && strcmp(verb, "ask") == 0;
    if (!is_list && !is_ask && !(argc == 3 && which < 3))
        return cli_usage("consent", "expected: consent list, ask REPORT PARTNER, or grant, refuse or revoke ID");
    if ((w->until && which != 0) || (w->reason && which != 1 && which != 2) || (w->waiting && !is_list))
        return cli_usage("consent", "--until goes with grant, --reason with refuse and revoke, --waiting with list");
    if (which == 1 && !w->reason)
        return cli_usage("consent", "a refusal needs --reason TEXT, which the partner will read");
    const char *who = officer_who(cli, w->as);
    if (!who)
        return EXIT_UNREACHABLE;
    return is_list  ? list(cli, who, w->waiting)
           : is_ask ? ask(cli, who, argv[2], argv[3])
                    : answer(cli, who, verb, argv[2], w);
}

int cmd_consent(const struct cli *cli, int argc, char **argv)
{
    struct words w = {.as = NULL};
    const struct cli_option options[] = {
        {"as", &w.as, NULL}, {"until", &w.until, NULL}, {"reason", &w.reason, NULL}, {"waiting", NULL, &w.waiting}};
    int code = cli_options(&argc, argv, options, 4, help);
    return code >= 0 ? code : run(cli, argc, argv, &w);
}
