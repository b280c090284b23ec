// An own report that its cell, or an officer, wants to change: found, and only in the version that the caller saw (spec 4.5).
#ifndef RELTO_NODE_CORE_OWN_REPORT_H
#define RELTO_NODE_CORE_OWN_REPORT_H

#include "node/core/core.h"

// The current version of an own report that this caller may change: an officer any, a cell those that name it as
// their originator. `verb` says what for ("recall"). *ret_refused
// when there is none, and it was answered: 410 when it was recalled, else 404, also when it is another cell's or nation's.
// One whose stored copy is damaged can still be recalled by an officer; a cell is answered 409.
MUST_USE enum status own_report_find(struct tick *t, const struct request *rq, struct uuid id, struct reply *rp,
                                     const char *verb, uint32_t *ret_version, bool *ret_refused);

// The version that If-Match names: exactly one strong tag of a whole number, as our ETag is ("2" in quotes). 0 otherwise.
uint32_t own_report_if_match(const struct request *rq);

// The answer when that is not the current version: 412. `outcome` begins its text ("Nothing was recalled.").
void own_report_refuse_version(struct reply *rp, const char *outcome, uint32_t current);

// Its content was purged at that instant: 410.
void own_report_refuse_purged(struct reply *rp, utc_ms at);

#endif
