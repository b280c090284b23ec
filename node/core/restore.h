// A store that was brought back from a backup catches up with what partners hold of our ledgers (spec 4.4, Restore).
//
// What a partner gives back is believed because of our own signature: its entries must make, on top of the ledger that the
// backup has, the tree that a checkpoint of ours signs. Until every partner was asked nothing may be appended to any ledger:
// an entry in the place of a forgotten one would be another story. So recalls that partners tell us of are applied again at the
// end, when nobody is waited for any more.
//
// Readings chosen. What was released after the backup is served no more (its holding has lapsed) until it is decided anew:
// the policy of the backup may be older than the one under which it went, and partners have it. For the same reason reltod then
// releases nothing before an operator confirms that the policy is today's (restoring_held). A report of our own that only
// partners hold now is recorded as purged, so that an officer can still recall it. What daily heads committed to is lost.
#ifndef RELTO_NODE_CORE_RESTORE_H
#define RELTO_NODE_CORE_RESTORE_H

#include "node/core/core.h"
#include "store/ledger.h"

// What one partner gave back.
struct restore_pass {
    const char *partner, *actor;
    uint64_t before;     // entries that the backup had
    uint64_t held;       // entries that the partner says it holds, by our checkpoint; 0 = none
    uint64_t lost;       // own reports whose content is at partners only
    struct checkpoint checkpoint;
    uint8_t receipt[4096]; // the checkpoint with our signature and the partner's cosignature
    size_t receipt_len;
};

// Begin: the partner must be one that is waited for, else ST_NOT_FOUND.
MUST_USE enum status restore_begin(struct tick *t, const char *partner, const char *actor, struct restore_pass *ret);
// Which entry to ask for next (/v1/ledger/held/entries?from=N).
MUST_USE enum status restore_next(struct tick *t, const struct restore_pass *p, uint64_t *ret_from);
// Take an answer (node/core/ledger_flow.h). *ret_more: ask again. With faults: ST_MALFORMED, ST_BAD_SIGNATURE (the
// checkpoint is not ours), ST_UNSUPPORTED (an entry that the partner knows by its hash alone), ST_BAD_PROOF. Anything but ST_OK
// spoils the transaction.
MUST_USE enum status restore_take(struct tick *t, struct restore_pass *p, struct span answer, struct diag *d, bool *ret_more);
// The partner holds nothing of our ledger (404).
void restore_holds_nothing(struct restore_pass *p);
// All is here: check the tree against our checkpoint, store the receipt, log `restore`, wait for it no more. ST_BAD_PROOF with
// a fault when the partner holds another ledger than the backup has the beginning of.
MUST_USE enum status restore_end(struct tick *t, struct restore_pass *p, struct diag *d);

// The partner cannot give back what it holds: our ledger to it begins anew, under an origin that ends in its new epoch. Its first
// entry names the last checkpoint of the one before, which is kept; then it says again what became of each report that the
// partner was ever given, as far as this store knows. The partner's operator must agree (sync_resume there). The partner need
// not be configured any more. ST_NOT_FOUND when it is not waited for.
MUST_USE enum status restore_new_epoch(struct tick *t, const char *partner, const char *actor, const char *reason,
                                       uint64_t *ret_entries);

// When nobody is waited for: apply the recalls that came with the entries. *ret_recalls counts them. ST_BUSY while somebody is.
MUST_USE enum status restore_finish(struct tick *t, const char *actor, size_t *ret_recalls);

#endif
