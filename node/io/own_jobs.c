#include "node/io/own_jobs.h"

#include <time.h>

#include "node/core/policy_work.h"
#include "node/core/release.h"
#include "node/core/retention.h"
#include "node/core/search_flow.h"
#include "node/io/log.h"
#include "store/attachments.h"
#include "store/audit_index.h"

enum {
    RETRY_MS = 60000, // after a failure: what failed stays due, and is not tried again at once for ever
    OTHERS_US = 1000, // looking what is due takes less, unless something is
    LISTS_BUSY_US = 2000, // who asks waits no longer for the indexes of the log, where commits are quick;
    LISTS_LEAST = 128,    // so many events go into them at a time in any case,
    LISTS_LATER_MS = 500  // and they wait for the work of a change of policy
};

static uint64_t monotonic_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static enum status run_due(struct tick *t, struct tick_job *job)
{
    struct own_jobs *o = job->ctx;
    utc_ms dated, tidy;
    TRY(release_due(t, &o->next_instant));
    TRY(policy_work_due(t, &dated));
    TRY(attachment_tidy(t->txn, t->now, &tidy));
    if (dated < o->next_instant)
        o->next_instant = dated;
    if (tidy < o->next_instant)
        o->next_instant = tidy;
    return ST_OK;
}

static enum status run_keep(struct tick *t, struct tick_job *job)
{
    struct own_jobs *o = job->ctx;
    utc_ms next = utc_add(t->now, RETRY_MS);
    if (o->keeps)
        TRY(retention_due(t, &next));
    if (next < o->next_instant)
        o->next_instant = next;
    return ST_OK;
}

// What was stored comes into the search index by and by (index_pace.h).
static enum status run_index(struct tick *t, struct tick_job *job)
{
    struct own_jobs *o = job->ctx;
    const uint64_t now_ns = monotonic_ns();
    bool more = true;
    if (!o->indexes)
        return ST_OK;
    const uint64_t wait_ns = index_pace_wait_ns(&o->index, now_ns);
    if (!wait_ns) {
        TRY(search_work(t, index_pace_count(&o->index), &more));
        o->index_ns = more ? monotonic_ns() - now_ns : 0;
    }
    const utc_ms next = utc_add(t->now, (int64_t)(wait_ns / 1000000) + (wait_ns > 0));
    if (more && next < o->next_instant)
        o->next_instant = next;
    return ST_OK;
}

// The indexes of the audit log get what was left out of them when that work is done, or at once when too much is left.
static enum status run_lists(struct tick *t, struct tick_job *job)
{
    struct own_jobs *o = job->ctx;
    const uint64_t now_ns = monotonic_ns();
    struct audit_behind b;
    if (!o->lists)
        return ST_OK;
    TRY(audit_behind(t->txn, &b));
    const bool too_much = b.until - b.from >= AUDIT_INDEX_BEHIND_MAX, later = o->working && !too_much;
    const uint64_t wait_ns = too_much ? 0 : index_pace_wait_ns(&o->list, now_ns);
    bool more = b.from < b.until;
    if (more && !wait_ns && !later && (too_much || !o->index_ns)) {
        TRY(audit_index_work(t->txn, too_much ? AUDIT_INDEX_MOST : index_pace_count(&o->list), &more));
        o->list_ns = too_much ? 0 : monotonic_ns() - now_ns;
    }
    const utc_ms next = utc_add(t->now, later ? LISTS_LATER_MS : (int64_t)(wait_ns / 1000000) + (wait_ns > 0));
    if (more && next < o->next_instant)
        o->next_instant = next;
    return ST_OK;
}

static enum status run_work(struct tick *t, struct tick_job *job)
{
    struct own_jobs *o = job->ctx;
    const uint64_t from_ns = monotonic_ns();
    if (!o->works)
        return ST_OK;
    if (from_ns - o->started_ns > (uint64_t)OTHERS_US * 1000)
        t->core->work_may_go = false; // with it would go what the jobs before it did
    enum status st = policy_work(t, &o->more);
    const uint64_t took_ns = monotonic_ns() - from_ns;
    if (took_ns > o->work_ns) // the first time, should it run again
        o->work_ns = took_ns;
    return st;
}

void own_jobs_begin(struct own_jobs *o, struct core *c, bool requests_wait, struct tick_job *jobs)
{
    o->works = o->work_done || work_pace_now(&o->pace, requests_wait);
    o->more = o->stopped = false;
    o->next_instant = UTC_MAX;
    c->work_us = work_pace_us(&o->pace);
    c->work_may_go = work_pace_may_go(&o->pace);
    if (o->works) // thousands of pages, in many commits
        db_write_at_end(c->db, !o->work_done);
    jobs[OWN_DUE] = (struct tick_job){.run = run_due, .ctx = o};
    jobs[OWN_KEEP] = (struct tick_job){.run = run_keep, .ctx = o};
    jobs[OWN_INDEX] = (struct tick_job){.run = run_index, .ctx = o};
    jobs[OWN_LISTS] = (struct tick_job){.run = run_lists, .ctx = o};
    jobs[OWN_WORK] = (struct tick_job){.run = run_work, .ctx = o};
    o->started_ns = monotonic_ns();
    o->indexes = o->started_ns >= o->index_again_ns;
    o->index_ns = o->list_ns = 0;
    o->list.busy_us = LISTS_BUSY_US;
    o->list.least = LISTS_LEAST;
    o->lists = o->started_ns >= o->list_again_ns;
    o->commit_ns = c->commit_ns;
    o->work_ns = 0;
    o->keeps = o->started_ns >= o->keep_again_ns;
}

// `report`: at which it failed; NULL = at none, but at the store or for want of memory.
static void log_failure(const char *event, enum status st, const struct uuid *report)
{
    char urn[UUID_URN_LEN + 1];
    if (st != ST_OK)
        log_line(LOG_LEVEL_ERROR, event, "why", status_text(st), report ? "report" : NULL, report ? uuid_urn(*report, urn) : NULL, NULL);
}

// An index could not be worked on: not before *again, and then in a tick of its own if there is none.
static void put_off(struct own_jobs *o, uint64_t now_ns, utc_ms now, uint64_t *again_ns)
{
    const utc_ms next = utc_add(now, RETRY_MS);
    *again_ns = now_ns + (uint64_t)RETRY_MS * 1000000;
    if (next < o->next_instant)
        o->next_instant = next;
}

bool own_jobs_end(struct own_jobs *o, const struct core *c, const struct tick_job *jobs, utc_ms now)
{
    const uint64_t now_ns = monotonic_ns();
    const bool good = jobs[OWN_WORK].st == ST_OK;
    const bool one_due = c->due_failure.at == now, one_work = o->works && o->more; // one report failed, to be passed over
    log_failure("instants-failed", jobs[OWN_DUE].st, one_due ? &c->due_failure.report : NULL);
    log_failure("retention-failed", jobs[OWN_KEEP].st, c->purge_failure.at == now ? &c->purge_failure.report : NULL);
    log_failure("index-failed", jobs[OWN_INDEX].st, NULL); // a report that cannot be read is left out of it
    log_failure("audit-index-failed", jobs[OWN_LISTS].st, NULL);
    log_failure("instants-failed", jobs[OWN_WORK].st, one_work ? &c->work_failed_report : NULL);
    if (jobs[OWN_INDEX].st != ST_OK) // each failure makes the other jobs of its tick run twice
        put_off(o, now_ns, now, &o->index_again_ns);
    else if (o->index_ns)
        index_pace_took(&o->index, now_ns, o->index_ns + c->commit_ns - o->commit_ns);
    if (jobs[OWN_LISTS].st != ST_OK)
        put_off(o, now_ns, now, &o->list_again_ns);
    else if (o->list_ns)
        index_pace_took(&o->list, now_ns, o->list_ns + c->commit_ns - o->commit_ns);
    if (jobs[OWN_KEEP].st != ST_OK)
        o->keep_again_ns = now_ns + (uint64_t)RETRY_MS * 1000000;
    if ((jobs[OWN_DUE].st != ST_OK && !one_due) || (!good && !one_work))
        o->next_instant = utc_add(now, RETRY_MS);
    else if (jobs[OWN_DUE].st != ST_OK)
        o->next_instant = now;
    const uint64_t commit_ns = c->commit_ns - o->commit_ns;
    if (o->works && o->stopped)
        work_pace_stopped(&o->pace, now_ns, o->work_ns, jobs[OWN_WORK].undone);
    else if (o->works && good && o->more)
        work_pace_took(&o->pace, now_ns, o->work_ns, commit_ns);
    if (o->works) {
        o->work_done = good && !o->more;
        o->working = good && o->more;
    }
    return good ? !o->works || o->more : one_work;
}

bool own_jobs_may_stop(const struct own_jobs *o)
{
    return o->works && monotonic_ns() - o->started_ns >= (uint64_t)WORK_PACE_SURE_US * 1000;
}

void own_jobs_asked(struct own_jobs *o)
{
    work_pace_asked(&o->pace, monotonic_ns());
}

void own_jobs_beside(struct own_jobs *o, size_t jobs)
{
    const uint64_t now_ns = monotonic_ns();
    if (!jobs)
        return;
    index_pace_asked(&o->index, now_ns);
    index_pace_asked(&o->list, now_ns);
}

void own_jobs_policy(struct own_jobs *o)
{
    o->work_done = false;
    o->working = true;
}
