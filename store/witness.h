// Witnessing (C2SP tlog-witness): the heads of others' logs that we cosigned, and the cosignatures on our own audit log.
#ifndef RELTO_STORE_WITNESS_H
#define RELTO_STORE_WITNESS_H

#include "formats/note.h"
#include "store/db.h"
#include "store/merkle.h"

// The last head of another's log that we cosigned.
struct witnessed {
    uint64_t size;
    struct digest root;
    utc_ms at;
    struct digest fork; // the root of the first head that its log signed and that contradicted ours; zero = none was seen
    struct span note;   // the checkpoint with the log's signatures, as it was sent; borrowed
};
// By origin, of at most NOTE_NAME_MAX - 1 bytes. ST_NOT_FOUND, ST_CORRUPT.
MUST_USE enum status witnessed_get(struct db_txn *t, const char *origin, struct witnessed *ret);
// The origins of all, in order. ST_CORRUPT for a damaged one.
MUST_USE enum status witnessed_each(struct db_txn *t, enum status (*each)(void *ctx, const char *origin), void *ctx);
MUST_USE enum status witnessed_put(struct db_txn *t, const char *origin, const struct witnessed *w);

// A checkpoint of our audit log with cosignatures of witnesses, one for each size.
MUST_USE enum status cosigned_put(struct db_txn *t, uint64_t size, struct span note);
// The one of this size; ST_NOT_FOUND. Borrowed.
MUST_USE enum status cosigned_get(struct db_txn *t, uint64_t size, struct span *ret);
// The first one of at least this size, else the newest. ST_NOT_FOUND when there is none at all.
MUST_USE enum status cosigned_near(struct db_txn *t, uint64_t size, uint64_t *ret_size, struct span *ret);
// All of them, smallest first.
MUST_USE enum status cosigned_each(struct db_txn *t, enum status (*each)(void *ctx, uint64_t size, struct span note), void *ctx);

#endif
