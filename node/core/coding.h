// Content codings: which one an answer is to have (RFC 9110 12.5.3). Making and undoing them: compress.h.
#ifndef RELTO_NODE_CORE_CODING_H
#define RELTO_NODE_CORE_CODING_H

#include "node/core/request.h"

// The coding's name in headers, "zstd" or "gzip"; "identity" for CODING_NONE. Static.
const char *coding_text(enum coding c);
// The coding of this name (in any case of letters); ST_UNSUPPORTED for every other, lists and an empty name included.
MUST_USE enum status coding_parse(struct span name, enum coding *ret);

// The best of what an Accept-Encoding allows: the highest q-value, zstd before gzip before none where they are equal. What
// is not named has the value of `*`, and none at all is always allowed unless `identity;q=0` or `*;q=0` says otherwise.
// An empty header, and one that is not well-formed or names a coding twice, asks for no coding: nothing is guessed.
// ST_UNSUPPORTED when everything that we could send is excluded.
MUST_USE enum status coding_choose(struct span accept_encoding, enum coding *ret);

// Choose for this request: sets rp->coding and `Vary`. False when it was answered, by 406. For answers with report bytes:
// only after it is clear that the caller may have them.
MUST_USE bool coding_agree(const struct request *rq, struct reply *rp);

// Does an If-None-Match (`*`, or a list of entity tags, compared weakly) name this tag, given with its quotes?
bool etag_listed(struct span if_none_match, const char *etag);

#endif
