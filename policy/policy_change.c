#include "policy/policy_change.h"

#include <stdlib.h>
#include <string.h>

#include "policy/decide_bulk.h"

struct policy_change {
    struct decide_bulk *then, *now;
    size_t index_now[PARTNERS_MAX]; // by partner of `before`: its index in `after`, or SIZE_MAX
};

enum status policy_change_new(const struct ruleset *before, utc_ms at_before, const struct ruleset *after, utc_ms at_after,
                              size_t memory_max, struct policy_change **ret)
{
    struct policy_change *c = calloc(1, sizeof *c);
    if (!c)
        return ST_NOMEM;
    for (size_t p = 0; p < ruleset_partner_count(before); p++)
        c->index_now[p] = ruleset_partner_index(after, ruleset_partner(before, p)->id);
    enum status st = decide_bulk_new(before, at_before, memory_max, &c->then);
    if (st == ST_OK)
        st = decide_bulk_new(after, at_after, memory_max, &c->now);
    if (st == ST_OK)
        *ret = c;
    else
        policy_change_free(&c);
    return st;
}

void policy_change_free(struct policy_change **c)
{
    if (!*c)
        return;
    decide_bulk_free(&(*c)->then);
    decide_bulk_free(&(*c)->now);
    free(*c);
    *c = NULL;
}

static void note_embargo(struct outline_change *ret, size_t partner, int64_t ms)
{
    partner_set_add(&ret->embargo, partner);
    if (ms > ret->embargo_ms)
        ret->embargo_ms = ms;
}

// Both are permitted.
static bool same_but_embargo(const struct decision *then, const struct decision *now)
{
    const struct policy_terms *a = &then->terms, *b = &now->terms;
    return then->withheld.overall == now->withheld.overall &&
           memcmp(then->withheld.bits, now->withheld.bits, sizeof now->withheld.bits) == 0 && a->approval == b->approval &&
           a->onward == b->onward && a->lapse == b->lapse;
}

static void compare_permitted(struct policy_change *c, size_t then, size_t now, struct outline_change *ret)
{
    struct decision a, b;
    decide_bulk_partner(c->then, then, &a);
    decide_bulk_partner(c->now, now, &b);
    if (!same_but_embargo(&a, &b))
        partner_set_add(&ret->changed, now);
    else if (a.terms.embargo_ms != b.terms.embargo_ms)
        note_embargo(ret, now, a.terms.embargo_ms > b.terms.embargo_ms ? a.terms.embargo_ms : b.terms.embargo_ms);
}

static struct partner_set permitted(const struct decide_bulk_sets *sets)
{
    struct partner_set s = sets->outcomes[OUTCOME_RELEASE];
    partner_set_join(&s, &sets->outcomes[OUTCOME_REDACT]);
    return s;
}

enum status policy_change_outline(struct policy_change *c, const struct outline *o, struct outline_change *ret)
{
    // As if consent and approvals were there: what is equal then is equal without them.
    const struct decide_record lifted = {.received = o->received, .onward = o->onward, .consented = true,
                                         .approvals = UINT32_MAX, .stored_at = UTC_MIN, .any_approvals_count = true};
    const struct decide_bulk_sets *sets;
    struct outline_change found = {.embargo_ms = 0};
    TRY(decide_bulk(c->then, o->report, &lifted, &sets));
    struct partner_set then = permitted(sets);
    TRY(decide_bulk(c->now, o->report, &lifted, &sets));
    struct partner_set fresh = permitted(sets), both = {{0}};
    for (size_t p = partner_set_next(&then, 0); p < PARTNERS_MAX; p = partner_set_next(&then, p + 1)) {
        size_t now = c->index_now[p];
        if (now == SIZE_MAX) {
            partner_set_add(&found.gone, p);
        } else if (partner_set_has(&fresh, now)) {
            partner_set_add(&both, now);
            compare_permitted(c, p, now, &found);
        } else {
            partner_set_add(&found.changed, now);
        }
    }
    partner_set_drop(&fresh, &both);
    partner_set_join(&found.changed, &fresh);
    *ret = found;
    return ST_OK;
}

bool outline_change_none(const struct outline_change *c, utc_ms base, utc_ms at)
{
    return !partner_set_any(&c->changed) && !partner_set_any(&c->gone) &&
           (!partner_set_any(&c->embargo) || utc_add(base, c->embargo_ms) <= at);
}
