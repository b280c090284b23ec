// The hours of the day in which a partner is exchanged with, e.g. 22:00-06:00Z (spec 4.4, satellite links).
#ifndef RELTO_NODE_CORE_HOURS_H
#define RELTO_NODE_CORE_HOURS_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/base/utctime.h"

// Minutes of the UTC day, from <= now < to; to below from is the next day. Both 0: always.
struct hours {
    uint16_t from, to;
};

// Read `HH:MM-HH:MMZ`, ends that differ. False, and *ret untouched, for anything else.
bool hours_parse(const char *text, struct hours *ret);
// Is it within the hours now? *ret_left_ms = milliseconds until that changes; INT64_MAX never.
bool hours_open(const struct hours *h, utc_ms now, int64_t *ret_left_ms);

#endif
