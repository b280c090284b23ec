// The small built-in certification authority and key making of `relto init` and `relto cert` (spec 6.2).
#ifndef RELTO_NODE_IO_PKI_H
#define RELTO_NODE_IO_PKI_H

#include "formats/base/diag.h"
#include "formats/base/utctime.h"

struct pki_request {
    const char *common_name; // 1 to 64 bytes of UTF-8
    const char *uri;         // SPIFFE id for the URI SAN; NULL = none (report signing)
    const char *eku;         // "tls" (client and server), "client", or an OID text; NULL = none
    const char *dns;         // DNS or NULL
    utc_ms from, until;      // validity, cut to seconds
};

// Append a new P-256 key as PEM (PKCS#8). The caller wipes the buffer.
MUST_USE enum status pki_key(struct buf *out_key_pem);

// Append a self-signed CA certificate for a key: path length 0, and a critical name constraint, so that it can
// name nobody outside spiffe://<trust_domain>. ST_INVALID with a fault.
MUST_USE enum status pki_ca(struct span key_pem, const char *common_name, const char *trust_domain, utc_ms from,
                            utc_ms until, struct buf *out_cert_pem, struct diag *d);

// Append a certificate for the public half of `key_pem` (a private key, or the public one alone), signed by the CA: no CA, key usage digitalSignature,
// random serial of 127 bits. ST_INVALID with a fault, also when CA key and certificate do not belong together.
MUST_USE enum status pki_issue(struct span ca_key_pem, struct span ca_cert_pem, struct span key_pem,
                               const struct pki_request *r, struct buf *out_cert_pem, struct diag *d);

// Append a CRL naming the serials (hex) given, valid from now to next_update. It names all that stay revoked,
// every time. ST_INVALID with a fault.
MUST_USE enum status pki_crl(struct span ca_key_pem, struct span ca_cert_pem, const char *const *serials, size_t count,
                             utc_ms now, utc_ms next_update, struct buf *out_crl_pem, struct diag *d);

// What a listing shows of a certificate.
struct pki_facts {
    char serial[64];   // lower-case hex
    char subject[256]; // RFC 2253, the form of `subject-dn` in relto.conf
    char uri[256];     // first URI SAN, "" = none
    char sha256[65];   // of the certificate, the form of `pin-sha256` in relto.conf
    utc_ms from, until;
};
// ST_INVALID when it is no certificate, or one of its names is longer than these fields.
MUST_USE enum status pki_facts(struct span cert_pem, struct pki_facts *ret);

#endif
