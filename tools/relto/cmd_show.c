// relto show: one report for people to read, with its markings; withheld parts are shown as such.
#include <stdio.h>
#include <stdlib.h>

#include "node/core/record.h"
#include "node/core/render.h"
#include "store/audit_log.h"
#include "tools/relto/show_attachment.h"

static const char help[] =
    "usage: relto [-C DIR] [--format text|html|xml] show [--raw] [--version N] REPORT\n"
    "       relto [-C DIR] show --attachment ELEMENT --out FILE [--version N] REPORT\n\n"
    "Show a report held at the node of DIR: its own, or as a partner's feed brought it. REPORT is its id, or a\n"
    "unique beginning of it. Opening a report is recorded in the audit log.\n"
    "  --format html   one self-contained page, marked on each sheet when printed\n"
    "  --raw           write the exact stored bytes (signed XML); the same as --format xml\n"
    "  --version N     this version instead of the current one\n"
    "  --attachment ELEMENT --out FILE\n"
    "                  write the bytes of this attachment (e3, or its name) to FILE, which must not exist yet\n";

static enum status log_read(struct local *l, const struct stored_report *s, const struct digest *attachment)
{
    char actor[80], digest[DIGEST_TEXT_LEN + 1];
    local_actor(actor);
    struct audit_event ev = {.kind = AUDIT_READ, .actor = actor, .has_report = true, .report = s->record.id,
                             .version = s->record.version};
    if (attachment)
        audit_event_attr(&ev, "attachment", digest_text(attachment, digest));
    return audit_append(l->tick.txn, &ev, l->tick.now, &l->node->core.random);
}

static void put_report(const struct cli *cli, const struct local *l, const struct stored_report *s, bool raw, struct buf *out)
{
    const struct rendering x = {l->node->core.rules, s->report, s->record.source, s->record.not_understood};
    if (raw || cli->format == FORMAT_XML)
        buf_span(out, s->bytes);
    else if (cli->format == FORMAT_HTML)
        render_html(&x, out);
    else
        render_text(&x, out);
}

// The current version, or (version > 0) that one.
static enum status load(struct local *l, struct uuid id, uint32_t version, struct stored_report **ret)
{
    struct report_record current, rec;
    if (version == 0)
        return record_load_current(&l->tick, id, ret);
    TRY(reports_current(l->tick.txn, id, &current));
    TRY(reports_version(l->tick.txn, id, version, &rec));
    return record_load(&l->tick, id, version, rec.source, ret);
}

struct ask {
    uint32_t version; // 0 = the current one
    bool raw;
    const char *attachment, *file; // write this attachment there; NULL = show the report
    struct digest digest;          // of the attachment found
    uint64_t size;
};

static int show_stored(struct local *l, const struct cli *cli, const struct stored_report *s, struct ask *ask, struct buf *out)
{
    if (ask->attachment && !show_find_attachment(l, s, ask->attachment, &ask->digest, &ask->size))
        return EXIT_NO;
    enum status st = log_read(l, s, ask->attachment ? &ask->digest : NULL);
    if (st == ST_OK && !ask->attachment)
        st = show_missing(l, s);
    if (st == ST_OK && !ask->attachment) {
        put_report(cli, l, s, ask->raw, out);
        st = buf_status(out);
    }
    return st == ST_OK ? EXIT_DONE : cli_fail(cli_code(st), "show", "%s", status_text(st));
}

static int show_report(struct local *l, const struct cli *cli, const char *id_text, struct ask *ask, struct buf *out)
{
    struct uuid id;
    struct stored_report *s = NULL;
    if (!local_report_id(cli, l, id_text, &id))
        return EXIT_NO;
    enum status st = load(l, id, ask->version, &s);
    struct purged_copy purged;
    if (st == ST_NOT_FOUND && ask->version > 0 &&
        (reports_purged(l->tick.txn, id, NULL, &purged) != ST_OK || ask->version > purged.version))
        return cli_fail(EXIT_NO, id_text, "version %u is not held here", ask->version);
    int code = st == ST_OK ? show_stored(l, cli, s, ask, out) : local_report_fail(cli, l, id, id_text, st);
    record_free(&s);
    return code;
}

// The event is durable before anything is shown.
static int show_recorded(const struct cli *cli, const char *id_text, struct ask *ask)
{
    struct local l;
    struct buf out;
    int code = local_open(cli, NODE_WRITER, &l);
    if (code >= 0)
        return code;
    buf_init(&out, 8 * RENDITION_BYTES_MAX); // a page escapes a character by up to six, and most are no such
    code = show_report(&l, cli, id_text, ask, &out);
    enum status st = local_close(&l, code == EXIT_DONE);
    if (code == EXIT_DONE && st != ST_OK)
        code = cli_fail(cli_code(st), id_text, "cannot record that it was opened: %s", status_text(st));
    else if (code == EXIT_DONE && ask->attachment)
        code = show_write_attachment(cli, &ask->digest, ask->size, ask->file);
    else if (code == EXIT_DONE)
        fwrite(out.ptr, 1, out.len, stdout);
    buf_fini(&out);
    return code;
}

int cmd_show(const struct cli *cli, int argc, char **argv)
{
    const char *version_text = NULL;
    long version = 0;
    struct ask ask = {0};
    const struct cli_option options[] = {{"raw", NULL, &ask.raw},
                                         {"version", &version_text, NULL},
                                         {"attachment", &ask.attachment, NULL},
                                         {"out", &ask.file, NULL}};
    int code = cli_options(&argc, argv, options, 4, help);
    if (code >= 0)
        return code;
    if (version_text && !cli_number(version_text, 1, UINT32_MAX, &version))
        return cli_usage(argv[0], "--version: '%s': expected a whole number from 1 up", version_text);
    if (!ask.attachment != !ask.file)
        return cli_usage(argv[0], "--attachment and --out go together");
    if (argc != 2)
        return cli_usage(argv[0], "one REPORT is needed");
    ask.version = (uint32_t)version;
    return show_recorded(cli, argv[1], &ask);
}
