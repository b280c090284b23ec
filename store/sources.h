// What we know of each partner whose feed we pull: its ledger as received, our position, and quarantine.
#ifndef RELTO_STORE_SOURCES_H
#define RELTO_STORE_SOURCES_H

#include "formats/ledger_entry.h"
#include "formats/note.h"
#include "store/reports.h"
#include "store/tree.h"

enum { CURSOR_MAX = 200, SOURCE_NOTE_MAX = 2048, SOURCE_ERROR_MAX = 256, SOURCE_EPOCH_MAX = 16 };

struct source_state {
    char cursor[CURSOR_MAX + 1];   // "" = from the start
    uint64_t size;                 // entries received = next position
    struct span checkpoint;        // last verified checkpoint note; borrowed; empty = none
    utc_ms synced_at;              // last successful pass; 0 = never
    utc_ms failed_at;              // last failure; 0 = never
    char error[SOURCE_ERROR_MAX];  // of the last failure
    bool forked;                   // a checkpoint did not extend the last one: sync is stopped
    uint64_t received, quarantined; // reports
    bool cosignature_due;          // our receipt for `size` has not been accepted yet
    // A ledger that began anew is called by its epoch (16 hexadecimal digits); "" = it is the first.
    char epoch[SOURCE_EPOCH_MAX + 1];   // of the ledger that we hold
    char offered[SOURCE_EPOCH_MAX + 1]; // the partner signs this one now: sync is stopped (forked) until an operator takes it
};

MUST_USE enum status source_get(struct db_txn *t, const char *partner, struct source_state *ret); // zeroes when new
MUST_USE enum status source_put(struct db_txn *t, const char *partner, const struct source_state *s);
// The origin that checkpoints of the ledger which we hold have: `<node name>/release/<our nation>`, and `/<epoch>` when it began
// anew. ST_LIMIT when it would be too long.
MUST_USE enum status source_origin(const struct source_state *s, const char *node_name, const char *nation,
                                   char out[NOTE_NAME_MAX]);
// "in/<partner>": the log's name for tree.h.
void source_log_name(const char *partner, char out[LOG_NAME_MAX]);
// Append the next entry of the received ledger: its leaf bytes, or (leaf known only by hash) empty bytes.
// ST_INVALID when the leaf is not the hash of the bytes.
MUST_USE enum status source_append(struct db_txn *t, const char *partner, const struct digest *leaf, struct span entry);
// Entry n as received. ST_NOT_FOUND for a bare leaf.
MUST_USE enum status source_entry(struct db_txn *t, const char *partner, uint64_t n, struct ledger_entry *ret);

// Reports that did not verify, kept for an operator by their position in the received ledger; a second one at a
// position takes the place of the first. `with` is what came along (carried.h). `each` is called in order of position, with strings and bytes borrowed until
// it writes, which it may. quarantine_del erases one, if it is there.
MUST_USE enum status quarantine_put(struct db_txn *t, const char *partner, uint64_t n, const char *reason,
                                    struct span bytes, struct span with, utc_ms now);
// What was kept beside the bytes at this position; borrowed. Empty when nothing was. ST_NOT_FOUND.
MUST_USE enum status quarantine_with(struct db_txn *t, const char *partner, uint64_t n, struct span *ret);
MUST_USE enum status quarantine_each(struct db_txn *t, const char *partner,
                                     enum status (*each)(void *ctx, uint64_t n, const char *reason, struct span bytes),
                                     void *ctx);
MUST_USE enum status quarantine_del(struct db_txn *t, const char *partner, uint64_t n);

#endif
