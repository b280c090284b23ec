// The daily commitment to our audit log in each partner's ledger (spec 4.2, 5).
#ifndef RELTO_NODE_CORE_DAILY_HEAD_H
#define RELTO_NODE_CORE_DAILY_HEAD_H

#include "node/core/core.h"

// When the hour of the day has come (core.head_hour, UTC) and no heads were written for this day yet: append a `head` entry to
// the ledger of every partner whose card we have, each with random bytes of its own over the same checkpoint, and keep what it commits to
// for auditors. Days on which the node did not run are not made up for; a node that starts later in the day writes them then, but one
// that never wrote any begins with the next day. *ret_next = the next instant, also after a failure: then when to try again.
// The entries have no events of their own: they would change the log that they speak of.
MUST_USE enum status daily_head_due(struct tick *t, utc_ms *ret_next);

#endif
