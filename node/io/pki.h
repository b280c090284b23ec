// The small built-in certification authority and key making of `relto init` and `relto cert` (spec 6.2).
#ifndef RELTO_NODE_IO_PKI_H
#define RELTO_NODE_IO_PKI_H

#include "formats/base/diag.h"
#include "formats/base/utctime.h"

struct pki_request {
    const char *common_name;
    const char *uri;       // SPIFFE id for the URI SAN; NULL = none (report signing)
    const char *eku;       // "tls" (client and server), "client", or an OID text; NULL = none
    const char *dns;       // DNS or NULL
    utc_ms from, until;
};
// New P-256 key as PEM.
MUST_USE enum status pki_key(struct buf *out_key_pem);
// Self-signed CA certificate (path length 0, name constraint on the trust domain's URI) for a key.
MUST_USE enum status pki_ca(struct span key_pem, const char *common_name, const char *trust_domain, utc_ms from,
                            utc_ms until, struct buf *out_cert_pem, struct diag *d);
// Certificate for the public half of `key_pem`, signed by the CA.
MUST_USE enum status pki_issue(struct span ca_key_pem, struct span ca_cert_pem, struct span key_pem,
                               const struct pki_request *r, struct buf *out_cert_pem, struct diag *d);
// CRL naming the serials (hex) given, valid from now to next_update.
MUST_USE enum status pki_crl(struct span ca_key_pem, struct span ca_cert_pem, const char *const *serials, size_t count,
                             utc_ms now, utc_ms next_update, struct buf *out_crl_pem, struct diag *d);
// Serial (hex), subject, URI and end of life of a certificate, for listings.
struct pki_facts {
    char serial[64], subject[256], uri[256], sha256[65];
    utc_ms from, until;
};
MUST_USE enum status pki_facts(struct span cert_pem, struct pki_facts *ret);

#endif
