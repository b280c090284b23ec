// Spec 3.1: what a label's names mean, and when a label is valid.
#include <string.h>

#include "formats/base/bug.h"
#include "tests/support/oracle_parts.h"

static int policy_by_uri(const struct oracle *o, const char *uri)
{
    if (strncmp(uri, "urn:oid:", 8) != 0)
        return -1;
    for (size_t i = 0; i < o->doc->security_count; i++)
        if (strcmp(o->spifs[i]->id, uri + 8) == 0)
            return (int)i;
    return -1;
}

int oracle_policy(const struct oracle *o, const char *name, const char *uri)
{
    // "PolicyIdentifier = policy name (or URI = urn:oid: + id)"
    for (size_t i = 0; i < o->doc->security_count; i++)
        if (name_eq(o->spifs[i]->name, name)) {
            // "A URI that is not the named policy's own (one of no loaded SPIF too) makes the policy unknown"
            if (uri && policy_by_uri(o, uri) != (int)i)
                return -1;
            return (int)i;
        }
    // "an unknown name with a known policy's URI is that policy"
    return uri ? policy_by_uri(o, uri) : -1;
}

const struct spif_class *oracle_class(const struct spif *s, const char *name)
{
    for (size_t i = 0; i < s->class_count; i++)
        if (name_eq(s->classes[i].name, name))
            return &s->classes[i];
    return NULL;
}

const struct spif_class *oracle_class_lacv(const struct spif *s, const char *lacv)
{
    for (size_t i = 0; i < s->class_count; i++)
        if (strcmp(s->classes[i].lacv, lacv) == 0)
            return &s->classes[i];
    return NULL;
}

const struct spif_tag_set *oracle_tag_set(const struct spif *s, const char *name)
{
    for (size_t i = 0; i < s->tag_set_count; i++)
        if (name_eq(s->tag_sets[i].name, name))
            return &s->tag_sets[i];
    return NULL;
}

enum category_type oracle_type(enum spif_tag_type type)
{
    switch (type) {
    case SPIF_RESTRICTIVE:
    case SPIF_ENUM_RESTRICTIVE:
        return CATEGORY_RESTRICTIVE;
    case SPIF_PERMISSIVE:
    case SPIF_ENUM_PERMISSIVE:
        return CATEGORY_PERMISSIVE;
    case SPIF_INFORMATIVE:
        return CATEGORY_INFORMATIVE;
    }
    abort();
}

// "Of equally named categories of a tag the first that is not obsolete counts"; a name before "any value".
static const struct spif_category *tag_category(const struct spif_tag *tag, const char *value)
{
    const struct spif_category *found = NULL;
    for (size_t i = 0; i < tag->category_count; i++)
        if (name_eq(tag->categories[i].name, value) && (!found || (found->obsolete && !tag->categories[i].obsolete)))
            found = &tag->categories[i];
    for (size_t i = 0; !found && i < tag->category_count; i++)
        if (tag->categories[i].user_input)
            found = &tag->categories[i];
    return found;
}

bool oracle_find(const struct spif *s, enum category_type type, const char *tag_set, const char *value,
                 struct oracle_value *ret)
{
    const struct spif_tag_set *set = oracle_tag_set(s, tag_set);
    bool any = false;
    for (size_t i = 0; set && i < set->tag_count; i++) {
        const struct spif_tag *tag = &set->tags[i];
        const struct spif_category *c = oracle_type(tag->type) == type ? tag_category(tag, value) : NULL;
        bool typed = any && ret->category->user_input && !name_eq(ret->category->name, value);
        if (!c || (any && !(typed && name_eq(c->name, value)))) // the first, a name before what takes any value
            continue;
        *ret = (struct oracle_value){set, tag, c, value};
        any = true;
    }
    return any;
}

bool oracle_group_matches(const struct spif_category_ref *group, const struct oracle_value *v)
{
    return (name_eq(group->tag_set, v->set->name) || strcmp(group->tag_set, v->set->id) == 0)
        && group->type == v->tag->type // "tagType and enumType match exactly"
        && (!group->lacv || strcmp(group->lacv, v->category->lacv) == 0);
}

// The values of a label, each found in the SPIF, each once.
struct values {
    struct oracle_value *v;
    size_t count;
};

static bool same_value(const struct oracle_value *a, const struct oracle_value *b)
{
    return a->category == b->category && (!a->category->user_input || name_eq(a->value, b->value));
}

// False when some value is not known, of another type than stated, or obsolete; or a category has no value.
static bool find_values(const struct spif *s, const struct label_doc *label, struct arena *a, struct values *ret)
{
    size_t count = 0;
    for (size_t i = 0; i < label->category_count; i++)
        count += label->categories[i].value_count;
    ret->v = arena_array(a, count + 1, sizeof *ret->v);
    BUG_IF(!ret->v);
    for (size_t i = 0; i < label->category_count; i++) {
        const struct label_category *c = &label->categories[i];
        if (c->value_count == 0)
            return false;
        for (size_t j = 0; j < c->value_count; j++) {
            struct oracle_value v;
            if (!oracle_find(s, c->type, c->tag_set, c->values[j], &v) || v.category->obsolete)
                return false;
            bool repeated = false;
            for (size_t k = 0; k < ret->count; k++)
                repeated = repeated || same_value(&ret->v[k], &v);
            if (!repeated)
                ret->v[ret->count++] = v;
        }
    }
    return true;
}

static bool in_a_group(const struct spif_required *q, const struct oracle_value *v)
{
    for (size_t g = 0; g < q->group_count; g++)
        if (oracle_group_matches(&q->groups[g], v))
            return true;
    return false;
}

static bool required_holds(const struct spif_required *q, const struct values *vs)
{
    size_t such = 0, groups_met = 0;
    for (size_t i = 0; i < vs->count; i++)
        such += in_a_group(q, &vs->v[i]);
    for (size_t g = 0; g < q->group_count; g++) {
        bool met = false;
        for (size_t i = 0; i < vs->count; i++)
            met = met || oracle_group_matches(&q->groups[g], &vs->v[i]);
        groups_met += met;
    }
    switch (q->operation) {
    case SPIF_ONLY_ONE:
        return such == 1;
    case SPIF_ONE_OR_MORE:
        return such >= 1;
    case SPIF_ALL:
        return groups_met == q->group_count;
    }
    abort();
}

// Any category of any group excludes. "a category never excludes itself"
static bool excluded(const struct spif_required *q, const struct values *vs, const struct spif_category *itself)
{
    for (size_t i = 0; i < vs->count; i++)
        if (vs->v[i].category != itself && in_a_group(q, &vs->v[i]))
            return true;
    return false;
}

static bool class_listed(const struct spif_class *class, const char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (name_eq(names[i], class->name) || strcmp(names[i], class->lacv) == 0)
            return true;
    return false;
}

static bool category_rules_hold(const struct spif_category *c, const struct spif_class *class, const struct values *vs)
{
    if (c->required_class_count > 0 && !class_listed(class, c->required_classes, c->required_class_count))
        return false;
    if (class_listed(class, c->excluded_classes, c->excluded_class_count))
        return false;
    for (size_t i = 0; i < c->required_count; i++)
        if (!required_holds(&c->required[i], vs))
            return false;
    for (size_t i = 0; i < c->excluded_count; i++)
        if (excluded(&c->excluded[i], vs, c))
            return false;
    return true;
}

// "counted for every tag, selected or not"
static bool selection_limits_hold(const struct spif *s, const struct values *vs)
{
    for (size_t i = 0; i < s->tag_set_count; i++)
        for (size_t j = 0; j < s->tag_sets[i].tag_count; j++) {
            const struct spif_tag *tag = &s->tag_sets[i].tags[j];
            size_t selected = 0;
            for (size_t k = 0; k < vs->count; k++)
                selected += vs->v[k].tag == tag;
            if (tag->single_selection && selected > 1)
                return false;
            if (selected < tag->min_selection || selected > tag->max_selection)
                return false;
        }
    return true;
}

bool oracle_label_valid(const struct oracle *o, const struct label_doc *label, struct arena *a)
{
    int policy = oracle_policy(o, label->policy, label->policy_uri);
    if (policy < 0 || label->succession_broken)
        return false;
    const struct spif *s = o->spifs[policy];
    const struct spif_class *class = oracle_class(s, label->classification);
    if (!class || class->obsolete)
        return false;
    struct values vs = {0};
    if (!find_values(s, label, a, &vs))
        return false;
    for (size_t i = 0; i < class->required_count; i++)
        if (!required_holds(&class->required[i], &vs))
            return false;
    for (size_t i = 0; i < vs.count; i++)
        if (!category_rules_hold(vs.v[i].category, class, &vs))
            return false;
    return selection_limits_hold(s, &vs);
}
