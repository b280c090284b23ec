// The key-value port beneath every store module, and its LMDB implementation (db.c, the only LMDB user).
// Many readers, one writer at a time (also across processes). A commit is durable when it returns.
#ifndef RELTO_STORE_DB_H
#define RELTO_STORE_DB_H

#include "formats/base/diag.h"
#include "formats/base/span.h"
#include "formats/base/status.h"

// X(name, file name of the table, what key -> value)
#define DB_TABLES(X)                                                                                         \
    X(META, "meta")             /* name -> value: format, nation, counters */                                \
    X(REPORTS, "reports")       /* uuid ‖ version ‖ source -> report_record ‖ bytes */                       \
    X(HEADS, "heads")           /* uuid -> current version, source, state */                                 \
    X(TIMELINE, "timeline")     /* stored_at ‖ uuid -> "" : listing order */                                 \
    X(DRAFTS, "drafts")         /* SHA-256 of principal and bytes -> uuid, version, time */                  \
    X(RECALLED, "recalled")     /* uuid -> when, by whom, reason */                                          \
    X(LEDGER, "ledger")         /* partner ‖ n -> entry bytes */                                             \
    X(HOLDINGS, "holdings")     /* partner ‖ uuid -> holding */                                              \
    X(HELD_BY, "held_by")       /* uuid ‖ partner -> "" : the reverse of holdings */                         \
    X(DELIVERED, "delivered")   /* partner ‖ n -> time : content of this entry left */                       \
    X(RECEIPTS, "receipts")     /* partner ‖ size -> checkpoint and cosignature */                           \
    X(TREE, "tree")             /* log ‖ level ‖ index -> hash of a complete subtree */                      \
    X(TREE_SIZE, "tree_size")   /* log -> number of leaves */                                                \
    X(AUDIT, "audit")           /* n -> event bytes */                                                       \
    X(AUDIT_BY_REPORT, "audit_by_report")   /* uuid ‖ n -> "" */                                             \
    X(AUDIT_BY_PARTNER, "audit_by_partner") /* partner ‖ n -> "" */                                          \
    X(SCHEDULE, "schedule")     /* instant ‖ uuid -> "" : decisions to re-make */                            \
    X(SCHEDULED, "scheduled")   /* uuid -> instant : the one in SCHEDULE */                                  \
    X(POLICIES, "policies")     /* digest -> bundle bytes, for ever */                                       \
    X(APPROVALS, "approvals")   /* uuid ‖ version ‖ partner ‖ officer -> approval */                         \
    X(CONSENTS, "consents")     /* uuid ‖ version ‖ partner -> consent */                                    \
    X(SOURCES, "sources")       /* partner -> sync state: cursor, checkpoint, last error */                  \
    X(RECEIVED, "received")     /* partner ‖ n -> entry bytes, or a bare leaf hash */                        \
    X(QUARANTINE, "quarantine") /* partner ‖ n -> reason and bytes */

enum db_table {
#define X(name, text) DB_##name,
    DB_TABLES(X)
#undef X
        DB_TABLE_COUNT
};

struct db;
struct db_txn;

struct db_options {
    bool read_only;      // auditors and the command line; never creates
    size_t map_bytes;    // starting size of the map; grows by itself to map_bytes_max
    size_t map_bytes_max;
};

// Open the store in directory `path`, creating it unless read_only. ST_NOT_FOUND, ST_BUSY, ST_CORRUPT (other
// format version, damaged), ST_IO; each with a fault that says what to do.
MUST_USE enum status db_open(const char *path, const struct db_options *o, struct diag *d, struct db **ret);
void db_close(struct db **db);

// Begin a transaction. A read transaction sees one snapshot. ST_FULL, ST_IO, ST_NOMEM.
MUST_USE enum status db_begin(struct db *db, bool write, struct db_txn **ret);
// Commit; the transaction is gone whatever the result. On ST_OK everything in it is durable.
// After ST_IO nothing may be acknowledged and the process should stop: what is on disk is not known.
MUST_USE enum status db_commit(struct db_txn **t);
// Give up; accepts NULL.
void db_abort(struct db_txn **t);

// The value of a key; borrowed until the next write in, or the end of, the transaction. ST_NOT_FOUND.
MUST_USE enum status db_get(struct db_txn *t, enum db_table table, struct span key, struct span *ret);
// Set a value. ST_FULL when the map's ceiling or the disk is reached.
MUST_USE enum status db_put(struct db_txn *t, enum db_table table, struct span key, struct span value);
// Set a value that must not exist yet: ST_CONFLICT.
MUST_USE enum status db_put_new(struct db_txn *t, enum db_table table, struct span key, struct span value);
// Remove a key; ST_OK also when it was not there.
MUST_USE enum status db_del(struct db_txn *t, enum db_table table, struct span key);

// Ordered walk over the keys that begin with a prefix. Values as with db_get. A write to the same table
// ends the walk's validity: seek again.
struct db_walk {
    void *cursor;
    uint8_t prefix[80];
    size_t prefix_len;
    struct span key, value; // valid after db_walk_* returned true
    enum status st;         // why it ended: ST_OK at the end, or a failure
};
// Stand on the first key >= from that has the prefix (from must have it too). False at the end or on failure.
bool db_walk_first(struct db_txn *t, enum db_table table, struct span prefix, struct span from, struct db_walk *w);
// Stand on the last key with the prefix.
bool db_walk_last(struct db_txn *t, enum db_table table, struct span prefix, struct db_walk *w);
bool db_walk_next(struct db_walk *w);
bool db_walk_prev(struct db_walk *w);
void db_walk_end(struct db_walk *w);

// For metrics: bytes used, bytes of the map, number of stale readers cleared.
struct db_stats {
    uint64_t used_bytes, map_bytes, free_pages;
    uint32_t readers;
};
MUST_USE enum status db_stats(struct db *db, struct db_stats *ret);
// Rewrite the store without free pages (erases deleted bytes) while it is open; swaps files atomically.
MUST_USE enum status db_compact(struct db **db, struct diag *d);

#endif
