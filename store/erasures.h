// Bytes of erased content stay in the store's file until it is compacted (LMDB writes beside what it replaces). Whoever
// erases content notes it here; the note goes with the compaction.
#ifndef RELTO_STORE_ERASURES_H
#define RELTO_STORE_ERASURES_H

#include "store/db.h"

// Content was erased in this transaction.
MUST_USE enum status erasures_note(struct db_txn *t);
// Was content erased since the last compaction?
MUST_USE enum status erasures_pending(struct db_txn *t, bool *ret);
// Compact the store (db_compact: statuses, locks and the fate of *db are described there) and take the note away.
MUST_USE enum status erasures_compact(struct db **db, struct diag *d);

#endif
