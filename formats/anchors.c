#include "formats/anchors.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "formats/pem.h"
#include "formats/signature_key.h"

struct anchors {
    X509_STORE *store;
    bool revocation; // lists are there
};

static enum status refuse(struct diag *d, const char *rule, const char *message)
{
    diag_add(d, 0, 0, rule, NULL, "%s", message);
    ERR_clear_error();
    return ST_INVALID;
}

// Was the last thing that OpenSSL could not read simply the end of the file?
static bool at_end(void)
{
    bool end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    return end;
}

static enum status add_certificates(X509_STORE *store, struct span pem, struct diag *d)
{
    size_t count = 0;
    BIO *bio = pem_bio(pem);
    if (!bio)
        return ST_NOMEM;
    for (X509 *x; count <= ANCHORS_CERTS_MAX && (x = PEM_read_bio_X509(bio, NULL, pem_no_passphrase, NULL)); count++) {
        int added = X509_STORE_add_cert(store, x);
        X509_free(x);
        if (added != 1)
            break;
    }
    bool end = at_end();
    BIO_free(bio);
    if (count > ANCHORS_CERTS_MAX)
        return refuse(d, "anchors", "too many certificates in one file");
    return end && count > 0 ? ST_OK : refuse(d, "anchors", "expected PEM certificates (-----BEGIN CERTIFICATE-----)");
}

static enum status add_lists(X509_STORE *store, struct span pem, struct diag *d)
{
    size_t count = 0;
    BIO *bio = pem_bio(pem);
    if (!bio)
        return ST_NOMEM;
    for (X509_CRL *x; count <= ANCHORS_CRLS_MAX && (x = PEM_read_bio_X509_CRL(bio, NULL, pem_no_passphrase, NULL)); count++) {
        int added = X509_STORE_add_crl(store, x);
        X509_CRL_free(x);
        if (added != 1)
            break;
    }
    bool end = at_end();
    BIO_free(bio);
    if (count > ANCHORS_CRLS_MAX)
        return refuse(d, "revocation-list", "too many revocation lists in one file");
    return end && count > 0 ? ST_OK : refuse(d, "revocation-list", "expected PEM revocation lists (-----BEGIN X509 CRL-----)");
}

enum status anchors_load(struct span pem, struct span crl_pem, struct diag *d, struct anchors **ret)
{
    struct anchors *a = calloc(1, sizeof *a);
    if (!a)
        return ST_NOMEM;
    a->store = X509_STORE_new();
    a->revocation = crl_pem.len > 0;
    enum status st = a->store ? add_certificates(a->store, pem, d) : ST_NOMEM;
    if (st == ST_OK && a->revocation)
        st = add_lists(a->store, crl_pem, d);
    if (st == ST_OK)
        *ret = a;
    else
        anchors_free(&a);
    return st;
}

void anchors_free(struct anchors **a)
{
    if (!*a)
        return;
    X509_STORE_free((*a)->store);
    free(*a);
    *a = NULL;
}

// For the look at revocation, which is about now: what has expired since is no fault of the report's.
static int ignore_life(int ok, X509_STORE_CTX *ctx)
{
    int error = X509_STORE_CTX_get_error(ctx);
    return ok || error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID;
}

// X509_V_OK or what is wrong with the chain.
static int chain_error(const struct anchors *a, const struct verifying_key *k, utc_ms at, unsigned long flags, bool any_life)
{
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    int error = X509_V_ERR_OUT_OF_MEM;
    if (ctx && X509_STORE_CTX_init(ctx, a->store, verifying_key_x509(k), NULL) == 1) {
        X509_STORE_CTX_set_flags(ctx, flags | X509_V_FLAG_PARTIAL_CHAIN);
        X509_STORE_CTX_set_time(ctx, 0, (time_t)(at / 1000));
        if (any_life)
            X509_STORE_CTX_set_verify_cb(ctx, ignore_life);
        bool good = X509_verify_cert(ctx) == 1;
        error = X509_STORE_CTX_get_error(ctx);
        error = good ? X509_V_OK : error == X509_V_OK ? X509_V_ERR_UNSPECIFIED : error;
    }
    X509_STORE_CTX_free(ctx);
    ERR_clear_error();
    return error;
}

const char *anchors_objection(const struct anchors *a, const struct verifying_key *k, utc_ms at, utc_ms now)
{
    if (chain_error(a, k, at, 0, false) != X509_V_OK)
        return "certificate-untrusted";
    if (!a->revocation)
        return NULL;
    int error = chain_error(a, k, now, X509_V_FLAG_CRL_CHECK, true);
    if (error == X509_V_OK)
        return NULL;
    return error == X509_V_ERR_CERT_REVOKED ? "certificate-revoked" : "revocations-outdated";
}
