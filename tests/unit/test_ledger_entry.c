// formats/ledger_entry: canonical bytes and back.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "formats/ledger_entry.h"
#include "tests/support/store_xsd.h"

static const char release_text[] =
    "<entry xmlns=\"urn:relto:ledger:1\" at=\"2026-11-22T13:35:02.120Z\" "
    "digest=\"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\" kind=\"release\" "
    "n=\"41\" "
    "onward=\"consent\" report=\"urn:uuid:6f0c1d2e-0001-4abc-8def-000102030405\" "
    "salt=\"AAECAwQFBgcICQoLDA0ODw==\" "
    "version=\"2\"></entry>";

static struct ledger_entry sample(enum entry_kind kind)
{
    struct ledger_entry e = {.n = 41, .kind = kind, .version = 2, .onward = ONWARD_CONSENT};
    for (uint8_t i = 0; i < 16; i++)
        e.salt[i] = i;
    e.digest = sha256(span_of(NULL, 0));
    assert_int_equal(utc_parse(span_cstr("2026-11-22T13:35:02.120Z"), UTC_ZONE_Z, &e.at), ST_OK);
    assert_int_equal(uuid_parse(span_cstr("6f0c1d2e-0001-4abc-8def-000102030405"), &e.report), ST_OK);
    return e;
}

static void the_form_is_exact(void **state)
{
    (void)state;
    struct ledger_entry e = sample(ENTRY_RELEASE);
    struct buf b;
    buf_init(&b, 2000);
    ledger_entry_write(&e, &b);
    assert_string_equal(buf_cstr(&b), release_text);
    buf_reset(&b);
    ledger_entry_write_attrs(&e, &b);
    assert_true(span_starts(buf_bytes(&b), " at=\"2026-11-22T13:35:02.120Z\" digest="));
    buf_fini(&b);
}

static void every_kind_round_trips(void **state)
{
    (void)state;
    for (enum entry_kind k = ENTRY_RELEASE; k <= ENTRY_HEAD; k++) {
        struct ledger_entry e = sample(k), back;
        struct buf b, again;
        buf_init(&b, 2000);
        buf_init(&again, 2000);
        ledger_entry_write(&e, &b);
        assert_true(store_xsd_valid(SOURCE_DIR, "formats/schema/ledger.xsd", buf_bytes(&b)));
        assert_int_equal(ledger_entry_parse(buf_bytes(&b), &back), ST_OK);
        assert_int_equal(back.kind, k);
        assert_int_equal(back.n, 41);
        assert_int_equal(back.at, e.at);
        assert_memory_equal(back.salt, e.salt, 16);
        ledger_entry_write(&back, &again);
        assert_true(span_eq(buf_bytes(&b), buf_bytes(&again)));

        // our form is what exclusive C14N makes of it
        struct arena *a = xml_arena_new(b.len);
        struct xml_node *root;
        assert_int_equal(xml_read(buf_bytes(&b), XML_UNTRUSTED, a, NULL, &root), ST_OK);
        buf_reset(&again);
        assert_true(store_xsd_canonical(buf_bytes(&b), &again));
        assert_true(span_eq(buf_bytes(&b), buf_bytes(&again)));
        assert_int_equal(ledger_entry_read(root, NULL, &back), ST_OK);
        assert_int_equal(back.kind, k);
        arena_free(&a);
        buf_fini(&b);
        buf_fini(&again);
    }
}

// A changed byte gives other values (a digit of n, say) or is refused; it never reads as the same entry.
static void changed_bytes_never_read_the_same(void **state)
{
    (void)state;
    struct ledger_entry good, e;
    char text[sizeof release_text];
    memcpy(text, release_text, sizeof text);
    assert_int_equal(ledger_entry_parse(span_cstr(text), &good), ST_OK);
    for (size_t i = 0; i < strlen(text); i++)
        for (int bit = 0; bit < 8; bit++) {
            text[i] = (char)(text[i] ^ 1 << bit);
            if (ledger_entry_parse(span_of(text, sizeof text - 1), &e) == ST_OK) {
                struct buf b;
                buf_init(&b, 2000);
                ledger_entry_write(&e, &b);
                assert_string_equal(buf_cstr(&b), text);
                assert_string_not_equal(text, release_text);
                buf_fini(&b);
            }
            text[i] = (char)(text[i] ^ 1 << bit);
        }
    for (size_t len = 0; len < strlen(text); len++)
        assert_int_equal(ledger_entry_parse(span_of(text, len), &e), ST_INVALID);
}

static void other_forms_are_refused(void **state)
{
    (void)state;
#define HEAD "<entry xmlns=\"urn:relto:ledger:1\" "
#define AT "at=\"2026-11-22T13:35:02.120Z\" "
#define ID "report=\"urn:uuid:6f0c1d2e-0001-4abc-8def-000102030405\" "
#define SALT "salt=\"AAECAwQFBgcICQoLDA0ODw==\" "
    static const char good[] = HEAD AT "kind=\"recall\" n=\"1\" " ID SALT "version=\"2\"></entry>";
    static const char *const bad[] = {
        "",
        HEAD AT "kind=\"recall\" n=\"1\" " ID SALT "version=\"2\"/>",           // short form
        HEAD "kind=\"recall\" " AT "n=\"1\" " ID SALT "version=\"2\"></entry>", // order
        HEAD AT "kind=\"recall\" n=\"01\" " ID SALT "version=\"2\"></entry>",   // leading zero
        HEAD AT "kind=\"recall\" n=\"1\" " ID SALT "version=\"0\"></entry>",    // no version
        HEAD AT "kind=\"recall\" n=\"1\" " ID SALT "version=\"4294967296\"></entry>",
        HEAD AT "kind=\"recall\" n=\"18446744073709551616\" " ID SALT "version=\"1\"></entry>",
        HEAD AT "kind=\"recall\" n=\"1\" onward=\"consent\" " ID SALT
                "version=\"2\"></entry>",                                            // not for this kind
        HEAD AT "kind=\"recall\" n=\"1\" n=\"1\" " ID SALT "version=\"2\"></entry>", // twice
        HEAD AT "kind=\"recall\" n=\"1\" " ID SALT "version=\"2\"></entry> ",        // trailing
        HEAD AT "kind=\"recall\" n=\"1\" " ID SALT "version=\"2\">x</entry>",
        HEAD AT "kind=\"erase\" n=\"1\" " ID SALT "version=\"2\"></entry>",
        HEAD "at=\"2026-11-22T13:35:02Z\" kind=\"recall\" n=\"1\" " ID SALT "version=\"2\"></entry>",
        HEAD AT "kind=\"recall\" n=\"1\" report=\"6f0c1d2e-0001-4abc-8def-000102030405\" " SALT
                "version=\"2\"></entry>",
        HEAD AT "kind=\"recall\" n=\"1\" " ID "salt=\"AAECAwQFBgcICQoLDA0O\" version=\"2\"></entry>",
    };
    struct ledger_entry e;
    assert_int_equal(ledger_entry_parse(span_cstr(good), &e), ST_OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(ledger_entry_parse(span_cstr(bad[i]), &e), ST_INVALID);
}

static void reading_an_element_says_what_is_wrong(void **state)
{
    (void)state;
    static const char text[] =
        "<r:entry xmlns:r=\"urn:relto:feed:1\" at=\"2026-11-22T13:35:02.120Z\" kind=\"recall\" "
        "n=\"1\" salt=\"AAECAwQFBgcICQoLDA0ODw==\" version=\"2\"></r:entry>";
    struct arena *a = xml_arena_new(sizeof text);
    static struct diag d;
    struct xml_node *root;
    struct ledger_entry e;
    diag_init(&d, NULL);
    assert_int_equal(xml_read(span_cstr(text), XML_UNTRUSTED, a, &d, &root), ST_OK);
    assert_int_equal(ledger_entry_read(root, &d, &e), ST_INVALID);
    assert_int_equal(d.count, 1);
    assert_non_null(strstr(d.faults[0].message, "\"report\""));
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_form_is_exact),
        cmocka_unit_test(every_kind_round_trips),
        cmocka_unit_test(changed_bytes_never_read_the_same),
        cmocka_unit_test(other_forms_are_refused),
        cmocka_unit_test(reading_an_element_says_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
