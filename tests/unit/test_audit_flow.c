// node/core/audit_flow: auditors read the log, and their reading is in it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/core/audit_flow.h"
#include "store/audit_log.h"
#include "tests/support/docs_schema.h"
#include "tests/support/flow_support.h"

enum { GBR, FRA };

static struct sim *sim;

static int setup(void **state)
{
    static const char *const policies[] = {SIM_POLICY("GBR", SIM_PARTNER("FRA"), "FRA", SIM_TERMS("consent", "retain")),
                                           SIM_POLICY("FRA", SIM_PARTNER("GBR"), "GBR", SIM_TERMS("consent", "retain"))};
    sim = sim_new(2, policies);
    for (uint8_t i = 1; i <= 3; i++, sim->now += 1000)
        sim_publish(sim, GBR, i, 1, SIM_PLAIN); // release, decide: 0 1, 2 3, 4 5
    *state = sim;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sim_free(&sim);
    return 0;
}

static void ask(const char *query, enum role role, struct reply *rp)
{
    char target[512];
    snprintf(target, sizeof target, "/v1/audit/events%s", query);
    flow_ask(sim, GBR, role, "EVE", "GET", target, "", span_of(NULL, 0), rp);
}

static uint64_t log_size(void)
{
    uint64_t size;
    struct tick *t = sim_tick(sim, GBR);
    assert_int_equal(audit_size(t->txn, &size), ST_OK);
    sim_commit(t);
    return size;
}

// Positions of the page's events, as they stand in it, and its `next`: "0 1 next=1". Every event's bytes are its leaf.
static const char *page(const char *query)
{
    static char text[512];
    struct reply rp;
    const char *next;
    text[0] = 0;
    ask(query, ROLE_AUDITOR, &rp);
    if (rp.status != 200)
        fail_msg("%s: %d %s", query, rp.status, buf_cstr(&rp.body));
    const char *fault = docs_schema_fault(buf_bytes(&rp.body));
    if (fault)
        fail_msg("%s", fault);
    const char *all = buf_cstr(&rp.body);
    for (const char *at = strstr(all, "<event "); at; at = strstr(at + 1, "<event ")) {
        struct span leaf;
        unsigned long long n = strtoull(strstr(at, " n=\"") + 4, NULL, 10);
        struct tick *t = sim_tick(sim, GBR);
        assert_int_equal(audit_get(t->txn, n, &leaf), ST_OK);
        assert_true(strncmp(at, (const char *)leaf.ptr, leaf.len) == 0);
        sim_commit(t);
        snprintf(text + strlen(text), sizeof text - strlen(text), "%llu ", n);
    }
    next = strstr(all, " next=\"");
    if (next && next < strchr(all, '>'))
        snprintf(text + strlen(text), sizeof text - strlen(text), "next=%d", atoi(next + 7));
    reply_fini(&rp);
    return text;
}

static void pages_of_exact_leaves(void **state)
{
    (void)state;
    assert_string_equal(page("?to=2026-11-22T13:00:00Z&limit=4"), "0 1 2 3 next=3");
    assert_string_equal(page("?to=2026-11-22T13:00:00Z&limit=2&after=3"), "4 5 next=5");
    assert_string_equal(page("?kind=release"), "0 2 4 ");
    assert_string_equal(page("?partner=FRA&order=newest&limit=2"), "4 2 next=2");
    assert_string_equal(page("?partner=FRA&order=newest&limit=2&after=2"), "0 ");
    assert_string_equal(page("?from=2026-11-22T12:00:01Z&to=2026-11-22T12:00:02Z"), "2 3 ");
    assert_string_equal(page("?actor=node&kind=decide&order=oldest"), "1 3 5 ");
    char query[100], urn[UUID_URN_LEN + 1];
    snprintf(query, sizeof query, "?report=%s", uuid_urn(sim_id(2), urn));
    assert_string_equal(page(query), "2 3 ");
}

static void reading_is_in_the_log(void **state)
{
    (void)state;
    uint64_t size = log_size();
    assert_string_equal(page("?kind=release&limit=1"), "0 next=0");
    assert_int_equal(log_size(), size + 1);
    assert_int_equal(sim_events(sim, GBR, AUDIT_EXPORT), 1);
    struct tick *t = sim_tick(sim, GBR);
    struct arena *a;
    struct audit_event e;
    assert_int_equal(audit_read(t->txn, size, &a, &e), ST_OK);
    assert_string_equal(e.actor, "auditor:EVE");
    assert_string_equal(audit_event_get(&e, "query"), "kind=release&limit=1");
    assert_string_equal(audit_event_get(&e, "events"), "1");
    assert_string_equal(audit_event_get(&e, "first"), "0");
    assert_string_equal(audit_event_get(&e, "last"), "0");
    arena_free(&a);
    sim_commit(t);
    // no events, or nothing but the reader's own readings: nothing to log
    assert_string_equal(page("?kind=log-fork"), "");
    char after[32];
    snprintf(after, sizeof after, "?after=%d", (int)size - 1);
    assert_string_not_equal(page(after), "");
    assert_int_equal(log_size(), size + 1);
}

// More of other events than one page looks at, then the only one of its kind; its position.
static uint64_t fill_log(void)
{
    static char text[AUDIT_EVENT_BYTES_MAX - 2000];
    memset(text, 'x', sizeof text - 1);
    struct tick *t = sim_tick(sim, GBR);
    for (size_t bytes = 0; bytes < AUDIT_PAGE_LOOKED_BYTES; bytes += sizeof text) {
        struct audit_event ev = {.kind = AUDIT_CONFIG, .actor = "operator"};
        audit_event_attr(&ev, "reason", text);
        assert_int_equal(audit_append(t->txn, &ev, t->now, &t->core->random), ST_OK);
    }
    struct audit_event rare = {.kind = AUDIT_LOG_FORK, .actor = "node"};
    uint64_t size;
    assert_int_equal(audit_size(t->txn, &size), ST_OK);
    assert_int_equal(audit_append(t->txn, &rare, t->now, &t->core->random), ST_OK);
    sim_commit(t);
    return size;
}

static void a_rare_event_costs_bounded_pages(void **state)
{
    (void)state;
    char expected[40], query[80];
    snprintf(expected, sizeof expected, "%d ", (int)fill_log());
    for (int newest = 0; newest <= 1; newest++) {
        static const char *const orders[] = {"?kind=log-fork", "?kind=approve&order=newest"};
        const char *answer = page(orders[newest]), *next = strstr(answer, "next=");
        assert_ptr_equal(answer, next); // an empty page, and not the end
        snprintf(query, sizeof query, "%s&after=%s", orders[newest], next + 5);
        assert_string_equal(page(query), newest ? "" : expected);
    }
    assert_int_equal(sim_events(sim, GBR, AUDIT_EXPORT), 1); // the page with the event
}

static void only_auditors(void **state)
{
    (void)state;
    static const enum role others[] = {ROLE_PARTNER, ROLE_CELL, ROLE_OFFICER, ROLE_OPERATOR};
    uint64_t size = log_size();
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct reply rp;
        ask("", others[i], &rp);
        assert_int_equal(rp.status, 403);
        assert_null(strstr(buf_cstr(&rp.body), "<event"));
        reply_fini(&rp);
    }
    assert_int_equal(log_size(), size);
}

static void odd_questions_are_refused(void **state)
{
    (void)state;
    static const char *const odd[] = {"?partnr=FRA",      "?kind=frob",    "?from=yesterday", "?to=2026-11-22", "?limit=0",
                                      "?limit=1025",      "?limit=x",      "?after=-1",       "?order=up",      "?report=12",
                                      "?kind=deliver&kind=read", "?partner=", "?kind",         "?&",             "?to=%00"};
    uint64_t size = log_size();
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        struct reply rp;
        ask(odd[i], ROLE_AUDITOR, &rp);
        if (rp.status != 422)
            fail_msg("%s: %d", odd[i], rp.status);
        assert_non_null(strstr(buf_cstr(&rp.body), "audit-form"));
        reply_fini(&rp);
    }
    assert_int_equal(log_size(), size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pages_of_exact_leaves, setup, teardown),
        cmocka_unit_test_setup_teardown(reading_is_in_the_log, setup, teardown),
        cmocka_unit_test_setup_teardown(a_rare_event_costs_bounded_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(only_auditors, setup, teardown),
        cmocka_unit_test_setup_teardown(odd_questions_are_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, docs_schemas_setup, docs_schemas_teardown);
}
