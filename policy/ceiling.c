// Ceilings of agreements: what they allow a label of each security policy (spec 3.3 step 3).
#include "policy/ruleset_parts.h"

// The ceiling's limit under `policy`: translated to the label's policy, never the label to the ceiling's.
static bool ceiling_under(const struct ruleset *rs, size_t own, const struct spif_class *max, size_t policy,
                          int64_t *ret)
{
    const struct spif_class *there = own == policy ? max : class_translate(&rs->policies, own, max, policy);
    if (there)
        *ret = there->hierarchy;
    return there != NULL;
}

static void apply(const struct ruleset *rs, size_t own, const struct spif_class *max, struct ceiling_limit *limits)
{
    for (size_t p = 0; p < rs->policies.count; p++) {
        struct ceiling_limit *l = &limits[p];
        int64_t hierarchy;
        if (!ceiling_under(rs, own, max, p, &hierarchy)) {
            *l = (struct ceiling_limit){0};
        } else if (l->open) {
            *l = (struct ceiling_limit){.translated = true, .max = hierarchy};
        } else if (l->translated && hierarchy < l->max) {
            l->max = hierarchy;
        }
    }
}

// Is there an earlier ceiling under the same policy?
static bool repeated(const struct ruleset *rs, const struct policy_agreement *from, size_t i, size_t policy)
{
    for (size_t k = 0; k < i; k++)
        if (label_policy(&rs->policies, from->ceilings[k].policy, NULL) == policy)
            return true;
    return false;
}

enum status ceilings_compile(struct ruleset *rs, const struct policy_agreement *from, struct diag *d,
                             struct ceiling_limit *ret)
{
    enum status st = ST_OK;
    for (size_t p = 0; p < rs->policies.count; p++)
        ret[p] = (struct ceiling_limit){.open = true};
    for (size_t i = 0; i < from->ceiling_count; i++) {
        const struct policy_ceiling *c = &from->ceilings[i];
        size_t own = label_policy(&rs->policies, c->policy, NULL);
        const struct spif_class *max = own == SP_NONE ? NULL : security_policy_class(&rs->policies.policies[own], c->max);
        if (own == SP_NONE)
            diag_add(d, c->line, 0, "unknown-policy", "ceiling",
                     "%s: \"%s\" is not one of the document's security policies", from->id, c->policy);
        else if (!max)
            diag_add(d, c->line, 0, "unknown-classification", "ceiling",
                     "%s: \"%s\" is not a classification of the policy %s", from->id, c->max, c->policy);
        else if (repeated(rs, from, i, own))
            diag_add(d, c->line, 0, "duplicate-ceiling", "ceiling",
                     "%s has a ceiling under %s already; keep one of them", from->id, c->policy);
        else {
            apply(rs, own, max, ret);
            continue;
        }
        st = ST_INVALID;
    }
    return st;
}
