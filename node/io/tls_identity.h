// Who is the peer? One function for server and client (spec 4.1): the leaf certificate names exactly one
// configured principal; its chain is then verified against that principal's own anchors and CRLs alone.
#ifndef RELTO_NODE_IO_TLS_IDENTITY_H
#define RELTO_NODE_IO_TLS_IDENTITY_H

#include <openssl/ssl.h>

#include "node/config.h"
#include "node/core/request.h"

struct tls_domains; // immutable: every domain's anchors, CRLs and the principals they vouch for

// Build from the configuration and the partners' cards. A broken file is a fault; nothing is half loaded.
MUST_USE enum status tls_domains_load(const struct config *c, struct diag *d, struct tls_domains **ret);
void tls_domains_free(struct tls_domains **t);

enum tls_purpose { TLS_PEER_IS_CLIENT, TLS_PEER_IS_SERVER };

// Identify and verify a peer at instant `now`: leaf, then the rest of the chain it sent (may be NULL).
// ST_OK and *ret (with certificate digest); or ST_DENIED with a fault that says why, for our log only.
MUST_USE enum status tls_identify(const struct tls_domains *t, X509 *leaf, STACK_OF(X509) *chain,
                                  enum tls_purpose purpose, utc_ms now, struct diag *d, struct principal *ret);

// Contexts: TLS 1.3 only, our certificate, client certificate required, no tickets, no resumption, no early
// data, no authorities named; verification by tls_identify. The context keeps a reference to the domains given by tls_use_domains.
MUST_USE enum status tls_server_ctx(const struct config *c, struct tls_domains *t, struct diag *d, SSL_CTX **ret);
// For our own connections to the node that must prove to be `expect` ("" = our own node): sets up an SSL_CTX (made by libcurl or
// by us) with our certificate and the verification. `client_cert`/`client_key` PEM paths. `expect` must outlive the ctx.
MUST_USE enum status tls_client_setup(SSL_CTX *ctx, const struct tls_domains *t, const char *client_cert,
                                      const char *client_key, const char *expect, struct diag *d);
// The principal that the server side's verification of this connection found.
const struct principal *tls_principal(const SSL *ssl);

#endif
