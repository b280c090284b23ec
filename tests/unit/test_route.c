// node/core/route: who may ask for what; what is not for a role looks like what is not there.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/flow_support.h"
#include "tests/support/import_support.h"

enum { GBR };

#define ID "01000000-0000-4000-8000-000000000000"

static struct sim *sim;

static int setup(void **state)
{
    static const char *const policies[] = {
        SIM_POLICY("GBR", SIM_PARTNER("FRA"), "FRA", SIM_TERMS("permitted", "retain")),
    };
    (void)state;
    sim = sim_new(1, policies);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sim_free(&sim);
    return 0;
}

static void every_role_has_its_addresses(void **state)
{
    // Answers to partner, cell, officer, auditor, operator and to nobody. 0 = whatever the flow says, but not 403 or 405.
    static const struct {
        const char *method, *target;
        int status[6];
        const char *allow, *allow_cell; // with 405; for cells when that differs
    } cases[] = {
        {"POST", "/v1/reports", {403, 0, 405, 403, 403, 403}, "GET", NULL},
        {"POST", "/v1/preview", {403, 0, 0, 403, 403, 403}, NULL, NULL},
        {"GET", "/v1/feed", {0, 403, 403, 403, 403, 403}, NULL, NULL},
        {"POST", "/v1/feed/cosignature", {0, 403, 403, 403, 403, 403}, NULL, NULL},
        {"GET", "/v1/reports/" ID, {0, 405, 405, 403, 403, 403}, "DELETE", "PUT, DELETE"},
        {"PUT", "/v1/reports/" ID, {405, 0, 405, 403, 403, 403}, NULL, NULL},
        {"DELETE", "/v1/reports/" ID, {405, 0, 0, 403, 403, 403}, "GET", NULL},
        {"GET", "/v1/card", {0, 403, 0, 403, 403, 403}, NULL, NULL},
        {"GET", "/v1/schema/", {0, 0, 0, 0, 0, 403}, NULL, NULL},
        {"GET", "/v1/schema/report.xsd", {0, 0, 0, 0, 0, 403}, NULL, NULL},
        {"POST", "/v1/schema/", {405, 405, 405, 405, 405, 403}, "GET", NULL},
        {"GET", "/v1/schema", {403, 403, 403, 403, 403, 403}, NULL, NULL},
        {"POST", "/v1/card", {405, 403, 405, 403, 403, 403}, "GET", NULL},
        {"GET", "/v1/attachments/00", {0, 405, 403, 403, 403, 403}, "PUT", NULL},
        {"PUT", "/v1/attachments/00", {405, 0, 403, 403, 403, 403}, "GET", NULL},
        {"PUT", "/v1/attachments", {403, 403, 403, 403, 403, 403}, NULL, NULL},
        {"GET", "/v1/reports", {403, 0, 0, 403, 403, 403}, NULL, NULL},
        {"HEAD", "/v1/feed", {405, 403, 403, 403, 403, 403}, "GET", NULL},
        {"PUT", "/v1/feed", {405, 403, 403, 403, 403, 403}, "GET", NULL},
        {"GET", "/", {403, 403, 403, 403, 403, 403}, NULL, NULL},
        {"GET", "/v1", {403, 403, 403, 403, 403, 403}, NULL, NULL},
        {"GET", "/v1/feed/", {403, 403, 403, 403, 403, 403}, NULL, NULL},
        {"GET", "/v1/feedx", {403, 403, 403, 403, 403, 403}, NULL, NULL},
        {"GET", "/v1/reports/", {403, 403, 403, 403, 403, 403}, NULL, NULL},
        {"GET", "/v1/reports/" ID "x", {403, 403, 403, 403, 403, 403}, NULL, NULL},
        {"GET", "/v1/reports/" ID "/", {403, 403, 403, 403, 403, 403}, NULL, NULL},
        {"GET", "/v1/reports/0100000g-0000-4000-8000-000000000000", {403, 403, 403, 403, 403, 403}, NULL, NULL},
        {"GET", "/v1/reports/urn:uuid:" ID, {403, 403, 403, 403, 403, 403}, NULL, NULL},
        {"GET", "/v1/audit", {403, 403, 403, 403, 403, 403}, NULL, NULL},
    };
    static const enum role roles[6] = {ROLE_PARTNER, ROLE_CELL, ROLE_OFFICER, ROLE_AUDITOR, ROLE_OPERATOR, ROLE_NONE};
    char forbidden[2000] = "";
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t k = 0; k < 6; k++) {
            struct reply rp;
            int expected = cases[i].status[k];
            flow_ask(sim, GBR, roles[k], "FRA", cases[i].method, cases[i].target, "", span_of(NULL, 0), &rp);
            bool right = expected ? rp.status == expected : rp.status != 403 && rp.status != 405;
            if (!right)
                fail_msg("%s %s as %s: %d", cases[i].method, cases[i].target, role_text(roles[k]), rp.status);
            const char *allow = roles[k] == ROLE_CELL && cases[i].allow_cell ? cases[i].allow_cell : cases[i].allow;
            if (rp.status == 405 && allow)
                assert_string_equal(flow_header(&rp, "Allow"), allow);
            // One and the same answer to all that is not for this caller.
            if (rp.status == 403 && !*forbidden)
                snprintf(forbidden, sizeof forbidden, "%s", buf_cstr(&rp.body));
            if (rp.status == 403) {
                assert_string_equal(buf_cstr(&rp.body), forbidden);
                assert_int_equal(rp.header_count, 0);
            }
            reply_fini(&rp);
        }
}

static void queries_do_not_change_the_address(void **state)
{
    (void)state;
    struct reply rp;
    flow_ask(sim, GBR, ROLE_PARTNER, "FRA", "GET", "/v1/feed?limit=5", "", span_of(NULL, 0), &rp);
    assert_int_equal(rp.status, 200);
    reply_fini(&rp);
    assert_int_equal(sim->nodes[GBR].core.requests, 1);
}

static void a_card_is_served_when_there_is_one(void **state)
{
    (void)state;
    struct reply rp;
    flow_ask(sim, GBR, ROLE_PARTNER, "FRA", "GET", "/v1/card", "", span_of(NULL, 0), &rp);
    assert_int_equal(rp.status, 404);
    reply_fini(&rp);
    sim->nodes[GBR].core.card = span_cstr("<card/>");
    flow_ask(sim, GBR, ROLE_PARTNER, "FRA", "GET", "/v1/card", "", span_of(NULL, 0), &rp);
    assert_int_equal(rp.status, 200);
    assert_string_equal(buf_cstr(&rp.body), "<card/>");
    reply_fini(&rp);
}

static void schemas_are_published(void **state)
{
    (void)state;
    struct reply rp;
    struct arena *a = arena_new(16 * MIB);
    flow_ask(sim, GBR, ROLE_AUDITOR, "A", "GET", "/v1/schema/", "", span_of(NULL, 0), &rp);
    assert_int_equal(rp.status, 200);
    char *names = strdup(buf_cstr(&rp.body));
    reply_fini(&rp);
    size_t count = 0;
    for (char *name = strtok(names, "\n"); name; name = strtok(NULL, "\n"), count++) {
        struct span file = import_test_file(a, arena_printf(a, SOURCE_DIR "/formats/schema/%s", name));
        flow_ask(sim, GBR, ROLE_CELL, "J2", "GET", arena_printf(a, "/v1/schema/%s", name), "", span_of(NULL, 0), &rp);
        assert_int_equal(rp.status, 200);
        assert_true(span_eq(buf_bytes(&rp.body), file));
        reply_fini(&rp);
    }
    assert_true(count >= 30);
    free(names);
    arena_free(&a);
    static const char *const none[] = {"/v1/schema/x.xsd", "/v1/schema/report", "/v1/schema/report.xsd/"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        flow_ask(sim, GBR, ROLE_CELL, "J2", "GET", none[i], "", span_of(NULL, 0), &rp);
        assert_int_equal(rp.status, 404);
        reply_fini(&rp);
    }
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(every_role_has_its_addresses),
        T(queries_do_not_change_the_address),
        T(a_card_is_served_when_there_is_one),
        T(schemas_are_published),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
