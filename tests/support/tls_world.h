// A small world of certification authorities, certificates and node files in a temporary folder.
#ifndef RELTO_TESTS_SUPPORT_TLS_WORLD_H
#define RELTO_TESTS_SUPPORT_TLS_WORLD_H

#include "node/io/pki.h"
#include "node/io/tls_identity.h"

#define TLS_DAY ((int64_t)86400000)

struct tls_ca {
    struct buf key, cert; // PEM
};

struct tls_world {
    char dir[64];
    utc_ms now;
    struct tls_ca gbr, fra; // trust domains gbr.example (ours) and fra.example
    struct config config;   // of the node GBR: TLS files and listeners on free ports
    char paths[8][128];
    struct tls_domains *domains; // GBR and FRA, without CRLs
    struct diag d;
};

// Make it; every failure fails the test.
void tls_world_init(struct tls_world *w);
void tls_world_fini(struct tls_world *w);

void tls_ca_init(struct tls_ca *ca, const char *name, const char *trust_domain, utc_ms now);
void tls_ca_fini(struct tls_ca *ca);
// A key and certificate as files DIR/<stem>.key and DIR/<stem>.pem. `uri` may be NULL.
void tls_issue(struct tls_world *w, const struct tls_ca *ca, const char *stem, const char *uri, const char *eku,
               utc_ms from, utc_ms until);
// DIR/<name>, in one of a few static buffers.
const char *tls_path(const struct tls_world *w, const char *name);
// Write a CRL of the CA to DIR/<name>, naming the certificate DIR/<stem>.pem (NULL = nobody).
void tls_crl(struct tls_world *w, const struct tls_ca *ca, const char *name, const char *stem, utc_ms from, utc_ms until);
// The certificate of DIR/<stem>.pem; the caller frees it.
X509 *tls_cert(const struct tls_world *w, const char *stem);
// Domains of GBR and FRA with CRL files (NULL = none) and, for FRA, further names.
struct tls_domains *tls_world_domains(struct tls_world *w, const char *gbr_crl, const char *fra_crl, const char *dn,
                                      const char *pin);

#endif
