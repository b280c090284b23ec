#include "tests/support/test_keys.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#include "formats/signature.h"

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "test keys: %s failed\n", what);
    abort();
}

static void pem_out(BIO *bio, char out[TEST_PEM_MAX])
{
    int n = BIO_read(bio, out, TEST_PEM_MAX - 1);
    must(n > 0 && BIO_pending(bio) == 0, "PEM output");
    out[n] = 0;
    BIO_free(bio);
}

static BIO *pem_in(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    must(bio != NULL, "PEM input");
    return bio;
}

static EVP_PKEY *key_read(const char *pem)
{
    BIO *bio = pem_in(pem);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    must(key != NULL, "reading a key");
    BIO_free(bio);
    return key;
}

static X509 *cert_read(const char *pem)
{
    BIO *bio = pem_in(pem);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    must(cert != NULL, "reading a certificate");
    BIO_free(bio);
    return cert;
}

static void extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    must(ext && X509_add_ext(cert, ext, -1), value);
    X509_EXTENSION_free(ext);
}

static X509 *cert_blank(const struct test_cert_options *o, EVP_PKEY *key)
{
    X509 *cert = X509_new();
    must(cert && X509_set_version(cert, X509_VERSION_3), "X509_new");
    unsigned char serial[16];
    must(RAND_bytes(serial, sizeof serial) == 1, "RAND_bytes");
    serial[0] = (unsigned char)(serial[0] >> 1 | 1); // positive, never short
    BIGNUM *n = BN_bin2bn(serial, sizeof serial, NULL);
    must(n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert)), "serial number");
    BN_free(n);
    utc_ms from = o->from, until = o->until;
    if (!from && !until) {
        must(utc_parse(span_cstr("2020-01-01T00:00:00Z"), UTC_ZONE_Z, &from) == ST_OK, "time");
        must(utc_parse(span_cstr("2049-12-31T00:00:00Z"), UTC_ZONE_Z, &until) == ST_OK, "time");
    }
    must(ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)(from / 1000)) &&
             ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)(until / 1000)),
         "validity");
    X509_NAME *name = X509_get_subject_name(cert);
    must(X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const unsigned char *)"Relto, tests", -1, -1,
                                    0) &&
             X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)o->common_name, -1,
                                        -1, 0),
         "subject");
    must(X509_set_pubkey(cert, key), "public key");
    return cert;
}

// Issue by `ca`, or self-signed where that is NULL.
static void issue(const struct test_pair *ca, const struct test_cert_options *o, struct test_pair *ret)
{
    EVP_PKEY *key = EVP_EC_gen(o->curve ? o->curve : "P-256");
    must(key != NULL, "key generation");
    X509 *cert = cert_blank(o, key);
    EVP_PKEY *ca_key = ca ? key_read(ca->key) : key;
    X509 *ca_cert = ca ? cert_read(ca->cert) : cert;
    must(X509_set_issuer_name(cert, X509_get_subject_name(ca_cert)), "issuer");
    extend(cert, ca_cert, NID_basic_constraints,
           o->is_ca ? "critical,CA:TRUE,pathlen:0" : "critical,CA:FALSE");
    if (!o->no_key_usage)
        extend(cert, ca_cert, NID_key_usage,
               o->is_ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
    if (o->eku)
        extend(cert, ca_cert, NID_ext_key_usage, o->eku);
    if (!o->no_ski)
        extend(cert, ca_cert, NID_subject_key_identifier, "hash");
    must(X509_sign(cert, ca_key, EVP_sha256()) > 0, "signing");
    BIO *bio = BIO_new(BIO_s_mem());
    must(bio && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), "key output");
    pem_out(bio, ret->key);
    bio = BIO_new(BIO_s_mem());
    must(bio && PEM_write_bio_X509(bio, cert), "certificate output");
    pem_out(bio, ret->cert);
    if (ca) {
        X509_free(ca_cert);
        EVP_PKEY_free(ca_key);
    }
    X509_free(cert);
    EVP_PKEY_free(key);
}

void test_keys_ca(const char *common_name, struct test_pair *ret)
{
    struct test_cert_options o = {.common_name = common_name, .is_ca = true};
    issue(NULL, &o, ret);
}

void test_keys_issue(const struct test_pair *ca, const struct test_cert_options *o, struct test_pair *ret)
{
    issue(ca, o, ret);
}

void test_keys_make(const char *nation, struct test_keys *ret)
{
    char name[100];
    snprintf(name, sizeof name, "%s test CA", nation);
    test_keys_ca(name, &ret->ca);
    snprintf(name, sizeof name, "%s reports", nation);
    struct test_cert_options o = {.common_name = name, .eku = RELTO_EKU_REPORT};
    issue(&ret->ca, &o, &ret->report);
}

void test_note_key(struct note_key *ret)
{
    size_t len = ED25519_LEN;
    must(RAND_bytes(ret->seed, ED25519_LEN) == 1, "a seed");
    EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, ret->seed, ED25519_LEN);
    must(pkey && EVP_PKEY_get_raw_public_key(pkey, ret->pub, &len) == 1, "a key that signs notes");
    EVP_PKEY_free(pkey);
}
