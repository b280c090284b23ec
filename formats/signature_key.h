// Inside the signature module: keys and certificates over OpenSSL, and how KeyInfo names a certificate.
#ifndef RELTO_FORMATS_SIGNATURE_KEY_H
#define RELTO_FORMATS_SIGNATURE_KEY_H

#include "formats/signature.h"

enum { SIGNATURE_VALUE_LEN = 64 }; // r ‖ s

// Both names of a certificate. ski_len is 0 when the certificate has no identifier of at most SKI_MAX bytes.
struct certificate_name {
    uint8_t ski[SKI_MAX];
    size_t ski_len;
    char issuer[ISSUER_MAX]; // RFC 2253
    char serial[SERIAL_MAX]; // decimal
};

const struct certificate_name *signing_key_name(const struct signing_key *key);
// ECDSA P-256 over SHA-256 of the message. ST_UNREACHABLE when the token that holds the key does not sign; ST_NOMEM.
MUST_USE enum status signing_key_sign(const struct signing_key *key, struct span message,
                                      uint8_t value[SIGNATURE_VALUE_LEN]);
// The certificate itself; borrowed.
struct x509_st *verifying_key_x509(const struct verifying_key *key);
// Does the value verify for a message with this SHA-256? ST_OK or ST_BAD_SIGNATURE; ST_NOMEM.
MUST_USE enum status verifying_key_check(const struct verifying_key *key, const struct digest *message,
                                         const uint8_t value[SIGNATURE_VALUE_LEN]);

#endif
