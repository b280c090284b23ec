// A store that was brought back from a backup has forgotten what partners hold of our ledgers. Until each of them has given
// that back, or its ledger was begun anew, nothing may be appended: these notes say whom we still wait for.
#ifndef RELTO_STORE_RESTORING_H
#define RELTO_STORE_RESTORING_H

#include "store/db.h"

// Wait for this partner; it has given back what it holds.
MUST_USE enum status restoring_set(struct db_txn *t, const char *partner);
MUST_USE enum status restoring_done(struct db_txn *t, const char *partner);
// All that we wait for, in order of length and name. The callback may write.
MUST_USE enum status restoring_each(struct db_txn *t, enum status (*each)(void *ctx, const char *partner), void *ctx);
// Is there any? What the store holds must not be acted upon then.
MUST_USE enum status restoring_pending(struct db_txn *t, bool *ret);

// The policy in such a store may be older than the one that partners were served by last: until an operator has seen to
// that, nothing is released. Before that, what partners were told is recalled must be recalled here again (`recalls_due`): until
// then nobody is to be served at all.
MUST_USE enum status restoring_hold(struct db_txn *t, bool recalls_due);
MUST_USE enum status restoring_confirm(struct db_txn *t);
MUST_USE enum status restoring_held(struct db_txn *t, bool *ret_held, bool *ret_recalls_due);

#endif
