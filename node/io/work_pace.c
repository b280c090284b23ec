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

// In proportion, by at most twice or half: one tick may have been slow by accident.
void work_pace_took(struct work_pace *p, uint64_t now_ns, uint64_t took_ns)
{
    bool busy = p->asked_at_ns && now_ns - p->asked_at_ns < (uint64_t)WORK_PACE_QUIET_MS * 1000000;
    uint64_t want_us = busy ? WORK_PACE_BUSY_US : WORK_PACE_FREE_US, took_us = took_ns / 1000 + 1;
    uint64_t us = p->us ? p->us : WORK_PACE_BUSY_US, next = us * want_us / took_us;
    if (next > 2 * us)
        next = 2 * us;
    if (next < us / 2)
        next = us / 2;
    if (busy && next > WORK_PACE_BUSY_US)
        next = WORK_PACE_BUSY_US;
    if (next > WORK_PACE_FREE_US)
        next = WORK_PACE_FREE_US;
    p->us = (uint32_t)(next < WORK_PACE_LEAST_US ? WORK_PACE_LEAST_US : next);
}
