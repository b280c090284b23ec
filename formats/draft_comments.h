// Drafts may be commented; reports are not (spec 2.2).
#ifndef RELTO_FORMATS_DRAFT_COMMENTS_H
#define RELTO_FORMATS_DRAFT_COMMENTS_H

#include "formats/base/buf.h"

// Append `in` with each comment that stands between elements made blank, line for line, so that faults found later keep
// their places. A comment within a text stays, and is refused by whoever reads the report: it could hide what a reader
// takes for one word. Whether `in` is XML at all is not looked at.
void draft_blank_comments(struct span in, struct buf *out);

#endif
