// relto audit query: events of the log.
#include <jansson.h>
#include <stdio.h>

#include "store/audit_log.h"
#include "tools/relto/cmd_audit.h"
#include "tools/relto/local.h"
#include "tools/relto/rows.h"

static const char *const columns[] = {"n", "at", "kind", "actor", "partner", "report", "version", "facts", "detail"};
enum { COLUMNS = sizeof columns / sizeof *columns };

static int read_filter(const struct audit_options *o, struct audit_filter *f)
{
    long limit = 0;
    *f = (struct audit_filter){.partner = o->partner, .actor = o->actor, .by_kind = o->kind != NULL,
                               .newest_first = o->newest};
    if (o->kind && !audit_kind_parse(o->kind, &f->kind))
        return cli_usage("audit", "--kind: '%s' is no kind of event", o->kind);
    if (o->limit && !cli_number(o->limit, 1, 1000000000, &limit))
        return cli_usage("audit", "--limit: '%s' is no number from 1 to 1000000000", o->limit);
    f->limit = (uint64_t)limit;
    int code = audit_time_option("--from", o->from, false, &f->from);
    return code < 0 ? audit_time_option("--to", o->to, false, &f->until) : code;
}

static void print_leaf(const struct audit_event *e)
{
    struct buf b;
    buf_init(&b, 2 * AUDIT_EVENT_BYTES_MAX);
    audit_event_write(e, &b);
    buf_putc(&b, '\n');
    fwrite(b.ptr, 1, b.len, stdout);
    buf_fini(&b);
}

static void print_line(const struct cli *cli, const struct audit_event *e)
{
    char time[UTC_TEXT_MAX], urn[UUID_URN_LEN + 1] = "-";
    const char *gap = cli->format == FORMAT_TSV ? "\t" : "  ";
    if (e->has_report)
        uuid_urn(e->report, urn);
    printf("%llu%s%s%s%-10s%s", (unsigned long long)e->n, gap, utc_format_ms(e->at, time), gap, audit_kind_text(e->kind), gap);
    cli_print_plain(e->actor);
    printf("%s%s%s%s", gap, e->partner ? e->partner : "-", gap, urn);
    for (size_t i = 0; i < e->attr_count; i++) {
        printf("%s%s=", i || cli->format != FORMAT_TSV ? " " : "\t", e->attrs[i].name);
        cli_print_plain(e->attrs[i].value);
    }
    putchar('\n');
}

// Facts as one object, so that names cannot clash with those of every event.
static enum status print_json(const struct audit_event *e, const char *const *values)
{
    json_t *facts = json_object(), *o = json_object();
    for (size_t i = 0; i < e->attr_count; i++)
        json_object_set_new(facts, e->attrs[i].name, json_string(e->attrs[i].value));
    for (size_t i = 0; i < COLUMNS; i++) {
        bool number = i == 0 || (i == 6 && e->version);
        if (i == 7)
            json_object_set(o, columns[i], facts);
        else if (number)
            json_object_set_new(o, columns[i], json_integer(i == 0 ? (json_int_t)e->n : (json_int_t)e->version));
        else
            json_object_set_new(o, columns[i], *values[i] ? json_string(values[i]) : json_null());
    }
    bool ok = facts && o && json_dumpf(o, stdout, JSON_COMPACT) == 0;
    putchar('\n');
    json_decref(facts);
    json_decref(o);
    return ok ? ST_OK : ST_NOMEM;
}

static enum status print_row(const struct cli *cli, const struct audit_event *e)
{
    char n[24], time[UTC_TEXT_MAX], version[16] = "", urn[UUID_URN_LEN + 1] = "";
    struct buf facts, detail;
    buf_init(&facts, 2 * AUDIT_EVENT_BYTES_MAX);
    buf_init(&detail, 2 * AUDIT_EVENT_BYTES_MAX);
    snprintf(n, sizeof n, "%llu", (unsigned long long)e->n);
    if (e->version)
        snprintf(version, sizeof version, "%u", e->version);
    if (e->has_report)
        uuid_urn(e->report, urn);
    for (size_t i = 0; i < e->attr_count; i++)
        buf_printf(&facts, "%s%s=%s", i ? " " : "", e->attrs[i].name, e->attrs[i].value);
    buf_span(&detail, e->detail);
    const char *const values[COLUMNS] = {n, utc_format_ms(e->at, time), audit_kind_text(e->kind), e->actor,
                                         e->partner ? e->partner : "", urn, version, buf_cstr(&facts), buf_cstr(&detail)};
    enum status st = ST_OK;
    if (cli->format == FORMAT_JSON)
        st = print_json(e, values);
    else
        rows_put(&(struct rows){cli->format, "query", columns, COLUMNS}, values);
    buf_fini(&facts);
    buf_fini(&detail);
    return st;
}

static enum status print_event(void *ctx, const struct audit_event *e)
{
    const struct cli *cli = ctx;
    switch (cli->format) {
    case FORMAT_XML:
        print_leaf(e);
        return ST_OK;
    case FORMAT_CSV:
    case FORMAT_JSON:
        return print_row(cli, e);
    case FORMAT_TEXT:
    case FORMAT_TSV:
    case FORMAT_HTML:
        print_line(cli, e);
        return ST_OK;
    }
    return ST_OK;
}

static enum status note_named(void *ctx, const struct audit_event *e)
{
    (void)e;
    *(bool *)ctx = true;
    return ST_OK;
}

// No event is an answer like any other, but not to a name that was mistyped.
static enum status warn_of_unknown(struct local *l, const char *partner)
{
    const struct audit_filter f = {.partner = partner, .limit = 1};
    bool named = false;
    TRY(audit_each(l->tick.txn, &f, note_named, &named));
    if (!named)
        cli_fail(0, partner, "no event of the log names such a partner; 'relto partner list' shows those of today");
    return ST_OK;
}

int audit_query(const struct cli *cli, const struct audit_options *o)
{
    struct audit_filter f;
    struct local l;
    int code = read_filter(o, &f);
    if (code < 0)
        code = local_open(cli, NODE_READER, &l);
    if (code >= 0)
        return code;
    f.by_report = o->report != NULL;
    enum status st = ST_OK;
    if (o->report && !local_report_id(cli, &l, o->report, &f.report)) {
        code = EXIT_USAGE;
    } else {
        if (cli->format == FORMAT_CSV)
            rows_begin(&(struct rows){cli->format, "query", columns, COLUMNS});
        if (f.partner)
            st = warn_of_unknown(&l, f.partner);
        if (st == ST_OK)
            st = audit_each(l.tick.txn, &f, print_event, (void *)(uintptr_t)cli);
        code = EXIT_DONE;
    }
    local_close(&l, false);
    return st == ST_OK ? code : cli_fail(cli_code(st), "audit query", "%s", status_text(st));
}
