// What the daemon asks of the store before it begins.
#ifndef RELTO_NODE_IO_STORE_LOOK_H
#define RELTO_NODE_IO_STORE_LOOK_H

#include "formats/base/utctime.h"
#include "store/db.h"

// When the last event of the log was; UTC_MIN when there is none, or it is damaged: that is no reason not to start, and
// `relto audit verify` names it.
MUST_USE enum status store_last_event(struct db *db, utc_ms *ret);
// Is it a backup that was brought back, whose policy nobody has confirmed yet? That is told in the log.
MUST_USE enum status store_is_restored(struct db *db, bool *ret);
// Tell in the log of a store that holds nothing but the activation of its first policy. At any other start than a node's
// first it means that the store is elsewhere: a disk that is not mounted, a path that was changed.
void store_tell_new(struct db *db, const char *path);

#endif
