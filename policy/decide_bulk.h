// Decisions for all partners at once (spec 3.4): publication, policy change. In partner bit sets: one evaluation per
// distinct label and per distinct set of attributes, then set operations alone. Gives exactly what decide() gives.
#ifndef RELTO_POLICY_DECIDE_BULK_H
#define RELTO_POLICY_DECIDE_BULK_H

#include "policy/decide.h"
#include "policy/partner_set.h"

// One policy at one instant, and what was found out under it so far. Not to be shared by threads.
struct decide_bulk;

// Prepare to decide any number of reports at t. Remembers distinct labels and attributes in at most `memory_max` bytes
// (forgets all and begins anew when they are reached). The ruleset must outlive it. ST_OK, ST_NOMEM or ST_LIMIT
// (memory_max is too small for the policy). Free with decide_bulk_free (nulls, accepts NULL).
MUST_USE enum status decide_bulk_new(const struct ruleset *rs, utc_ms t, size_t memory_max, struct decide_bulk **ret);
void decide_bulk_free(struct decide_bulk **b);

// Each partner is in one set of either row.
struct decide_bulk_sets {
    struct partner_set outcomes[OUTCOME_RELEASE + 1];
    struct partner_set reasons[REASON_APPROVAL + 1];
};

// Decide a report for all partners, to whom one record applies (whoever has another is to be asked about by decide()).
// The result is borrowed until the next call. ST_OK, or ST_NOMEM, ST_LIMIT: no decision, nothing may be released.
MUST_USE enum status decide_bulk(struct decide_bulk *b, const struct report *r, const struct decide_record *rec,
                                 const struct decide_bulk_sets **ret);
// The decision for one partner of the report last decided, as decide() would give it.
void decide_bulk_partner(const struct decide_bulk *b, size_t partner, struct decision *ret);

#endif
