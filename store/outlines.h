// Which reports are decided alike: each current report has an outline, bytes that the policy side makes of all that
// decisions depend on; equal outlines share a number. After a change of policy the outlines are compared, and only the
// reports of those that are decided otherwise are looked at (spec 3.4, 7). The store does not read the bytes.
#ifndef RELTO_STORE_OUTLINES_H
#define RELTO_STORE_OUTLINES_H

#include "formats/base/encode.h"
#include "formats/base/sha256.h"
#include "formats/base/utctime.h"
#include "store/reports.h"

// The number of reports that no outline speaks for (an older version is served beside them, or their bytes are damaged):
// they are to be decided anew at every change. Outlines are numbered from 1.
enum { OUTLINE_NONE = 0 };

// A report among those of one outline.
struct outlined {
    struct uuid report;
    utc_ms base;   // the instant that embargoes count from: the later of issued and stored
    uint64_t copy; // of which stored bytes the outline was made (outlines_copy)
};

// The first 8 bytes of the stored copy's digest.
uint64_t outlines_copy(const struct digest *digest);

// Set the outline of a report, in place of an earlier one; empty bytes: OUTLINE_NONE. In the transaction that stores or
// decides it. `of`: the copy that it was made of, for outlines_of; NULL = nothing is to be said of that.
MUST_USE enum status outlines_set(struct db_txn *t, const struct outlined *o, const struct report_record *of, struct span outline);
// The report has no copy any more, or was recalled. ST_OK also when it had no outline.
MUST_USE enum status outlines_drop(struct db_txn *t, struct uuid report);
// Has every current report an outline? (Not in a store that an earlier version of Relto wrote.)
MUST_USE enum status outlines_whole(struct db_txn *t, bool *ret);

// The first number from `from` on that has reports, OUTLINE_NONE too; ST_NOT_FOUND when there is none.
MUST_USE enum status outlines_next(struct db_txn *t, uint64_t from, uint64_t *ret);
// The bytes of a number other than OUTLINE_NONE; borrowed. ST_CORRUPT when they are not what was stored.
MUST_USE enum status outlines_get(struct db_txn *t, uint64_t number, struct span *ret);
// The outline of a report; ST_NOT_FOUND, ST_CORRUPT. ret_of (may be NULL) receives what decisions take from the record of the copy
// that it was made of (id, version, source, times, digest, onward terms), and spares reading that; version 0 where nothing is said
// of it, as by earlier versions of Relto.
MUST_USE enum status outlines_of(struct db_txn *t, struct uuid report, uint64_t *ret_number, struct outlined *ret,
                                 struct report_record *ret_of);
// Reports of this number behind `after` (NULL = from the first), in order of id, at most `max`.
MUST_USE enum status outlines_reports(struct db_txn *t, uint64_t number, const struct uuid *after, struct outlined *ret,
                                      size_t max, size_t *ret_count);

#endif
