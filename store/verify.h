// Proving the store (spec 5, `relto audit verify`): everything that the logs promise is computed again from
// the stored bytes and compared. Trusts no index and no stored hash.
#ifndef RELTO_STORE_VERIFY_H
#define RELTO_STORE_VERIFY_H

#include "formats/note.h"
#include "store/db.h"

// A partner's public keys, as its card names them.
struct verify_peer {
    const char *partner;             // id in the policy
    const char *name;                // node name: the name of its keys
    uint8_t cosign_key[ED25519_LEN]; // of its receipts for our ledger
    uint8_t ledger_key[ED25519_LEN]; // of its checkpoints of its ledger to us
};

// A checkpoint of one of our logs that somebody else holds: a partner (of our ledger to it), a witness or an auditor (of
// the audit log). Who rewrites a whole store with our own keys cannot rewrite these.
struct verify_held {
    const char *name; // for findings: of the file
    struct span note;
};

struct verify_options {
    const char *nation;              // our own id: partners' checkpoints are `<their name>/release/<nation>`
    const char *node_name;           // our ledgers' checkpoints are `<node name>/release/<PARTNER>`
    uint8_t ledger_key[ED25519_LEN]; // public half of our ledger key
    uint8_t audit_key[ED25519_LEN];  // and of that of the audit log
    const struct verify_peer *peers;
    size_t peer_count;
    const struct verify_held *held;
    size_t held_count;
};

// One thing that is wrong. All strings are valid during the call only.
struct verify_finding {
    const char *rule;  // stable machine name, e.g. "tree-differs"
    const char *where; // "audit 17", "out/FRA 3", "report urn:uuid:…"
    const char *text;  // what is wrong, what was expected
};

struct verify_summary {
    uint64_t events;           // of the audit log
    uint64_t ledgers, entries; // ours, to partners
    uint64_t received_ledgers, received_entries;
    uint64_t deliveries;           // deliver events
    uint64_t receipts;             // whose cosignature was checked
    uint64_t receipts_without_key; // of partners that are not among `peers`
    uint64_t heads;                // in our ledgers, opened and compared
    uint64_t cosignatures;         // of witnesses on our audit log
    uint64_t checkpoints;          // of partners' ledgers, signature checked
    uint64_t held;                 // checkpoints held by others that are of the logs as they stand here
    uint64_t reports;              // stored copies, digest checked
    uint64_t renditions;           // made again and compared with ledger and holding
    uint64_t attachments;          // whole ones, all bytes read, digest checked
    uint64_t purged;               // reports and sources whose content was purged by rule
    uint64_t findings;
};

// Check, over one snapshot:
// - every tree, recomputed from the leaves' bytes, against every stored node and the stored size;
// - every event and entry: exact canonical bytes, positions without gaps, salts that change, times in order;
//   every event is found by its report and partner, and no other entry is in these indexes;
// - every ledger entry but `head` has exactly one event of its kind with its partner, report, version, digest
// and
//   (attribute `position`) place, and the reverse;
// - every delivery names places that exist, each release among them decided before it (`decide` for that
// version);
//   everything marked delivered has a delivery;
// - a ledger that began anew names the end of the one before, and events speak of the ledger of their time;
// - every policy that a decision or delivery names is kept, and each kept one has its digest; every receipt that an event
//   tells of is kept;
// - receipts: our signature, the partner's cosignature, and the root that our ledger had at that size;
// likewise the
//   last checkpoint of each partner's ledger to us;
// - each checkpoint in `held` is signed by us and of the log as it stands here, at that size;
// - every head in our ledgers is what is kept of it: a checkpoint of the audit log as stored; so are the checkpoints that
//   witnesses cosigned;
// - every holding agrees with the last ledger entry of its report; its rendition, cut anew from the stored
// copy, has
//   the digest that the ledger names; every stored copy has its own digest; of whom something was marked delivered to, the
//   holding says so too;
// - every report that was published is here as it was (`publish` names its digest), or was recalled or purged; every recall that
//   the log tells of is recorded, and the reverse; what officers said of reports is as it was recorded; what is recorded as current is what the stored copies say;
// - the bytes of every whole attachment have its digest;
// - what is recorded as purged by rule is not here, and an event (`lapse`, reason `purged`) tells of it.
// Findings go to `finding` (may be NULL) as they are found and are counted; of one tree only the first wrong
// node is told. ST_OK when all was looked at, whatever was found. Else what kept it from going on: ST_IO,
// ST_NOMEM, ST_CORRUPT (the database itself is damaged). Linear in what is stored; memory: two bits per
// ledger entry and 20 bytes per decided report version.
MUST_USE enum status verify_store(struct db_txn *t, const struct verify_options *o,
                                  void (*finding)(void *ctx, const struct verify_finding *f), void *ctx,
                                  struct verify_summary *ret);

#endif
