// formats/partner_card: written cards are read back, and nothing else is.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "formats/base/encode.h"
#include "formats/partner_card.h"
#include "tests/support/labels_input.h"
#include "tests/support/labels_schema.h"
#include "tests/support/test_keys.h"

struct fixture {
    struct test_keys keys;
    struct note_key card, other;
    char two[2 * TEST_PEM_MAX];
    struct partner_card sample;
    struct partner_card read;
    struct buf text;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    test_keys_make("GBR", &f->keys);
    test_note_key(&f->card);
    test_note_key(&f->other);
    snprintf(f->two, sizeof f->two, "%s%s", f->keys.ca.cert, f->keys.report.cert);
    f->sample = (struct partner_card){
        .nation = "GBR",
        .node_name = "gbr.example",
        .trust_domain = "gbr.example",
        .address = "relay.gbr.example:8443",
        .serial = 3,
        .issued = 1790000000000,
        .anchors_pem = f->two,
        .has_next_card_key = true,
        .consent_cert_pem = f->keys.report.cert,
        .report_cert_count = 2,
    };
    memset(f->sample.ledger_key, 1, ED25519_LEN);
    memset(f->sample.audit_key, 2, ED25519_LEN);
    memset(f->sample.cosign_key, 3, ED25519_LEN);
    memset(f->sample.next_card_key, 4, ED25519_LEN);
    memcpy(f->sample.card_key, f->card.pub, ED25519_LEN);
    f->sample.report_certs[0] = (struct card_certificate){.pem = f->keys.report.cert};
    f->sample.report_certs[1] = (struct card_certificate){
        .pem = f->keys.ca.cert, .retired = true, .has_compromised_from = true, .compromised_from = 1780000000000};
    buf_init(&f->text, MIB);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    buf_fini(&f->text);
    free(f);
    return 0;
}

static void written_is_read_back(void **state)
{
    struct fixture *f = *state;
    struct labels_input in = labels_input_new("gbr.card");
    assert_int_equal(partner_card_write(&f->sample, &f->card, &f->text), ST_OK);
    assert_true(labels_schema_accepts("card.xsd", buf_bytes(&f->text)));
    assert_int_equal(partner_card_read(buf_bytes(&f->text), "gbr.card", in.a, in.d, &f->read), ST_OK);
    const struct partner_card *c = &f->read;
    assert_string_equal(c->nation, "GBR");
    assert_string_equal(c->node_name, "gbr.example");
    assert_string_equal(c->trust_domain, "gbr.example");
    assert_string_equal(c->address, "relay.gbr.example:8443");
    assert_int_equal(c->serial, 3);
    assert_true(c->issued == f->sample.issued);
    assert_string_equal(c->anchors_pem, f->two);
    assert_memory_equal(c->ledger_key, f->sample.ledger_key, ED25519_LEN);
    assert_memory_equal(c->audit_key, f->sample.audit_key, ED25519_LEN);
    assert_memory_equal(c->cosign_key, f->sample.cosign_key, ED25519_LEN);
    assert_memory_equal(c->card_key, f->card.pub, ED25519_LEN);
    assert_true(c->has_next_card_key);
    assert_memory_equal(c->next_card_key, f->sample.next_card_key, ED25519_LEN);
    assert_int_equal(c->report_cert_count, 2);
    assert_false(c->report_certs[0].retired);
    assert_true(c->report_certs[1].retired);
    assert_true(c->report_certs[1].compromised_from == 1780000000000);
    // White space that an editor left at the end changes neither card nor fingerprint.
    char before[CARD_FINGERPRINT_LEN + 1], after[CARD_FINGERPRINT_LEN + 1];
    partner_card_fingerprint(buf_bytes(&f->text), before);
    buf_puts(&f->text, "\r\n");
    assert_int_equal(partner_card_read(buf_bytes(&f->text), NULL, in.a, in.d, &f->read), ST_OK);
    assert_string_equal(partner_card_fingerprint(buf_bytes(&f->text), after), before);
    assert_int_equal(strlen(before), CARD_FINGERPRINT_LEN);
    labels_input_free(&in);
}

// The key held or its announced successor, newer, of the same node: nothing else takes a card's place unasked.
static void the_card_held_vouches_for_the_next(void **state)
{
    struct fixture *f = *state;
    struct partner_card next = f->sample;
    assert_non_null(partner_card_update_objection(&f->sample, &next));
    next.serial = 2;
    assert_non_null(partner_card_update_objection(&f->sample, &next));
    next.serial = 4;
    assert_null(partner_card_update_objection(&f->sample, &next));
    memcpy(next.card_key, f->sample.next_card_key, ED25519_LEN);
    assert_null(partner_card_update_objection(&f->sample, &next));
    f->sample.has_next_card_key = false;
    assert_non_null(partner_card_update_objection(&f->sample, &next));
    f->sample.has_next_card_key = true;
    next.card_key[31] ^= 1;
    assert_non_null(partner_card_update_objection(&f->sample, &next));
    next = f->sample;
    next.serial = 4;
    next.nation = "FRA";
    assert_non_null(partner_card_update_objection(&f->sample, &next));
    next.nation = "GBR", next.node_name = "other.example";
    assert_non_null(partner_card_update_objection(&f->sample, &next));
    next.node_name = "gbr.example", next.trust_domain = "other.example";
    assert_non_null(partner_card_update_objection(&f->sample, &next));
}

static void the_fingerprint_is_a_digest(void **state)
{
    (void)state;
    char text[CARD_FINGERPRINT_LEN + 1];
    assert_string_equal(partner_card_fingerprint(span_cstr("abc"), text), "ba78 16bf 8f01 cfea 4141 40de 5dae 2223");
}

// Every bit of the card counts.
static void altered_cards_are_refused(void **state)
{
    struct fixture *f = *state;
    struct labels_input in = labels_input_new(NULL);
    assert_int_equal(partner_card_write(&f->sample, &f->card, &f->text), ST_OK);
    for (size_t i = 0; i < f->text.len; i += 7) {
        f->text.ptr[i] ^= 1;
        assert_int_not_equal(partner_card_read(buf_bytes(&f->text), NULL, in.a, NULL, &f->read), ST_OK);
        f->text.ptr[i] ^= 1;
        if (i % 700 == 0) { // the arena is only there for the strings
            labels_input_free(&in);
            in = labels_input_new(NULL);
        }
    }
    labels_input_free(&in);
}

static void another_key_does_not_verify(void **state)
{
    struct fixture *f = *state;
    struct labels_input in = labels_input_new("gbr.card");
    assert_int_equal(partner_card_write(&f->sample, &f->other, &f->text), ST_INVALID);
    assert_int_equal(f->text.len, 0);
    assert_int_equal(partner_card_write(&f->sample, &f->card, &f->text), ST_OK);
    struct buf mine, theirs;
    buf_init(&mine, 100);
    buf_init(&theirs, 100);
    base64_put(&mine, span_of(f->card.pub, ED25519_LEN));
    base64_put(&theirs, span_of(f->other.pub, ED25519_LEN));
    char *text = labels_replace(buf_cstr(&f->text), buf_cstr(&mine), buf_cstr(&theirs));
    assert_int_equal(partner_card_read(span_cstr(text), "gbr.card", in.a, in.d, &f->read), ST_BAD_SIGNATURE);
    assert_true(labels_input_has(&in, "card-signature", "verify"));
    free(text);
    buf_fini(&mine);
    buf_fini(&theirs);
    labels_input_free(&in);
}

static void broken_cards_are_refused(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *from, *to, *rule, *words;
    } cases[] = {
        {"node=\"gbr.example\"", "node=\"gbr+example\"", "bad-value", "node"},
        {"node=\"gbr.example\"", "node=\"gbr example\"", "bad-value", "node"},
        {"nation=\"GBR\"", "nation=\"\"", "missing-attribute", "nation"},
        {":8443\"", ":0\"", "bad-value", "host:port"},
        {":8443\"", "\"", "bad-value", "host:port"},
        {":8443\"", ":99999\"", "bad-value", "host:port"},
        {"address=\"", "address=\"a:", "bad-value", "host:port"},
        {"serial=\"3\"", "serial=\"03\"", "not-canonical", "canonical"},
        {"serial=\"3\"", "serial=\"-3\"", "bad-value", "serial"},
        {"issued=\"2026-09-21T", "issued=\"2026-09-31T", "bad-time", "issued"},
        {"<ledger-key>", "<ledger-key>AA", "card-key", "Ed25519"},
        {"<next-card-key>", "<next-card-key/><next-card-key>", "repeated-element", "next-card-key"},
        {"-----BEGIN CERTIFICATE-----", "-----BEGIN PRIVATE KEY-----", "card-certificate", "certificates"},
        {"<consent-certificate>", "<consent-certificate>note ", "card-certificate", "one certificate"},
        {"-----END CERTIFICATE-----", "=-----END CERTIFICATE-----", "card-certificate", "certificates"},
        {"<anchors>", " <anchors>", "not-canonical", "canonical"},
        {"<signature>", "<signature>A", "not-canonical", "canonical"},
        {"</signature>", "</signature><note></note>", "unknown-element", "note"},
        {"<signature>", "<sig></sig><signature>", "unknown-element", "sig"},
        {" retired=\"true\"", " retired=\"1\"", "not-canonical", "canonical"},
        {"compromised-from=\"", "compromised-from=\"x", "bad-time", "compromised-from"},
    };
    assert_int_equal(partner_card_write(&f->sample, &f->card, &f->text), ST_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct labels_input in = labels_input_new("gbr.card");
        char *text = labels_replace(buf_cstr(&f->text), cases[i].from, cases[i].to);
        enum status st = partner_card_read(span_cstr(text), "gbr.card", in.a, in.d, &f->read);
        if (st != ST_INVALID || !labels_input_has(&in, cases[i].rule, cases[i].words)) {
            labels_input_show(&in);
            fail_msg("case %zu: status %d, no fault %s about %s", i, st, cases[i].rule, cases[i].words);
        }
        free(text);
        labels_input_free(&in);
    }
}

static void unreadable_cards_are_not_written(void **state)
{
    struct fixture *f = *state;
    f->sample.node_name = "two words";
    assert_int_equal(partner_card_write(&f->sample, &f->card, &f->text), ST_INVALID);
    assert_int_equal(f->text.len, 0);
    f->sample.node_name = "gbr.example";
    f->sample.anchors_pem = f->keys.ca.key; // a private key by mistake
    assert_int_equal(partner_card_write(&f->sample, &f->card, &f->text), ST_INVALID);
    assert_int_equal(f->text.len, 0);
    f->sample.anchors_pem = f->two;
    f->sample.address = "[2001:db8::1]:8443";
    f->sample.has_next_card_key = false;
    f->sample.report_cert_count = 0;
    assert_int_equal(partner_card_write(&f->sample, &f->card, &f->text), ST_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(written_is_read_back, setup, teardown),
        cmocka_unit_test_setup_teardown(the_card_held_vouches_for_the_next, setup, teardown),
        cmocka_unit_test(the_fingerprint_is_a_digest),
        cmocka_unit_test_setup_teardown(altered_cards_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(another_key_does_not_verify, setup, teardown),
        cmocka_unit_test_setup_teardown(broken_cards_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(unreadable_cards_are_not_written, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
