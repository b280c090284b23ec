// Spec 3.1: a label in the words of an equivalent policy.
#include <string.h>

#include "formats/base/bug.h"
#include "tests/support/oracle_parts.h"

// "`applied` of `encrypt` or `both`"
bool oracle_equivalent_applies(enum spif_applied applied)
{
    return applied == SPIF_ENCRYPT || applied == SPIF_BOTH;
}

// "Equivalent policies are matched by OID; policyRef names an entry of this file's equivalentPolicies"
static bool refers_to(const struct spif *s, const char *policy_ref, const struct spif *target)
{
    for (size_t i = 0; i < s->equivalent_policy_count; i++)
        if (name_eq(s->equivalent_policies[i].name, policy_ref))
            return strcmp(s->equivalent_policies[i].id, target->id) == 0;
    return false;
}

// "Of several equivalent classifications the first counts"
const struct spif_class *oracle_translate_class(const struct oracle *o, int from, const struct spif_class *class,
                                                int to, const struct spif_equivalent_class **ret_rule)
{
    for (size_t i = 0; i < class->equivalent_count; i++) {
        const struct spif_equivalent_class *e = &class->equivalents[i];
        if (!oracle_equivalent_applies(e->applied) || !refers_to(o->spifs[from], e->policy_ref, o->spifs[to]))
            continue;
        if (ret_rule)
            *ret_rule = e;
        return oracle_class_lacv(o->spifs[to], e->lacv);
    }
    return NULL;
}

// A label under construction: one category element for each value, and which category of the target it is.
struct draft {
    struct label_doc label;
    struct oracle_value *values;
    const struct spif *spif;
    size_t room;
    struct arena *a;
    bool obsolete;
};

static void add(struct draft *d, const struct oracle_value *v)
{
    for (size_t i = 0; i < d->label.category_count; i++)
        if (d->values[i].category == v->category && name_eq(d->values[i].value, v->value))
            return;
    BUG_IF(d->label.category_count == d->room);
    d->values[d->label.category_count] = *v;
    struct label_category *c = &d->label.categories[d->label.category_count++];
    c->values = arena_array(d->a, 1, sizeof *c->values);
    BUG_IF(!c->values);
    c->type = oracle_type(v->tag->type);
    c->tag_set = v->set->name;
    c->values[0] = v->value;
    c->value_count = 1;
    d->obsolete = d->obsolete || v->category->obsolete;
}

// The first category of the target that the reference means, in SPIF order.
static bool first_category(const struct spif *s, const struct spif_category_ref *ref, struct oracle_value *ret)
{
    for (size_t i = 0; i < s->tag_set_count; i++)
        for (size_t j = 0; j < s->tag_sets[i].tag_count; j++)
            for (size_t k = 0; k < s->tag_sets[i].tags[j].category_count; k++) {
                const struct spif_tag *tag = &s->tag_sets[i].tags[j];
                *ret = (struct oracle_value){&s->tag_sets[i], tag, &tag->categories[k], tag->categories[k].name};
                if (oracle_group_matches(ref, ret))
                    return true;
            }
    return false;
}

// How many categories of the draft are such? `ref` NULL = of any group of q.
static size_t count_such(const struct draft *d, const struct spif_required *q, const struct spif_category_ref *ref)
{
    size_t n = 0;
    for (size_t i = 0; i < d->label.category_count; i++) {
        bool such = ref && oracle_group_matches(ref, &d->values[i]);
        for (size_t g = 0; !ref && g < q->group_count; g++)
            such = such || oracle_group_matches(&q->groups[g], &d->values[i]);
        n += such;
    }
    return n;
}

static bool is_choice(const struct spif_required *q)
{
    return q->operation != SPIF_ALL && q->group_count > 1;
}

// "Categories that the equivalent policy or classification requires are added to the translation … of a group the
// first in SPIF order"
static bool add_required(struct draft *d, const struct spif_required *required, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t g = 0; !is_choice(&required[i]) && g < required[i].group_count; g++) {
            struct oracle_value v;
            if (count_such(d, NULL, &required[i].groups[g]) > 0)
                continue;
            if (!first_category(d->spif, &required[i].groups[g], &v))
                return false;
            add(d, &v);
        }
    return true;
}

// "a choice among several that is not met makes the label untranslatable"
static bool choices_met(const struct draft *d, const struct spif_required *required, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t such = count_such(d, &required[i], NULL);
        if (required[i].operation == SPIF_ONLY_ONE && such != 1)
            return false;
        if (required[i].operation == SPIF_ONE_OR_MORE && such < 1)
            return false;
    }
    return true;
}

// What was typed in stays what it says, where the equivalent takes any value: in the words of the target.
static void stay_typed(const struct spif *to, const struct oracle_value *v, struct oracle_value *target)
{
    bool typed = v->category->user_input && !name_eq(v->category->name, v->value);
    if (typed && target->category->user_input)
        BUG_IF(!oracle_find(to, oracle_type(target->tag->type), target->set->name, v->value, target));
}

// One restrictive or permissive value: all its equivalents, or an explicit discard.
static bool translate_value(const struct spif *from, const struct oracle_value *v, struct draft *d, bool *ret_discarded)
{
    bool equivalent = false, discard = false;
    for (size_t i = 0; i < v->category->equivalent_count; i++) {
        const struct spif_equivalent_category *e = &v->category->equivalents[i];
        if (!oracle_equivalent_applies(e->applied) || !refers_to(from, e->policy_ref, d->spif))
            continue;
        if (e->discard) {
            discard = true;
            continue;
        }
        struct spif_category_ref ref = {.tag_set = e->tag_set_id, .type = e->type, .lacv = e->lacv};
        struct oracle_value target;
        if (!first_category(d->spif, &ref, &target))
            return false;
        stay_typed(d->spif, v, &target);
        add(d, &target);
        equivalent = true;
    }
    *ret_discarded = !equivalent && discard; // "`discard` counts only where there is no equivalent"
    return equivalent || discard;
}

static bool translate_values(const struct oracle *o, const struct label_doc *label, int from, struct draft *d,
                             bool *ret_release_discarded)
{
    for (size_t i = 0; i < label->category_count; i++) {
        const struct label_category *c = &label->categories[i];
        for (size_t j = 0; j < c->value_count && c->type != CATEGORY_INFORMATIVE; j++) {
            struct oracle_value v;
            bool discarded;
            BUG_IF(!oracle_find(o->spifs[from], c->type, c->tag_set, c->values[j], &v)); // the label is valid
            if (!translate_value(o->spifs[from], &v, d, &discarded))
                return false;
            if (discarded && c->type == CATEGORY_PERMISSIVE
                && name_eq(c->tag_set, o->doc->securities[from].release_tag_set))
                *ret_release_discarded = true;
        }
    }
    return true;
}

static const struct spif_equivalent_policy *equivalent_policy(const struct spif *s, const struct spif *target)
{
    for (size_t i = 0; i < s->equivalent_policy_count; i++)
        if (strcmp(s->equivalent_policies[i].id, target->id) == 0)
            return &s->equivalent_policies[i];
    return NULL;
}

const struct label_doc *oracle_translate(const struct oracle *o, const struct label_doc *label, int to,
                                         struct arena *a, bool *ret_release_discarded, bool *ret_obsolete)
{
    int from = oracle_policy(o, label->policy, label->policy_uri);
    const struct spif_equivalent_policy *e = equivalent_policy(o->spifs[from], o->spifs[to]);
    const struct spif_class *class = oracle_class(o->spifs[from], label->classification);
    const struct spif_equivalent_class *rule = NULL;
    const struct spif_class *target = oracle_translate_class(o, from, class, to, &rule);
    if (!e || !target)
        return NULL;
    struct draft *d = arena_alloc(a, sizeof *d);
    BUG_IF(!d);
    d->a = a;
    d->spif = o->spifs[to];
    d->room = 1024;
    d->label = (struct label_doc){.policy = d->spif->name, .classification = target->name};
    d->label.categories = arena_array(a, d->room, sizeof *d->label.categories);
    d->values = arena_array(a, d->room, sizeof *d->values);
    BUG_IF(!d->label.categories || !d->values);
    if (!translate_values(o, label, from, d, ret_release_discarded))
        return NULL;
    // "all before any choice is checked"
    if (!add_required(d, e->required, e->required_count) || !add_required(d, rule->required, rule->required_count))
        return NULL;
    if (!choices_met(d, e->required, e->required_count) || !choices_met(d, rule->required, rule->required_count))
        return NULL;
    *ret_obsolete = d->obsolete;
    return &d->label;
}
