#include "node/io/maintenance.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "node/io/log.h"
#include "store/erasures.h"

static void log_done(struct node_state *n, uint64_t before, int64_t took_ms)
{
    struct db_stats s;
    char from[24], to[24], ms[24];
    if (db_stats(n->core.db, &s) != ST_OK)
        return;
    snprintf(from, sizeof from, "%llu", (unsigned long long)before);
    snprintf(to, sizeof to, "%llu", (unsigned long long)s.used_bytes);
    snprintf(ms, sizeof ms, "%lld", (long long)took_ms);
    log_line(LOG_LEVEL_INFO, "compacted", "bytes-before", from, "bytes", to, "ms", ms, NULL);
}

static enum status compact(struct maintenance *m, struct node_state *n, struct diag *d)
{
    struct db_stats before;
    struct timespec from, to;
    TRY(db_stats(n->core.db, &before));
    clock_gettime(CLOCK_MONOTONIC, &from);
    enum status st = erasures_compact(&n->core.db, d);
    clock_gettime(CLOCK_MONOTONIC, &to);
    if (st == ST_OK) {
        *m = (struct maintenance){.looked = true};
        log_done(n, before.used_bytes, (to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000);
        return ST_OK;
    }
    log_line(n->core.db ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR, "compact-failed", "why",
             d->count ? d->faults[0].message : status_text(st), NULL);
    return n->core.db && st != ST_IO ? ST_OK : ST_IO;
}

enum status maintenance_compact(struct maintenance *m, struct node_state *n, int64_t now_ms)
{
    struct diag *d = malloc(sizeof *d);
    if (!d)
        return ST_OK; // tried again
    diag_init(d, NULL);
    enum status st = compact(m, n, d);
    free(d);
    if (st == ST_OK && m->seen_ms && now_ms >= 2 * m->due_ms - m->seen_ms && !m->overdue_told) {
        log_line(LOG_LEVEL_ERROR, "erase-overdue", "why", "erased bytes are still in the store's file", "do",
                 "end other programs that have the store open, then: relto compact", NULL);
        m->overdue_told = true;
    }
    return st;
}

enum status maintenance_look(struct maintenance *m, struct node_state *n, int64_t now_ms)
{
    struct db_txn *t;
    bool pending = false, first = !m->looked;
    if (db_begin(n->core.db, false, &t) != ST_OK)
        return ST_OK; // what is wrong is said by the next tick
    enum status st = erasures_pending(t, &pending);
    db_abort(&t);
    m->looked = true;
    if (st != ST_OK || !pending) {
        m->seen_ms = 0;
        return ST_OK;
    }
    if (m->seen_ms == 0) {
        int64_t half = (int64_t)n->config->erase_within_s * 500;
        m->seen_ms = first ? now_ms - half : now_ms;
        m->due_ms = m->seen_ms + half;
        m->overdue_told = false;
    }
    return now_ms < m->due_ms ? ST_OK : maintenance_compact(m, n, now_ms);
}
