// formats/consent: the documents are written and read back, and anything else than what was signed is refused.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "formats/consent.h"
#include "tests/support/policy_world.h"
#include "tests/support/store_dir.h"
#include "tests/support/store_xsd.h"
#include "tests/support/test_keys.h"

struct fixture {
    struct test_keys keys;
    struct test_pair consent;
    struct signing_key *key;
    struct verifying_key *cert, *report;
    struct consent c;
    struct buf b;
};

static int begin(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    const struct test_cert_options o = {.common_name = "consents", .eku = RELTO_EKU_CONSENT};
    test_keys_make("GBR", &f->keys);
    test_keys_issue(&f->keys.ca, &o, &f->consent);
    assert_int_equal(signing_key_load(test_span(f->consent.key), test_span(f->consent.cert), NULL, &f->key), ST_OK);
    assert_int_equal(verifying_key_load(test_span(f->consent.cert), NULL, &f->cert), ST_OK);
    assert_int_equal(verifying_key_load(test_span(f->keys.report.cert), NULL, &f->report), ST_OK);
    f->c = (struct consent){.nation = "GBR", .requester = "FRA", .what = {.recipient = "DEU", .version = 2}};
    f->c.what.report.b[0] = 7;
    f->c.what.rendition = sha256(span_cstr("rendition"));
    f->c.at = world_time("2026-11-22T12:00:00Z") + 5;
    f->c.expires = world_time("2026-12-22T12:00:00Z");
    f->c.request = consent_request_id(&f->c.what, "FRA");
    buf_init(&f->b, MIB);
    *state = f;
    return 0;
}

static int end(void **state)
{
    struct fixture *f = *state;
    signing_key_free(&f->key);
    verifying_key_free(&f->cert);
    verifying_key_free(&f->report);
    buf_fini(&f->b);
    free(f);
    return 0;
}

static void round_trip(struct fixture *f)
{
    struct consent back;
    struct signature_facts *facts = calloc(1, sizeof *facts);
    buf_reset(&f->b);
    assert_int_equal(consent_write(&f->c, f->key, &f->b), ST_OK);
    assert_int_equal(consent_read(buf_bytes(&f->b), NULL, &back, facts), ST_OK);
    assert_int_equal(back.revocation, f->c.revocation);
    assert_string_equal(back.nation, "GBR");
    assert_string_equal(back.requester, "FRA");
    assert_string_equal(back.what.recipient, "DEU");
    assert_true(uuid_eq(back.what.report, f->c.what.report) && uuid_eq(back.request, f->c.request));
    assert_int_equal(back.what.version, 2);
    assert_true(digest_eq(&back.what.rendition, &f->c.what.rendition) && digest_eq(&back.grant, &f->c.grant));
    assert_true(back.at == f->c.at && back.expires == f->c.expires);
    assert_null(consent_key_objection(&back, facts, f->cert));
    assert_true(store_xsd_valid(SOURCE_DIR, "formats/schema/consent.xsd", buf_bytes(&f->b)));
    free(facts);
}

static void documents_round_trip(void **state)
{
    struct fixture *f = *state;
    round_trip(f);
    f->c.revocation = true;
    f->c.grant = sha256(buf_bytes(&f->b));
    round_trip(f);
}

static void requests_round_trip(void **state)
{
    struct fixture *f = *state;
    struct consent_request back, r = f->c.what;
    r.asked = f->c.at;
    consent_request_write(&r, &f->b);
    assert_int_equal(consent_request_read(buf_bytes(&f->b), NULL, &back), ST_OK);
    assert_true(back.asked == r.asked && back.version == 2 && uuid_eq(back.report, r.report));
    assert_string_equal(back.recipient, "DEU");
    assert_true(store_xsd_valid(SOURCE_DIR, "formats/schema/consent.xsd", buf_bytes(&f->b)));
    // Whoever asks, and when, are part of its name.
    struct uuid id = consent_request_id(&r, "FRA");
    assert_true(uuid_eq(id, consent_request_id(&back, "FRA")));
    assert_false(uuid_eq(id, consent_request_id(&back, "DEU")));
    back.asked++;
    assert_false(uuid_eq(id, consent_request_id(&back, "FRA")));
}

// With the first `old` replaced by `new`: not ST_OK.
static enum status changed(struct fixture *f, const char *old, const char *new)
{
    struct consent back;
    struct buf c;
    struct diag *d = store_dir_diag();
    struct signature_facts *facts = calloc(1, sizeof *facts);
    const char *text = buf_cstr(&f->b), *at = strstr(text, old);
    assert_non_null(at);
    buf_init(&c, MIB);
    buf_put(&c, text, (size_t)(at - text));
    buf_puts(&c, new);
    buf_puts(&c, at + strlen(old));
    enum status st = consent_read(buf_bytes(&c), d, &back, facts);
    assert_true(st == ST_OK || d->count > 0);
    buf_fini(&c);
    free(facts);
    return st;
}

static void what_was_altered_is_refused(void **state)
{
    struct fixture *f = *state;
    static const char *const values[][2] = {
        {"recipient=\"DEU\"", "recipient=\"ITA\""}, {"requester=\"FRA\"", "requester=\"ITA\""}, {"version=\"2\"", "version=\"3\""},
        {"expires=\"2026", "expires=\"2036"},       {"at=\"2026", "at=\"2025"},                 {"urn:uuid:0700", "urn:uuid:0800"},
        {"nation=\"GBR\"", "nation=\"FRA\""},       {"rendition=\"sha256:", "rendition=\"sha256:0"},
    };
    static const char *const forms[][2] = {
        {"<grant ", "<grant  "},         {"<grant ", "<grant x=\"1\" "},       {"></grant>", ">x</grant>"},
        {"Id=\"grant\"", "Id=\"other\""}, {"version=\"2\"", "version=\"02\""}, {"</consent>", "<x></x></consent>"},
        {"<consent ", "<consent a=\"\" "}, {"relto-consent-1", "relto-report-1"}, {"<grant ", "<!-- --><grant "},
        {"</ds:Signature>", "</ds:Signature> "}, {".005Z", ".0050Z"},
    };
    assert_int_equal(consent_write(&f->c, f->key, &f->b), ST_OK);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (changed(f, values[i][0], values[i][1]) == ST_OK)
            fail_msg("accepted: %s", values[i][1]);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (changed(f, forms[i][0], forms[i][1]) == ST_OK)
            fail_msg("accepted: %s", forms[i][1]);
    struct consent back;
    struct signature_facts *facts = calloc(1, sizeof *facts);
    for (size_t i = 0; i < f->b.len; i++) { // any bit
        f->b.ptr[i] ^= 1;
        if (consent_read(buf_bytes(&f->b), NULL, &back, facts) == ST_OK && !consent_key_objection(&back, facts, f->cert))
            fail_msg("a flipped bit at %zu was accepted", i);
        f->b.ptr[i] ^= 1;
    }
    free(facts);
}

static void only_a_consent_key_consents(void **state)
{
    struct fixture *f = *state;
    struct consent back;
    struct signature_facts *facts = calloc(1, sizeof *facts);
    struct signing_key *report;
    static struct test_pair old;
    struct verifying_key *old_cert;
    const struct test_cert_options o = {.common_name = "old", .eku = RELTO_EKU_CONSENT, .from = world_time("2020-01-01T00:00:00Z"),
                                        .until = world_time("2021-01-01T00:00:00Z")};
    assert_int_equal(consent_write(&f->c, f->key, &f->b), ST_OK);
    assert_int_equal(consent_read(buf_bytes(&f->b), NULL, &back, facts), ST_OK);
    assert_string_equal(consent_key_objection(&back, facts, f->report), "consent-unknown-key");
    // A key that may sign reports, and one that was no longer valid.
    buf_reset(&f->b);
    assert_int_equal(signing_key_load(test_span(f->keys.report.key), test_span(f->keys.report.cert), NULL, &report), ST_OK);
    assert_int_equal(consent_write(&f->c, report, &f->b), ST_OK);
    assert_int_equal(consent_read(buf_bytes(&f->b), NULL, &back, facts), ST_OK);
    assert_string_equal(consent_key_objection(&back, facts, f->report), "consent-key-not-for-consents");
    signing_key_free(&report);
    test_keys_issue(&f->keys.ca, &o, &old);
    buf_reset(&f->b);
    assert_int_equal(signing_key_load(test_span(old.key), test_span(old.cert), NULL, &report), ST_OK);
    assert_int_equal(verifying_key_load(test_span(old.cert), NULL, &old_cert), ST_OK);
    assert_int_equal(consent_write(&f->c, report, &f->b), ST_OK);
    assert_int_equal(consent_read(buf_bytes(&f->b), NULL, &back, facts), ST_OK);
    assert_string_equal(consent_key_objection(&back, facts, old_cert), "consent-key-not-valid");
    signing_key_free(&report);
    verifying_key_free(&old_cert);
    free(facts);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {T(documents_round_trip), T(requests_round_trip), T(what_was_altered_is_refused),
                                       T(only_a_consent_key_consents)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
