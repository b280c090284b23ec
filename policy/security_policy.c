#include "policy/security_policy.h"

#include <string.h>

enum category_type security_policy_type(enum spif_tag_type t)
{
    switch (t) {
    case SPIF_RESTRICTIVE:
    case SPIF_ENUM_RESTRICTIVE:
        return CATEGORY_RESTRICTIVE;
    case SPIF_PERMISSIVE:
    case SPIF_ENUM_PERMISSIVE:
        return CATEGORY_PERMISSIVE;
    case SPIF_INFORMATIVE:
        return CATEGORY_INFORMATIVE;
    }
    return CATEGORY_RESTRICTIVE;
}

// ---- compiling

static void count(const struct spif *spif, struct security_policy *sp)
{
    for (size_t s = 0; s < spif->tag_set_count; s++) {
        sp->tag_count += spif->tag_sets[s].tag_count;
        for (size_t t = 0; t < spif->tag_sets[s].tag_count; t++)
            sp->category_count += spif->tag_sets[s].tags[t].category_count;
    }
}

static void number(const struct spif *spif, struct security_policy *sp)
{
    size_t tag = 0, category = 0;
    for (size_t s = 0; s < spif->tag_set_count; s++) {
        const struct spif_tag_set *set = &spif->tag_sets[s];
        sp->set_first[s] = category;
        for (size_t t = 0; t < set->tag_count; t++, tag++) {
            const struct spif_tag *from = &set->tags[t];
            sp->tags[tag] = (struct sp_tag){from, s, category, from->category_count};
            for (size_t c = 0; c < from->category_count; c++, category++)
                sp->categories[category] = (struct sp_category){&from->categories[c], tag, s};
        }
    }
    sp->set_first[spif->tag_set_count] = category;
}

static enum status index_names(struct security_policy *sp, struct arena *a)
{
    struct name_entry *names = arena_array(a, sp->category_count, sizeof *names);
    TRY(arena_status(a));
    for (size_t i = 0; i < sp->category_count; i++) {
        names[i] = (struct name_entry){sp->categories[i].category->name, sp->categories[i].set};
        sp->set_input[sp->categories[i].set] |= sp->categories[i].category->user_input;
    }
    return name_index_make(names, sp->category_count, a, &sp->names);
}

static bool has_permissive_tag(const struct spif_tag_set *set)
{
    for (size_t t = 0; t < set->tag_count; t++)
        if (security_policy_type(set->tags[t].type) == CATEGORY_PERMISSIVE)
            return true;
    return false;
}

enum status security_policy_compile(const struct spif *spif, const char *release_tag_set, uint32_t line,
                                    struct arena *a, struct diag *d, struct security_policy *ret)
{
    *ret = (struct security_policy){.spif = spif};
    count(spif, ret);
    ret->uri = arena_printf(a, "urn:oid:%s", spif->id);
    ret->tags = arena_array(a, ret->tag_count, sizeof *ret->tags);
    ret->categories = arena_array(a, ret->category_count, sizeof *ret->categories);
    ret->set_first = arena_array(a, spif->tag_set_count + 1, sizeof *ret->set_first);
    ret->set_input = arena_array(a, spif->tag_set_count, sizeof *ret->set_input);
    TRY(arena_status(a));
    number(spif, ret);
    TRY(index_names(ret, a));
    ret->release_set = SP_NONE;
    if (!release_tag_set)
        return ST_OK;
    ret->release_set = security_policy_tag_set(ret, release_tag_set);
    if (ret->release_set == SP_NONE) {
        diag_add(d, line, 0, "unknown-tag-set", "security-policy",
                 "release-tag-set=\"%s\": the SPIF %s has no tag set of that name; name one of its permissive tag sets",
                 release_tag_set, spif->file);
        return ST_INVALID;
    }
    if (!has_permissive_tag(&spif->tag_sets[ret->release_set])) {
        diag_add(d, line, 0, "release-tag-set", "security-policy",
                 "release-tag-set=\"%s\": that tag set of %s has no permissive tag; its values must name who may see",
                 release_tag_set, spif->file);
        return ST_INVALID;
    }
    return ST_OK;
}

// ---- looking up

const struct spif_class *security_policy_class(const struct security_policy *sp, const char *name)
{
    const struct spif_class *found = NULL;
    for (size_t i = 0; i < sp->spif->class_count; i++) {
        const struct spif_class *c = &sp->spif->classes[i];
        if (name_eq(c->name, name) && (!found || (found->obsolete && !c->obsolete)))
            found = c;
    }
    return found;
}

const struct spif_class *security_policy_class_by_lacv(const struct security_policy *sp, const char *lacv)
{
    for (size_t i = 0; i < sp->spif->class_count; i++)
        if (strcmp(sp->spif->classes[i].lacv, lacv) == 0)
            return &sp->spif->classes[i];
    return NULL;
}

bool security_policy_class_ref(const struct security_policy *sp, const char *ref, const struct spif_class *c)
{
    if (security_policy_class(sp, ref))
        return name_eq(ref, c->name);
    return strcmp(ref, c->lacv) == 0;
}

size_t security_policy_tag_set(const struct security_policy *sp, const char *name)
{
    for (size_t i = 0; i < sp->spif->tag_set_count; i++)
        if (name_eq(sp->spif->tag_sets[i].name, name))
            return i;
    return SP_NONE;
}

static bool is_type(const struct security_policy *sp, size_t category, enum category_type type)
{
    return security_policy_type(security_policy_tag_of(sp, category)->type) == type;
}

// Of the categories of this type that have the name: the first that is not obsolete, else the first (spec 3.1).
static size_t named_category(const struct security_policy *sp, size_t first, enum category_type type)
{
    size_t found = SP_NONE;
    for (size_t i = first; i != SP_NONE; i = name_index_next(&sp->names, i)) {
        if (!is_type(sp, i, type))
            continue;
        if (!sp->categories[i].category->obsolete)
            return i;
        if (found == SP_NONE)
            found = i;
    }
    return found;
}

// Of those that take any value, likewise.
static size_t input_category(const struct security_policy *sp, size_t set, enum category_type type)
{
    size_t found = SP_NONE;
    for (size_t i = sp->set_first[set]; sp->set_input[set] && i < sp->set_first[set + 1]; i++) {
        const struct spif_category *c = sp->categories[i].category;
        if (!c->user_input || !is_type(sp, i, type))
            continue;
        if (!c->obsolete)
            return i;
        if (found == SP_NONE)
            found = i;
    }
    return found;
}

struct sp_word security_policy_word(const struct security_policy *sp, size_t set, enum category_type type,
                                    const char *value)
{
    size_t first = security_policy_named(sp, set, value);
    struct sp_word w = {.category = SP_NONE};
    for (size_t i = first; i != SP_NONE; i = name_index_next(&sp->names, i)) {
        w.known = true;
        w.restrictive |= is_type(sp, i, CATEGORY_RESTRICTIVE);
    }
    if (first == SP_NONE && sp->set_input[set]) {
        w.known = true;
        w.restrictive = input_category(sp, set, CATEGORY_RESTRICTIVE) != SP_NONE;
    }
    // An exact name counts before userInput.
    w.category = named_category(sp, first, type);
    if (w.category == SP_NONE)
        w.category = input_category(sp, set, type);
    if (w.category != SP_NONE)
        w.known = w.type_known = true;
    return w;
}

size_t security_policy_named(const struct security_policy *sp, size_t set, const char *value)
{
    return name_index_first(&sp->names, value, set);
}

bool security_policy_names(const struct security_policy *sp, size_t set, const char *value)
{
    return security_policy_named(sp, set, value) != SP_NONE;
}

bool security_policy_takes_input(const struct security_policy *sp, size_t set)
{
    return sp->set_input[set];
}

bool security_policy_group_set(const struct spif_category_ref *g, const struct spif_tag_set *set)
{
    return name_eq(g->tag_set, set->name) || strcmp(g->tag_set, set->id) == 0;
}

bool security_policy_group_means(const struct security_policy *sp, const struct spif_category_ref *g, size_t category)
{
    return security_policy_tag_of(sp, category)->type == g->type &&
           security_policy_group_set(g, security_policy_set_of(sp, category)) &&
           (!g->lacv || strcmp(g->lacv, sp->categories[category].category->lacv) == 0);
}

size_t security_policy_group_first(const struct security_policy *sp, const struct spif_category_ref *g)
{
    for (size_t i = 0; i < sp->category_count; i++)
        if (security_policy_group_means(sp, g, i))
            return i;
    return SP_NONE;
}

size_t security_policy_by_lacv(const struct security_policy *sp, const char *tag_set_id, enum spif_tag_type type,
                               const char *lacv)
{
    for (size_t i = 0; i < sp->category_count; i++)
        if (security_policy_tag_of(sp, i)->type == type &&
            strcmp(security_policy_set_of(sp, i)->id, tag_set_id) == 0 &&
            strcmp(sp->categories[i].category->lacv, lacv) == 0)
            return i;
    return SP_NONE;
}
