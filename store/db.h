// The key-value port beneath every store module, and its LMDB implementation (db.c and what belongs to it; nobody else uses LMDB).
// Many readers, one writer at a time (also across processes). A commit is durable when it returns.
#ifndef RELTO_STORE_DB_H
#define RELTO_STORE_DB_H

#include "formats/base/diag.h"
#include "formats/base/span.h"
#include "formats/base/status.h"

// X(name, file name of the table, what key -> value)
#define DB_TABLES(X)                                                                                         \
    X(META, "meta")                         /* name -> value: format, nation, counters */                    \
    X(REPORTS, "reports")                   /* uuid ‖ version ‖ source -> report_record ‖ bytes */     \
    X(HEADS, "heads")                       /* uuid -> current version, source, state */                     \
    X(TIMELINE, "timeline")                 /* stored_at ‖ uuid -> "" : listing order */                   \
    X(DRAFTS, "drafts")                     /* SHA-256 of principal and bytes -> uuid, version, time */      \
    X(PURGED, "purged")                     /* uuid ‖ source -> when, version, nation, cell */           \
    X(RECALLED, "recalled")                 /* uuid -> when, by whom, reason */                              \
    X(LEDGER, "ledger")                     /* partner ‖ n -> entry bytes */                               \
    X(HOLDINGS, "holdings")                 /* partner ‖ uuid -> holding */                                \
    X(HELD_BY, "held_by")                   /* uuid ‖ partner -> "" : the reverse of holdings */           \
    X(DELIVERED, "delivered")               /* partner ‖ n -> time : content of this entry left */         \
    X(RECEIPTS, "receipts")                 /* partner ‖ size -> checkpoint and cosignature */             \
    X(TREE_BLOCKS, "tree_blocks")           /* log ‖ block -> hashes of its leaves, and of subtrees that end with it */ \
    X(TREE_ENDS, "tree_ends")               /* log -> number of leaves, hashes of those behind the last block */ \
    X(AUDIT, "audit")                       /* n -> event bytes */                                           \
    X(AUDIT_BY_REPORT, "audit_by_report")   /* uuid ‖ n -> "" */                                           \
    X(AUDIT_BY_PARTNER, "audit_by_partner") /* partner ‖ n -> "" */                                        \
    X(SCHEDULE, "schedule")                 /* instant ‖ uuid -> "" : decisions to re-make */              \
    X(SCHEDULED, "scheduled")               /* uuid -> instant : the one in SCHEDULE */                      \
    X(POLICIES, "policies")                 /* digest -> bundle bytes, for ever */                           \
    X(APPROVALS, "approvals")               /* uuid ‖ version ‖ partner ‖ officer -> approval */       \
    X(OUTLINES, "outlines")                 /* number -> SHA-256, what decisions on its reports depend on */ \
    X(OUTLINE_NUMBERS, "outline_numbers")   /* SHA-256 of an outline -> its number */                        \
    X(OUTLINE_OF, "outline_of")             /* uuid -> number, base instant, which copy, its record */       \
    X(OUTLINED, "outlined")                 /* number ‖ uuid -> base instant, which copy */                \
    X(HOLDS, "holds")                       /* uuid ‖ partner -> version, since : awaits an officer */   \
    X(CONSENTS, "consents")                 /* uuid ‖ version ‖ partner ‖ rendition -> id */            \
    X(CONSENT_REQUESTS, "consent_requests") /* id -> what was asked, of whom, its state and documents */     \
    X(CONSENTS_OPEN, "consents_open")       /* ours ‖ partner ‖ id -> "" : may still change */             \
    X(CONSENT_CHANGES, "consent_changes")   /* partner ‖ number -> id : its requests, by last change */    \
    X(SOURCES, "sources")                   /* partner -> sync state: cursor, checkpoint, last error */      \
    X(PUSHES, "pushes")                     /* partner -> when we pushed last, last failure */                   \
    X(RECEIVED, "received")                 /* partner ‖ n -> leaf hash ‖ entry bytes if known */        \
    X(QUARANTINE, "quarantine")             /* partner ‖ n -> reason and bytes */                          \
    X(ATTACHMENTS, "attachments")           /* digest -> blob, size, since : whole ones */                   \
    X(ATTACHMENT_BYTES, "attachment_bytes") /* blob ‖ index -> digest and bytes of a chunk */              \
    X(ATTACHMENT_PARTS, "attachment_parts") /* digest ‖ who -> blob, size, have, state of the hash */      \
    X(ATTACHMENT_GIVERS, "attachment_givers") /* digest ‖ who -> when : has brought the bytes */           \
    X(ATTACHMENT_USES, "attachment_uses")   /* digest ‖ uuid ‖ version ‖ source -> size, nation */     \
    X(ATTACHMENT_NAMES, "attachment_names") /* uuid ‖ version ‖ source ‖ digest -> "" */               \
    X(ATTACHMENT_WANTS, "attachment_wants") /* partner ‖ digest -> size, failures, when again, why */      \
    X(ATTACHMENT_DUE, "attachment_due")     /* partner ‖ instant ‖ digest -> "" : wants, by when again */  \
    X(ATTACHMENT_IDLE, "attachment_idle")   /* instant ‖ digest -> "" : look then whether it is used */    \
    X(ATTACHMENT_GARBAGE, "attachment_garbage") /* blob -> "" : chunks to delete */                          \
    X(SEARCH, "search")                     /* term ‖ issued, latest first ‖ uuid -> "" */                 \
    X(SEARCHED, "searched")                 /* uuid -> issued, place, its terms in SEARCH */                 \
    X(SEARCH_QUEUE, "search_queue")         /* uuid -> "" : to be taken into SEARCH */                       \
    X(SPOOLED, "spooled")                   /* uuid ‖ version ‖ name -> digest : a file in done/ */        \
    X(SPOOL_ERASE, "spool_erase")           /* the same, of recalled reports: to be erased */                     \
    X(HEAD_OPENINGS, "head_openings")       /* partner ‖ n -> what a head entry commits to */              \
    X(WITNESSED, "witnessed")               /* origin -> last head of another's log that we cosigned */      \
    X(CARRIED, "carried")                   /* uuid ‖ version ‖ source -> certificate, consent */        \
    X(COSIGNED, "cosigned")                 /* size -> our audit checkpoint with witnesses' cosignatures */

enum db_table {
#define X(name, text) DB_##name,
    DB_TABLES(X)
#undef X
        DB_TABLE_COUNT
};

struct db;
struct db_txn;

struct db_options {
    bool read_only;       // auditors and the command line; never creates
    bool to_copy;         // with read_only: for db_backup alone, also a store of an earlier version
    size_t map_bytes;     // starting size of the map, 0 = 64 MiB; grows by itself to map_bytes_max
    size_t map_bytes_max; // 0 = 64 GiB; a map that is larger already stays as it is
};

// Open the store in directory `path`, creating it unless read_only, and bringing one of an earlier version up to date, which takes
// time, half a gigabyte of memory and room beside for what changes. Clears what dead readers left behind.
// ST_NOT_FOUND (also: read_only, of an earlier version), ST_BUSY (being compacted; others have one of an earlier version open), ST_FULL,
// ST_DENIED (others may write to the directory, read the data, or own either), ST_CORRUPT (other format version, damaged), ST_IO; each
// with a fault that says what to do. The handle must not cross a fork.
MUST_USE enum status db_open(const char *path, const struct db_options *o, struct diag *d, struct db **ret);
// Every transaction must have ended. Nulls; accepts NULL.
void db_close(struct db **db);

// The one writer daemon of a store: hold the lock file in directory `path` (created 0700 if missing) until
// db_unlock_daemon or the end of the process, however it ends. ST_BUSY with the holder's process id in the
// fault when another holds it. The command line may write beside the daemon: transactions exclude each other
// by themselves.
MUST_USE enum status db_lock_daemon(const char *path, struct diag *d, int *ret_fd);
void db_unlock_daemon(int *fd); // sets it to -1, accepts -1

// Begin a transaction. A read transaction sees one snapshot; end it soon, for it keeps old pages from re-use.
// One write transaction at a time: the call waits for another thread's or process's to end, and a thread must
// not begin a second one. Grows the map when little is free and no transaction of this process is open.
// ST_IO (also: an earlier commit failed), ST_NOMEM, ST_BUSY (too many readers; or another process has grown
// the map and open snapshots of this one keep it from following: end them and try again), ST_DENIED (write to
// a store opened read_only).
MUST_USE enum status db_begin(struct db *db, bool write, struct db_txn **ret);
// Commit; the transaction is gone whatever the result. On ST_OK everything in it is durable. ST_FULL: nothing
// of it took effect, and the store goes on. When an operation in it had failed, that failure, and nothing
// took effect. After ST_IO nothing may be acknowledged and the process must stop: what is on disk is not
// known. Every later db_begin gives ST_IO.
MUST_USE enum status db_commit(struct db_txn **t);
// Give up; accepts NULL.
void db_abort(struct db_txn **t);

// For long work in many commits: from now on take new pages from the end of the file, not those that earlier commits freed. A
// commit is then one piece, which disks take many times faster than pages here and there. The file grows by what is written,
// up to DB_TAIL_BYTES or an eighth of its length, whichever is more; then what was freed is used up first. Off: at once. When
// map or disk have no room, what was freed is used all the same. Any snapshot of another process has this effect too.
#define DB_TAIL_BYTES (256 * MIB)
void db_write_at_end(struct db *db, bool on);

// The value of a key; borrowed until the next write in, or the end of, the transaction. ST_NOT_FOUND.
MUST_USE enum status db_get(struct db_txn *t, enum db_table table, struct span key, struct span *ret);
// Set a value. ST_FULL when the map's ceiling or the disk is reached: abort, and try again later. After a
// failure other than ST_CONFLICT the transaction can only be given up; every later call in it returns the
// same.
MUST_USE enum status db_put(struct db_txn *t, enum db_table table, struct span key, struct span value);
// Set a value that must not exist yet: ST_CONFLICT.
MUST_USE enum status db_put_new(struct db_txn *t, enum db_table table, struct span key, struct span value);
// Set a value whose key is behind every key of the table, else ST_CONFLICT. Pages are filled to the end, which other
// ways of writing leave half empty.
MUST_USE enum status db_append(struct db_txn *t, enum db_table table, struct span key, struct span value);
// Remove a key; ST_OK also when it was not there.
MUST_USE enum status db_del(struct db_txn *t, enum db_table table, struct span key);

// How many keys a table has.
MUST_USE enum status db_count(struct db_txn *t, enum db_table table, uint64_t *ret);

// Ordered walk over the keys that begin with a prefix. Values as with db_get. A write to the same table
// ends the walk's validity: seek again. End it (db_walk_end, or a false) before the transaction ends.
struct db_walk {
    void *cursor;
    uint8_t prefix[511]; // as long as a key may be
    size_t prefix_len;
    struct span key, value; // valid after db_walk_* returned true
    enum status st;         // why it ended: ST_OK at the end, or a failure
};
// Stand on the first key >= from that has the prefix (from must have it too). False at the end or on failure.
bool db_walk_first(struct db_txn *t, enum db_table table, struct span prefix, struct span from,
                   struct db_walk *w);
// Stand on the last key with the prefix.
bool db_walk_last(struct db_txn *t, enum db_table table, struct span prefix, struct db_walk *w);
// Stand on the last key < before that has the prefix.
bool db_walk_before(struct db_txn *t, enum db_table table, struct span prefix, struct span before,
                    struct db_walk *w);
bool db_walk_next(struct db_walk *w);
bool db_walk_prev(struct db_walk *w);
void db_walk_end(struct db_walk *w);

struct db_stats {
    uint64_t used_bytes; // of the file, free pages included
    uint64_t map_bytes;
    uint64_t free_pages;
    uint64_t oldest_reader; // commits since the oldest open snapshot of any process; 0 = none is behind
    uint32_t readers;       // open snapshots of any process
};
// Measure the store now. ST_IO.
MUST_USE enum status db_stats(struct db *db, struct db_stats *ret);
// Clear what dead processes' snapshots hold (they keep pages from re-use); for a periodic call.
// *ret_cleared = how many. ST_IO.
MUST_USE enum status db_check_readers(struct db *db, uint32_t *ret_cleared);

// Rewrite the store without free pages (erases deleted bytes) while it is open; swaps files atomically.
// No transaction of this process may be open. ST_BUSY when another process has the store open or compacts it:
// nothing happened, try later. ST_FULL, ST_IO: the store is as it was. *db is NULL when it could not be
// opened again after the swap (a fault says why).
MUST_USE enum status db_compact(struct db **db, struct diag *d);
// Write a consistent, compacted copy of one snapshot into the directory `to` (created 0700; must hold no
// store), while the store is in use. The copy is durable when it returns and opens with db_open. ST_CONFLICT
// (there is a store already), ST_FULL, ST_IO, ST_DENIED.
MUST_USE enum status db_backup(struct db *db, const char *to, struct diag *d);
// Put the store of directory `from` (which nobody has open; on the same file system) in the place of that of `path`. The one
// that was there is kept as data.mdb.before-restore. ST_CONFLICT when such a one is there already; ST_BUSY when others have
// the store open; ST_NOT_FOUND, ST_IO, ST_DENIED.
MUST_USE enum status db_put_in_place(const char *path, const char *from, struct diag *d);

#endif
