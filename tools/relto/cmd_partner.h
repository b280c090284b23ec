// This node's own card: shared by partner and init.
#ifndef RELTO_TOOLS_RELTO_CMD_PARTNER_H
#define RELTO_TOOLS_RELTO_CMD_PARTNER_H

#include "tools/relto/cli.h"

// The node's current card: made anew, with the next serial, when keys, certificates or address changed.
MUST_USE enum status partner_card_refresh(const struct cli *cli, struct span *ret);

#endif
