// Ed25519 signatures (RFC 8032) over OpenSSL, with keys as the bare 32 bytes that notes and cards carry.
#ifndef RELTO_FORMATS_ED25519_H
#define RELTO_FORMATS_ED25519_H

#include "formats/base/span.h"
#include "formats/base/status.h"

enum { ED25519_LEN = 32, ED25519_SIG_LEN = 64 };

// Sign the message with the private key `seed`. ST_OK or ST_NOMEM: any seed and any message will do.
MUST_USE enum status ed25519_sign(const uint8_t seed[ED25519_LEN], struct span message,
                                  uint8_t ret_sig[ED25519_SIG_LEN]);
// Is this the signature of the message by the key `pub`? False also for bytes that are no key, and without memory.
bool ed25519_verify(const uint8_t pub[ED25519_LEN], struct span message, const uint8_t sig[ED25519_SIG_LEN]);
// The public key that belongs to a seed. ST_OK or ST_NOMEM.
MUST_USE enum status ed25519_public(const uint8_t seed[ED25519_LEN], uint8_t ret_pub[ED25519_LEN]);

#endif
