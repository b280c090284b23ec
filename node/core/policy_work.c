#include "node/core/policy_work.h"

#include <stdlib.h>

#include "node/core/policy_find.h"
#include "node/core/release.h"
#include "store/audit_index.h"
#include "store/audit_log.h"
#include "store/policies.h"
#include "store/policy_steps.h"
#include "store/schedule.h"

// Estimates, in microseconds.
enum { US_SOME = 25, US_PAIR = 35, US_REPORT = 150, US_REPORT_PAIR = 6, LOOK_US = 64 };

// What is to be done for a report.
struct report_work {
    bool all; // no outline speaks for it
    struct outlined known;
    struct report_record of; // the copy that the outline was made of
    struct outline outline;
    struct outline_change change;
    const char *gone[PARTNERS_MAX];
    size_t gone_count;
};

// Both policies of the step at work, their comparison, and the reports that it concerns.
struct policy_worker {
    struct policy_moment before, after;
    struct ruleset *rules_before, *rules_after;
    struct policy_change *change;
    struct policy_find *list;
    bool listed; // the list is whole
    struct report_work report; // at work
};

struct working {
    struct tick *t;
    struct policy_worker *with;
    struct policy_step step;
    int64_t left_us;
    bool stopped; // what was written must be kept, so go no further in this tick
    bool asked;   // somebody waits for an answer
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
    struct ruleset *known[] = {t->core->rules, t->core->rules_before};
    struct span bundle;
    for (size_t i = 0; i < 2; i++)
        if (known[i] && digest_eq(ruleset_digest(known[i]), policy)) {
            *ret = ruleset_share(known[i]);
            return ST_OK;
        }
    TRY(policies_get(t->txn, policy, &bundle));
    return ruleset_load_bytes(bundle, NULL, ret);
}

static void worker_free(struct policy_worker **w)
{
    if (!*w)
        return;
    policy_find_free(&(*w)->list);
    policy_change_free(&(*w)->change);
    ruleset_free(&(*w)->rules_before);
    ruleset_free(&(*w)->rules_after);
    free(*w);
    *w = NULL;
}

void policy_work_forget(struct core *c)
{
    worker_free(&c->worker);
    ruleset_free(&c->rules_before);
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
    if (st != ST_OK && !policy_find_failed(st)) {
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

static enum release_cause cause_of(const struct policy_step *s)
{
    return digest_eq(&s->before.policy, &s->after.policy) ? CAUSE_INSTANT : CAUSE_POLICY;
}

static enum status compare(struct working *x, uint64_t number, struct arena *a)
{
    struct report_work *r = &x->with->report;
    TRY(policy_find_compare(x->t->txn, x->with->change, number, a, &r->outline, &r->change));
    const struct partner_set *gone = &r->change.gone;
    for (size_t p = partner_set_next(gone, 0); p < PARTNERS_MAX; p = partner_set_next(gone, p + 1))
        r->gone[r->gone_count++] = ruleset_partner(x->with->rules_before, p)->id;
    return ST_OK;
}

// Its outline may be another one than when it was listed: then it was decided as well, and is so once more.
static enum status find_work(struct working *x, struct uuid id, struct arena *a, bool *ret_none)
{
    struct report_work *r = &x->with->report;
    uint64_t number = OUTLINE_NONE;
    *r = (struct report_work){.all = true};
    enum status st = outlines_of(x->t->txn, id, &number, &r->known, &r->of);
    *ret_none = st == ST_NOT_FOUND; // recalled, withdrawn or purged since, with all that followed from it
    if (st == ST_OK && number != OUTLINE_NONE)
        st = compare(x, number, a);
    r->all = st != ST_OK || number == OUTLINE_NONE;
    *ret_none |= !r->all && outline_change_none(&r->change, r->known.base, x->step.after.at);
    return policy_find_failed(st) ? st : ST_OK;
}

static enum status decide_for_some(struct working *x, enum release_cause cause)
{
    const struct report_work *r = &x->with->report;
    struct release_some some = {.outline = &r->outline, .known = r->known, .of = &r->of, .partners = r->change.changed, .gone = r->gone,
                                .gone_count = r->gone_count};
    if (utc_add(r->known.base, r->change.embargo_ms) > x->step.after.at)
        partner_set_join(&some.partners, &r->change.embargo);
    x->left_us -= US_SOME + US_PAIR * (int64_t)(partner_set_count(&some.partners) + r->gone_count);
    return run_report(x->t, r->known.report, &some, cause, &x->stopped);
}

static enum status decide_report(struct working *x, struct uuid id, struct arena *a)
{
    struct tick *t = x->t;
    const enum release_cause cause = cause_of(&x->step);
    bool none;
    x->left_us -= POLICY_FIND_US;
    TRY(find_work(x, id, a, &none));
    if (none)
        return ST_OK;
    // By another policy in the meantime the partners have other numbers.
    if (!x->with->report.all && digest_eq(&x->step.after.policy, ruleset_digest(t->core->rules)))
        return decide_for_some(x, cause);
    x->left_us -= US_REPORT + US_REPORT_PAIR * (int64_t)ruleset_partner_count(t->core->rules);
    return run_report(t, id, NULL, cause, &x->stopped);
}

// Decide the report. From here on the step stands behind it.
static enum status step_report(struct working *x, struct uuid id)
{
    struct arena *a = arena_new(OUTLINE_BYTES_MAX * 16);
    enum status st = a ? decide_report(x, id, a) : ST_NOMEM;
    arena_free(&a);
    x->step.begun = true;
    x->step.report = id;
    return st;
}

// Is there time left, and nobody who waits for an answer?
static bool may_go_on(struct working *x)
{
    const struct core *c = x->t->core;
    if (x->left_us <= 0 || x->stopped)
        return false;
    x->asked = c->asked && c->asked(c->asked_ctx);
    return !x->asked;
}

static enum status look_for_reports(struct working *x)
{
    struct policy_worker *w = x->with;
    while (!w->listed && may_go_on(x)) {
        int64_t left_us = x->left_us < LOOK_US ? x->left_us : LOOK_US;
        x->left_us -= left_us;
        TRY(policy_find_more(w->list, x->t->core->db, w->change, w->after.at, &left_us, &w->listed));
        x->left_us += left_us;
    }
    return ST_OK;
}

// The list of reports behind where the step stands. That is what is committed: a tick never begins a list behind what it did.
static enum status list_reports(struct working *x)
{
    struct policy_worker *w = x->with;
    const struct uuid *after = x->step.begun ? &x->step.report : NULL;
    struct uuid next;
    if (w->listed && policy_find_is_cut(w->list) && !policy_find_next(w->list, after, &next)) {
        policy_find_free(&w->list);
        w->listed = false;
    }
    if (!w->list)
        w->list = policy_find_new(after, x->t->core->work_list ? x->t->core->work_list : POLICY_FIND_MAX);
    return w->list ? look_for_reports(x) : ST_NOMEM;
}

static enum status run_step(struct working *x)
{
    struct policy_step *s = &x->step;
    const struct policy_worker *w = x->with;
    struct uuid id;
    bool next = true, wrote = false;
    TRY(list_reports(x));
    while (w->listed && may_go_on(x) && (next = policy_find_next(w->list, s->begun ? &s->report : NULL, &id))) {
        TRY(step_report(x, id));
        wrote = true;
    }
    if (!next && !policy_find_is_cut(w->list)) {
        policy_work_forget(x->t->core);
        return policy_steps_end(x->t->txn, s);
    }
    x->t->undo = wrote && x->asked && x->t->core->work_may_go;
    return wrote && !x->t->undo ? policy_steps_save(x->t->txn, s) : ST_OK; // nothing to commit costs nothing
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
    if (st == ST_NOT_FOUND) {
        policy_work_forget(x->t->core);
        return ST_OK;
    }
    if (st != ST_OK)
        return st;
    st = worker_of(x->t, &x->step, &x->with);
    if (st == ST_OK)
        return run_step(x);
    *ret_all = !policy_find_failed(st);
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

// Its events are left out of the log's indexes until it is quiet: each report that it decides on has another page of them.
static enum status work_unlisted(struct tick *t, bool *ret_more)
{
    uint64_t until = 0;
    t->lists_later = true;
    t->left_from = UINT64_MAX;
    enum status st = work(t, ret_more);
    t->lists_later = false;
    if (st != ST_OK || t->left_from == UINT64_MAX)
        return st;
    TRY(audit_size(t->txn, &until));
    return audit_index_leave(t->txn, t->left_from, until);
}

enum status policy_work(struct tick *t, bool *ret_more)
{
    const struct core *c = t->core;
    const bool knew = c->work_failed;
    const struct uuid known = c->work_failed_report;
    *ret_more = false;
    enum status st = work_unlisted(t, ret_more);
    if (st != ST_OK) // what fails is another one than it was: that one would have been passed over
        *ret_more = c->work_failed && !(knew && uuid_eq(known, c->work_failed_report));
    return st;
}
