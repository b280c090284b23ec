// Pushing our feed to the partners that cannot call us (spec 4.4): one loop per partner with push = yes. What leaves goes
// through the door (egress.h), under permits that are asked until the last byte. Used by the sync client.
//
// Reading chosen for "caps and windows per partner": each direction has a cap of its own (fetch-bytes-per-s, push-bytes-per-s), since
// those of a link are rarely the same; both have the partner's hours, which recalls that are pushed do not wait for.
#ifndef RELTO_NODE_IO_PUSH_CLIENT_H
#define RELTO_NODE_IO_PUSH_CLIENT_H

#include <event2/event.h>

#include "node/io/daemon.h"

struct push_client;

// ST_NOMEM.
MUST_USE enum status push_client_new(struct event_base *base, struct node_state *node, struct tls_domains *domains,
                                     struct daemon *daemon, struct push_client **ret);
// After a reload: partners and domains are new, every connection is made again.
void push_client_reload(struct push_client *c, struct tls_domains *domains);
// These partners' ledgers grew, by index in the active policy. Accepts NULL.
void push_client_grown(struct push_client *c, const bool *grown);
// Abandon what is under way and begin nothing new. Accepts NULL.
void push_client_stop(struct push_client *c);
void push_client_free(struct push_client **c);

#endif
