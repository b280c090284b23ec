// The secret of a node from which imported reports get their ids.
#ifndef RELTO_TOOLS_RELTO_IMPORT_SECRET_H
#define RELTO_TOOLS_RELTO_IMPORT_SECRET_H

#include "node/config.h"
#include "tools/relto/cli.h"

enum { IMPORT_SECRET_BYTES = 32 };

// Read DIR/keys/import.key, or make it at the first import. *ret lives in cli->arena. Whoever knows it could tell from a record
// which id its report has; without it the next import would publish everything anew. ST_INVALID when the file is no such key, or
// what file_read and file_write return; with faults in cli->diag.
MUST_USE enum status import_secret(const struct cli *cli, const struct config *config, const uint8_t **ret);

#endif
