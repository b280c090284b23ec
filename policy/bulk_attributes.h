// What scopes and denials say to a set of attributes of a report, for all partners at once. For policy/ alone.
#ifndef RELTO_POLICY_BULK_ATTRIBUTES_H
#define RELTO_POLICY_BULK_ATTRIBUTES_H

#include "policy/label_bulk.h"

// Partners under agreements with the same terms of these.
struct terms_group {
    struct partner_set who;
    const struct policy_terms *terms;
};

// A classification against the ceilings of the agreements that govern.
struct ceiling_set {
    const struct spif_class *cls;
    struct partner_set passing;
    struct ceiling_set *next;
};

struct bulk_attributes {
    struct partner_set originator; // the partner who is the report's nation
    struct partner_set denied, governed;
    struct partner_set limited; // whose agreement has ceilings
    uint32_t *fired; // denials that fire, in document order
    size_t fired_count;
    uint32_t *governing; // by partner in `governed`: the agreement
    struct terms_group *groups;
    size_t group_count;
    struct ceiling_set **ceilings; // by policy, as wanted so far
};

struct bulk_rules {
    const struct ruleset *rs;
    struct condition_table conditions;
    const struct condition_term **whens, **scopes; // by denial; by agreement
    bool *direct_exercise;                         // by agreement
    size_t terms_count;                            // that differ in what terms_group looks at
    struct partner_set *denied, *parties;          // by denial; by agreement, nobody when it is not active
};

// Compile for one instant. `members` of the communities at t. Lives in `a`. Arena's statuses.
MUST_USE enum status bulk_rules_compile(struct bulk_rules *x, const struct ruleset *rs, struct arena *a);
void bulk_rules_at(struct bulk_rules *x, utc_ms t, const struct partner_set *members);
// Find out what the rules say to a report whose overall label gives these leaves. Lives in `a`. Arena's statuses.
MUST_USE enum status bulk_attributes_find(const struct bulk_rules *x, const struct report *r, const uint8_t *label_leaves,
                                          struct arena *a, struct bulk_attributes **ret);
// Who passes the ceilings with a classification of this policy? NULL when memory is out.
const struct partner_set *bulk_attributes_ceiling(const struct bulk_rules *x, struct bulk_attributes *f, size_t policy,
                                                  const struct spif_class *cls, struct arena *a);

#endif
