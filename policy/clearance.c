#include "policy/clearance.h"

bool clearance_holds_class(const struct clearance *c, const struct security_policy *sp, const struct spif_class *cls)
{
    return c->exists && c->classes[cls - sp->spif->classes];
}

bool clearance_holds(const struct clearance *c, const struct security_policy *sp, const struct category_use *use)
{
    if (!c->exists)
        return false;
    if (!use->input)
        return c->categories[use->category / 64] >> (use->category % 64) & 1;
    for (size_t i = 0; i < c->input_count; i++)
        if (c->inputs[i].set == sp->categories[use->category].set && name_eq(c->inputs[i].value, use->value))
            return true;
    return false;
}

// ---- compiling

struct compiling {
    const struct security_policy *sp;
    struct clearance *to;
    struct diag *d;
    const char *partner;
    uint32_t line;
    bool ok;
};

static void fault_class(struct compiling *c, const char *name)
{
    c->ok = false;
    diag_add(c->d, c->line, 0, "unknown-classification", "clearance",
             "partner %s: \"%s\" is not a classification of the policy %s (%s)", c->partner, name, c->sp->spif->name,
             c->sp->spif->file);
}

// The compact form: every classification up to the named one.
static void hold_up_to(struct compiling *c, const char *name)
{
    const struct spif_class *max = security_policy_class(c->sp, name);
    if (!max) {
        fault_class(c, name);
        return;
    }
    for (size_t i = 0; i < c->sp->spif->class_count; i++)
        c->to->classes[i] = c->sp->spif->classes[i].hierarchy <= max->hierarchy;
}

// The full form: exactly the listed one.
static void hold_class(struct compiling *c, const char *name)
{
    if (!security_policy_class(c->sp, name)) {
        fault_class(c, name);
        return;
    }
    for (size_t i = 0; i < c->sp->spif->class_count; i++)
        if (name_eq(c->sp->spif->classes[i].name, name))
            c->to->classes[i] = true;
}

// Held categories are compared by tag set and value: all of the set that have the name, and any that takes it as
// input (a namesake of another type does not hinder that).
static void hold_value(struct compiling *c, const char *tag_set, size_t set, const char *value, uint32_t line)
{
    bool named = security_policy_names(c->sp, set, value), input = security_policy_takes_input(c->sp, set);
    for (size_t i = c->sp->set_first[set]; named && i < c->sp->set_first[set + 1]; i++)
        if (name_eq(c->sp->categories[i].category->name, value))
            c->to->categories[i / 64] |= (uint64_t)1 << (i % 64);
    if (input)
        c->to->inputs[c->to->input_count++] = (struct clearance_input){set, value};
    if (named || input)
        return;
    c->ok = false;
    diag_add(c->d, line, 0, "unknown-category", "clearance",
             "partner %s: \"%s\" is not a category of \"%s\" in the policy %s (%s)", c->partner, value, tag_set,
             c->sp->spif->name, c->sp->spif->file);
}

static void hold_category(struct compiling *c, const struct label_category *from)
{
    size_t set = security_policy_tag_set(c->sp, from->tag_set);
    if (set == SP_NONE) {
        c->ok = false;
        diag_add(c->d, from->line, 0, "unknown-tag-set", "clearance",
                 "partner %s: \"%s\" is not a tag set of the policy %s (%s)", c->partner, from->tag_set,
                 c->sp->spif->name, c->sp->spif->file);
        return;
    }
    for (size_t i = 0; i < from->value_count; i++)
        hold_value(c, from->tag_set, set, from->values[i], from->line);
}

static size_t value_count(const struct label_category *categories, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += categories[i].value_count;
    return n;
}

enum status clearance_compile(const struct security_policies *all, const struct policy_clearance *from,
                              const char *partner, struct arena *a, struct diag *d, struct clearance *ret,
                              size_t *ret_policy)
{
    const struct clearance_doc *doc = from->doc;
    const char *policy = doc ? doc->policy : from->policy;
    const struct label_category *categories = doc ? doc->categories : from->categories;
    size_t count = doc ? doc->category_count : from->category_count;
    *ret_policy = label_policy(all, policy, doc ? doc->policy_uri : NULL);
    if (*ret_policy == SP_NONE) {
        diag_add(d, from->line, 0, "unknown-policy", "clearance",
                 "partner %s: \"%s\" is not one of the document's security policies", partner, policy);
        return ST_INVALID;
    }
    const struct security_policy *sp = &all->policies[*ret_policy];
    *ret = (struct clearance){
        .classes = arena_array(a, sp->spif->class_count, sizeof *ret->classes),
        .categories = arena_array(a, sp->category_count / 64 + 1, sizeof *ret->categories),
        .inputs = arena_array(a, value_count(categories, count), sizeof *ret->inputs),
    };
    TRY(arena_status(a));
    struct compiling c = {.sp = sp, .to = ret, .d = d, .partner = partner, .line = from->line, .ok = true};
    if (!doc)
        hold_up_to(&c, from->max);
    for (size_t i = 0; doc && i < doc->classification_count; i++)
        hold_class(&c, doc->classifications[i]);
    for (size_t i = 0; i < count; i++)
        hold_category(&c, &categories[i]);
    ret->exists = c.ok;
    return c.ok ? ST_OK : ST_INVALID;
}
