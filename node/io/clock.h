// The clocks of programs. Core code gets instants as arguments.
#ifndef RELTO_NODE_IO_CLOCK_H
#define RELTO_NODE_IO_CLOCK_H

#include <time.h>

#include "formats/base/utctime.h"

static inline int64_t clock_ms(clockid_t clock)
{
    struct timespec ts;
    clock_gettime(clock, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

// The wall clock, which may be set.
static inline utc_ms clock_now(void)
{
    return clock_ms(CLOCK_REALTIME);
}

// Nobody sets these. The first stands still while the machine sleeps: how long something took. The second goes on: how long
// something holds.
static inline int64_t clock_monotonic_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

static inline int64_t clock_boot_ms(void)
{
    return clock_ms(CLOCK_BOOTTIME);
}

#endif
