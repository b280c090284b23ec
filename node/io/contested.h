// Partners that hold more or other of our ledger than we do: after an old store was brought back, for one.
#ifndef RELTO_NODE_IO_CONTESTED_H
#define RELTO_NODE_IO_CONTESTED_H

#include "node/core/core.h"

struct contested {
    uint64_t sizes; // summed over the partners: what was told last
};

// Append a line for each such partner to `out`; nothing when there is none.
MUST_USE enum status contested_list(struct core *c, struct buf *out);
// Log an alarm for each when there is news since the last call.
void contested_look(struct contested *x, struct core *c);

#endif
