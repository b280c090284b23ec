// One item of a partner's page (spec 4.4): a report taken or quarantined, a recall or withdrawal obeyed. The
// page around it was verified by sync.c.
#ifndef RELTO_NODE_CORE_SYNC_ITEM_H
#define RELTO_NODE_CORE_SYNC_ITEM_H

#include "formats/feed.h"
#include "node/core/core.h"

// What became of a report. Only ITEM_QUARANTINED has a reason.
enum item_fate {
    ITEM_TAKEN,
    ITEM_QUARANTINED, // its bytes and reason are kept for the operator; nobody is given it
    ITEM_REFUSED,     // recalled or purged earlier, or superseded by what we hold: not even kept
};

// A report as a partner gave it.
struct item {
    const struct ledger_entry *entry;
    struct span content;       // the rendition
    struct feed_carried with;
};

// Check the rendition against its ledger entry, its originating nation's certificates and the copies held, and
// store it as coming from `from`. A later entry may give the same version in another rendition: it replaces the
// copy held from there if `may_replace`, else (an earlier entry, tried again) it is superseded. *ret_reason (static, stable words) is why it is not right. Quarantines nothing
// itself. Failures are the store's and memory's only.
//
// Copies that the disk damaged are no evidence of anything: they are passed over, and the one from `from` is replaced (by an entry that
// is tried again only if `from` said nothing of the report after it).
//
// Who may have signed it: of a partner's nation one of the certificates in its card; of another nation the certificate
// that came along, when it chains to the anchors that are configured here for that nation ([ingest] nation-anchors). It
// is kept with the copy, and goes on with it. A consent that came along must be the originating nation's, for this sender, us and
// this report, not expired by the time of the entry, and signed by the consent key of its card, or by a key that the same anchors vouch
// for; whole renditions must be the very one that it names. Whether one is needed cannot be seen from here: the terms under which
// the sender got the report are its own.
MUST_USE enum status item_take(struct tick *t, const struct peer *from, const struct item *it, bool may_replace,
                               enum item_fate *ret_fate, const char **ret_reason);

// Put a report into quarantine, with its audit event. A good report whose id somebody else than its nation recalled
// (`recalled-by-another`) is told without its bytes.
MUST_USE enum status item_quarantine(struct tick *t, const struct peer *from, const struct item *it, const char *reason);

// Obey a recall or withdraw from `from`, also when the copies are damaged: then, if no record that is whole says whose report it is, a
// recall counts as its nation's and goes everywhere. Own reports are left alone. Quarantined bytes of the report go too;
// *ret_unquarantined counts those from this partner. *ret_redecide: the report's release is to be decided anew.
MUST_USE enum status item_end(struct tick *t, const struct peer *from, const struct ledger_entry *e,
                              size_t *ret_unquarantined, bool *ret_redecide);

// Erase what is in quarantine of this report, from whomever (an own report that is recalled may have come back).
MUST_USE enum status item_purge(struct tick *t, struct uuid id);

#endif
