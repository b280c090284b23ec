// Our requests for consent to one partner's reports (spec 4.5): sent until it has them, then its answers fetched at intervals
// while any request is open. Everything is in the store, so that nothing is lost by any break. Used by the sync client.
#ifndef RELTO_NODE_IO_SYNC_CONSENT_H
#define RELTO_NODE_IO_SYNC_CONSENT_H

#include "node/io/daemon.h"
#include "node/io/sync_client_net.h"

struct consent_asker;

// For this partner. `on_idle` is called whenever a job of it has ended after consent_asker_stop. ST_NOMEM.
MUST_USE enum status consent_asker_new(struct event_base *base, struct node_state *node, struct daemon *daemon, const char *partner,
                                       void (*on_idle)(void *ctx), void *ctx, struct consent_asker **ret);
// Not while it is busy, unless no job of it will end any more. Nulls, accepts NULL.
void consent_asker_free(struct consent_asker **c);
// Use these connections from now on; those before are gone, with the transfer on them.
void consent_asker_connect(struct consent_asker *c, struct transfers *net);
// Begin nothing new; its connections are gone or go now.
void consent_asker_stop(struct consent_asker *c);
// A job of it is with the daemon.
bool consent_asker_is_busy(const struct consent_asker *c);

#endif
