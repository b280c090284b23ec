// decide() against the oracle over random worlds, and laws that hold of any decision (spec 3).
//
// RELTO_PROPERTY_CASES sets the number of decisions compared, RELTO_PROPERTY_SEED the first world. The first
// difference is printed with its seed and as shrunk XML.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/explain.h"
#include "tests/support/decide_pair.h"

enum {
    CASES_DEFAULT = 120000,
    REPORTS_PER_WORLD = 24,
    INSTANTS_PER_REPORT = 3,
    REASONS = REASON_APPROVAL + 1,
    OUTCOMES = OUTCOME_RELEASE + 1,
};

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

// A world with both sides loaded, and one report in it.
struct scene {
    struct policy_gen gen;
    struct decide_pair pair;
    struct buf text;
    struct arena *arena;
    const struct report *report;
    struct decide_record record;
};

static struct diag *faults;

static void print_faults(void)
{
    struct buf out;
    buf_init(&out, MIB);
    diag_print(faults, &out);
    fprintf(stderr, "%s", buf_cstr(&out));
    buf_fini(&out);
}

// Worlds with a fault that only policy/ finds: an equivalence may not require a release category, and so on. The
// generator makes none; any refusal is a failure.
static struct scene *scene_new(uint64_t seed, unsigned variant)
{
    struct scene *s = calloc(1, sizeof *s);
    assert_non_null(s);
    policy_gen_init(&s->gen, seed, variant);
    diag_init(faults, NULL);
    if (!decide_pair_load_world(&s->pair, &s->gen, faults)) {
        fprintf(stderr, "world %llu does not load:\n", (unsigned long long)seed);
        print_faults();
        fail();
    }
    buf_init(&s->text, MIB);
    return s;
}

static void scene_report(struct scene *s, uint64_t seed, unsigned variant)
{
    arena_free(&s->arena);
    buf_reset(&s->text);
    policy_gen_report(&s->gen, seed, variant, &s->text, &s->record);
    s->arena = arena_new(16 * MIB);
    assert_non_null(s->arena);
    diag_init(faults, NULL);
    if (report_read(buf_bytes(&s->text), "report.xml", s->arena, faults, &s->report) != ST_OK) {
        fprintf(stderr, "report %llu does not load:\n%s\n", (unsigned long long)seed, buf_cstr(&s->text));
        print_faults();
        fail();
    }
}

static void scene_free(struct scene *s)
{
    arena_free(&s->arena);
    buf_fini(&s->text);
    decide_pair_fini(&s->pair);
    policy_gen_fini(&s->gen);
    free(s);
}

// ---- the oracle

struct coverage {
    uint64_t cases, outcomes[OUTCOMES], reasons[REASONS], changes;
};

static void fail_with(struct scene *s, const struct question *q, uint64_t world, uint64_t report, const char *what)
{
    fprintf(stderr, "world %llu, report %llu: ", (unsigned long long)world, (unsigned long long)report);
    decide_pair_report(&s->gen, &s->text, q, what);
    fail_msg("decide() and the oracle differ in %s; run with RELTO_PROPERTY_SEED=%llu", what,
             (unsigned long long)world);
}

// No instant of the grid before next_change may change the decision; and next_change is on the grid.
static void check_next_change(struct scene *s, const struct question *q, const struct decision *now,
                              struct coverage *c, uint64_t world)
{
    struct question later = *q;
    struct decision then;
    if (!s->report->has_issued) // a draft is issued whenever it is asked about
        return;
    for (int k = -2; k <= 2 * GEN_GRID + 8; k++) {
        later.t = gen_instant(0) + (utc_ms)k * 1800000;
        if (later.t <= q->t || later.t >= now->next_change)
            continue;
        oracle_decide(&s->pair.oracle, s->report, q->partner, later.t, &q->record, &then);
        if (decisions_differ(now, &then))
            fail_with(s, q, world, 0, "next_change (later than the next change)");
    }
    if (now->next_change != UTC_MAX && (now->next_change - gen_instant(0)) % 1800000 != 0)
        fail_with(s, q, world, 0, "next_change (an instant that nothing is dated by)");
    c->changes += now->next_change != UTC_MAX;
}

static void check_narrower(struct scene *s, const struct question *q, const struct decision *before, uint64_t world)
{
    utc_ms t = gen_boundary(&s->gen);
    bool kernel = decide_labels_narrower(s->pair.ruleset, s->report, q->partner, t, &before->withheld);
    bool oracle = oracle_labels_narrower(&s->pair.oracle, s->report, q->partner, t, &before->withheld);
    if (kernel != oracle)
        fail_with(s, q, world, 0, kernel ? "narrower (only decide)" : "narrower (only the oracle)");
}

static void check_explanation(struct scene *s, const struct question *q, const struct decision *d)
{
    struct buf out;
    buf_init(&out, MIB);
    explain_summary(s->pair.ruleset, s->report, q->partner, d, &out);
    assert_true(out.len > 0);
    buf_reset(&out);
    explain_text(s->pair.ruleset, s->report, q->partner, q->t, &q->record, &out);
    assert_true(out.len > 0);
    assert_int_equal(buf_status(&out), ST_OK);
    buf_fini(&out);
}

static void ask_both(struct scene *s, const struct question *q, struct coverage *c, uint64_t world, uint64_t report)
{
    struct decision kernel, oracle;
    const char *what = decide_pair_differ(&s->pair, s->report, q, &kernel, &oracle);
    if (what)
        fail_with(s, q, world, report, what);
    c->cases++;
    c->outcomes[kernel.outcome]++;
    c->reasons[kernel.reason]++;
    if (c->cases % 16 == 0)
        check_next_change(s, q, &kernel, c, world);
    if (c->cases % 2 == 1 && (kernel.outcome == OUTCOME_RELEASE || kernel.outcome == OUTCOME_REDACT))
        check_narrower(s, q, &kernel, world);
    if (c->cases % 64 == 0)
        check_explanation(s, q, &kernel);
}

static void compare_world(uint64_t world, struct coverage *c)
{
    struct scene *s = scene_new(world, 0);
    for (uint64_t k = 0; k < REPORTS_PER_WORLD; k++) {
        uint64_t report = world * REPORTS_PER_WORLD + k;
        scene_report(s, report, 0);
        for (size_t i = 0; i < INSTANTS_PER_REPORT; i++) {
            struct question q = {.record = s->record, .t = gen_boundary(&s->gen)};
            for (q.partner = 0; q.partner < s->gen.partner_count; q.partner++)
                ask_both(s, &q, c, world, report);
        }
    }
    scene_free(s);
}

static void print_coverage(const struct coverage *c)
{
    printf("%llu decisions, %llu checked for the next change\n", (unsigned long long)c->cases,
           (unsigned long long)c->changes);
    for (enum outcome o = OUTCOME_DENY; o <= OUTCOME_RELEASE; o++)
        printf("  %-20s %8llu\n", outcome_text(o), (unsigned long long)c->outcomes[o]);
    for (enum reason r = REASON_NONE; r <= REASON_APPROVAL; r++)
        printf("  %-20s %8llu\n", reason_text(r), (unsigned long long)c->reasons[r]);
}

static void decisions_equal_the_oracle(void **state)
{
    (void)state;
    uint64_t cases = from_environment("RELTO_PROPERTY_CASES", CASES_DEFAULT);
    struct coverage *c = calloc(1, sizeof *c);
    assert_non_null(c);
    for (uint64_t world = from_environment("RELTO_PROPERTY_SEED", 1); c->cases < cases; world++)
        compare_world(world, c);
    print_coverage(c);
    if (cases >= CASES_DEFAULT) { // enough for each to occur
        for (size_t o = 0; o < OUTCOMES; o++)
            assert_true(c->outcomes[o] > 0);
        for (size_t r = 0; r < REASONS; r++)
            assert_true(c->reasons[r] > 0);
    }
    free(c);
}

// ---- laws

static bool permits(const struct decision *d)
{
    return d->outcome == OUTCOME_RELEASE || d->outcome == OUTCOME_REDACT;
}

// Is everything visible in a (a decision that permits) also visible in b?
static bool shows_no_more(const struct decision *a, const struct decision *b)
{
    if (!permits(a))
        return true;
    if (!permits(b) || (b->withheld.overall && !a->withheld.overall))
        return false;
    for (size_t i = 0; i < 16; i++)
        if (b->withheld.bits[i] & ~a->withheld.bits[i])
            return false;
    return true;
}

// The record of one whom nothing but policy stops.
static struct decide_record free_record(const struct scene *s)
{
    return (struct decide_record){.received = s->record.received,
                                  .onward = ONWARD_PERMITTED,
                                  .approvals = 2,
                                  .stored_at = UTC_MIN,
                                  .any_approvals_count = true};
}

// Compare the same question in two scenes that differ in one thing only: `less` must not show more. The table's
// line "compilation" is the one exception: it may deny the one to whom each part may go.
static size_t compare_scenes(const struct scene *less, struct scene *more, uint64_t seed, const char *law)
{
    size_t permitted = 0;
    struct decide_record record = free_record(less);
    for (size_t i = 0; i < INSTANTS_PER_REPORT; i++) {
        utc_ms t = gen_boundary(&more->gen);
        for (size_t p = 0; p < less->gen.partner_count; p++) {
            struct decision a, b;
            decide(less->pair.ruleset, less->report, p, t, &record, &a);
            decide(more->pair.ruleset, more->report, p, t, &record, &b);
            permitted += permits(&b);
            if (!shows_no_more(&a, &b) && b.reason != REASON_COMPILATION)
                fail_msg("%s: world %llu, partner %s: %s before, %s %s after", law, (unsigned long long)seed,
                         less->gen.partners[p], outcome_text(a.outcome), outcome_text(b.outcome),
                         reason_text(b.reason));
        }
    }
    return permitted;
}

static uint64_t law_worlds(void)
{
    return from_environment("RELTO_PROPERTY_CASES", CASES_DEFAULT) / 2000 + 1;
}

static void more_clearance_never_loses(void **state)
{
    (void)state;
    size_t permitted = 0;
    for (uint64_t seed = 1; seed <= law_worlds(); seed++) {
        struct scene *less = scene_new(seed, 0), *more = scene_new(seed, GEN_MORE_CLEARANCE);
        for (uint64_t k = 0; k < REPORTS_PER_WORLD; k++) {
            scene_report(less, seed * REPORTS_PER_WORLD + k, 0);
            scene_report(more, seed * REPORTS_PER_WORLD + k, 0);
            permitted += compare_scenes(less, more, seed, "more clearance loses");
        }
        scene_free(less);
        scene_free(more);
    }
    assert_true(permitted > 0);
}

static void more_restrictive_categories_never_gain(void **state)
{
    (void)state;
    size_t permitted = 0;
    for (uint64_t seed = 1; seed <= law_worlds(); seed++) {
        struct scene *less = scene_new(seed, GEN_PLAIN), *more = scene_new(seed, GEN_PLAIN);
        for (uint64_t k = 0; k < REPORTS_PER_WORLD; k++) {
            scene_report(less, seed * REPORTS_PER_WORLD + k, GEN_EXTRA_RESTRICTIVE);
            scene_report(more, seed * REPORTS_PER_WORLD + k, 0);
            permitted += compare_scenes(less, more, seed, "a restrictive category gains");
        }
        scene_free(less);
        scene_free(more);
    }
    assert_true(permitted > 0);
}

// What is left after withholding, decided again as a received report, loses nothing more. Where the overall label is
// withheld too this does not apply: conditions on it are then unknown.
static size_t redact_again(struct scene *s, size_t partner, utc_ms t, uint64_t seed)
{
    struct decide_record record = free_record(s);
    struct decision first, second;
    decide(s->pair.ruleset, s->report, partner, t, &record, &first);
    if (first.outcome != OUTCOME_REDACT || first.withheld.overall)
        return 0;
    struct report rendition = *s->report;
    rendition.children = arena_array(s->arena, rendition.child_count, sizeof *rendition.children);
    assert_non_null(rendition.children);
    memcpy(rendition.children, s->report->children, rendition.child_count * sizeof *rendition.children);
    for (size_t i = 0; i < rendition.child_count; i++) {
        if (rendition.children[i].kind == REPORT_WITHHELD && !record.received)
            withheld_add(&first.withheld, i); // a decoy is withheld for whoever receives it
        if (withheld_has(&first.withheld, i))
            rendition.children[i] = (struct report_child){.kind = REPORT_WITHHELD, .id = rendition.children[i].id};
    }
    record.received = true;
    decide(s->pair.ruleset, &rendition, partner, t, &record, &second);
    const char *what = decisions_differ(&first, &second);
    if (what)
        fail_msg("redaction is not idempotent in %s: world %llu, partner %zu: %s %s", what, (unsigned long long)seed,
                 partner, outcome_text(second.outcome), reason_text(second.reason));
    return 1;
}

static void redaction_is_idempotent(void **state)
{
    (void)state;
    size_t redacted = 0;
    for (uint64_t seed = 1; seed <= law_worlds(); seed++) {
        struct scene *s = scene_new(seed, 0);
        for (uint64_t k = 0; k < REPORTS_PER_WORLD; k++) {
            scene_report(s, seed * REPORTS_PER_WORLD + k, 0);
            for (size_t p = 0; p < s->gen.partner_count; p++)
                redacted += redact_again(s, p, gen_boundary(&s->gen), seed);
        }
        scene_free(s);
    }
    assert_true(redacted > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decisions_equal_the_oracle),
        cmocka_unit_test(more_clearance_never_loses),
        cmocka_unit_test(more_restrictive_categories_never_gain),
        cmocka_unit_test(redaction_is_idempotent),
    };
    faults = malloc(sizeof *faults);
    if (!faults)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(faults);
    return failed;
}
