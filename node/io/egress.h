// The one door through which bytes of reports leave (style, "Release is a capability").
#ifndef RELTO_NODE_IO_EGRESS_H
#define RELTO_NODE_IO_EGRESS_H

#include "node/core/request.h"

// Length of the wire form of a reply's body, in bytes.
size_t egress_length(const struct reply *rp);

// Append the wire form of a reply's body to `out`: the frame with each rendition at its place, each only if its
// permit covers it for this principal, under this policy, now. ST_DENIED, and nothing appended, otherwise:
// items go to partners alone. `policy` may be NULL for a reply without items. Else the buffer's failure.
MUST_USE enum status egress_send(struct buf *out, const struct reply *rp, const struct principal *to,
                                 const struct digest *policy, utc_ms now);

#endif
