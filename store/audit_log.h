// The audit log (spec 5): append-only events in an RFC 6962 tree, indexed by report and partner.
#ifndef RELTO_STORE_AUDIT_LOG_H
#define RELTO_STORE_AUDIT_LOG_H

#include "formats/audit_event.h"
#include "formats/base/random.h"
#include "formats/note.h"
#include "store/key.h"
#include "store/tree.h"

#define AUDIT_LOG "audit"

// Append an event; n, salt and at (the later of now and the previous event's) are set here. Events over
// AUDIT_EVENT_BYTES_MAX have their detail replaced by its digest (attribute detail-digest). Part of the
// caller's transaction. ST_INVALID when the detail is not canonical XML of our namespace; ST_LIMIT when the
// rest alone is too long.
MUST_USE enum status audit_append(struct db_txn *t, const struct audit_event *e, utc_ms now,
                                  const struct random_source *random);
// The same, but an event that may wait is not listed by report and partner: *ret_n is then its position, which the caller tells in
// the same transaction (audit_index_leave); else UINT64_MAX.
MUST_USE enum status audit_append_later(struct db_txn *t, const struct audit_event *e, utc_ms now,
                                        const struct random_source *random, uint64_t *ret_n);
MUST_USE enum status audit_size(struct db_txn *t, uint64_t *ret);
// The leaf bytes of event n; borrowed.
MUST_USE enum status audit_get(struct db_txn *t, uint64_t n, struct span *ret);

// When event n happened; times never decrease with n. ST_NOT_FOUND, ST_CORRUPT.
MUST_USE enum status audit_time(struct db_txn *t, uint64_t n, utc_ms *ret);

// How far a walk got, to bound the work of one request: it ends behind the event with which bytes_max is reached.
struct audit_looked {
    size_t bytes_max;
    size_t bytes;  // of the events looked at, whether they matched or not
    uint64_t last; // the last one of them
};
struct audit_filter { // zero = no restriction, oldest first
    bool by_report;
    struct uuid report;
    const char *partner;
    const char *actor;
    bool by_kind;
    enum audit_kind kind;
    utc_ms from, until; // from <= at < until; until 0 = no end
    bool newest_first;
    bool has_after;     // only what comes behind event `after` in this order: the last one of the page before
    uint64_t after;
    uint64_t limit;     // stop after so many
    struct audit_looked *looked; // NULL = look at all
    bool listed; // with a report or a partner: what never waits to be listed is asked for (audit_index_may_wait)
};
// Call back for each event that matches, in order. A report or a partner is found by its index, and looked for in what that lacks
// (audit_index.h); a time is found by search; kinds and actors are looked for in what these leave. Stops on anything but ST_OK. The
// event's strings live until the callback returns; it must not write to the audit log.
MUST_USE enum status audit_each(struct db_txn *t, const struct audit_filter *f,
                                enum status (*each)(void *ctx, const struct audit_event *e), void *ctx);
// Read event n; its strings live in *ret_arena, which is the caller's to free. ST_NOT_FOUND, ST_CORRUPT, ST_NOMEM.
MUST_USE enum status audit_read(struct db_txn *t, uint64_t n, struct arena **ret_arena, struct audit_event *ret);

// Append the signed checkpoint of the log as it is; origin `<node name>/audit`, which is also the key's name.
// ST_INVALID (origin), ST_CORRUPT, or the buffer's status.
MUST_USE enum status audit_checkpoint(struct db_txn *t, const char *origin, const struct note_key *key,
                                      struct buf *out);

#endif
