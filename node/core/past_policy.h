// Policies of the past, compiled when first asked for: they are stored by digest for ever (spec 5).
#ifndef RELTO_NODE_CORE_PAST_POLICY_H
#define RELTO_NODE_CORE_PAST_POLICY_H

#include "node/core/core.h"

enum { PAST_POLICIES = 8 }; // compiled ones kept; more are compiled again

struct past_policies { // zero with `t` set = empty
    struct tick *t;
    struct ruleset *known[PAST_POLICIES];
    size_t made; // ever; the last ones are kept
};

// The compiled policy of this digest; borrowed until PAST_POLICIES others were asked for or the end. ST_NOT_FOUND,
// ST_CORRUPT (what is stored does not compile), ST_NOMEM.
MUST_USE enum status past_policy(struct past_policies *p, const struct digest *digest, const struct ruleset **ret);
void past_policies_fini(struct past_policies *p);

#endif
