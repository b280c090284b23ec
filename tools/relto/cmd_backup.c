// relto backup DIR: a consistent, compacted copy of the store, also while the node runs.
#include <stdio.h>
#include <stdlib.h>

#include "store/audit_log.h"
#include "tools/relto/local.h"

static const char help[] =
    "usage: relto [-C DIR] backup FOLDER\n\n"
    "Copy the store as it is at this instant, without free pages, into FOLDER, which is made and must hold no store.\n"
    "The node may run. The copy is durable when the command ends, has mode 0600 and holds reports: keep it where the\n"
    "store may be kept, and the keys of the node elsewhere. The log has a backup event before the copying begins.\n"
    "To go back to it: 'relto restore FOLDER'; read BACKUPS in reltod(8).\n";

static enum status log_backup(struct local *l, const char *to, const char *failed)
{
    char actor[80];
    local_actor(actor);
    struct audit_event e = {.kind = AUDIT_BACKUP, .actor = actor};
    audit_event_attr(&e, "to", to);
    if (failed)
        audit_event_attr(&e, "failed", failed);
    return audit_append(l->tick.txn, &e, l->tick.now, &l->node->core.random);
}

static enum status describe(const char *to, struct diag *d)
{
    const struct db_options o = {.read_only = true};
    struct db *db;
    struct db_txn *t;
    struct db_stats s;
    struct digest root;
    uint64_t events;
    char text[DIGEST_TEXT_LEN + 1];
    TRY(db_open(to, &o, d, &db));
    enum status st = db_stats(db, &s);
    if (st == ST_OK && (st = db_begin(db, false, &t)) == ST_OK) {
        st = audit_size(t, &events);
        if (st == ST_OK)
            st = tree_root(t, AUDIT_LOG, events, &root);
        db_abort(&t);
    }
    if (st == ST_OK)
        printf("%s: %llu bytes, %llu events, audit tree %s\n", to, (unsigned long long)s.used_bytes, (unsigned long long)events,
               digest_text(&root, text));
    db_close(&db);
    return st;
}

static enum status log_failure(struct local *l, const char *to, enum status why)
{
    TRY(db_begin(l->node->core.db, true, &l->tick.txn));
    TRY(log_backup(l, to, status_text(why)));
    return db_commit(&l->tick.txn);
}

static int run(const struct cli *cli, struct local *l, const char *to)
{
    enum status st = log_backup(l, to, NULL);
    if (st == ST_OK)
        st = db_commit(&l->tick.txn);
    if (st != ST_OK)
        return cli_fail(cli_code(st), "backup", "the log cannot be written: %s; nothing was copied", status_text(st));
    st = db_backup(l->node->core.db, to, cli->diag);
    if (st == ST_OK)
        st = describe(to, cli->diag);
    if (st == ST_OK)
        return EXIT_DONE;
    if (log_failure(l, to, st) != ST_OK)
        cli_fail(0, "backup", "that it failed could not be logged");
    return cli_fail_status(cli, to, st);
}

int cmd_backup(const struct cli *cli, int argc, char **argv)
{
    struct local l;
    int code = cli_options(&argc, argv, NULL, 0, help);
    if (code >= 0)
        return code;
    if (argc != 2)
        return cli_usage(argv[0], "expected one folder for the copy");
    code = local_open(cli, NODE_WRITER, &l);
    if (code >= 0)
        return code;
    code = run(cli, &l, argv[1]);
    local_close(&l, false);
    return code;
}
