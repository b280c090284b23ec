// The instants at which time alone may change a partner's decisions (spec 3.5).
#include <stdlib.h>

#include "policy/ruleset_parts.h"

struct instant_list {
    utc_ms *at;
    size_t count;
};

// Unbounded ends never come.
static void add(struct instant_list *l, const struct validity *v)
{
    if (v->from > UTC_MIN)
        l->at[l->count++] = v->from;
    if (v->until < UTC_MAX)
        l->at[l->count++] = v->until;
}

static bool member_concerns(const struct communities *all, size_t community, size_t member, size_t partner)
{
    const size_t index = all->members[community][member];
    return all->doc->communities[community].members[member].partner ? index == partner
                                                                    : partner_set_has(&all->ever[index], partner);
}

static void collect(const struct ruleset *rs, size_t partner, struct instant_list *l)
{
    for (size_t c = 0; c < rs->doc->community_count; c++)
        for (size_t m = 0; m < rs->doc->communities[c].member_count; m++)
            if (member_concerns(&rs->communities, c, m, partner))
                add(l, &rs->doc->communities[c].members[m].valid);
    for (size_t i = 0; i < rs->doc->agreement_count; i++)
        if (party_list_has(&rs->agreements[i].parties, rs->communities.ever, partner))
            add(l, &rs->doc->agreements[i].valid);
}

static int ascending(const void *a, const void *b)
{
    utc_ms x = *(const utc_ms *)a, y = *(const utc_ms *)b;
    return (x > y) - (x < y);
}

static size_t instants_max(const struct ruleset *rs)
{
    size_t n = rs->doc->agreement_count;
    for (size_t c = 0; c < rs->doc->community_count; c++)
        n += rs->doc->communities[c].member_count;
    return 2 * n;
}

enum status ruleset_compile_instants(struct ruleset *rs)
{
    size_t partners = rs->doc->partner_count;
    rs->instants = arena_array(rs->arena, partners, sizeof *rs->instants);
    rs->instant_counts = arena_array(rs->arena, partners, sizeof *rs->instant_counts);
    utc_ms *scratch = arena_array(rs->arena, instants_max(rs), sizeof *scratch);
    TRY(arena_status(rs->arena));
    for (size_t p = 0; p < partners; p++) {
        struct instant_list l = {.at = scratch};
        collect(rs, p, &l);
        qsort(l.at, l.count, sizeof *l.at, ascending);
        rs->instants[p] = arena_array(rs->arena, l.count, sizeof *l.at);
        TRY(arena_status(rs->arena));
        for (size_t i = 0; i < l.count; i++)
            rs->instants[p][i] = l.at[i];
        rs->instant_counts[p] = l.count;
    }
    return ST_OK;
}

utc_ms ruleset_next_instant(const struct ruleset *rs, size_t partner, utc_ms t)
{
    size_t low = 0, high = rs->instant_counts[partner];
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (rs->instants[partner][mid] > t)
            high = mid;
        else
            low = mid + 1;
    }
    return low < rs->instant_counts[partner] ? rs->instants[partner][low] : UTC_MAX;
}

utc_ms ruleset_next_change(const struct ruleset *rs, utc_ms t)
{
    utc_ms next = UTC_MAX;
    for (size_t p = 0; p < rs->doc->partner_count; p++) {
        utc_ms own = ruleset_next_instant(rs, p, t);
        if (own < next)
            next = own;
    }
    return next;
}
