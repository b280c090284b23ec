#include "formats/signature_key.h"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "formats/pem.h"

struct signing_key {
    EVP_PKEY *pkey;
    struct certificate_name name;
};

struct verifying_key {
    EVP_PKEY *pkey;
    EVP_PKEY_CTX *verifier; // ready to verify; each check works on a copy, which costs less than to set one up (5 us)
    X509 *cert;
    struct certificate_name name;
    utc_ms from, until;
};

enum { DER_MAX = 80 }; // two 33-byte integers and their headers are 72

static enum status refuse(struct diag *d, const char *rule, const char *message)
{
    diag_add(d, 0, 0, rule, NULL, "%s", message);
    ERR_clear_error();
    return ST_INVALID;
}

static bool is_p256(EVP_PKEY *key)
{
    char group[64];
    size_t len = 0;
    return key && EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, group, sizeof group, &len) == 1 &&
           strcmp(group, "prime256v1") == 0;
}

// Takes over the certificate.
static enum status cert_check(X509 *cert, struct diag *d, X509 **ret)
{
    if (!is_p256(X509_get0_pubkey(cert))) {
        X509_free(cert);
        return refuse(d, "certificate-kind",
                      "the certificate's key is not ECDSA P-256; issue one for a P-256 key");
    }
    *ret = cert;
    return ST_OK;
}

static enum status cert_read(struct span pem, struct diag *d, X509 **ret)
{
    BIO *bio = pem_bio(pem);
    X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, pem_no_passphrase, NULL) : NULL;
    BIO_free(bio);
    if (!cert)
        return refuse(d, "certificate-unreadable",
                      "expected a PEM certificate (-----BEGIN CERTIFICATE-----)");
    return cert_check(cert, d, ret);
}

static enum status cert_read_der(struct span der, struct diag *d, X509 **ret)
{
    const uint8_t *at = der.ptr;
    X509 *cert = der.len && der.len <= CERTIFICATE_BYTES_MAX ? d2i_X509(NULL, &at, (long)der.len) : NULL;
    if (!cert || at != der.ptr + der.len) {
        X509_free(cert);
        return refuse(d, "certificate-unreadable", "expected one certificate in DER");
    }
    return cert_check(cert, d, ret);
}

// ---- names

static bool name_issuer(const X509 *cert, char out[ISSUER_MAX])
{
    BIO *bio = BIO_new(BIO_s_mem());
    bool ok = bio && X509_NAME_print_ex(bio, X509_get_issuer_name(cert), 0, XN_FLAG_RFC2253) >= 0;
    int n = ok ? BIO_read(bio, out, ISSUER_MAX - 1) : -1;
    ok = ok && n > 0 && BIO_pending(bio) == 0;
    out[ok ? n : 0] = 0;
    BIO_free(bio);
    return ok;
}

static bool name_serial(const X509 *cert, char out[SERIAL_MAX])
{
    BIGNUM *n = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
    char *text = n ? BN_bn2dec(n) : NULL;
    bool ok = text && !BN_is_negative(n) && strlen(text) < SERIAL_MAX;
    snprintf(out, SERIAL_MAX, "%s", ok ? text : "");
    OPENSSL_free(text);
    BN_free(n);
    return ok;
}

static enum status name_of(X509 *cert, struct diag *d, struct certificate_name *ret)
{
    memset(ret, 0, sizeof *ret);
    const ASN1_OCTET_STRING *ski = X509_get0_subject_key_id(cert);
    if (ski && ASN1_STRING_length(ski) > 0 && ASN1_STRING_length(ski) <= SKI_MAX) {
        ret->ski_len = (size_t)ASN1_STRING_length(ski);
        memcpy(ret->ski, ASN1_STRING_get0_data(ski), ret->ski_len);
    }
    if (!name_issuer(cert, ret->issuer) || !name_serial(cert, ret->serial))
        return refuse(d, "certificate-name",
                      "the certificate's issuer name or serial number is empty or too long");
    return ST_OK;
}

const struct certificate_name *signing_key_name(const struct signing_key *key)
{
    return &key->name;
}

bool verifying_key_is_named(const struct verifying_key *k, const struct signature_facts *f)
{
    if (f->ski_len > 0)
        return k->name.ski_len == f->ski_len && memcmp(k->name.ski, f->ski, f->ski_len) == 0;
    return f->issuer[0] && strcmp(k->name.issuer, f->issuer) == 0 && strcmp(k->name.serial, f->serial) == 0;
}

// ---- the signing key

static enum status pair_check(EVP_PKEY *pkey, X509 *cert, struct diag *d)
{
    if (!is_p256(pkey))
        return refuse(d, "key-kind", "the private key is not ECDSA P-256; make one with relto init");
    if (X509_check_private_key(cert, pkey) != 1)
        return refuse(d, "key-mismatch", "the private key and the certificate do not belong together");
    return ST_OK;
}

enum status signing_key_make(EVP_PKEY *pkey, struct span cert_pem, struct diag *d, struct signing_key **ret)
{
    X509 *cert = NULL;
    enum status st = cert_read(cert_pem, d, &cert);
    if (st != ST_OK)
        return st;
    struct signing_key *k = calloc(1, sizeof *k);
    st = !k ? ST_NOMEM : pair_check(pkey, cert, d);
    if (st == ST_OK)
        st = name_of(cert, d, &k->name);
    X509_free(cert);
    if (st == ST_OK && EVP_PKEY_up_ref(pkey) != 1)
        st = ST_NOMEM;
    if (st != ST_OK) {
        free(k);
        return st;
    }
    k->pkey = pkey;
    *ret = k;
    return ST_OK;
}

enum status signing_key_load(struct span key_pem, struct span cert_pem, struct diag *d,
                             struct signing_key **ret)
{
    BIO *bio = pem_bio(key_pem);
    if (!bio)
        return ST_NOMEM;
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, pem_no_passphrase, NULL);
    enum status st = pkey ? signing_key_make(pkey, cert_pem, d, ret)
                          : refuse(d, "key-unreadable", "expected a PEM private key without a pass phrase");
    EVP_PKEY_free(pkey);
    BIO_free(bio);
    return st;
}

void signing_key_free(struct signing_key **k)
{
    if (!*k)
        return;
    EVP_PKEY_free((*k)->pkey);
    free(*k);
    *k = NULL;
}

// The two integers of a DER signature as 32 bytes each.
static enum status value_from_der(const uint8_t *der, size_t len, uint8_t value[SIGNATURE_VALUE_LEN])
{
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);
    bool ok = sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), value, 32) == 32 &&
              BN_bn2binpad(ECDSA_SIG_get0_s(sig), value + 32, 32) == 32;
    ECDSA_SIG_free(sig);
    return ok ? ST_OK : ST_NOMEM;
}

enum status signing_key_sign(const struct signing_key *key, struct span message,
                             uint8_t value[SIGNATURE_VALUE_LEN])
{
    uint8_t der[DER_MAX];
    size_t len = sizeof der;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key->pkey) == 1 &&
              EVP_DigestSign(ctx, der, &len, message.ptr, message.len) == 1;
    EVP_MD_CTX_free(ctx);
    if (!ok) {
        ERR_clear_error();
        return ST_UNREACHABLE; // a key in memory always signs; a token may have been taken away
    }
    return value_from_der(der, len, value);
}

// ---- the verifying key

static bool time_of(const ASN1_TIME *t, utc_ms *ret)
{
    struct tm tm = {0};
    if (ASN1_TIME_to_tm(t, &tm) != 1)
        return false;
    *ret = (utc_ms)timegm(&tm) * 1000;
    return true;
}

static EVP_PKEY_CTX *verifier_new(EVP_PKEY *pkey)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
    if (ctx && EVP_PKEY_verify_init(ctx) == 1 && EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1)
        return ctx;
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    return NULL;
}

static enum status verifying_key_fill(struct verifying_key *k, struct diag *d)
{
    k->pkey = X509_get_pubkey(k->cert);
    k->verifier = k->pkey ? verifier_new(k->pkey) : NULL;
    if (!k->verifier)
        return ST_NOMEM;
    if (!time_of(X509_get0_notBefore(k->cert), &k->from) || !time_of(X509_get0_notAfter(k->cert), &k->until))
        return refuse(d, "certificate-validity", "the certificate's validity cannot be read");
    if (X509_get_extension_flags(k->cert) & EXFLAG_INVALID)
        return refuse(d, "certificate-extensions",
                      "the certificate has extensions that contradict the standard");
    return name_of(k->cert, d, &k->name);
}

static enum status load_with(enum status (*read)(struct span bytes, struct diag *d, X509 **ret), struct span bytes,
                             struct diag *d, struct verifying_key **ret)
{
    struct verifying_key *k = calloc(1, sizeof *k);
    if (!k)
        return ST_NOMEM;
    enum status st = read(bytes, d, &k->cert);
    if (st == ST_OK)
        st = verifying_key_fill(k, d);
    if (st == ST_OK)
        *ret = k;
    else
        verifying_key_free(&k);
    return st;
}

enum status verifying_key_load(struct span cert_pem, struct diag *d, struct verifying_key **ret)
{
    return load_with(cert_read, cert_pem, d, ret);
}

enum status verifying_key_load_der(struct span der, struct diag *d, struct verifying_key **ret)
{
    return load_with(cert_read_der, der, d, ret);
}

enum status verifying_key_der(const struct verifying_key *k, struct buf *out)
{
    uint8_t *der = NULL;
    int len = i2d_X509(k->cert, &der);
    if (len > 0)
        buf_put(out, der, (size_t)len);
    OPENSSL_free(der);
    return len > 0 ? buf_status(out) : ST_NOMEM;
}

struct x509_st *verifying_key_x509(const struct verifying_key *key)
{
    return key->cert;
}

void verifying_key_free(struct verifying_key **k)
{
    if (!*k)
        return;
    EVP_PKEY_CTX_free((*k)->verifier);
    EVP_PKEY_free((*k)->pkey);
    X509_free((*k)->cert);
    free(*k);
    *k = NULL;
}

bool verifying_key_valid_at(const struct verifying_key *k, utc_ms t)
{
    return k->from <= t && t <= k->until;
}

static bool has_use(X509 *cert, const char *use)
{
    EXTENDED_KEY_USAGE *uses = X509_get_ext_d2i(cert, NID_ext_key_usage, NULL, NULL);
    ASN1_OBJECT *wanted = OBJ_txt2obj(use, 1);
    bool found = false;
    for (int i = 0; uses && wanted && i < sk_ASN1_OBJECT_num(uses); i++)
        found = found || OBJ_cmp(sk_ASN1_OBJECT_value(uses, i), wanted) == 0;
    ASN1_OBJECT_free(wanted);
    EXTENDED_KEY_USAGE_free(uses);
    return found;
}

static bool signs(const struct verifying_key *k, const char *use)
{
    uint32_t flags = X509_get_extension_flags(k->cert);
    if (!(flags & EXFLAG_KUSAGE) || !(X509_get_key_usage(k->cert) & KU_DIGITAL_SIGNATURE))
        return false;
    return !(flags & (EXFLAG_CA | EXFLAG_CRITICAL)) && has_use(k->cert, use);
}

bool verifying_key_signs_reports(const struct verifying_key *k)
{
    return signs(k, RELTO_EKU_REPORT);
}

bool verifying_key_signs_consents(const struct verifying_key *k)
{
    return signs(k, RELTO_EKU_CONSENT);
}

// One of the two numbers as a DER INTEGER of at least one byte, positive and without needless zeros. Returns its length.
static size_t der_integer(const uint8_t number[32], uint8_t out[35])
{
    size_t skip = 0;
    while (skip < 31 && number[skip] == 0)
        skip++;
    size_t sign = number[skip] >> 7, len = 32 - skip + sign;
    out[0] = 0x02;
    out[1] = (uint8_t)len;
    out[2] = 0;
    memcpy(out + 2 + sign, number + skip, 32 - skip);
    return 2 + len;
}

// r ‖ s as DER: a SEQUENCE of two INTEGERs. Returns its length. Through OpenSSL's own types it costs seven allocations.
static size_t der_from_value(const uint8_t value[SIGNATURE_VALUE_LEN], uint8_t der[DER_MAX])
{
    size_t len = der_integer(value, der + 2);
    len += der_integer(value + 32, der + 2 + len);
    der[0] = 0x30;
    der[1] = (uint8_t)len;
    return 2 + len;
}

enum status verifying_key_check(const struct verifying_key *key, const struct digest *message,
                                const uint8_t value[SIGNATURE_VALUE_LEN])
{
    uint8_t der[DER_MAX];
    size_t len = der_from_value(value, der);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_dup(key->verifier);
    enum status st = ST_NOMEM;
    if (ctx)
        st = EVP_PKEY_verify(ctx, der, len, message->b, SHA256_LEN) == 1 ? ST_OK : ST_BAD_SIGNATURE;
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    return st;
}
