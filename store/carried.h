// What came along with a copy from a partner (spec 4.5, 4.6): the certificate of who signed it, which goes on with the report
// to others, and the originating nation's consent to its being given to us. Goes with the copy.
#ifndef RELTO_STORE_CARRIED_H
#define RELTO_STORE_CARRIED_H

#include "formats/feed.h"
#include "store/reports.h"

// Keep it for this copy, in the place of what was kept before; nothing at all removes it.
MUST_USE enum status carried_put(struct db_txn *t, struct uuid id, uint32_t version, const char *source,
                                 const struct feed_carried *c);
// Borrowed as with db_get; all empty when nothing is kept. ST_CORRUPT.
MUST_USE enum status carried_get(struct db_txn *t, struct uuid id, uint32_t version, const char *source,
                                 struct feed_carried *ret);
MUST_USE enum status carried_del(struct db_txn *t, struct uuid id, uint32_t version, const char *source);

// Its bytes in a value: appended; read back, borrowed. False when they are not such bytes.
void carried_write(const struct feed_carried *c, struct buf *out);
bool carried_read(struct span bytes, struct feed_carried *ret);

#endif
