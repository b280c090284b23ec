// Daily heads (spec 4.2, 5): commitments to our audit log in partners' ledgers. What they commit to is kept here, to be
// opened to auditors.
#ifndef RELTO_STORE_HEADS_H
#define RELTO_STORE_HEADS_H

#include "formats/note.h"
#include "store/db.h"

enum { HEAD_RANDOM_LEN = 32 };

// The digest of the `head` entry: SHA-256("relto-audit-head", line feed ‖ random ‖ the audit log's signed checkpoint).
struct digest head_digest(const uint8_t random[HEAD_RANDOM_LEN], struct span checkpoint);

// What entry n of the ledger to a partner commits to.
struct head_opening {
    uint8_t random[HEAD_RANDOM_LEN];
    struct span checkpoint; // signed note; borrowed
};
MUST_USE enum status head_put(struct db_txn *t, const char *partner, uint64_t n, const struct head_opening *h);
MUST_USE enum status head_get(struct db_txn *t, const char *partner, uint64_t n, struct head_opening *ret); // ST_NOT_FOUND

// Our store was lost, and the partner gave the entry back: what it commits to is not known any more. head_get then gives
// an empty checkpoint. An event `restore` of the audit log tells of it.
MUST_USE enum status head_put_lost(struct db_txn *t, const char *partner, uint64_t n);

// The day (days since 1970 after the hour of the heads) for which heads were written last. ST_NOT_FOUND before the first.
MUST_USE enum status heads_day(struct db_txn *t, int64_t *ret);
MUST_USE enum status heads_set_day(struct db_txn *t, int64_t day);

#endif
