// The texts of which marking lines are made, chosen from a SPIF's marking rules (spec 3.1); for policy/ alone.
//
// Readings of the spec: data for another place or language has no effect, its codes neither. Among what is left
// the better language comes first, then data for the asked place before that for no place, then file order. An
// empty phrase is none. replacePolicy data gives the policy's text alone, never that of what it stands in, and
// takes a phrase. A qualifier without a fitting language takes that of another one, the first: "REL TO" must not
// vanish. suppressClassName counts on the classification, on a category of the label and on the policy.
#ifndef RELTO_POLICY_MARKING_PARTS_H
#define RELTO_POLICY_MARKING_PARTS_H

#include "policy/label_rules.h"
#include "policy/security_policy.h"

// What is asked for.
struct marking_rules {
    const struct security_policy *sp;
    uint32_t place;   // codes that name the asked place
    const char *lang; // NULL = none
};

// Marking data of one thing (policy, classification, category).
struct marking_data {
    const struct spif_marking *list;
    size_t count;
};

struct marking_rules marking_rules_of(const struct security_policy *sp, enum marking_place place, const char *lang);
struct marking_data marking_policy_data(const struct marking_rules *m);
struct marking_data marking_class_data(const struct spif_class *c); // of NULL: none
struct marking_data marking_category_data(const struct marking_rules *m, size_t category);

// Phrase, else name; "" = nothing to show.
const char *marking_shown(const struct marking_rules *m, struct marking_data data, const char *name);
// The phrase that replaces the policy's text, or NULL.
const char *marking_replacement(const struct marking_rules *m, struct marking_data data);
bool marking_suppresses_class(const struct marking_rules *m, struct marking_data data);
// The text of one kind of qualifier, or `otherwise` when there is none.
const char *marking_qualifier(const struct marking_rules *m, const struct spif_qualifier *list, size_t count,
                              enum spif_qualifier_kind kind, const char *otherwise);

// Append the marking line of a view that is under m->sp. False when it is too long; then nothing is appended.
bool marking_line(const struct marking_rules *m, const struct label_view *view, struct buf *out);

#endif
