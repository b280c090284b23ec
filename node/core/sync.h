// Applying a page of a partner's feed (spec 4.4), pure: bytes in, one transaction's writes out.
#ifndef RELTO_NODE_CORE_SYNC_H
#define RELTO_NODE_CORE_SYNC_H

#include "node/core/core.h"

struct sync_result {
    size_t reports, tombstones, quarantined, entries; // of this page
    bool more;                // ask again at once
    struct buf cosignature;   // the body to POST to /v1/feed/cosignature; empty = none due
};

// The path to ask next: /v1/feed, or /v1/feed?after=<cursor>; appended to `out`.
MUST_USE enum status sync_next_path(struct tick *t, const char *partner, struct buf *out);
// Verify the page and apply it inside the tick: checkpoint signature, that its tree extends ours, positions,
// leaves, digests (any of these wrong: ST_BAD_PROOF or ST_BAD_SIGNATURE, whole page refused; a fork also
// raises log-fork and stops the source), each report's signature (wrong: quarantined). ret is zeroed first.
MUST_USE enum status sync_apply_page(struct tick *t, const char *partner, struct span page, struct diag *d,
                                     struct sync_result *ret);
// 410 from the sender: forget the cursor, start again; keeps the tree and finds what it has already.
MUST_USE enum status sync_restart(struct tick *t, const char *partner);
// The receipt arrived (200).
MUST_USE enum status sync_receipt_sent(struct tick *t, const char *partner, uint64_t size);
MUST_USE enum status sync_failed(struct tick *t, const char *partner, const char *why);

#endif
