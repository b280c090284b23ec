#include "policy/satisfy.h"

#include <string.h>

enum {
    LITERALS_MAX = 400, // on one branch of the search; beyond it the search is given up
    STEPS_MAX = 100000, // bounds the time of one question
    DEPTH_MAX = 3000,   // bounds the stack
};

// A condition without children, as one branch of the search wants it.
struct literal {
    const struct condition *c;
    enum want want;
};

struct search {
    const struct ruleset *rs;
    struct literal literals[LITERALS_MAX];
    size_t count;
    size_t steps, depth;
};

static bool wants_truth(const struct literal *l)
{
    return l->want == WANT_TRUE || l->want == WANT_NOT_FALSE;
}

// ---- what a value of a list condition means

static bool listed(const char *const *list, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], word) == 0)
            return true;
    return false;
}

// Does a report that names this area make the condition true? A region means itself and its countries.
static bool area_meets(const struct search *s, const struct condition *c, const char *area)
{
    if (listed(c->values, c->value_count, area))
        return true;
    for (size_t i = 0; i < c->value_count; i++) {
        const struct vocabulary_region *r = vocabulary_region(s->rs->vocabulary, c->values[i]);
        if (r && listed(r->areas, r->area_count, area))
            return true;
    }
    return false;
}

static bool same_tag_set(const struct search *s, const struct condition *a, const struct condition *b)
{
    return label_policy(&s->rs->policies, a->policy, NULL) == label_policy(&s->rs->policies, b->policy, NULL) &&
           name_eq(a->tag_set, b->tag_set);
}

// Does a report that carries `word`, a value of the condition `of`, make `c` true by it?
static bool meets(const struct search *s, const struct condition *c, const struct condition *of, const char *word)
{
    switch (c->kind) {
    case COND_AREA:
        return area_meets(s, c, word);
    case COND_EXERCISE:
        return listed(c->values, c->value_count, "*") || listed(c->values, c->value_count, word);
    case COND_CATEGORY:
        for (size_t i = 0; same_tag_set(s, c, of) && i < c->value_count; i++)
            if (name_eq(c->values[i], word))
                return true;
        return false;
    case COND_TOPIC:
    case COND_TYPE:
    case COND_ORIGINATOR:
    case COND_CELL:
        return listed(c->values, c->value_count, word);
    case COND_ALL:
    case COND_ANY:
    case COND_NOT:
    case COND_CLASSIFICATION:
    case COND_GRADING:
        return false;
    }
    return false;
}

// ---- lists: of topics, areas, categories and exercises a report has many, of the others one

static bool single_valued(enum condition_kind k)
{
    return k == COND_TYPE || k == COND_ORIGINATOR || k == COND_CELL;
}

// May a report say `word`, as the literals on this kind want it?
static bool word_possible(const struct search *s, const struct condition *of, const char *word)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct literal *l = &s->literals[i];
        if (l->c->kind != of->kind)
            continue;
        bool met = meets(s, l->c, of, word);
        if (wants_truth(l) ? single_valued(of->kind) && !met : met)
            return false;
    }
    return true;
}

static bool list_possible(const struct search *s, const struct condition *c)
{
    for (size_t i = 0; i < c->value_count; i++)
        if (word_possible(s, c, c->values[i]))
            return true;
    // An area within a region named, where the region itself is ruled out.
    for (size_t i = 0; c->kind == COND_AREA && i < c->value_count; i++) {
        const struct vocabulary_region *r = vocabulary_region(s->rs->vocabulary, c->values[i]);
        for (size_t a = 0; r && a < r->area_count; a++)
            if (word_possible(s, c, r->areas[a]))
                return true;
    }
    return false;
}

// Every list of this kind that must be met can be.
static bool lists_possible(const struct search *s, enum condition_kind kind)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->literals[i].c->kind == kind && wants_truth(&s->literals[i]) && !list_possible(s, s->literals[i].c))
            return false;
    return true;
}

// A category condition is unknown on a report whose overall label is withheld: then the two wants that allow
// `unknown` bind nothing. They are left out, for whether it is withheld is decided for all conditions at once.
static bool category_binds(enum want w)
{
    return w == WANT_TRUE || w == WANT_FALSE;
}

// ---- classification: one of its policy's, or unknown

static bool class_fits(const struct security_policy *sp, const struct condition *c, const struct spif_class *cls)
{
    const struct spif_class *least = c->at_least ? security_policy_class(sp, c->at_least) : cls;
    const struct spif_class *most = c->at_most ? security_policy_class(sp, c->at_most) : cls;
    return least && most && cls->hierarchy >= least->hierarchy && cls->hierarchy <= most->hierarchy;
}

static bool class_possible(const struct search *s, size_t policy, const struct spif_class *cls)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct literal *l = &s->literals[i];
        if (l->c->kind != COND_CLASSIFICATION || label_policy(&s->rs->policies, l->c->policy, NULL) != policy)
            continue;
        // Unknown is neither true nor false.
        if (cls ? class_fits(&s->rs->policies.policies[policy], l->c, cls) != wants_truth(l)
                : l->want == WANT_TRUE || l->want == WANT_FALSE)
            return false;
    }
    return true;
}

static bool classification_possible(const struct search *s, const struct condition *newest)
{
    size_t policy = label_policy(&s->rs->policies, newest->policy, NULL);
    if (policy == SP_NONE || class_possible(s, policy, NULL))
        return true;
    const struct spif *spif = s->rs->policies.policies[policy].spif;
    for (size_t i = 0; i < spif->class_count; i++)
        if (class_possible(s, policy, &spif->classes[i]))
            return true;
    return false;
}

// ---- grading: 'A'..'F' or none, '1'..'6' or none

static bool graded_so(const struct condition *c, char reliability, char credibility)
{
    if (c->reliability_at_least && !(reliability >= 'A' && reliability <= 'E' && reliability <= c->reliability_at_least))
        return false;
    return !c->credibility_at_least ||
           (credibility >= '1' && credibility <= '5' && credibility <= c->credibility_at_least);
}

static bool grade_possible(const struct search *s, char reliability, char credibility)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct literal *l = &s->literals[i];
        if (l->c->kind == COND_GRADING && graded_so(l->c, reliability, credibility) != wants_truth(l))
            return false;
    }
    return true;
}

static bool grading_possible(const struct search *s)
{
    static const char reliabilities[] = {'A', 'B', 'C', 'D', 'E', 0}, credibilities[] = {'1', '2', '3', '4', '5', 0};
    for (size_t r = 0; r < sizeof reliabilities; r++)
        for (size_t c = 0; c < sizeof credibilities; c++)
            if (grade_possible(s, reliabilities[r], credibilities[c]))
                return true;
    return false;
}

// ---- the search

static bool solve(struct search *s, const struct goal *g);

static bool literals_possible(const struct search *s, const struct condition *newest)
{
    switch (newest->kind) {
    case COND_TOPIC:
    case COND_AREA:
    case COND_TYPE:
    case COND_ORIGINATOR:
    case COND_CELL:
    case COND_CATEGORY:
    case COND_EXERCISE:
        return lists_possible(s, newest->kind);
    case COND_CLASSIFICATION:
        return classification_possible(s, newest);
    case COND_GRADING:
        return grading_possible(s);
    case COND_ALL:
    case COND_ANY:
    case COND_NOT:
        return true;
    }
    return true;
}

static bool solve_literal(struct search *s, const struct goal *g)
{
    if (g->condition->kind == COND_CATEGORY && !category_binds(g->want))
        return solve(s, g->next);
    if (s->count == LITERALS_MAX)
        return true;
    s->literals[s->count++] = (struct literal){g->condition, g->want};
    bool yes = literals_possible(s, g->condition) && solve(s, g->next);
    s->count--;
    return yes;
}

// Every child as wanted: the first now, the others after it.
static bool solve_each(struct search *s, const struct goal *g)
{
    if (g->from == g->condition->child_count)
        return solve(s, g->next);
    struct goal rest = *g;
    rest.from++;
    const struct goal one = {GOAL_CONDITION, &g->condition->children[g->from], g->want, 0, &rest};
    return solve(s, &one);
}

// Some child as wanted.
static bool solve_one(struct search *s, const struct goal *g)
{
    for (size_t i = 0; i < g->condition->child_count; i++) {
        const struct goal one = {GOAL_CONDITION, &g->condition->children[i], g->want, 0, g->next};
        if (solve(s, &one))
            return true;
    }
    return false;
}

static enum want opposite(enum want w)
{
    switch (w) {
    case WANT_TRUE:
        return WANT_FALSE;
    case WANT_FALSE:
        return WANT_TRUE;
    case WANT_NOT_TRUE:
        return WANT_NOT_FALSE;
    case WANT_NOT_FALSE:
        return WANT_NOT_TRUE;
    }
    return WANT_FALSE;
}

static bool solve_condition(struct search *s, const struct goal *g)
{
    bool truth = g->want == WANT_TRUE || g->want == WANT_NOT_FALSE;
    struct goal inner = *g;
    switch (g->condition->kind) {
    case COND_ALL:
        return truth ? solve_each(s, g) : solve_one(s, g);
    case COND_ANY:
        return truth ? solve_one(s, g) : solve_each(s, g);
    case COND_NOT:
        if (g->condition->child_count != 1)
            return true;
        inner.condition = g->condition->children;
        inner.want = opposite(g->want);
        return solve(s, &inner);
    case COND_TOPIC:
    case COND_AREA:
    case COND_TYPE:
    case COND_ORIGINATOR:
    case COND_CELL:
    case COND_CLASSIFICATION:
    case COND_CATEGORY:
    case COND_GRADING:
    case COND_EXERCISE:
        return solve_literal(s, g);
    }
    return true;
}

static const char *any_exercise_value = "*";
static const struct condition any_exercise = {.kind = COND_EXERCISE, .values = &any_exercise_value, .value_count = 1};

static bool has_direct_exercise(const struct condition *scope)
{
    for (size_t i = 0; i < scope->child_count; i++)
        if (scope->children[i].kind == COND_EXERCISE)
            return true;
    return false;
}

// A report that carries an exercise needs an exercise condition directly in the scope.
static bool solve_scope(struct search *s, const struct goal *g)
{
    bool direct = has_direct_exercise(g->condition), covers = g->kind == GOAL_COVERS;
    const struct goal exercise = {GOAL_CONDITION, &any_exercise, covers ? WANT_FALSE : WANT_TRUE, 0, g->next};
    const struct goal holds = {GOAL_CONDITION, g->condition, covers ? WANT_TRUE : WANT_NOT_TRUE, 0,
                               covers && !direct ? &exercise : g->next};
    return solve(s, &holds) || (!covers && !direct && solve(s, &exercise));
}

static bool solve(struct search *s, const struct goal *g)
{
    if (!g)
        return true;
    if (++s->steps > STEPS_MAX || s->depth >= DEPTH_MAX)
        return true;
    s->depth++;
    bool yes = true;
    switch (g->kind) {
    case GOAL_CONDITION:
        yes = solve_condition(s, g);
        break;
    case GOAL_COVERS:
    case GOAL_COVERS_NOT:
        yes = solve_scope(s, g);
        break;
    }
    s->depth--;
    return yes;
}

bool satisfiable(const struct ruleset *rs, const struct goal *goals)
{
    struct search s = {.rs = rs};
    return solve(&s, goals);
}
