// The HTTP form of a reply: status line, headers with Content-Length, body through the egress (spec 4.1).
#ifndef RELTO_NODE_IO_HTTP_WIRE_H
#define RELTO_NODE_IO_HTTP_WIRE_H

#include "node/core/request.h"
#include "node/io/egress.h"

struct http_wire {
    bool head_only;                // the answer to HEAD: the same head, no body
    bool close;                    // say `Connection: close`
    utc_ms now;                    // for Date and the permits
    const struct principal *to;    // NULL = nobody to whom reports may go
    const struct digest *policy;   // in force now; NULL = no reports
};

// A head and a body up to this go out in one piece (and one TLS record).
enum { HTTP_WIRE_WHOLE_MAX = 15 * 1024 };

// Put the reply into the coding that it asks for, and make `out` (set up by this) hold the answer's head, and, if it is small, its body. A larger one is left to
// `body`, open over `rp`, to be taken as it is sent. Content-Length always, save for 204 and 304, which have no
// body; `Cache-Control: no-store` unless the reply says otherwise.
// ST_DENIED when the egress refuses, ST_NOMEM, ST_LIMIT; `out` is then empty. The caller frees `out` in any case.
MUST_USE enum status http_wire_answer(struct buf *out, struct egress *body, struct reply *rp, const struct http_wire *w);

#endif
