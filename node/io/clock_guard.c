#include "node/io/clock_guard.h"

void clock_guard_confirm(struct clock_guard *g, utc_ms wall, int64_t boot_ms)
{
    *g = (struct clock_guard){.wall = wall, .boot = boot_ms, .last = wall};
}

void clock_guard_init(struct clock_guard *g, utc_ms wall, int64_t boot_ms, utc_ms known)
{
    bool back = wall < utc_add(known, -CLOCK_STEP_MAX_MS);
    clock_guard_confirm(g, wall < known ? known : wall, boot_ms);
    g->wall = back ? known : wall;
    g->stopped = back;
}

utc_ms clock_guard_now(struct clock_guard *g, utc_ms wall, int64_t boot_ms, bool *ret_stepped)
{
    utc_ms expected = utc_add(g->wall, boot_ms - g->boot);
    *ret_stepped = !g->stopped && (wall > utc_add(expected, CLOCK_STEP_MAX_MS) || wall < utc_add(expected, -CLOCK_STEP_MAX_MS));
    g->stopped |= *ret_stepped;
    utc_ms now = g->stopped ? expected : wall;
    if (now > g->last)
        g->last = now;
    return g->last;
}
