// Taking what a partner pushes, which we cannot call (spec 4.4): pages of its feed, and attachments of its reports. All of it
// only from partners with inbox = yes; others are answered 403 `no-inbox`.
#ifndef RELTO_NODE_CORE_INBOX_H
#define RELTO_NODE_CORE_INBOX_H

#include "node/core/core.h"

#define INBOX_ATTACHMENTS "/v1/inbox/attachments/"
// Header of the answer to a page: the position from which on the next page is expected.
#define INBOX_POSITION "Inbox-Position"
enum { INBOX_WANTED_MAX = 256 }; // attachments told in one answer

// POST /v1/inbox?start=N: a page of the caller's feed to us that begins at position N, the same document that
// GET /v1/feed gives, also with `Content-Encoding: zstd` or `gzip`. It is judged and applied as a page that we fetched
// (sync_apply_page). 200 when it is durable, with our receipt (feed_cosignature) as the body. 409 with `Inbox-Position`
// when N is not our position: nothing was read; the body is then our receipt for what we hold, empty when there is none. The
// caller finds in it what an answer that it lost has said, or that its own store is an old one. 409 `log-fork` (a problem
// document without that header): we stopped, or stop with this page; 413 `too-large`; 415 `coding`; 422 `inbox-form`,
// `page-refused`.
MUST_USE enum status inbox_take(struct tick *t, const struct request *rq, struct reply *rp);

// GET /v1/inbox/attachments: what the caller's reports show and is not here yet, as text: a line for each, of its SHA-256 in
// hexadecimal digits, its size, and how many bytes are here, at most INBOX_WANTED_MAX of those that may be tried now.
MUST_USE enum status inbox_wanted(struct tick *t, const struct request *rq, struct reply *rp);

// PUT /v1/inbox/attachments/{sha256}?offset=N: bytes of one that is wanted, from N on (default 0) to the end, in pieces
// (request.h), each durable before the next. 201 when it is whole; 404 when it is not wanted (any more); 409 `upload-offset`
// with Upload-Offset when N is not where it goes on; 422 `attachment-form`, `digest-mismatch`: erased, begin again.
MUST_USE enum status inbox_attachment(struct tick *t, const struct request *rq, struct reply *rp);

#endif
