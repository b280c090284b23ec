// The label check (spec 3.3) for all partners at once: one evaluation per distinct label, in sets. For policy/ alone.
#ifndef RELTO_POLICY_LABEL_BULK_H
#define RELTO_POLICY_LABEL_BULK_H

#include "policy/condition_table.h"
#include "policy/label_check.h"

// The reasons for which labels fail stand together in REASON_TABLE.
enum { LABEL_REASONS = REASON_UNMARKED - REASON_UNKNOWN_POLICY + 1 };

// For each partner either `passes` or one of the reasons, from REASON_UNKNOWN_POLICY on.
struct label_sets {
    struct partner_set passes, fails[LABEL_REASONS];
};

// Partners who hold a classification, who are yet to be measured against the ceiling of their agreement.
struct label_cell {
    struct partner_set group;
    size_t policy;
    const struct spif_class *cls;
};

struct label_bulk {
    struct label_sets sets; // without ceilings
    struct label_cell *cells;
    size_t cell_count;
    uint8_t *leaves; // by leaf of the condition table: enum truth, for those on labels, were this the overall label
};

// What a policy says to one instant, by sets.
struct label_bulk_policy {
    struct partner_set cleared;
    struct partner_set *holders;       // by category: who holds it
    struct partner_set *class_holders; // by classification
    struct partner_set *targets;       // by policy: to which one labels of this are translated for whom
};

struct label_bulk_context {
    struct label_context labels; // its arena is set for each label
    struct partner_set everyone;
    struct label_bulk_policy *policies;
    const struct condition_table *conditions;
};

// Prepare; lives in `a`, as do `labels.members` and `labels.unmarked`. Arena's statuses.
MUST_USE enum status label_bulk_init(struct label_bulk_context *x, const struct ruleset *rs, utc_ms t,
                                     const struct condition_table *conditions, struct arena *a);
// Check one label (NULL = absent) for all. The result lives in `a`. Arena's statuses.
MUST_USE enum status label_bulk_check(struct label_bulk_context *x, const struct label *label, struct arena *a,
                                      struct label_bulk **ret);

#endif
