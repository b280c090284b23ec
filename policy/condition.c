#include "policy/condition.h"

#include <string.h>

static enum truth of(bool b)
{
    return b ? TRUTH_TRUE : TRUTH_FALSE;
}

static bool listed(const char *const *list, size_t count, const char *word)
{
    for (size_t i = 0; word && i < count; i++)
        if (strcmp(list[i], word) == 0)
            return true;
    return false;
}

static bool any_listed(const struct condition *c, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (listed(c->values, c->value_count, words[i]))
            return true;
    return false;
}

// ---- one kind each

// A region in the condition means itself and its countries, not the reverse.
static bool area_holds(const struct condition_facts *f, const struct condition *c)
{
    const struct report *r = f->report;
    if (any_listed(c, r->areas, r->area_count))
        return true;
    for (size_t i = 0; i < c->value_count; i++) {
        const struct vocabulary_region *region = vocabulary_region(f->vocabulary, c->values[i]);
        for (size_t a = 0; region && a < r->area_count; a++)
            if (listed(region->areas, region->area_count, r->areas[a]))
                return true;
    }
    return false;
}

// The overall label's classification under a policy; NULL = unknown.
static const struct spif_class *class_under(const struct condition_facts *f, size_t policy)
{
    for (size_t i = 0; i < f->view_count; i++)
        if (f->views[i].policy == policy)
            return f->views[i].cls;
    if (f->view_count == 0 || f->views[0].policy == SP_NONE || !f->views[0].cls)
        return NULL;
    return class_translate(f->policies, f->views[0].policy, f->views[0].cls, policy);
}

static enum truth classification_holds(const struct condition_facts *f, const struct condition *c)
{
    size_t policy = label_policy(f->policies, c->policy, NULL);
    const struct spif_class *cls = policy == SP_NONE ? NULL : class_under(f, policy);
    if (!cls)
        return TRUTH_UNKNOWN;
    const struct security_policy *sp = &f->policies->policies[policy];
    const struct spif_class *least = c->at_least ? security_policy_class(sp, c->at_least) : cls;
    const struct spif_class *most = c->at_most ? security_policy_class(sp, c->at_most) : cls;
    if (!least || !most)
        return TRUTH_UNKNOWN;
    return of(cls->hierarchy >= least->hierarchy && cls->hierarchy <= most->hierarchy);
}

static bool doc_carries(const struct label_doc *doc, const struct condition *c)
{
    for (size_t i = 0; i < doc->category_count; i++) {
        const struct label_category *cat = &doc->categories[i];
        if (!name_eq(cat->tag_set, c->tag_set))
            continue;
        for (size_t v = 0; v < cat->value_count; v++)
            for (size_t w = 0; w < c->value_count; w++)
                if (name_eq(cat->values[v], c->values[w]))
                    return true;
    }
    return false;
}

static enum truth category_holds(const struct condition_facts *f, const struct condition *c)
{
    size_t policy = label_policy(f->policies, c->policy, NULL);
    // What a withheld label carried is not known.
    if (policy == SP_NONE || f->view_count == 0)
        return TRUTH_UNKNOWN;
    for (size_t i = 0; i < f->view_count; i++)
        if (f->views[i].policy == policy && doc_carries(f->views[i].doc, c))
            return TRUTH_TRUE;
    return TRUTH_FALSE;
}

// F and 6 mean "cannot be judged" and never satisfy; neither does a report without grading.
static bool grading_holds(const struct report *r, const struct condition *c)
{
    if (c->reliability_at_least &&
        !(r->reliability >= 'A' && r->reliability <= 'E' && r->reliability <= c->reliability_at_least))
        return false;
    return !c->credibility_at_least ||
           (r->credibility >= '1' && r->credibility <= '5' && r->credibility <= c->credibility_at_least);
}

static bool exercise_holds(const struct report *r, const struct condition *c)
{
    if (r->exercise_count && listed(c->values, c->value_count, "*"))
        return true;
    return any_listed(c, r->exercises, r->exercise_count);
}

static enum truth all_hold(const struct condition_facts *f, const struct condition *c)
{
    enum truth all = TRUTH_TRUE;
    for (size_t i = 0; i < c->child_count; i++) {
        enum truth one = condition_eval(f, &c->children[i]);
        if (one < all)
            all = one;
    }
    return all;
}

static enum truth any_holds(const struct condition_facts *f, const struct condition *c)
{
    enum truth any = TRUTH_FALSE;
    for (size_t i = 0; i < c->child_count; i++) {
        enum truth one = condition_eval(f, &c->children[i]);
        if (one > any)
            any = one;
    }
    return any;
}

static enum truth not_holds(const struct condition_facts *f, const struct condition *c)
{
    switch (all_hold(f, c)) {
    case TRUTH_FALSE:
        return TRUTH_TRUE;
    case TRUTH_UNKNOWN:
        return TRUTH_UNKNOWN;
    case TRUTH_TRUE:
        return TRUTH_FALSE;
    }
    return TRUTH_UNKNOWN;
}

enum truth condition_eval(const struct condition_facts *f, const struct condition *c)
{
    const struct report *r = f->report;
    switch (c->kind) {
    case COND_ALL:
        return all_hold(f, c);
    case COND_ANY:
        return any_holds(f, c);
    case COND_NOT:
        return not_holds(f, c);
    case COND_TOPIC:
        return of(any_listed(c, r->topics, r->topic_count));
    case COND_AREA:
        return of(area_holds(f, c));
    case COND_TYPE:
        return of(listed(c->values, c->value_count, r->type));
    case COND_ORIGINATOR:
        return of(listed(c->values, c->value_count, r->nation));
    case COND_CELL:
        return of(listed(c->values, c->value_count, r->cell));
    case COND_CLASSIFICATION:
        return classification_holds(f, c);
    case COND_CATEGORY:
        return category_holds(f, c);
    case COND_GRADING:
        return of(grading_holds(r, c));
    case COND_EXERCISE:
        return of(exercise_holds(r, c));
    }
    return TRUTH_UNKNOWN;
}

// ---- at the top

bool condition_scope_holds(const struct condition_facts *f, const struct condition *scope)
{
    bool direct = false;
    for (size_t i = 0; i < scope->child_count; i++)
        direct |= scope->children[i].kind == COND_EXERCISE;
    if (f->report->exercise_count && !direct)
        return false;
    return scope->child_count > 0 && condition_eval(f, scope) == TRUTH_TRUE;
}

bool condition_when_fires(const struct condition_facts *f, const struct condition *when)
{
    return condition_eval(f, when) != TRUTH_FALSE;
}
