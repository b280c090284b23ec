// Trust anchors of one nation, by which the certificate that travels with its reports is judged (spec 4.6). X.509 over
// OpenSSL; the anchors of one nation are never put together with those of another.
#ifndef RELTO_FORMATS_ANCHORS_H
#define RELTO_FORMATS_ANCHORS_H

#include "formats/signature.h"

enum { ANCHORS_CERTS_MAX = 64, ANCHORS_CRLS_MAX = 64 }; // in one file

struct anchors;

// Load concatenated PEM certificates (each of them is trusted, intermediate ones and single certificates too) and
// revocation lists (`crl_pem` empty = revocation is not checked). ST_INVALID with a fault, ST_LIMIT, ST_NOMEM. Free with
// anchors_free (nulls, accepts NULL).
MUST_USE enum status anchors_load(struct span pem, struct span crl_pem, struct diag *d, struct anchors **ret);
void anchors_free(struct anchors **a);

// NULL when the certificate chains to these anchors, everything in the chain was valid at `at`, and it is not revoked at
// `now`. Else why not, as a stable word; static. What the certificate may be used for is asked elsewhere.
const char *anchors_objection(const struct anchors *a, const struct verifying_key *k, utc_ms at, utc_ms now);

#endif
