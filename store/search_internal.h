// Inside the search index: its terms and keys.
#ifndef RELTO_STORE_SEARCH_INTERNAL_H
#define RELTO_STORE_SEARCH_INTERNAL_H

#include "formats/words.h"
#include "store/key.h"
#include "store/search.h"

// What a term says; its first byte.
#define TERM_ALL 'a'    // nothing: every report
#define TERM_AREA 'r'
#define TERM_CELL 'g'   // the place, in cells of 10 degrees: "row-column"
#define TERM_NATION 'o'
#define TERM_TOPIC 'p'
#define TERM_TYPE 't'
#define TERM_WORD 'w'

enum {
    TERM_MAX = 1 + WORD_BYTES_MAX + 1, // kind, value, NUL; names have at most 64 characters too
    CELL_DEGREES = 10, CELL_ROWS = 18, CELL_COLUMNS = 36,
    PLACE_BYTES = 24,                  // of a key, behind the term: issued, latest first; report
};

// The cell of a coordinate, 0 to count - 1.
static inline int search_cell(double v, int count)
{
    int cell = (int)((v + count * CELL_DEGREES / 2.0) / CELL_DEGREES);
    return cell < 0 ? 0 : cell >= count ? count - 1 : cell;
}

static inline void search_place_put(struct key *k, utc_ms issued, struct uuid id)
{
    key_i64(k, -issued);
    key_uuid(k, id);
}

// What the index holds of one report.
struct search_facts {
    utc_ms issued;
    bool has_position;
    double lat, lon;
    struct span terms; // one after the other, each with its NUL
};
MUST_USE enum status search_facts_get(struct db_txn *t, struct uuid id, struct search_facts *ret); // or ST_NOT_FOUND

#endif
