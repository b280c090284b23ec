// relto compact, relto reload: what the running node is asked for by a signal.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "formats/text_rules.h"
#include "node/io/clock.h"
#include "node/io/life_event.h"
#include "store/audit_log.h"
#include "store/erasures.h"
#include "tools/relto/local.h"

enum { LOOK_EVERY_MS = 50, RELOAD_WAIT_S = 30, COMPACT_WAIT_S = 600, WAIT_MAX_S = 86400 };

static void pause_ms(long ms)
{
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

static int signal_daemon(const char *what, long pid, int sig)
{
    if (kill((pid_t)pid, sig) == 0)
        return -1;
    return cli_fail(errno == EPERM ? EXIT_REFUSED : EXIT_UNREACHABLE, what, "cannot reach reltod, process %ld: %s", pid, strerror(errno));
}

// ---- compact

static const char compact_help[] =
    "usage: relto [-C DIR] compact [--wait SECONDS]\n\n"
    "Write the store anew without free pages: bytes of erased content leave its file. A running reltod does it, and\n"
    "answers nobody meanwhile; otherwise this command does. Exit code 1 when other programs kept the store open.\n"
    "  --wait SECONDS   for a running reltod to be done; default 600\n";

static bool store_file(const struct config *c, struct arena *a, struct stat *ret)
{
    const char *path = arena_printf(a, "%s/data.mdb", c->store_path);
    return path && stat(path, ret) == 0;
}

static int say_sizes(const struct stat *before, const struct stat *after)
{
    printf("compacted: %lld bytes before, %lld now\n", (long long)before->st_size, (long long)after->st_size);
    return EXIT_DONE;
}

// A compacted store is another file in the place of the old one. It is not opened here: that would be in the way.
static int compact_running(const struct config *c, struct arena *a, long pid, long wait_s)
{
    struct stat before, now;
    if (!store_file(c, a, &before))
        return cli_fail(EXIT_UNREACHABLE, c->store_path, "holds no data.mdb");
    int code = signal_daemon("compact", pid, SIGUSR2);
    for (long i = 0; code < 0 && i < wait_s * 1000 / LOOK_EVERY_MS; i++) {
        pause_ms(LOOK_EVERY_MS);
        if (store_file(c, a, &now) && now.st_ino != before.st_ino)
            return say_sizes(&before, &now);
    }
    return code >= 0 ? code
                     : cli_fail(EXIT_NO, "compact", "not done within %ld s; the log of reltod says why (compact-failed)", wait_s);
}

static int compact_stopped(const struct cli *cli, const struct config *c)
{
    struct stat before, now;
    const struct db_options o = {.map_bytes = (size_t)c->map_bytes, .map_bytes_max = (size_t)c->map_bytes_max};
    struct db *db = NULL;
    int lock = -1;
    enum status st = db_lock_daemon(c->store_path, cli->diag, &lock); // no reltod may start meanwhile
    bool known = store_file(c, cli->arena, &before);
    if (st == ST_OK)
        st = db_open(c->store_path, &o, cli->diag, &db);
    if (st == ST_OK)
        st = erasures_compact(&db, cli->diag);
    db_close(&db);
    db_unlock_daemon(&lock);
    if (st == ST_OK && known && store_file(c, cli->arena, &now))
        return say_sizes(&before, &now);
    return st == ST_OK ? EXIT_DONE : st == ST_BUSY ? (cli_fail_status(cli, "compact", st), EXIT_NO) : cli_fail_status(cli, "compact", st);
}

int cmd_compact(const struct cli *cli, int argc, char **argv)
{
    const char *wait = NULL;
    long wait_s = COMPACT_WAIT_S;
    const struct config *c;
    const struct cli_option options[] = {{"wait", &wait, NULL}};
    int code = cli_options(&argc, argv, options, 1, compact_help);
    if (code >= 0)
        return code;
    if (argc != 1)
        return cli_usage(argv[0], "'%s' is not expected", argv[1]);
    if (wait && !cli_number(wait, 1, WAIT_MAX_S, &wait_s))
        return cli_usage(argv[0], "--wait: '%s' is not a number of seconds from 1 to %d", wait, WAIT_MAX_S);
    enum status st = config_read(cli->dir, cli->arena, cli->diag, &c);
    if (st != ST_OK)
        return cli_fail_status(cli, cli->dir, st);
    long pid = local_daemon(c, cli->arena);
    return pid ? compact_running(c, cli->arena, pid, wait_s) : compact_stopped(cli, c);
}

// ---- reload

static const char reload_help[] =
    "usage: relto [-C DIR] reload\n\n"
    "Check configuration and cards, then have the running reltod read them, certificates and revocation lists anew, and\n"
    "wait until it has. Exit code 1 when it refused, with the reason: the old state stays in force. Policy takes effect by\n"
    "activation.\n";

// What became of it, as the event tells that reltod writes about it.
struct reload_fate {
    bool known, refused;
    char why[LIFE_WHY_MAX];
};

static enum status on_config(void *ctx, const struct audit_event *e)
{
    struct reload_fate *o = ctx;
    const char *change = audit_event_get(e, "change"), *why = audit_event_get(e, "reason");
    bool refused = change && strcmp(change, LIFE_RELOAD_REFUSED) == 0;
    if (o->known || strcmp(e->actor, "node") != 0 || (change && !refused))
        return ST_OK;
    o->known = true;
    o->refused = refused;
    snprintf(o->why, sizeof o->why, "%s", why ? why : "");
    text_rules_plain(o->why);
    return ST_OK;
}

// What became of the first reload since the log had *size events? Then *size is brought up to date.
static enum status look_for_reload(const struct cli *cli, uint64_t *size, struct reload_fate *ret)
{
    struct node_state *n;
    struct db_txn *t;
    ret->known = false;
    diag_init(cli->diag, NULL);
    TRY(node_open(cli->dir, NODE_READER, cli->diag, &n));
    enum status st = db_begin(n->core.db, false, &t);
    if (st == ST_OK) {
        const struct audit_filter f = {.by_kind = true, .kind = AUDIT_CONFIG, .has_after = *size > 0, .after = *size - 1};
        st = audit_each(t, &f, on_config, ret);
        if (st == ST_OK)
            st = audit_size(t, size);
        db_abort(&t);
    }
    node_close(&n);
    return st;
}

static int reload(const struct cli *cli, long pid)
{
    uint64_t size = UINT64_MAX; // at first nothing but the size of the log is wanted
    struct reload_fate o;
    enum status st = look_for_reload(cli, &size, &o);
    if (st != ST_OK)
        return cli_fail_status(cli, cli->dir, st);
    int code = signal_daemon("reload", pid, SIGHUP);
    const int64_t until = clock_monotonic_ms() + RELOAD_WAIT_S * 1000;
    while (code < 0 && clock_monotonic_ms() < until) {
        pause_ms(LOOK_EVERY_MS);
        if (look_for_reload(cli, &size, &o) != ST_OK || !o.known)
            continue;
        if (o.refused)
            return cli_fail(EXIT_NO, "reload", "refused: %s; the old state stays in force", o.why);
        puts("reloaded");
        return EXIT_DONE;
    }
    return code >= 0 ? code
                     : cli_fail(EXIT_NO, "reload", "not heard of within %d s: see the log of reltod (reloaded, reload-refused, audit-failed)",
                                RELOAD_WAIT_S);
}

int cmd_reload(const struct cli *cli, int argc, char **argv)
{
    struct node_state *parts;
    int code = cli_options(&argc, argv, NULL, 0, reload_help);
    if (code >= 0)
        return code;
    if (argc != 1)
        return cli_usage(argv[0], "'%s' is not expected", argv[1]);
    enum status st = node_open(cli->dir, NODE_PARTS, cli->diag, &parts);
    if (st != ST_OK)
        return cli_fail_status(cli, cli->dir, st);
    long pid = local_daemon(parts->config, cli->arena);
    node_close(&parts);
    return pid ? reload(cli, pid) : cli_fail(EXIT_UNREACHABLE, "reload", "reltod does not run here; what is in the files takes effect at its start");
}
