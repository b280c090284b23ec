// Why somebody does something, as a query parameter.
#ifndef RELTO_NODE_CORE_REASON_H
#define RELTO_NODE_CORE_REASON_H

#include "node/core/request.h"

enum { REASON_BYTES_MAX = 256 };

// The query parameter `reason`: one line of characters that may stand in a document, not all of them blank, at most 255 bytes.
// *ret_good says whether it is there and so; `out` is "" when not. ST_NOMEM.
MUST_USE enum status reason_read(const struct request *rq, char out[REASON_BYTES_MAX], bool *ret_good);

#endif
