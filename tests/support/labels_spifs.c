#include "tests/support/labels_spifs.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/import_support.h"
#include "tests/support/labels_input.h"

enum { FILES_MAX = 8 };

static struct spif_set *load(const struct bundle_file *files, size_t count)
{
    struct labels_input in = labels_input_new("spif");
    struct spif_set *set = NULL;
    if (spif_set_load(files, count, in.d, &set) != ST_OK) {
        labels_input_show(&in);
        abort();
    }
    labels_input_free(&in);
    return set;
}

struct spif_set *labels_spifs_texts(const char *const *texts)
{
    struct bundle_file files[FILES_MAX];
    size_t count = 0;
    for (; texts[count] && count < FILES_MAX; count++)
        files[count] = (struct bundle_file){"test.xml", span_cstr(texts[count])};
    return load(files, count);
}

struct spif_set *labels_spifs_shipped(const char *source_dir)
{
    static const char *const names[] = {"fra.xml", "gbr.xml", "nato.xml"};
    struct arena *a = arena_new(MIB);
    struct bundle_file files[3];
    for (size_t i = 0; i < 3; i++)
        files[i] = (struct bundle_file){names[i], import_test_file(a, arena_printf(a, "%s/conf/spif/%s", source_dir, names[i]))};
    struct spif_set *set = load(files, 3);
    arena_free(&a);
    return set;
}

static enum category_type type_of(const struct security_policy *sp, const char *tag_set, const char *value)
{
    static const enum category_type types[] = {CATEGORY_RESTRICTIVE, CATEGORY_PERMISSIVE, CATEGORY_INFORMATIVE};
    size_t set = security_policy_tag_set(sp, tag_set);
    for (size_t i = 0; i < 3 && set != SP_NONE; i++)
        if (security_policy_word(sp, set, types[i], value).type_known)
            return types[i];
    return CATEGORY_RESTRICTIVE;
}

struct label_doc *labels_spifs_label(const struct security_policy *sp, const char *classification, const char *categories,
                                     struct arena *a)
{
    struct label_doc *doc = arena_alloc(a, sizeof *doc);
    *doc = (struct label_doc){.policy = sp->spif->name, .policy_uri = sp->uri, .classification = arena_cstr(a, classification)};
    doc->categories = arena_array(a, strlen(categories) + 1, sizeof *doc->categories);
    for (const char *p = categories; *p;) {
        size_t n = strcspn(p, "|"), key = strcspn(p, "=");
        struct label_category *c = &doc->categories[doc->category_count++];
        const char **values = arena_array(a, 1, sizeof *values);
        *values = arena_str(a, span_of(p + key + 1, n - key - 1));
        *c = (struct label_category){.tag_set = arena_str(a, span_of(p, key)), .values = values, .value_count = 1};
        c->type = type_of(sp, c->tag_set, *values);
        p += n + (p[n] == '|');
    }
    return doc;
}
