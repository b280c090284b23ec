// Can conditions hold together (spec 3.2)? A search over what a report may say, for lints. It errs to one side: "no"
// is proved, "yes" may also mean that the search was given up or that the limits of what it knows were reached.
// Inside policy/ only.
#ifndef RELTO_POLICY_SATISFY_H
#define RELTO_POLICY_SATISFY_H

#include "policy/ruleset_parts.h"

// What is asked of a condition, in three values.
enum want { WANT_TRUE, WANT_NOT_TRUE, WANT_FALSE, WANT_NOT_FALSE };

enum goal_kind {
    GOAL_CONDITION, // `condition` comes out as `want`
    GOAL_COVERS,    // `scope` covers the report (unknown counts as false; exercise rule of spec 3.2)
    GOAL_COVERS_NOT,
};

// One thing that must hold; the goals of a question are a list.
struct goal {
    enum goal_kind kind;
    const struct condition *condition;
    enum want want;
    size_t from; // of a condition's children, those from here on; 0 from outside
    const struct goal *next;
};

// Is there a report for which all goals hold?
bool satisfiable(const struct ruleset *rs, const struct goal *goals);

#endif
