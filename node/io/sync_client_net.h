// HTTPS transfers to one other node on libcurl's multi interface, in the daemon's event loop. Used by the sync
// client alone. Every partner has its own set, so that no connection verified as one is ever used as another.
#ifndef RELTO_NODE_IO_SYNC_CLIENT_NET_H
#define RELTO_NODE_IO_SYNC_CLIENT_NET_H

#include <event2/event.h>

#include "node/io/tls_identity.h"

struct transfers; // connections to one node
struct transfer;  // one request under way

struct transfer_peer {
    const char *id;      // who must answer: the partner's id
    const char *address; // host:port
    const struct config *config; // our certificate
    struct tls_domains *domains;
};

struct transfer_answer {
    int status;        // HTTP status; 0 = none came
    struct span body;  // borrowed for the call
    const char *error; // why none came; else ""
};

struct transfer_ask {
    const char *path;
    struct span post;  // body; empty = GET. Copied.
    uint32_t wait_s;   // Prefer: wait=…; 0 = none
    size_t body_max;   // an answer beyond this fails
    void (*done)(void *ctx, const struct transfer_answer *a); // once, from the event loop; may start transfers,
    void *ctx;                                                // may not free the set
};

// Strings of `peer` are copied, configuration and domains must outlive the set.
MUST_USE enum status transfers_new(struct event_base *base, const struct transfer_peer *peer, struct transfers **ret);
// Ends all transfers without calling `done`, closes the connections. Nulls, accepts NULL.
void transfers_free(struct transfers **s);

// Begin. *ret is valid until `done` is called. ST_NOMEM.
MUST_USE enum status transfer_start(struct transfers *s, const struct transfer_ask *ask, struct transfer **ret);

#endif
