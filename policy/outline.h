// The outline of a report: all of it that decisions are made from (spec 3.4), as bytes. Reports with equal bytes are
// decided alike at every instant under every policy, save for what is recorded of a pair (approvals, refusals, consents)
// and the instant that embargoes count from. No text, title, salt, time or id is in it.
#ifndef RELTO_POLICY_OUTLINE_H
#define RELTO_POLICY_OUTLINE_H

#include "formats/base/arena.h"
#include "formats/base/buf.h"
#include "policy/decide.h"

// Far beyond the labels of any report within the protocol's limits.
#define OUTLINE_BYTES_MAX RENDITION_BYTES_MAX

struct outline {
    // Sufficient to decide: header attributes, labels, kinds of children. Ids, texts and targets are not there.
    // `issued` is UTC_MIN, so that no embargo stands; whoever wants one sets it in a copy.
    const struct report *report;
    bool received;
    enum onward onward;  // of a received one: under these terms
    bool has_references; // which of them are shown depends on what the partner holds
};

// Append the outline of a report. `onward` counts for received ones only. Failures are the buffer's.
void outline_write(const struct report *r, bool received, enum onward onward, struct buf *out);
// Read one; everything lives in `a`. ST_CORRUPT for bytes that outline_write did not write, or the arena's status.
MUST_USE enum status outline_read(struct span bytes, struct arena *a, struct outline *ret);

#endif
