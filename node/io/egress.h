// The one door through which bytes of reports leave (style, "Release is a capability").
#ifndef RELTO_NODE_IO_EGRESS_H
#define RELTO_NODE_IO_EGRESS_H

#include "node/core/request.h"

// Why `denied`, for people.
#define EGRESS_DENIED "it may not go on leaving: recalled, withdrawn, superseded, or its permit ended"

// The bytes of one reply on their way out.
struct egress {
    const struct reply *rp;
    size_t item;         // the next item, or the one being sent
    size_t frame_at;     // bytes of the frame that are out
    size_t rendition_at; // bytes of this item's rendition that are out
    bool coded;          // what is sent is rp->coded …
    size_t coded_at;     // … of which so many bytes are out
    size_t left;         // bytes still to come
    bool denied;         // stopped: what was on its way is not to leave any more
    utc_ms checked;      // when the permits were
    uint64_t endings;    // core->endings when the ledger entries were
    char to[PERMIT_PARTNER_MAX + 1];
    struct digest policy;
};

// Length of the wire form of a reply's body, in bytes; the memory that it takes while it is sent.
size_t egress_length(const struct reply *rp);
size_t egress_memory(const struct reply *rp);

// Begin to send a reply's body: the frame with each rendition at its place, each only if its permit covers it for
// this principal, under this policy, now, and its ledger entry is still what the partner may have (a recall may have come with
// the same commit). ST_DENIED, and nothing to send, otherwise: items go to partners alone.
// `policy` may be NULL for a reply without items. The reply is borrowed until the last byte is taken.
MUST_USE enum status egress_open(struct egress *e, const struct reply *rp, const struct principal *to,
                                 const struct digest *policy, utc_ms now);
// Put what egress_open found permitted, and nothing of it is out yet, into the form that rp->coding names; the renditions are
// then freed. Nothing is done for CODING_NONE. ST_NOMEM, ST_LIMIT: nothing may be sent.
MUST_USE enum status egress_code(struct egress *e, struct reply *rp);
// Copy the next bytes to out[cap]; returns how many, 0 at the end. Before an item that begins a second or more
// after the check, its permit is asked again: if it has ended, `denied` is set and nothing more ever comes
// (spec 8-13); the connection must then be cut. An attachment's permit is asked before each of its chunks, and so is
// its ledger entry: a policy, a recall or a new version stops it in mid-transfer. In a coded body nobody can tell where an
// item begins: the permits of all are asked again each second, and one that has ended stops it at once. When something that was
// released has ended since (core->endings), the ledger is asked about all items that are not out yet, and one that was recalled,
// withdrawn, has lapsed or was superseded stops the answer at once, also in the middle of that item.
size_t egress_take(struct egress *e, uint8_t *out, size_t cap, utc_ms now);

// Another policy is in force: the permit of each item that has not begun, and of each chunk of an attachment, is asked
// again, under this one.
void egress_policy(struct egress *e, const struct digest *policy);

#endif
