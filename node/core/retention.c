#include "node/core/retention.h"

#include <stdio.h>

#include "node/core/record.h"
#include "node/core/release_entry.h"
#include "policy/decide.h"
#include "store/holds.h"
#include "store/outlines.h"
#include "store/schedule.h"

enum { PURGE_REPORTS_MAX = 64 }; // in one tick: keeps it short; the rest follows at once

#define DAY_MS ((int64_t)86400000)

struct purge {
    struct tick *t;
    struct uuid id;
    uint32_t version;
    utc_ms stored_at;
    char cell[65];
};

// What the event and the record say of it; of damaged content as much as there is.
static enum status read_facts(struct purge *p)
{
    struct stored_report *s;
    enum status st = record_load_current(p->t, p->id, &s);
    if (st == ST_CORRUPT)
        return ST_OK;
    if (st != ST_OK)
        return st;
    p->version = s->record.version;
    if (!s->record.source[0])
        snprintf(p->cell, sizeof p->cell, "%s", s->report->cell);
    record_free(&s);
    return ST_OK;
}

static enum status lapse_purged(void *ctx, const char *partner)
{
    const struct purge *p = ctx;
    struct holding h;
    TRY(holding_get(p->t->txn, partner, p->id, &h));
    if (h.kind != ENTRY_RELEASE || h.lapsed)
        return ST_OK;
    return entry_lapse(p->t, partner, p->id, &h, outcome_text(OUTCOME_DENY), "purged");
}

static enum status log_purge(const struct purge *p)
{
    char stored[UTC_TEXT_MAX], days[16];
    struct audit_event ev = {.kind = AUDIT_LAPSE, .actor = "node", .has_report = true, .report = p->id,
                             .version = p->version};
    snprintf(days, sizeof days, "%u", (unsigned)p->t->core->keep_days);
    audit_event_attr(&ev, "reason", "purged");
    audit_event_attr(&ev, "keep-days", days);
    audit_event_attr(&ev, "stored", utc_format_ms(p->stored_at, stored));
    return tick_log(p->t, &ev);
}

static enum status purge(struct tick *t, struct uuid id, utc_ms stored_at)
{
    struct purge p = {.t = t, .id = id, .stored_at = stored_at};
    TRY(read_facts(&p));
    TRY(holding_each_partner(t->txn, id, lapse_purged, &p));
    TRY(outlines_drop(t->txn, id));
    TRY(holds_set(t->txn, id, 0, t->now, NULL, 0));
    TRY(schedule_set(t->txn, id, UTC_MAX));
    TRY(log_purge(&p));
    return reports_purge(t->txn, id, t->now, p.cell);
}

enum status retention_due(struct tick *t, utc_ms *ret_next)
{
    const int64_t keep_ms = (int64_t)t->core->keep_days * DAY_MS;
    *ret_next = UTC_MAX;
    for (int i = 0; keep_ms > 0 && i < PURGE_REPORTS_MAX; i++) {
        struct uuid id;
        utc_ms stored_at;
        enum status st = reports_oldest(t->txn, &stored_at, &id);
        *ret_next = st == ST_OK ? utc_add(stored_at, keep_ms) : UTC_MAX;
        if (st == ST_NOT_FOUND || (st == ST_OK && *ret_next > t->now))
            return ST_OK;
        if (st != ST_OK)
            return st;
        st = purge(t, id, stored_at);
        report_failure_note(&t->core->purge_failure, id, t->now, st);
        TRY(st);
        *ret_next = t->now;
    }
    return ST_OK;
}
