// Translation of a label to another security policy by the equivalences of its own SPIF (spec 3.1, 3.3 step 2).
#include <string.h>

#include "policy/label_view_build.h"

static bool sent(enum spif_applied applied)
{
    switch (applied) {
    case SPIF_ENCRYPT:
    case SPIF_BOTH:
        return true;
    case SPIF_DECRYPT:
        return false;
    }
    return false;
}

// Does policyRef name the target? It names an entry of this SPIF's equivalentPolicies, which is matched by OID.
static bool names_target(const struct spif *spif, const char *policy_ref, const struct security_policy *target)
{
    for (size_t i = 0; i < spif->equivalent_policy_count; i++)
        if (name_eq(spif->equivalent_policies[i].name, policy_ref))
            return strcmp(spif->equivalent_policies[i].id, target->spif->id) == 0;
    return false;
}

// The first equivalent of a classification counts.
static const struct spif_equivalent_class *equivalent_class(const struct spif *spif, const struct spif_class *c,
                                                            const struct security_policy *target)
{
    for (size_t i = 0; i < c->equivalent_count; i++)
        if (sent(c->equivalents[i].applied) && names_target(spif, c->equivalents[i].policy_ref, target))
            return &c->equivalents[i];
    return NULL;
}

const struct spif_class *class_translate(const struct security_policies *all, size_t policy, const struct spif_class *c,
                                         size_t target)
{
    const struct spif_equivalent_class *e =
        equivalent_class(all->policies[policy].spif, c, &all->policies[target]);
    return e ? security_policy_class_by_lacv(&all->policies[target], e->lacv) : NULL;
}

struct translating {
    const struct security_policy *source, *target;
    const struct label_view *from;
    struct label_view *to;
};

static bool category_counts(const struct translating *t, const struct spif_equivalent_category *e)
{
    return sent(e->applied) && names_target(t->source->spif, e->policy_ref, t->target);
}

// What a use becomes by an equivalent. What a person typed stays what it says, where any value is taken, and is read
// there as on any label: it may be the name of a category of its own.
static struct category_use translated_use(const struct translating *t, const struct category_use *use, size_t to)
{
    const struct spif_category *there = t->target->categories[to].category;
    if (!use->input || !there->user_input)
        return (struct category_use){to, there->name, false};
    enum category_type type = security_policy_type(security_policy_tag_of(t->target, to)->type);
    struct sp_word w = security_policy_word(t->target, t->target->categories[to].set, type, use->value);
    return (struct category_use){w.category, use->value, !name_eq(t->target->categories[w.category].category->name, use->value)};
}

// All equivalents of a category are added; without one, an explicit discard drops it. False = untranslatable.
static bool translate_use(struct translating *t, const struct category_use *use)
{
    const struct spif_category *c = t->source->categories[use->category].category;
    bool translated = false, discard = false;
    for (size_t i = 0; i < c->equivalent_count; i++) {
        const struct spif_equivalent_category *e = &c->equivalents[i];
        if (!category_counts(t, e))
            continue;
        if (e->discard) {
            discard = true;
            continue;
        }
        size_t to = e->lacv ? security_policy_by_lacv(t->target, e->tag_set_id, e->type, e->lacv) : SP_NONE;
        if (to == SP_NONE)
            return false;
        label_view_add(t->target, t->to, translated_use(t, use, to));
        translated = true;
    }
    if (!translated && discard && label_use_is_release(t->source, use))
        t->to->release_discarded = true;
    return translated || discard;
}

static bool translate_uses(struct translating *t)
{
    for (size_t i = 0; i < t->from->use_count; i++) {
        const struct category_use *use = &t->from->uses[i];
        if (security_policy_type(security_policy_tag_of(t->source, use->category)->type) == CATEGORY_INFORMATIVE)
            continue;
        if (!translate_use(t, use))
            return false;
    }
    return true;
}

static bool is_choice(const struct spif_required *r)
{
    return r->operation != SPIF_ALL && r->group_count > 1;
}

// Add what the target lacks of a group: the first category in SPIF order. False when the group means nothing there.
static bool add_group(struct translating *t, const struct spif_category_ref *g)
{
    for (size_t i = 0; i < t->to->use_count; i++)
        if (security_policy_group_means(t->target, g, t->to->uses[i].category))
            return true;
    size_t first = security_policy_group_first(t->target, g);
    if (first == SP_NONE)
        return false;
    const char *name = t->target->categories[first].category->name;
    label_view_add(t->target, t->to, (struct category_use){first, name, false});
    return true;
}

static bool add_required(struct translating *t, const struct spif_required *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t g = 0; !is_choice(&list[i]) && g < list[i].group_count; g++)
            if (!add_group(t, &list[i].groups[g]))
                return false;
    return true;
}

static bool all_met(const struct translating *t, const struct spif_required *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!label_required_met(t->target, t->to, &list[i]))
            return false;
    return true;
}

static const struct spif_equivalent_policy *equivalent_policy(const struct spif *spif, const struct security_policy *target)
{
    for (size_t i = 0; i < spif->equivalent_policy_count; i++)
        if (strcmp(spif->equivalent_policies[i].id, target->spif->id) == 0)
            return &spif->equivalent_policies[i];
    return NULL;
}

static size_t groups_in(const struct spif_required *list, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += list[i].group_count;
    return n;
}

// Room for every use that a translation can add.
static size_t uses_max(const struct translating *t, const struct spif_equivalent_policy *p,
                       const struct spif_equivalent_class *c)
{
    size_t n = groups_in(p->required, p->required_count) + groups_in(c->required, c->required_count);
    for (size_t i = 0; i < t->from->use_count; i++)
        n += t->source->categories[t->from->uses[i].category].category->equivalent_count;
    return n;
}

enum status label_view_translate(const struct security_policies *all, const struct label_view *from, size_t target,
                                 struct arena *a, struct label_view *ret)
{
    *ret = (struct label_view){.doc = from->doc, .policy = target, .translated = true};
    struct translating t = {
        .source = &all->policies[from->policy], .target = &all->policies[target], .from = from, .to = ret};
    const struct spif_equivalent_policy *p = equivalent_policy(t.source->spif, t.target);
    const struct spif_equivalent_class *c = from->cls ? equivalent_class(t.source->spif, from->cls, t.target) : NULL;
    if (!p || !c)
        return ST_NOT_FOUND;
    ret->cls = security_policy_class_by_lacv(t.target, c->lacv);
    ret->uses = arena_array(a, uses_max(&t, p, c), sizeof *ret->uses);
    TRY(arena_status(a));
    if (!ret->cls || !translate_uses(&t) || !add_required(&t, p->required, p->required_count) ||
        !add_required(&t, c->required, c->required_count))
        return ST_NOT_FOUND;
    // Choices are judged when everything else has been added (spec 3.1).
    if (!all_met(&t, p->required, p->required_count) || !all_met(&t, c->required, c->required_count))
        return ST_NOT_FOUND;
    ret->valid = label_view_check(t.target, ret, NULL, NULL);
    return ST_OK;
}
