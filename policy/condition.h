// Conditions of scopes and denials (spec 3.2), in three values.
#ifndef RELTO_POLICY_CONDITION_H
#define RELTO_POLICY_CONDITION_H

#include "formats/report.h"
#include "formats/vocabulary.h"
#include "policy/label_view.h"

enum truth { TRUTH_FALSE = 0, TRUTH_UNKNOWN, TRUTH_TRUE };

// What conditions look at.
struct condition_facts {
    const struct report *report;
    const struct vocabulary *vocabulary;
    const struct security_policies *policies;
    // The overall label as in force at t: the originator's view first, then the alternatives'. 0 = it is absent.
    const struct label_view *views;
    size_t view_count;
};

enum truth condition_eval(const struct condition_facts *f, const struct condition *c);

// A scope covers a report: it holds (unknown counts as false) and, for a report that carries an exercise, an
// `exercise` condition stands directly in it.
bool condition_scope_holds(const struct condition_facts *f, const struct condition *scope);
// A denial's `when` fires: unknown counts as true.
bool condition_when_fires(const struct condition_facts *f, const struct condition *when);

// Are all words of a condition known: topics, areas, types, nations, policies, classifications, categories?
// Each that is not becomes a fault naming `element`. ST_OK or ST_INVALID.
MUST_USE enum status condition_check(const struct condition *c, const struct policy_document *doc,
                                     const struct vocabulary *v, const struct security_policies *policies,
                                     const char *element, struct diag *d);

#endif
