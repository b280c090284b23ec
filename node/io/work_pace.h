// How much of the work that a change of policy leaves (node/core/policy_work.h) goes into one tick: much while nobody asks,
// little while somebody does, and none into a tick that has requests to answer, unless the last one had none either.
#ifndef RELTO_NODE_IO_WORK_PACE_H
#define RELTO_NODE_IO_WORK_PACE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    WORK_PACE_BUSY_US = 5000,   // a tick with work shall take so long while requests come, its commit not counted;
    WORK_PACE_MOST_US = 20000,  // as long as its commit takes, when that is more, up to this: a slow disk wants larger ones
    WORK_PACE_FREE_US = 100000, // and so long when none came for
    WORK_PACE_QUIET_MS = 500,
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
// A tick with work to the full measure took so long, and its commit so long on top: set the measure for the next one.
void work_pace_took(struct work_pace *p, uint64_t now_ns, uint64_t took_ns, uint64_t commit_ns);

#endif
