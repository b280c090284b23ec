// The XML-DSig manifest signature of spec 2.2, byte-exact: built from a fixed layout and compared with it, so
// that there is no transform, id lookup or second place for a signature to hide. ECDSA P-256, SHA-256.
#ifndef RELTO_FORMATS_SIGNATURE_H
#define RELTO_FORMATS_SIGNATURE_H

#include "formats/base/sha256.h"
#include "formats/base/utctime.h"
#include "formats/xml.h"

#define NS_DSIG "http://www.w3.org/2000/09/xmldsig#"

struct evp_pkey_st;   // OpenSSL's EVP_PKEY
struct signing_key;   // private key and its certificate
struct verifying_key; // certificate with its public key

// Load a PEM private key (P-256) and its PEM certificate. ST_INVALID when they do not belong together or
// are of another kind. Free with signing_key_free (nulls, accepts NULL).
MUST_USE enum status signing_key_load(struct span key_pem, struct span cert_pem, struct diag *d,
                                      struct signing_key **ret);
// The same for a private key that OpenSSL holds, wherever it is kept (node/io/private_key.h). The key gets a reference.
MUST_USE enum status signing_key_make(struct evp_pkey_st *pkey, struct span cert_pem, struct diag *d,
                                      struct signing_key **ret);
void signing_key_free(struct signing_key **k);

MUST_USE enum status verifying_key_load(struct span cert_pem, struct diag *d, struct verifying_key **ret);
// The same from DER, as certificates travel in feeds; at most CERTIFICATE_BYTES_MAX.
MUST_USE enum status verifying_key_load_der(struct span der, struct diag *d, struct verifying_key **ret);
void verifying_key_free(struct verifying_key **k);
// Append the certificate's DER. ST_NOMEM, or the buffer's failure.
MUST_USE enum status verifying_key_der(const struct verifying_key *k, struct buf *out);
// Validity of the certificate: from <= t <= until.
bool verifying_key_valid_at(const struct verifying_key *k, utc_ms t);
// May it sign reports: digitalSignature key usage and our own extended use (RELTO_EKU_REPORT).
bool verifying_key_signs_reports(const struct verifying_key *k);
// The same for consents (RELTO_EKU_CONSENT).
bool verifying_key_signs_consents(const struct verifying_key *k);
#define RELTO_EKU_REPORT "2.25.213806142190873263911029394301262846351" // id-kp of report signing
#define RELTO_EKU_CONSENT "2.25.213806142190873263911029394301262846352" // id-kp of consent signing

enum { CERTIFICATE_BYTES_MAX = 8192, SIGNATURE_REFS_MAX = 1026, SKI_MAX = 32, ISSUER_MAX = 1024, SERIAL_MAX = 64 };

// What a signature says: enough to find the key and to check the value.
struct signature_facts {
    struct digest signed_info;     // SHA-256 of the canonical SignedInfo
    uint8_t value[64];             // r ‖ s
    uint8_t ski[SKI_MAX];          // key identifier, when named so
    size_t ski_len;                // 0 = named by issuer and serial
    char issuer[ISSUER_MAX], serial[SERIAL_MAX];
};

// Is this the certificate that the signature names?
bool verifying_key_is_named(const struct verifying_key *k, const struct signature_facts *f);

// SHA-256 of the exclusive C14N of an element that was cut out of a canonical document: its bytes with the
// declaration (` xmlns="…"`, of the one namespace that it inherits) inserted behind its name. No copy is made.
struct digest element_digest(struct span element, const char *declaration);

// Append the complete <ds:Signature> over `count` children with these Ids and digests, to stand as the last
// child of a document element. `manifest_id` is relto-report-1, relto-consent-1 … The Ids need no escaping.
// KeyInfo names the certificate by its subject key identifier, or by issuer and serial number where it has
// none. ST_NOMEM, or the buffer's failure; then `out` is as it was.
MUST_USE enum status signature_write(const char *manifest_id, const char *const *ids, const struct digest *digests,
                                     size_t count, const struct signing_key *key, struct buf *out);
// Read a <ds:Signature> element whose canonical bytes are `bytes`; digests of the manifest go to ret_digests.
// ST_INVALID unless the bytes are exactly the layout for these Ids in this order; ST_BAD_SIGNATURE when the
// manifest has another digest than SignedInfo says. Two things may vary: how KeyInfo names the certificate,
// and whether the reference to the manifest states its Type (we write it; stock templates may leave it out).
MUST_USE enum status signature_read(const struct xml_node *element, struct span bytes, const char *manifest_id,
                                    const char *const *ids, size_t count, struct diag *d,
                                    struct digest *ret_digests, struct signature_facts *ret);
// The same from the bytes alone, without a tree, for a certificate that is named by its key identifier. What is true is what
// signature_read accepts; about anything else that has to be asked, also for what is wrong. On false nothing is set for sure.
bool signature_match(struct span bytes, const char *manifest_id, const char *const *ids, size_t count,
                     struct digest *ret_digests, struct signature_facts *ret);
MUST_USE enum status signature_check(const struct signature_facts *f, const struct verifying_key *key);

#endif
