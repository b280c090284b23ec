// A ledger that begins anew (spec 4.4, Restore): what it was is kept under another id, nothing of it is changed. In the tables
// the old ledgers of partner P are those of "P 1", "P 2" … (no partner's id has a space), the present one is that of P.
#ifndef RELTO_STORE_ARCHIVE_H
#define RELTO_STORE_ARCHIVE_H

#include "formats/note.h"
#include "store/ledger.h"

// Ids of partners whose ledger can begin anew: at most so many bytes.
enum { ARCHIVE_PARTNER_MAX = PARTNER_ID_MAX - 4, ARCHIVES_MAX = 99 };

// The id of the k-th old ledger (k from 1 up). False when it would be too long.
bool archive_id(const char *partner, unsigned k, char out[PARTNER_ID_MAX + 1]);
// The partner of an id, old or present, into out.
void archive_partner(const char *id, char out[PARTNER_ID_MAX + 1]);
// How many old ledgers to this partner are kept.
MUST_USE enum status archive_count(struct db_txn *t, const char *partner, unsigned *ret);

// Move our ledger to a partner (entries, tree, deliveries, receipts, openings of heads, epoch) to its next old id. Holdings stay:
// the caller writes their entries anew. `event` is the number of the audit event that tells of it. Nothing is kept of a ledger
// without entries. ST_LIMIT for an id that is too long or too many restarts.
MUST_USE enum status archive_sent(struct db_txn *t, const char *partner, uint64_t event);
// The id of the ledger to this partner that an audit event speaks of.
MUST_USE enum status archive_of_event(struct db_txn *t, const char *partner, uint64_t event, char out[PARTNER_ID_MAX + 1]);
// Let the present ledger, whose first entry is written, be called by its epoch: `<node name>/release/<PARTNER>/<epoch>`.
MUST_USE enum status archive_name_epoch(struct db_txn *t, const char *partner);
// The origin of a ledger of ours, old or present. ST_LIMIT when it would be too long.
MUST_USE enum status archive_origin(struct db_txn *t, const char *node_name, const char *id, char out[NOTE_NAME_MAX]);

// The same for a partner's ledger to us: its entries and tree. What was quarantined is erased: it has no place any more.
MUST_USE enum status archive_received(struct db_txn *t, const char *partner);

// What the first entry (a `head`) of a ledger that begins anew commits to: the last checkpoint known of the one before.
// SHA-256("relto-ledger-restart", line feed ‖ the three lines of that checkpoint).
struct digest archive_restart_digest(const struct checkpoint *last);

#endif
