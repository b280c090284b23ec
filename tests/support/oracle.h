// A second, slow and literal reading of the decision (spec 3.1 to 3.4), for tests to compare decide() with.
//
// It shares no code and no idea with policy/: it walks the parsed documents line by line in the order of the
// specification, looks names up again each time, and keeps nothing between calls. Only the types of the result
// (policy/decide.h) are common.
//
// Readings chosen where the specification leaves room:
// - An equivalence requirement that stands alone (operation `all`, or one single group) is added to a translation
//   unless it is met already; one with several groups and `onlyOne` or `oneOrMore` is a choice, only checked.
// - excludedCategory: any category of any of its groups excludes, whatever the operation. An operation that lets two
//   pass where one may not, or one of two groups, would make the rule weaker than the words say.
// - A RESTRICTIVE category without a value, in a document that is not the one used (3.3 step 7), names nothing that
//   could be held, and so is not held.
// - The label used, when it is a translation, stands for the originator label that it translates (3.3 step 7).
// - A category list of selection limits and of `onlyOne` counts a value repeated on the label once.
// - A `category` condition on an overall label that was withheld from us is unknown, like a `classification` one.
// - A value is "restrictive by its SPIF" if a restrictive tag of the set names it, or takes any value while no tag of
//   the set names it.
// - An equivalence that leads to an obsolete category makes the translation invalid, whatever else bears its name.
// - A value that was typed in stays what it says in a translation to a category that takes any value; to another one
//   it becomes that category.
// - Markings: the better language comes before the better place, that before file order; codes of data for another
//   place or language have no effect; an empty phrase is none, save that replacePolicy replaces by nothing; a qualifier
//   that has no text in the asked language takes the first of another one.
// - `classification` conditions translate the classification alone; `category` conditions look at the
//   originator label and at every alternative under the policy.
#ifndef RELTO_TESTS_SUPPORT_ORACLE_H
#define RELTO_TESTS_SUPPORT_ORACLE_H

#include "policy/decide.h"

enum { ORACLE_SPIFS_MAX = 8 };

struct oracle {
    const struct policy_document *doc;
    const struct vocabulary *vocabulary;
    const struct spif *spifs[ORACLE_SPIFS_MAX]; // spifs[i] is the file that doc->securities[i] names
};

// Decide as spec 3.4 says. `ret->next_change` is left 0: the oracle does not schedule.
void oracle_decide(const struct oracle *o, const struct report *r, size_t partner, utc_ms t,
                   const struct decide_record *rec, struct decision *ret);

// Spec 3.5: is something visible in `before` withheld by the labels at t? A header that may not go withholds all.
bool oracle_labels_narrower(const struct oracle *o, const struct report *r, size_t partner, utc_ms t,
                            const struct withheld_set *before);

// The line that spec 6.2 wants for this decision, without line feed.
void oracle_tsv(const struct oracle *o, const struct report *r, size_t partner, const struct decision *dec,
                struct buf *out);

// Is a label document valid (spec 3.1)? Not its successors. Uses `spifs` and their number alone.
bool oracle_label_valid(const struct oracle *o, const struct label_doc *label, struct arena *a);

// The marking line (spec 3.1) of one label document, on top of a page or before a portion. It uses `spifs` and their
// number alone.
struct oracle_marking_question {
    bool portion;
    const char *lang; // NULL = none
};
void oracle_marking(const struct oracle *o, const struct label_doc *label, const struct oracle_marking_question *q,
                    struct buf *out);

#endif
