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
    return p->whole >= WORK_PACE_WHOLE;
}

// How long the work of a tick shall take.
static uint64_t wanted_us(const struct work_pace *p, uint64_t now_ns)
{
    bool quiet = !p->asked_at_ns || now_ns - p->asked_at_ns >= (uint64_t)WORK_PACE_QUIET_MS * 1000000;
    const uint64_t slow_us = p->commit_us / 2, busy_us = slow_us > WORK_PACE_BUSY_US ? slow_us : WORK_PACE_BUSY_US;
    return quiet ? WORK_PACE_FREE_US : busy_us < WORK_PACE_BUSY_MOST_US ? busy_us : WORK_PACE_BUSY_MOST_US;
}

uint32_t work_pace_us(const struct work_pace *p)
{
    return p->us ? p->us : WORK_PACE_BUSY_US;
}

// By the measure at hand a part took so long: by which one would it have taken as long as wanted?
static uint64_t proportion(const struct work_pace *p, uint64_t now_ns, uint64_t took_ns)
{
    return work_pace_us(p) * wanted_us(p, now_ns) / (took_ns / 1000 + 1);
}

static void set(struct work_pace *p, uint64_t us)
{
    p->us = (uint32_t)(us < WORK_PACE_LEAST_US ? WORK_PACE_LEAST_US : us);
}

void work_pace_stopped(struct work_pace *p, uint64_t now_ns, uint64_t took_ns, bool given_up)
{
    const uint64_t us = proportion(p, now_ns, took_ns);
    if (given_up)
        p->whole = 0;
    if (us < work_pace_us(p))
        set(p, us);
}

// In proportion, but at most twice as much: one tick may have been fast by accident, and who asks would have to wait.
void work_pace_took(struct work_pace *p, uint64_t now_ns, uint64_t took_ns, uint64_t commit_ns)
{
    const uint64_t most_us = 2 * p->commit_us + WORK_PACE_OUTLIER_US, commit_us = commit_ns / 1000;
    p->commit_us = (p->commit_us * (WORK_PACE_COMMITS - 1) + (commit_us < most_us ? commit_us : most_us)) / WORK_PACE_COMMITS;
    if (p->whole < WORK_PACE_WHOLE)
        p->whole++;
    uint64_t us = proportion(p, now_ns, took_ns), most = WORK_PACE_OVER * wanted_us(p, now_ns);
    if (us > 2 * (uint64_t)work_pace_us(p))
        us = 2 * (uint64_t)work_pace_us(p);
    set(p, us < most ? us : most);
}
