// What awaits approval, and officers' answers (spec 3.4 line 8, 4.5).
//
// Readings chosen where the specification leaves room:
// - An officer is the name in the certificate, not the certificate: with a new one the same officer still counts once. The
//   certificate's digest goes to the audit log.
// - An approval covers the version and the elements that are visible at that instant. If-Match with the `etag` of the list
//   makes sure that these are what the officer saw.
// - What an officer said last stands: an approval takes the place of their own refusal, and the reverse. `revoke` takes
//   back what the same officer said; another's refusal stays.
// - A refusal may also come while an embargo runs, or after the release: what was released then lapses or is withdrawn
//   as its terms say. Approval is for what is held, or was refused.
#ifndef RELTO_NODE_CORE_HOLD_H
#define RELTO_NODE_CORE_HOLD_H

#include "node/core/core.h"

#define NS_HOLDS "urn:relto:holds:1"

enum { HOLDS_PAGE_MAX = 256 };

// GET /v1/holds?after=UUID/PARTNER: a <holds> document (formats/schema/holds.xsd) of what is held now, at most
// HOLDS_PAGE_MAX; `next` is the `after` of the rest.
MUST_USE enum status hold_list(struct tick *t, const struct request *rq, struct reply *rp);

// POST /v1/holds/{uuid}?partner=P&action=approve|refuse|revoke, for the current version. 200 with the pair as it stands
// then, also when the same was said before; the release, if it is one, is in the same commit. 404 `not-found`; 409 `not-held`, `nothing-to-revoke`; 410
// `recalled`; 412 `version-changed`; 422 `hold-form`.
MUST_USE enum status hold_answer(struct tick *t, const struct request *rq, struct uuid id, struct reply *rp);

#endif
