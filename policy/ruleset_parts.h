// What a ruleset is made of; for policy/ alone.
#ifndef RELTO_POLICY_RULESET_PARTS_H
#define RELTO_POLICY_RULESET_PARTS_H

#include "policy/clearance.h"
#include "policy/community.h"
#include "policy/condition.h"
#include "policy/ruleset.h"

// What an agreement's ceilings allow a label of one policy. Zeroed = nothing passes.
struct ceiling_limit {
    bool open;       // no ceiling
    bool translated; // every ceiling has a meaning under this policy
    int64_t max;     // then: the lowest of them, as hierarchy
};

struct agreement_rule {
    const struct policy_agreement *doc;
    struct party_list parties;
    struct ceiling_limit *limits; // by security policy
    struct span cited;            // "id<TAB>file:line<LF>", for explanations
};

struct denial_rule {
    const struct policy_denial *doc;
    struct party_list partners;
};

// What a value of a release tag set may name.
struct unmarked_rule {
    bool exists; // false = nobody, and the reason is `unmarked`
    struct party_list who;
};

struct ruleset {
    struct arena *arena;
    unsigned users; // ruleset_free by the last one frees it
    struct digest digest;
    uint32_t pad;
    const struct policy_document *doc;
    const struct vocabulary *vocabulary;
    struct security_policies policies;
    struct unmarked_rule *unmarked; // by security policy
    struct communities communities;
    struct name_index party_names; // ids of partners, then of communities
    struct clearance *clearances; // [partner * policies.count + policy]
    struct denial_rule *denials;
    struct agreement_rule *agreements;
    utc_ms **instants; // by partner: when membership or an agreement that may concern it begins or ends, ascending
    size_t *instant_counts;
};

static inline const struct clearance *ruleset_clearance(const struct ruleset *rs, size_t partner, size_t policy)
{
    return &rs->clearances[partner * rs->policies.count + policy];
}

// Resolve every reference of the document and fill the tables. The document, its SPIFs' compiled forms and the
// vocabulary are in place. ST_INVALID with every fault found.
MUST_USE enum status ruleset_compile(struct ruleset *rs, struct diag *d);
// Fill `instants`.
MUST_USE enum status ruleset_compile_instants(struct ruleset *rs);
// The earliest of the partner's instants after t, or UTC_MAX.
utc_ms ruleset_next_instant(const struct ruleset *rs, size_t partner, utc_ms t);
// Limits of an agreement's ceilings for a label of each policy. Unknown words are faults.
MUST_USE enum status ceilings_compile(struct ruleset *rs, const struct policy_agreement *from, struct diag *d,
                                      struct ceiling_limit *ret);

#endif
