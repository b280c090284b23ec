// Consents (spec 4.5): partners ask for them, our officers grant, refuse and revoke them for reports of our own, and have our
// node ask originating nations for theirs.
//
// Readings chosen where the specification leaves room:
// - Consent is asked of the originating nation alone, by who holds the report from it: whoever got it from a hub asks in vain.
// - The rendition of a consent is the one that the originating nation released to the requester. What goes on is that, or less
//   of it. When the requester gets another rendition, or another version, the consent no longer covers it.
// - A consent is for one recipient. What the recipient may do with it is told by the terms under which it gets the report.
// - A grant may be given again with another end, also after a refusal or revocation: the newest word counts.
// - Partners learn why something was refused or revoked, but not by which officer.
#ifndef RELTO_NODE_CORE_CONSENT_H
#define RELTO_NODE_CORE_CONSENT_H

#include "node/core/core.h"
#include "store/consents.h"

#define NS_CONSENTS "urn:relto:consents:1"

enum {
    CONSENTS_PAGE_MAX = 64,   // requests in one answer
    CONSENTS_OPEN_MAX = 1024, // of one partner, waiting or granted
    CONSENT_DAYS_DEFAULT = 30,
    CONSENT_DAYS_MAX = 3660,
};

// GET /v1/consents. Officer: all requests, ours and partners', at most CONSENTS_PAGE_MAX; `next` is the `after` of the rest.
// Partner: its own requests whose state changed behind change number `after` (0 = all), in order of change, canonical, with the
// signed documents; `latest` is the highest number there is. 200 with a <consents> document (formats/schema/consents.xsd).
MUST_USE enum status consents_get(struct tick *t, const struct request *rq, struct reply *rp);

// POST /v1/consents. Partner: the body is a <request> (formats/consent.h) for a report that it holds from us; the same again
// changes nothing. Officer: ?report=UUID&partner=P has our node ask the originating nation. 200 with the request as it
// stands. 404 `not-found`; 409 `consent-not-needed`, `onward-forbidden`, `consent-outdated`, `no-originator`; 422 `consent-form`; 429
// `too-many-consents`.
MUST_USE enum status consents_post(struct tick *t, const struct request *rq, struct reply *rp);

// POST /v1/consents/{uuid}?action=grant[&until=T] | refuse&reason=R | revoke[&reason=R], for a partner's request. 200 with the
// request as it stands. 404 `not-found`; 409 `not-ours-to-answer`, `not-held`, `nothing-to-revoke`; 422 `consent-form`.
MUST_USE enum status consent_answer(struct tick *t, const struct request *rq, struct uuid id, struct reply *rp);

#endif
