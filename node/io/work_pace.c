#include "node/io/work_pace.h"

void work_pace_asked(struct work_pace *p, uint64_t now_ns)
{
    p->asked_at_ns = now_ns;
}

bool work_pace_now(struct work_pace *p, bool requests_wait)
{
    p->worked = !requests_wait || !p->worked;
    return p->worked;
}

bool work_pace_may_go(const struct work_pace *p)
{
    return p->kept >= WORK_PACE_KEPT;
}

void work_pace_went(struct work_pace *p, bool went)
{
    p->kept = went ? 0 : p->kept < WORK_PACE_KEPT ? p->kept + 1 : p->kept;
}

// How long the work of a tick shall take.
static uint64_t wanted_us(const struct work_pace *p, uint64_t now_ns)
{
    bool quiet = !p->asked_at_ns || now_ns - p->asked_at_ns >= (uint64_t)WORK_PACE_QUIET_MS * 1000000;
    const uint64_t slow_us = p->commit_us / 2, busy_us = slow_us > WORK_PACE_BUSY_US ? slow_us : WORK_PACE_BUSY_US;
    return quiet ? WORK_PACE_FREE_US : busy_us < WORK_PACE_BUSY_MOST_US ? busy_us : WORK_PACE_BUSY_MOST_US;
}

void work_pace_stopped(struct work_pace *p, uint64_t now_ns, uint64_t took_ns)
{
    const uint64_t took_us = took_ns / 1000 + 1, next = p->us * wanted_us(p, now_ns) / took_us;
    if (next < p->us)
        p->us = (uint32_t)(next < WORK_PACE_LEAST_US ? WORK_PACE_LEAST_US : next);
}

// In proportion, but at most twice as much: one tick may have been fast by accident, and who asks would have to wait.
void work_pace_took(struct work_pace *p, uint64_t now_ns, uint64_t took_ns, uint64_t commit_ns)
{
    p->commit_us = (p->commit_us * (WORK_PACE_COMMITS - 1) + commit_ns / 1000) / WORK_PACE_COMMITS;
    uint64_t want_us = wanted_us(p, now_ns), took_us = took_ns / 1000 + 1;
    uint64_t us = p->us ? p->us : WORK_PACE_BUSY_US, next = us * want_us / took_us;
    if (next > 2 * us)
        next = 2 * us;
    if (next > WORK_PACE_OVER * want_us)
        next = WORK_PACE_OVER * want_us;
    p->us = (uint32_t)(next < WORK_PACE_LEAST_US ? WORK_PACE_LEAST_US : next);
}
