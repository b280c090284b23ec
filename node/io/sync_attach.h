// Fetching the attachments of one partner's reports (spec 4.4): one at a time, by Range after any break, each piece
// durable before it is counted. Used by the sync client.
#ifndef RELTO_NODE_IO_SYNC_ATTACH_H
#define RELTO_NODE_IO_SYNC_ATTACH_H

#include "node/io/daemon.h"
#include "node/io/sync_client_net.h"

struct attach_fetcher;

// For this partner. `on_idle` is called whenever a job of it has ended after attach_fetcher_stop. ST_NOMEM.
MUST_USE enum status attach_fetcher_new(struct event_base *base, struct node_state *node, struct daemon *daemon,
                                        const char *partner, void (*on_idle)(void *ctx), void *ctx,
                                        struct attach_fetcher **ret);
// Not while it is busy, unless no job of it will end any more. Nulls, accepts NULL.
void attach_fetcher_free(struct attach_fetcher **a);
// Use these connections from now on; those before are gone, with the transfer on them.
void attach_fetcher_connect(struct attach_fetcher *a, struct transfers *net);
// Something may have become missing: look.
void attach_fetcher_look(struct attach_fetcher *a);
// Begin nothing new; its connections are gone or go now.
void attach_fetcher_stop(struct attach_fetcher *a);
// A job of it is with the daemon.
bool attach_fetcher_is_busy(const struct attach_fetcher *a);

#endif
