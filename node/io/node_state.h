// A node directory brought to life: configuration, keys, partners' cards, store and active policy, as the
// `struct core` that the flows work on. Used by reltod and, for reading, by the command line.
#ifndef RELTO_NODE_IO_NODE_STATE_H
#define RELTO_NODE_IO_NODE_STATE_H

#include "node/config.h"
#include "node/core/core.h"

struct node_state {
    struct arena *arena; // owns the configuration
    const struct config *config;
    int lock_fd; // NODE_DAEMON: the store is ours alone; else -1
    struct core core;
};

enum node_use {
    NODE_DAEMON, // reads and writes, all private keys; activates the configured policy if none is active yet
    NODE_WRITER, // the command line beside a daemon, writing an event of its own: no private keys
    NODE_LOGS,   // the same, signing checkpoints: with the keys of the audit log and of the ledgers
    NODE_READER, // read-only: no private keys
    NODE_CHECK,  // read and check every file that a daemon would, without a store
    NODE_PARTS,  // configuration, cards and the signing keys of reports and consents alone, for a reload
};

// Bring up the node in directory `dir`. Faults say which file and what to do. ST_NOT_FOUND when the directory
// holds no configuration. Free with node_close (nulls, accepts half-built ones).
MUST_USE enum status node_open(const char *dir, enum node_use use, struct diag *d, struct node_state **ret);
void node_close(struct node_state **n);
// Exchange configuration, partners, own card and signing keys of a running node with those of `fresh` (opened as NODE_PARTS).
// The old ones live on in `fresh`, until nobody uses them and it is closed.
void node_swap_parts(struct node_state *n, struct node_state *fresh);

// Read a partner's card file and make a peer of it. The caller owns it until it stands in core.peers.
MUST_USE enum status peer_load(const struct config_partner *p, struct diag *d, struct peer **ret);
void peer_free(struct peer **p);

#endif
