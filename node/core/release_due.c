// Decisions that the passing of an instant may change are re-made then (spec 3.5).
#include "node/core/release.h"
#include "store/schedule.h"

enum {
    DUE_REPORTS_MAX = 256,     // in one tick: keeps it short; the rest follows at once
    DUE_PAIRS_MAX = 8192,      // the same for reports times partners
    RETRY_MS = 1000,           // after the surroundings failed
    PUT_OFF_MS = 10 * 60 * 1000 // a report that itself cannot be decided
};

// The report failed a moment ago, and took what else was due in that tick with it: it has to wait.
static bool is_put_off(const struct tick *t, struct uuid id)
{
    const struct report_failure *f = &t->core->due_failure;
    return f->at != 0 && uuid_eq(f->report, id) && t->now >= f->at && t->now < utc_add(f->at, PUT_OFF_MS);
}

static enum status put_off(struct tick *t, struct uuid id)
{
    struct audit_event ev = {.kind = AUDIT_QUARANTINE, .actor = "node", .has_report = true, .report = id};
    audit_event_attr(&ev, "reason", "cannot-be-decided");
    audit_event_attr(&ev, "failure", status_text(t->core->due_failure.st));
    TRY(tick_log(t, &ev));
    return schedule_set(t->txn, id, utc_add(t->now, PUT_OFF_MS));
}

static enum status run_one(struct tick *t, struct uuid id)
{
    TRY(schedule_set(t->txn, id, UTC_MAX));
    enum status st = release_report(t, id, CAUSE_INSTANT, NULL);
    report_failure_note(&t->core->due_failure, id, t->now, st);
    return st;
}

// Run reports until none is due (*ret_next: the next instant) or it is enough for one tick (*ret_next: now).
static enum status run_due(struct tick *t, utc_ms *ret_next)
{
    size_t partners = ruleset_partner_count(t->core->rules) + 1, pairs = 0;
    for (int i = 0; i < DUE_REPORTS_MAX && pairs < DUE_PAIRS_MAX; i++, pairs += partners) {
        struct uuid id;
        utc_ms at;
        enum status st = schedule_first(t->txn, &at, &id);
        *ret_next = st == ST_OK ? at : UTC_MAX;
        if (st == ST_NOT_FOUND || (st == ST_OK && at > t->now))
            return ST_OK;
        if (st != ST_OK)
            return st;
        if (is_put_off(t, id)) {
            TRY(put_off(t, id));
            break; // to be kept, even if another one fails
        }
        TRY(run_one(t, id));
    }
    *ret_next = t->now;
    return ST_OK;
}

enum status release_due(struct tick *t, utc_ms *ret_next)
{
    enum status st = run_due(t, ret_next);
    if (st != ST_OK)
        *ret_next = t->core->due_failure.at == t->now ? t->now : utc_add(t->now, RETRY_MS);
    return st;
}
