// Inside of the TLS identity files: the domains and their verification. Use tls_identity.h.
#ifndef RELTO_NODE_IO_TLS_DOMAINS_H
#define RELTO_NODE_IO_TLS_DOMAINS_H

#include "formats/base/limits.h"
#include "node/io/tls_identity.h"

enum { TRUST_DOMAIN_MAX = 128, SUBJECT_MAX = 1024, DOMAINS_MAX = PARTNERS_MAX + 1,
       PINS_MAX = 2 }; // pins: the certificate in use, and the one that takes its place

struct domain {
    char id[65];             // "" = our own
    char trust_domain[TRUST_DOMAIN_MAX + 1];
    X509_STORE *store;       // its anchors and CRLs, and nothing else
    utc_ms anchors_until;    // latest end of an anchor
    utc_ms crl_until;        // earliest end of a CRL; UTC_MAX when none is configured
    char subject_dn[SUBJECT_MAX];
    size_t pin_count;
    struct digest pins[PINS_MAX];
};

struct tls_domains {
    size_t refs;
    size_t count;
    struct domain *list[DOMAINS_MAX];
};

struct tls_domains *tls_domains_ref(struct tls_domains *t);

// As tls_identify; *ret_until as tls_valid_until, set on success.
enum status tls_identify_until(const struct tls_domains *t, X509 *leaf, STACK_OF(X509) *chain,
                               enum tls_purpose purpose, utc_ms now, struct diag *d, struct principal *ret,
                               utc_ms *ret_until);
// The instant of an ASN.1 time, UTC_MIN when it cannot be read.
utc_ms tls_time(const ASN1_TIME *t);

#endif
