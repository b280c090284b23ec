// What labels mean under the ruleset's security policies: validity, order, markings (spec 2.1, 3.1).
#ifndef RELTO_POLICY_LABEL_RULES_H
#define RELTO_POLICY_LABEL_RULES_H

#include "formats/report.h"
#include "policy/label_view.h"
#include "policy/ruleset.h"

// Is every label document of this label element (alternatives and successors too) valid (spec 3.1)? Each violation becomes
// one fault naming `element`, the rule and the SPIF line. ST_OK or ST_INVALID.
MUST_USE enum status label_validate(const struct ruleset *rs, const struct label *label, const char *element,
                                    struct diag *d);
// The same under security policies alone, without a policy document.
MUST_USE enum status label_validate_under(const struct security_policies *all, const struct label *label,
                                          const char *element, struct diag *d);
// All checks of publication (spec 2.1) beyond form: vocabulary words, validity of every label, and
// `label-too-low`: the overall label is at least each element's. ST_OK or ST_INVALID with every fault.
MUST_USE enum status report_validate(const struct ruleset *rs, const struct report *r, struct diag *d);

enum marking_place { MARKING_PAGE_TOP, MARKING_PAGE_BOTTOM, MARKING_PORTION };
// Append the marking line of one label document, e.g. `NATO SECRET REL TO FRA` (spec 3.1). An unknown
// policy gives the label's own words and "(policy unknown)". lang may be NULL.
void label_mark(const struct ruleset *rs, const struct label_doc *label, enum marking_place place, const char *lang,
                struct buf *out);
void label_mark_under(const struct security_policies *all, const struct label_doc *label, enum marking_place place,
                      const char *lang, struct buf *out);

#endif
