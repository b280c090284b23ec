// How much of the work that a change of policy leaves (node/core/policy_work.h) goes into one tick: much while nobody asks,
// less while somebody does, and none into a tick that has requests to answer, unless the last one had none either. Who asks
// while it is done ends it. Then that part is given up and done again later, and the answer's commit is as small as ever; or, where that
// happened just before, it is answered by the same commit (daemon.c).
#ifndef RELTO_NODE_IO_WORK_PACE_H
#define RELTO_NODE_IO_WORK_PACE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    // While somebody asks, the work of a tick takes so long, its commit not counted; or half as long as commits do, up to the second,
    // where the disk is slow. Who asks during a commit has to wait for it, and that takes the longer, the more was written: work as long
    // as commits would make them longer and longer.
    WORK_PACE_BUSY_US = 3000,
    WORK_PACE_BUSY_MOST_US = 30000,
    WORK_PACE_COMMITS = 8,      // the time of commits is averaged over so many
    WORK_PACE_FREE_US = 100000, // so long when no request came for …
    WORK_PACE_QUIET_MS = 500,   // … this long
    WORK_PACE_SURE_US = 500,    // requests do not end the work before that, so that they cannot put it off for ever
    WORK_PACE_LEAST_US = 500,   // so much is always done
    WORK_PACE_WHOLE = 3,        // a part may be given up when so many came to their measure since the last one that was
    WORK_PACE_OUTLIER_US = 2000, // a commit counts as at most twice the average and this: one that a disk held up is no slow disk
    WORK_PACE_OVER = 4          // the estimate of work is too high by at most this factor
};

struct work_pace { // zeroed = at the start
    bool worked;          // the last tick did some
    uint32_t us;          // estimated work that fits; 0 = not known yet
    uint64_t asked_at_ns; // when the last request came, on the monotonic clock
    uint64_t commit_us;   // how long commits take
    unsigned whole;       // parts that came to their measure since one was given up
};

// How much estimated work fits into a part.
uint32_t work_pace_us(const struct work_pace *p);
// A request came.
void work_pace_asked(struct work_pace *p, uint64_t now_ns);
// Is there to be work in this tick, in which requests wait or not?
bool work_pace_now(struct work_pace *p, bool requests_wait);
// May the part of this tick be given up for who asks? So that all is done some day, in spite of many who ask.
bool work_pace_may_go(const struct work_pace *p);
// It ended after this time for who asks, its commit not counted: the measure is too large if that was longer than wanted.
void work_pace_stopped(struct work_pace *p, uint64_t now_ns, uint64_t took_ns, bool given_up);
// It came to its measure in this time, its commit not counted, and that took so long: set the measure for the next one.
void work_pace_took(struct work_pace *p, uint64_t now_ns, uint64_t took_ns, uint64_t commit_ns);

#endif
