// Consistency of one SPIF: unique names and values, references that resolve.
#include <stdlib.h>

#include "formats/spif_parts.h"

// Categories of one tag set ordered by type and lacv, for look-ups in files with thousands of them.
struct entry {
    enum spif_tag_type type;
    const char *lacv;
    const struct spif_category *category;
};

struct set_index {
    struct entry *entries;
    size_t count;
};

struct check {
    struct reading *r;
    const struct spif *s;
    struct set_index *sets; // one per tag set
};

static int by_type_and_lacv(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->type != y->type)
        return x->type < y->type ? -1 : 1;
    size_t m = strlen(x->lacv), n = strlen(y->lacv);
    if (m != n)
        return m < n ? -1 : 1;
    return strcmp(x->lacv, y->lacv);
}

static int by_line_too(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = by_type_and_lacv(a, b);
    if (order != 0)
        return order;
    return x->category < y->category ? -1 : x->category > y->category;
}

static void index_set(struct check *c, const struct spif_tag_set *set, struct set_index *index)
{
    for (size_t t = 0; t < set->tag_count; t++)
        index->count += set->tags[t].category_count;
    index->entries = reading_array(c->r, &index->count, sizeof *index->entries);
    size_t n = 0;
    for (size_t t = 0; t < set->tag_count; t++)
        for (size_t i = 0; i < set->tags[t].category_count && n < index->count; i++)
            index->entries[n++] = (struct entry){set->tags[t].type, set->tags[t].categories[i].lacv,
                                                 &set->tags[t].categories[i]};
    if (index->count)
        qsort(index->entries, index->count, sizeof *index->entries, by_line_too);
}

static void unique_lacvs(struct check *c, const struct spif_tag_set *set, const struct set_index *index)
{
    for (size_t i = 1; i < index->count; i++) {
        const struct entry *e = &index->entries[i];
        if (*e->lacv && by_type_and_lacv(e, e - 1) == 0)
            reading_fault_at(c->r, e->category->line, e->category->name, "spif-duplicate",
                             "lacv %s is used twice among the %s categories of tag set \"%.60s\" (also by \"%.40s\")",
                             e->lacv, spif_tag_type_text(e->type), set->name, e[-1].category->name);
    }
}

static void unique_classes(struct check *c)
{
    const struct spif *s = c->s;
    for (size_t i = 0; i < s->class_count; i++)
        for (size_t j = 0; j < i; j++) {
            const struct spif_class *x = &s->classes[i], *y = &s->classes[j];
            const char *what = name_eq(x->name, y->name)        ? "name"
                               : strcmp(x->lacv, y->lacv) == 0  ? "lacv"
                               : x->hierarchy == y->hierarchy   ? "hierarchy"
                                                                : NULL;
            if (what)
                reading_fault_at(c->r, x->line, x->name, "spif-duplicate",
                                 "the classification has the same %s as \"%.60s\" in line %u", what, y->name, y->line);
        }
}

static void unique_tag_sets(struct check *c)
{
    const struct spif *s = c->s;
    for (size_t i = 0; i < s->tag_set_count; i++)
        for (size_t j = 0; j < i; j++) {
            const struct spif_tag_set *x = &s->tag_sets[i], *y = &s->tag_sets[j];
            if (name_eq(x->name, y->name) || strcmp(x->id, y->id) == 0)
                reading_fault_at(c->r, x->line, x->name, "spif-duplicate",
                                 "the tag set has the same %s as \"%.60s\" in line %u",
                                 name_eq(x->name, y->name) ? "name" : "id", y->name, y->line);
        }
}

static void unique_policies(struct check *c)
{
    const struct spif *s = c->s;
    for (size_t i = 0; i < s->equivalent_policy_count; i++)
        for (size_t j = 0; j < i; j++) {
            const struct spif_equivalent_policy *x = &s->equivalent_policies[i], *y = &s->equivalent_policies[j];
            if (name_eq(x->name, y->name) || strcmp(x->id, y->id) == 0)
                reading_fault_at(c->r, x->line, x->name, "spif-duplicate",
                                 "the equivalent policy has the same name or id as \"%.60s\" in line %u", y->name, y->line);
        }
}

static const struct set_index *find_set(const struct check *c, const char *ref)
{
    for (size_t i = 0; i < c->s->tag_set_count; i++)
        if (name_eq(c->s->tag_sets[i].name, ref) || strcmp(c->s->tag_sets[i].id, ref) == 0)
            return &c->sets[i];
    return NULL;
}

static bool has_type(const struct set_index *set, enum spif_tag_type type)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->entries[i].type == type)
            return true;
    return false;
}

static void check_ref(struct check *c, const char *owner, const struct spif_category_ref *ref)
{
    if (!*ref->tag_set)
        return; // already a fault
    const struct set_index *set = find_set(c, ref->tag_set);
    struct entry key = {.type = ref->type, .lacv = ref->lacv};
    if (!set)
        reading_fault_at(c->r, ref->line, owner, "spif-reference", "there is no tag set \"%.80s\" in this file",
                         ref->tag_set);
    else if (!has_type(set, ref->type))
        reading_fault_at(c->r, ref->line, owner, "spif-reference", "tag set \"%.80s\" has no %s categories",
                         ref->tag_set, spif_tag_type_text(ref->type));
    else if (ref->lacv && !bsearch(&key, set->entries, set->count, sizeof key, by_type_and_lacv))
        reading_fault_at(c->r, ref->line, owner, "spif-reference", "tag set \"%.80s\" has no %s category of lacv %.20s",
                         ref->tag_set, spif_tag_type_text(ref->type), ref->lacv);
}

static void check_required(struct check *c, const char *owner, const struct spif_required *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t g = 0; g < list[i].group_count; g++)
            check_ref(c, owner, &list[i].groups[g]);
}

static void check_class_names(struct check *c, const struct spif_category *category, const char *const *names,
                              size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t k = 0;
        while (k < c->s->class_count && !name_eq(c->s->classes[k].name, names[i]) &&
               strcmp(c->s->classes[k].lacv, names[i]) != 0)
            k++;
        if (k == c->s->class_count && *names[i])
            reading_fault_at(c->r, category->line, category->name, "spif-reference",
                             "there is no classification \"%.80s\" in this file", names[i]);
    }
}

static void check_policy_ref(struct check *c, uint32_t line, const char *owner, const char *ref)
{
    for (size_t i = 0; i < c->s->equivalent_policy_count; i++)
        if (name_eq(c->s->equivalent_policies[i].name, ref))
            return;
    if (*ref)
        reading_fault_at(c->r, line, owner, "spif-reference",
                         "policyRef \"%.80s\" is no <equivalentPolicy> of this file", ref);
}

static void check_class(struct check *c, const struct spif_class *class)
{
    check_required(c, class->name, class->required, class->required_count);
    for (size_t i = 0; i < class->equivalent_count; i++)
        check_policy_ref(c, class->equivalents[i].line, class->name, class->equivalents[i].policy_ref);
}

static void check_category(struct check *c, const struct spif_category *category)
{
    check_class_names(c, category, category->required_classes, category->required_class_count);
    check_class_names(c, category, category->excluded_classes, category->excluded_class_count);
    check_required(c, category->name, category->required, category->required_count);
    check_required(c, category->name, category->excluded, category->excluded_count);
    for (size_t i = 0; i < category->equivalent_count; i++)
        check_policy_ref(c, category->equivalents[i].line, category->name, category->equivalents[i].policy_ref);
}

static void check_tag_set(struct check *c, const struct spif_tag_set *set)
{
    for (size_t t = 0; t < set->tag_count; t++)
        for (size_t i = 0; i < set->tags[t].category_count; i++)
            check_category(c, &set->tags[t].categories[i]);
}

void spif_check(struct reading *r, const struct spif *s)
{
    size_t count = s->tag_set_count;
    struct check c = {.r = r, .s = s, .sets = reading_array(r, &count, sizeof *c.sets)};
    if (!c.sets || arena_status(r->a) != ST_OK)
        return;
    for (size_t i = 0; i < s->tag_set_count; i++) {
        index_set(&c, &s->tag_sets[i], &c.sets[i]);
        unique_lacvs(&c, &s->tag_sets[i], &c.sets[i]);
    }
    unique_classes(&c);
    unique_tag_sets(&c);
    unique_policies(&c);
    for (size_t i = 0; i < s->class_count; i++)
        check_class(&c, &s->classes[i]);
    for (size_t i = 0; i < s->tag_set_count; i++)
        check_tag_set(&c, &s->tag_sets[i]);
}
