// formats/import_navwarn: warnings to drafts, and what is left out.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/support/import_support.h"

static const struct import_options fra = {.nation = "FRA", .cell = "CERT-MAR"};
static struct diag diag;
static struct kept_drafts kept;
static struct import_counts counts;

static enum status import_text(const char *json)
{
    arena_free(&kept.a);
    kept = (struct kept_drafts){.a = arena_new(16 * MIB)};
    diag_init(&diag, "w.json");
    return import_navwarn(span_cstr(json), &fra, import_keep, &kept, &diag, &counts);
}

static void has(const char *what)
{
    assert_int_equal(kept.count, 1);
    if (!strstr(kept.drafts[0].xml, what))
        fail_msg("no %s in:\n%s", what, kept.drafts[0].xml);
}

#define ONE(text, more)                                                                                      \
    "{\"broadcast-warn\": [\n {\"msgYear\": 2023, \"msgNumber\": 417, \"navArea\": \"4\", \"subregion\": \"11,26\", "  \
    "\"issueDate\": \"150429Z APR 2023\", \"authority\": \"EASTERN RANGE 0/23.\", " more "\"text\": \"" text "\"}\n]}"

static void fields_become_a_draft(void **state)
{
    (void)state;
    assert_int_equal(import_text(ONE("WESTERN NORTH ATLANTIC.\\nFLORIDA.\\n1. HAZARDOUS OPERATIONS, ROCKET LAUNCHING\\n"
                                     "   IN AREA BOUND BY\\n   28-30.00N 080-45.00W, 26-26.00N 076-00.00W.\\n"
                                     "2. CANCEL NAVAREA IV 414/23.\\n3. CANCEL THIS MSG 251516Z APR 23.\\n", "")),
                     ST_OK);
    assert_int_equal(counts.drafts, 1);
    assert_string_equal(kept.drafts[0].name, "navwarn-4-2023-417");
    assert_int_equal(kept.drafts[0].line, 2);
    has("<header type=\"WARNING\"");
    has("<title>NAVAREA IV 417/2023: WESTERN NORTH ATLANTIC, FLORIDA</title>");
    has("<topic>navigation-safety</topic>");
    has("<topic>space</topic>");
    has("<area>USA</area>");
    has("<position lat=\"28.5000\" lon=\"-80.7500\" radius-km=\"10\"/>");
    has("<period from=\"2023-04-15T04:29:00Z\" to=\"2023-04-25T15:16:00Z\"/>");
    has("Issued 150429ZAPR23 by authority of EASTERN RANGE 0/23.");
    has("Ends by itself 251516ZAPR23");
    has("Cancels NAVAREA IV 414/23.");
    has("ROCKET LAUNCHING\nIN AREA"); // lines are kept, their indentation is not
    has("urn:oid:2.999.250.1");       // French labels of a French originator
    has("SYNTHETIC");
}

static void an_open_end_is_six_weeks(void **state)
{
    (void)state;
    assert_int_equal(import_text(ONE("LIGHT UNLIT.", "")), ST_OK);
    has("to=\"2023-05-27T04:29:00Z\"");
    has("Holds until cancelled.");
    has("<topic>aids-to-navigation</topic>");
    assert_null(strstr(kept.drafts[0].xml, "<position"));
    assert_null(strstr(kept.drafts[0].xml, "<area>"));
}

static void bad_records_are_named_and_left_out(void **state)
{
    (void)state;
    assert_int_equal(
        import_text("{\"broadcast-warn\": [\n"
                    "{\"msgYear\": \"x\", \"msgNumber\": 1},\n"
                    "{\"msgYear\": 2023, \"msgNumber\": 2, \"navArea\": \"4\", \"text\": \"\"},\n"
                    "7,\n"
                    "{\"msgYear\": 2023, \"msgNumber\": 3, \"navArea\": \"4\", \"text\": \"{[\\\"x\", \"issueDate\": \"320000Z APR 2023\"},\n"
                    "{\"msgYear\": 2023, \"msgNumber\": 4, \"navArea\": \"4\", \"text\": \"CANCEL THIS MSG 010000Z JAN 20.\", \"issueDate\": \"010000Z APR 2023\"},\n"
                    "{\"msgYear\": 2023, \"msgNumber\": 5, \"navArea\": \"4\", \"text\": \"x\", \"issueDate\": \"010000Z APR 2023\"}\n"
                    "]}"),
        ST_OK);
    assert_int_equal(counts.drafts, 1);
    assert_int_equal(counts.skipped, 5);
    static const uint32_t lines[] = {2, 3, 0, 5, 6};
    assert_int_equal(diag.count, 5);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(diag.faults[i].line, lines[i]);
    assert_int_equal(kept.drafts[0].line, 7);
}

static void other_documents_are_refused(void **state)
{
    (void)state;
    assert_int_equal(import_text("[]"), ST_INVALID);
    assert_int_equal(import_text("{\"broadcast-warn\": {}}"), ST_INVALID);
    assert_int_equal(import_text("{\n\n]"), ST_MALFORMED);
    assert_int_equal(diag.faults[0].line, 3);
    assert_int_equal(import_text(""), ST_MALFORMED);
    assert_int_equal(import_text("{\"a\":1,\"a\":2}"), ST_MALFORMED);
}

static int free_kept(void **state)
{
    (void)state;
    arena_free(&kept.a);
    return 0;
}

// With ids a draft says when its warning ends, and which reports it cancels.
static void ends_and_cancels_are_told(void **state)
{
    (void)state;
    static const uint8_t secret[32] = {1};
    const struct import_options o = {.nation = "FRA", .cell = "CERT-MAR", .id_secret = secret};
    static const char json[] = "{\"broadcast-warn\": [\n"
        "{\"msgYear\": 2023, \"msgNumber\": 414, \"navArea\": \"4\", \"issueDate\": \"140429Z APR 2023\", \"text\": \"ONE.\"},\n"
        "{\"msgYear\": 2022, \"msgNumber\": 9, \"navArea\": \"A\", \"issueDate\": \"140429Z APR 2022\", \"text\": \"TWO.\"},\n"
        "{\"msgYear\": 2022, \"msgNumber\": 10, \"navArea\": \"A\", \"issueDate\": \"140429Z APR 2022\", \"text\": \"THREE.\"},\n"
        "{\"msgYear\": 2023, \"msgNumber\": 415, \"navArea\": \"4\", \"issueDate\": \"150429Z APR 2023\", \"text\": "
        "\"1. CANCEL NAVAREA IV 414/23.\\n2. CANCEL HYDROLANT 9/22(29),\\n    10/22.\\n3. CANCEL THIS MSG 251516Z APR 23.\\n\"}]}";
    arena_free(&kept.a);
    kept = (struct kept_drafts){.a = arena_new(16 * MIB)};
    diag_init(&diag, "w.json");
    assert_int_equal(import_navwarn(span_cstr(json), &o, import_keep, &kept, &diag, &counts), ST_OK);
    assert_int_equal(counts.drafts, 4);
    assert_true(kept.drafts[0].until == UTC_MAX);
    assert_int_equal(kept.drafts[0].cancel_count, 0);
    assert_int_equal(kept.drafts[3].until, 1682435760000); // 2023-04-25T15:16:00Z
    assert_int_equal(kept.drafts[3].cancel_count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_true(uuid_eq(kept.drafts[3].cancels[i], kept.drafts[i].id));
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(kept.drafts[i].version, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_become_a_draft),
        cmocka_unit_test(an_open_end_is_six_weeks), cmocka_unit_test(ends_and_cancels_are_told),
        cmocka_unit_test(bad_records_are_named_and_left_out),
        cmocka_unit_test(other_documents_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, free_kept);
}
