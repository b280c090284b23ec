// Instants at which a report's decisions must be re-made (spec 3.5): one, the earliest, per report.
#ifndef RELTO_STORE_SCHEDULE_H
#define RELTO_STORE_SCHEDULE_H

#include "formats/base/encode.h"
#include "formats/base/utctime.h"
#include "store/db.h"

// Set (or with UTC_MAX clear) the instant for this report.
MUST_USE enum status schedule_set(struct db_txn *t, struct uuid id, utc_ms at);
// Bring it forward to this instant, unless it comes earlier anyway.
MUST_USE enum status schedule_forward(struct db_txn *t, struct uuid id, utc_ms at);
// The earliest entry. ST_NOT_FOUND when there is none.
MUST_USE enum status schedule_first(struct db_txn *t, utc_ms *ret_at, struct uuid *ret_id);

#endif
