// formats/policy_test: what is read, and what is refused with its line.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "formats/policy_test.h"
#include "tests/support/policy_world.h"

#define TEST(attrs, cases) "<policy-test xmlns='urn:relto:policy-test:1'" attrs ">" cases "</policy-test>"
#define CASE(attrs, expects) "<case name='n' report='r.xml' at='2026-11-22T12:00:00Z'" attrs ">" expects "</case>"
#define FRA_GETS "<expect partner='FRA' outcome='release'/>"

static struct world w;

static int load(void **state)
{
    (void)state;
    w = world_new(NULL);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    world_free(&w);
    return 0;
}

static const struct policy_test_document *read_test(const char *text, enum status expected)
{
    const struct policy_test_document *doc = NULL;
    diag_init(w.d, "t.xml");
    assert_int_equal(policy_test_read(span_cstr(text), "t.xml", w.a, w.d, &doc), expected);
    return doc;
}

static void whole(void **state)
{
    (void)state;
    const struct policy_test_document *doc = read_test(
        TEST(" policy='p.xml' spif-dir='s' vocabulary='v.xml'",
             CASE(" received='consent' approved='2' consented='FRA DEU'",
                  "\n<expect partner='FRA' outcome='redact' reason='-' agreement='A' rule='-' withheld='e1,e2' until='-'/>")), ST_OK);
    assert_string_equal(doc->policy, "p.xml");
    assert_string_equal(doc->spif_dir, "s");
    assert_string_equal(doc->vocabulary, "v.xml");
    assert_int_equal(doc->case_count, 1);
    const struct policy_case *c = doc->cases;
    assert_int_equal(c->at, world_time("2026-11-22T12:00:00Z"));
    assert_int_equal(c->received, ONWARD_CONSENT);
    assert_int_equal(c->approved, 2);
    assert_int_equal(c->consented_count, 2);
    assert_string_equal(c->consented[1], "DEU");
    assert_int_equal(c->expectation_count, 1);
    assert_string_equal(c->expectations->withheld, "e1,e2");
    assert_string_equal(c->expectations->agreement, "A");
    assert_int_equal(c->expectations->line, 2);
}

static void least(void **state)
{
    (void)state;
    const struct policy_test_document *doc = read_test(TEST("", CASE("", FRA_GETS)), ST_OK);
    assert_null(doc->policy);
    assert_int_equal(doc->cases->received, ONWARD_FORBIDDEN);
    assert_int_equal(doc->cases->approved, 0);
    assert_int_equal(doc->cases->consented_count, 0);
    assert_null(doc->cases->expectations->reason);
}

static void refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        TEST("", ""),
        TEST(" polcy='p'", CASE("", FRA_GETS)),
        TEST("", CASE("", "")),
        TEST("", CASE("", FRA_GETS FRA_GETS)),
        TEST("", CASE("", FRA_GETS) CASE("", FRA_GETS)),
        TEST("", CASE("", "<expect partner='FRA'/>")),
        TEST("", CASE("", "<expect outcome='deny'/>")),
        TEST("", CASE("", "<expect partner='FRA' outcome='deny' until=''/>")),
        TEST("", CASE(" received='maybe'", FRA_GETS)),
        TEST("", CASE(" approved='many'", FRA_GETS)),
        TEST("", CASE(" approved='1001'", FRA_GETS)),
        TEST("", "<case name='n' report='r.xml'>" FRA_GETS "</case>"),
        TEST("", "<case name='n' report='r.xml' at='yesterday'>" FRA_GETS "</case>"),
        TEST("", "<case name='n' at='2026-11-22T12:00:00Z'>" FRA_GETS "</case>"),
        "<policy-test>" CASE("", FRA_GETS) "</policy-test>",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        read_test(bad[i], ST_INVALID);
        assert_true(w.d->count > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(whole), cmocka_unit_test(least), cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, load, unload);
}
