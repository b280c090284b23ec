// Exchanging with partners (spec 4.4): pulling their feeds, one loop per partner with pull = yes, on libcurl's multi interface in the
// daemon's event loop, and pushing ours to those that cannot call us (push_client.h).
#ifndef RELTO_NODE_IO_SYNC_CLIENT_H
#define RELTO_NODE_IO_SYNC_CLIENT_H

#include <event2/event.h>

#include "node/io/daemon.h"

struct sync_client;

// Start pulling from every peer of the node. Pages are applied by jobs handed to daemon_submit; receipts are sent
// after their commit. Connections are verified by tls_client_setup with `domains`, which outlives the client or
// its next reload.
MUST_USE enum status sync_client_new(struct event_base *base, struct node_state *node, struct tls_domains *domains,
                                     struct daemon *daemon, struct diag *d, struct sync_client **ret);
// After a reload: the node's peers and the domains are new. Every connection is closed and made again.
void sync_client_reload(struct sync_client *s, struct tls_domains *domains);
// Begin no new transfer and abandon those under way; jobs already submitted still finish. Accepts NULL.
void sync_client_stop(struct sync_client *s);
// These partners' ledgers (by index in the active policy) grew: push to whom we push. Accepts NULL.
void sync_client_grown(struct sync_client *s, const bool *grown);
void sync_client_free(struct sync_client **s);

#endif
