// Our requests for consent on their way to the originating nation, and its answers (spec 4.5): what to send next and what to
// make of what came back, without sockets.
#ifndef RELTO_NODE_CORE_CONSENT_ASK_H
#define RELTO_NODE_CORE_CONSENT_ASK_H

#include "node/core/consent.h"

enum consent_ask_kind {
    CONSENT_ASK_NOTHING, // no request to this peer is open
    CONSENT_ASK_SEND,    // a request that it has not taken yet: POST /v1/consents
    CONSENT_ASK_NEWS,    // what became of those that it has: GET
};

enum { CONSENT_WHY_MAX = 256, CONSENT_ANSWER_MAX = (CONSENTS_PAGE_MAX + 1) * 5 * CONSENT_BYTES_MAX };

struct consent_ask {
    enum consent_ask_kind kind;
    struct uuid id;                          // CONSENT_ASK_SEND
    uint64_t after;                          // CONSENT_ASK_NEWS: the change heard of last
    char path[64];
    uint8_t body[CONSENT_REQUEST_BYTES_MAX]; // CONSENT_ASK_SEND
    size_t body_len;
};

// What to ask this peer next: a request goes before news, unless `news_first`. Use that when a request was not taken, so that one
// that the peer will not take for now never keeps a revocation from being heard.
MUST_USE enum status consent_ask_next(struct tick *t, const char *peer, bool news_first, struct consent_ask *ret);

// What an answer came to.
struct consent_heard {
    bool more;                 // ask again at once
    bool failed;               // no such answer, or it was not understood: try again later; nothing is lost
    char why[CONSENT_WHY_MAX]; // then why; also when a consent that came with it does not verify. Else ""
};

// Take the answer (status 0 = none came): record what became of our requests and decide anew what that changes. A grant counts when
// it says what was asked for and the consent key of the peer's card signed it; a revocation counts in any case: it only takes
// away. An answer to a request that we did not make is passed over.
// A grant by a key that the card does not name is fetched again, by its request, until a newer card does. A peer that lost what
// we asked for (its numbers began anew) is sent what waits again.
MUST_USE enum status consent_ask_take(struct tick *t, const char *peer, const struct consent_ask *ask, int status, struct span body,
                                      struct consent_heard *ret);

#endif
