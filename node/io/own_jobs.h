// The jobs of a tick that nobody sent: what is due by the clock, the indexes, and the work that a change of policy left,
// in parts that leave room for requests (work_pace.h).
#ifndef RELTO_NODE_IO_OWN_JOBS_H
#define RELTO_NODE_IO_OWN_JOBS_H

#include "node/core/core.h"
#include "node/io/index_pace.h"
#include "node/io/work_pace.h"

enum { OWN_DUE = 0, OWN_KEEP, OWN_INDEX, OWN_LISTS, OWN_WORK, OWN_JOBS };

struct own_jobs { // zeroed = at the start
    struct work_pace pace;
    struct index_pace index; // of what is searched
    struct index_pace list;  // of the audit log
    bool work_done; // nothing was left of that work when it was last looked at
    bool working;   // something was, and it went well
    uint64_t index_again_ns; // after a failure of the search index: not before
    uint64_t list_again_ns;  // the same for the indexes of the audit log
    uint64_t keep_again_ns;  // the same for the purge of old reports
    // of the tick at hand
    bool works, more;     // is work done in it, and is there more of it
    bool stopped;         // somebody asked, and it went no further; set while it runs
    bool indexes;         // the search index may be worked on in it,
    uint64_t index_ns;    // took so long, when there is more of that
    bool lists;           // the indexes of the audit log may be,
    uint64_t list_ns;     // took so long
    bool keeps;           // old reports are purged in it
    utc_ms next_instant;  // when something is due again; UTC_MAX = never
    uint64_t started_ns, commit_ns; // when it began; what commits had taken by then
    uint64_t work_ns;     // how long that work took
};

// Prepare the first OWN_JOBS jobs of a tick; requests wait, or do not.
void own_jobs_begin(struct own_jobs *o, struct core *c, bool requests_wait, struct tick_job *jobs);
// So many jobs of others came into it.
void own_jobs_beside(struct own_jobs *o, size_t jobs);
// The tick ran: log what failed, and learn. Is another tick wanted at once?
bool own_jobs_end(struct own_jobs *o, const struct core *c, const struct tick_job *jobs, utc_ms now);
// Has the work of the tick at hand come so far that it may end for somebody who asks?
bool own_jobs_may_stop(const struct own_jobs *o);
// A request came. Another policy is in force, which leaves work.
void own_jobs_asked(struct own_jobs *o);
void own_jobs_policy(struct own_jobs *o);

#endif
