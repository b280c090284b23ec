// relto fsck: reads all that is stored and compares it with its digests; what the disk has changed is set aside.
#include <stdio.h>
#include <stdlib.h>

#include "node/core/release.h"
#include "store/audit_log.h"
#include "store/reports.h"
#include "tools/relto/local.h"

static const char help[] =
    "usage: relto [-C DIR] [--format text|tsv] fsck\n\n"
    "Read every stored copy of every report and compare it with its digest (what a disk changes goes unseen otherwise).\n"
    "A damaged copy is never sent. It is set aside: partners are offered it no more, and the log has a quarantine event\n"
    "of it, once. The node may run. Exit code 1 when something is damaged. The logs and their trees are what\n"
    "'relto audit verify' is for.\n"
    "tsv: report, version, source, what is wrong\n";

struct damaged {
    struct uuid id;
    uint32_t version;
    char source[PARTNER_ID_MAX + 1];
};

struct fsck {
    const struct cli *cli;
    struct local l;
    uint64_t copies, bytes;
    struct damaged *list;
    size_t count, cap;
};

static enum status note(struct fsck *f, struct uuid id, uint32_t version, const char *source, const char *what)
{
    char urn[UUID_URN_LEN + 1];
    if (f->count == f->cap) {
        size_t cap = f->cap ? 2 * f->cap : 16;
        struct damaged *more = realloc(f->list, cap * sizeof *more);
        if (!more)
            return ST_NOMEM;
        f->list = more;
        f->cap = cap;
    }
    struct damaged *d = &f->list[f->count++];
    *d = (struct damaged){.id = id, .version = version};
    snprintf(d->source, sizeof d->source, "%s", source);
    printf(f->cli->format == FORMAT_TSV ? "%s\t%u\t%s\t%s\n" : "DAMAGED: %s version %u%s: %s\n", uuid_urn(id, urn), (unsigned)version,
           f->cli->format == FORMAT_TSV ? (*source ? source : "-") : *source ? " received" : "", what);
    return ST_OK;
}

static enum status on_copy(void *ctx, struct uuid id, uint32_t version, const char *source, const struct report_record *r)
{
    struct fsck *f = ctx;
    f->copies++;
    if (!r)
        return note(f, id, version, source, "its record cannot be read");
    f->bytes += r->bytes.len;
    struct digest d = sha256(r->bytes);
    return digest_eq(&d, &r->digest) ? ST_OK : note(f, id, version, source, "its bytes do not have their digest");
}

// ---- setting aside

struct known {
    const struct damaged *d;
    bool found;
};

static enum status on_event(void *ctx, const struct audit_event *e)
{
    struct known *k = ctx;
    const char *reason = audit_event_get(e, "reason"), *source = audit_event_get(e, "source");
    k->found = k->found || (e->version == k->d->version && reason && strcmp(reason, "damaged") == 0 &&
                            strcmp(source ? source : "", k->d->source) == 0);
    return ST_OK;
}

static enum status set_aside(struct local *l, const struct damaged *d)
{
    struct known k = {.d = d};
    const struct audit_filter f = {.by_report = true, .report = d->id, .by_kind = true, .kind = AUDIT_QUARANTINE};
    TRY(audit_each(l->tick.txn, &f, on_event, &k));
    if (k.found)
        return ST_OK;
    char actor[80];
    local_actor(actor);
    struct audit_event e = {.kind = AUDIT_QUARANTINE, .actor = actor, .has_report = true, .report = d->id, .version = d->version};
    audit_event_attr(&e, "reason", "damaged");
    if (*d->source)
        audit_event_attr(&e, "source", d->source);
    TRY(audit_append(l->tick.txn, &e, l->tick.now, &l->node->core.random));
    return release_report(&l->tick, d->id, CAUSE_RECHECK, NULL);
}

// Each in a transaction of its own: a running node waits for one at most.
static enum status set_all_aside(struct fsck *f)
{
    enum status st = ST_OK;
    for (size_t i = 0; st == ST_OK && i < f->count; i++) {
        st = db_begin(f->l.node->core.db, true, &f->l.tick.txn);
        if (st == ST_OK)
            st = set_aside(&f->l, &f->list[i]);
        if (st == ST_OK)
            st = db_commit(&f->l.tick.txn);
        db_abort(&f->l.tick.txn);
    }
    return st;
}

int cmd_fsck(const struct cli *cli, int argc, char **argv)
{
    struct fsck f = {.cli = cli};
    int code = cli_options(&argc, argv, NULL, 0, help);
    if (code >= 0)
        return code;
    if (argc != 1)
        return cli_usage(argv[0], "'%s' is not expected", argv[1]);
    code = local_open(cli, NODE_WRITER, &f.l);
    if (code >= 0)
        return code;
    db_abort(&f.l.tick.txn); // reading all takes its time: under a snapshot, which keeps no writer waiting
    enum status st = db_begin(f.l.node->core.db, false, &f.l.tick.txn);
    if (st == ST_OK)
        st = reports_each_copy(f.l.tick.txn, on_copy, &f);
    db_abort(&f.l.tick.txn);
    if (st == ST_OK)
        st = set_all_aside(&f);
    local_close(&f.l, false);
    free(f.list);
    if (st != ST_OK)
        return cli_fail_status(cli, "fsck", st);
    if (cli->format != FORMAT_TSV)
        printf("%llu copies, %llu bytes read; %zu damaged\n", (unsigned long long)f.copies, (unsigned long long)f.bytes, f.count);
    return f.count ? EXIT_NO : EXIT_DONE;
}
