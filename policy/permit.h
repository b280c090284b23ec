// The capability to let report bytes leave. Only permit.c can make one, only from a decision that permits,
// and it is bound to the digest of a rendition or an attachment, partner and policy. node/io/egress asks for one with
// every byte.
#ifndef RELTO_POLICY_PERMIT_H
#define RELTO_POLICY_PERMIT_H

#include "policy/decide.h"

enum { PERMIT_PARTNER_MAX = 64 };

struct permit; // opaque

// Make a permit for `rendition` (the exact bytes) to the partner of this decision, if the decision is
// release or redact at t, and the rendition withholds at least what the decision withholds.
// ST_DENIED otherwise. Free with permit_free (nulls, accepts NULL).
MUST_USE enum status permit_new(const struct ruleset *rs, size_t partner, const struct decision *dec, utc_ms t,
                                const struct withheld_set *shown_withheld, struct span rendition, struct permit **ret);
// Make a permit for the bytes of an attachment: child `child` of the report that was decided on, if the decision is as
// above and neither withholds this child. ST_DENIED otherwise.
MUST_USE enum status permit_new_attachment(const struct ruleset *rs, size_t partner, const struct decision *dec, utc_ms t,
                                           const struct withheld_set *shown_withheld, const struct report *r,
                                           size_t child, struct permit **ret);
void permit_free(struct permit **p);

// Does it cover these bytes, to this partner, under the policy of this digest, at t?
bool permit_covers(const struct permit *p, struct span rendition, const char *partner, const struct digest *policy,
                   utc_ms t);
// The same for the attachment of this digest. A permit for a rendition covers no attachment, nor the other way round.
bool permit_covers_attachment(const struct permit *p, const struct digest *attachment, const char *partner,
                              const struct digest *policy, utc_ms t);
// Does it still stand, whatever bytes it is for? For a second question about bytes that it was found to cover, and that are
// since on their way in another form.
bool permit_stands(const struct permit *p, const char *partner, const struct digest *policy, utc_ms t);

#endif
