// The Atom feed between nodes (spec 4.3): writing and reading pages. RFC 4287, 5005, 6721.
//
// On the wire a page is canonical (exclusive C14N; ours have no white space between elements), and each rendition stands
// verbatim as the only content of its <content type="application/xml">. Because the page is canonical and holds
// no comment or CDATA section, these two tags can only be tags: so the bytes of a rendition are found by looking
// for them, and the page is read as its *frame* (everything but the renditions) plus byte ranges. Whether what
// stands in a content is a rendition at all is the receiver's next question (rendition_read), asked for each one
// alone: a broken report costs its own place, not the page. A rendition declares its own namespaces (the default
// namespace of the feed is Atom's), so that its bytes are the same inside and outside of a page.
#ifndef RELTO_FORMATS_FEED_H
#define RELTO_FORMATS_FEED_H

#include "formats/consent.h"
#include "formats/ledger_entry.h"
#include "formats/xml.h"

#define NS_ATOM "http://www.w3.org/2005/Atom"
#define NS_TOMBSTONE "http://purl.org/atompub/tombstones/1.0"
#define NS_FEED "urn:relto:feed:1"
#define FEED_MEDIA_TYPE "application/atom+xml"

enum {
    FEED_CURSOR_MAX = 200, // bytes; only A-Z a-z 0-9 . _ ~ -, so that it needs no escaping in a query
    FEED_TITLE_MAX = 1000, // bytes of an Atom title; longer titles are cut here, never in the rendition
};

enum feed_item_kind {
    FEED_REPORT,    // Atom entry with content
    FEED_TOMBSTONE, // deleted-entry: recall or withdraw
    FEED_POSITION,  // the ledger entry alone: superseded since, or head
    FEED_LEAF,      // leaf hash only
};

// What travels with a report of another nation than the sender's.
struct feed_carried {
    struct span certificate;         // DER of who signed the report; empty = none
    struct span consent;             // the originating nation's consent (consent.h); empty = none …
    struct span consent_certificate; // … else the DER of who signed that
};

// Far more than a P-256 certificate or a consent takes; the page's limit leaves room for 1,024 of them.
enum { FEED_CARRIED_BYTES_MAX = CONSENT_BYTES_MAX + 2 * CERTIFICATE_BYTES_MAX + 12 };

struct feed_item {
    enum feed_item_kind kind;
    uint64_t n;
    struct ledger_entry entry; // all but FEED_LEAF
    struct digest leaf;        // FEED_LEAF
    const char *title;         // FEED_REPORT: as in the rendition, cut at FEED_TITLE_MAX
    const char *author;        // FEED_REPORT: originating nation
    struct feed_carried with;  // FEED_REPORT
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
// FEED_REPORT; the page on the wire is the frame with the renditions inserted at the slots. `frame` must be
// empty; failures are the buffer's. A FEED_REPORT is a release, a FEED_TOMBSTONE a recall or withdraw: else a bug.
void feed_write_frame(const struct feed_page *p, struct buf *frame, struct feed_slot *slots, size_t *ret_slots);

// Read a page. Contents are exact byte ranges of `bytes`, which must outlive the page; structures live in `a`
// (xml_arena_new(bytes.len) is large enough). Positions are not compared with each other here, contents not read.
// ST_INVALID (not canonical, unknown or missing elements, forms) or what xml_read returns, with faults whose
// columns count without the renditions; ST_LIMIT beyond FEED_DOCUMENT_BYTES_MAX or FEED_PAGE_ENTRIES_MAX items.
MUST_USE enum status feed_read(struct span bytes, struct arena *a, struct diag *d, struct feed_page *ret);

// May this text be a cursor?
bool feed_cursor_valid(const char *cursor);

#endif
