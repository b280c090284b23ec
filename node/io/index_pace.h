// How much of what was stored comes into an index at a time, and when: much while nobody asks, since many entries at once share the
// pages that they change; a little, with rests, while somebody does. A search itself does not wait for that.
#ifndef RELTO_NODE_IO_INDEX_PACE_H
#define RELTO_NODE_IO_INDEX_PACE_H

#include <stdint.h>

enum {
    INDEX_PACE_QUIET_MS = 500,   // nobody asked for so long: then
    INDEX_PACE_FREE_US = 200000, // a tick may take so long over the index, its commit counted;
    INDEX_PACE_BUSY_US = 20000,  // otherwise so long,
    INDEX_PACE_RESTS = 9,        // and the next one comes after so many times as long
    INDEX_PACE_LEAST = 16,       // reports or events that are taken in any case,
    INDEX_PACE_MOST = 2048       // and at most
};

struct index_pace { // zeroed = at the start
    uint32_t busy_us;     // instead of INDEX_PACE_BUSY_US; 0 = that
    uint32_t least;       // instead of INDEX_PACE_LEAST; 0 = that
    uint32_t count;       // of reports or events that fit; 0 = not known yet
    uint64_t asked_at_ns; // when somebody asked last, on the monotonic clock; 0 = never
    uint64_t again_at_ns; // the rest ends, unless it gets quiet before
};

// Somebody asked for something.
void index_pace_asked(struct index_pace *p, uint64_t now_ns);
// How long to wait before the next ones are taken in; 0 = now.
uint64_t index_pace_wait_ns(const struct index_pace *p, uint64_t now_ns);
// How many to take in.
uint32_t index_pace_count(const struct index_pace *p);
// So many as index_pace_count said, took so long with their commit: set the measure, and when to go on.
void index_pace_took(struct index_pace *p, uint64_t now_ns, uint64_t took_ns);

#endif
