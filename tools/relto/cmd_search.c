// relto search: find reports among those held here.
#include <stdio.h>

#include "formats/report.h"
#include "node/core/search_flow.h"
#include "tools/relto/local.h"

static const char help[] =
    "usage: relto [-C DIR] [--format text|tsv] search [CONDITION...] [WORD...]\n\n"
    "Find reports among the current versions held at the node of DIR, the latest issue first. All conditions must hold,\n"
    "and every WORD must stand in title, portions, exercises or names of attachments; case does not matter. What is printed is\n"
    "as with list.\n"
    "  --topic T        of this topic\n"
    "  --area A         of this area, or of one of this region of the vocabulary\n"
    "  --type T         of this type\n"
    "  --originator N   of this nation\n"
    "  --from T, --until T   issued at T or later, before T; as 2026-11-22T13:34:00Z\n"
    "  --box S,W,N,E    whose position is between these degrees of latitude and longitude; E below W crosses the date line\n"
    "  --limit N        at most so many (default 64)\n";

enum { FOUND_MAX = 1000000, UPDATE_MAX = 4096 };

struct results {
    const struct cli *cli;
    size_t count, limit;
};

static enum status print_one(void *ctx, const struct report_record *r)
{
    struct results *x = ctx;
    char urn[UUID_URN_LEN + 1], time[UTC_TEXT_MAX];
    const char *source = r->source[0] ? r->source : "own";
    uuid_urn(r->id, urn);
    if (x->cli->format == FORMAT_TSV)
        printf("%s\t%u\t%s\t%s\t%s\t%s\n", urn, r->version, source, r->type, utc_format_s(r->issued, time), r->title);
    else
        printf("%s v%-2u %-8s %-10s %s  %s\n", urn + 9, r->version, source, r->type, utc_format_dtg(r->issued, time), r->title);
    return ++x->count == x->limit ? ST_GONE : ST_OK;
}

// What was stored since comes into the index first; ST_BUSY when that is more than should keep the daemon waiting.
static enum status search(struct local *l, const struct search_ask *ask, struct results *x)
{
    struct search_place at = {.is_set = false};
    bool more;
    TRY(search_update(l->tick.txn, UPDATE_MAX, &more));
    if (more)
        return ST_BUSY;
    for (more = true; more && x->count < x->limit;)
        TRY(search_each(l->tick.txn, &ask->query, &at, print_one, x, &more));
    return ST_OK;
}

static int run(const struct cli *cli, struct search_ask *ask, const char *const *values, long limit)
{
    struct local l;
    struct results x = {.cli = cli, .limit = (size_t)limit};
    int code = local_open(cli, NODE_WRITER, &l);
    if (code >= 0)
        return code;
    for (size_t i = 0; search_names[i]; i++) {
        const char *expected = values[i] ? search_ask_set(ask, l.node->core.rules, search_names[i], values[i]) : NULL;
        if (expected) {
            local_close(&l, false);
            return cli_usage("search", "%s: '%s': expected %s", search_names[i], values[i], expected);
        }
    }
    enum status st = search(&l, ask, &x);
    enum status closed = local_close(&l, st == ST_OK || st == ST_BUSY);
    if (st == ST_BUSY)
        return cli_fail(EXIT_UNREACHABLE, "search", "much was stored since; the index is being brought up to date: try again");
    if (st == ST_INVALID)
        return cli_usage("search", "too many words");
    if (st == ST_OK)
        st = closed;
    if (st != ST_OK)
        return cli_fail(cli_code(st), "search", "%s", status_text(st));
    if (cli->format == FORMAT_TEXT)
        printf("%zu reports%s\n", x.count, x.count == x.limit ? " (--limit)" : "");
    return x.count ? EXIT_DONE : EXIT_NO;
}

// The operands as one text; NULL when there are none.
static const char *words_of(const struct cli *cli, int argc, char **argv)
{
    const char *text = NULL;
    for (int i = 1; i < argc; i++)
        text = text ? arena_printf(cli->arena, "%s %s", text, argv[i]) : argv[i];
    return text;
}

int cmd_search(const struct cli *cli, int argc, char **argv)
{
    // In the order of search_names; the last two are an address's own.
    const char *values[10] = {NULL}, *limit_text = NULL;
    long limit = SEARCH_PAGE_DEFAULT;
    struct search_ask ask;
    const struct cli_option options[] = {{"topic", &values[1], NULL}, {"area", &values[2], NULL},  {"type", &values[3], NULL},
                                         {"originator", &values[4], NULL}, {"from", &values[5], NULL}, {"until", &values[6], NULL},
                                         {"box", &values[7], NULL}, {"limit", &limit_text, NULL}};
    int code = cli_options(&argc, argv, options, sizeof options / sizeof *options, help);
    if (code >= 0)
        return code;
    if (limit_text && !cli_number(limit_text, 1, FOUND_MAX, &limit))
        return cli_usage(argv[0], "--limit: '%s': expected a number from 1 to %d", limit_text, FOUND_MAX);
    values[0] = words_of(cli, argc, argv);
    search_ask_init(&ask);
    return run(cli, &ask, values, limit);
}
