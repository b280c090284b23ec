// Asking witnesses (partners with ask-witness = yes) to cosign our audit log, at the rhythm of [audit] witness-minutes.
#ifndef RELTO_NODE_IO_WITNESS_CLIENT_H
#define RELTO_NODE_IO_WITNESS_CLIENT_H

#include "node/io/daemon.h"

struct witness_client;

// Start asking, at once and then whenever the time has come and the log has grown. As sync_client_new.
MUST_USE enum status witness_client_new(struct event_base *base, struct node_state *node, struct tls_domains *domains,
                                        struct daemon *daemon, struct witness_client **ret);
// After a reload: the node's peers and the domains are new.
void witness_client_reload(struct witness_client *c, struct tls_domains *domains);
void witness_client_stop(struct witness_client *c); // accepts NULL
void witness_client_free(struct witness_client **c);

#endif
