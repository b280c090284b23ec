// Reports as stored: own ones and copies received from partners, each version whole, as exact bytes.
#ifndef RELTO_STORE_REPORTS_H
#define RELTO_STORE_REPORTS_H

#include "formats/ledger_entry.h"
#include "store/db.h"
#include "store/recalls.h"

enum { PARTNER_ID_MAX = 64, LOG_NAME_MAX = PARTNER_ID_MAX + 8 }; // the name of a partner's log (tree.h) with its NUL

struct report_record {
    struct uuid id;
    uint32_t version;
    char source[PARTNER_ID_MAX + 1]; // "" = own; else the partner whose feed brought it
    utc_ms stored_at;
    utc_ms issued;
    struct digest digest;            // of the bytes
    enum onward onward;              // received: the terms it came with
    bool not_understood;             // a label under a security policy that we lack
    bool damaged;                    // read: the disk has changed something above or below, and nothing may rest on it
    char nation[16], type[32];       // originating nation, report type (for listing)
    char title[200];                 // cut for listing; "" when the header's label is not ours to show
    struct span bytes;               // borrowed as with db_get
};

enum report_state { REPORT_CURRENT, REPORT_RECALLED, REPORT_WITHDRAWN, REPORT_PURGED };

// Store one version and make it current when it is the highest (own first). ST_CONFLICT when this version
// from this source exists with other bytes; ST_OK without a change when it is the same; ST_GONE when recalled;
// ST_INVALID when the digest is not that of the bytes, or the version is 0.
MUST_USE enum status reports_put(struct db_txn *t, const struct report_record *r);
// The same, but other bytes take the place of the stored ones: a partner releases the same version anew when more
// or less of it is visible to us.
MUST_USE enum status reports_replace(struct db_txn *t, const struct report_record *r);
// The current copy: highest version; of it whole records before damaged ones, own or originator's feed first, then earliest.
// ST_NOT_FOUND (also when every copy was erased or purged), ST_GONE (recalled), ST_CORRUPT.
MUST_USE enum status reports_current(struct db_txn *t, struct uuid id, struct report_record *ret);
// Is the current copy the one of this version, from this source, stored then? The copy itself is not looked at.
MUST_USE enum status reports_is_current(struct db_txn *t, const struct report_record *r, bool *ret);
// One version from one source ("" = own).
MUST_USE enum status reports_get(struct db_txn *t, struct uuid id, uint32_t version, const char *source,
                                 struct report_record *ret);
// The copy of one version that is to be preferred. ST_NOT_FOUND; ST_CORRUPT when none can be read.
MUST_USE enum status reports_version(struct db_txn *t, struct uuid id, uint32_t version, struct report_record *ret);
// The highest version that this source gave. ST_NOT_FOUND.
MUST_USE enum status reports_latest_from(struct db_txn *t, struct uuid id, const char *source, uint32_t *ret);
// What can be told of a report whose current copy is damaged or lost.
struct report_traces {
    uint32_t version; // the highest that is stored, or should be; 0 = none
    bool own;         // a copy is ours
    char nation[16];  // originating nation, by the newest record that is whole; "" = none is
};
MUST_USE enum status reports_traces(struct db_txn *t, struct uuid id, struct report_traces *ret);
// Erase content of every version from `source` (NULL = of all sources), and the attachments that no other report
// names. Identifiers stay elsewhere.
MUST_USE enum status reports_erase(struct db_txn *t, struct uuid id, const char *source);

// The originator's recall: erases every copy; the id is refused for ever.
MUST_USE enum status reports_recall(struct db_txn *t, struct uuid id, const struct recall_record *r);

// Retention (spec 5): content was purged by rule, and this alone is left of what one source ("" = own) gave. It goes when
// that source withdraws the report, or the report is recalled.
struct purged_copy {
    utc_ms at;                       // when it was purged
    uint32_t version;                // the highest that this source gave: it, and older ones, are not taken in again
    char source[PARTNER_ID_MAX + 1];
    char nation[16];                 // as in the record; "" when that was damaged
    char cell[65];                   // own: who wrote it, and may recall it; "" when not known
};
// Purge every stored copy. ST_NOT_FOUND when there is none.
MUST_USE enum status reports_purge(struct db_txn *t, struct uuid id, utc_ms now, const char *cell);
// Note as purged what this store never held: a report whose content was lost with an earlier store.
MUST_USE enum status reports_note_purged(struct db_txn *t, struct uuid id, const struct purged_copy *p);
// What was purged from `source`; NULL = from any, of the highest version, own first. ST_NOT_FOUND. A later version may be here.
MUST_USE enum status reports_purged(struct db_txn *t, struct uuid id, const char *source, struct purged_copy *ret);
// Everything purged, in order of id and source.
MUST_USE enum status reports_each_purged(struct db_txn *t,
                                         enum status (*each)(void *ctx, struct uuid id, const struct purged_copy *p),
                                         void *ctx);
// The report whose current copy was stored first, and when. ST_NOT_FOUND when there is none.
MUST_USE enum status reports_oldest(struct db_txn *t, utc_ms *ret_at, struct uuid *ret_id);

// Walk over the current copies, newest first. The callback's ST_OK goes on, anything else stops and is returned.
// The callback may write; reports stored meanwhile may be left out.
MUST_USE enum status reports_each(struct db_txn *t, enum status (*each)(void *ctx, const struct report_record *r),
                                  void *ctx);

// Walk over all stored copies by id, version and source. The record is NULL where the stored value is damaged.
MUST_USE enum status reports_each_copy(struct db_txn *t,
                                       enum status (*each)(void *ctx, struct uuid id, uint32_t version,
                                                           const char *source, const struct report_record *r),
                                       void *ctx);

// Compare, for every report ever stored, what is recorded of its state with the copies that are here: which one is current (or
// none: recalled, withdrawn, purged), and its place in the listing. The callback is told of each.
MUST_USE enum status reports_check_heads(struct db_txn *t,
                                         enum status (*each)(void *ctx, struct uuid id, bool current, bool agrees), void *ctx);

#endif
