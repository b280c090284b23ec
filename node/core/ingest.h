// A file of the spool folder becomes a report (spec 4.7): as if the cell that it names had sent it.
#ifndef RELTO_NODE_CORE_INGEST_H
#define RELTO_NODE_CORE_INGEST_H

#include "node/core/core.h"

enum ingest_fate {
    INGEST_DONE,     // published, now or by the same bytes before; the reply is that of publish.h or new_version.h
    INGEST_REJECTED, // for good: the reply is a problem document
    INGEST_UNREADABLE, // the same, but it is no XML document: perhaps it is not whole yet
    INGEST_LATER,    // not now: the reply says why
};

// Publish the file's bytes, and note `name` beside the report. A draft that states an id and a version above 1 is that next
// version of its report. The same bytes again answer as the first time, so that a file whose publication was
// committed and which was not moved yet is published once. Who may write to the folder may speak for every cell of
// ours. `rp` must be initialised. Failures are those of memory and store.
MUST_USE enum status ingest_file(struct tick *t, const char *name, struct span bytes, struct reply *rp,
                                 enum ingest_fate *ret);

#endif
