// Requests for consent and what became of them (spec 4.5), at both ends: those that we sent to originating nations, and those
// that partners sent to us for reports of our own.
#ifndef RELTO_STORE_CONSENTS_H
#define RELTO_STORE_CONSENTS_H

#include "formats/consent.h"
#include "store/reports.h"

enum consent_state {
    CONSENT_UNSENT,   // ours: the originating nation has not taken it yet
    CONSENT_WAITING,  // for its officer
    CONSENT_GRANTED,  // until it expires
    CONSENT_REFUSED,
    CONSENT_REVOKED,
    CONSENT_REJECTED, // ours: the originating nation's node would not take it
};
// "unsent", "waiting" …; static.
const char *consent_state_text(enum consent_state s);
bool consent_state_parse(const char *text, enum consent_state *ret);

enum { CONSENT_REASON_MAX = 256 };

struct consent_record {
    struct uuid id;
    bool ours;                      // we asked; else a partner asks us
    enum consent_state state;
    char peer[PARTNER_ID_MAX + 1];  // ours: whom we asked; else who asks
    struct consent_request what;
    utc_ms changed;                 // when the state became this
    utc_ms expires;                 // of a grant; 0 = never granted
    uint64_t change;                // not ours: number of this change among those of the peer's requests
    char by[80];                    // ours: who asked here; else: who answered, "" before
    char reason[CONSENT_REASON_MAX];// of a refusal, revocation or rejection
    struct span grant, revocation;  // signed documents; empty = none
    struct span certificate;        // ours: DER of who signed the grant
    bool damaged;                   // read: the disk has changed something, and nothing is covered by it
};

// Store it; spans must not be the store's own memory. A partner's request gets the next number in *r; one of ours becomes the one
// that counts for its report, version and recipient, and the report's generation of grants grows.
MUST_USE enum status consent_put(struct db_txn *t, struct consent_record *r);
// A grant that expired is no longer to be listed as open; its record stays as it is.
MUST_USE enum status consent_close(struct db_txn *t, const struct consent_record *r);
// Spans are borrowed as with db_get. ST_NOT_FOUND, ST_CORRUPT.
MUST_USE enum status consent_get(struct db_txn *t, struct uuid id, struct consent_record *ret);
// Our request for this (`asked` does not matter) whose fate counts: the one that changed last, but none that waits counts while
// another is granted. ST_NOT_FOUND.
MUST_USE enum status consent_of(struct db_txn *t, const struct consent_request *what, struct consent_record *ret);
// Does a grant that was given to us cover this copy for this recipient at `now`? *ret_until = until when; UTC_MIN = no. `ret` (may
// be NULL) is then the request, spans borrowed.
MUST_USE enum status consent_covers(struct db_txn *t, const struct report_record *copy, const char *recipient, utc_ms now,
                                    utc_ms *ret_until, struct consent_record *ret);

// Walks; the callback's ST_OK goes on, and it may write. What cannot be read is passed over. All, in order of id, behind `after`
// (NULL = from the first).
MUST_USE enum status consents_each(struct db_txn *t, const struct uuid *after,
                                   enum status (*each)(void *ctx, const struct consent_record *r), void *ctx);
// How many of all were changed by the disk, and how many places of the indexes name none.
MUST_USE enum status consents_damaged(struct db_txn *t, uint64_t *ret);
// Those that are not settled (unsent, waiting, granted), of ours or of this peer's. What expired is among them until it is closed.
MUST_USE enum status consents_open(struct db_txn *t, bool ours, const char *peer,
                                   enum status (*each)(void *ctx, const struct consent_record *r), void *ctx);
// A peer's requests whose number is beyond `after`, in order of number.
MUST_USE enum status consents_changed(struct db_txn *t, const char *peer, uint64_t after,
                                      enum status (*each)(void *ctx, const struct consent_record *r), void *ctx);
// The highest number given for this peer; 0 = none.
MUST_USE enum status consents_last_change(struct db_txn *t, const char *peer, uint64_t *ret);
// How far we have heard of the fate of our requests from this peer.
MUST_USE enum status consents_heard(struct db_txn *t, const char *peer, uint64_t *ret);
MUST_USE enum status consents_hear(struct db_txn *t, const char *peer, uint64_t change);

#endif
