// This node's own card: shared by partner, cert and init. The card is also the record of the report-signing
// certificates of the past: one that it lists stays in it.
#ifndef RELTO_TOOLS_RELTO_OWN_CARD_H
#define RELTO_TOOLS_RELTO_OWN_CARD_H

#include "formats/base/utctime.h"
#include "node/config.h"
#include "tools/relto/cli.h"

// The node's current card: made anew, with the next serial, when keys, certificates or address changed. It lists the
// report-signing certificate in use, the one that is prepared, and as retired those that the last card listed.
// ST_LIMIT with a fault when there would be more than CARD_CERTS_MAX.
MUST_USE enum status partner_card_refresh(const struct cli *cli, struct span *ret);

// The same, with the retired report-signing certificate of this serial (hex) marked as compromised from `from` on
// (whole seconds). ST_NOT_FOUND when the card lists no such certificate; ST_CONFLICT when it is the one in use or the
// prepared one, or marked from an earlier time already: a mark is never taken back.
MUST_USE enum status partner_card_mark_compromised(const struct cli *cli, const char *serial, utc_ms from);

// Files of the report-signing key that is prepared to follow the one in use.
const char *prepared_report_key(const struct cli *cli, const struct config *c);
const char *prepared_report_cert(const struct cli *cli, const struct config *c);

#endif
