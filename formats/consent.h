// The originating nation's consent to its report being passed on (spec 4.5). Namespace urn:relto:consent:1.
//
//   <consent xmlns="urn:relto:consent:1"><grant Id="grant" at="…" expires="…" nation="GBR" recipient="DEU"
//     rendition="sha256:…" report="urn:uuid:…" request="urn:uuid:…" requester="FRA" version="1"></grant>
//     <ds:Signature …>…</ds:Signature></consent>                    (in one line, canonical)
//
// is signed like a report: ds:Signature over one Manifest, Id relto-consent-1, that names the grant. A revocation is the
// same with <revocation Id="revocation" …> in the place of the grant, and one attribute more: grant="sha256:…", the digest
// of the document that it takes back. `rendition` is what the originating nation released to the requester: consent is to
// that going on, or less of it.
#ifndef RELTO_FORMATS_CONSENT_H
#define RELTO_FORMATS_CONSENT_H

#include "formats/base/encode.h"
#include "formats/signature.h"

#define NS_CONSENT "urn:relto:consent:1"

enum { CONSENT_PARTY_MAX = 64, CONSENT_BYTES_MAX = 8192, CONSENT_REQUEST_BYTES_MAX = 4096 };

// What a consent is asked for.
struct consent_request {
    struct uuid report;
    uint32_t version;
    struct digest rendition;                 // of the requester's copy
    char recipient[CONSENT_PARTY_MAX + 1];   // who would get it
    utc_ms asked;                            // tells this request from an earlier one for the same
};

struct consent {
    bool revocation;
    struct consent_request what;
    struct uuid request;                     // consent_request_id: `what.asked` is not written
    char nation[CONSENT_PARTY_MAX + 1];      // who consents: the originating nation
    char requester[CONSENT_PARTY_MAX + 1];   // who may pass it on
    utc_ms at, expires;                      // valid for at <= t < expires
    struct digest grant;                     // revocation: of the document that is taken back
};

// A nation as it may stand here: 1 to 64 letters, digits, '.', '_' and '-'.
bool consent_party_valid(const char *id);
// Names a request at both ends: made from all that it says and who asks.
struct uuid consent_request_id(const struct consent_request *r, const char *requester);

// Append the request as a document: <request xmlns="urn:relto:consent:1" …></request>.
void consent_request_write(const struct consent_request *r, struct buf *out);
// Read one. ST_INVALID with faults, or what xml_read returns.
MUST_USE enum status consent_request_read(struct span bytes, struct diag *d, struct consent_request *ret);

// Append the signed document. ST_INVALID when a party is not valid; ST_NOMEM, or the buffer's failure: `out` is as it was.
MUST_USE enum status consent_write(const struct consent *c, const struct signing_key *key, struct buf *out);
// Read one: it must be exactly the bytes that consent_write makes but for how the certificate is named; the digest is
// checked, the signature is not. ST_INVALID, ST_BAD_SIGNATURE (a digest differs), or what xml_read returns.
MUST_USE enum status consent_read(struct span bytes, struct diag *d, struct consent *ret, struct signature_facts *ret_signature);
// NULL when this key made the signature, may sign consents, and was valid when it did. Else why not, as a stable word; static.
const char *consent_key_objection(const struct consent *c, const struct signature_facts *f, const struct verifying_key *key);

#endif
