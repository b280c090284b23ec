// The HTTPS service and the loopback metrics listener on libevent (spec 4.1): connections, deadlines, limits.
#ifndef RELTO_NODE_IO_SERVER_H
#define RELTO_NODE_IO_SERVER_H

#include <event2/event.h>

#include "node/core/core.h"
#include "node/io/tls_identity.h"

struct server;

// How the service hands a complete request over, and how the answer comes back (at once, from inside on_request,
// or in a later loop iteration): the receiver calls server_reply exactly once for each request it was given,
// unless `on_gone` told it that the connection is no more. The request's memory is borrowed until then. One
// request at a time for each connection. No callback may free the server.
struct server_handler {
    void *ctx;
    void (*on_request)(void *ctx, struct server *s, uint64_t request_id, const struct request *rq);
    void (*on_gone)(void *ctx, uint64_t request_id);
    // GET on the plain loopback listener: fill the reply at once (/metrics, /healthz, /readyz).
    void (*on_plain)(void *ctx, const struct http_head *head, struct reply *rp);
    void (*on_denied)(void *ctx, const char *address, const char *why); // handshake or limit refused
    // Does the body of this request come in pieces (request.h)? NULL = none does.
    bool (*streams)(void *ctx, const struct principal *who, const struct http_head *head);
};

// Listen on the configuration's addresses. The configuration is not kept; the domains are referenced. ST_IO or
// ST_INVALID with faults that name the address or the file.
MUST_USE enum status server_new(struct event_base *base, const struct config *c, struct tls_domains *domains,
                                const struct server_handler *h, struct diag *d, struct server **ret);
// Ends every connection (on_gone for requests that are out). Not from inside a callback. Nulls, accepts NULL.
void server_free(struct server **s);
// Addresses in use ("127.0.0.1:40123"), for run/address when port 0 was asked.
const char *server_address(const struct server *s);
const char *server_metrics_address(const struct server *s);
// Send the answer; takes over the reply's contents (reply_fini is done by it). Report bytes go through
// egress (egress.h), with the policy digest in force now (NULL for replies without items); if a permit does not
// cover them, the client gets 503 and on_denied is told. An unknown request id is ignored. A reply with status 0
// (held) is not for here: keep the id and answer later.
void server_reply(struct server *s, uint64_t request_id, struct reply *rp, const struct digest *policy, utc_ms now);
// In place of server_reply, after a piece that is not the last: have the next one, which is another request.
void server_go_on(struct server *s, uint64_t request_id, utc_ms now);
// Another policy is in force now: what is on its way goes on only as far as it allows (spec 8-12).
void server_policy(struct server *s, const struct digest *policy);
// Does so much wait to be taken by this request's principal that it should get nothing large now? (Each answer holds
// its renditions until the last byte is taken, which a slow or hostile partner can draw out on many connections.)
bool server_is_choked(struct server *s, uint64_t request_id);
// Use new certificates, domains and limits (addresses stay): re-verifies every open connection and held
// request, closes those that fail. On failure nothing has changed.
MUST_USE enum status server_reload(struct server *s, const struct config *c, struct tls_domains *domains, struct diag *d);
// Stop accepting and close idle connections; the rest end with their current answer (answer held requests).
void server_stop_accepting(struct server *s);
// Read, as the loop would, what has come in on connections that have no request out, and send on what is left of answers: for somebody
// who keeps the loop waiting and wants to hear what is asked meanwhile (on_request). True: somebody wants to connect, which only the loop can do.
bool server_look(struct server *s);
// Connections open now, of both listeners.
size_t server_connections(const struct server *s);

#endif
