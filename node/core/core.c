#include "node/core/core.h"

struct peer *core_peer(struct core *c, const char *id)
{
    for (size_t i = 0; i < c->peer_count; i++)
        if (strcmp(c->peers[i]->id, id) == 0)
            return c->peers[i];
    return NULL;
}

void report_failure_note(struct report_failure *f, struct uuid report, utc_ms now, enum status st)
{
    if (st != ST_OK && st != ST_NOMEM && st != ST_IO && st != ST_FULL && st != ST_BUSY)
        *f = (struct report_failure){.report = report, .at = now, .st = st};
}

void tick_mark_grown(struct tick *t, const char *partner)
{
    size_t index = ruleset_partner_index(t->core->rules, partner);
    if (index < PARTNERS_MAX)
        t->grown[index] = true;
}
