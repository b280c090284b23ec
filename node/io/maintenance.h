// Compaction of the store while the node runs: erased bytes leave its file within [store] erase-within-s (spec 4.4).
#ifndef RELTO_NODE_IO_MAINTENANCE_H
#define RELTO_NODE_IO_MAINTENANCE_H

#include "node/io/node_state.h"

struct maintenance {
    bool looked;       // once since the start
    int64_t seen_ms;   // when erased bytes were first met, by the boot-time clock; 0 = there are none
    int64_t due_ms;    // when to compact: half the time before, for another program may keep the store open
    bool overdue_told; // of these bytes
};

// Look whether a compaction is due, and compact. For a periodic call, between ticks. What was erased before the node
// started is due at once: nobody knows since when it waits. ST_OK also when there is nothing to do or others keep the
// store open (logged, tried again with the next call); ST_IO when the store cannot go on.
MUST_USE enum status maintenance_look(struct maintenance *m, struct node_state *n, int64_t now_ms);
// Compact now, asked for by an operator. The same statuses.
MUST_USE enum status maintenance_compact(struct maintenance *m, struct node_state *n, int64_t now_ms);

#endif
