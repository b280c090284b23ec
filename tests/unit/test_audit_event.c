// formats/audit_event: canonical bytes and back.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "formats/audit_event.h"
#include "tests/support/store_xsd.h"

static struct audit_event sample(void)
{
    struct audit_event e = {
        .n = 7, .kind = AUDIT_DELIVER, .actor = "partner:FRA", .partner = "FRA", .version = 2};
    for (uint8_t i = 0; i < 16; i++)
        e.salt[i] = i;
    e.has_report = true;
    assert_int_equal(uuid_parse(span_cstr("6f0c1d2e-0001-4abc-8def-000102030405"), &e.report), ST_OK);
    assert_int_equal(utc_parse(span_cstr("2026-11-22T13:35:02.120Z"), UTC_ZONE_Z, &e.at), ST_OK);
    audit_event_attr(&e, "first", "40");
    audit_event_attr(&e, "bytes", "12345");
    audit_event_attr(&e, "reason", "a < b & \"c\" > d\ttab\nline");
    return e;
}

static void the_form_is_exact(void **state)
{
    (void)state;
    struct audit_event e = sample();
    e.detail = span_cstr("<decision partner=\"FRA\"></decision>");
    struct buf b;
    buf_init(&b, 4096);
    audit_event_write(&e, &b);
    assert_string_equal(
        buf_cstr(&b),
        "<event xmlns=\"urn:relto:audit:1\" actor=\"partner:FRA\" at=\"2026-11-22T13:35:02.120Z\" "
        "bytes=\"12345\" "
        "first=\"40\" kind=\"deliver\" n=\"7\" partner=\"FRA\" reason=\"a &lt; b &amp; &quot;c&quot; > "
        "d&#x9;tab&#xA;line\" report=\"urn:uuid:6f0c1d2e-0001-4abc-8def-000102030405\" "
        "salt=\"AAECAwQFBgcICQoLDA0ODw==\" version=\"2\"><decision partner=\"FRA\"></decision></event>");
    assert_true(store_xsd_valid(SOURCE_DIR, "formats/schema/audit.xsd", buf_bytes(&b)));
    buf_fini(&b);
}

static void check_round_trip(const struct audit_event *e)
{
    struct buf b, again;
    struct audit_event back;
    buf_init(&b, AUDIT_EVENT_BYTES_MAX);
    buf_init(&again, AUDIT_EVENT_BYTES_MAX);
    audit_event_write(e, &b);
    struct arena *a = xml_arena_new(b.len);
    assert_int_equal(audit_event_parse(buf_bytes(&b), a, &back), ST_OK);
    audit_event_write(&back, &again);
    assert_true(span_eq(buf_bytes(&b), buf_bytes(&again)));
    assert_int_equal(back.kind, e->kind);
    assert_int_equal(back.at, e->at);
    assert_int_equal(back.has_report, e->has_report);
    assert_int_equal(back.attr_count, e->attr_count);

    // what exclusive C14N makes of it
    buf_reset(&again);
    assert_true(store_xsd_canonical(buf_bytes(&b), &again));
    assert_true(span_eq(buf_bytes(&b), buf_bytes(&again)));
    assert_true(store_xsd_valid(SOURCE_DIR, "formats/schema/audit.xsd", buf_bytes(&b)));
    arena_free(&a);
    buf_fini(&b);
    buf_fini(&again);
}

static void every_kind_round_trips(void **state)
{
    (void)state;
    for (size_t k = 0; k < AUDIT_KIND_COUNT; k++) {
        struct audit_event e = sample();
        e.kind = (enum audit_kind)k;
        e.detail = k % 2 ? span_cstr("<a x=\"1\">t&amp;<b></b></a><a></a>") : span_of(NULL, 0);
        check_round_trip(&e);
        enum audit_kind back;
        assert_true(audit_kind_parse(audit_kind_text(e.kind), &back));
        assert_int_equal(back, k);
    }
    struct audit_event bare = {.kind = AUDIT_START, .actor = "node"};
    check_round_trip(&bare);
    enum audit_kind k;
    assert_false(audit_kind_parse("nothing", &k));
}

static void facts_are_found(void **state)
{
    (void)state;
    struct audit_event e = sample(), back;
    struct buf b;
    buf_init(&b, 4096);
    audit_event_write(&e, &b);
    struct arena *a = xml_arena_new(b.len);
    assert_int_equal(audit_event_parse(buf_bytes(&b), a, &back), ST_OK);
    assert_string_equal(audit_event_get(&back, "first"), "40");
    assert_string_equal(audit_event_get(&back, "reason"), "a < b & \"c\" > d\ttab\nline");
    assert_string_equal(back.actor, "partner:FRA");
    assert_string_equal(back.partner, "FRA");
    assert_null(audit_event_get(&back, "last"));
    arena_free(&a);
    buf_fini(&b);
}

// Names of certificates and the like come from outside: whatever they hold, the event can be read.
static void hostile_values_are_tamed(void **state)
{
    (void)state;
    static const char *const values[] = {"\x01\x02",     "a\377b",           "\xc0\x80",
                                         "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xef\xbf\xbf",
                                         "cut\xe2\x82",  "\xe2\x80\xae rlo", "'>]]><!--"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct audit_event e = {.kind = AUDIT_DENIED, .actor = values[i]};
        audit_event_attr(&e, "subject", values[i]);
        check_round_trip(&e);
    }
}

static void other_bytes_are_refused(void **state)
{
    (void)state;
#define HEAD "<event xmlns=\"urn:relto:audit:1\" "
#define AT "at=\"2026-11-22T13:35:02.120Z\" "
#define SALT "salt=\"AAECAwQFBgcICQoLDA0ODw==\""
    static const char good[] = HEAD "actor=\"node\" " AT "kind=\"start\" n=\"1\" " SALT "></event>";
    static const char *const bad[] = {
        "",
        HEAD AT "kind=\"start\" n=\"1\" " SALT "></event>",             // no actor
        HEAD "actor=\"node\" kind=\"start\" n=\"1\" " SALT "></event>", // no time
        HEAD "actor=\"node\" " AT "kind=\"start\" n=\"1\" ></event>",   // no salt
        HEAD "actor=\"node\" " AT "kind=\"start\" n=\"1\" " SALT "/>",
        HEAD "actor='node' " AT "kind=\"start\" n=\"1\" " SALT "></event>",
        HEAD AT "actor=\"node\" kind=\"start\" n=\"1\" " SALT "></event>",                    // order
        HEAD "a=\"1\" a=\"1\" actor=\"node\" " AT "kind=\"start\" n=\"1\" " SALT "></event>", // twice
        HEAD "actor=\"node\" " AT "kind=\"start\" n=\"1\" " SALT " x:y=\"1\"></event>",
        HEAD "actor=\"n&#111;de\" " AT "kind=\"start\" n=\"1\" " SALT "></event>", // other escape
        HEAD "actor=\"node\" " AT "kind=\"start\" n=\"1\" " SALT " version=\"0\"></event>",
        HEAD "actor=\"\xff\" " AT "kind=\"start\" n=\"1\" " SALT "></event>",
        HEAD "actor=\"node\" " AT "kind=\"start\" n=\"1\" " SALT ">text</event>",
        HEAD "actor=\"node\" " AT "kind=\"start\" n=\"1\" " SALT "><a/></event>", // not canonical
        HEAD "actor=\"node\" " AT "kind=\"start\" n=\"1\" " SALT "><a xmlns=\"urn:x\"></a></event>",
        HEAD "actor=\"node\" " AT "kind=\"start\" n=\"1\" " SALT "><a></b></event>",
        HEAD "actor=\"node\" " AT "kind=\"start\" n=\"1\" " SALT "></event><event></event>",
        HEAD "actor=\"node\" " AT "kind=\"begin\" n=\"1\" " SALT "></event>",
    };
    struct audit_event e;
    struct arena *a = xml_arena_new(4096);
    assert_int_equal(audit_event_parse(span_cstr(good), a, &e), ST_OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(audit_event_parse(span_cstr(bad[i]), a, &e), ST_INVALID);
    for (size_t len = 0; len < strlen(good); len++)
        assert_int_equal(audit_event_parse(span_of(good, len), a, &e), ST_INVALID);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_form_is_exact),       cmocka_unit_test(every_kind_round_trips),
        cmocka_unit_test(facts_are_found),         cmocka_unit_test(hostile_values_are_tamed),
        cmocka_unit_test(other_bytes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
