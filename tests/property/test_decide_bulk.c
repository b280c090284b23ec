// Decisions for all partners at once against decide(), over random worlds: every partner, every field.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/decide_bulk.h"
#include "tests/support/decide_pair.h"

enum { CASES_DEFAULT = 60000, REPORTS_PER_WORLD = 24, INSTANTS_PER_WORLD = 3 };

static struct diag *faults;

struct bulk_world {
    struct policy_gen gen;
    struct decide_pair pair;
    struct arena *arena;
    const struct report *reports[REPORTS_PER_WORLD];
    struct decide_record records[REPORTS_PER_WORLD];
};

static uint64_t cases_wanted(void)
{
    const char *text = getenv("RELTO_PROPERTY_CASES");
    return text && *text ? strtoull(text, NULL, 10) : CASES_DEFAULT;
}

static void world_load(struct bulk_world *w, uint64_t seed)
{
    struct buf text;
    buf_init(&text, MIB);
    diag_init(faults, NULL);
    policy_gen_init(&w->gen, seed, 0);
    assert_true(decide_pair_load_world(&w->pair, &w->gen, faults));
    w->arena = arena_new(256 * MIB);
    assert_non_null(w->arena);
    for (size_t i = 0; i < REPORTS_PER_WORLD; i++) {
        buf_reset(&text);
        policy_gen_report(&w->gen, seed * REPORTS_PER_WORLD + i, 0, &text, &w->records[i]);
        assert_int_equal(report_read(buf_bytes(&text), "report.xml", w->arena, faults, &w->reports[i]), ST_OK);
    }
    buf_fini(&text);
}

static void world_unload(struct bulk_world *w)
{
    arena_free(&w->arena);
    decide_pair_fini(&w->pair);
    policy_gen_fini(&w->gen);
}

static void compare(const struct bulk_world *w, const struct decide_bulk *b, const struct decide_bulk_sets *sets,
                    size_t report, size_t partner, utc_ms t, uint64_t seed)
{
    struct decision one, bulk;
    memset(&bulk, 0xA5, sizeof bulk);
    decide(w->pair.ruleset, w->reports[report], partner, t, &w->records[report], &one);
    decide_bulk_partner(b, partner, &bulk);
    const char *what = decisions_differ(&one, &bulk);
    if (!what && one.next_change != bulk.next_change)
        what = "next_change";
    if (!what && one.own_change != bulk.own_change)
        what = "own_change";
    if (!what && one.until != bulk.until)
        what = "until";
    if (!what && (one.withheld.overall != bulk.withheld.overall ||
                  memcmp(one.withheld.bits, bulk.withheld.bits, sizeof one.withheld.bits) != 0))
        what = "withheld";
    if (!what && (!partner_set_has(&sets->outcomes[one.outcome], partner) ||
                  !partner_set_has(&sets->reasons[one.reason], partner)))
        what = "the sets";
    if (what)
        fail_msg("bulk and decide() differ in %s: world %llu, report %zu, partner %zu, t %lld: %s %s, one by one %s %s", what,
                 (unsigned long long)seed, report, partner, (long long)t, outcome_text(bulk.outcome),
                 reason_text(bulk.reason), outcome_text(one.outcome), reason_text(one.reason));
}

// Each partner stands in one set of each row, and nobody else does.
static void sets_are_partitions(const struct decide_bulk_sets *sets, size_t partners)
{
    for (size_t p = 0; p < PARTNERS_MAX; p++) {
        size_t outcomes = 0, reasons = 0, wanted = p < partners;
        for (enum outcome o = OUTCOME_DENY; o <= OUTCOME_RELEASE; o++)
            outcomes += partner_set_has(&sets->outcomes[o], p);
        for (enum reason r = REASON_NONE; r <= REASON_APPROVAL; r++)
            reasons += partner_set_has(&sets->reasons[r], p);
        assert_int_equal(outcomes, wanted);
        assert_int_equal(reasons, wanted);
    }
}

static uint64_t decide_world(const struct bulk_world *w, utc_ms t, size_t memory, uint64_t seed, size_t *denied)
{
    struct decide_bulk *b;
    const struct decide_bulk_sets *sets;
    uint64_t cases = 0;
    assert_int_equal(decide_bulk_new(w->pair.ruleset, t, memory, &b), ST_OK);
    for (size_t i = 0; i < 2 * REPORTS_PER_WORLD; i++) { // twice: the second time all is known
        size_t report = i % REPORTS_PER_WORLD;
        assert_int_equal(decide_bulk(b, w->reports[report], &w->records[report], &sets), ST_OK);
        sets_are_partitions(sets, w->gen.partner_count);
        for (size_t p = 0; p < w->gen.partner_count; p++, cases++) {
            compare(w, b, sets, report, p, t, seed);
            *denied += partner_set_has(&sets->outcomes[OUTCOME_DENY], p);
        }
    }
    decide_bulk_free(&b);
    return cases;
}

static void run(size_t memory, uint64_t wanted)
{
    struct bulk_world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    size_t denied = 0;
    uint64_t cases = 0;
    for (uint64_t seed = 1; cases < wanted; seed++) {
        world_load(w, seed);
        for (size_t i = 0; i < INSTANTS_PER_WORLD; i++)
            cases += decide_world(w, gen_boundary(&w->gen), memory, seed, &denied);
        world_unload(w);
    }
    free(w);
    assert_true(denied > 0 && denied < cases);
}

static void bulk_equals_decide(void **state)
{
    (void)state;
    run(64 * MIB, cases_wanted());
}

// So little memory that what was found is forgotten now and then.
static void bulk_forgets_and_stays_right(void **state)
{
    (void)state;
    run(96 * KIB, cases_wanted() / 8);
}

static void too_little_memory_is_no_decision(void **state)
{
    (void)state;
    struct bulk_world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    world_load(w, 1);
    struct decide_bulk *b = NULL;
    assert_int_equal(decide_bulk_new(w->pair.ruleset, gen_instant(0), 16, &b), ST_LIMIT);
    assert_null(b);
    world_unload(w);
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bulk_equals_decide),
        cmocka_unit_test(bulk_forgets_and_stays_right),
        cmocka_unit_test(too_little_memory_is_no_decision),
    };
    faults = malloc(sizeof *faults);
    if (!faults)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(faults);
    return failed;
}
