#include "policy/lint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/satisfy.h"

#define DAY_MS ((int64_t)24 * 3600 * 1000)

struct linting {
    const struct ruleset *rs;
    utc_ms now;
    lint_fn *found;
    void *ctx;
    struct partner_set *members; // of each community, at the instant looked at
    struct goal *goals;          // room for one question
    utc_ms *all_instants;        // of any membership, for communities
};

static void tell(struct linting *l, bool warning, uint32_t line, const char *rule, const char *element, const char *id,
                 const char *message)
{
    const struct lint_finding f = {warning, line, rule, element, id, message};
    l->found(l->ctx, &f);
}

// ---- questions about one partner at one instant

struct question {
    struct linting *l;
    size_t count;
};

static struct goal *ask(struct question *q, enum goal_kind kind, const struct condition *c, enum want want)
{
    struct goal *g = &q->l->goals[q->count];
    *g = (struct goal){.kind = kind, .condition = c, .want = want, .next = q->count ? g - 1 : NULL};
    q->count++;
    return g;
}

// The partner is not the report's originator, else line 1 decides.
static void ask_not_originator(struct question *q, struct condition *c, const char **id)
{
    *c = (struct condition){.kind = COND_ORIGINATOR, .values = id, .value_count = 1};
    ask(q, GOAL_CONDITION, c, WANT_FALSE);
}

static bool denial_names(const struct linting *l, size_t denial, size_t partner)
{
    return party_list_has(&l->rs->denials[denial].partners, l->members, partner);
}

static bool agreement_binds(const struct linting *l, size_t agreement, size_t partner, utc_ms t)
{
    const struct agreement_rule *a = &l->rs->agreements[agreement];
    return validity_holds(&a->doc->valid, t) && party_list_has(&a->parties, l->members, partner);
}

// None of the first `count` denials fires for the partner.
static void ask_no_denial(struct question *q, size_t count, size_t partner)
{
    for (size_t i = 0; i < count; i++)
        if (denial_names(q->l, i, partner))
            ask(q, GOAL_CONDITION, &q->l->rs->doc->denials[i].when, WANT_FALSE);
}

// None of the first `count` agreements governs the partner.
static void ask_no_agreement(struct question *q, size_t count, size_t partner, utc_ms t)
{
    for (size_t i = 0; i < count; i++)
        if (agreement_binds(q->l, i, partner, t))
            ask(q, GOAL_COVERS_NOT, &q->l->rs->doc->agreements[i].scope, WANT_TRUE);
}

static bool answer(const struct question *q)
{
    return satisfiable(q->l->rs, &q->l->goals[q->count - 1]);
}

// ---- for every partner, at every instant from now on after which something may be different

typedef void instant_fn(struct linting *l, size_t partner, utc_ms t, void *ctx);

static void each_instant(struct linting *l, instant_fn *each, void *ctx)
{
    const struct ruleset *rs = l->rs;
    for (size_t p = 0; p < rs->doc->partner_count; p++) {
        communities_at(&rs->communities, l->now, l->members);
        each(l, p, l->now, ctx);
        for (size_t i = 0; i < rs->instant_counts[p]; i++) {
            if (rs->instants[p][i] <= l->now)
                continue;
            communities_at(&rs->communities, rs->instants[p][i], l->members);
            each(l, p, rs->instants[p][i], ctx);
        }
    }
}

// How far an agreement or denial gets, at best.
enum reach { REACH_NOBODY, REACH_NOTHING, REACH_DENIED, REACH_SHADOWED, REACH_EFFECT };

struct reaching {
    size_t index;
    enum reach best;
};

static enum reach agreement_reach(struct linting *l, size_t index, size_t partner, utc_ms t)
{
    const char *id = l->rs->doc->partners[partner].id;
    struct condition self;
    struct question q = {.l = l};
    ask_not_originator(&q, &self, &id);
    ask(&q, GOAL_COVERS, &l->rs->doc->agreements[index].scope, WANT_TRUE);
    if (!answer(&q))
        return REACH_NOTHING;
    ask_no_denial(&q, l->rs->doc->denial_count, partner);
    if (!answer(&q))
        return REACH_DENIED;
    ask_no_agreement(&q, index, partner, t);
    return answer(&q) ? REACH_EFFECT : REACH_SHADOWED;
}

static void reach_agreement(struct linting *l, size_t partner, utc_ms t, void *ctx)
{
    struct reaching *r = ctx;
    if (r->best == REACH_EFFECT || !agreement_binds(l, r->index, partner, t))
        return;
    enum reach here = agreement_reach(l, r->index, partner, t);
    if (here > r->best)
        r->best = here;
}

static void reach_denial(struct linting *l, size_t partner, utc_ms t, void *ctx)
{
    struct reaching *r = ctx;
    (void)t;
    if (r->best == REACH_EFFECT || !denial_names(l, r->index, partner))
        return;
    const char *id = l->rs->doc->partners[partner].id;
    struct condition self;
    struct question q = {.l = l};
    ask_not_originator(&q, &self, &id);
    ask(&q, GOAL_CONDITION, &l->rs->doc->denials[r->index].when, WANT_NOT_FALSE);
    enum reach here = REACH_NOTHING;
    if (answer(&q)) {
        ask_no_denial(&q, r->index, partner);
        here = answer(&q) ? REACH_EFFECT : REACH_SHADOWED;
    }
    if (here > r->best)
        r->best = here;
}

// ---- agreements

// Does this earlier agreement alone leave nothing over?
struct shadow {
    size_t index, by;
    bool whole;
};

static void shadowed_by(struct linting *l, size_t partner, utc_ms t, void *ctx)
{
    struct shadow *s = ctx;
    if (!s->whole || !agreement_binds(l, s->index, partner, t))
        return;
    const char *id = l->rs->doc->partners[partner].id;
    struct condition self;
    struct question q = {.l = l};
    ask_not_originator(&q, &self, &id);
    ask(&q, GOAL_COVERS, &l->rs->doc->agreements[s->index].scope, WANT_TRUE);
    ask_no_denial(&q, l->rs->doc->denial_count, partner);
    if (agreement_binds(l, s->by, partner, t))
        ask(&q, GOAL_COVERS_NOT, &l->rs->doc->agreements[s->by].scope, WANT_TRUE);
    s->whole = !answer(&q);
}

static void tell_shadowed(struct linting *l, size_t index)
{
    const struct policy_agreement *a = &l->rs->doc->agreements[index];
    char text[256];
    snprintf(text, sizeof text, "earlier agreements together cover all that it could govern; put it before them or remove it");
    for (size_t by = 0; by < index; by++) {
        struct shadow s = {index, by, true};
        each_instant(l, shadowed_by, &s);
        if (!s.whole)
            continue;
        snprintf(text, sizeof text, "the earlier agreement %s (line %u) covers all that it could govern; put it before that one or remove it",
                 l->rs->doc->agreements[by].id, l->rs->doc->agreements[by].line);
        break;
    }
    tell(l, false, a->line, "agreement-shadowed", "agreement", a->id, text);
}

static void tell_calendar(struct linting *l, const struct policy_agreement *a)
{
    char at[UTC_TEXT_MAX], text[256];
    utc_format_s(a->valid.until, at);
    if (a->valid.until <= l->now) {
        snprintf(text, sizeof text, "ended at %s and can be removed", at);
        tell(l, true, a->line, "agreement-over", "agreement", a->id, text);
    } else if (a->valid.until - l->now <= LINT_EXPIRES_DAYS * DAY_MS) {
        snprintf(text, sizeof text, "ends at %s, within %d days; prolong it or tell its parties", at, LINT_EXPIRES_DAYS);
        tell(l, true, a->line, "agreement-expires", "agreement", a->id, text);
    }
}

static void lint_agreement(struct linting *l, size_t index)
{
    const struct policy_agreement *a = &l->rs->doc->agreements[index];
    struct reaching r = {.index = index};
    if (a->valid.until < UTC_MAX)
        tell_calendar(l, a);
    if (a->valid.until <= l->now)
        return;
    each_instant(l, reach_agreement, &r);
    switch (r.best) {
    case REACH_NOBODY:
        tell(l, false, a->line, "agreement-never-matches", "agreement", a->id,
             "it has no party at any instant from now on; look at its dates and at those of its communities' members");
        return;
    case REACH_NOTHING:
        tell(l, false, a->line, "agreement-never-matches", "agreement", a->id,
             "no report can meet its scope for any of its parties; look for conditions that exclude each other, an originator "
             "who is the only party, or an exercise condition that is not directly in the scope");
        return;
    case REACH_DENIED:
        tell(l, false, a->line, "agreement-denied", "agreement", a->id,
             "a denial comes first for every report that it could cover; narrow the denial or remove the agreement");
        return;
    case REACH_SHADOWED:
        tell_shadowed(l, index);
        return;
    case REACH_EFFECT:
        return;
    }
}

// ---- denials

static void lint_denial(struct linting *l, size_t index)
{
    const struct policy_denial *d = &l->rs->doc->denials[index];
    struct reaching r = {.index = index};
    each_instant(l, reach_denial, &r);
    switch (r.best) {
    case REACH_NOBODY:
        tell(l, false, d->line, "denial-never-fires", "deny", d->id,
             "it names nobody at any instant from now on; look at the members of its communities");
        return;
    case REACH_NOTHING:
    case REACH_DENIED:
        tell(l, false, d->line, "denial-never-fires", "deny", d->id,
             "no report can meet its conditions for any partner that it names; look for conditions that exclude each other");
        return;
    case REACH_SHADOWED:
        tell(l, false, d->line, "denial-shadowed", "deny", d->id,
             "earlier denials fire for all that it could deny; its `withdraw` never counts; put it before them or remove it");
        return;
    case REACH_EFFECT:
        return;
    }
}

// ---- partners

// Is the agreement on this security policy?
static bool agreement_on(const struct linting *l, const struct policy_agreement *a, size_t policy)
{
    for (size_t i = 0; i < a->ceiling_count; i++)
        if (label_policy(&l->rs->policies, a->ceilings[i].policy, NULL) == policy)
            return true;
    return a->ceiling_count == 0;
}

static bool cleared_for(const struct linting *l, size_t partner, const struct policy_agreement *a)
{
    for (size_t sp = 0; sp < l->rs->policies.count; sp++)
        if (ruleset_clearance(l->rs, partner, sp)->exists && agreement_on(l, a, sp))
            return true;
    return false;
}

static void lint_partner(struct linting *l, size_t partner)
{
    const struct policy_document *doc = l->rs->doc;
    const struct policy_agreement *first = NULL;
    bool cleared = false;
    for (size_t i = 0; i < doc->agreement_count; i++) {
        if (doc->agreements[i].valid.until <= l->now ||
            !party_list_has(&l->rs->agreements[i].parties, l->rs->communities.ever, partner))
            continue;
        first = first ? first : &doc->agreements[i];
        cleared |= cleared_for(l, partner, &doc->agreements[i]);
    }
    if (!first || cleared)
        return;
    char text[256];
    snprintf(text, sizeof text, "it is a party to agreements (%s at line %u first) but holds no clearance under a security policy that they are on; it gets nothing",
             first->id, first->line);
    tell(l, false, doc->partners[partner].line, "partner-without-clearance", "partner", doc->partners[partner].id, text);
}

// ---- communities

static bool has_members(struct linting *l, size_t community, utc_ms t)
{
    static const struct partner_set nobody;
    communities_at(&l->rs->communities, t, l->members);
    return memcmp(&l->members[community], &nobody, sizeof nobody) != 0;
}

static void lint_community(struct linting *l, size_t index, size_t instant_count)
{
    const struct policy_community *c = &l->rs->doc->communities[index];
    if (has_members(l, index, l->now))
        return;
    for (size_t i = 0; i < instant_count; i++)
        if (has_members(l, index, l->all_instants[i]))
            return;
    tell(l, false, c->line, "community-empty", "community", c->id,
         "it has no members at any instant from now on; add members or remove it");
}

// When memberships begin after now: only then a community can come to have members.
static size_t later_members(struct linting *l)
{
    const struct policy_document *doc = l->rs->doc;
    size_t n = 0;
    for (size_t c = 0; c < doc->community_count; c++)
        for (size_t m = 0; m < doc->communities[c].member_count; m++)
            if (doc->communities[c].members[m].valid.from > l->now)
                l->all_instants[n++] = doc->communities[c].members[m].valid.from;
    return n;
}

// ---- all

static void lint_all(struct linting *l)
{
    const struct policy_document *doc = l->rs->doc;
    size_t later = later_members(l);
    for (size_t i = 0; i < doc->community_count; i++)
        lint_community(l, i, later);
    for (size_t i = 0; i < doc->partner_count; i++)
        lint_partner(l, i);
    for (size_t i = 0; i < doc->denial_count; i++)
        lint_denial(l, i);
    for (size_t i = 0; i < doc->agreement_count; i++)
        lint_agreement(l, i);
}

enum status policy_lint(const struct ruleset *rs, utc_ms now, lint_fn *found, void *ctx)
{
    size_t members = 0;
    for (size_t c = 0; c < rs->doc->community_count; c++)
        members += rs->doc->communities[c].member_count;
    struct linting l = {
        .rs = rs,
        .now = now,
        .found = found,
        .ctx = ctx,
        .members = calloc(rs->doc->community_count + 1, sizeof *l.members),
        .goals = calloc(rs->doc->agreement_count + rs->doc->denial_count + 2, sizeof *l.goals),
        .all_instants = calloc(members + 1, sizeof *l.all_instants),
    };
    enum status st = l.members && l.goals && l.all_instants ? ST_OK : ST_NOMEM;
    if (st == ST_OK)
        lint_all(&l);
    free(l.members);
    free(l.goals);
    free(l.all_instants);
    return st;
}
