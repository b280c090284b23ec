// The trust anchors of nations whose reports partners pass on to us: the folder of [ingest] nation-anchors.
#ifndef RELTO_NODE_IO_NATION_ANCHORS_H
#define RELTO_NODE_IO_NATION_ANCHORS_H

#include "node/config.h"
#include "node/core/core.h"

enum { NATION_ANCHORS_MAX = 256, NATION_ANCHORS_BYTES_MAX = 1024 * 1024 };

// Read NATION.pem, and NATION.crl where it is there, for every nation of the folder; other files are passed over. The list is
// in `a`, what it names is freed by nation_anchors_free. Faults with the file; ST_INVALID also for the own nation and for a
// list of revocations without anchors.
MUST_USE enum status nation_anchors_load(const struct config *c, struct arena *a, struct diag *d, struct core *core);
// Accepts a core without any.
void nation_anchors_free(struct core *core);

#endif
