// node/io/pki: what the built-in CA makes is what the rest of the world takes it for (checked with OpenSSL).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "formats/base/limits.h"
#include "formats/signature.h"
#include "node/io/pki.h"

enum { PEM_MAX = 65536 };
static const utc_ms T0 = 1800000000000; // 2027-01-15
static const utc_ms DAY = 86400000;

struct world {
    struct buf ca_key, ca, key, cert, crl;
    struct diag d;
};

static int begin(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    struct buf *all[] = {&w->ca_key, &w->ca, &w->key, &w->cert, &w->crl};
    for (size_t i = 0; i < 5; i++)
        buf_init(all[i], PEM_MAX);
    assert_int_equal(pki_key(&w->ca_key), ST_OK);
    assert_int_equal(pki_key(&w->key), ST_OK);
    assert_int_equal(pki_ca(buf_bytes(&w->ca_key), "GBR CA", "gbr.example", T0, T0 + 100 * DAY, &w->ca, &w->d), ST_OK);
    *state = w;
    return 0;
}

static int end(void **state)
{
    struct world *w = *state;
    struct buf *all[] = {&w->ca_key, &w->ca, &w->key, &w->cert, &w->crl};
    for (size_t i = 0; i < 5; i++)
        buf_fini(all[i]);
    free(w);
    return 0;
}

static enum status issue(struct world *w, const char *uri, const char *eku)
{
    struct pki_request r = {.common_name = "node", .uri = uri, .eku = eku, .from = T0, .until = T0 + DAY};
    buf_reset(&w->cert);
    diag_init(&w->d, NULL);
    return pki_issue(buf_bytes(&w->ca_key), buf_bytes(&w->ca), buf_bytes(&w->key), &r, &w->cert, &w->d);
}

static X509 *x509(const struct buf *pem)
{
    BIO *b = BIO_new_mem_buf(pem->ptr, (int)pem->len);
    X509 *x = PEM_read_bio_X509(b, NULL, NULL, NULL);
    BIO_free(b);
    assert_non_null(x);
    return x;
}

// Verify as a stock OpenSSL client would; returns the X509_V code.
static int verify(struct world *w, int purpose, utc_ms t, bool with_crl)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    X509 *ca = x509(&w->ca), *leaf = x509(&w->cert);
    assert_int_equal(X509_STORE_add_cert(store, ca), 1);
    if (with_crl) {
        BIO *b = BIO_new_mem_buf(w->crl.ptr, (int)w->crl.len);
        X509_CRL *crl = PEM_read_bio_X509_CRL(b, NULL, NULL, NULL);
        assert_non_null(crl);
        assert_int_equal(X509_STORE_add_crl(store, crl), 1);
        X509_CRL_free(crl);
        BIO_free(b);
        X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    }
    X509_STORE_set_flags(store, X509_V_FLAG_X509_STRICT);
    assert_int_equal(X509_STORE_CTX_init(ctx, store, leaf, NULL), 1);
    X509_STORE_CTX_set_purpose(ctx, purpose);
    X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), (time_t)(t / 1000));
    int code = X509_verify_cert(ctx) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(ctx);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    X509_free(ca);
    X509_free(leaf);
    return code;
}

static void the_ca_can_do_no_more_than_it_must(void **state)
{
    struct world *w = *state;
    X509 *ca = x509(&w->ca);
    assert_int_equal(X509_check_ca(ca), 1);
    assert_int_equal(X509_get_pathlen(ca), 0);
    assert_int_equal(X509_get_key_usage(ca), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
    int critical = 0;
    NAME_CONSTRAINTS *nc = X509_get_ext_d2i(ca, NID_name_constraints, &critical, NULL);
    assert_non_null(nc);
    assert_int_equal(critical, 1);
    NAME_CONSTRAINTS_free(nc);
    X509_free(ca);
}

static void certificates_verify(void **state)
{
    struct world *w = *state;
    assert_int_equal(issue(w, "spiffe://gbr.example/node", "tls"), ST_OK);
    assert_int_equal(verify(w, X509_PURPOSE_SSL_CLIENT, T0 + 1000, false), X509_V_OK);
    assert_int_equal(verify(w, X509_PURPOSE_SSL_SERVER, T0 + 1000, false), X509_V_OK);
    assert_int_equal(verify(w, X509_PURPOSE_SSL_CLIENT, T0 + DAY + 1000, false), X509_V_ERR_CERT_HAS_EXPIRED);
    assert_int_equal(issue(w, "spiffe://gbr.example/cell/J2", "client"), ST_OK);
    assert_int_equal(verify(w, X509_PURPOSE_SSL_CLIENT, T0 + 1000, false), X509_V_OK);
    assert_int_equal(verify(w, X509_PURPOSE_SSL_SERVER, T0 + 1000, false), X509_V_ERR_INVALID_PURPOSE);
    assert_int_equal(issue(w, "spiffe://fra.example/node", "tls"), ST_OK);
    assert_int_equal(verify(w, X509_PURPOSE_SSL_CLIENT, T0 + 1000, false), X509_V_ERR_PERMITTED_VIOLATION);
}

static void report_signing_is_for_nothing_else(void **state)
{
    struct world *w = *state;
    struct verifying_key *vk = NULL;
    assert_int_equal(issue(w, NULL, RELTO_EKU_REPORT), ST_OK);
    assert_int_equal(verify(w, X509_PURPOSE_SSL_CLIENT, T0 + 1000, false), X509_V_ERR_INVALID_PURPOSE);
    assert_int_equal(verifying_key_load(buf_bytes(&w->cert), &w->d, &vk), ST_OK);
    assert_true(verifying_key_signs_reports(vk));
    assert_true(verifying_key_valid_at(vk, T0 + 1));
    verifying_key_free(&vk);
    assert_int_equal(issue(w, "spiffe://gbr.example/node", "tls"), ST_OK);
    assert_int_equal(verifying_key_load(buf_bytes(&w->cert), &w->d, &vk), ST_OK);
    assert_false(verifying_key_signs_reports(vk));
    verifying_key_free(&vk);
}

static void revocation_bites(void **state)
{
    struct world *w = *state;
    struct pki_facts f;
    assert_int_equal(issue(w, "spiffe://gbr.example/node", "tls"), ST_OK);
    assert_int_equal(pki_facts(buf_bytes(&w->cert), &f), ST_OK);
    const char *serials[] = {"01ab", f.serial};
    assert_int_equal(pki_crl(buf_bytes(&w->ca_key), buf_bytes(&w->ca), serials, 1, T0, T0 + DAY, &w->crl, &w->d), ST_OK);
    assert_int_equal(verify(w, X509_PURPOSE_SSL_CLIENT, T0 + 1000, true), X509_V_OK);
    buf_reset(&w->crl);
    assert_int_equal(pki_crl(buf_bytes(&w->ca_key), buf_bytes(&w->ca), serials, 2, T0, T0 + DAY / 2, &w->crl, &w->d), ST_OK);
    assert_int_equal(verify(w, X509_PURPOSE_SSL_CLIENT, T0 + 1000, true), X509_V_ERR_CERT_REVOKED);
    assert_int_equal(verify(w, X509_PURPOSE_SSL_CLIENT, T0 + DAY - 1000, true), X509_V_ERR_CRL_HAS_EXPIRED);
    const char *bad[] = {"xyz"};
    assert_int_equal(pki_crl(buf_bytes(&w->ca_key), buf_bytes(&w->ca), bad, 1, T0, T0 + DAY, &w->crl, &w->d), ST_INVALID);
    assert_string_equal(w->d.faults[0].element, "xyz");
}

static void facts_are_told(void **state)
{
    struct world *w = *state;
    struct pki_facts a, b;
    assert_int_equal(issue(w, "spiffe://gbr.example/node", "tls"), ST_OK);
    assert_int_equal(pki_facts(buf_bytes(&w->cert), &a), ST_OK);
    assert_string_equal(a.subject, "CN=node");
    assert_string_equal(a.uri, "spiffe://gbr.example/node");
    assert_int_equal(strlen(a.serial), 32);
    assert_int_equal(strlen(a.sha256), 64);
    assert_true(a.from == T0 && a.until == T0 + DAY);
    assert_int_equal(issue(w, NULL, NULL), ST_OK);
    assert_int_equal(pki_facts(buf_bytes(&w->cert), &b), ST_OK);
    assert_string_equal(b.uri, "");
    assert_string_not_equal(a.serial, b.serial);
    assert_int_equal(pki_facts(span_cstr("no certificate"), &b), ST_INVALID);
}

static void mistakes_are_refused(void **state)
{
    struct world *w = *state;
    struct pki_request r = {.common_name = "node", .from = T0, .until = T0 + DAY};
    buf_reset(&w->cert);
    // a key that is not the CA's, and a leaf used as a CA
    assert_int_equal(pki_issue(buf_bytes(&w->key), buf_bytes(&w->ca), buf_bytes(&w->key), &r, &w->cert, &w->d), ST_INVALID);
    assert_int_equal(w->d.count, 1);
    assert_int_equal(issue(w, NULL, NULL), ST_OK);
    struct buf again;
    buf_init(&again, PEM_MAX);
    assert_int_equal(pki_issue(buf_bytes(&w->key), buf_bytes(&w->cert), buf_bytes(&w->key), &r, &again, &w->d), ST_INVALID);
    r.common_name = "a name that is much longer than the sixty-four bytes a common name may have";
    assert_int_equal(pki_issue(buf_bytes(&w->ca_key), buf_bytes(&w->ca), buf_bytes(&w->key), &r, &again, &w->d), ST_INVALID);
    assert_int_equal(again.len, 0);
    buf_fini(&again);
    assert_int_equal(issue(w, NULL, "no oid"), ST_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_ca_can_do_no_more_than_it_must, begin, end),
        cmocka_unit_test_setup_teardown(certificates_verify, begin, end),
        cmocka_unit_test_setup_teardown(report_signing_is_for_nothing_else, begin, end),
        cmocka_unit_test_setup_teardown(revocation_bites, begin, end),
        cmocka_unit_test_setup_teardown(facts_are_told, begin, end),
        cmocka_unit_test_setup_teardown(mistakes_are_refused, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
