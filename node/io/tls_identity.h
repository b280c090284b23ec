// Who is the peer? One function for server and client (spec 4.1): the leaf certificate names exactly one
// configured principal; its chain is then verified against that principal's own anchors and CRLs alone.
//
// Principals: of our own domain spiffe://<own>/node (our own node, as a server only), /cell/<name>,
// /officer/<name>, /auditor/<name>, /operator/<name>; of each partner spiffe://<its trust domain>/node, or the
// subject or certificate digest configured for it. A partner's people are nobody here.
#ifndef RELTO_NODE_IO_TLS_IDENTITY_H
#define RELTO_NODE_IO_TLS_IDENTITY_H

#include <openssl/ssl.h>

#include "node/config.h"
#include "node/core/request.h"

struct tls_domains; // immutable: every domain's anchors, CRLs and the principals they vouch for

// Build from the configuration and the partners' cards. A broken file is a fault; nothing is half loaded.
// A configured CRL file that is not there refuses everybody of that domain, not the whole configuration.
// Contexts and connections keep what they need: the caller may free it when it likes.
MUST_USE enum status tls_domains_load(const struct config *c, struct diag *d, struct tls_domains **ret);
void tls_domains_free(struct tls_domains **t); // nulls, accepts NULL

// The same by hand: an empty set, then our own domain first, then each partner's.
struct tls_domain_spec {
    const char *id;            // partner id; "" = our own domain
    const char *trust_domain;
    struct span anchors_pem;   // at least one CA certificate
    const char *crl_file;      // PEM; NULL = no revocation lists are configured
    const char *subject_dn;    // RFC 2253 form; NULL = none
    const char *pin_sha256;    // 64 hex digits, or two of them and a space between; NULL = none
};
struct tls_domains *tls_domains_new(void); // NULL when memory is out
// ST_INVALID with a fault; ST_CONFLICT when another domain has this trust domain or id.
MUST_USE enum status tls_domains_add(struct tls_domains *t, const struct tls_domain_spec *s, struct diag *d);

// When all trust anchors of domain i have ended, and the first of its revocation lists (UTC_MAX: it has none). False
// beyond the last domain. The id is the domains'.
struct tls_domain_life {
    const char *id;
    utc_ms anchors_until, crl_until;
};
bool tls_domains_life(const struct tls_domains *t, size_t i, struct tls_domain_life *ret);

enum tls_purpose { TLS_PEER_IS_CLIENT, TLS_PEER_IS_SERVER };

// Identify and verify a peer at instant `now`: leaf, then the rest of the chain it sent (may be NULL; order and
// extra certificates do not matter). ST_OK and *ret (with certificate digest; role ROLE_NONE and id "" for our
// own node as a server); or ST_DENIED with a fault that says why, for our log only. *ret is zeroed first.
MUST_USE enum status tls_identify(const struct tls_domains *t, X509 *leaf, STACK_OF(X509) *chain,
                                  enum tls_purpose purpose, utc_ms now, struct diag *d, struct principal *ret);

// Contexts: TLS 1.3 only, our certificate, client certificate required, no tickets, no resumption, no early
// data, no authorities named; verification by tls_identify at the system's time. The context keeps a reference
// to the domains. ST_INVALID with faults that name the file; or as private_key_load.
MUST_USE enum status tls_server_ctx(const struct config *c, struct tls_domains *t, struct diag *d, SSL_CTX **ret);
// For our own connections to the node that must prove to be `expect` ("" = our own node, else a partner's id):
// sets up an SSL_CTX (made by libcurl or by us) with our certificate and the verification. `client_cert` and
// `client_key` are a PEM path and what private_key_load takes. The context keeps references to what it needs.
MUST_USE enum status tls_client_setup(SSL_CTX *ctx, struct tls_domains *t, const char *client_cert,
                                      const char *client_key, const char *expect, struct diag *d);
// After tls_client_setup, for whoever cannot ask the connection (libcurl closes it first): when the peer is refused,
// the reason is copied to ret_why ("" until then), which must outlive the handshake.
void tls_client_tell(SSL_CTX *ctx, char *ret_why, size_t cap);

// What the verification of this connection found; borrowed from the connection.
const struct principal *tls_principal(const SSL *ssl); // NULL before and without success
const char *tls_why(const SSL *ssl);                   // why it failed, "" when it did not
// The instant from which the verification would no longer succeed: end of a certificate or of a CRL.
utc_ms tls_valid_until(const SSL *ssl);
// Verify an established connection again, against these domains at this instant: ST_OK if it still is the same
// principal, else ST_DENIED and tls_why says it.
MUST_USE enum status tls_reverify(SSL *ssl, const struct tls_domains *t, enum tls_purpose purpose, utc_ms now);

#endif
