// A decision as the log holds it: one element of a `decide` event's detail.
#ifndef RELTO_NODE_CORE_DECISION_ELEMENT_H
#define RELTO_NODE_CORE_DECISION_ELEMENT_H

#include "policy/decide.h"

// Append <decision agreement="…" outcome="…" partner="…" reason="…" …></decision>, canonical. The buffer's status.
MUST_USE enum status decision_element(const struct report *r, const char *partner, const struct decision *d, struct buf *out);

#endif
