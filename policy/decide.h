// The decision (spec 3.4): may this report, or which parts of it, go to this partner at this instant?
// A pure function of its arguments. A refusal is data, not an error; zero is the safe value everywhere.
#ifndef RELTO_POLICY_DECIDE_H
#define RELTO_POLICY_DECIDE_H

#include "formats/report.h"
#include "policy/kernel.h"
#include "policy/ruleset.h"

const char *outcome_text(enum outcome o);
const char *reason_text(enum reason r);
bool outcome_parse(const char *text, enum outcome *ret);

// What is recorded about one (report version, partner) pair besides the policy.
struct decide_record {
    bool received;        // the report came from another node …
    enum onward onward;   // … under these terms (ignored for own reports)
    bool consented;       // an unexpired consent covers this partner
    uint32_t approvals;   // distinct officers who approved at least the set now visible
    bool refused;         // an officer refused and has not revoked it
    utc_ms stored_at;     // UTC_MIN: embargo counts from `issued` alone
    bool any_approvals_count; // offline form: `approvals` counts whatever the visible set
    struct withheld_set approved_withheld; // the set that the approvals bind to: not to be exceeded
};

struct decision {
    enum outcome outcome;
    enum reason reason;
    const char *rule;          // id of the denial for REASON_RULE, else NULL; owned by the ruleset
    bool rule_withdraws;       // that denial says withdraw="true"
    const char *agreement;     // id of the governing agreement from line 4 on, else NULL
    struct policy_terms terms; // of the governing agreement
    struct withheld_set withheld; // set for redact, embargo, hold and consent-less outcomes past line 6
    utc_ms until;              // embargo: the instant it ends
    utc_ms next_change;        // earliest instant after t at which this decision may differ; UTC_MAX = none
    utc_ms own_change;         // the same, without the instants that the policy dates (memberships, agreements)
};

// Decide for one partner (index into the ruleset). Labels' and texts' memory is only read. When memory runs out the
// result denies without a reason (REASON_NONE) and next_change = t: no decision, try again. Readings chosen where
// spec 3.4 leaves room: a report of another nation counts as received, under `forbidden` terms unless the record
// says otherwise; an absent label fails as `unknown-policy`; a draft that states `issued` is taken at its word.
void decide(const struct ruleset *rs, const struct report *r, size_t partner, utc_ms t,
            const struct decide_record *rec, struct decision *ret);

// The same for several partners of one report at one instant: what does not depend on the partner is found once. Ruleset and report
// must outlive it. NULL when memory is out.
struct decider;
struct decider *decider_new(const struct ruleset *rs, const struct report *r, utc_ms t);
void decider_free(struct decider **d);
void decider_decide(struct decider *d, size_t partner, const struct decide_record *rec, struct decision *ret);

// Does the decision let the report, or parts of it, go?
bool decision_permits(const struct decision *dec);

// Do the labels in force at t withhold element `child` (or the overall label) from this partner that is
// visible in `before`? The test "the label became narrower" of spec 3.5, on labels alone. It does not say what changed:
// a clearance taken away makes it true as well, so ask decide_labels_changed first where the report is the same.
bool decide_labels_narrower(const struct ruleset *rs, const struct report *r, size_t partner, utc_ms t,
                            const struct withheld_set *before);

// Does another label come into force, by succession, after `after` and up to `upto`?
bool decide_labels_changed(const struct report *r, utc_ms after, utc_ms upto);

// Append the ids of a withheld set, comma-separated in document order, "-" when none; and read such a text back: false for
// an id that the report does not have.
void withheld_ids(const struct report *r, const struct withheld_set *w, struct buf *out);
bool withheld_ids_parse(const struct report *r, const char *text, struct withheld_set *ret);
// withheld_ids of the decision.
void decision_withheld_ids(const struct report *r, const struct decision *dec, struct buf *out);
// Append one line of the offline form (spec 6.2), without line feed.
void decision_tsv(const struct ruleset *rs, const struct report *r, size_t partner, const struct decision *dec,
                  struct buf *out);

#endif
