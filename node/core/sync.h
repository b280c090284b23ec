// Applying a page of a partner's feed (spec 4.4), pure: bytes in, one transaction's writes out.
#ifndef RELTO_NODE_CORE_SYNC_H
#define RELTO_NODE_CORE_SYNC_H

#include "node/core/core.h"

enum { SYNC_PATH_MAX = 256 };

struct sync_result {
    size_t reports, tombstones, quarantined, entries; // of this page, new ones
    bool more;                // ask again at once
    uint64_t size;            // entries held now: what the cosignature covers
    uint64_t end;             // position behind the page
    struct buf cosignature;   // the body to POST to /v1/feed/cosignature; empty = none due
};
// Free the body; accepts a zeroed struct.
void sync_result_fini(struct sync_result *r);

// The path to ask next: /v1/feed, or /v1/feed?after=<cursor>; appended to `out`. ST_BAD_PROOF when the source is
// stopped by a fork; ST_NOT_FOUND for a partner whose card is not held.
MUST_USE enum status sync_next_path(struct tick *t, const char *partner, struct buf *out);

// Verify the page and apply it inside the tick: checkpoint signature, that its tree extends ours, positions,
// leaves, digests (any of these wrong: ST_BAD_PROOF or ST_BAD_SIGNATURE, whole page refused; a fork also
// raises log-fork and stops the source), each report's signature (wrong: quarantined).
// *ret is zeroed first; free it with sync_result_fini whatever the status. `page` must not be store memory.
// Refusals (sync_is_refusal) left the store as it was, but for a fork's alarm: commit the tick all the same.
// Other statuses are the store's or memory's: the job has failed.
//
// A fork is: a checkpoint signed by the partner whose tree differs from what we hold at the same size; a leaf we
// hold told differently; a last page (more="false") that ends before what we hold; or a page from our size on
// whose root is not reached from our tree. (That last one could also be a page with a wrong entry under a right
// checkpoint; the two cannot be told apart from here, and a partner that sends either must be asked about it.)
// Entries held already (after sync_restart) are only compared; what they said was done when they came first.
//
// A recall counts as the originator's when the report's originating nation is the partner's own: content from all
// sources is erased, the id is refused for ever, recalls go on to all who were given it. So too a recall from
// another source of what only it gave us, when we do not get the originator's own feed. Any other recall, and a
// withdraw, ends that source's copy only. A recall of a report that we do not hold is remembered: should that
// nation's report come later by another way, it is refused.
MUST_USE enum status sync_apply_page(struct tick *t, const char *partner, struct span page, struct diag *d,
                                     struct sync_result *ret);
// Is this status a judgement on the page (not on our memory or disk)?
bool sync_is_refusal(enum status st);

// The cosignature over what we hold, if the partner has not confirmed it yet; *ret_size = 0 and nothing appended
// otherwise. For after a restart.
MUST_USE enum status sync_receipt_due(struct tick *t, const char *partner, struct buf *out, uint64_t *ret_size);
// 410 from the sender: forget the cursor, start again; keeps the tree and finds what it has already.
MUST_USE enum status sync_restart(struct tick *t, const char *partner);
// The receipt for `size` arrived (2xx), or the sender holds a newer one.
MUST_USE enum status sync_receipt_sent(struct tick *t, const char *partner, uint64_t size);
// A pass failed; `why` is shown by `relto sync status`.
MUST_USE enum status sync_failed(struct tick *t, const char *partner, const char *why);

// Check everything in quarantine from this partner again (`relto sync retry`): what verifies now is stored and
// re-decided. *ret_left = how many stay. A new receipt is due when some did not, and the log has an event of it by `actor`.
MUST_USE enum status sync_retry(struct tick *t, const char *partner, const char *actor, size_t *ret_taken, size_t *ret_left);
// The operator compared both ledgers with the partner's operator and trusts what we hold: go on after a fork. The same
// when the partner contested our ledger to it. *ret_resumed is false when there was neither. A ledger that began anew (a page of
// it stopped the sync: "ledger-restarted") is taken from its start; all that is held here stays. (Who holds nothing of any ledger of
// that partner takes it without asking.)
MUST_USE enum status sync_resume(struct tick *t, const char *partner, const char *actor, const char *reason,
                                 bool *ret_resumed);

#endif
