// formats/import_csaf: an advisory to a draft with a portion for each vulnerability.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/support/import_support.h"

static const struct import_options marsec = {.nation = "MARSEC", .cell = "CYBER"};
static struct diag diag;
static struct kept_drafts kept;
static struct import_counts counts;

static enum status import_text(const char *json)
{
    arena_free(&kept.a);
    kept = (struct kept_drafts){.a = arena_new(16 * MIB)};
    diag_init(&diag, "a.json");
    return import_csaf(span_cstr(json), &marsec, import_keep, &kept, &diag, &counts);
}

#define ADVISORY(tlp, vulnerabilities)                                                                       \
    "{\"document\": {\"csaf_version\": \"2.0\", \"title\": \"Siemens <Desigo>\", " tlp                        \
    "\"tracking\": {\"id\": \"ICSA-22-104-02\", \"initial_release_date\": \"2022-04-14T00:00:00.000000Z\", "  \
    "\"current_release_date\": \"2022-05-14T02:00:00+02:00\"}, "                                              \
    "\"notes\": [{\"category\": \"summary\", \"title\": \"Risk evaluation\", \"text\": \"Bad.\\u200b\"}, "    \
    "{\"category\": \"other\", \"title\": \"Company headquarters location\", \"text\": \"Germany\"}, "        \
    "{\"category\": \"legal_disclaimer\", \"text\": \"LAWYERS\"}]}, "                                         \
    "\"vulnerabilities\": [" vulnerabilities "]}"
#define TLP(l) "\"distribution\": {\"tlp\": {\"label\": \"" l "\"}}, "
#define VULNERABILITY(cve, score)                                                                            \
    "{\"cve\": \"" cve "\", \"cwe\": {\"id\": \"CWE-459\", \"name\": \"Incomplete Cleanup\"}, "               \
    "\"notes\": [{\"category\": \"summary\", \"text\": \"Token stays.\"}], "                                 \
    "\"scores\": [{\"cvss_v3\": {\"baseScore\": " score "}}], "                                              \
    "\"remediations\": [{\"category\": \"mitigation\", \"details\": \"Update.\"}]}"

static size_t occurrences(const char *what)
{
    size_t n = 0;
    for (const char *p = kept.drafts[0].xml; (p = strstr(p, what)); p += strlen(what))
        n++;
    return n;
}

static void an_advisory_becomes_a_draft(void **state)
{
    (void)state;
    assert_int_equal(import_text(ADVISORY(TLP("WHITE"), VULNERABILITY("CVE-1", "9.8") ", " VULNERABILITY("CVE-2", "5"))), ST_OK);
    assert_int_equal(kept.count, 1);
    assert_string_equal(kept.drafts[0].name, "csaf-icsa-22-104-02");
    static const char *const once[] = {
        "<title>ICSA-22-104-02: Siemens &lt;Desigo&gt;</title>",
        "<topic>cyber</topic>", "<topic>industrial-control</topic>", "<area>DEU</area>",
        "<period from=\"2022-04-14T00:00:00Z\" to=\"2022-05-14T00:00:00Z\"/>",
        "<text>Bad.\nSource: ICSA-22-104-02, public.",
        "<text>CVE-1\nCWE-459 Incomplete Cleanup\nToken stays.\nCVSS base score: 9.8.</text>",
        "CVE-2", "<text>- Update.</text>",
    };
    for (size_t i = 0; i < sizeof once / sizeof *once; i++)
        assert_int_equal(occurrences(once[i]), 1);
    assert_int_equal(occurrences("<portion>"), 4);
    assert_int_equal(occurrences("LAWYERS"), 0);
    // the grave one and with it the overall label are RESTRICTED to GBR; header and the other portions are open
    assert_int_equal(occurrences(">RESTRICTED<"), 1);
    assert_int_equal(occurrences(">UNCLASSIFIED<"), 4);
    assert_int_equal(occurrences("FRA</slab:GenericValue>"), 4);
}

static void tlp_is_never_widened(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        size_t gbr, fra, open;
    } cases[] = {
        {ADVISORY(TLP("WHITE"), ""), 1, 1, 1}, {ADVISORY(TLP("CLEAR"), ""), 1, 1, 1},
        {ADVISORY(TLP("GREEN"), ""), 1, 1, 0}, {ADVISORY(TLP("AMBER"), ""), 1, 0, 0},
        {ADVISORY(TLP("AMBER+STRICT"), ""), 1, 0, 0}, {ADVISORY(TLP("RED"), ""), 0, 0, 0},
        {ADVISORY(TLP("white"), ""), 1, 0, 0}, {ADVISORY("", ""), 1, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(import_text(cases[i].json), ST_OK);
        assert_int_equal(occurrences("<slab:GenericValue>GBR"), cases[i].gbr);
        assert_int_equal(occurrences("<slab:GenericValue>FRA"), cases[i].fra);
        assert_int_equal(occurrences(">UNCLASSIFIED<"), cases[i].open);
    }
}

#define BACKWARDS                                                                                            \
    "{\"document\": {\"csaf_version\": \"2.0\", \"title\": \"x\", \"tracking\": {\"id\": \"y\", "                    \
    "\"initial_release_date\": \"2022-01-02T00:00:00Z\", \"current_release_date\": \"2022-01-01T00:00:00Z\"}}}"

static void others_are_left_out(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "{}",
        "[]",
        "{\"document\": {\"csaf_version\": \"2.1\"}}",
        "{\"document\": {\"csaf_version\": \"2.0\", \"title\": \"x\", \"tracking\": {\"id\": \"\"}}}",
        BACKWARDS,
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(import_text(cases[i]), ST_OK);
        assert_int_equal(counts.drafts, 0);
        assert_int_equal(counts.skipped, 1);
        assert_int_equal(diag.count, 1);
    }
    assert_int_equal(import_text("{"), ST_MALFORMED);
}

static int free_kept(void **state)
{
    (void)state;
    arena_free(&kept.a);
    return 0;
}

// With ids each revision is a version; the earlier ones say that their text was not there.
static void revisions_become_versions(void **state)
{
    (void)state;
    static const uint8_t secret[32] = {1};
    const struct import_options o = {.nation = "MARSEC", .cell = "CYBER", .id_secret = secret};
    static const char json[] =
        "{\"document\": {\"csaf_version\": \"2.0\", \"title\": \"Siemens\", \"distribution\": {\"tlp\": {\"label\": \"WHITE\"}}, "
        "\"tracking\": {\"id\": \"ICSA-1\", \"initial_release_date\": \"2022-04-14T00:00:00Z\", "
        "\"current_release_date\": \"2022-06-14T00:00:00Z\", \"revision_history\": ["
        "{\"date\": \"2022-06-14T00:00:00Z\", \"number\": \"3\", \"summary\": \"Update B\"}, "
        "{\"date\": \"2022-04-14T00:00:00Z\", \"number\": \"1\", \"summary\": \"First\"}, "
        "{\"date\": \"2022-05-14T00:00:00Z\", \"number\": \"2\", \"summary\": \"Update A\"}]}, "
        "\"notes\": [{\"category\": \"summary\", \"text\": \"Bad.\"}]}}";
    arena_free(&kept.a);
    kept = (struct kept_drafts){.a = arena_new(16 * MIB)};
    diag_init(&diag, "a.json");
    assert_int_equal(import_csaf(span_cstr(json), &o, import_keep, &kept, &diag, &counts), ST_OK);
    assert_int_equal(kept.count, 3);
    static const struct {
        const char *name, *words;
    } expected[] = {{"csaf-icsa-1-v001", "Revision 1 of 3, 140000ZAPR22: First\nThe text of this revision was not imported"},
                    {"csaf-icsa-1-v002", "Revision 2 of 3, 140000ZMAY22: Update A\n"}, {"csaf-icsa-1-v003", "<text>Bad."}};
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(kept.drafts[i].name, expected[i].name);
        assert_int_equal(kept.drafts[i].version, i + 1);
        assert_true(uuid_eq(kept.drafts[i].id, kept.drafts[0].id));
        assert_non_null(strstr(kept.drafts[i].xml, expected[i].words));
        assert_int_equal(strstr(kept.drafts[i].xml, "Bad.") != NULL, i == 2);
    }
    // without ids there is the current one alone
    kept.count = 0;
    assert_int_equal(import_csaf(span_cstr(json), &marsec, import_keep, &kept, &diag, &counts), ST_OK);
    assert_int_equal(kept.count, 1);
    assert_string_equal(kept.drafts[0].name, "csaf-icsa-1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_advisory_becomes_a_draft), cmocka_unit_test(revisions_become_versions),
        cmocka_unit_test(tlp_is_never_widened),
        cmocka_unit_test(others_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, free_kept);
}
