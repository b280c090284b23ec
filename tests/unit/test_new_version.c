// node/core/new_version: a cell corrects its report; partners get the next version, and only what they may have of it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "formats/problem.h"
#include "node/core/publish.h"
#include "tests/support/docs_schema.h"
#include "tests/support/flow_support.h"

enum { GBR, FRA, DEU };

#define PARTNERS SIM_PARTNER("FRA") SIM_PARTNER("DEU")
#define POLICY SIM_POLICY("GBR", PARTNERS, "FRA DEU", SIM_TERMS("permitted", "retain"))
#define READER_POLICY(nation) SIM_POLICY(nation, SIM_PARTNER("GBR"), "GBR", SIM_TERMS("forbidden", "retain"))
#define ID_1 "01000000-0000-4000-8000-000000000000"
#define ID_2 "02000000-0000-4000-8000-000000000000"
#define AT_1 "/v1/reports/" ID_1
#define MATCH(n) "If-Match: \"" n "\"\r\n"
#define DRAFT_OF(label, attrs, text)                                                                         \
    W_REPORT(label, W_HEADER_OF("separable='true' " attrs, "", "GBR", ""), "<portion><text>" text "</text></portion>")
#define FIRST DRAFT_OF(SIM_FOR_ALL, "report='urn:uuid:" ID_1 "' version='1'", "first text")
#define SECOND DRAFT_OF(SIM_FOR_ALL, "", "second text")

static struct sim *sim;
static struct reply got;
static struct problem *problem;

static int setup(void **state)
{
    const char *const policies[] = {POLICY, READER_POLICY("FRA"), READER_POLICY("DEU")};
    (void)state;
    sim = sim_new(3, policies);
    problem = calloc(1, sizeof *problem);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    reply_fini(&got);
    sim_free(&sim);
    free(problem);
    return 0;
}

static int ask(const char *cell, const char *method, const char *target, const char *headers, const char *body)
{
    reply_fini(&got);
    flow_ask(sim, GBR, ROLE_CELL, cell, method, target, headers, span_cstr(body), &got);
    if (got.status >= 400)
        assert_int_equal(problem_read(buf_bytes(&got.body), problem), ST_OK);
    const char *fault = got.status / 100 == 2 && got.status != 204 ? docs_schema_fault(buf_bytes(&got.body)) : NULL;
    if (fault)
        fail_msg("%s\n%s", fault, buf_cstr(&got.body));
    return got.status;
}

static int put(const char *headers, const char *body)
{
    return ask("J2", "PUT", AT_1, headers, body);
}

static void publish_first(void)
{
    assert_int_equal(ask("J2", "POST", "/v1/reports", "", FIRST), 201);
}

static bool answer_has(const char *text)
{
    return strstr(buf_cstr(&got.body), text) != NULL;
}

// The answer is this problem, and the store is what it was.
static void refused(const struct digest *before, int status, const char *type)
{
    struct digest after = flow_store(sim, GBR);
    char urn[100];
    snprintf(urn, sizeof urn, "urn:relto:problem:%s", type);
    assert_int_equal(got.status, status);
    if (!answer_has(urn))
        fail_msg("not %s: %s", urn, buf_cstr(&got.body));
    assert_true(digest_eq(before, &after));
}

static void the_next_version_takes_the_place_of_the_one_named(void **state)
{
    (void)state;
    publish_first();
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK);
    sim->now += 60000;
    assert_int_equal(put(MATCH("1"), SECOND), 200);
    assert_string_equal(flow_header(&got, "ETag"), "\"2\"");
    assert_string_equal(flow_header(&got, "Location"), AT_1);
    assert_true(answer_has("report=\"urn:uuid:" ID_1 "\" version=\"2\""));
    assert_true(answer_has("outcome=\"release\" partner=\"FRA\""));
    assert_string_equal(flow_ledger(sim, GBR, "FRA"), "R1 R2");
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK);
    assert_non_null(strstr(sim_text(sim, FRA, 1), "second text"));
    assert_null(strstr(sim_text(sim, FRA, 1), "first text"));
    assert_non_null(strstr(flow_served(sim, GBR, FRA, 1), "second text"));
    assert_int_equal(sim_events(sim, GBR, AUDIT_PUBLISH), 2);
    assert_int_equal(sim->nodes[GBR].core.published, 2);
}

// Who comes late is given the position of the older version, nothing of it, and ends with the same ledger.
static void a_late_partner_gets_the_new_version_alone(void **state)
{
    struct reply page;
    struct buf wire;
    (void)state;
    publish_first();
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK);
    assert_int_equal(put(MATCH("1"), SECOND), 200);
    sim_request(sim, FRA, GBR, "GET", "/v1/feed", "", span_of(NULL, 0), &page);
    buf_init(&wire, FEED_DOCUMENT_BYTES_MAX);
    sim_wire(sim, FRA, GBR, &page, &wire);
    // FRA had the first version: its entry stands there, without content. DEU never had it: a leaf.
    assert_non_null(strstr(buf_cstr(&wire), "n=\"0\""));
    assert_null(strstr(buf_cstr(&wire), "first text"));
    assert_non_null(strstr(buf_cstr(&wire), "second text"));
    buf_fini(&wire);
    reply_fini(&page);
    assert_int_equal(sim_pull(sim, DEU, GBR), ST_OK);
    assert_non_null(strstr(sim_text(sim, DEU, 1), "second text"));
    assert_false(sim_store_holds(sim, DEU, "first text"));
}

static void what_is_no_longer_permitted_is_withdrawn(void **state)
{
    (void)state;
    publish_first();
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK);
    assert_int_equal(put(MATCH("1"), DRAFT_OF(SIM_ONLY("DEU"), "", "for DEU alone")), 200);
    assert_string_equal(flow_ledger(sim, GBR, "FRA"), "R1 W1");
    assert_string_equal(flow_ledger(sim, GBR, "DEU"), "R1 R2");
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK);
    assert_null(sim_text(sim, FRA, 1));
    assert_int_equal(put(MATCH("2"), DRAFT_OF(SIM_FOR_ALL, "version='3'", "for all again")), 200);
    assert_string_equal(flow_ledger(sim, GBR, "FRA"), "R1 W1 R3");
    assert_int_equal(sim_pull(sim, FRA, GBR), ST_OK);
    assert_non_null(strstr(sim_text(sim, FRA, 1), "for all again"));
}

static void only_the_current_version_is_corrected(void **state)
{
    static const char *const others[] = {MATCH("2"),           MATCH("0"),          MATCH("01"),         "If-Match: 1\r\n",
                                         "If-Match: W/\"1\"\r\n", "If-Match: *\r\n", "If-Match: \"\"\r\n", "If-Match: \"1\", \"2\"\r\n",
                                         MATCH("4294967297"),  MATCH("99999999999999999999")};
    (void)state;
    publish_first();
    struct digest before = flow_store(sim, GBR);
    put("", SECOND);
    refused(&before, 428, "version-missing");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        put(others[i], SECOND);
        refused(&before, 412, "version-changed");
    }
    assert_int_equal(put(MATCH("1"), SECOND), 200);
    before = flow_store(sim, GBR);
    put(MATCH("1"), DRAFT_OF(SIM_FOR_ALL, "", "somebody else was first"));
    refused(&before, 412, "version-changed");
    assert_true(answer_has("The current version is 2"));
}

static void the_same_again_answers_as_the_first_time(void **state)
{
    (void)state;
    publish_first();
    assert_int_equal(put(MATCH("1"), SECOND), 200);
    assert_int_equal(put(MATCH("2"), DRAFT_OF(SIM_FOR_ALL, "version='3'", "third text")), 200);
    struct digest before = flow_store(sim, GBR);
    assert_int_equal(put(MATCH("1"), SECOND), 200);
    assert_string_equal(flow_header(&got, "ETag"), "\"2\"");
    assert_int_equal(put(MATCH("3"), DRAFT_OF(SIM_FOR_ALL, "version='3'", "third text")), 200); // the current one
    assert_string_equal(flow_header(&got, "ETag"), "\"3\"");
    assert_int_equal(put(MATCH("3"), FIRST), 200); // it states version 1, and is it
    assert_string_equal(flow_header(&got, "ETag"), "\"1\"");
    struct digest after = flow_store(sim, GBR);
    assert_true(digest_eq(&before, &after));
    // Text of an older version may come back, as a version of its own.
    assert_int_equal(put(MATCH("3"), SECOND), 200);
    assert_string_equal(flow_header(&got, "ETag"), "\"4\"");
    // And the draft of a correction is still a draft of its own when it is published as a new report.
    assert_int_equal(ask("J2", "POST", "/v1/reports", "", SECOND), 201);
    assert_string_equal(flow_header(&got, "ETag"), "\"1\"");
}

static void a_draft_must_be_of_this_report_and_version(void **state)
{
    (void)state;
    publish_first();
    assert_int_equal(put(MATCH("1"), SECOND), 200);
    struct digest before = flow_store(sim, GBR);
    put(MATCH("2"), DRAFT_OF(SIM_FOR_ALL, "version='2'", "other text"));
    refused(&before, 409, "conflict");
    put(MATCH("2"), DRAFT_OF(SIM_FOR_ALL, "version='4'", "other text"));
    refused(&before, 422, "invalid-report");
    assert_true(answer_has("the next version is 3, got 4"));
    put(MATCH("2"), DRAFT_OF(SIM_FOR_ALL, "report='urn:uuid:" ID_2 "'", "other text"));
    refused(&before, 422, "invalid-report");
    assert_true(answer_has("the address names urn:uuid:" ID_1));
    put(MATCH("2"), "<report/>");
    refused(&before, 422, "invalid-report");
    put(MATCH("2"), "no document");
    refused(&before, 422, "invalid-report");
    put(MATCH("2"), "");
    refused(&before, 422, "invalid-report");
    put(MATCH("2"), W_REPORT(W_ALFA("R", W_REL(W_V("FRA"))), W_HEADER_OF("", "", "FRA", ""),
                             "<portion>" W_ALFA("S", "") "<text>x</text></portion>"));
    refused(&before, 422, "invalid-report");
    assert_true(answer_has("this node publishes for") && answer_has("label-too-low"));
}

static void a_cell_corrects_its_own_reports_alone(void **state)
{
    (void)state;
    publish_first();
    struct digest before = flow_store(sim, GBR);
    assert_int_equal(ask("J3", "PUT", AT_1, MATCH("1"), SECOND), 404);
    refused(&before, 404, "not-found");
    put(MATCH("1"), "<report xmlns='urn:relto:report:1'>" SIM_FOR_ALL
                    "<header type='INTREP'><originator nation='GBR' cell='J3'/><title>t</title></header>"
                    "<portion><text>x</text></portion></report>"); // and gives them to nobody else
    refused(&before, 422, "invalid-report");
    assert_int_equal(ask("J2", "PUT", "/v1/reports/" ID_2, MATCH("1"), SECOND), 404);
    refused(&before, 404, "not-found");
}

static void what_came_from_elsewhere_is_not_ours_to_correct(void **state)
{
    (void)state;
    sim_policy(sim, FRA,
               "<policy xmlns='urn:relto:policy:1' nation='FRA' serial='1'>" W_SECURITY
               "<communities><community id='TEAM'><member partner='GBR'/></community></communities><partners>" SIM_PARTNER("GBR")
               "</partners><agreements>" W_AGREEMENT("A", "GBR", SIM_TERMS("forbidden", "withdraw")) "</agreements></policy>");
    sim_publish(sim, FRA, 1, 1, W_REPORT(W_ALFA("U", W_REL(W_V("TEAM"))), W_HEADER_OF("", "", "FRA", ""), W_PORTION("")));
    assert_int_equal(sim_pull(sim, GBR, FRA), ST_OK);
    assert_non_null(sim_text(sim, GBR, 1));
    struct digest before = flow_store(sim, GBR);
    put(MATCH("1"), SECOND);
    refused(&before, 404, "not-found");
}

static void what_was_recalled_is_gone(void **state)
{
    (void)state;
    publish_first();
    assert_int_equal(put(MATCH("1"), SECOND), 200);
    assert_int_equal(ask("J2", "DELETE", AT_1 "?reason=wrong", MATCH("2"), ""), 204);
    struct digest before = flow_store(sim, GBR);
    put(MATCH("2"), DRAFT_OF(SIM_FOR_ALL, "", "again"));
    refused(&before, 410, "recalled");
    put(MATCH("1"), SECOND);
    refused(&before, 410, "recalled");
    assert_string_equal(flow_ledger(sim, GBR, "FRA"), "R1 R2 X2");
}

static void a_new_version_awaits_its_own_approval(void **state)
{
    (void)state;
    publish_first();
    flow_policy(sim, GBR,
                SIM_POLICY("GBR", PARTNERS, "FRA DEU",
                           "<terms redaction='permitted' approval='1' embargo='PT0S' onward='permitted' lapse='retain'/>"), 0);
    assert_int_equal(put(MATCH("1"), SECOND), 200);
    assert_true(answer_has("outcome=\"hold\" partner=\"FRA\""));
    assert_false(answer_has("outcome=\"release\""));
    assert_string_equal(flow_ledger(sim, GBR, "FRA"), "R1");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_next_version_takes_the_place_of_the_one_named),
        T(a_late_partner_gets_the_new_version_alone),
        T(what_is_no_longer_permitted_is_withdrawn),
        T(only_the_current_version_is_corrected),
        T(the_same_again_answers_as_the_first_time),
        T(a_draft_must_be_of_this_report_and_version),
        T(a_cell_corrects_its_own_reports_alone),
        T(what_came_from_elsewhere_is_not_ours_to_correct),
        T(what_was_recalled_is_gone),
        T(a_new_version_awaits_its_own_approval),
    };
    return cmocka_run_group_tests(tests, docs_schemas_setup, docs_schemas_teardown);
}
