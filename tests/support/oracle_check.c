// Spec 3.3: label-check(L, P, t, ceiling), step by step.
#include <string.h>

#include "formats/base/bug.h"
#include "tests/support/oracle_parts.h"

static int clearance_policy(const struct oracle *o, const struct policy_clearance *c)
{
    return c->doc ? oracle_policy(o, c->doc->policy, c->doc->policy_uri) : oracle_policy(o, c->policy, NULL);
}

// The clearance that P holds under that policy, or NULL.
static const struct policy_clearance *clearance(const struct oracle *o, const struct policy_partner *p, int policy)
{
    for (size_t i = 0; policy >= 0 && i < p->clearance_count; i++)
        if (clearance_policy(o, &p->clearances[i]) == policy)
            return &p->clearances[i];
    return NULL;
}

// "max expands to every classification whose hierarchy is at most max's" / "exactly those held"
static bool class_held(const struct spif *s, const struct policy_clearance *c, const struct spif_class *class)
{
    if (!c->doc)
        return class->hierarchy <= oracle_class(s, c->max)->hierarchy;
    for (size_t i = 0; i < c->doc->classification_count; i++)
        if (name_eq(c->doc->classifications[i], class->name))
            return true;
    return false;
}

// "Held categories are compared by tag set and value."
static bool value_held(const struct policy_clearance *c, const char *tag_set, const char *value)
{
    const struct label_category *held = c->doc ? c->doc->categories : c->categories;
    size_t count = c->doc ? c->doc->category_count : c->category_count;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; name_eq(held[i].tag_set, tag_set) && j < held[i].value_count; j++)
            if (name_eq(held[i].values[j], value))
                return true;
    return false;
}

// The label that is used, and what is known about it.
struct used {
    const struct label_doc *label;    // may be a translation
    const struct label_doc *document; // the label document in the element that it is, or translates
    bool release_discarded, obsolete;
};

static enum reason translated(const struct oracle *o, const struct label_doc *l, const struct policy_partner *p,
                              struct arena *a, struct used *u)
{
    int from = oracle_policy(o, l->policy, l->policy_uri);
    if (from < 0)
        return REASON_UNKNOWN_POLICY;
    if (!oracle_label_valid(o, l, a))
        return REASON_INVALID_LABEL;
    // "the one target is the first of its SPIF's equivalent policies under which P holds a clearance"
    for (size_t i = 0; i < o->spifs[from]->equivalent_policy_count; i++)
        for (size_t to = 0; to < o->doc->security_count; to++) {
            if (strcmp(o->spifs[to]->id, o->spifs[from]->equivalent_policies[i].id) != 0
                || !clearance(o, p, (int)to))
                continue;
            u->document = l;
            u->label = oracle_translate(o, l, (int)to, a, &u->release_discarded, &u->obsolete);
            return u->label ? REASON_NONE : REASON_NO_CLEARANCE; // "no later policy is tried"
        }
    return REASON_NO_CLEARANCE;
}

// Step 2.
static enum reason which_label(const struct oracle *o, const struct label *label, const struct policy_partner *p,
                               utc_ms t, struct arena *a, struct used *u)
{
    const struct label_doc *l = oracle_effective(label->originator, t);
    if (clearance(o, p, oracle_policy(o, l->policy, l->policy_uri))) {
        u->label = u->document = l;
    } else {
        for (size_t i = 0; !u->label && i < label->alternative_count; i++) {
            const struct label_doc *alternative = oracle_effective(label->alternatives[i], t);
            if (clearance(o, p, oracle_policy(o, alternative->policy, alternative->policy_uri)))
                u->label = u->document = alternative;
        }
        enum reason reason = u->label ? REASON_NONE : translated(o, l, p, a, u);
        if (reason != REASON_NONE)
            return reason;
    }
    return !u->obsolete && oracle_label_valid(o, u->label, a) ? REASON_NONE : REASON_INVALID_LABEL;
}

// Step 3: "at most each ceiling of the governing agreement"
static bool under_ceilings(const struct oracle *o, const struct policy_agreement *g, int policy,
                           const struct spif_class *class)
{
    for (size_t i = 0; g && i < g->ceiling_count; i++) {
        int from = oracle_policy(o, g->ceilings[i].policy, NULL);
        BUG_IF(from < 0);
        const struct spif_class *max = oracle_class(o->spifs[from], g->ceilings[i].max);
        if (from != policy)
            max = oracle_translate_class(o, from, max, policy, NULL);
        if (!max || class->hierarchy > max->hierarchy)
            return false;
    }
    return true;
}

// Step 4.
static bool restrictive_held(const struct label_doc *l, const struct policy_clearance *c)
{
    for (size_t i = 0; i < l->category_count; i++)
        for (size_t j = 0; l->categories[i].type == CATEGORY_RESTRICTIVE && j < l->categories[i].value_count; j++)
            if (!value_held(c, l->categories[i].tag_set, l->categories[i].values[j]))
                return false;
    return true;
}

// Step 5, for the tag set of one category of the label.
static bool permissive_set_held(const struct label_doc *l, const struct policy_clearance *c, const char *tag_set)
{
    for (size_t i = 0; i < l->category_count; i++) {
        if (l->categories[i].type != CATEGORY_PERMISSIVE || !name_eq(l->categories[i].tag_set, tag_set))
            continue;
        for (size_t j = 0; j < l->categories[i].value_count; j++)
            if (value_held(c, tag_set, l->categories[i].values[j]))
                return true;
    }
    return false;
}

static bool permissive_held(const struct label_doc *l, const struct policy_clearance *c, const char *release)
{
    for (size_t i = 0; i < l->category_count; i++)
        if (l->categories[i].type == CATEGORY_PERMISSIVE && !name_eq(l->categories[i].tag_set, release)
            && !permissive_set_held(l, c, l->categories[i].tag_set))
            return false;
    return true;
}

// "P itself or a community of which P is a member at t is among the values"
static bool value_names(const struct oracle *o, const char *value, const struct policy_partner *p, utc_ms t)
{
    if (name_eq(value, p->id))
        return true;
    for (size_t i = 0; i < o->doc->community_count; i++)
        if (name_eq(value, o->doc->communities[i].id) && oracle_member(o, o->doc->communities[i].id, p->id, t))
            return true;
    return false;
}

// Step 6.
static enum reason released(const struct oracle *o, const struct used *u, const struct policy_security *s,
                            const struct policy_partner *p, utc_ms t)
{
    bool any = false;
    for (size_t i = 0; i < u->label->category_count; i++) {
        const struct label_category *c = &u->label->categories[i];
        if (c->type != CATEGORY_PERMISSIVE || !name_eq(c->tag_set, s->release_tag_set))
            continue;
        for (size_t j = 0; j < c->value_count; j++) {
            any = true;
            if (value_names(o, c->values[j], p, t))
                return REASON_NONE;
        }
    }
    if (any || u->release_discarded)
        return REASON_NOT_RELEASABLE;
    if (!s->has_unmarked)
        return REASON_UNMARKED;
    return oracle_names(o, s->unmarked, s->unmarked_count, p->id, t) ? REASON_NONE : REASON_NOT_RELEASABLE;
}

// "(by its written Type or by its SPIF)": a restrictive tag of the set names the value, or, when no tag of the set
// does, takes any.
static bool is_restrictive(const struct oracle *o, int policy, const struct label_category *c, const char *value)
{
    bool named = false, named_restrictive = false, any_restrictive = false;
    const struct spif_tag_set *set = policy < 0 ? NULL : oracle_tag_set(o->spifs[policy], c->tag_set);
    for (size_t i = 0; set && i < set->tag_count; i++)
        for (size_t j = 0; j < set->tags[i].category_count; j++) {
            const struct spif_category *g = &set->tags[i].categories[j];
            bool restrictive = oracle_type(set->tags[i].type) == CATEGORY_RESTRICTIVE;
            named = named || name_eq(g->name, value);
            named_restrictive = named_restrictive || (restrictive && name_eq(g->name, value));
            any_restrictive = any_restrictive || (restrictive && g->user_input);
        }
    return c->type == CATEGORY_RESTRICTIVE || named_restrictive || (!named && any_restrictive);
}

static bool document_may_go(const struct oracle *o, const struct label_doc *l, const struct policy_partner *p)
{
    int policy = oracle_policy(o, l->policy, l->policy_uri);
    const struct policy_clearance *c = clearance(o, p, policy);
    for (size_t i = 0; i < l->category_count; i++) {
        const struct label_category *g = &l->categories[i];
        if (g->type == CATEGORY_RESTRICTIVE && g->value_count == 0)
            return false; // names nothing that P could hold
        for (size_t j = 0; j < g->value_count; j++)
            if (is_restrictive(o, policy, g, g->values[j]) && !(c && value_held(c, g->tag_set, g->values[j])))
                return false;
    }
    return true;
}

// Step 7: the other label documents of the element, "as written, and all their successors".
static bool others_may_go(const struct oracle *o, const struct label *label, const struct used *u,
                          const struct policy_partner *p)
{
    for (const struct label_doc *l = label->originator; l; l = l->successor)
        if (l != u->document && !document_may_go(o, l, p))
            return false;
    for (size_t i = 0; i < label->alternative_count; i++)
        for (const struct label_doc *l = label->alternatives[i]; l; l = l->successor)
            if (l != u->document && !document_may_go(o, l, p))
                return false;
    return true;
}

static enum reason check(const struct oracle *o, const struct label *label, const struct policy_partner *p, utc_ms t,
                         const struct policy_agreement *agreement, struct arena *a)
{
    struct used u = {0};
    enum reason reason = which_label(o, label, p, t, a, &u);
    if (reason != REASON_NONE)
        return reason;
    int policy = oracle_policy(o, u.label->policy, u.label->policy_uri);
    const struct policy_security *security = &o->doc->securities[policy];
    const struct policy_clearance *c = clearance(o, p, policy);
    const struct spif_class *class = oracle_class(o->spifs[policy], u.label->classification);
    if (!class_held(o->spifs[policy], c, class) || !under_ceilings(o, agreement, policy, class))
        return REASON_CLASSIFICATION;
    if (!restrictive_held(u.label, c))
        return REASON_CATEGORY;
    if (!permissive_held(u.label, c, security->release_tag_set))
        return REASON_CATEGORY;
    reason = released(o, &u, security, p, t);
    if (reason != REASON_NONE)
        return reason;
    return others_may_go(o, label, &u, p) ? REASON_NONE : REASON_CATEGORY;
}

enum reason oracle_label_check(const struct oracle *o, const struct label *label, const struct policy_partner *p,
                               utc_ms t, const struct policy_agreement *agreement)
{
    if (!label) // the overall label was withheld from us: its policy is not known
        return REASON_UNKNOWN_POLICY;
    struct arena *a = arena_new(4 * MIB);
    BUG_IF(!a);
    enum reason reason = check(o, label, p, t, agreement, a);
    arena_free(&a);
    return reason;
}
