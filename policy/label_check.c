#include "policy/label_check.h"

#include <string.h>

// ---- step 2: which label

static const struct clearance *clearances_of(const struct label_context *x, size_t partner)
{
    return &x->rs->clearances[partner * x->rs->policies.count];
}

static bool cleared(const struct clearance *held, const struct label_view *v)
{
    return v->policy != SP_NONE && held[v->policy].exists;
}

size_t label_check_target(const struct ruleset *rs, size_t policy, size_t partner)
{
    const struct spif *spif = rs->policies.policies[policy].spif;
    for (size_t e = 0; e < spif->equivalent_policy_count; e++)
        for (size_t p = 0; p < rs->policies.count; p++)
            if (ruleset_clearance(rs, partner, p)->exists &&
                strcmp(rs->policies.policies[p].spif->id, spif->equivalent_policies[e].id) == 0)
                return p;
    return SP_NONE;
}

static const struct element_view *translated(const struct label_context *x, struct label_element *e, size_t target)
{
    if (!e->tried[target]) {
        e->tried[target] = true;
        e->translations[target] = label_element_translate(x, &e->views[0].view, target);
    }
    return e->translations[target];
}

static const struct element_view *select_view(const struct label_context *x, struct label_element *e,
                                              size_t partner, enum reason *ret_reason)
{
    const struct clearance *held = clearances_of(x, partner);
    for (size_t i = 0; i < e->view_count; i++)
        if (cleared(held, &e->views[i].view))
            return &e->views[i];
    if (e->view_count == 0 || e->views[0].view.policy == SP_NONE) {
        *ret_reason = REASON_UNKNOWN_POLICY;
        return NULL;
    }
    if (!e->views[0].view.valid) {
        *ret_reason = REASON_INVALID_LABEL;
        return NULL;
    }
    *ret_reason = REASON_NO_CLEARANCE;
    size_t target = label_check_target(x->rs, e->views[0].view.policy, partner);
    return target == SP_NONE ? NULL : translated(x, e, target);
}

// ---- steps 3 to 7

struct judging {
    const struct label_context *x;
    const struct security_policy *sp;
    const struct element_view *used;
    const struct clearance *held; // by policy
    size_t partner;
    struct label_verdict *verdict;
};

// Name the category that decides.
static bool not_held(struct judging *j, const struct security_policy *sp, const struct category_use *use)
{
    j->verdict->tag_set = security_policy_set_of(sp, use->category)->name;
    j->verdict->value = use->value;
    return false;
}

static enum category_type use_type(const struct judging *j, const struct category_use *use)
{
    return security_policy_type(security_policy_tag_of(j->sp, use->category)->type);
}

static bool within_ceiling(const struct judging *j, const struct ceiling_limit *limits)
{
    const struct label_view *v = &j->used->view;
    if (!limits || limits[v->policy].open)
        return true;
    return limits[v->policy].translated && v->cls->hierarchy <= limits[v->policy].max;
}

static bool restrictive_held(struct judging *j)
{
    const struct label_view *v = &j->used->view;
    for (size_t i = 0; i < v->use_count; i++)
        if (use_type(j, &v->uses[i]) == CATEGORY_RESTRICTIVE &&
            !clearance_holds(&j->held[v->policy], j->sp, &v->uses[i]))
            return not_held(j, j->sp, &v->uses[i]);
    return true;
}

// Is one of the label's permissive values of this tag set held?
static bool one_held(const struct judging *j, size_t set)
{
    const struct label_view *v = &j->used->view;
    for (size_t i = 0; i < v->use_count; i++)
        if (j->sp->categories[v->uses[i].category].set == set &&
            use_type(j, &v->uses[i]) == CATEGORY_PERMISSIVE &&
            clearance_holds(&j->held[v->policy], j->sp, &v->uses[i]))
            return true;
    return false;
}

static bool permissive_held(struct judging *j)
{
    const struct label_view *v = &j->used->view;
    for (size_t i = 0; i < v->use_count; i++) {
        size_t set = j->sp->categories[v->uses[i].category].set;
        if (use_type(j, &v->uses[i]) == CATEGORY_PERMISSIVE && set != j->sp->release_set && !one_held(j, set))
            return not_held(j, j->sp, &v->uses[i]);
    }
    return true;
}

static bool find_release(const struct judging *j, struct kernel_label *f)
{
    const struct label_view *v = &j->used->view;
    f->has_release = v->has_release;
    f->released = v->has_release && partner_set_has(&j->used->released, j->partner);
    f->release_discarded = v->release_discarded;
    f->has_unmarked = j->x->rs->unmarked[v->policy].exists;
    f->unmarked_names = partner_set_has(&j->x->unmarked[v->policy], j->partner);
    return v->has_release ? f->released : !f->release_discarded && f->has_unmarked && f->unmarked_names;
}

static bool carried_held(struct judging *j, const struct carried_doc *c)
{
    if (c->doc == j->used->view.doc)
        return true;
    if (c->unholdable) {
        j->verdict->value = c->unholdable_value;
        return false;
    }
    for (size_t i = 0; i < c->restrictive_count; i++) {
        const struct security_policy *sp = &j->x->rs->policies.policies[c->policy];
        if (!clearance_holds(&j->held[c->policy], sp, &c->restrictive[i]))
            return not_held(j, sp, &c->restrictive[i]);
    }
    return true;
}

static bool all_carried_held(struct judging *j, const struct label_element *e)
{
    for (size_t i = 0; i < e->doc_count; i++)
        if (!carried_held(j, &e->docs[i]))
            return false;
    return true;
}

// Find the facts in the order of the steps, until one fails: what is not found is as good as false.
static void find_facts(struct judging *j, const struct label_element *e, const struct ceiling_limit *limits,
                       struct kernel_label *f)
{
    const struct label_view *v = &j->used->view;
    f->valid = v->valid;
    if (!f->valid)
        return;
    f->class_held = clearance_holds_class(&j->held[v->policy], j->sp, v->cls);
    f->within_ceiling = f->class_held && within_ceiling(j, limits);
    f->restrictive_held = f->within_ceiling && restrictive_held(j);
    f->permissive_held = f->restrictive_held && permissive_held(j);
    if (f->permissive_held && find_release(j, f))
        f->carried_held = all_carried_held(j, e);
}

void label_check(const struct label_context *x, struct label_element *e, size_t partner,
                 const struct ceiling_limit *limits, struct label_verdict *ret)
{
    *ret = (struct label_verdict){.policy = SP_NONE};
    struct kernel_label f = {.not_found = REASON_UNKNOWN_POLICY};
    const struct element_view *used = select_view(x, e, partner, &f.not_found);
    if (used) {
        ret->policy = used->view.policy;
        ret->translated = used->view.translated;
        f.found = true;
        struct judging j = {
            .x = x,
            .sp = &x->rs->policies.policies[used->view.policy],
            .used = used,
            .held = clearances_of(x, partner),
            .partner = partner,
            .verdict = ret,
        };
        find_facts(&j, e, limits, &f);
    }
    struct kernel_pass pass = kernel_label(&f);
    ret->passes = pass.passes;
    ret->reason = pass.reason;
}
