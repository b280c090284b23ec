// Marking lines against a second, literal reading of spec 3.1, over random SPIFs with every kind of marking data and random
// labels, valid and not, in every form and language.
//
// RELTO_PROPERTY_CASES sets the number of lines compared, RELTO_PROPERTY_SEED the first world.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/label_rules.h"
#include "policy/spif_set.h"
#include "tests/support/decide_pair.h"

enum { CASES_DEFAULT = 20000, LABELS_PER_WORLD = 40 };

static const char *const langs[] = {NULL, "en", "fr", "fr-CA", "fr-BE", "de"};
enum { LANGS = sizeof langs / sizeof *langs };

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

struct marked_world {
    struct policy_gen gen;
    struct decide_pair pair;
    struct spif_set *set;
};

static void world_load(struct marked_world *w, uint64_t seed)
{
    struct diag *faults = malloc(sizeof *faults);
    struct bundle_file files[GEN_SPIFS_MAX];
    assert_non_null(faults);
    diag_init(faults, NULL);
    policy_gen_init(&w->gen, seed, GEN_MARKINGS);
    assert_true(decide_pair_load_world(&w->pair, &w->gen, faults));
    for (size_t i = 0; i < w->gen.spif_count; i++)
        files[i] = (struct bundle_file){gen_spif_files[i], buf_bytes(&w->gen.spif_text[i])};
    assert_int_equal(spif_set_load(files, w->gen.spif_count, faults, &w->set), ST_OK);
    free(faults);
}

static void world_unload(struct marked_world *w)
{
    spif_set_free(&w->set);
    decide_pair_fini(&w->pair);
    policy_gen_fini(&w->gen);
}

static const struct label_doc *read_label(struct span text, struct arena *a)
{
    struct xml_node *root;
    struct label_doc *doc;
    assert_int_equal(xml_read(text, XML_OPERATOR, a, NULL, &root), ST_OK);
    assert_int_equal(label_doc_read(root, a, NULL, &doc), ST_OK);
    return doc;
}

static void compare(const struct marked_world *w, const struct label_doc *label, struct buf *text, uint64_t world)
{
    struct buf ours, theirs;
    buf_init(&ours, MIB);
    buf_init(&theirs, MIB);
    for (size_t i = 0; i < (size_t)2 * LANGS; i++) {
        struct oracle_marking_question q = {.portion = i % 2, .lang = langs[i / 2]};
        buf_reset(&ours);
        buf_reset(&theirs);
        label_mark_under(spif_set_policies(w->set), label, q.portion ? MARKING_PORTION : MARKING_PAGE_TOP, q.lang, &ours);
        oracle_marking(&w->pair.oracle, label, &q, &theirs);
        if (strcmp(buf_cstr(&ours), buf_cstr(&theirs)) != 0)
            fail_msg("world %llu, lang %s, %s: \"%s\", the oracle \"%s\"\n%s", (unsigned long long)world,
                     q.lang ? q.lang : "none", q.portion ? "portion" : "page", buf_cstr(&ours), buf_cstr(&theirs),
                     buf_cstr(text));
    }
    buf_fini(&ours);
    buf_fini(&theirs);
}

static void lines_equal_the_oracle(void **state)
{
    (void)state;
    uint64_t wanted = from_environment("RELTO_PROPERTY_CASES", CASES_DEFAULT), cases = 0;
    struct marked_world *w = calloc(1, sizeof *w);
    struct buf text;
    assert_non_null(w);
    buf_init(&text, MIB);
    for (uint64_t world = from_environment("RELTO_PROPERTY_SEED", 1); cases < wanted; world++) {
        world_load(w, world);
        for (uint64_t k = 0; k < LABELS_PER_WORLD; k++, cases += 2 * LANGS) {
            struct arena *a = arena_new(16 * MIB);
            assert_non_null(a);
            buf_reset(&text);
            policy_gen_label(&w->gen, world * LABELS_PER_WORLD + k, &text);
            compare(w, read_label(buf_bytes(&text), a), &text, world);
            arena_free(&a);
        }
        world_unload(w);
    }
    buf_fini(&text);
    free(w);
}

// Marking data changes no decision: the world is the same with it and without.
static void markings_do_not_decide(void **state)
{
    (void)state;
    struct policy_gen *with = malloc(sizeof *with), *without = malloc(sizeof *without);
    assert_true(with && without);
    policy_gen_init(with, 5, GEN_MARKINGS);
    policy_gen_init(without, 5, 0);
    assert_string_equal(buf_cstr(&with->policy), buf_cstr(&without->policy));
    assert_true(with->spif_text[0].len > without->spif_text[0].len);
    policy_gen_fini(with);
    policy_gen_fini(without);
    free(with);
    free(without);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_equal_the_oracle),
        cmocka_unit_test(markings_do_not_decide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
