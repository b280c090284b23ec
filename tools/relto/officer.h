// Calls that officers make: as whom.
#ifndef RELTO_TOOLS_RELTO_OFFICER_H
#define RELTO_TOOLS_RELTO_OFFICER_H

#include "tools/relto/client.h"

// The certificate to call with: `as` when given, else the only officer's under DIR/certs. NULL (reported) when there is
// none, or the choice is not clear. Lives in cli->arena.
const char *officer_who(const struct cli *cli, const char *as);

#endif
