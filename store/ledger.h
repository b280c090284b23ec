// The release ledger to one partner (spec 4.2): entries, their Merkle tree, and what each partner holds.
#ifndef RELTO_STORE_LEDGER_H
#define RELTO_STORE_LEDGER_H

#include "formats/base/random.h"
#include "formats/ledger_entry.h"
#include "formats/policy_document.h"
#include "formats/report.h"
#include "store/reports.h"
#include "store/tree.h"

// Where one (partner, report) pair stands: its latest ledger entry and the permit that was stored with it.
struct holding {
    uint64_t n;           // position of the latest entry for this report
    enum entry_kind kind; // of that entry
    bool lapsed;          // permission ended without an entry (terms lapse="retain")
    bool ever_delivered;  // content of some entry of this report left
    uint32_t version;
    char source[PARTNER_ID_MAX + 1]; // which stored copy is served
    struct digest digest;            // of the rendition
    struct withheld_set withheld;    // recipe of the rendition (references included)
    enum onward onward;
    enum lapse lapse; // terms of the agreement under which it was released
    // the stored permit: valid while all of these are unchanged and now < next_change
    struct digest policy;
    uint64_t grants; // generation of approvals and consents for this report
    utc_ms next_change;
    bool stored; // set by reading: the pair is listed by its report, too, and putting it does not list it again
};

// Append an entry: gives it the next n, a salt, and `at` = the later of `now` and the previous one's + 1 ms.
// The caller fills kind, report, version, digest, onward. *ret_n is its position. ST_INVALID without a
// version (but for head). Reading functions give ST_CORRUPT for stored bytes that are not what was written.
MUST_USE enum status ledger_append(struct db_txn *t, const char *partner, const struct ledger_entry *e,
                                   utc_ms now, const struct random_source *random, uint64_t *ret_n);
// Append an entry that we wrote once and have forgotten, as its partner gives it back: these bytes, unchanged. ST_INVALID
// when they are no entry, not the next one, or not later than the one before. Whether they are ours, the tree must tell.
MUST_USE enum status ledger_take_back(struct db_txn *t, const char *partner, struct span leaf,
                                      const struct random_source *random, struct ledger_entry *ret);
MUST_USE enum status ledger_size(struct db_txn *t, const char *partner, uint64_t *ret);
// ST_NOT_FOUND from the end on.
MUST_USE enum status ledger_get(struct db_txn *t, const char *partner, uint64_t n, struct ledger_entry *ret);
// Leaf hash of entry n; root of the first `size` entries.
MUST_USE enum status ledger_leaf(struct db_txn *t, const char *partner, uint64_t n, struct digest *ret);
MUST_USE enum status ledger_root(struct db_txn *t, const char *partner, uint64_t size, struct digest *ret);
// "out/<partner>": the log's name for tree.h.
void ledger_log_name(const char *partner, char out[LOG_NAME_MAX]);
// Epoch of the ledger: random 64 bits drawn when its first entry is written; 0 before.
MUST_USE enum status ledger_epoch(struct db_txn *t, const char *partner, uint64_t *ret);

// What the partner holds of a report: the latest release to it and what became of that.
MUST_USE enum status holding_get(struct db_txn *t, const char *partner, struct uuid id,
                                 struct holding *ret); // ST_NOT_FOUND
MUST_USE enum status holding_put(struct db_txn *t, const char *partner, struct uuid id,
                                 const struct holding *h);
// Is what entry n released still what the partner has? ST_DENIED when it lapsed, or a later entry speaks of the report.
MUST_USE enum status holding_stands(struct db_txn *t, const char *partner, struct uuid id, uint64_t n);
// Partners that have a holding of this report. The callback may write.
MUST_USE enum status holding_each_partner(struct db_txn *t, struct uuid id,
                                          enum status (*each)(void *ctx, const char *partner), void *ctx);
// Reports a partner has holdings of. The callback may write.
MUST_USE enum status
holding_each_report(struct db_txn *t, const char *partner,
                    enum status (*each)(void *ctx, struct uuid id, const struct holding *h), void *ctx);

// Record that the content of entry n was sent; the first time stays.
MUST_USE enum status delivered_mark(struct db_txn *t, const char *partner, uint64_t n, utc_ms now);
// Was the content of entry n ever sent? *ret_at = when first, 0 = never.
MUST_USE enum status delivered_get(struct db_txn *t, const char *partner, uint64_t n, utc_ms *ret_at);

// The newest receipt (cosigned checkpoint) of a partner.
struct receipt {
    uint64_t size;
    struct digest root;
    utc_ms at;        // time in the cosignature, by the partner's clock, in whole seconds
    utc_ms taken_at;  // when the first receipt of this size came, by ours; 0 in receipt_put: the same as `at`
    struct span note; // checkpoint with our signature, followed by the cosignature line; borrowed
};
// Store a receipt, beside those of other sizes; the one of the greatest size.
MUST_USE enum status receipt_put(struct db_txn *t, const char *partner, const struct receipt *r);
MUST_USE enum status receipt_latest(struct db_txn *t, const char *partner,
                                    struct receipt *ret); // ST_NOT_FOUND
// The first receipt that covers entry n, or ST_NOT_FOUND. (Sizes of receipts rise with time.)
MUST_USE enum status receipt_for(struct db_txn *t, const char *partner, uint64_t n, struct receipt *ret);
// All receipts of a partner, smallest size first.
MUST_USE enum status receipt_each(struct db_txn *t, const char *partner,
                                  enum status (*each)(void *ctx, const struct receipt *r), void *ctx);
// A partner has shown a cursor or a checkpoint of ours that our ledger to it does not bear out: our store was rolled back
// or rewritten, or our key is in other hands. Note the size that it spoke of; *ret_news is false when one as large was
// noted before. *ret_size 0 = not contested.
MUST_USE enum status ledger_contest(struct db_txn *t, const char *partner, uint64_t size, bool *ret_news);
MUST_USE enum status ledger_contested(struct db_txn *t, const char *partner, uint64_t *ret_size);
MUST_USE enum status ledger_settled(struct db_txn *t, const char *partner); // an operator has found out
// Partners that have a ledger (at least one entry), in order of length and name.
MUST_USE enum status ledger_each_partner(struct db_txn *t,
                                         enum status (*each)(void *ctx, const char *partner), void *ctx);

#endif
