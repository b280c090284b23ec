// One report at one instant, made ready to be decided for any number of partners: what does not depend on the
// partner is found once, when first wanted. For policy/ alone.
#ifndef RELTO_POLICY_DECIDE_CASE_H
#define RELTO_POLICY_DECIDE_CASE_H

#include "policy/label_check.h"

enum memo { MEMO_UNKNOWN = 0, MEMO_NO, MEMO_YES };

struct decide_case {
    struct label_context labels;
    const struct report *report;
    struct label_element overall;
    struct label_element header; // not read when the overall label governs
    struct label_element **children; // by child; NULL = not read yet
    struct condition_facts facts;
    uint8_t *fires;  // by denial, enum memo
    uint8_t *covers; // by agreement, enum memo
    utc_ms next_label; // earliest succession after t, or UTC_MAX
};

// Prepare. Everything lives in `a`; failures are the arena's.
MUST_USE enum status decide_case_init(struct decide_case *c, const struct ruleset *rs, const struct report *r, utc_ms t,
                                      struct arena *a);
// Decide for one partner. ST_OK, or the arena's status: then `ret` denies without a reason.
MUST_USE enum status decide_case_partner(struct decide_case *c, size_t partner, const struct decide_record *rec,
                                         struct decision *ret);

// The tests of the table, for explanations.
bool decide_case_denial_names(const struct decide_case *c, size_t denial, size_t partner);
bool decide_case_denial_fires(struct decide_case *c, size_t denial);
bool decide_case_agreement_active(const struct decide_case *c, size_t agreement);
bool decide_case_agreement_names(const struct decide_case *c, size_t agreement, size_t partner);
bool decide_case_agreement_covers(struct decide_case *c, size_t agreement);
// The governing agreement, or NULL.
const struct agreement_rule *decide_case_governing(struct decide_case *c, size_t partner);
struct label_element *decide_case_header(struct decide_case *c);
// The labels of a portion or attachment.
struct label_element *decide_case_child(struct decide_case *c, size_t child);
// Is the child an element for policy (spec 3.4)? Withheld children of a received copy are, decoys of ours not.
enum element_kind { ELEMENT_NONE = 0, ELEMENT_WITHHELD, ELEMENT_PRESENT };
enum element_kind decide_element_kind(const struct report *r, size_t child, bool received);
// The earliest succession after t of any label of the report, or UTC_MAX.
utc_ms decide_next_succession(const struct report *r, utc_ms t);
// Did the report come from elsewhere? A report of another nation did, whatever the record says.
bool decide_received(const struct ruleset *rs, const struct report *r, const struct decide_record *rec);

// The greatest memory that one case may take: far beyond any report within the protocol's limits.
#define DECIDE_BYTES_MAX (256 * MIB)

#endif
