// The indexes of the audit log: its events by report and by partner. An event is listed with the transaction that appends it; those
// that follow from another policy may be left for later (audit_append_later), many of them together then, since they share the pages
// that they change. What is left lies in one span of the log, which is read itself by who looks for something. (A question by report
// or partner then fails like one to the log itself when an event in it is missing.)
#ifndef RELTO_STORE_AUDIT_INDEX_H
#define RELTO_STORE_AUDIT_INDEX_H

#include "formats/audit_event.h"
#include "store/db.h"
#include "store/key.h"

enum {
    AUDIT_INDEX_MOST = 2048,         // events that are listed at once, at most
    AUDIT_INDEX_BEHIND_MAX = 1000000 // who looks for something reads so many in a third of a second: beyond that it is listed at once
};

// Append the key of an event in the index by report or by partner; false when it is not in that index.
bool audit_report_key(const struct audit_event *e, struct key *k);
bool audit_partner_key(const struct audit_event *e, struct key *k);
// List an event.
MUST_USE enum status audit_index_put(struct db_txn *t, const struct audit_event *e);

// May this event be left? Decisions by another policy and their consequences for partners may: of the report, another event was
// listed when it came. Whoever asks about anything else need not look at what is left (audit_filter.listed).
bool audit_index_may_wait(const struct audit_event *e);

// The events from <= n < until, of which some may not be listed; none when from = until. Never beyond the end of the log. ST_CORRUPT:
// the end of the log is damaged. A damaged record of this span stands for all of the log.
struct audit_behind {
    uint64_t from, until;
    bool damaged;
};
MUST_USE enum status audit_behind(struct db_txn *t, struct audit_behind *ret);
// Events from <= n < until, the last ones of the log, were appended, and some of them not listed.
MUST_USE enum status audit_index_leave(struct db_txn *t, uint64_t from, uint64_t until);
// List the next ones, at most AUDIT_INDEX_MOST. An event that cannot be read is passed over: `audit verify` tells of it.
MUST_USE enum status audit_index_work(struct db_txn *t, size_t events_max, bool *ret_more);

#endif
