// Finding reports among the current copies: an index of their words, topics, areas, types, originators and places.
//
// Storing a report only notes that it is to be taken into the index; that is done a little later, in bulk. What leaves the
// store (recalled, withdrawn, replaced) leaves the index in the same transaction, with every word of it. The words of the title,
// the portions, the names of attachments and the exercises are found. What was withheld from us is not there to be found.
#ifndef RELTO_STORE_SEARCH_H
#define RELTO_STORE_SEARCH_H

#include "store/reports.h"

enum {
    SEARCH_WORDS_MAX = 65536,   // words and names of one report that are taken, from its beginning
    SEARCH_BATCH_BYTES = 4 << 20, // words that come into the index at once, together with the report that goes beyond it
    SEARCH_QUERY_WORDS_MAX = 32,
    SEARCH_TERMS_MAX = 256,     // alternatives of one condition, e.g. the areas of a region
    SEARCH_WORKS_MAX = 50000,   // looks at the index for one page: bounds its time
};

// Note that the report's current copy is another one, or none: what the index says of it goes. `there`: take it in
// later. Called by store/reports.
MUST_USE enum status search_changed(struct db_txn *t, struct uuid id, bool there);

// Take up to `reports_max` noted reports into the index, but no more when they have SEARCH_BATCH_BYTES of words; in a store
// that never had one, all are noted first. Many at once cost less: they share pages. *ret_more: some are left. A report whose bytes cannot be read is left out.
MUST_USE enum status search_update(struct db_txn *t, size_t reports_max, bool *ret_more);

// Where a page ended: the last report that was looked at.
struct search_place {
    bool is_set; // false = before the first
    utc_ms issued;
    struct uuid id;
};

// All conditions must hold; what is NULL or 0 does not ask.
struct search_query {
    const char *text;         // every word in it
    const char *topic, *type, *nation;
    const char *const *areas; // any of them
    size_t area_count;        // at most SEARCH_TERMS_MAX
    utc_ms from, until;       // from <= issued < until; UTC_MIN and UTC_MAX ask nothing
    bool has_box;             // the position stands, and is within; east < west crosses the date line
    double south, west, north, east; // degrees
};

// Call back for each report that fits, in order of issue, the latest first, and by id where that is equal; from behind `at`
// on. *at moves with each report that was looked at. The callback's ST_OK goes on, ST_GONE ends the page behind this report,
// anything else stops and is returned. *ret_more: there may be more behind *at. ST_INVALID when `text` holds no word, or
// there are too many of them or of areas; ST_NOMEM.
MUST_USE enum status search_each(struct db_txn *t, const struct search_query *q, struct search_place *at,
                                 enum status (*each)(void *ctx, const struct report_record *r), void *ctx, bool *ret_more);

#endif
