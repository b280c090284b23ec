// Pushing our feed to a partner that cannot call us (spec 4.4), without sockets: what to send, and what its answers say. What
// is sent is a reply, to go out by the door (node/io/egress.h) to this partner alone.
#ifndef RELTO_NODE_CORE_PUSH_H
#define RELTO_NODE_CORE_PUSH_H

#include "node/core/core.h"

// Where it stands as far as we know: the end of what its receipts cover.
MUST_USE enum status push_position(struct tick *t, const char *partner, uint64_t *ret);
// The page from this position on (feed_page): reply status 200; 204 = nothing is there; 503 = it cannot go on now.
MUST_USE enum status push_page(struct tick *t, const char *partner, uint64_t position, struct reply *rp);
// Does a recall or withdrawal lie in [from, to)? Those wait for no hours.
MUST_USE enum status push_has_end(struct tick *t, const char *partner, uint64_t from, uint64_t to, bool *ret);

// The partner answered a page: its receipt (may be empty) and its position. Checked and stored as one that it posts
// (feed_cosignature). ST_OK with `why` empty: go on from *ret_position. Else nothing can be pushed, for the reason in `why`: the
// receipt does not verify; or our ledger is not the one that it holds, which is then in the log.
MUST_USE enum status push_answered(struct tick *t, const char *partner, struct span receipt, uint64_t position,
                                   uint64_t *ret_position, char why[160]);
// A failure, for people.
MUST_USE enum status push_failed(struct tick *t, const char *partner, const char *why);

// One line of what the partner wants (inbox_wanted).
struct push_want {
    struct digest digest;
    uint64_t size, have;
};
// Line n, from 0; false when there is none, or it is not well-formed.
bool push_want_read(struct span body, size_t n, struct push_want *ret);
// Its bytes, from `have` on: reply status 200 or 206; 404 when it may not have them.
MUST_USE enum status push_attachment(struct tick *t, const char *partner, const struct push_want *w, struct reply *rp);

#endif
