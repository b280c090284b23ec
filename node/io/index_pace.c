#include "node/io/index_pace.h"

#define MS ((uint64_t)1000000)

void index_pace_asked(struct index_pace *p, uint64_t now_ns)
{
    p->asked_at_ns = now_ns;
}

static uint64_t quiet_at_ns(const struct index_pace *p)
{
    return p->asked_at_ns ? p->asked_at_ns + INDEX_PACE_QUIET_MS * MS : 0;
}

uint64_t index_pace_wait_ns(const struct index_pace *p, uint64_t now_ns)
{
    uint64_t again = p->again_at_ns < quiet_at_ns(p) ? p->again_at_ns : quiet_at_ns(p);
    return again > now_ns ? again - now_ns : 0;
}

static uint32_t least(const struct index_pace *p)
{
    return p->least ? p->least : INDEX_PACE_LEAST;
}

uint32_t index_pace_count(const struct index_pace *p)
{
    return p->count ? p->count : least(p);
}

// In proportion, and at most twice as many: the first ones may have been short.
void index_pace_took(struct index_pace *p, uint64_t now_ns, uint64_t took_ns)
{
    const uint64_t busy_us = p->busy_us ? p->busy_us : INDEX_PACE_BUSY_US;
    const uint64_t want_us = now_ns >= quiet_at_ns(p) ? INDEX_PACE_FREE_US : busy_us;
    const uint64_t did = index_pace_count(p);
    uint64_t next = did * want_us / (took_ns / 1000 + 1);
    if (next > 2 * did)
        next = 2 * did;
    if (next > INDEX_PACE_MOST)
        next = INDEX_PACE_MOST;
    p->count = (uint32_t)(next < least(p) ? least(p) : next);
    p->again_at_ns = now_ns + INDEX_PACE_RESTS * took_ns;
}
