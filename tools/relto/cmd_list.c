// relto list: the reports held here, newest first.
#include <stdio.h>

#include "formats/report.h"
#include "store/reports.h"
#include "tools/relto/local.h"

static const char help[] =
    "usage: relto [-C DIR] [--format text|tsv] list [--from PARTNER]\n\n"
    "List the reports held at the node of DIR, newest first: id, version, source (own, or the partner whose feed\n"
    "brought it), type, time of issue, parts (withheld ones after a minus sign), title.\n"
    "  --from PARTNER   only those from this partner; \"own\" for own reports\n";

struct listing {
    const struct cli *cli;
    const char *from;
    size_t count;
};

// Portions and attachments present, and parts withheld.
static void count_parts(const struct report_record *r, size_t *ret_present, size_t *ret_withheld)
{
    struct arena *a = xml_arena_new(r->bytes.len);
    const struct report *report;
    *ret_present = *ret_withheld = 0;
    if (a && report_read(r->bytes, NULL, a, NULL, &report) == ST_OK) {
        for (size_t i = 0; i < report->child_count; i++) {
            enum report_child_kind k = report->children[i].kind;
            *ret_present += k == REPORT_PORTION || k == REPORT_ATTACHMENT;
            *ret_withheld += k == REPORT_WITHHELD;
        }
        *ret_withheld += report->overall_withheld;
    }
    arena_free(&a);
}

static enum status print_one(void *ctx, const struct report_record *r)
{
    struct listing *l = ctx;
    const char *source = r->source[0] ? r->source : "own";
    char urn[UUID_URN_LEN + 1], time[UTC_TEXT_MAX];
    size_t present, withheld;
    if (l->from && strcmp(l->from, source) != 0)
        return ST_OK;
    count_parts(r, &present, &withheld);
    l->count++;
    uuid_urn(r->id, urn);
    if (l->cli->format == FORMAT_TSV)
        printf("%s\t%u\t%s\t%s\t%s\t%zu\t%zu\t%s\n", urn, r->version, source, r->type, utc_format_s(r->issued, time),
               present, withheld, r->title);
    else
        printf("%s v%-2u %-8s %-10s %s %2zu-%zu  %s%s\n", urn + 9, r->version, source, r->type,
               utc_format_dtg(r->issued, time), present, withheld, r->not_understood ? "[label not understood] " : "",
               r->title);
    return ST_OK;
}

int cmd_list(const struct cli *cli, int argc, char **argv)
{
    struct listing l = {.cli = cli};
    struct local local;
    const struct cli_option options[] = {{"from", &l.from, NULL}};
    int code = cli_options(&argc, argv, options, 1, help);
    if (code >= 0)
        return code;
    if (argc > 1)
        return cli_usage(argv[0], "'%s' is not expected", argv[1]);
    code = local_open(cli, NODE_READER, &local);
    if (code >= 0)
        return code;
    enum status st = reports_each(local.tick.txn, print_one, &l);
    local_close(&local, false);
    if (st != ST_OK)
        return cli_fail(cli_code(st), "list", "%s", status_text(st));
    if (cli->format == FORMAT_TEXT)
        printf("%zu reports\n", l.count);
    return EXIT_DONE;
}
