// The Atom feed between nodes (spec 4.3): writing and reading pages. RFC 4287, 5005, 6721.
#ifndef RELTO_FORMATS_FEED_H
#define RELTO_FORMATS_FEED_H

#include "formats/ledger_entry.h"
#include "formats/xml.h"

#define NS_ATOM "http://www.w3.org/2005/Atom"
#define NS_TOMBSTONE "http://purl.org/atompub/tombstones/1.0"
#define NS_FEED "urn:relto:feed:1"
#define FEED_MEDIA_TYPE "application/atom+xml"

enum feed_item_kind {
    FEED_REPORT,    // Atom entry with content
    FEED_TOMBSTONE, // deleted-entry: recall or withdraw
    FEED_POSITION,  // the ledger entry alone: superseded since, or head
    FEED_LEAF,      // leaf hash only
};

struct feed_item {
    enum feed_item_kind kind;
    uint64_t n;
    struct ledger_entry entry; // all but FEED_LEAF
    struct digest leaf;        // FEED_LEAF
    const char *title;         // FEED_REPORT: as in the rendition
    const char *author;        // FEED_REPORT: originating nation
    struct span content;       // FEED_REPORT: exact rendition bytes
};

struct feed_page {
    const char *sender, *recipient; // nations
    utc_ms updated;
    const char *self_href, *next_href; // next_href NULL = none
    const char *cursor;                // to be passed as `after` next time
    bool more;
    struct span checkpoint;            // signed note of the tree at the end of this page
    struct feed_item *items;
    size_t item_count;
};

// Where a rendition goes in the page: bytes [0, at) of the frame before it.
struct feed_slot {
    size_t at;   // offset in the frame
    size_t item; // index into page.items
};
// Write the page's frame: everything but the renditions. `slots` (item_count of them) receives one slot per
// FEED_REPORT; the page on the wire is the frame with the renditions inserted at the slots.
void feed_write_frame(const struct feed_page *p, struct buf *frame, struct feed_slot *slots, size_t *ret_slots);

// Read a page. Contents are exact byte ranges of `bytes`. Structures live in `a`.
// ST_INVALID with faults, or what xml_read returns.
MUST_USE enum status feed_read(struct span bytes, struct arena *a, struct diag *d, struct feed_page *ret);

#endif
