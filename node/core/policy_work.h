// What follows from another policy, and from the instants that a policy dates: ledger entries, holdings, lapses (spec 3.4,
// 3.5, 7). Written bit by bit, so that requests are answered in between; a restart goes on where it was.
//
// An activation, and each instant at which a membership or an agreement begins or ends, is one step from a moment (policy
// and instant) to another. A step goes through the outlines (policy/outline.h) of the current reports, compares both
// moments' decisions for all partners at once (policy/policy_change.h), and lists the reports of those outlines where they
// differ (policy_find.h). These are decided anew in order of id, for the partners concerned. So the cost grows with the number
// of different outlines and with what changes, not with reports times partners. Steps are worked off in order; another
// activation appends one.
//
// In doubt every report is decided anew for everybody, which is slow and needs nothing: when a report has no outline (a
// store of an earlier version), when a policy cannot be found or compared, or when the clock was set back past an instant.
//
// What is not looked at: a damaged report, which is found when it is served; and a rendition that names a report which the
// partner lost before it was delivered, which is made anew when it is served.
#ifndef RELTO_NODE_CORE_POLICY_WORK_H
#define RELTO_NODE_CORE_POLICY_WORK_H

#include "node/core/core.h"

enum {
    POLICY_WORK_US = 20000,     // estimated work in a tick unless core.work_us says otherwise
    POLICY_WORK_PER_TICK = 32,  // reports in a tick when all are decided anew
};

// Memory that the comparison remembers labels and attributes in, for each of both moments.
#define POLICY_WORK_BYTES (16 * MIB)

// The tick activates the policy of this digest in place of the core's: its consequences are to be written.
MUST_USE enum status policy_work_activated(struct tick *t, const struct digest *digest);
// Has an instant passed that the policy dates? Then its consequences are to be written. *ret_next: the next one (UTC_MAX
// none).
MUST_USE enum status policy_work_due(struct tick *t, utc_ms *ret_next);
// Do the next part of what is to be done. *ret_more: there is more. Who asks meanwhile ends it; with core.work_may_go it asks to be
// undone then, for a commit without it takes less time. When the decision of one report fails, that status is
// returned with *ret_more: the next call, which may follow at once, leaves the report to the schedule and goes on with the
// others. Without *ret_more it is the surroundings that failed.
MUST_USE enum status policy_work(struct tick *t, bool *ret_more);
// Free what is known; it is found out again when wanted.
void policy_work_forget(struct core *c);

#endif
