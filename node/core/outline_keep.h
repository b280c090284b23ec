// Keeping the outline of each report as it is decided, so that the next change of policy finds what it changes.
#ifndef RELTO_NODE_CORE_OUTLINE_KEEP_H
#define RELTO_NODE_CORE_OUTLINE_KEEP_H

#include "node/core/core.h"
#include "node/core/record.h"

// Before the first decision of all: note as of which policy and instant decisions are made (store/policy_steps.h).
MUST_USE enum status outline_begin(struct tick *t);
// The current copy of a report was decided for all partners.
MUST_USE enum status outline_keep(struct tick *t, const struct stored_report *s);
// So it was, and its outline alone does not tell what a change of policy means for it.
MUST_USE enum status outline_keep_none(struct tick *t, struct uuid report);

#endif
