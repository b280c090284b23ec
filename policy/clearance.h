// What a partner may see under one security policy (spec 3.2), compiled to numbers.
#ifndef RELTO_POLICY_CLEARANCE_H
#define RELTO_POLICY_CLEARANCE_H

#include "policy/label_view.h"

// A value that a userInput category of the tag set takes.
struct clearance_input {
    size_t set; // index of the tag set
    const char *value;
};

// Zeroed = holds nothing, not even a clearance.
struct clearance {
    bool exists;
    bool *classes;        // by index of spif.classes: held
    uint64_t *categories; // bit by category number: held
    struct clearance_input *inputs;
    size_t input_count;
};

// Compile one clearance of a partner. Words that the SPIF does not know are faults (ST_INVALID). *ret_policy is
// the security policy it is under; on an unknown one SP_NONE.
MUST_USE enum status clearance_compile(const struct security_policies *all, const struct policy_clearance *from,
                                       const char *partner, struct arena *a, struct diag *d, struct clearance *ret,
                                       size_t *ret_policy);

bool clearance_holds_class(const struct clearance *c, const struct security_policy *sp, const struct spif_class *cls);
bool clearance_holds(const struct clearance *c, const struct security_policy *sp, const struct category_use *use);

#endif
