// Content is purged by rule ([store] keep-days, spec 5); identifiers, ledgers, the log and all proofs stay.
//
// A report is due when its current copy was stored keep-days ago. Then every copy of it, of all versions and sources,
// goes with its attachments, its words in the index and its files of the spool folder. Readings chosen: a purge is no
// withdrawal, partners keep what they have; it ends what is served, which is what `lapse` events say. There is one with
// reason `purged` for each partner to whom the report was released until then, and one without a partner for the
// report. Quarantined bytes are not content of a report here, and stay for the operator.
#ifndef RELTO_NODE_CORE_RETENTION_H
#define RELTO_NODE_CORE_RETENTION_H

#include "node/core/core.h"

// Purge what is due, as much as one tick should. *ret_next: when to call again (`now`: there is more; UTC_MAX: never). A report
// at which it fails is noted in the core's purge_failure.
MUST_USE enum status retention_due(struct tick *t, utc_ms *ret_next);

#endif
