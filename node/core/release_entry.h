// Entries of release ledgers, each with its event and the holding that it leaves. For the release flows alone.
#ifndef RELTO_NODE_CORE_RELEASE_ENTRY_H
#define RELTO_NODE_CORE_RELEASE_ENTRY_H

#include "node/core/core.h"
#include "store/ledger.h"

// Append a `release` entry for this holding: kind, n and lapsed of *h are set, the rest is the caller's; it is stored. The
// event names what the rendition withholds: of a report that was erased, only the log can tell.
MUST_USE enum status entry_release(struct tick *t, const char *partner, const struct report *r, const char *agreement,
                                   struct holding *h);
// End what a partner holds with a `recall` or `withdraw` entry; *h follows and is stored.
MUST_USE enum status entry_end(struct tick *t, const char *partner, struct uuid id, struct holding *h,
                               enum entry_kind kind);
// Permission ended and nothing is sent: the holding lapses, which the log alone tells.
MUST_USE enum status entry_lapse(struct tick *t, const char *partner, struct uuid id, struct holding *h,
                                 const char *outcome, const char *reason);
// entry_end for whoever was ever given the report: with `withdraw` who holds it, lapsed or not; with `recall` also
// those from whom it was withdrawn. Nothing is due or held for the report any more.
MUST_USE enum status entry_end_everywhere(struct tick *t, struct uuid id, enum entry_kind kind);

// An entry that this node wrote once and has forgotten with an earlier store, given back by its partner: appended as it was,
// with its event (attribute restored="yes", `actor`) and the holding that it leaves. What it released was given to
// the partner and is served no more: the holding lapses. ST_INVALID: it is not the next entry.
MUST_USE enum status entry_take_back(struct tick *t, const char *partner, const char *actor, struct span leaf,
                                     struct ledger_entry *ret);

// The ledger to this partner began anew: say again, in an entry of the new one, what became of a report in the old one. The
// event has the attribute restated="yes". *h follows and is stored.
MUST_USE enum status entry_restate(struct tick *t, const char *partner, struct uuid id, struct holding *h);

// Which references of a rendition that was released and did not leave yet must not be shown any more: those whose
// target this partner never got and does not get now (it lapsed, was withdrawn or recalled before it was delivered).
// They are added to *set, which withholds more or the same afterwards. When the content of the entry left, nothing is.
MUST_USE enum status entry_hide_references(struct tick *t, const char *partner, const struct report *r,
                                           const struct holding *h, struct withheld_set *set);

#endif
