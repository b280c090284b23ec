#include <time.h>

#include "node/core/core.h"
#include "store/audit_log.h"

enum status tick_log(struct tick *t, const struct audit_event *e)
{
    uint64_t n;
    if (!t->lists_later)
        return audit_append(t->txn, e, t->now, &t->core->random);
    TRY(audit_append_later(t->txn, e, t->now, &t->core->random, &n));
    if (n < t->left_from)
        t->left_from = n;
    return ST_OK;
}

// A refusal is a reply; only a failure of ours (memory, disk, damaged data) ends a job without its own answer.
static void answer_failure(struct tick_job *job)
{
    if (!job->request)
        return;
    reply_fini(job->reply);
    reply_init(job->reply);
    if (job->st == ST_FULL)
        reply_problem(job->reply, 507, "storage-full", "The node's storage is full",
                      "Nothing was stored. Try again after the operator has made room.", NULL);
    else if (job->st == ST_NOMEM || job->st == ST_BUSY)
        reply_problem(job->reply, 503, "busy", "The node is too busy for this",
                      "Nothing was changed. Try again in a few seconds.", NULL);
    else
        reply_problem(job->reply, 500, "internal", "The node could not do this",
                      "Nothing was changed. Tell the operator the time of this request.", NULL);
}

static enum status run_job(struct tick *t, struct tick_job *job)
{
    if (!job->request)
        return job->run(t, job);
    reply_fini(job->reply);
    reply_init(job->reply);
    return route_request(t, job->request, job->reply);
}

static void prepare(struct tick_job *jobs, size_t from, size_t job_count)
{
    for (size_t i = from; i < job_count; i++)
        jobs[i] = (struct tick_job){jobs[i].request, jobs[i].reply, jobs[i].run, jobs[i].ctx, ST_OK, false};
}

// Run every job from the one on that has not failed yet. False when one fails: the transaction is then spoiled.
static bool run_from(struct tick *t, struct tick_job *jobs, size_t from, size_t job_count)
{
    for (size_t i = from; i < job_count; i++) {
        if (jobs[i].st != ST_OK || jobs[i].undone)
            continue;
        jobs[i].st = run_job(t, &jobs[i]);
        jobs[i].undone = jobs[i].st == ST_OK && t->undo;
        if (jobs[i].undone)
            return false; // its writes go; the others run again without it
        if (jobs[i].st != ST_OK)
            return false;
    }
    return true;
}

// Those that come while the others run are part of the same tick.
static bool run_all(struct tick *t, struct tick_batch *b)
{
    bool whole = run_from(t, b->jobs, 0, b->count);
    const size_t before = b->count;
    if (!whole || !b->more)
        return whole;
    b->count = b->more(b->ctx);
    prepare(b->jobs, before, b->count);
    return run_from(t, b->jobs, before, b->count);
}

static enum status commit(struct core *c, struct db_txn **txn)
{
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    enum status st = db_commit(txn);
    clock_gettime(CLOCK_MONOTONIC, &b);
    c->commits++;
    c->commit_ns += (uint64_t)((b.tv_sec - a.tv_sec) * 1000000000 + (b.tv_nsec - a.tv_nsec));
    return st;
}

// A committed activation takes effect.
static void swap_rules(struct core *c, struct tick *t)
{
    if (!t->next_rules)
        return;
    ruleset_free(&c->rules_before);
    c->rules_before = c->rules;
    c->rules = t->next_rules;
    t->next_rules = NULL;
    memset(t->grown, true, sizeof t->grown); // by the old indices they would name others
}

static void count(struct core *c, const struct tick_counts *done)
{
    c->published += done->published;
    c->recalled += done->recalled;
    c->requests += done->requests;
    for (size_t i = 0; i < sizeof c->decisions / sizeof *c->decisions; i++)
        c->decisions[i] += done->decisions[i];
}

// The map grows between transactions: a job that found it full gets one more chance in a larger one.
static bool give_another_chance(struct tick_job *jobs, size_t job_count, bool *given)
{
    bool any = false;
    for (size_t i = 0; i < job_count && !*given; i++)
        if (jobs[i].st == ST_FULL) {
            jobs[i].st = ST_OK;
            any = true;
        }
    *given |= any;
    return any;
}

static void end_jobs(struct tick_job *jobs, size_t job_count, enum status st)
{
    for (size_t i = 0; i < job_count; i++) {
        if (jobs[i].st == ST_OK)
            jobs[i].st = st;
        if (jobs[i].st != ST_OK)
            answer_failure(&jobs[i]);
    }
}

enum status tick_run(struct core *c, utc_ms now, struct tick_job *jobs, size_t job_count, struct tick *t)
{
    struct tick_batch b = {.jobs = jobs, .count = job_count};
    return tick_run_batch(c, now, &b, t);
}

enum status tick_run_batch(struct core *c, utc_ms now, struct tick_batch *b, struct tick *t)
{
    bool given = false;
    prepare(b->jobs, 0, b->count);
    for (;;) {
        *t = (struct tick){.core = c, .now = now};
        enum status st = db_begin(c->db, true, &t->txn);
        bool whole = st == ST_OK && run_all(t, b);
        if (st == ST_OK && whole)
            st = commit(c, &t->txn);
        else
            db_abort(&t->txn);
        if (st == ST_OK && whole)
            swap_rules(c, t);
        ruleset_free(&t->next_rules);
        if (st == ST_OK && !whole) {
            give_another_chance(b->jobs, b->count, &given);
            continue; // each time around, one job fewer (or the one chance is used up)
        }
        if (st == ST_OK)
            count(c, &t->counts);
        end_jobs(b->jobs, b->count, st);
        return st;
    }
}
