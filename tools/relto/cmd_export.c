// relto export: reports held here as a STIX bundle, for tools of the own nation. It goes to standard output and nowhere else:
// what partners may have they get from the node, by its policy.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "formats/stix.h"
#include "node/core/record.h"
#include "policy/label_rules.h"
#include "store/audit_log.h"
#include "tools/relto/local.h"

static const char help[] =
    "usage: relto [-C DIR] export --stix [REPORT...]\n\n"
    "Write reports held at the node of DIR to standard output as a STIX 2.1 bundle: those named, else all. It is for tools\n"
    "of your own nation: no policy is asked, nothing is withheld that is held here whole, and every report in it is recorded in the\n"
    "audit log as an export. What partners may have they get from the node. 'relto import --type stix' reads it back;\n"
    "references, attachments and withheld parts are not in it.\n";

struct export {
    const struct cli *cli;
    struct local l;
    struct uuid *ids;
    size_t count, cap, done;
    struct buf out;
    bool progress;
};

static enum status add_id(struct export *x, struct uuid id)
{
    if (x->count == x->cap) {
        size_t cap = x->cap ? 2 * x->cap : 256;
        struct uuid *ids = realloc(x->ids, cap * sizeof *ids);
        if (!ids)
            return ST_NOMEM;
        x->ids = ids;
        x->cap = cap;
    }
    x->ids[x->count++] = id;
    return ST_OK;
}

static enum status add_record(void *ctx, const struct report_record *r)
{
    return add_id(ctx, r->id);
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct uuid));
}

// In order of ids, each once: the same reports give the same bytes.
static void sort_ids(struct export *x)
{
    size_t n = 0;
    if (x->count)
        qsort(x->ids, x->count, sizeof *x->ids, compare);
    for (size_t i = 0; i < x->count; i++)
        if (n == 0 || !uuid_eq(x->ids[n - 1], x->ids[i]))
            x->ids[n++] = x->ids[i];
    x->count = n;
}

static int gather(struct export *x, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct uuid id;
        if (!local_report_id(x->cli, &x->l, argv[i], &id))
            return EXIT_NO;
        struct report_record rec;
        enum status st = reports_current(x->l.tick.txn, id, &rec);
        if (st != ST_OK)
            return local_report_fail(x->cli, &x->l, id, argv[i], st);
        st = add_id(x, id);
        if (st != ST_OK)
            return cli_fail(cli_code(st), argv[i], "%s", status_text(st));
    }
    enum status st = argc > 1 ? ST_OK : reports_each(x->l.tick.txn, add_record, x);
    sort_ids(x);
    return st == ST_OK ? EXIT_DONE : cli_fail(cli_code(st), "export", "%s", status_text(st));
}

// The events are durable before anything is written.
static enum status log_all(struct export *x)
{
    char actor[80];
    local_actor(actor);
    for (size_t i = 0; i < x->count; i++) {
        struct report_record rec;
        TRY(reports_current(x->l.tick.txn, x->ids[i], &rec));
        struct audit_event ev = {.kind = AUDIT_EXPORT, .actor = actor, .has_report = true, .report = rec.id, .version = rec.version};
        audit_event_attr(&ev, "of", "report");
        audit_event_attr(&ev, "form", "stix");
        TRY(audit_append(x->l.tick.txn, &ev, x->l.tick.now, &x->l.node->core.random));
    }
    TRY(db_commit(&x->l.tick.txn));
    return db_begin(x->l.node->core.db, false, &x->l.tick.txn);
}

static void mark(void *ctx, const struct label *label, struct buf *out)
{
    const struct export *x = ctx;
    if (label)
        label_mark(x->l.node->core.rules, label->originator, MARKING_PAGE_TOP, NULL, out);
    else
        buf_puts(out, "OVERALL MARKING WITHHELD");
}

static enum status flush(struct export *x)
{
    size_t n = fwrite(x->out.ptr, 1, x->out.len, stdout);
    bool good = n == x->out.len;
    buf_reset(&x->out);
    if (good)
        return ST_OK;
    diag_add(x->cli->diag, 0, 0, "output", "standard output", "cannot write; is the disk full, or the reader gone?");
    return ST_IO;
}

static enum status add_report(struct export *x, struct stix_writer *w, struct uuid id)
{
    struct stored_report *s = NULL;
    struct report_record first;
    enum status st = record_load_current(&x->l.tick, id, &s);
    if (st == ST_GONE || st == ST_NOT_FOUND)
        return ST_OK; // recalled since
    TRY(st);
    struct stix_item item = {s->report, s->bytes, s->report->issued};
    if (reports_get(x->l.tick.txn, id, 1, s->record.source, &first) == ST_OK && first.issued < item.created)
        item.created = first.issued;
    st = stix_add(w, &item);
    record_free(&s);
    TRY(st);
    x->done++;
    if (x->progress && x->done % 64 == 0)
        fprintf(stderr, "\r%zu of %zu reports", x->done, x->count);
    return flush(x);
}

static enum status write_bundle(struct export *x)
{
    const struct stix_options o = {mark, x};
    struct stix_writer *w = NULL;
    enum status st = stix_writer_new(&o, &x->out, &w);
    for (size_t i = 0; i < x->count && st == ST_OK; i++)
        st = add_report(x, w, x->ids[i]);
    if (st == ST_OK)
        st = stix_end(w);
    if (st == ST_OK)
        st = flush(x);
    stix_writer_free(&w);
    return st == ST_OK && fflush(stdout) != 0 ? ST_IO : st;
}

static int run(struct export *x, int argc, char **argv)
{
    int code = gather(x, argc, argv);
    if (code != EXIT_DONE)
        return code;
    diag_init(x->cli->diag, NULL);
    enum status st = log_all(x);
    if (st == ST_OK)
        st = write_bundle(x);
    if (x->progress)
        fputs("\r\033[K", stderr);
    return st == ST_OK ? EXIT_DONE : cli_fail_status(x->cli, "export", st);
}

int cmd_export(const struct cli *cli, int argc, char **argv)
{
    struct export x = {.cli = cli, .progress = cli_is_terminal(STDERR_FILENO) && !isatty(STDOUT_FILENO)};
    bool stix = false;
    const struct cli_option options[] = {{"stix", NULL, &stix}};
    int code = cli_options(&argc, argv, options, 1, help);
    if (code >= 0)
        return code;
    if (!stix)
        return cli_usage("export", "--stix names the form; there is no other");
    code = local_open(cli, NODE_WRITER, &x.l);
    if (code >= 0)
        return code;
    buf_init(&x.out, 16 * RENDITION_BYTES_MAX);
    code = run(&x, argc, argv);
    local_close(&x.l, false);
    buf_fini(&x.out);
    free(x.ids);
    return code;
}
