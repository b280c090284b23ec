// Why a decision came out as it did: every test made, in order, with the policy element and line (spec 3.4).
#ifndef RELTO_POLICY_EXPLAIN_H
#define RELTO_POLICY_EXPLAIN_H

#include "policy/decide.h"

// One plain sentence for the officer, e.g. "Redacted under GBR-FRA-2021-CT: e2 withheld (classification)."
void explain_summary(const struct ruleset *rs, const struct report *r, size_t partner, const struct decision *dec,
                     struct buf *out);
// Decide again and append one line per test: line number of the table, test, outcome, policy id and line.
// For officers, cells and auditors only; never for partners.
void explain_text(const struct ruleset *rs, const struct report *r, size_t partner, utc_ms t,
                  const struct decide_record *rec, struct buf *out);

#endif
