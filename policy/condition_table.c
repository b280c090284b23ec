#include "policy/condition_table.h"

#include <string.h>

static bool is_leaf(enum condition_kind kind)
{
    switch (kind) {
    case COND_ALL:
    case COND_ANY:
    case COND_NOT:
        return false;
    case COND_TOPIC:
    case COND_AREA:
    case COND_TYPE:
    case COND_ORIGINATOR:
    case COND_CELL:
    case COND_CLASSIFICATION:
    case COND_CATEGORY:
    case COND_GRADING:
    case COND_EXERCISE:
        return true;
    }
    return true;
}

static size_t count_leaves(const struct condition *c)
{
    size_t n = is_leaf(c->kind);
    for (size_t i = 0; i < c->child_count; i++)
        n += count_leaves(&c->children[i]);
    return n;
}

enum status condition_table_init(struct condition_table *t, const struct policy_document *doc, struct arena *a)
{
    *t = (struct condition_table){.arena = a};
    for (size_t i = 0; i < doc->denial_count; i++)
        t->leaf_max += count_leaves(&doc->denials[i].when);
    for (size_t i = 0; i < doc->agreement_count; i++)
        t->leaf_max += count_leaves(&doc->agreements[i].scope);
    t->leaves = arena_array(a, t->leaf_max, sizeof *t->leaves);
    t->on_label = arena_array(a, t->leaf_max, sizeof *t->on_label);
    return arena_status(a);
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same(const struct condition *a, const struct condition *b)
{
    if (a->kind != b->kind || a->value_count != b->value_count || !same_text(a->policy, b->policy) ||
        !same_text(a->at_least, b->at_least) || !same_text(a->at_most, b->at_most) ||
        !same_text(a->tag_set, b->tag_set) || a->reliability_at_least != b->reliability_at_least ||
        a->credibility_at_least != b->credibility_at_least)
        return false;
    for (size_t i = 0; i < a->value_count; i++)
        if (strcmp(a->values[i], b->values[i]) != 0)
            return false;
    return true;
}

static size_t leaf_number(struct condition_table *t, const struct condition *c)
{
    for (size_t i = 0; i < t->leaf_count; i++)
        if (same(t->leaves[i], c))
            return i;
    t->leaves[t->leaf_count] = c;
    t->on_label[t->leaf_count] = c->kind == COND_CLASSIFICATION || c->kind == COND_CATEGORY;
    return t->leaf_count++;
}

static bool compile(struct condition_table *t, const struct condition *c, struct condition_term *ret)
{
    *ret = (struct condition_term){.kind = c->kind};
    if (is_leaf(c->kind)) {
        ret->leaf = leaf_number(t, c);
        return true;
    }
    struct condition_term *children = arena_array(t->arena, c->child_count, sizeof *children);
    if (!children)
        return false;
    ret->children = children;
    ret->child_count = c->child_count;
    for (size_t i = 0; i < c->child_count; i++)
        if (!compile(t, &c->children[i], &children[i]))
            return false;
    return true;
}

const struct condition_term *condition_table_add(struct condition_table *t, const struct condition *c)
{
    struct condition_term *term = arena_alloc(t->arena, sizeof *term);
    return term && compile(t, c, term) ? term : NULL;
}

static enum truth all_of(const struct condition_term *t, const uint8_t *leaves)
{
    enum truth all = TRUTH_TRUE;
    for (size_t i = 0; i < t->child_count && all != TRUTH_FALSE; i++) {
        enum truth one = condition_term_eval(&t->children[i], leaves);
        if (one < all)
            all = one;
    }
    return all;
}

static enum truth any_of(const struct condition_term *t, const uint8_t *leaves)
{
    enum truth any = TRUTH_FALSE;
    for (size_t i = 0; i < t->child_count && any != TRUTH_TRUE; i++) {
        enum truth one = condition_term_eval(&t->children[i], leaves);
        if (one > any)
            any = one;
    }
    return any;
}

enum truth condition_term_eval(const struct condition_term *t, const uint8_t *leaves)
{
    switch (t->kind) {
    case COND_ALL:
        return all_of(t, leaves);
    case COND_ANY:
        return any_of(t, leaves);
    case COND_NOT:
        return (enum truth)(TRUTH_TRUE - all_of(t, leaves)); // unknown stays unknown
    case COND_TOPIC:
    case COND_AREA:
    case COND_TYPE:
    case COND_ORIGINATOR:
    case COND_CELL:
    case COND_CLASSIFICATION:
    case COND_CATEGORY:
    case COND_GRADING:
    case COND_EXERCISE:
        return (enum truth)leaves[t->leaf];
    }
    return TRUTH_UNKNOWN;
}
