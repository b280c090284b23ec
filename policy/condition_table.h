// The conditions of a policy, compiled for many reports (spec 3.4): every distinct single condition is evaluated once,
// scopes and denials then combine the results.
#ifndef RELTO_POLICY_CONDITION_TABLE_H
#define RELTO_POLICY_CONDITION_TABLE_H

#include "policy/condition.h"

struct condition_term {
    enum condition_kind kind; // ALL, ANY, NOT; any other: a leaf
    size_t leaf;              // leaf: its number
    const struct condition_term *children;
    size_t child_count;
};

struct condition_table {
    const struct condition **leaves; // the distinct single conditions
    bool *on_label;                  // by leaf: looks at the overall label, at nothing else
    size_t leaf_count, leaf_max;
    struct arena *arena;
};

// Prepare a table that lives in `a` and takes the conditions of `doc`. Arena's statuses.
MUST_USE enum status condition_table_init(struct condition_table *t, const struct policy_document *doc, struct arena *a);
// Compile one of them. NULL when memory is out.
const struct condition_term *condition_table_add(struct condition_table *t, const struct condition *c);
// Evaluate, given the value of each leaf (enum truth). The same as condition_eval.
enum truth condition_term_eval(const struct condition_term *t, const uint8_t *leaves);

#endif
