// Fetches partners' newer cards (spec 4.6): of those whose feed we pull, when we begin with them, once a day, and when a
// report of theirs names a key that the card held does not list. One that the card held vouches for is taken into use at once,
// and what waits in quarantine for its keys is looked at again; any other is an alarm for the operator.
#ifndef RELTO_NODE_IO_CARD_CLIENT_H
#define RELTO_NODE_IO_CARD_CLIENT_H

#include "node/io/daemon.h"

enum { CARD_RETRY_REPORTS_MAX = 64 }; // in quarantine of all partners looked at again by itself: bounds the tick

struct card_client;

MUST_USE enum status card_client_new(struct event_base *base, struct node_state *node, struct tls_domains *domains,
                                     struct daemon *daemon, struct card_client **ret);
// After a tick: does a report want a newer card? Each partner is asked at most once in [release] retry-max-ms.
void card_client_look(struct card_client *c);
// After a reload, or when a card was taken into use: peers and domains are new.
void card_client_reload(struct card_client *c, struct tls_domains *domains);
void card_client_stop(struct card_client *c); // accepts NULL
void card_client_free(struct card_client **c);

#endif
