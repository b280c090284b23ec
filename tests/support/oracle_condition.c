// Spec 3.2: who belongs to whom, and when a condition is true, false or unknown.
#include <stdlib.h>
#include <string.h>

#include "tests/support/oracle_parts.h"

bool oracle_valid_at(struct validity v, utc_ms t)
{
    return v.from <= t && t < v.until;
}

bool oracle_member(const struct oracle *o, const char *community, const char *partner, utc_ms t)
{
    for (size_t i = 0; i < o->doc->community_count; i++) {
        const struct policy_community *c = &o->doc->communities[i];
        if (strcmp(c->id, community) != 0)
            continue;
        for (size_t j = 0; j < c->member_count; j++) {
            const struct policy_member *m = &c->members[j];
            if (!oracle_valid_at(m->valid, t)) // "for a nested membership at every step"
                continue;
            if (m->partner && strcmp(m->partner, partner) == 0)
                return true;
            if (m->community && oracle_member(o, m->community, partner, t))
                return true;
        }
    }
    return false;
}

bool oracle_names(const struct oracle *o, const char **ids, size_t count, const char *partner, utc_ms t)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(ids[i], "*") == 0 || strcmp(ids[i], partner) == 0 || oracle_member(o, ids[i], partner, t))
            return true;
    return false;
}

const struct label_doc *oracle_effective(const struct label_doc *label, utc_ms t)
{
    while (label->successor && t >= label->succeeded_at)
        label = label->successor;
    return label;
}

static bool lists(const char **list, size_t count, const char *word)
{
    for (size_t i = 0; word && i < count; i++)
        if (strcmp(list[i], word) == 0)
            return true;
    return false;
}

static bool any_listed(const struct condition *c, const char **words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (lists(c->values, c->value_count, words[i]))
            return true;
    return false;
}

// "a region here matches itself and its countries, not the reverse"
static bool area_holds(const struct oracle *o, const struct condition *c, const struct report *r)
{
    if (any_listed(c, r->areas, r->area_count))
        return true;
    for (size_t i = 0; i < c->value_count; i++)
        for (size_t j = 0; j < o->vocabulary->region_count; j++) {
            const struct vocabulary_region *region = &o->vocabulary->regions[j];
            if (strcmp(region->id, c->values[i]) != 0)
                continue;
            for (size_t k = 0; k < r->area_count; k++)
                if (lists(region->areas, region->area_count, r->areas[k]))
                    return true;
        }
    return false;
}

// The classification of the overall label under that policy; NULL = unknown.
static const struct spif_class *classification(const struct oracle *o, const struct report *r, int policy, utc_ms t)
{
    if (!r->label)
        return NULL;
    const struct label_doc *l = oracle_effective(r->label->originator, t);
    int own = oracle_policy(o, l->policy, l->policy_uri);
    if (own == policy)
        return oracle_class(o->spifs[policy], l->classification);
    for (size_t i = 0; i < r->label->alternative_count; i++) {
        const struct label_doc *a = oracle_effective(r->label->alternatives[i], t);
        if (oracle_policy(o, a->policy, a->policy_uri) == policy)
            return oracle_class(o->spifs[policy], a->classification);
    }
    const struct spif_class *class = own < 0 ? NULL : oracle_class(o->spifs[own], l->classification);
    return class ? oracle_translate_class(o, own, class, policy, NULL) : NULL;
}

static enum oracle_truth classification_holds(const struct oracle *o, const struct condition *c, const struct report *r,
                                              utc_ms t)
{
    int policy = oracle_policy(o, c->policy, NULL);
    const struct spif_class *class = policy < 0 ? NULL : classification(o, r, policy, t);
    if (!class)
        return ORACLE_UNKNOWN;
    if (c->at_least && class->hierarchy < oracle_class(o->spifs[policy], c->at_least)->hierarchy)
        return ORACLE_FALSE;
    if (c->at_most && class->hierarchy > oracle_class(o->spifs[policy], c->at_most)->hierarchy)
        return ORACLE_FALSE;
    return ORACLE_TRUE;
}

static bool carries(const struct condition *c, const struct label_doc *l)
{
    for (size_t i = 0; i < l->category_count; i++)
        for (size_t j = 0; name_eq(l->categories[i].tag_set, c->tag_set) && j < l->categories[i].value_count; j++)
            for (size_t k = 0; k < c->value_count; k++)
                if (name_eq(l->categories[i].values[j], c->values[k]))
                    return true;
    return false;
}

static bool category_holds(const struct oracle *o, const struct condition *c, const struct report *r, utc_ms t)
{
    int policy = oracle_policy(o, c->policy, NULL);
    const struct label_doc *l = oracle_effective(r->label->originator, t);
    if (oracle_policy(o, l->policy, l->policy_uri) == policy && carries(c, l))
        return true;
    for (size_t i = 0; i < r->label->alternative_count; i++) {
        l = oracle_effective(r->label->alternatives[i], t);
        if (oracle_policy(o, l->policy, l->policy_uri) == policy && carries(c, l))
            return true;
    }
    return false;
}

// "F and 6 mean cannot be judged and never satisfy it"
static bool grading_holds(const struct condition *c, const struct report *r)
{
    if (c->reliability_at_least
        && (r->reliability < 'A' || r->reliability > 'E' || r->reliability > c->reliability_at_least))
        return false;
    if (c->credibility_at_least
        && (r->credibility < '1' || r->credibility > '5' || r->credibility > c->credibility_at_least))
        return false;
    return true;
}

static bool exercise_holds(const struct condition *c, const struct report *r)
{
    if (r->exercise_count == 0)
        return false;
    return lists(c->values, c->value_count, "*") || any_listed(c, r->exercises, r->exercise_count);
}

static enum oracle_truth of_bool(bool b)
{
    return b ? ORACLE_TRUE : ORACLE_FALSE;
}

// "`all` is false if a child is false, else unknown if one is; `any` is true if a child is true, else unknown …"
static enum oracle_truth of_children(const struct oracle *o, const struct condition *c, const struct report *r, utc_ms t)
{
    size_t count[3] = {0};
    for (size_t i = 0; i < c->child_count; i++)
        count[oracle_condition(o, &c->children[i], r, t)]++;
    if (c->kind == COND_ALL) {
        if (count[ORACLE_FALSE] > 0)
            return ORACLE_FALSE;
        return count[ORACLE_UNKNOWN] > 0 ? ORACLE_UNKNOWN : ORACLE_TRUE;
    }
    if (count[ORACLE_TRUE] > 0)
        return ORACLE_TRUE;
    return count[ORACLE_UNKNOWN] > 0 ? ORACLE_UNKNOWN : ORACLE_FALSE;
}

static enum oracle_truth negation(enum oracle_truth x)
{
    if (x == ORACLE_UNKNOWN)
        return ORACLE_UNKNOWN;
    return x == ORACLE_TRUE ? ORACLE_FALSE : ORACLE_TRUE;
}

enum oracle_truth oracle_condition(const struct oracle *o, const struct condition *c, const struct report *r, utc_ms t)
{
    switch (c->kind) {
    case COND_ALL:
    case COND_ANY:
        return of_children(o, c, r, t);
    case COND_NOT:
        return negation(oracle_condition(o, &c->children[0], r, t));
    case COND_TOPIC:
        return of_bool(any_listed(c, r->topics, r->topic_count));
    case COND_AREA:
        return of_bool(area_holds(o, c, r));
    case COND_TYPE:
        return of_bool(lists(c->values, c->value_count, r->type));
    case COND_ORIGINATOR:
        return of_bool(lists(c->values, c->value_count, r->nation));
    case COND_CELL:
        return of_bool(lists(c->values, c->value_count, r->cell));
    case COND_CLASSIFICATION:
        return classification_holds(o, c, r, t);
    case COND_CATEGORY:
        return r->label ? of_bool(category_holds(o, c, r, t)) : ORACLE_UNKNOWN;
    case COND_GRADING:
        return of_bool(grading_holds(c, r));
    case COND_EXERCISE:
        return of_bool(exercise_holds(c, r));
    }
    abort();
}
