#include "policy/bulk_attributes.h"

#include <string.h>

static bool same_terms(const struct policy_terms *a, const struct policy_terms *b)
{
    return a->redaction_permitted == b->redaction_permitted && a->approval == b->approval &&
           a->embargo_ms == b->embargo_ms;
}

// How many terms differ, so that sets of attributes take no more memory than they need.
static enum status count_terms(struct bulk_rules *x, const struct policy_document *doc, struct arena *a)
{
    const struct policy_terms **known = arena_array(a, doc->agreement_count, sizeof *known);
    TRY(arena_status(a));
    for (size_t i = 0; i < doc->agreement_count; i++) {
        size_t k = 0;
        while (k < x->terms_count && !same_terms(known[k], &doc->agreements[i].terms))
            k++;
        if (k == x->terms_count)
            known[x->terms_count++] = &doc->agreements[i].terms;
    }
    return ST_OK;
}

enum status bulk_rules_compile(struct bulk_rules *x, const struct ruleset *rs, struct arena *a)
{
    const struct policy_document *doc = rs->doc;
    *x = (struct bulk_rules){
        .rs = rs,
        .whens = arena_array(a, doc->denial_count, sizeof *x->whens),
        .scopes = arena_array(a, doc->agreement_count, sizeof *x->scopes),
        .direct_exercise = arena_array(a, doc->agreement_count, sizeof *x->direct_exercise),
        .denied = arena_array(a, doc->denial_count, sizeof *x->denied),
        .parties = arena_array(a, doc->agreement_count, sizeof *x->parties),
    };
    TRY(arena_status(a));
    TRY(condition_table_init(&x->conditions, doc, a));
    for (size_t i = 0; i < doc->denial_count; i++)
        x->whens[i] = condition_table_add(&x->conditions, &doc->denials[i].when);
    for (size_t i = 0; i < doc->agreement_count; i++) {
        const struct condition *scope = &doc->agreements[i].scope;
        x->scopes[i] = condition_table_add(&x->conditions, scope);
        for (size_t k = 0; k < scope->child_count; k++)
            x->direct_exercise[i] |= scope->children[k].kind == COND_EXERCISE;
    }
    return count_terms(x, doc, a);
}

void bulk_rules_at(struct bulk_rules *x, utc_ms t, const struct partner_set *members)
{
    const struct ruleset *rs = x->rs;
    size_t partners = rs->doc->partner_count;
    for (size_t i = 0; i < rs->doc->denial_count; i++)
        party_list_join(&rs->denials[i].partners, members, partners, &x->denied[i]);
    for (size_t i = 0; i < rs->doc->agreement_count; i++)
        if (validity_holds(&rs->doc->agreements[i].valid, t))
            party_list_join(&rs->agreements[i].parties, members, partners, &x->parties[i]);
}

// ---- one set of attributes

static void find_denials(const struct bulk_rules *x, const uint8_t *leaves, struct bulk_attributes *f)
{
    for (size_t i = 0; i < x->rs->doc->denial_count; i++) {
        if (condition_term_eval(x->whens[i], leaves) == TRUTH_FALSE)
            continue;
        f->fired[f->fired_count++] = (uint32_t)i;
        partner_set_join(&f->denied, &x->denied[i]);
    }
}

static bool scope_holds(const struct bulk_rules *x, const struct report *r, size_t agreement, const uint8_t *leaves)
{
    if (r->exercise_count && !x->direct_exercise[agreement])
        return false;
    return x->rs->doc->agreements[agreement].scope.child_count > 0 &&
           condition_term_eval(x->scopes[agreement], leaves) == TRUTH_TRUE;
}

static void group_terms(struct bulk_attributes *f, const struct policy_terms *terms, const struct partner_set *who)
{
    size_t g = 0;
    while (g < f->group_count && !same_terms(f->groups[g].terms, terms))
        g++;
    if (g == f->group_count)
        f->groups[f->group_count++] = (struct terms_group){.terms = terms};
    partner_set_join(&f->groups[g].who, who);
}

// The first agreement in document order governs.
static void find_agreements(const struct bulk_rules *x, const struct report *r, const uint8_t *leaves,
                            struct bulk_attributes *f)
{
    for (size_t i = 0; i < x->rs->doc->agreement_count; i++) {
        struct partner_set more = x->parties[i];
        partner_set_drop(&more, &f->governed);
        if (!partner_set_any(&more) || !scope_holds(x, r, i, leaves))
            continue;
        partner_set_join(&f->governed, &more);
        if (x->rs->doc->agreements[i].ceiling_count > 0)
            partner_set_join(&f->limited, &more);
        for (size_t p = partner_set_next(&more, 0); p < PARTNERS_MAX; p = partner_set_next(&more, p + 1))
            f->governing[p] = (uint32_t)i;
        group_terms(f, &x->rs->doc->agreements[i].terms, &more);
    }
}

static uint8_t *eval_leaves(const struct bulk_rules *x, const struct report *r, const uint8_t *label_leaves,
                            struct arena *a)
{
    uint8_t *leaves = arena_array(a, x->conditions.leaf_count, 1);
    struct condition_facts facts = {.report = r, .vocabulary = x->rs->vocabulary, .policies = &x->rs->policies};
    for (size_t i = 0; leaves && i < x->conditions.leaf_count; i++)
        leaves[i] = x->conditions.on_label[i] ? label_leaves[i]
                                              : (uint8_t)condition_eval(&facts, x->conditions.leaves[i]);
    return leaves;
}

enum status bulk_attributes_find(const struct bulk_rules *x, const struct report *r, const uint8_t *label_leaves,
                                 struct arena *a, struct bulk_attributes **ret)
{
    const struct policy_document *doc = x->rs->doc;
    struct bulk_attributes *f = arena_alloc(a, sizeof *f);
    TRY(arena_status(a));
    *f = (struct bulk_attributes){
        .fired = arena_array(a, doc->denial_count, sizeof *f->fired),
        .governing = arena_array(a, doc->partner_count, sizeof *f->governing),
        .groups = arena_array(a, x->terms_count, sizeof *f->groups),
        .ceilings = arena_array(a, x->rs->policies.count, sizeof *f->ceilings),
    };
    const uint8_t *leaves = eval_leaves(x, r, label_leaves, a);
    TRY(arena_status(a));
    size_t originator = ruleset_partner_index(x->rs, r->nation);
    if (originator != SIZE_MAX)
        partner_set_add(&f->originator, originator);
    find_denials(x, leaves, f);
    find_agreements(x, r, leaves, f);
    *ret = f;
    return ST_OK;
}

const struct partner_set *bulk_attributes_ceiling(const struct bulk_rules *x, struct bulk_attributes *f, size_t policy,
                                                  const struct spif_class *cls, struct arena *a)
{
    if (!partner_set_any(&f->limited))
        return &f->governed;
    for (struct ceiling_set *c = f->ceilings[policy]; c; c = c->next)
        if (c->cls == cls)
            return &c->passing;
    struct ceiling_set *c = arena_alloc(a, sizeof *c);
    if (!c)
        return NULL;
    *c = (struct ceiling_set){.cls = cls, .passing = f->governed, .next = f->ceilings[policy]};
    partner_set_drop(&c->passing, &f->limited);
    for (size_t p = partner_set_next(&f->limited, 0); p < PARTNERS_MAX; p = partner_set_next(&f->limited, p + 1)) {
        const struct ceiling_limit *l = &x->rs->agreements[f->governing[p]].limits[policy];
        if (l->open || (l->translated && cls->hierarchy <= l->max))
            partner_set_add(&c->passing, p);
    }
    f->ceilings[policy] = c;
    return &c->passing;
}
