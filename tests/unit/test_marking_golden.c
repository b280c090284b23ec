// The markings of the shipped SPIFs, in every language and form, are those that were reviewed.
// RELTO_GOLDEN_WRITE=1 writes tests/golden/markings.txt anew: read the diff.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/io/file.h"
#include "policy/label_rules.h"
#include "tests/support/import_support.h"
#include "tests/support/labels_spifs.h"

#define GOLDEN SOURCE_DIR "/tests/golden/markings.txt"

enum { SHOWN_OF_TAG = 3 };

static const struct {
    const char *name;
    enum marking_place place;
} forms[] = {{"top", MARKING_PAGE_TOP}, {"bottom", MARKING_PAGE_BOTTOM}, {"portion", MARKING_PORTION}};
static const char *const langs[] = {NULL, "en", "fr-CA"};

struct golden {
    const struct security_policies *all;
    struct arena *a;
    struct buf out;
};

static void put(struct golden *g, const struct label_doc *doc, const char *categories)
{
    buf_printf(&g->out, "%s %s%s%s\n", doc->policy, doc->classification, *categories ? " | " : "", categories);
    for (size_t l = 0; l < sizeof langs / sizeof *langs; l++)
        for (size_t f = 0; f < sizeof forms / sizeof *forms; f++) {
            buf_printf(&g->out, "    %-5s %-7s ", langs[l] ? langs[l] : "-", forms[f].name);
            label_mark_under(g->all, doc, forms[f].place, langs[l], &g->out);
            buf_putc(&g->out, '\n');
        }
}

// The first categories of a tag, last one first: the line has them in the SPIF's order.
static void put_tag(struct golden *g, const struct security_policy *sp, const struct sp_tag *t)
{
    const char *categories = "";
    for (size_t i = 0; i < t->count && i < SHOWN_OF_TAG; i++)
        categories = arena_printf(g->a, "%s=%s%s%s", sp->spif->tag_sets[t->set].name,
                                  sp->categories[t->first + i].category->name, i ? "|" : "", categories);
    put(g, labels_spifs_label(sp, "SECRET", categories, g->a), categories);
}

static void markings_are_the_reviewed_ones(void **state)
{
    (void)state;
    struct spif_set *set = labels_spifs_shipped(SOURCE_DIR);
    struct golden g = {.all = spif_set_policies(set), .a = arena_new(4 * MIB)};
    buf_init(&g.out, 4 * MIB);
    for (size_t p = 0; p < g.all->count; p++) {
        const struct security_policy *sp = &g.all->policies[p];
        for (size_t c = 0; c < sp->spif->class_count; c++)
            put(&g, labels_spifs_label(sp, sp->spif->classes[c].name, "", g.a), "");
        for (size_t t = 0; t < sp->tag_count; t++)
            put_tag(&g, sp, &sp->tags[t]);
    }
    if (getenv("RELTO_GOLDEN_WRITE"))
        assert_int_equal(file_write(GOLDEN, buf_bytes(&g.out), 0644, NULL), ST_OK);
    assert_string_equal(buf_cstr(&g.out), (const char *)import_test_file(g.a, GOLDEN).ptr);
    buf_fini(&g.out);
    arena_free(&g.a);
    spif_set_free(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(markings_are_the_reviewed_ones)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
