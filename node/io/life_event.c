#include "node/io/life_event.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/io/log.h"
#include "store/restoring.h"

struct life_job {
    struct daemon_job job;
    struct life_event event;
    char partner[65], why[LIFE_WHY_MAX];
};

static enum status log_life(struct tick *t, struct tick_job *job)
{
    const struct life_event *e = &((struct life_job *)job->ctx)->event;
    struct audit_event ev = {.kind = e->kind, .actor = "node", .partner = e->partner};
    char count[24];
    snprintf(count, sizeof count, "%llu", (unsigned long long)e->denied);
    if (e->kind == AUDIT_DENIED) {
        audit_event_attr(&ev, "count", count);
    } else {
        if (e->change)
            audit_event_attr(&ev, "change", e->change);
        audit_event_attr(&ev, "program", RELTO_VERSION);
    }
    if (e->why)
        audit_event_attr(&ev, "reason", e->why);
    if (e->kind == AUDIT_RESTORE)
        TRY(restoring_confirm(t->txn));
    return tick_log(t, &ev);
}

static void life_done(struct daemon_job *j)
{
    struct life_job *l = j->job.ctx;
    if (j->job.st != ST_OK)
        log_line(LOG_LEVEL_ERROR, "audit-failed", "event", audit_kind_text(l->event.kind), "why", status_text(j->job.st), NULL);
    free(l);
}

void life_event_submit(struct daemon *d, const struct life_event *e)
{
    struct life_job *l = calloc(1, sizeof *l);
    if (!l)
        return;
    *l = (struct life_job){.job = {.job = {.run = log_life, .ctx = l}, .done = life_done}, .event = *e};
    snprintf(l->partner, sizeof l->partner, "%s", e->partner ? e->partner : "");
    snprintf(l->why, sizeof l->why, "%s", e->why ? e->why : "");
    l->event.partner = e->partner ? l->partner : NULL;
    l->event.why = e->why ? l->why : NULL;
    daemon_submit(d, &l->job);
}
