#include "tools/relto/local.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/io/clock.h"
#include "node/io/file.h"
#include "store/reports.h"

enum { SHORT_ID_MIN = 6 };

// LMDB follows the numbers in its pages, and a page that the disk cannot deliver is a signal: a damaged store can end
// a reader anywhere. It is told as what it is, with the exit code for it. Nothing is written by then: a transaction
// that does not reach its commit has not been.
static void on_memory_fault(int sig)
{
    static const char text[] = "relto: the store cannot be read: memory fault; data.mdb or the disk is damaged (or this is a fault of "
                               "relto). Keep a copy of the store, and see ALARMS in reltod(8)\n";
    (void)sig;
    ssize_t n = write(STDERR_FILENO, text, sizeof text - 1);
    (void)n;
    _exit(EXIT_CORRUPT);
}

static void catch_memory_faults(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS};
    struct sigaction act = {.sa_handler = on_memory_fault, .sa_flags = (int)SA_RESETHAND}, old;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL) // a sanitizer has its own
            sigaction(signals[i], &act, NULL);
}

int local_open(const struct cli *cli, enum node_use use, struct local *ret)
{
    *ret = (struct local){0};
    diag_init(cli->diag, NULL);
    catch_memory_faults();
    enum status st = node_open(cli->dir, use, cli->diag, &ret->node);
    if (st == ST_OK)
        st = db_begin(ret->node->core.db, use == NODE_WRITER || use == NODE_LOGS, &ret->tick.txn);
    if (st != ST_OK) {
        node_close(&ret->node);
        return cli_fail_status(cli, cli->dir, st);
    }
    ret->tick.core = &ret->node->core;
    ret->tick.now = clock_now();
    return -1;
}

enum status local_close(struct local *l, bool commit)
{
    enum status st = ST_OK;
    if (commit)
        st = db_commit(&l->tick.txn);
    else
        db_abort(&l->tick.txn);
    node_close(&l->node);
    return st;
}

void local_actor(char out[80])
{
    const char *user = getenv("USER");
    snprintf(out, 80, "operator:%s", user ? user : "unknown");
}

// What the store's lock file says, if that process still is a reltod.
long local_daemon(const struct config *c, struct arena *a)
{
    struct span text;
    char comm[32] = "";
    const char *lock = arena_printf(a, "%s/daemon.lock", c->store_path);
    if (!lock || file_read(lock, 64, a, NULL, &text) != ST_OK)
        return 0;
    long pid = strtol((const char *)text.ptr, NULL, 10);
    const char *path = arena_printf(a, "/proc/%ld/comm", pid);
    FILE *f = path && pid > 0 ? fopen(path, "r") : NULL;
    if (f && !fgets(comm, sizeof comm, f))
        comm[0] = 0;
    if (f)
        fclose(f);
    return strcmp(comm, "reltod\n") == 0 ? pid : 0;
}

struct id_search {
    const char *text;
    struct uuid found;
    size_t count;
};

static enum status match_id(void *ctx, const struct report_record *r)
{
    struct id_search *s = ctx;
    char urn[UUID_URN_LEN + 1];
    if (strncmp(uuid_urn(r->id, urn) + 9, s->text, strlen(s->text)) == 0) {
        s->found = r->id;
        s->count++;
    }
    return ST_OK;
}

// Of a recalled report nothing is left but the record of it.
static enum status match_recall(void *ctx, struct uuid id, const struct recall_record *r)
{
    struct id_search *s = ctx;
    char urn[UUID_URN_LEN + 1];
    (void)r;
    if (strncmp(uuid_urn(id, urn) + 9, s->text, strlen(s->text)) == 0) {
        s->found = id;
        s->count++;
    }
    return ST_OK;
}

// Of a purged one, its id and a few facts.
static enum status match_purged(void *ctx, struct uuid id, const struct purged_copy *p)
{
    struct id_search *s = ctx;
    (void)p;
    return s->count && uuid_eq(s->found, id) ? ST_OK : match_recall(ctx, id, NULL);
}

static enum status search_id(struct local *l, struct id_search *s)
{
    TRY(reports_each(l->tick.txn, match_id, s));
    TRY(reports_each_purged(l->tick.txn, match_purged, s));
    return recalls_each(l->tick.txn, match_recall, s);
}

bool local_report_id(const struct cli *cli, struct local *l, const char *text, struct uuid *ret)
{
    (void)cli;
    if (uuid_parse(span_cstr(text), ret) == ST_OK)
        return true;
    struct id_search s = {.text = text};
    if (strlen(text) < SHORT_ID_MIN || strlen(text) > UUID_TEXT_LEN) {
        cli_fail(0, text, "not a report id; expected urn:uuid:…, a UUID, or at least %d first characters of one", SHORT_ID_MIN);
        return false;
    }
    if (search_id(l, &s) != ST_OK || s.count == 0) {
        cli_fail(0, text, "no report here begins so; 'relto list' shows what is held");
        return false;
    }
    if (s.count > 1) {
        cli_fail(0, text, "%zu reports begin so; give more characters", s.count);
        return false;
    }
    *ret = s.found;
    return true;
}

int local_report_fail(const struct cli *cli, struct local *l, struct uuid id, const char *text, enum status st)
{
    struct purged_copy purged;
    char time[UTC_TEXT_MAX];
    if (st == ST_GONE)
        return cli_fail(EXIT_NO, text, "recalled; its content is erased, see 'relto recall status'");
    if (st == ST_NOT_FOUND && reports_purged(l->tick.txn, id, NULL, &purged) == ST_OK)
        return cli_fail(EXIT_NO, text, "its content was purged at %s, as [store] keep-days says; 'relto audit' still tells of it",
                        utc_format_s(purged.at, time));
    if (st == ST_NOT_FOUND)
        return cli_fail(EXIT_NO, text, "not found here; 'relto list' shows what is held");
    return cli_fail_status(cli, text, st);
}
