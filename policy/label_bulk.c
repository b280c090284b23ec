#include "policy/label_bulk.h"

#include "formats/base/bug.h"

// ---- the context

static void hold_classes(const struct ruleset *rs, size_t policy, size_t partner, struct label_bulk_policy *to)
{
    const struct security_policy *sp = &rs->policies.policies[policy];
    const struct clearance *held = ruleset_clearance(rs, partner, policy);
    for (size_t i = 0; i < sp->spif->class_count; i++)
        if (clearance_holds_class(held, sp, &sp->spif->classes[i]))
            partner_set_add(&to->class_holders[i], partner);
    for (size_t i = 0; i < sp->category_count; i++)
        if (clearance_holds(held, sp, &(struct category_use){.category = i}))
            partner_set_add(&to->holders[i], partner);
}

static enum status init_policy(const struct ruleset *rs, size_t policy, struct arena *a, struct label_bulk_policy *to)
{
    const struct security_policy *sp = &rs->policies.policies[policy];
    to->holders = arena_array(a, sp->category_count, sizeof *to->holders);
    to->class_holders = arena_array(a, sp->spif->class_count, sizeof *to->class_holders);
    to->targets = arena_array(a, rs->policies.count, sizeof *to->targets);
    TRY(arena_status(a));
    for (size_t p = 0; p < rs->doc->partner_count; p++) {
        if (ruleset_clearance(rs, p, policy)->exists)
            partner_set_add(&to->cleared, p);
        hold_classes(rs, policy, p, to);
        size_t target = label_check_target(rs, policy, p);
        if (target != SP_NONE)
            partner_set_add(&to->targets[target], p);
    }
    return ST_OK;
}

enum status label_bulk_init(struct label_bulk_context *x, const struct ruleset *rs, utc_ms t,
                            const struct condition_table *conditions, struct arena *a)
{
    struct partner_set *members = arena_array(a, rs->doc->community_count, sizeof *members);
    struct partner_set *unmarked = arena_array(a, rs->policies.count, sizeof *unmarked);
    *x = (struct label_bulk_context){
        .labels = {.rs = rs, .t = t, .members = members, .unmarked = unmarked},
        .policies = arena_array(a, rs->policies.count, sizeof *x->policies),
        .conditions = conditions,
    };
    TRY(arena_status(a));
    communities_at(&rs->communities, t, members);
    for (size_t p = 0; p < rs->doc->partner_count; p++)
        partner_set_add(&x->everyone, p);
    for (size_t i = 0; i < rs->policies.count; i++) {
        party_list_join(&rs->unmarked[i].who, members, rs->doc->partner_count, &unmarked[i]);
        TRY(init_policy(rs, i, a, &x->policies[i]));
    }
    return ST_OK;
}

// ---- one label

struct bulk_judging {
    const struct label_bulk_context *x;
    const struct label_element *e;
    struct label_bulk *out;
    const struct security_policy *sp;
    const struct label_view *v;
    struct partner_set left; // who has passed so far
};

static void add_fails(struct label_bulk *out, enum reason reason, const struct partner_set *who)
{
    BUG_IF(reason < REASON_UNKNOWN_POLICY || reason > REASON_UNMARKED);
    partner_set_join(&out->sets.fails[reason - REASON_UNKNOWN_POLICY], who);
}

// Who is not in `passing` fails.
static void keep(struct bulk_judging *j, const struct partner_set *passing, enum reason reason)
{
    struct partner_set failing = j->left;
    partner_set_drop(&failing, passing);
    partner_set_meet(&j->left, passing);
    add_fails(j->out, reason, &failing);
}

// Everyone who holds a category. What people typed in is looked up partner by partner.
static struct partner_set holders(const struct label_bulk_context *x, size_t policy, const struct category_use *use)
{
    if (!use->input)
        return x->policies[policy].holders[use->category];
    const struct ruleset *rs = x->labels.rs;
    struct partner_set who = {{0}};
    for (size_t p = 0; p < rs->doc->partner_count; p++)
        if (clearance_holds(ruleset_clearance(rs, p, policy), &rs->policies.policies[policy], use))
            partner_set_add(&who, p);
    return who;
}

static enum category_type use_type(const struct bulk_judging *j, const struct category_use *use)
{
    return security_policy_type(security_policy_tag_of(j->sp, use->category)->type);
}

static void judge_restrictive(struct bulk_judging *j)
{
    for (size_t i = 0; i < j->v->use_count; i++)
        if (use_type(j, &j->v->uses[i]) == CATEGORY_RESTRICTIVE) {
            struct partner_set who = holders(j->x, j->v->policy, &j->v->uses[i]);
            keep(j, &who, REASON_CATEGORY);
        }
}

// Everyone who holds one of the label's permissive values of this tag set.
static struct partner_set any_holders(const struct bulk_judging *j, size_t set)
{
    struct partner_set any = {{0}};
    for (size_t i = 0; i < j->v->use_count; i++)
        if (j->sp->categories[j->v->uses[i].category].set == set &&
            use_type(j, &j->v->uses[i]) == CATEGORY_PERMISSIVE) {
            struct partner_set who = holders(j->x, j->v->policy, &j->v->uses[i]);
            partner_set_join(&any, &who);
        }
    return any;
}

static void judge_permissive(struct bulk_judging *j)
{
    size_t done = j->sp->release_set; // the release tag set has its own step
    for (size_t i = 0; i < j->v->use_count; i++) {
        size_t set = j->sp->categories[j->v->uses[i].category].set;
        if (use_type(j, &j->v->uses[i]) != CATEGORY_PERMISSIVE || set == j->sp->release_set || set == done)
            continue;
        struct partner_set who = any_holders(j, set);
        keep(j, &who, REASON_CATEGORY);
        done = set;
    }
}

static void judge_release(struct bulk_judging *j, const struct element_view *used)
{
    static const struct partner_set nobody;
    if (j->v->has_release)
        keep(j, &used->released, REASON_NOT_RELEASABLE);
    else if (j->v->release_discarded)
        keep(j, &nobody, REASON_NOT_RELEASABLE);
    else if (!j->x->labels.rs->unmarked[j->v->policy].exists)
        keep(j, &nobody, REASON_UNMARKED);
    else
        keep(j, &j->x->labels.unmarked[j->v->policy], REASON_NOT_RELEASABLE);
}

static void judge_carried(struct bulk_judging *j)
{
    static const struct partner_set nobody;
    for (size_t d = 0; d < j->e->doc_count; d++) {
        const struct carried_doc *c = &j->e->docs[d];
        if (c->doc == j->v->doc)
            continue;
        if (c->unholdable)
            keep(j, &nobody, REASON_CATEGORY);
        for (size_t i = 0; i < c->restrictive_count; i++) {
            struct partner_set who = holders(j->x, c->policy, &c->restrictive[i]);
            keep(j, &who, REASON_CATEGORY);
        }
    }
}

// Judge those partners by this view.
static void judge_view(const struct label_bulk_context *x, const struct label_element *e, struct label_bulk *out,
                       const struct element_view *used, const struct partner_set *group)
{
    const struct label_view *v = &used->view;
    struct bulk_judging j = {
        .x = x, .e = e, .out = out, .sp = &x->labels.rs->policies.policies[v->policy], .v = v, .left = *group};
    if (!v->valid) {
        add_fails(out, REASON_INVALID_LABEL, group);
        return;
    }
    keep(&j, &x->policies[v->policy].class_holders[v->cls - j.sp->spif->classes], REASON_CLASSIFICATION);
    out->cells[out->cell_count++] = (struct label_cell){j.left, v->policy, v->cls};
    judge_restrictive(&j);
    judge_permissive(&j);
    judge_release(&j, used);
    judge_carried(&j);
    partner_set_join(&out->sets.passes, &j.left);
}

// Judge by a translation of the originator label those who hold no clearance for any label as written.
static void judge_translated(struct label_bulk_context *x, struct label_element *e, struct label_bulk *out,
                             struct partner_set *left)
{
    const struct label_view *origin = &e->views[0].view;
    for (size_t target = 0; target < x->labels.rs->policies.count; target++) {
        struct partner_set group = x->policies[origin->policy].targets[target];
        partner_set_meet(&group, left);
        if (!partner_set_any(&group))
            continue;
        const struct element_view *used = label_element_translate(&x->labels, origin, target);
        if (!used)
            continue; // no clearance, as below
        judge_view(x, e, out, used, &group);
        partner_set_drop(left, &group);
    }
    add_fails(out, REASON_NO_CLEARANCE, left);
}

static void judge(struct label_bulk_context *x, struct label_element *e, struct label_bulk *out)
{
    struct partner_set left = x->everyone;
    for (size_t i = 0; i < e->view_count; i++) {
        size_t policy = e->views[i].view.policy;
        if (policy == SP_NONE)
            continue;
        struct partner_set group = left;
        partner_set_meet(&group, &x->policies[policy].cleared);
        if (partner_set_any(&group))
            judge_view(x, e, out, &e->views[i], &group);
        partner_set_drop(&left, &group);
    }
    if (e->view_count == 0 || e->views[0].view.policy == SP_NONE)
        add_fails(out, REASON_UNKNOWN_POLICY, &left);
    else if (!e->views[0].view.valid)
        add_fails(out, REASON_INVALID_LABEL, &left);
    else if (partner_set_any(&left))
        judge_translated(x, e, out, &left);
}

static enum status eval_leaves(const struct label_bulk_context *x, const struct label_element *e, struct arena *scratch,
                               uint8_t *ret)
{
    struct label_view *views = arena_array(scratch, e->view_count, sizeof *views);
    TRY(arena_status(scratch));
    for (size_t i = 0; i < e->view_count; i++)
        views[i] = e->views[i].view;
    struct condition_facts f = {
        .vocabulary = x->labels.rs->vocabulary,
        .policies = &x->labels.rs->policies,
        .views = views,
        .view_count = e->view_count,
    };
    for (size_t i = 0; i < x->conditions->leaf_count; i++)
        if (x->conditions->on_label[i])
            ret[i] = (uint8_t)condition_eval(&f, x->conditions->leaves[i]);
    return ST_OK;
}

static enum status check(struct label_bulk_context *x, const struct label *label, struct arena *a, struct arena *scratch,
                         struct label_bulk **ret)
{
    struct label_element e;
    x->labels.arena = scratch;
    label_element_read(&x->labels, label, &e);
    TRY(arena_status(scratch));
    struct label_bulk *out = arena_alloc(a, sizeof *out);
    TRY(arena_status(a));
    out->cells = arena_array(a, e.view_count + x->labels.rs->policies.count, sizeof *out->cells);
    out->leaves = arena_array(a, x->conditions->leaf_count, sizeof *out->leaves);
    TRY(arena_status(a));
    judge(x, &e, out);
    TRY(eval_leaves(x, &e, scratch, out->leaves));
    TRY(arena_status(scratch)); // a translation may have failed for want of memory
    *ret = out;
    return ST_OK;
}

enum status label_bulk_check(struct label_bulk_context *x, const struct label *label, struct arena *a,
                             struct label_bulk **ret)
{
    struct arena *scratch = arena_new(256 * MIB);
    if (!scratch)
        return ST_NOMEM;
    enum status st = check(x, label, a, scratch, ret);
    arena_free(&scratch);
    return st;
}
