// One entry of a release ledger (spec 4.2): canonical bytes <-> structure. Namespace urn:relto:ledger:1.
#ifndef RELTO_FORMATS_LEDGER_ENTRY_H
#define RELTO_FORMATS_LEDGER_ENTRY_H

#include "formats/base/encode.h"
#include "formats/base/sha256.h"
#include "formats/base/utctime.h"
#include "formats/terms.h"
#include "formats/xml.h"

#define NS_LEDGER "urn:relto:ledger:1"

enum entry_kind { ENTRY_RELEASE, ENTRY_RECALL, ENTRY_WITHDRAW, ENTRY_HEAD };

struct ledger_entry {
    uint64_t n;
    uint8_t salt[SALT_LEN];
    enum entry_kind kind;
    utc_ms at;
    struct uuid report;   // release, recall, withdraw
    uint32_t version;     // release; recall and withdraw: the last version released
    struct digest digest; // release: of the rendition; head: the commitment; recall, withdraw: not written
    enum onward onward;   // release
};

// The kind's name on the wire, e.g. "withdraw"; static.
const char *entry_kind_text(enum entry_kind k);
// Append the leaf: <entry xmlns="urn:relto:ledger:1" at=… …></entry>, attributes in canonical order.
void ledger_entry_write(const struct ledger_entry *e, struct buf *out);
// Append ` at="…" digest="…" …`: the attributes alone, for r:entry in a feed.
void ledger_entry_write_attrs(const struct ledger_entry *e, struct buf *out);
// Read an element with these attributes (entry, r:entry). ST_INVALID with a fault.
MUST_USE enum status ledger_entry_read(const struct xml_node *n, struct diag *d, struct ledger_entry *ret);
// Read leaf bytes back; they must be exactly what ledger_entry_write makes. ST_INVALID.
MUST_USE enum status ledger_entry_parse(struct span leaf, struct ledger_entry *ret);

#endif
