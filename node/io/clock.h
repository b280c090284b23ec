// The wall clock of programs. Core code gets instants as arguments.
#ifndef RELTO_NODE_IO_CLOCK_H
#define RELTO_NODE_IO_CLOCK_H

#include <time.h>

#include "formats/base/utctime.h"

static inline utc_ms clock_now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (utc_ms)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

#endif
