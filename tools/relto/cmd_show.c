// relto show: one report for people to read, with its markings; withheld parts are shown as such.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "node/core/record.h"
#include "policy/label_rules.h"
#include "store/audit_log.h"
#include "tools/relto/local.h"

static const char help[] =
    "usage: relto [-C DIR] show [--raw] REPORT\n\n"
    "Show a report held at the node of DIR: its own, or as a partner's feed brought it. REPORT is its id, or a\n"
    "unique beginning of it. Opening a report is recorded in the audit log.\n"
    "  --raw   write the exact stored bytes (signed XML) instead\n";

struct show {
    const struct ruleset *rules;
    const struct stored_report *s;
    struct buf out;
};

static void put_mark(struct show *x, const struct label *label, enum marking_place place)
{
    if (label)
        label_mark(x->rules, label->originator, place, NULL, &x->out);
    else
        buf_puts(&x->out, "OVERALL MARKING WITHHELD");
}

static void put_banner(struct show *x, enum marking_place place)
{
    buf_puts(&x->out, "======== ");
    put_mark(x, x->s->report->label, place);
    buf_puts(&x->out, " ========\n");
}

static void put_list(struct show *x, const char *what, const char **values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_printf(&x->out, "%s%s", i ? ", " : what, values[i]);
    if (count)
        buf_putc(&x->out, '\n');
}

// 4.15 north -> 04-09.0N, as on charts.
static void put_angle(struct show *x, double v, int degree_digits, char positive, char negative)
{
    double a = fabs(v), degrees = floor(a), minutes = (a - degrees) * 60;
    if (minutes >= 59.95) {
        degrees += 1;
        minutes = 0;
    }
    buf_printf(&x->out, "%0*.0f-%04.1f%c", degree_digits, degrees, minutes, v < 0 ? negative : positive);
}

static void put_header(struct show *x)
{
    const struct report *r = x->s->report;
    const struct report_record *rec = &x->s->record;
    char urn[UUID_URN_LEN + 1], a[UTC_TEXT_MAX], b[UTC_TEXT_MAX];
    buf_printf(&x->out, "%s %s version %u\n", r->type, uuid_urn(r->id, urn), r->version);
    buf_printf(&x->out, "Originator: %s %s   Issued: %s   %s%s\n", r->nation, r->cell, utc_format_dtg(r->issued, a),
               rec->source[0] ? "Received from: " : "Own report", rec->source);
    buf_puts(&x->out, "Title: (");
    put_mark(x, r->header_label ? r->header_label : r->label, MARKING_PORTION);
    buf_printf(&x->out, ") %s\n", r->title);
    put_list(x, "Topics: ", r->topics, r->topic_count);
    put_list(x, "Areas: ", r->areas, r->area_count);
    if (r->has_position) {
        buf_puts(&x->out, "Position: ");
        put_angle(x, r->lat, 2, 'N', 'S');
        buf_putc(&x->out, ' ');
        put_angle(x, r->lon, 3, 'E', 'W');
        buf_printf(&x->out, " (%.5g, %.5g)\n", r->lat, r->lon);
    }
    if (r->has_period)
        buf_printf(&x->out, "Period: %s to %s\n", utc_format_dtg(r->period_from, a), utc_format_dtg(r->period_to, b));
    if (r->reliability)
        buf_printf(&x->out, "Grading: %c%c\n", r->reliability, r->credibility);
    put_list(x, "EXERCISE EXERCISE EXERCISE: ", r->exercises, r->exercise_count);
    if (rec->not_understood)
        buf_puts(&x->out, "Note: a label is under a security policy that this node does not have.\n");
}

static void put_child(struct show *x, const struct report_child *c)
{
    char urn[UUID_URN_LEN + 1];
    buf_putc(&x->out, '\n');
    if (c->kind == REPORT_WITHHELD) {
        buf_printf(&x->out, "%s [withheld]\n", c->id);
        return;
    }
    if (c->kind == REPORT_REFERENCE) {
        buf_printf(&x->out, "%s %s %s\n", c->id, report_relation_text(c->relation), uuid_urn(c->target, urn));
        return;
    }
    buf_printf(&x->out, "%s (", c->id);
    put_mark(x, c->label ? c->label : x->s->report->label, MARKING_PORTION);
    if (c->kind == REPORT_PORTION)
        buf_printf(&x->out, ") %s\n", c->text);
    else
        buf_printf(&x->out, ") attachment %s, %s, %llu bytes\n", c->name, c->media_type,
                   (unsigned long long)c->size_bytes);
}

static void put_text(struct show *x)
{
    put_banner(x, MARKING_PAGE_TOP);
    put_header(x);
    for (size_t i = 0; i < x->s->report->child_count; i++)
        put_child(x, &x->s->report->children[i]);
    put_banner(x, MARKING_PAGE_BOTTOM);
}

static enum status log_read(struct local *l, const struct stored_report *s)
{
    char actor[80];
    const char *user = getenv("USER");
    snprintf(actor, sizeof actor, "operator:%s", user ? user : "unknown");
    struct audit_event ev = {.kind = AUDIT_READ, .actor = actor, .has_report = true, .report = s->record.id,
                             .version = s->record.version};
    return audit_append(l->tick.txn, &ev, l->tick.now, &l->node->core.random);
}

static int show_report(struct local *l, const struct cli *cli, const char *id_text, bool raw, struct show *x)
{
    struct uuid id;
    struct stored_report *s = NULL;
    if (!local_report_id(cli, l, id_text, &id))
        return EXIT_NO;
    enum status st = record_load_current(&l->tick, id, &s);
    if (st == ST_GONE)
        return cli_fail(EXIT_NO, id_text, "recalled; its content is erased, see 'relto recall status'");
    if (st == ST_OK)
        st = log_read(l, s);
    if (st != ST_OK) {
        record_free(&s);
        return cli_fail(cli_code(st), id_text, "%s", status_text(st));
    }
    *x = (struct show){.rules = l->node->core.rules, .s = s};
    buf_init(&x->out, 2 * RENDITION_BYTES_MAX);
    if (raw)
        buf_span(&x->out, s->bytes);
    else
        put_text(x);
    record_free(&s);
    return EXIT_DONE;
}

int cmd_show(const struct cli *cli, int argc, char **argv)
{
    bool raw = false;
    struct local l;
    struct show x = {0};
    const struct cli_option options[] = {{"raw", NULL, &raw}};
    int code = cli_options(&argc, argv, options, 1, help);
    if (code >= 0)
        return code;
    if (argc != 2)
        return cli_usage(argv[0], "one REPORT is needed");
    code = local_open(cli, NODE_WRITER, &l);
    if (code >= 0)
        return code;
    code = show_report(&l, cli, argv[1], raw, &x);
    // The event is durable before anything is shown.
    enum status st = local_close(&l, code == EXIT_DONE);
    if (code == EXIT_DONE && st != ST_OK)
        code = cli_fail(cli_code(st), argv[1], "cannot record that it was opened: %s", status_text(st));
    else if (code == EXIT_DONE)
        fwrite(x.out.ptr, 1, x.out.len, stdout);
    buf_fini(&x.out);
    return code;
}
