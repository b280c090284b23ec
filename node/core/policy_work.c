#include "node/core/policy_work.h"

#include <stdlib.h>

#include "node/core/release.h"
#include "policy/policy_change.h"
#include "store/policies.h"
#include "store/policy_steps.h"
#include "store/schedule.h"

// Estimates, in microseconds.
enum { US_COMPARE = 15, US_LOOK = 1, US_SOME = 25, US_PAIR = 35, US_REPORT = 150, US_REPORT_PAIR = 6, BATCH = 64 };

// Both policies of the step at work, and their comparison.
struct policy_worker {
    struct policy_moment before, after;
    struct ruleset *rules_before, *rules_after;
    struct policy_change *change;
    uint64_t looked; // at outlines below this number nothing is left to do, beyond what the step itself knows
};

struct working {
    struct tick *t;
    struct policy_worker *with;
    struct policy_step step;
    int64_t left_us;
    bool stopped; // what was written must be kept, so go no further in this tick
    bool wrote;   // reports were looked at: how far the step is has to be stored
};

// ---- what is to be done

static struct policy_moment now_of(const struct tick *t, const struct digest *policy)
{
    return (struct policy_moment){.policy = *policy, .at = t->now};
}

// Every report for everybody.
static enum status begin_all(struct tick *t, const struct policy_moment *now)
{
    TRY(policy_steps_drop(t->txn));
    TRY(policies_work_begin(t->txn));
    return policy_seen_set(t->txn, now);
}

// The last moment up to now at which all is as it was at the moment seen, but for what each report's own instants change.
static struct policy_moment last_alike(const struct tick *t, const struct policy_moment *seen)
{
    utc_ms next = ruleset_next_change(t->core->rules, seen->at);
    return (struct policy_moment){.policy = seen->policy, .at = next <= t->now ? next - 1 : t->now};
}

enum status policy_work_activated(struct tick *t, const struct digest *digest)
{
    struct policy_moment seen, now = now_of(t, digest);
    bool pending, whole;
    TRY(policies_work_pending(t->txn, &pending));
    TRY(outlines_whole(t->txn, &whole));
    enum status st = policy_seen(t->txn, &seen);
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    if (st == ST_NOT_FOUND || pending || !whole || !digest_eq(&seen.policy, ruleset_digest(t->core->rules)))
        return begin_all(t, &now);
    struct policy_moment before = last_alike(t, &seen);
    return policy_steps_add(t->txn, &before, &now);
}

enum status policy_work_due(struct tick *t, utc_ms *ret_next)
{
    struct policy_moment seen, now = now_of(t, ruleset_digest(t->core->rules));
    enum status st = policy_seen(t->txn, &seen);
    *ret_next = ruleset_next_change(t->core->rules, t->now);
    if (st == ST_NOT_FOUND)
        return policy_seen_set(t->txn, &now);
    if (st != ST_OK)
        return st;
    // A clock that was set back: what seemed to have begun or ended has not yet, and is to come once more.
    if (!digest_eq(&seen.policy, &now.policy) || *ret_next <= seen.at)
        return begin_all(t, &now);
    if (ruleset_next_change(t->core->rules, seen.at) > t->now)
        return ST_OK;
    struct policy_moment before = last_alike(t, &seen);
    return policy_steps_add(t->txn, &before, &now);
}

// ---- the worker

static enum status load_rules(struct tick *t, const struct digest *policy, struct ruleset **ret)
{
    struct span bundle;
    TRY(policies_get(t->txn, policy, &bundle));
    return ruleset_load_bytes(bundle, NULL, ret);
}

static void worker_free(struct policy_worker **w)
{
    if (!*w)
        return;
    policy_change_free(&(*w)->change);
    ruleset_free(&(*w)->rules_before);
    ruleset_free(&(*w)->rules_after);
    free(*w);
    *w = NULL;
}

void policy_work_forget(struct core *c)
{
    worker_free(&c->worker);
}

static bool moment_eq(const struct policy_moment *a, const struct policy_moment *b)
{
    return a->at == b->at && digest_eq(&a->policy, &b->policy);
}

static enum status worker_load(struct tick *t, struct policy_worker *w)
{
    TRY(load_rules(t, &w->before.policy, &w->rules_before));
    TRY(load_rules(t, &w->after.policy, &w->rules_after));
    return policy_change_new(w->rules_before, w->before.at, w->rules_after, w->after.at, POLICY_WORK_BYTES, &w->change);
}

// The worker for a step, which stays the core's until the step is done.
static enum status worker_of(struct tick *t, const struct policy_step *s, struct policy_worker **ret)
{
    struct policy_worker *w = t->core->worker;
    if (w && moment_eq(&w->before, &s->before) && moment_eq(&w->after, &s->after)) {
        *ret = w;
        return ST_OK;
    }
    worker_free(&t->core->worker);
    w = calloc(1, sizeof *w);
    if (!w)
        return ST_NOMEM;
    w->before = s->before;
    w->after = s->after;
    enum status st = worker_load(t, w);
    if (st == ST_OK)
        *ret = t->core->worker = w;
    else
        worker_free(&w);
    return st;
}

// ---- one report

static bool surroundings_failed(enum status st)
{
    return st == ST_NOMEM || st == ST_IO || st == ST_FULL || st == ST_BUSY;
}

// What failed is remembered across the undoing of this tick, and left to the schedule, which knows how to put off what
// cannot be decided.
static enum status run_report(struct tick *t, struct uuid id, const struct release_some *some, enum release_cause cause,
                              bool *ret_stopped)
{
    struct core *c = t->core;
    if (c->work_failed && uuid_eq(id, c->work_failed_report)) {
        *ret_stopped = true;
        return schedule_set(t->txn, id, t->now);
    }
    enum status st = some ? release_some(t, some, cause) : release_report(t, id, cause, NULL);
    if (st != ST_OK && !surroundings_failed(st)) {
        c->work_failed = true;
        c->work_failed_report = id;
    }
    return st;
}

// ---- every report for everybody

static enum status run_all(struct tick *t, int64_t left_us, bool *ret_more)
{
    struct uuid ids[POLICY_WORK_PER_TICK];
    size_t count, i = 0;
    int64_t each_us = US_REPORT + US_REPORT_PAIR * (int64_t)ruleset_partner_count(t->core->rules);
    bool stopped = false;
    TRY(policies_work_next(t->txn, ids, POLICY_WORK_PER_TICK, &count));
    for (; i < count && !stopped && left_us > 0; i++, left_us -= each_us)
        TRY(run_report(t, ids[i], NULL, CAUSE_POLICY, &stopped));
    *ret_more = true; // steps may have come behind it
    return policies_work_done(t->txn, i ? &ids[i - 1] : NULL);
}

// ---- a step

// What is to be done for the reports of the outline at hand.
struct outline_work {
    bool all;               // no outline speaks for them
    struct outline outline;
    struct outline_change change;
    const char *gone[PARTNERS_MAX];
    size_t gone_count;
};

static enum release_cause cause_of(const struct policy_step *s)
{
    return digest_eq(&s->before.policy, &s->after.policy) ? CAUSE_INSTANT : CAUSE_POLICY;
}

static enum status compare(struct working *x, struct arena *a, struct outline_work *ret)
{
    struct span bytes;
    TRY(outlines_get(x->t->txn, x->step.outline, &bytes));
    TRY(outline_read(bytes, a, &ret->outline));
    return policy_change_outline(x->with->change, &ret->outline, &ret->change);
}

static enum status find_work(struct working *x, struct arena *a, struct outline_work *ret)
{
    const struct partner_set *gone = &ret->change.gone;
    enum status st = x->step.outline == OUTLINE_NONE ? ST_NOT_FOUND : compare(x, a, ret);
    ret->all = st != ST_OK;
    if (ret->all)
        return surroundings_failed(st) ? st : ST_OK;
    for (size_t p = partner_set_next(gone, 0); p < PARTNERS_MAX; p = partner_set_next(gone, p + 1))
        ret->gone[ret->gone_count++] = ruleset_partner(x->with->rules_before, p)->id;
    return ST_OK;
}

static enum status decide_one(struct working *x, const struct outline_work *o, const struct outlined *r)
{
    struct tick *t = x->t;
    const enum release_cause cause = cause_of(&x->step);
    if (!o->all && outline_change_none(&o->change, r->base, x->step.after.at)) {
        x->left_us -= US_LOOK;
        return ST_OK;
    }
    // By another policy in the meantime the partners have other numbers.
    if (o->all || !digest_eq(&x->step.after.policy, ruleset_digest(t->core->rules))) {
        x->left_us -= US_REPORT + US_REPORT_PAIR * (int64_t)ruleset_partner_count(t->core->rules);
        return run_report(t, r->report, NULL, cause, &x->stopped);
    }
    struct release_some some = {.outline = &o->outline, .known = *r, .partners = o->change.changed, .gone = o->gone,
                                .gone_count = o->gone_count};
    if (utc_add(r->base, o->change.embargo_ms) > x->step.after.at)
        partner_set_join(&some.partners, &o->change.embargo);
    x->left_us -= US_SOME + US_PAIR * (int64_t)(partner_set_count(&some.partners) + o->gone_count);
    return run_report(t, r->report, &some, cause, &x->stopped);
}

// Decide reports of the outline from where the step stands. *ret_done: there are no more of them.
static enum status decide_outline(struct working *x, const struct outline_work *o, bool *ret_done)
{
    struct outlined batch[BATCH];
    struct policy_step *s = &x->step;
    size_t count = BATCH;
    *ret_done = !o->all && outline_change_none(&o->change, UTC_MAX, UTC_MIN);
    while (!*ret_done && x->left_us > 0 && !x->stopped) {
        size_t i = 0;
        x->wrote = true;
        TRY(outlines_reports(x->t->txn, s->outline, s->in_outline ? &s->report : NULL, batch, BATCH, &count));
        for (; i < count && x->left_us > 0 && !x->stopped; i++) {
            TRY(decide_one(x, o, &batch[i]));
            s->report = batch[i].report;
            s->in_outline = true;
        }
        *ret_done = i == count && count < BATCH;
    }
    return ST_OK;
}

// The outline that the step stands at, from the report where it stands.
static enum status step_outline(struct working *x)
{
    struct policy_step *s = &x->step;
    bool done = false;
    struct outline_work *o = calloc(1, sizeof *o);
    struct arena *a = arena_new(OUTLINE_BYTES_MAX * 16);
    x->left_us -= US_COMPARE;
    enum status st = o && a ? find_work(x, a, o) : ST_NOMEM;
    if (st == ST_OK)
        st = decide_outline(x, o, &done);
    arena_free(&a);
    free(o);
    if (st != ST_OK || !done)
        return st;
    s->outline++;
    s->in_outline = false;
    if (!x->wrote) // true whatever becomes of this tick
        x->with->looked = s->outline;
    return ST_OK;
}

static enum status run_step(struct working *x)
{
    struct policy_step *s = &x->step;
    if (s->outline < x->with->looked) {
        s->outline = x->with->looked;
        s->in_outline = false;
    }
    while (x->left_us > 0 && !x->stopped) {
        uint64_t number;
        enum status st = outlines_next(x->t->txn, s->outline, &number);
        if (st == ST_NOT_FOUND) {
            policy_work_forget(x->t->core);
            return policy_steps_end(x->t->txn, s);
        }
        if (st != ST_OK)
            return st;
        s->in_outline &= number == s->outline;
        s->outline = number;
        TRY(step_outline(x));
    }
    return x->wrote ? policy_steps_save(x->t->txn, s) : ST_OK; // nothing to commit costs nothing
}

// A policy is not there, or cannot be compared.
static enum status give_up_steps(struct tick *t)
{
    const struct policy_moment now = now_of(t, ruleset_digest(t->core->rules));
    policy_work_forget(t->core);
    return begin_all(t, &now);
}

// The first step; when it cannot be gone, *ret_all: every report is to be decided.
static enum status run_steps(struct working *x, bool *ret_more, bool *ret_all)
{
    enum status st = policy_steps_first(x->t->txn, &x->step);
    *ret_more = st == ST_OK;
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_OK : st;
    st = worker_of(x->t, &x->step, &x->with);
    if (st == ST_OK)
        return run_step(x);
    *ret_all = !surroundings_failed(st);
    return *ret_all ? give_up_steps(x->t) : st;
}

static enum status work(struct tick *t, bool *ret_more)
{
    struct working x = {.t = t, .left_us = t->core->work_us ? t->core->work_us : POLICY_WORK_US};
    bool all;
    TRY(policies_work_pending(t->txn, &all));
    if (!all)
        TRY(run_steps(&x, ret_more, &all));
    if (all)
        TRY(run_all(t, x.left_us, ret_more));
    return ST_OK;
}

enum status policy_work(struct tick *t, bool *ret_more)
{
    const struct core *c = t->core;
    const bool knew = c->work_failed;
    const struct uuid known = c->work_failed_report;
    *ret_more = false;
    enum status st = work(t, ret_more);
    if (st != ST_OK) // what fails is another one than it was: that one would have been passed over
        *ret_more = c->work_failed && !(knew && uuid_eq(known, c->work_failed_report));
    return st;
}
