// Fetching the attachments of reports that a partner's feed brought (spec 4.4), pure: what to ask, bytes in.
#ifndef RELTO_NODE_CORE_ATTACHMENT_FETCH_H
#define RELTO_NODE_CORE_ATTACHMENT_FETCH_H

#include "node/core/core.h"
#include "store/attachments.h"

enum { FETCH_RETRY_MAX_MS = 3600000 }; // one that is refused or wrong is asked for at least every hour

struct fetch {
    bool found;
    struct digest digest;
    uint64_t size, have; // of the whole; bytes that are here from an earlier try
    utc_ms next;         // not found: when one is to be asked for again; UTC_MAX = none is missing
};
// The next attachment to ask this partner for. One beyond the node's limit is put off by FETCH_RETRY_MAX_MS, so that it is
// asked for within that time when the limit was raised.
MUST_USE enum status fetch_next(struct tick *t, const char *partner, struct fetch *ret);

enum fetch_fate {
    FETCH_MORE,     // taken; go on
    FETCH_WHOLE,    // all there, and of the right digest; an `receive` event tells of it
    FETCH_WRONG,    // all there, and of another digest: erased, put off; a `quarantine` event tells of it
    FETCH_UNWANTED, // recalled meanwhile, or the bytes do not fit what is here: look again
};
// Bytes from `at` on. Whole chunks, unless they are the last.
MUST_USE enum status fetch_take(struct tick *t, const char *partner, const struct fetch *f, uint64_t at, struct span bytes,
                                uint32_t retry_min_ms, enum fetch_fate *ret);
// The partner gave all of it from the start although a part was asked for: forget what is here of it.
MUST_USE enum status fetch_from_start(struct tick *t, const char *partner, const struct fetch *f);
// The partner does not give it: put off, each time twice as long. `why` is shown to people.
MUST_USE enum status fetch_refused(struct tick *t, const char *partner, const struct fetch *f, const char *why,
                                   uint32_t retry_min_ms);

#endif
