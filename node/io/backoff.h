// How long to wait after failures in a row, for every client of other nodes.
#ifndef RELTO_NODE_IO_BACKOFF_H
#define RELTO_NODE_IO_BACKOFF_H

#include "node/io/node_state.h"

// Half to whole, at random, of retry-min-ms doubled for each failure after the first, at most of retry-max-ms.
uint32_t backoff_ms(struct node_state *node, uint32_t failures);

#endif
