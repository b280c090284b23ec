#include "node/core/daily_head.h"

#include <stdio.h>

#include "store/audit_log.h"
#include "store/heads.h"
#include "store/ledger.h"

#define HOUR_MS ((utc_ms)3600000)
#define DAY_MS (24 * HOUR_MS)

enum { RETRY_MS = 60000 };

// Days begin at the hour of the heads.
static int64_t day_of(utc_ms now, uint32_t hour)
{
    utc_ms since = now - (utc_ms)hour * HOUR_MS;
    return since / DAY_MS - (since % DAY_MS < 0);
}

static enum status append_head(struct tick *t, const char *partner, struct span checkpoint)
{
    struct head_opening opening = {.checkpoint = checkpoint};
    struct random_seeded own;
    uint64_t n;
    const struct random_source of_head = random_for(&t->core->random, "head", partner, (uint64_t)t->now, &own);
    random_fill(&of_head, opening.random, sizeof opening.random);
    const struct ledger_entry e = {.kind = ENTRY_HEAD, .digest = head_digest(opening.random, checkpoint)};
    TRY(ledger_append(t->txn, partner, &e, t->now, &t->core->random, &n));
    tick_mark_grown(t, partner);
    return head_put(t->txn, partner, n, &opening);
}

static enum status append_heads(struct tick *t)
{
    const struct core *c = t->core;
    char origin[NOTE_NAME_MAX + 8];
    struct buf note;
    snprintf(origin, sizeof origin, "%s/audit", c->node_name);
    buf_init(&note, NOTE_BYTES_MAX);
    enum status st = audit_checkpoint(t->txn, origin, &c->audit_key, &note);
    for (size_t i = 0; i < c->peer_count && st == ST_OK; i++)
        st = append_head(t, c->peers[i]->id, buf_bytes(&note));
    buf_fini(&note);
    return st;
}

static enum status run(struct tick *t, int64_t today)
{
    int64_t last;
    enum status st = heads_day(t->txn, &last);
    if (st == ST_NOT_FOUND)
        return heads_set_day(t->txn, today);
    if (st != ST_OK || last >= today) // a clock that was set back writes none twice
        return st;
    TRY(append_heads(t));
    return heads_set_day(t->txn, today);
}

enum status daily_head_due(struct tick *t, utc_ms *ret_next)
{
    uint32_t hour = t->core->head_hour;
    int64_t today = day_of(t->now, hour);
    enum status st = run(t, today);
    *ret_next = st == ST_OK ? (today + 1) * DAY_MS + (utc_ms)hour * HOUR_MS : utc_add(t->now, RETRY_MS);
    return st;
}
