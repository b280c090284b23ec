// Serving a partner's feed (spec 4.3) and taking its receipts: the sending side.
#ifndef RELTO_NODE_CORE_FEED_FLOW_H
#define RELTO_NODE_CORE_FEED_FLOW_H

#include "node/core/core.h"
#include "store/ledger.h"

enum {
    FEED_WAIT_MAX_S = 300,        // longest poll held (spec 4.3)
    FEED_RECEIPT_BYTES_MAX = 65536,
    FEED_RECEIPT_POSITIONS_MAX = 1024, // quarantined positions named in one receipt
};

// GET /v1/feed: a page with items and permits, `deliver` event and delivered marks in this tick; or a hold
// (reply status 0 until received_at + wait) when there is nothing new and the client prefers to wait.
//
// The cursor is the next position and a check over (partner, ledger epoch, position). The epoch is never told,
// so a cursor cannot be made by anyone but us, and one of another partner, of an earlier life of the ledger or of
// a position beyond its end is answered 410 `start-again`. The start needs no cursor. One beyond the end tells that our store
// was rolled back: that is logged as `log-fork`, once for each such position that is larger than those before.
//
// What each position becomes: the latest entry of a report, a release that is not lapsed and passes mediation
// (release_mediate), goes out whole; a recall or withdraw as a tombstone if content of that report ever left; a
// release that left earlier, and a head, as its entry; all else as its leaf hash. When mediation denies, the page
// ends before that entry and the change is written in this same tick. A recall or withdraw that lies between two
// releases of a report of which only the later was delivered also goes out as a tombstone: it speaks of a report
// that the partner holds, and no withdrawal can be missed.
// A partner that we push to is refused: 409 `pushed`.
// A partner that the policy no longer names still gets recalls and withdrawals; content is not served, and what
// it was to get lapses.
MUST_USE enum status feed_serve(struct tick *t, const struct request *rq, struct reply *rp);

// The page from position `from` on, for a partner that we push to: the same page, event and marks. Reply status 204 when
// there is nothing from there on, 503 when it cannot go on now.
MUST_USE enum status feed_page(struct tick *t, const struct request *rq, uint64_t from, struct reply *rp);

// POST /v1/feed/cosignature: verify against our ledger and store; writes a `receipt` event. The body, UTF-8 lines:
//
//   <checkpoint note as served: text, blank line, our signature line>
//   — <node name of the partner> <base64 cosignature/v1>          (the card's cosigning key)
//
//   quarantined 17                       (after a blank line; left out when nothing is quarantined)
//   quarantined 23                       (positions, rising)
//
// 204 stored (or known already: of this size, and without quarantined positions or not cosigned later); 400 `receipt-form`; 403 `receipt-signature`: not our checkpoint or not the
// partner's signature; 409 `receipt-older`: smaller than the one we hold; 409 `log-fork`: we signed this
// checkpoint, yet it is not of our ledger: our store was rolled back or rewritten. That is logged as `log-fork`.
MUST_USE enum status feed_cosignature(struct tick *t, const struct request *rq, struct reply *rp);

// The caller has shown a cursor or checkpoint of ours (`how`) that the ledger does not bear out: note it (ledger_contest)
// and log it as `log-fork` when it is news. root may be NULL.
MUST_USE enum status feed_contested(struct tick *t, const struct request *rq, const char *how, uint64_t size,
                                    const struct digest *root);

// GET /v1/reports/{uuid} for partners: the rendition that their latest entry, a release, names and that mediation
// permits; with an ETag for each coding, and If-None-Match, after authorisation. Logged as a delivery. Unknown and forbidden are the same 404.
MUST_USE enum status feed_report(struct tick *t, const struct request *rq, struct uuid id, struct reply *rp);

// Remember that content of this entry leaves: by position, and with the report.
MUST_USE enum status feed_mark_delivered(struct tick *t, const char *partner, struct uuid id, struct holding *h);
// The `deliver` event of a page, a single report, or `bytes` of an attachment of one (both may be NULL).
MUST_USE enum status feed_log_delivery(struct tick *t, const struct request *rq, uint64_t first, uint64_t last,
                                       uint64_t bytes, const struct uuid *report, const struct digest *attachment);

#endif
