#include "node/io/pki.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "formats/base/bug.h"
#include "formats/base/encode.h"
#include "formats/base/sha256.h"
#include "formats/pem.h"

// ---- PEM

// Private keys are read for commands that a person runs: OpenSSL may ask for a pass phrase on the terminal.
static EVP_PKEY *read_key(struct span pem)
{
    BIO *b = pem_bio(pem);
    EVP_PKEY *key = b ? PEM_read_bio_PrivateKey(b, NULL, NULL, NULL) : NULL;
    BIO_free(b);
    return key;
}

static EVP_PKEY *read_public_key(struct span pem)
{
    BIO *b = span_starts(pem, "-----BEGIN PUBLIC KEY-----") ? pem_bio(pem) : NULL;
    EVP_PKEY *key = b ? PEM_read_bio_PUBKEY(b, NULL, pem_no_passphrase, NULL) : read_key(pem);
    BIO_free(b);
    return key;
}

static X509 *read_cert(struct span pem)
{
    BIO *b = pem_bio(pem);
    X509 *cert = b ? PEM_read_bio_X509(b, NULL, pem_no_passphrase, NULL) : NULL;
    BIO_free(b);
    return cert;
}

// Append what was written to a memory BIO; takes the BIO. `ok` says whether the writing itself went well.
static enum status take_bio(BIO *b, bool ok, struct buf *out)
{
    char *bytes = NULL;
    long n = ok ? BIO_get_mem_data(b, &bytes) : 0;
    if (n > 0)
        buf_put(out, bytes, (size_t)n);
    BIO_free(b);
    ERR_clear_error();
    return n > 0 ? buf_status(out) : ST_NOMEM;
}

enum status pki_key(struct buf *out_key_pem)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    BIO *b = BIO_new(BIO_s_secmem());
    bool ok = key && b && PEM_write_bio_PKCS8PrivateKey(b, key, NULL, NULL, 0, NULL, NULL) == 1;
    EVP_PKEY_free(key);
    return take_bio(b, ok, out_key_pem);
}

// ---- parts of certificates

static bool set_time(ASN1_TIME *to, utc_ms t)
{
    return ASN1_TIME_set(to, (time_t)(t / 1000)) != NULL;
}

static bool set_serial(X509 *x)
{
    uint8_t bytes[16];
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return false;
    bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40); // positive, and of one length
    BIGNUM *n = BN_bin2bn(bytes, sizeof bytes, NULL);
    bool ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
    BN_free(n);
    return ok;
}

static bool set_subject(X509 *x, const char *common_name)
{
    X509_NAME *name = X509_NAME_new();
    bool ok = name &&
              X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, (const unsigned char *)common_name, -1, -1,
                                         0) == 1 &&
              X509_set_subject_name(x, name) == 1;
    X509_NAME_free(name);
    return ok;
}

// Add an extension from its structure, which is freed by `release` in any case.
static bool add_ext(X509 *x, int nid, void *value, int critical, void (*release)(void *))
{
    bool ok = value && X509_add1_ext_i2d(x, nid, value, critical, X509V3_ADD_APPEND) == 1;
    if (value)
        release(value);
    return ok;
}

static void free_bits(void *p)
{
    ASN1_BIT_STRING_free(p);
}

static void free_constraints(void *p)
{
    BASIC_CONSTRAINTS_free(p);
}

static void free_names(void *p)
{
    GENERAL_NAMES_free(p);
}

static void free_name_constraints(void *p)
{
    NAME_CONSTRAINTS_free(p);
}

static void free_eku(void *p)
{
    EXTENDED_KEY_USAGE_free(p);
}

static void free_octets(void *p)
{
    ASN1_OCTET_STRING_free(p);
}

static void free_akid(void *p)
{
    AUTHORITY_KEYID_free(p);
}

// Key usage bits as RFC 5280 numbers them.
enum { USAGE_DIGITAL_SIGNATURE = 0, USAGE_CERT_SIGN = 5, USAGE_CRL_SIGN = 6 };

static bool add_usage(X509 *x, int bit, int second)
{
    ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
    bool ok = bits && ASN1_BIT_STRING_set_bit(bits, bit, 1) == 1 &&
              (second < 0 || ASN1_BIT_STRING_set_bit(bits, second, 1) == 1);
    if (!ok) {
        ASN1_BIT_STRING_free(bits);
        return false;
    }
    return add_ext(x, NID_key_usage, bits, 1, free_bits);
}

static bool add_basic(X509 *x, bool ca)
{
    BASIC_CONSTRAINTS *bc = BASIC_CONSTRAINTS_new();
    if (bc && ca) {
        bc->ca = 0xff;
        bc->pathlen = ASN1_INTEGER_new();
        if (!bc->pathlen || ASN1_INTEGER_set(bc->pathlen, 0) != 1) {
            BASIC_CONSTRAINTS_free(bc);
            return false;
        }
    }
    return add_ext(x, NID_basic_constraints, bc, 1, free_constraints);
}

static GENERAL_NAME *general_name(int type, const char *text)
{
    GENERAL_NAME *gn = GENERAL_NAME_new();
    ASN1_IA5STRING *s = ASN1_IA5STRING_new();
    if (!gn || !s || ASN1_STRING_set(s, text, -1) != 1) {
        GENERAL_NAME_free(gn);
        ASN1_IA5STRING_free(s);
        return NULL;
    }
    GENERAL_NAME_set0_value(gn, type, s);
    return gn;
}

static bool push_name(GENERAL_NAMES *names, int type, const char *text)
{
    if (!text)
        return true;
    GENERAL_NAME *gn = general_name(type, text);
    if (gn && sk_GENERAL_NAME_push(names, gn) > 0)
        return true;
    GENERAL_NAME_free(gn);
    return false;
}

static bool add_names(X509 *x, const char *uri, const char *dns)
{
    if (!uri && !dns)
        return true;
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    if (!names || !push_name(names, GEN_URI, uri) || !push_name(names, GEN_DNS, dns)) {
        GENERAL_NAMES_free(names);
        return false;
    }
    return add_ext(x, NID_subject_alt_name, names, 0, free_names);
}

// Only URIs of this host below the CA: what it signs can name nobody of another domain.
static bool add_name_constraint(X509 *x, const char *trust_domain)
{
    NAME_CONSTRAINTS *nc = NAME_CONSTRAINTS_new();
    GENERAL_SUBTREE *tree = GENERAL_SUBTREE_new();
    GENERAL_NAME *gn = general_name(GEN_URI, trust_domain);
    bool ok = nc && tree && gn;
    if (ok) {
        GENERAL_NAME_free(tree->base);
        tree->base = gn;
        gn = NULL;
        nc->permittedSubtrees = sk_GENERAL_SUBTREE_new_null();
        ok = nc->permittedSubtrees && sk_GENERAL_SUBTREE_push(nc->permittedSubtrees, tree) > 0;
        if (ok)
            tree = NULL;
    }
    GENERAL_NAME_free(gn);
    GENERAL_SUBTREE_free(tree);
    if (!ok) {
        NAME_CONSTRAINTS_free(nc);
        return false;
    }
    return add_ext(x, NID_name_constraints, nc, 1, free_name_constraints);
}

static bool push_purpose(EXTENDED_KEY_USAGE *list, ASN1_OBJECT *purpose)
{
    if (purpose && sk_ASN1_OBJECT_push(list, purpose) > 0)
        return true;
    ASN1_OBJECT_free(purpose);
    return false;
}

static bool add_eku(X509 *x, const char *eku)
{
    if (!eku)
        return true;
    EXTENDED_KEY_USAGE *list = EXTENDED_KEY_USAGE_new();
    bool ok = list != NULL, tls = !strcmp(eku, "tls");
    if (ok && tls)
        ok = push_purpose(list, OBJ_nid2obj(NID_server_auth));
    if (ok)
        ok = push_purpose(list, tls || !strcmp(eku, "client") ? OBJ_nid2obj(NID_client_auth) : OBJ_txt2obj(eku, 1));
    if (!ok) {
        EXTENDED_KEY_USAGE_free(list);
        return false;
    }
    return add_ext(x, NID_ext_key_usage, list, 0, free_eku);
}

// SHA-1 of the public key bits, RFC 5280 4.2.1.2 (1): an identifier, no proof of anything.
static bool add_subject_key_id(X509 *x)
{
    uint8_t md[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
    if (!id || X509_pubkey_digest(x, EVP_sha1(), md, &len) != 1 || ASN1_OCTET_STRING_set(id, md, (int)len) != 1) {
        ASN1_OCTET_STRING_free(id);
        return false;
    }
    return add_ext(x, NID_subject_key_identifier, id, 0, free_octets);
}

// Read from the extension itself: OpenSSL's cached view fails on a certificate that is not signed yet.
static AUTHORITY_KEYID *authority_key_id(const X509 *ca)
{
    AUTHORITY_KEYID *akid = AUTHORITY_KEYID_new();
    if (akid)
        akid->keyid = X509_get_ext_d2i(ca, NID_subject_key_identifier, NULL, NULL);
    if (akid && akid->keyid)
        return akid;
    AUTHORITY_KEYID_free(akid);
    return NULL;
}

// ---- certificates

static bool begin_cert(X509 *x, EVP_PKEY *key, const char *common_name, utc_ms from, utc_ms until)
{
    return x && X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) && set_subject(x, common_name) &&
           set_time(X509_getm_notBefore(x), from) && set_time(X509_getm_notAfter(x), until) &&
           X509_set_pubkey(x, key) == 1;
}

static enum status write_cert(X509 *x, struct buf *out)
{
    BIO *b = BIO_new(BIO_s_mem());
    return take_bio(b, b && PEM_write_bio_X509(b, x) == 1, out);
}

static enum status fault(struct diag *d, const char *element, const char *what)
{
    ERR_clear_error();
    diag_add(d, 0, 0, "pki", element, "%s", what);
    return ST_INVALID;
}

enum status pki_ca(struct span key_pem, const char *common_name, const char *trust_domain, utc_ms from, utc_ms until,
                   struct buf *out_cert_pem, struct diag *d)
{
    EVP_PKEY *key = read_key(key_pem);
    X509 *x = X509_new();
    enum status st;
    if (!key) {
        st = fault(d, "CA key", "expected a private key as PEM");
    } else if (begin_cert(x, key, common_name, from, until) &&
               X509_set_issuer_name(x, X509_get_subject_name(x)) == 1 && add_basic(x, true) &&
               add_usage(x, USAGE_CERT_SIGN, USAGE_CRL_SIGN) && add_name_constraint(x, trust_domain) &&
               add_subject_key_id(x) && add_ext(x, NID_authority_key_identifier, authority_key_id(x), 0, free_akid) &&
               X509_sign(x, key, EVP_sha256()) > 0) {
        st = write_cert(x, out_cert_pem);
    } else {
        st = fault(d, common_name, "cannot make a CA certificate: is the name 1 to 64 bytes of UTF-8?");
    }
    X509_free(x);
    EVP_PKEY_free(key);
    return st;
}

struct ca {
    EVP_PKEY *key;
    X509 *cert;
};

static void ca_fini(struct ca *ca)
{
    EVP_PKEY_free(ca->key);
    X509_free(ca->cert);
}

// On failure nothing is held.
static enum status ca_init(struct ca *ca, struct span key_pem, struct span cert_pem, struct diag *d)
{
    *ca = (struct ca){read_key(key_pem), read_cert(cert_pem)};
    const char *wrong = NULL;
    if (!ca->key)
        wrong = "expected a private key as PEM";
    else if (!ca->cert)
        wrong = "expected a certificate as PEM";
    else if (X509_check_private_key(ca->cert, ca->key) != 1)
        wrong = "key and certificate do not belong together";
    else if (X509_check_ca(ca->cert) != 1)
        wrong = "the certificate is none of a certification authority";
    if (!wrong)
        return ST_OK;
    ca_fini(ca);
    return fault(d, "CA", wrong);
}

static bool fill_issued(X509 *x, const struct ca *ca, EVP_PKEY *key, const struct pki_request *r)
{
    return begin_cert(x, key, r->common_name, r->from, r->until) &&
           X509_set_issuer_name(x, X509_get_subject_name(ca->cert)) == 1 && add_basic(x, false) &&
           add_usage(x, USAGE_DIGITAL_SIGNATURE, -1) && add_eku(x, r->eku) && add_names(x, r->uri, r->dns) &&
           add_subject_key_id(x) &&
           add_ext(x, NID_authority_key_identifier, authority_key_id(ca->cert), 0, free_akid) &&
           X509_sign(x, ca->key, EVP_sha256()) > 0;
}

enum status pki_issue(struct span ca_key_pem, struct span ca_cert_pem, struct span key_pem,
                      const struct pki_request *r, struct buf *out_cert_pem, struct diag *d)
{
    struct ca ca;
    TRY(ca_init(&ca, ca_key_pem, ca_cert_pem, d));
    EVP_PKEY *key = read_public_key(key_pem);
    X509 *x = X509_new();
    enum status st;
    if (!key)
        st = fault(d, r->common_name, "expected a private or public key as PEM");
    else if (fill_issued(x, &ca, key, r))
        st = write_cert(x, out_cert_pem);
    else
        st = fault(d, r->common_name, "cannot issue: is the name 1 to 64 bytes of UTF-8, the extended use known?");
    X509_free(x);
    EVP_PKEY_free(key);
    ca_fini(&ca);
    return st;
}

// ---- revocation lists

static bool revoke(X509_CRL *crl, const char *serial, utc_ms now)
{
    BIGNUM *n = NULL;
    X509_REVOKED *rev = X509_REVOKED_new();
    ASN1_TIME *t = ASN1_TIME_new();
    size_t len = strlen(serial);
    bool ok = len > 0 && len <= 40 && strspn(serial, "0123456789abcdefABCDEF") == len &&
              BN_hex2bn(&n, serial) > 0;
    ASN1_INTEGER *number = ok ? BN_to_ASN1_INTEGER(n, NULL) : NULL;
    ok = number && rev && t && set_time(t, now) && X509_REVOKED_set_serialNumber(rev, number) == 1 &&
         X509_REVOKED_set_revocationDate(rev, t) == 1 && X509_CRL_add0_revoked(crl, rev) == 1;
    if (!ok)
        X509_REVOKED_free(rev);
    ASN1_INTEGER_free(number);
    ASN1_TIME_free(t);
    BN_free(n);
    return ok;
}

static bool set_crl_times(X509_CRL *crl, utc_ms now, utc_ms next)
{
    ASN1_TIME *t = ASN1_TIME_new();
    bool ok = t && set_time(t, now) && X509_CRL_set1_lastUpdate(crl, t) == 1 && set_time(t, next) &&
              X509_CRL_set1_nextUpdate(crl, t) == 1;
    ASN1_TIME_free(t);
    return ok;
}

// Key identifier and a number that grows with each list: its time.
static bool add_crl_exts(X509_CRL *crl, X509 *ca, utc_ms now)
{
    AUTHORITY_KEYID *akid = authority_key_id(ca);
    ASN1_INTEGER *number = ASN1_INTEGER_new();
    bool ok = akid && number && ASN1_INTEGER_set_int64(number, now) == 1 &&
              X509_CRL_add1_ext_i2d(crl, NID_authority_key_identifier, akid, 0, X509V3_ADD_APPEND) == 1 &&
              X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, X509V3_ADD_APPEND) == 1;
    AUTHORITY_KEYID_free(akid);
    ASN1_INTEGER_free(number);
    return ok;
}

static enum status fill_crl(X509_CRL *crl, const struct ca *ca, const char *const *serials, size_t count, utc_ms now,
                            utc_ms next_update, struct buf *out, struct diag *d)
{
    if (!crl || X509_CRL_set_version(crl, X509_CRL_VERSION_2) != 1 ||
        X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca->cert)) != 1 || !set_crl_times(crl, now, next_update) ||
        !add_crl_exts(crl, ca->cert, now))
        return ST_NOMEM;
    for (size_t i = 0; i < count; i++)
        if (!revoke(crl, serials[i], now))
            return fault(d, serials[i], "expected a serial number of 1 to 40 hexadecimal digits");
    if (X509_CRL_sort(crl) != 1 || X509_CRL_sign(crl, ca->key, EVP_sha256()) <= 0)
        return ST_NOMEM;
    BIO *b = BIO_new(BIO_s_mem());
    return take_bio(b, b && PEM_write_bio_X509_CRL(b, crl) == 1, out);
}

enum status pki_crl(struct span ca_key_pem, struct span ca_cert_pem, const char *const *serials, size_t count,
                    utc_ms now, utc_ms next_update, struct buf *out_crl_pem, struct diag *d)
{
    struct ca ca;
    TRY(ca_init(&ca, ca_key_pem, ca_cert_pem, d));
    X509_CRL *crl = X509_CRL_new();
    enum status st = fill_crl(crl, &ca, serials, count, now, next_update, out_crl_pem, d);
    X509_CRL_free(crl);
    ca_fini(&ca);
    ERR_clear_error();
    return st;
}

// ---- facts

static bool hex_of(const uint8_t *bytes, size_t len, char *out, size_t cap)
{
    if (2 * len + 1 > cap)
        return false;
    struct buf b;
    buf_init(&b, cap);
    hex_put(&b, span_of(bytes, len));
    bool ok = buf_status(&b) == ST_OK;
    if (ok)
        memcpy(out, buf_cstr(&b), 2 * len + 1);
    buf_fini(&b);
    return ok;
}

static bool facts_serial(X509 *x, struct pki_facts *f)
{
    const ASN1_INTEGER *n = X509_get0_serialNumber(x);
    return ASN1_STRING_length(n) > 0 &&
           hex_of(ASN1_STRING_get0_data(n), (size_t)ASN1_STRING_length(n), f->serial, sizeof f->serial);
}

static bool facts_subject(X509 *x, struct pki_facts *f)
{
    BIO *b = BIO_new(BIO_s_mem());
    char *text = NULL;
    bool ok = b && X509_NAME_print_ex(b, X509_get_subject_name(x), 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0;
    long n = ok ? BIO_get_mem_data(b, &text) : 0;
    ok = ok && n >= 0 && (size_t)n < sizeof f->subject;
    if (ok && n > 0)
        memcpy(f->subject, text, (size_t)n);
    if (ok)
        f->subject[n] = 0;
    BIO_free(b);
    return ok;
}

// The first URI SAN, "" when there is none.
static bool facts_uri(X509 *x, struct pki_facts *f)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
    bool ok = true;
    for (int i = 0; i < sk_GENERAL_NAME_num(names) && !*f->uri; i++) {
        const GENERAL_NAME *gn = sk_GENERAL_NAME_value(names, i);
        if (gn->type != GEN_URI)
            continue;
        size_t n = (size_t)ASN1_STRING_length(gn->d.uniformResourceIdentifier);
        ok = n < sizeof f->uri;
        if (ok)
            memcpy(f->uri, ASN1_STRING_get0_data(gn->d.uniformResourceIdentifier), n);
    }
    GENERAL_NAMES_free(names);
    return ok;
}

static bool time_of(const ASN1_TIME *t, utc_ms *ret)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days, seconds;
    bool ok = epoch && ASN1_TIME_diff(&days, &seconds, epoch, t) == 1;
    if (ok)
        *ret = ((utc_ms)days * 86400 + seconds) * 1000;
    ASN1_TIME_free(epoch);
    return ok;
}

static bool facts_digest(X509 *x, struct pki_facts *f)
{
    uint8_t md[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    return X509_digest(x, EVP_sha256(), md, &len) == 1 && hex_of(md, len, f->sha256, sizeof f->sha256);
}

enum status pki_facts(struct span cert_pem, struct pki_facts *ret)
{
    struct pki_facts f = {0};
    X509 *x = read_cert(cert_pem);
    bool ok = x && facts_serial(x, &f) && facts_subject(x, &f) && facts_uri(x, &f) && facts_digest(x, &f) &&
              time_of(X509_get0_notBefore(x), &f.from) && time_of(X509_get0_notAfter(x), &f.until);
    X509_free(x);
    ERR_clear_error();
    if (ok)
        *ret = f;
    return ok ? ST_OK : ST_INVALID;
}
