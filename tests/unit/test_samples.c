// conf/samples under conf/policies: every sample can be published, every outcome occurs, and the whole matrix of
// decisions is the reviewed one. RELTO_GOLDEN_WRITE=1 writes tests/golden/demo-matrix.txt anew: read the diff.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "policy/decide.h"
#include "policy/label_rules.h"
#include "tests/support/demo_support.h"

#define GOLDEN SOURCE_DIR "/tests/golden/demo-matrix.txt"
enum { AT_S = 1795348800, REASONS = REASON_APPROVAL + 1, OUTCOMES = OUTCOME_RELEASE + 1 }; // 2026-11-22T12:00:00Z
#define AT ((utc_ms)AT_S * 1000)

static struct demo demo;
static struct diag diag;

static int load(void **state)
{
    (void)state;
    demo_load(&demo, SOURCE_DIR);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    demo_free(&demo);
    return 0;
}

static void every_sample_can_be_published(void **state)
{
    (void)state;
    size_t total = 0;
    for (size_t n = 0; n < DEMO_NODES; n++)
        for (size_t i = 0; i < demo.nodes[n].report_count; i++, total++)
            for (size_t under = 0; under < DEMO_NODES; under++) {
                const struct demo_report *r = &demo.nodes[n].reports[i];
                diag_init(&diag, r->name);
                if (report_validate(demo.nodes[under].rules, r->report, &diag) != ST_OK)
                    fail_msg("%s under %s: %s", r->name, demo.nodes[under].nation, diag.faults[0].message);
            }
    assert_in_range(total, 200, 300);
}

struct tally {
    size_t reasons[REASONS], outcomes[OUTCOMES];
};

static void decide_at(const struct demo_node *node, const struct report *r, const char *partner,
                      const struct decide_record *rec, struct decision *dec)
{
    size_t p = ruleset_partner_index(node->rules, partner);
    assert_true(p != SIZE_MAX);
    decide(node->rules, r, p, AT, rec, dec);
}

static void put_line(const struct demo_node *node, const struct demo_report *r, const char *partner,
                     const struct decide_record *rec, struct tally *tally, struct buf *out)
{
    struct decision dec;
    decide_at(node, r->report, partner, rec, &dec);
    tally->outcomes[dec.outcome]++;
    tally->reasons[dec.reason]++;
    buf_printf(out, "%s\t", r->name);
    decision_tsv(node->rules, r->report, ruleset_partner_index(node->rules, partner), &dec, out);
    buf_putc(out, '\n');
}

static void put_tally(const char *what, const struct tally *t, struct buf *out)
{
    buf_printf(out, "# %s:", what);
    for (size_t i = OUTCOMES; i-- > 1;)
        if (t->outcomes[i])
            buf_printf(out, " %s %zu", outcome_text((enum outcome)i), t->outcomes[i]);
    for (size_t i = 1; i < REASONS; i++)
        if (t->reasons[i] && i != REASON_APPROVAL && i != REASON_ORIGINATOR_CONSENT)
            buf_printf(out, " deny/%s %zu", reason_text((enum reason)i), t->reasons[i]);
    buf_putc(out, '\n');
}

// What one node decides about its own reports for one partner.
static void put_own(const struct demo_node *node, const char *partner, struct tally *tally, struct buf *lines)
{
    const struct decide_record none = {.stored_at = UTC_MIN};
    for (size_t i = 0; i < node->report_count; i++)
        put_line(node, &node->reports[i], partner, &none, tally, lines);
}

// The report as `dec` leaves it: what the partner holds.
static struct demo_report rendition(const struct demo_report *r, const struct decision *dec)
{
    struct report *copy = arena_alloc(demo.a, sizeof *copy);
    struct report_child *children = arena_array(demo.a, r->report->child_count, sizeof *children);
    assert_true(copy && children);
    *copy = *r->report;
    memcpy(children, r->report->children, copy->child_count * sizeof *children);
    for (size_t i = 0; i < copy->child_count; i++)
        if (withheld_has(&dec->withheld, i))
            children[i].kind = REPORT_WITHHELD;
    copy->children = children;
    copy->overall_withheld = dec->withheld.overall;
    copy->label = copy->overall_withheld ? NULL : copy->label;
    copy->has_issued = true;
    copy->issued = AT;
    return (struct demo_report){r->name, copy};
}

// What `via` decides for `partner` about what it got from `from`.
static void put_onward(const struct demo_node *from, const struct demo_node *via, const char *partner, struct tally *tally,
                       struct buf *lines)
{
    const struct decide_record none = {.stored_at = UTC_MIN};
    for (size_t i = 0; i < from->report_count; i++) {
        struct decision dec;
        decide_at(from, from->reports[i].report, via->nation, &none, &dec);
        if (dec.outcome != OUTCOME_RELEASE && dec.outcome != OUTCOME_REDACT)
            continue;
        struct demo_report got = rendition(&from->reports[i], &dec);
        const struct decide_record rec = {.received = true, .onward = dec.terms.onward, .stored_at = AT};
        put_line(via, &got, partner, &rec, tally, lines);
    }
}

static void put_all(struct buf *out, struct buf *lines, struct tally all[2])
{
    for (size_t n = 0; n < DEMO_NODES; n++)
        for (size_t p = 0; p < DEMO_NODES; p++) {
            if (p == n)
                continue;
            const struct demo_node *node = &demo.nodes[n], *third = &demo.nodes[DEMO_NODES - n - p];
            struct tally own = {0}, onward = {0};
            buf_printf(lines, "\n## %s to %s, own reports\n", node->nation, demo.nodes[p].nation);
            put_own(node, demo.nodes[p].nation, &own, lines);
            buf_printf(lines, "\n## %s to %s, reports of %s\n", node->nation, demo.nodes[p].nation, third->nation);
            put_onward(third, node, demo.nodes[p].nation, &onward, lines);
            buf_printf(out, "#\n# %s to %s\n", node->nation, demo.nodes[p].nation);
            put_tally("  own reports", &own, out);
            put_tally("  passed on", &onward, out);
            for (size_t i = 0; i < OUTCOMES; i++) {
                all[0].outcomes[i] += own.outcomes[i];
                all[1].outcomes[i] += onward.outcomes[i];
            }
            for (size_t i = 0; i < REASONS; i++) {
                all[0].reasons[i] += own.reasons[i];
                all[1].reasons[i] += onward.reasons[i];
            }
        }
}

static void compare(struct buf *got)
{
    if (getenv("RELTO_GOLDEN_WRITE")) {
        FILE *f = fopen(GOLDEN, "w");
        assert_non_null(f);
        assert_int_equal(fwrite(got->ptr, 1, got->len, f), got->len);
        fclose(f);
        return;
    }
    struct span want = import_test_file(demo.a, GOLDEN);
    size_t at = 0, line = 1;
    for (; at < want.len && at < got->len && want.ptr[at] == got->ptr[at]; at++)
        line += want.ptr[at] == '\n';
    if (at != want.len || at != got->len)
        fail_msg("decisions differ from %s in line %zu; write it anew (RELTO_GOLDEN_WRITE=1) and read the diff", GOLDEN, line);
}

static void the_matrix_is_the_reviewed_one(void **state)
{
    (void)state;
    struct buf out, lines;
    struct tally all[2] = {{{0}, {0}}, {{0}, {0}}};
    buf_init(&out, 4 * MIB);
    buf_init(&lines, 4 * MIB);
    buf_puts(&out, "# What the example policies make of the sample reports at 2026-11-22T12:00:00Z, just published.\n"
                   "# report, partner, outcome, reason, agreement or rule, withheld, until (tab-separated; spec 6.2)\n");
    put_all(&out, &lines, all);
    buf_span(&out, buf_bytes(&lines));
    assert_int_equal(buf_status(&out), ST_OK);
    compare(&out);
    // every outcome, and every reason that the examples are made to show
    for (size_t i = 0; i < OUTCOMES; i++)
        if (i != OUTCOME_CONSENT && all[0].outcomes[i] == 0)
            fail_msg("no own report has the outcome %s", outcome_text((enum outcome)i));
    assert_true(all[1].outcomes[OUTCOME_CONSENT] > 0);
    assert_true(all[1].outcomes[OUTCOME_RELEASE] > 0);
    static const enum reason shown[] = {REASON_RULE, REASON_NO_AGREEMENT, REASON_CLASSIFICATION, REASON_NOT_RELEASABLE,
                                        REASON_UNMARKED, REASON_COMPILATION, REASON_REDACTION_FORBIDDEN, REASON_APPROVAL};
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        if (all[0].reasons[shown[i]] == 0)
            fail_msg("no own report has the reason %s", reason_text(shown[i]));
    buf_fini(&out);
    buf_fini(&lines);
}

static void exercise_reports_go_to_those_in_the_exercise(void **state)
{
    (void)state;
    const struct decide_record none = {.stored_at = UTC_MIN};
    const struct demo_node *gbr = &demo.nodes[0];
    size_t to_fra = 0;
    for (size_t i = 0; i < gbr->report_count; i++) {
        const struct report *r = gbr->reports[i].report;
        struct decision dec;
        if (r->exercise_count == 0)
            continue;
        decide_at(gbr, r, "MARSEC", &none, &dec);
        assert_int_equal(dec.outcome, OUTCOME_DENY);
        decide_at(gbr, r, "FRA", &none, &dec);
        if (dec.agreement)
            assert_string_equal(dec.agreement, "GBR-FRA-STEADFAST-26");
        to_fra += dec.outcome == OUTCOME_RELEASE || dec.outcome == OUTCOME_REDACT;
    }
    assert_true(to_fra >= 3);
}

static void labels_are_marked_as_people_know_them(void **state)
{
    (void)state;
    const struct {
        struct label_doc label;
        const char *lang, *line;
    } cases[] = {
#define VALUES(...) .values = (const char *[]){__VA_ARGS__}, .value_count = sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)
#define CATEGORIES(...)                                                                                      \
    .categories = (struct label_category[]){__VA_ARGS__},                                                    \
    .category_count = sizeof((struct label_category[]){__VA_ARGS__}) / sizeof(struct label_category)
#define CONTEXT {CATEGORY_PERMISSIVE, "Context", NULL, VALUES("NATO", "Releasable"), 1}
        {{.policy = "NATO", .classification = "RESTRICTED",
          CATEGORIES({CATEGORY_PERMISSIVE, "Releasable To", NULL, VALUES("MARSEC", "FRA"), 1}, CONTEXT)},
         "en", "NATO RESTRICTED REL TO FRA, MARSEC"},
        {{.policy = "NATO", .classification = "TOP SECRET",
          CATEGORIES(CONTEXT, {CATEGORY_RESTRICTIVE, "Additional Sensitivity", NULL, VALUES("ATOMAL"), 1})},
         "en", "COSMIC TOP SECRET ATOMAL"},
        {{.policy = "NATO", .classification = "RESTRICTED",
          CATEGORIES(CONTEXT, {CATEGORY_INFORMATIVE, "Administrative", NULL, VALUES("SYNTHETIC"), 1})},
         "fr", "OTAN DIFFUSION RESTREINTE ÉTIQUETTE SYNTHÉTIQUE"},
        {{.policy = "GBR", .classification = "SECRET",
          CATEGORIES({CATEGORY_RESTRICTIVE, "National Caveats", NULL, VALUES("UK EYES ONLY"), 1})},
         "en", "UK SECRET UK EYES ONLY"},
        {{.policy = "FRA", .classification = "TRES SECRET",
          CATEGORIES({CATEGORY_RESTRICTIVE, "Mentions", NULL, VALUES("SPECIAL FRANCE"), 1},
                     {CATEGORY_PERMISSIVE, "Diffusion", NULL, VALUES("GBR"), 1})},
         "fr", "TRÈS SECRET SPÉCIAL FRANCE COMMUNICABLE À GBR"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out;
        buf_init(&out, 10000);
        label_mark(demo.nodes[0].rules, &cases[i].label, MARKING_PAGE_TOP, cases[i].lang, &out);
        assert_string_equal(buf_cstr(&out), cases[i].line);
        buf_fini(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sample_can_be_published),
        cmocka_unit_test(the_matrix_is_the_reviewed_one),
        cmocka_unit_test(labels_are_marked_as_people_know_them),
        cmocka_unit_test(exercise_reports_go_to_those_in_the_exercise),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
