// formats/anchors: whom a nation's anchors vouch for, at which instant, and revocation.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "formats/anchors.h"
#include "node/io/pki.h"
#include "tests/support/policy_world.h"
#include "tests/support/store_dir.h"
#include "tests/support/test_keys.h"

enum { DAY = 86400000 };

struct nation {
    struct test_keys keys;
    struct verifying_key *report;
    utc_ms now;
};

static int begin(void **state)
{
    static struct nation n;
    n.now = world_time("2026-11-22T12:00:00Z");
    test_keys_make("GBR", &n.keys);
    assert_int_equal(verifying_key_load(test_span(n.keys.report.cert), NULL, &n.report), ST_OK);
    *state = &n;
    return 0;
}

static int end(void **state)
{
    struct nation *n = *state;
    verifying_key_free(&n->report);
    return 0;
}

static const char *objection(const char *anchors, struct span crl, const struct nation *n, utc_ms at)
{
    struct anchors *a;
    assert_int_equal(anchors_load(test_span(anchors), crl, NULL, &a), ST_OK);
    const char *why = anchors_objection(a, n->report, at, n->now);
    anchors_free(&a);
    return why ? why : "";
}

static void an_authority_vouches_for_its_own(void **state)
{
    struct nation *n = *state;
    static struct test_keys other;
    test_keys_make("GBR", &other); // of the same name, even
    const struct span none = span_of("", 0);
    assert_string_equal(objection(n->keys.ca.cert, none, n, n->now), "");
    assert_string_equal(objection(n->keys.report.cert, none, n, n->now), ""); // itself an anchor
    assert_string_equal(objection(other.ca.cert, none, n, n->now), "certificate-untrusted");
    assert_string_equal(objection(n->keys.ca.cert, none, n, world_time("2019-01-01T00:00:00Z")), "certificate-untrusted");
    assert_string_equal(objection(n->keys.ca.cert, none, n, world_time("2051-01-01T00:00:00Z")), "certificate-untrusted");
}

static void what_is_revoked_is_refused(void **state)
{
    struct nation *n = *state;
    struct pki_facts facts;
    struct buf crl;
    const char *serials[] = {facts.serial};
    const struct span key = test_span(n->keys.ca.key), cert = test_span(n->keys.ca.cert);
    assert_int_equal(pki_facts(test_span(n->keys.report.cert), &facts), ST_OK);
    buf_init(&crl, MIB);
    assert_int_equal(pki_crl(key, cert, serials, 0, n->now - DAY, n->now + DAY, &crl, NULL), ST_OK);
    assert_string_equal(objection(n->keys.ca.cert, buf_bytes(&crl), n, n->now), "");
    buf_reset(&crl);
    assert_int_equal(pki_crl(key, cert, serials, 0, n->now - 2 * DAY, n->now - DAY, &crl, NULL), ST_OK);
    assert_string_equal(objection(n->keys.ca.cert, buf_bytes(&crl), n, n->now), "revocations-outdated");
    buf_reset(&crl);
    assert_int_equal(pki_crl(key, cert, serials, 1, n->now - DAY, n->now + DAY, &crl, NULL), ST_OK);
    assert_string_equal(objection(n->keys.ca.cert, buf_bytes(&crl), n, n->now), "certificate-revoked");
    buf_fini(&crl);
}

static void files_that_are_none_are_refused(void **state)
{
    struct nation *n = *state;
    struct anchors *a = NULL;
    struct diag *d = store_dir_diag();
    assert_int_equal(anchors_load(span_cstr(""), span_of("", 0), d, &a), ST_INVALID);
    assert_int_equal(anchors_load(span_cstr("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), span_of("", 0), d, &a),
                     ST_INVALID);
    assert_int_equal(anchors_load(test_span(n->keys.ca.cert), span_cstr("x"), d, &a), ST_INVALID);
    assert_null(a);
    assert_int_equal(d->count, 3);
}

static void der_is_read_whole_or_not_at_all(void **state)
{
    struct nation *n = *state;
    struct verifying_key *back = NULL;
    struct buf der;
    buf_init(&der, CERTIFICATE_BYTES_MAX);
    assert_int_equal(verifying_key_der(n->report, &der), ST_OK);
    assert_int_equal(verifying_key_load_der(buf_bytes(&der), NULL, &back), ST_OK);
    verifying_key_free(&back);
    for (size_t len = 0; len < der.len; len += 7)
        assert_int_equal(verifying_key_load_der(span_of(der.ptr, len), NULL, &back), ST_INVALID);
    buf_putc(&der, 0);
    assert_int_equal(verifying_key_load_der(buf_bytes(&der), NULL, &back), ST_INVALID);
    buf_fini(&der);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_authority_vouches_for_its_own),
        cmocka_unit_test(what_is_revoked_is_refused),
        cmocka_unit_test(files_that_are_none_are_refused),
        cmocka_unit_test(der_is_read_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
