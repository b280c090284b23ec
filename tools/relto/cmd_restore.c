// relto restore: go back to a backup, then let partners give back what it has forgotten of our ledgers.
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/core/restore.h"
#include "node/io/clock.h"
#include "store/audit_log.h"
#include "store/restoring.h"
#include "tools/relto/client.h"
#include "tools/relto/local.h"

static const char help[] =
    "usage: relto [-C DIR] restore FOLDER\n"
    "       relto [-C DIR] restore --continue\n"
    "       relto [-C DIR] restore --new-epoch PARTNER --reason TEXT\n\n"
    "Put the store that 'relto backup' wrote into FOLDER in the place of this node's. reltod must not run. The store that is\n"
    "there stays as store/data.mdb.before-restore. Then each partner is asked for the entries of our ledger to it that the\n"
    "backup lacks; they must be of the tree that our own checkpoint at the partner signs. What was recalled since is recalled\n"
    "here again. reltod does not start before every partner of relto.conf has answered: what it appended in the place of a\n"
    "forgotten entry would contradict what the partner holds.\n"
    "  --continue            ask those again that have not answered yet; nothing is done twice\n"
    "  --new-epoch PARTNER   it cannot give back what it holds: begin our ledger to it anew, from what this backup knows. Its\n"
    "                        operator must agree over there (relto sync resume); call first. The log has the reason.\n"
    "  --reason TEXT         why\n"
    "Exit code 0 when all is complete, 1 while some partner has not given back what it holds. Read BACKUPS in reltod(8) first.\n";

enum { PARTNERS_LISTED_MAX = PEERS_MAX, REASON_MAX = 255 };

// ---- putting the backup in place

static enum status log_begin(struct db_txn *t, const char *from, const struct random_source *random)
{
    char actor[80];
    local_actor(actor);
    struct audit_event e = {.kind = AUDIT_RESTORE, .actor = actor};
    audit_event_attr(&e, "change", "backup-put-in-place");
    audit_event_attr(&e, "from", from);
    return audit_append(t, &e, clock_now(), random);
}

// From its first instant in place the store says that it is not complete.
static enum status mark(const struct cli *cli, const struct config *c, const char *copy, const char *from)
{
    const struct db_options o = {.map_bytes = (size_t)c->map_bytes, .map_bytes_max = (size_t)c->map_bytes_max};
    const struct random_source random = random_system();
    struct db *db;
    struct db_txn *t = NULL;
    TRY(db_open(copy, &o, cli->diag, &db));
    enum status st = db_begin(db, true, &t);
    for (size_t i = 0; st == ST_OK && i < c->partner_count; i++)
        st = restoring_set(t, c->partners[i].id);
    if (st == ST_OK)
        st = restoring_hold(t, true);
    if (st == ST_OK)
        st = log_begin(t, from, &random);
    if (st == ST_OK)
        st = db_commit(&t);
    db_abort(&t);
    db_close(&db);
    return st;
}

static void remove_copy(const struct cli *cli, const char *copy)
{
    static const char *const names[] = {"data.mdb", "data.mdb.compact", "lock.mdb"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *path = arena_printf(cli->arena, "%s/%s", copy, names[i]);
        if (path)
            unlink(path);
    }
    rmdir(copy);
}

static enum status make_copy(const struct cli *cli, const char *from, const char *copy)
{
    const struct db_options o = {.read_only = true, .to_copy = true};
    struct db *db;
    TRY(db_open(from, &o, cli->diag, &db));
    enum status st = db_backup(db, copy, cli->diag);
    db_close(&db);
    return st;
}

static enum status put_in_place(const struct cli *cli, const char *from)
{
    const struct config *c;
    int lock = -1;
    TRY(config_read(cli->dir, cli->arena, cli->diag, &c));
    const char *copy = arena_printf(cli->arena, "%s/restoring", c->store_path);
    if (!copy)
        return arena_status(cli->arena);
    TRY(db_lock_daemon(c->store_path, cli->diag, &lock));
    remove_copy(cli, copy); // of an attempt that was stopped
    enum status st = make_copy(cli, from, copy);
    if (st == ST_OK)
        st = mark(cli, c, copy, from);
    if (st == ST_OK)
        st = db_put_in_place(c->store_path, copy, cli->diag);
    remove_copy(cli, copy);
    db_unlock_daemon(&lock);
    return st;
}

// ---- asking partners

struct names {
    char ids[PARTNERS_LISTED_MAX][PARTNER_ID_MAX + 1];
    size_t count;
};

static enum status add_name(void *ctx, const char *partner)
{
    struct names *n = ctx;
    if (n->count == PARTNERS_LISTED_MAX)
        return ST_LIMIT;
    snprintf(n->ids[n->count++], sizeof n->ids[0], "%s", partner);
    return ST_OK;
}

static enum status ask_once(const struct cli *cli, struct client *client, struct local *l, struct restore_pass *p, bool *ret_more)
{
    char path[64];
    uint64_t from;
    struct client_answer a = {0};
    TRY(restore_next(&l->tick, p, &from));
    snprintf(path, sizeof path, "/v1/ledger/held/entries?from=%llu", (unsigned long long)from);
    struct arena *arena = arena_new(16 * MIB);
    if (!arena)
        return ST_NOMEM;
    const struct client_call call = {.method = "GET", .path = path};
    enum status st = client_send(client, &call, arena, &a);
    *ret_more = false;
    if (st == ST_OK && a.status == 404)
        restore_holds_nothing(p);
    else if (st == ST_OK && a.status == 200)
        st = restore_take(&l->tick, p, a.body, cli->diag, ret_more);
    else if (st == ST_OK) {
        diag_add(cli->diag, 0, 0, "answer", path, "the partner answered %ld", a.status);
        st = ST_UNREACHABLE;
    }
    arena_free(&arena);
    return st;
}

static enum status complete(const struct cli *cli, struct client *client, struct local *l, struct restore_pass *p, const char *partner,
                            const char *actor)
{
    bool more = true;
    TRY(restore_begin(&l->tick, partner, actor, p));
    while (more)
        TRY(ask_once(cli, client, l, p, &more));
    return restore_end(&l->tick, p, cli->diag);
}

// One partner, in one transaction. True when its ledger is complete.
static bool ask_partner(const struct cli *cli, const char *partner)
{
    struct local l;
    struct client *client = NULL;
    char actor[80];
    uint64_t size = 0;
    struct restore_pass *p = calloc(1, sizeof *p);
    local_actor(actor);
    if (!p || local_open(cli, NODE_LOGS, &l) >= 0) {
        free(p);
        return false;
    }
    enum status st = client_open(cli, NULL, partner, &client);
    if (st == ST_OK)
        st = complete(cli, client, &l, p, partner, actor);
    if (st == ST_OK)
        st = ledger_size(l.tick.txn, partner, &size);
    if (st == ST_OK)
        st = db_commit(&l.tick.txn);
    client_close(&client);
    local_close(&l, false);
    if (st == ST_OK)
        printf("%s: complete, %llu entries, %llu of them given back, own reports that only partners hold now: %llu\n", partner,
               (unsigned long long)size, (unsigned long long)(size - p->before), (unsigned long long)p->lost);
    else
        cli_fail_status(cli, partner, st);
    free(p);
    return st == ST_OK;
}

static int finish(const struct cli *cli)
{
    struct local l;
    size_t recalls = 0;
    char actor[80];
    local_actor(actor);
    int code = local_open(cli, NODE_LOGS, &l);
    if (code >= 0)
        return code;
    enum status st = restore_finish(&l.tick, actor, &recalls);
    if (st == ST_OK)
        st = db_commit(&l.tick.txn);
    local_close(&l, false);
    if (st != ST_OK)
        return cli_fail_status(cli, "restore", st);
    printf("complete: %zu recalls applied again\n"
           "Now start reltod. It releases nothing before you say so: activate today's policy if the backup has an older one, then\n"
           "kill -USR1 its process; see BACKUPS in reltod(8)\n", recalls);
    return EXIT_DONE;
}

static int list_pending(const struct cli *cli, struct names *n)
{
    struct local l;
    int code = local_open(cli, NODE_READER, &l);
    if (code >= 0)
        return code;
    enum status st = restoring_each(l.tick.txn, add_name, n);
    local_close(&l, false);
    return st == ST_OK ? -1 : cli_fail_status(cli, "restore", st);
}

static int ask_all(const struct cli *cli)
{
    struct names *n = calloc(1, sizeof *n);
    size_t open = 0;
    if (!n)
        return cli_fail_status(cli, "restore", ST_NOMEM);
    int code = list_pending(cli, n);
    for (size_t i = 0; code < 0 && i < n->count; i++)
        open += !ask_partner(cli, n->ids[i]);
    free(n);
    if (code >= 0)
        return code;
    if (open)
        return cli_fail(EXIT_NO, "restore", "%zu partners have not given back what they hold; reltod does not start before. Try "
                        "'relto restore --continue' when they can be reached, or --new-epoch for one that cannot give it back", open);
    return finish(cli);
}

static int new_epoch(const struct cli *cli, const char *partner, const char *reason)
{
    struct local l;
    char actor[80];
    uint64_t entries = 0;
    local_actor(actor);
    int code = local_open(cli, NODE_LOGS, &l);
    if (code >= 0)
        return code;
    enum status st = restore_new_epoch(&l.tick, partner, actor, reason, &entries);
    if (st == ST_OK)
        st = db_commit(&l.tick.txn);
    local_close(&l, false);
    if (st == ST_NOT_FOUND)
        return cli_fail(EXIT_NO, partner, "this node does not wait for it; 'relto restore --continue' tells for whom");
    if (st != ST_OK)
        return cli_fail_status(cli, partner, st);
    printf("%s: our ledger to it begins anew, with %llu entries. Its operator has to agree: relto sync resume\n", partner,
           (unsigned long long)entries);
    return ask_all(cli);
}

// --continue asks only while no daemon runs: it would append to what is being completed.
static int go_on(const struct cli *cli, const char *partner, const char *reason)
{
    const struct config *c;
    int lock = -1;
    enum status st = config_read(cli->dir, cli->arena, cli->diag, &c);
    if (st == ST_OK)
        st = db_lock_daemon(c->store_path, cli->diag, &lock);
    if (st != ST_OK)
        return cli_fail_status(cli, "restore", st);
    int code = partner ? new_epoch(cli, partner, reason) : ask_all(cli);
    db_unlock_daemon(&lock);
    return code;
}

int cmd_restore(const struct cli *cli, int argc, char **argv)
{
    bool again = false;
    const char *partner = NULL, *reason = NULL;
    const struct cli_option options[] = {{"continue", NULL, &again}, {"new-epoch", &partner, NULL}, {"reason", &reason, NULL}};
    int code = cli_options(&argc, argv, options, sizeof options / sizeof *options, help);
    if (code >= 0)
        return code;
    if (argc != (again || partner ? 1 : 2) || (again && partner))
        return cli_usage(argv[0], "expected the folder of a backup, --continue, or --new-epoch PARTNER");
    if ((partner != NULL) != (reason != NULL) || (reason && (!*reason || strlen(reason) > REASON_MAX)) ||
        (partner && strlen(partner) > PARTNER_ID_MAX))
        return cli_usage(argv[0], "--new-epoch needs --reason, of at most %d bytes", REASON_MAX);
    if (!again && !partner) {
        enum status st = put_in_place(cli, argv[1]);
        if (st != ST_OK)
            return cli_fail_status(cli, argv[1], st);
        printf("%s is in place; the store that was there is data.mdb.before-restore\n", argv[1]);
        fflush(stdout);
    }
    return go_on(cli, partner, reason);
}
