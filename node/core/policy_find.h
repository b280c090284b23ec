// Which reports a step of policy work (policy_work.h) concerns: all outlines (policy/outline.h) are compared, and the reports of
// those that are decided otherwise are listed in order of id. For tables are in that order: what is written for one report
// after the other lies side by side, and a commit has few pages.
//
// A list holds so many ids at most; when a step concerns more, the next list begins behind the last id of this one. So a
// step needs to remember no more than the last report that is done.
#ifndef RELTO_NODE_CORE_POLICY_FIND_H
#define RELTO_NODE_CORE_POLICY_FIND_H

#include "policy/policy_change.h"
#include "store/outlines.h"

enum {
    POLICY_FIND_MAX = 128 * 1024, // reports in a list: 2 MB, and twice that while they are sought
    POLICY_FIND_US = 8,           // estimated microseconds that one outline takes
};

struct policy_find;

// A list of at most `max` reports behind this id (NULL = from the first on), to be filled by policy_find_more. NULL: memory is out.
struct policy_find *policy_find_new(const struct uuid *after, size_t max);
void policy_find_free(struct policy_find **f); // nulls, accepts NULL

// Go on looking until the estimate *left_us is used up; each look takes from it. Reads what is committed, which an undone tick
// cannot make untrue. What is stored or changed later need not be found: it is decided under the policy in force then.
// *ret_done: all was looked at. ST_OK, or the surroundings failed.
MUST_USE enum status policy_find_more(struct policy_find *f, struct db *db, struct policy_change *c, utc_ms at, int64_t *left_us,
                                      bool *ret_done);
// The first id behind `after` (NULL = the first). False: there is none in this list.
bool policy_find_next(const struct policy_find *f, const struct uuid *after, struct uuid *ret);
// May there be more reports behind the last one of the list?
bool policy_find_is_cut(const struct policy_find *f);

// Read the outline of this number, and compare. `o` lives in `a`. ST_CORRUPT, ST_LIMIT …: it says nothing.
MUST_USE enum status policy_find_compare(struct db_txn *t, struct policy_change *c, uint64_t number, struct arena *a,
                                         struct outline *o, struct outline_change *ret);
// Is a failure one of the surroundings, and not of what was read?
bool policy_find_failed(enum status st);

#endif
