// The clock that decisions are made by (spec 3.5): the wall clock, as long as it goes with the boot-time clock. Whoever
// moves the wall clock could end embargoes or bring expired agreements back. Pure: the caller reads the clocks.
#ifndef RELTO_NODE_IO_CLOCK_GUARD_H
#define RELTO_NODE_IO_CLOCK_GUARD_H

#include "formats/base/utctime.h"

enum { CLOCK_STEP_MAX_MS = 5 * 60 * 1000 };

struct clock_guard {
    utc_ms wall;  // what both clocks showed when they were last believed
    int64_t boot;
    utc_ms last;  // given last: time never goes back
    bool stopped; // they went apart: releases stop until an operator confirms
};

// Begin. `known` is an instant that has passed for certain (the last event of the log; UTC_MIN when there is none): a
// wall clock more than CLOCK_STEP_MAX_MS before it was moved back while nobody looked, and the guard begins stopped.
void clock_guard_init(struct clock_guard *g, utc_ms wall, int64_t boot_ms, utc_ms known);
// The instant now. While stopped, time goes on from where it was by the boot-time clock. True in *ret_stepped when
// this call found the step.
utc_ms clock_guard_now(struct clock_guard *g, utc_ms wall, int64_t boot_ms, bool *ret_stepped);
// The operator has looked: the wall clock is right from now on, also where it went back.
void clock_guard_confirm(struct clock_guard *g, utc_ms wall, int64_t boot_ms);

#endif
