// A stored report, loaded and read: its bytes copied out of the store (whose memory moves with every write).
#ifndef RELTO_NODE_CORE_RECORD_H
#define RELTO_NODE_CORE_RECORD_H

#include "node/core/core.h"
#include "store/reports.h"

struct stored_report {
    struct arena *arena;        // owns report
    struct report_record record; // record.bytes == bytes
    const struct report *report; // with byte ranges
    struct span bytes;          // in the arena
};

// Load one version from one source ("" = own). Its digest and canonical form are checked: ST_CORRUPT when the
// stored bytes, or what is recorded of them, are not what was stored. ST_NOT_FOUND. Free with record_free (nulls, accepts NULL).
MUST_USE enum status record_load(struct tick *t, struct uuid id, uint32_t version, const char *source,
                                 struct stored_report **ret);
// Load the current copy. ST_NOT_FOUND, ST_GONE (recalled).
MUST_USE enum status record_load_current(struct tick *t, struct uuid id, struct stored_report **ret);
void record_free(struct stored_report **s);

#endif
