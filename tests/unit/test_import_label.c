// formats/import_label: the rule, and labels in the words of each policy.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "formats/import_label.h"
#include "formats/label.h"

static struct diag diag;

// Write a mark and read it back as a label.
static const struct label *label_of(struct arena *a, const char *nation, struct import_mark m, bool overall)
{
    struct buf out;
    struct xml_node *root;
    const struct label *label = NULL;
    buf_init(&out, 100000);
    import_mark_write(nation, m, overall, 0, "", &out);
    diag_init(&diag, "label");
    assert_int_equal(xml_read(buf_bytes(&out), XML_UNTRUSTED, a, &diag, &root), ST_OK);
    assert_int_equal(label_read(root, a, &diag, &label), ST_OK);
    buf_fini(&out);
    return label;
}

// policy classification {tag set=value,value}…
static const char *words(struct arena *a, const struct label_doc *l)
{
    const char *out = arena_printf(a, "%s %s", l->policy, l->classification);
    for (size_t i = 0; i < l->category_count; i++) {
        const struct label_category *c = &l->categories[i];
        out = arena_printf(a, "%s {%s=", out, c->tag_set);
        for (size_t k = 0; k < c->value_count; k++)
            out = arena_printf(a, "%s%s%s", out, k ? "," : "", c->values[k]);
        out = arena_printf(a, "%s}", out);
    }
    return out;
}

static void words_of_each_policy(void **state)
{
    (void)state;
    static const struct {
        const char *nation;
        struct import_mark mark;
        bool overall;
        const char *originator, *alternative;
    } cases[] = {
        {"GBR", {.release = IMPORT_TO_ALL}, false,
         "NATO UNCLASSIFIED {Context=NATO,Releasable} {Releasable To=GBR,FRA,MARSEC} {Administrative=SYNTHETIC}", NULL},
        {"MARSEC", {.level = IMPORT_RESTRICTED, .release = IMPORT_TO_GBR}, true,
         "NATO RESTRICTED {Context=NATO,Releasable} {Releasable To=MARSEC,GBR} {Administrative=SYNTHETIC}", NULL},
        {"GBR", {.unmarked = true}, false, "NATO UNCLASSIFIED {Context=NATO} {Administrative=SYNTHETIC}", NULL},
        {"GBR", {.level = IMPORT_SECRET, .eyes_only = true}, false,
         "GBR SECRET {National Caveats=UK EYES ONLY} {Releasable To=GBR} {Descriptors=SYNTHETIC}", NULL},
        {"GBR", {.level = IMPORT_SECRET, .eyes_only = true}, true,
         "GBR SECRET {National Caveats=UK EYES ONLY} {Releasable To=GBR} {Descriptors=SYNTHETIC}",
         "NATO SECRET {Context=NATO,Releasable} {Releasable To=GBR} {Administrative=SYNTHETIC}"},
        {"FRA", {.level = IMPORT_CONFIDENTIAL, .release = IMPORT_TO_NATIONS, .eyes_only = true}, true,
         "FRA SECRET {Mentions=SPECIAL FRANCE} {Diffusion=FRA,GBR} {Gestion=SYNTHETIC}", NULL},
        {"FRA", {.level = IMPORT_RESTRICTED, .release = IMPORT_TO_MARSEC}, true,
         "FRA DIFFUSION RESTREINTE {Diffusion=FRA,MARSEC} {Gestion=SYNTHETIC}", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena *a = arena_new(MIB);
        const struct label *l = label_of(a, cases[i].nation, cases[i].mark, cases[i].overall);
        assert_string_equal(words(a, l->originator), cases[i].originator);
        assert_int_equal(l->alternative_count, cases[i].alternative ? 1 : 0);
        if (cases[i].alternative)
            assert_string_equal(words(a, l->alternatives[0]), cases[i].alternative);
        arena_free(&a);
    }
}

static void cover_is_never_wider(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4 * 8 * 4; i++)
        for (unsigned j = 0; j < 4 * 8 * 4; j++) {
            struct import_mark a = {i % 4, i / 4 % 8, i / 32 & 1, i / 64}, b = {j % 4, j / 4 % 8, j / 32 & 1, j / 64};
            struct import_mark c = import_mark_cover(a, b);
            assert_true(c.level >= a.level && c.level >= b.level);
            assert_int_equal(c.release & ~(a.release & b.release), 0);
            assert_true(c.eyes_only >= a.eyes_only && c.eyes_only >= b.eyes_only);
        }
}

static void every_pattern_occurs(void **state)
{
    (void)state;
    static const char *const names[] = {"open", "graded", "steep", "whole", "nations", "caveat", "unmarked", "compilation"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t n = 0;
        for (unsigned long k = 0; k < 16; k++)
            n += strcmp(import_label_pattern(k)->name, names[i]) == 0;
        assert_true(n > 0);
    }
    assert_ptr_equal(import_label_pattern(3), import_label_pattern(2003)); // a function of n mod 16
}

static void a_redactable_pattern_is_separable(void **state)
{
    (void)state;
    for (unsigned long k = 0; k < 16; k++) {
        const struct import_pattern *p = import_label_pattern(k);
        bool differ = p->facts.level != p->comment.level || p->facts.release != p->comment.release;
        assert_true(p->separable || !differ);
        assert_true(p->facts.level <= p->detail.level && p->detail.level <= p->comment.level);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_of_each_policy),
        cmocka_unit_test(cover_is_never_wider),
        cmocka_unit_test(every_pattern_occurs),
        cmocka_unit_test(a_redactable_pattern_is_separable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
