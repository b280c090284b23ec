// What partners and people are served as Atom, held against the RFCs (4287, 5005, 6721) by a reader that knows nothing of
// ours; and what a feed tells nobody.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/support/atom_check.h"
#include "tests/support/flow_support.h"

enum { GBR, FRA, DEU };

#define GBR_POLICY SIM_POLICY("GBR", SIM_PARTNER("FRA") SIM_PARTNER("DEU"), "FRA DEU", SIM_TERMS("permitted", "retain"))
#define OTHERS(nation) SIM_POLICY(nation, SIM_PARTNER("GBR"), "GBR", SIM_TERMS("forbidden", "retain"))
#define FOR_DEU W_REPORT(SIM_ONLY("DEU"), W_HEADER_OF("separable='true'", "", "GBR", ""), "<portion><text>CANARY-DEU</text></portion>")

static struct sim *sim;
static struct buf page;

static int setup(void **state)
{
    const char *const policies[] = {GBR_POLICY, OTHERS("FRA"), OTHERS("DEU")};
    (void)state;
    sim = sim_new(3, policies);
    buf_init(&page, FEED_DOCUMENT_BYTES_MAX);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buf_fini(&page);
    sim_free(&sim);
    return 0;
}

static void get(size_t who, const char *target)
{
    struct reply rp;
    buf_reset(&page);
    sim_request(sim, who, GBR, "GET", target, "", span_of(NULL, 0), &rp);
    assert_int_equal(rp.status, 200);
    sim_wire(sim, who, GBR, &rp, &page);
    reply_fini(&rp);
    const char *fault = atom_fault(buf_bytes(&page));
    if (fault)
        fail_msg("%s: %s\n%s", target, fault, buf_cstr(&page));
}

static size_t count(const char *what)
{
    size_t n = 0;
    for (const char *at = buf_cstr(&page); (at = strstr(at, what)); at += strlen(what))
        n++;
    return n;
}

// Pages from the first to the last by their links alone, as any reader of RFC 5005 goes; returns how many.
static size_t walk(size_t who, const char *first, size_t *ret_entries, size_t *ret_deleted)
{
    char target[400];
    size_t pages = 0;
    *ret_entries = *ret_deleted = 0;
    snprintf(target, sizeof target, "%s", first);
    for (const char *next = target; next; pages++) {
        assert_true(pages < 100);
        get(who, next);
        assert_string_equal(atom_link(buf_bytes(&page), "self"), target);
        assert_string_equal(atom_link(buf_bytes(&page), "first"), "/v1/feed");
        *ret_entries += count("<entry>");
        *ret_deleted += count("<at:deleted-entry ");
        next = atom_link(buf_bytes(&page), "next");
        assert_true((next != NULL) == (strstr(buf_cstr(&page), "more=\"true\"") != NULL));
        if (next)
            snprintf(target, sizeof target, "%s", next);
    }
    return pages;
}

static void every_kind_of_page_is_atom(void **state)
{
    size_t entries, deleted;
    (void)state;
    get(FRA, "/v1/feed"); // empty
    assert_null(atom_link(buf_bytes(&page), "next"));
    for (uint8_t i = 1; i <= 7; i++)
        sim_publish(sim, GBR, i, 1, SIM_REPORT("Tom &amp; &lt;Jerry&gt;", SIM_ONLY("DEU"), "x"));
    get(FRA, "/v1/feed"); // all delivered
    sim_publish(sim, GBR, 2, 2, SIM_PLAIN);
    sim_publish(sim, GBR, 8, 1, SIM_PLAIN);
    sim_recall(sim, GBR, 3);
    sim_recall(sim, GBR, 8); // never left: a leaf, and no tombstone
    assert_int_equal(walk(FRA, "/v1/feed", &entries, &deleted), 1);
    assert_int_equal(entries, 6); // 1, 4 to 7, and the second version of 2
    assert_int_equal(deleted, 1);
    assert_int_equal(count("01000000-0000-4000-8000-000000000000"), 2 + 1); // id, content, entry
    assert_int_equal(count("08000000-0000-4000-8000-000000000000"), 0);
    assert_int_equal(walk(FRA, "/v1/feed?limit=4", &entries, &deleted), 3);
    assert_int_equal(entries, 6);
    assert_int_equal(deleted, 1);
}

static void a_page_has_256_entries_unless_asked(void **state)
{
    size_t entries, deleted;
    (void)state;
    for (int i = 0; i < 130; i++) { // each report: a release, and its recall
        sim_publish(sim, GBR, (uint8_t)(i + 1), 1, SIM_PLAIN);
        sim_recall(sim, GBR, (uint8_t)(i + 1));
    }
    get(FRA, "/v1/feed");
    assert_int_equal(count("<r:leaf "), 256);
    assert_int_equal(walk(FRA, "/v1/feed", &entries, &deleted), 2);
    assert_int_equal(count("<r:leaf "), 4);
    get(FRA, "/v1/feed?limit=1024");
    assert_int_equal(count("<r:leaf "), 260);
}

// What others get, and how much of it, shows nowhere: positions are the partner's own, without gaps.
static void pages_tell_nothing_of_others(void **state)
{
    (void)state;
    for (uint8_t i = 1; i <= 40; i++) {
        bool both = i % 10 == 0;
        sim_publish(sim, GBR, i, 1, both ? SIM_PLAIN : FOR_DEU);
        if (i % 3 == 0 && !both)
            sim_recall(sim, GBR, i);
    }
    get(FRA, "/v1/feed");
    assert_int_equal(count("<entry>"), 4);
    assert_int_equal(count("<r:leaf "), 0);
    assert_int_equal(count("<at:deleted-entry "), 0);
    for (int n = 0; n < 5; n++) {
        char text[32];
        snprintf(text, sizeof text, " n=\"%d\"", n);
        assert_int_equal(count(text), n < 4);
    }
    assert_int_equal(count("CANARY-DEU"), 0);
    assert_int_equal(count("DEU"), 4 * 2); // the labels of the plain reports name both
    get(DEU, "/v1/feed");
    assert_int_equal(count("<entry>"), 40 - 12);
}

// Titles under markings for cells and officers: Atom as well.
static void a_search_is_atom(void **state)
{
    struct reply rp;
    (void)state;
    for (uint8_t i = 1; i <= 5; i++)
        sim_publish(sim, GBR, i, 1, SIM_PLAIN);
    flow_ask(sim, GBR, ROLE_OFFICER, "ANNE", "GET", "/v1/reports?type=INTREP&limit=2", "", span_of(NULL, 0), &rp);
    assert_int_equal(rp.status, 200);
    const char *fault = atom_fault(buf_bytes(&rp.body));
    if (fault)
        fail_msg("%s\n%s", fault, buf_cstr(&rp.body));
    reply_fini(&rp);
}

// The checker can fail.
static void what_is_no_atom_is_found(void **state)
{
    static const char good[] = "<feed xmlns='http://www.w3.org/2005/Atom' xmlns:at='http://purl.org/atompub/tombstones/1.0'>"
                               "<id>urn:x:1</id><title>t</title><updated>2026-11-22T13:35:02.120Z</updated><author><name>n</name>"
                               "</author><link rel='self' href='/v1/feed'/><entry><id>urn:x:2</id><title>t</title>"
                               "<updated>2026-11-22T13:35:02Z</updated><author><name>n</name></author>"
                               "<content type='application/xml'><a/></content></entry>"
                               "<at:deleted-entry ref='urn:x:3' when='2026-11-22T13:35:02Z'/></feed>";
    static const char *const changes[][2] = {
        {"<id>urn:x:1</id>", ""}, {"<id>urn:x:2</id>", "<id>2</id>"}, {"<title>t</title>", ""},
        {"13:35:02.120Z", "13:35:02.120"}, {"22T13:35:02Z", "22 13:35:02Z"}, {"22T13:35:02Z", "32T13:35:02Z"}, {"2026-11", "2026-13"},
        {"<author><name>n</name></author><content", "<content"}, {"<name>n</name>", "<name/>"}, {"rel='self'", "rel='selv'"},
        {"<a/>", "<a/><b/>"}, {"<a/>", "text<a/>"}, {"<a/>", ""}, {"ref='urn:x:3'", "ref='3'"}, {"when=", "at="},
        {"<entry>", "<entry><entri/>"}, {"at:deleted-entry", "at:deleted"}, {"2005/Atom", "2005/atom"}, {"</feed>", ""}};
    char text[2000];
    (void)state;
    assert_null(atom_fault(span_cstr(good)));
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const char *at = strstr(good, changes[i][0]);
        assert_non_null(at);
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, changes[i][1], at + strlen(changes[i][0]));
        if (!atom_fault(span_cstr(text)))
            fail_msg("\"%s\" for \"%s\" is not found", changes[i][1], changes[i][0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_kind_of_page_is_atom, setup, teardown),
        cmocka_unit_test_setup_teardown(a_page_has_256_entries_unless_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(pages_tell_nothing_of_others, setup, teardown),
        cmocka_unit_test_setup_teardown(a_search_is_atom, setup, teardown),
        cmocka_unit_test(what_is_no_atom_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
