// Whose logs this node witnesses: those of partners with `be-witness = yes`, and those of the file of [audit] witness-logs.
#ifndef RELTO_NODE_IO_WITNESS_LOGS_H
#define RELTO_NODE_IO_WITNESS_LOGS_H

#include "node/config.h"
#include "node/core/core.h"

enum { WITNESS_LOGS_MAX = 512, WITNESS_FILE_BYTES_MAX = 1024 * 1024 };

// Fill core->witness_logs (memory in `a`); the peers are loaded already. A line of the file is a verifier key, or an origin, a
// space and a verifier key; lines that are empty or begin with '#' are passed over. Faults with file and line.
MUST_USE enum status witness_logs_load(const struct config *c, struct arena *a, struct diag *d, struct core *core);

#endif
