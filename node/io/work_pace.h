// How much of the work that a change of policy leaves (node/core/policy_work.h) goes into one tick: much while nobody asks,
// less while somebody does, and none into a tick that has requests to answer, unless the last one had none either. Who asks
// while it is done ends it, and is answered by the same commit (daemon.c).
#ifndef RELTO_NODE_IO_WORK_PACE_H
#define RELTO_NODE_IO_WORK_PACE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    WORK_PACE_BUSY_US = 30000,  // a tick with work takes so long, its commit not counted: requests end it sooner, all else
    WORK_PACE_FREE_US = 100000, // waits for it; and so long when no request came for
    WORK_PACE_QUIET_MS = 500,
    WORK_PACE_SURE_US = 2000,   // requests do not end it before that, so that they cannot put the work off for ever
    WORK_PACE_LEAST_US = 500    // so much is always done
};

struct work_pace { // zeroed = at the start
    bool worked;          // the last tick did some
    uint32_t us;          // estimated work that fits; 0 = not known yet
    uint64_t asked_at_ns; // when the last request came, on the monotonic clock
};

// A request came.
void work_pace_asked(struct work_pace *p, uint64_t now_ns);
// Is there to be work in this tick, in which requests wait or not?
bool work_pace_now(struct work_pace *p, bool requests_wait);
// A tick with work to the full measure took so long, its commit not counted: set the measure for the next one.
void work_pace_took(struct work_pace *p, uint64_t now_ns, uint64_t took_ns);

#endif
