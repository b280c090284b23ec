// Values of fixed, versioned layout, and walks that survive writes. Inside the store only.
#ifndef RELTO_STORE_VALUE_H
#define RELTO_STORE_VALUE_H

#include "formats/report.h"
#include "store/db.h"
#include "store/key.h"

// A value begins with the number of its layout. Readers know every number that was ever written.
struct key value_head(uint8_t layout);
// Read a value of this layout; bad for another.
struct key_reader value_reader(struct span value, uint8_t layout);
// Everything was there and nothing is left over.
static inline bool value_whole(const struct key_reader *r)
{
    return !r->bad && r->rest.len == 0;
}

// Eight bytes of a digest over where a value stands and how it begins, to be stored behind that: the disk changes nothing in it
// unseen.
uint64_t value_check(struct span key, struct span head);
// For values that have had that since layout 2, and were the same without it in layout 1: begin to read one, and take the check
// where it stands. False = it does not fit. What layout 1 holds fits always.
struct key_reader value_reader_checked(struct span value);
bool value_check_fits(struct key_reader *r, struct span key, struct span value);

// The time that the leaf of a log says it was made at, without reading all of it. ST_CORRUPT.
MUST_USE enum status value_leaf_time(struct span leaf, utc_ms *ret);

// Store head ‖ tail.
MUST_USE enum status value_put(struct db_txn *t, enum db_table table, const struct key *k,
                               const struct key *head, struct span tail);

// Bytes of any length behind their length (32 bits). What is read is borrowed from the value; empty when the reader is bad.
void value_put_part(struct buf *b, struct span part);
struct span value_get_part(struct key_reader *r);

// A set of withheld children in a value: without the empty words at its end.
void key_withheld(struct key *k, const struct withheld_set *w);
struct withheld_set key_get_withheld(struct key_reader *r);

// Call back for every key with the prefix, in order, from `from` on (empty = from the first). `key` is a
// copy, without the prefix; `value` is borrowed until the callback writes. The callback may write, also to
// this table.
MUST_USE enum status value_each(struct db_txn *t, enum db_table table, const struct key *prefix,
                                struct span from,
                                enum status (*each)(void *ctx, struct span key, struct span value),
                                void *ctx);

#endif
