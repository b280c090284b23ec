// Re-making decisions and writing their ledger consequences (spec 3.5): the one place that releases.
#ifndef RELTO_NODE_CORE_RELEASE_H
#define RELTO_NODE_CORE_RELEASE_H

#include "node/core/record.h"
#include "store/grants.h"
#include "policy/outline.h"
#include "policy/partner_set.h"
#include "store/ledger.h"
#include "store/outlines.h"
#include "store/reports.h"

enum release_cause { CAUSE_PUBLISH, CAUSE_NEW_VERSION, CAUSE_RECEIVE, CAUSE_INSTANT, CAUSE_RECHECK, CAUSE_POLICY };

// Decide the current copy of a report for every partner at the tick's instant, write what changed (ledger
// entries, holdings, lapses), the `decide` event and the next instant. A report without any copy left (its
// source withdrew it) is withdrawn wherever it was released; a recalled or purged one is left alone. One whose stored bytes
// are damaged lapses everywhere, with a `quarantine` event; `ret` is then not filled.
//
// Readings chosen where spec 3.5 leaves room. A lapsed copy is reached by recalls and received withdrawals alone, not by
// a later denial or label. What happens to a copy that is no longer permitted is said by the terms that were in force last, also when
// their activation was not worked off before. Onward terms that became stricter are a new release of the same rendition. While a new
// version waits, the old one is decided for itself: it may lapse, be withdrawn or be released with another
// visible set. A partner that the policy no longer names is denied. A rendition that is made anew shows a reference if
// its target is then released to the partner and not lapsed. One that was released is made anew only if it did not leave
// yet and would name a report of which the partner never heard.
// `ret` (may be NULL) receives one decision per partner of the ruleset; its array is the caller's,
// ruleset_partner_count long, and its strings are the ruleset's.
MUST_USE enum status release_report(struct tick *t, struct uuid id, enum release_cause cause, struct decision *ret);
// The same for a copy that has just been stored and is current, read from the very bytes that were stored: `s` stays the
// caller's. Another one that is current is decided in its place.
MUST_USE enum status release_stored(struct tick *t, struct stored_report *s, enum release_cause cause, struct decision *ret);

// Some of the pairs of one report, of which it is known that nothing changes for the others.
struct release_some {
    const struct outline *outline; // of the report
    struct outlined known;         // the report, and of which stored bytes that is the outline
    const struct report_record *of; // of those bytes (outlines_of); version 0: it is to be read
    struct partner_set partners;   // decided anew, by index in the active policy
    const char *const *gone;       // partners that the active policy does not name
    size_t gone_count;
};
// The same as release_report for these pairs alone, at a cost that does not grow with the partners: decisions are made
// from the outline, and the bytes are read only where parts are withheld, references named or an older version is there. The
// `decide` event (attribute partners="some") tells of these partners only, of those that the policy does not name in the
// attribute `gone`; more than one is written when they are many. When the current copy is another one by now, all of it is decided.
MUST_USE enum status release_some(struct tick *t, const struct release_some *s, enum release_cause cause);

// A decision that rests on a consent may change when that expires, and says so (next_change, own_change).

// Complete mediation (spec 4.3): is what this holding says still permitted now? Always decides anew, also whether
// an older version may be served beside the current one. On yes: the rendition's exact bytes in `out` and a permit for
// them. ST_DENIED when not, or when the stored bytes are gone or damaged: the caller then runs release_report and
// starts its page again.
MUST_USE enum status release_mediate(struct tick *t, size_t partner, struct uuid id, struct holding *h,
                                     struct buf *out, struct permit **ret);

// The same for an attachment of the report: a permit for its bytes if it is visible in the rendition that this holding
// names. ST_NOT_FOUND when that shows no attachment of this digest and size, ST_DENIED as above.
MUST_USE enum status release_mediate_attachment(struct tick *t, size_t partner, struct uuid id, const struct holding *h,
                                                const struct digest *digest, uint64_t size, struct permit **ret);

// The decision for one partner with all that the store records about the pair (approvals, terms, times).
// ret_with (may be NULL) receives that record, for explanations.
MUST_USE enum status release_decide(struct tick *t, const struct report *r, const struct report_record *rec,
                                    size_t partner, struct decision *ret, struct decide_record *ret_with);

// What decisions rest on besides report and record: the store's present state, or what the log says of a past one.
struct decide_basis {
    const struct ruleset *rules;
    utc_ms at;
    struct decider *decider; // of this report, these rules and this instant; NULL = for this decision alone
    // Call back with what each officer said about this version for this partner.
    enum status (*approvals)(void *ctx, const struct report_record *rec, const char *partner,
                             enum status (*each)(void *each_ctx, const struct approval *a), void *each_ctx);
    // Until when a consent of the originating nation covers this copy for this partner; UTC_MIN = there is none.
    enum status (*consent)(void *ctx, const struct report_record *rec, const char *partner, utc_ms *ret_until);
    void *ctx;
};
MUST_USE enum status release_decide_with(const struct decide_basis *b, const struct report *r,
                                         const struct report_record *rec, size_t partner, struct decision *ret,
                                         struct decide_record *ret_with);

// Recall in every ledger that ever held a release of it (spec 3.5). `by` and `reason` go to the log.
MUST_USE enum status release_recall(struct tick *t, struct uuid id, const char *by, const char *reason);

// Run what is due at the tick's instant, as much as one tick should. *ret_next = the next instant (UTC_MAX none), also
// after a failure: then when to try again. A report that cannot be decided fails one tick, is put off by ten minutes in
// the next one, with a `quarantine` event, and so does not keep others from their instants.
MUST_USE enum status release_due(struct tick *t, utc_ms *ret_next);

#endif
