#ifndef RELTO_TOOLS_RELTO_CMD_AUDIT_H
#define RELTO_TOOLS_RELTO_CMD_AUDIT_H

#include "tools/relto/cli.h"

// relto audit verify. Returns the exit code.
int audit_verify(const struct cli *cli);

#endif
