// A store in which reports were published, decided, released, withdrawn, delivered and acknowledged, and a ledger received:
// everything in it proves itself. For tests that then change it. What fails ends the test.
#ifndef RELTO_TESTS_VERIFY_WORLD_H
#define RELTO_TESTS_VERIFY_WORLD_H

#include "store/audit_log.h"
#include "store/ledger.h"
#include "store/verify.h"
#include "tests/support/store_dir.h"

struct verify_world {
    struct store_dir dir;
    struct note_key ledger, audit, fra_cosign, gbr_ledger;
    struct verify_peer peers[2]; // FRA cosigns our ledger, GBR has one to us
    struct verify_options options;
    utc_ms now;                  // of the next event
    struct report_record record; // of the last report
    struct buf report;
};

// With so many reports, each of which has the same life. The seed is of the salts.
struct verify_world *verify_world_make(uint64_t lives, uint64_t seed);
void verify_world_free(struct verify_world **w);

struct uuid verify_world_report(const struct verify_world *w); // id of the last one
void verify_world_log(struct verify_world *w, struct db_txn *t, struct audit_event e);
struct audit_event verify_world_about(const struct verify_world *w, enum audit_kind kind, const char *partner, uint32_t version);
// An entry about the last report, its event and what the partner holds by it.
void verify_world_give(struct verify_world *w, struct db_txn *t, const char *partner, enum entry_kind kind,
                       const struct withheld_set *withheld);
void verify_world_deliver(struct verify_world *w, struct db_txn *t, const char *partner, uint64_t first, uint64_t last);
// Sign the log's checkpoint as it is; the caller frees the note.
void verify_world_sign(struct db_txn *t, const char *origin, const char *log, const struct note_key *k, struct checkpoint *c,
                       struct buf *note);
// FRA's receipt for all of our ledger, by this key.
void verify_world_receipt(struct verify_world *w, struct db_txn *t, const struct note_key *cosigner);

#endif
