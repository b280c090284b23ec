// A draft to be filled in: the form of a report type, with the words of a security policy beside the places where
// they go (spec 2.1, `relto new`). What the author must decide is left empty, and an empty one is refused by the node.
#ifndef RELTO_FORMATS_DRAFT_TEMPLATE_H
#define RELTO_FORMATS_DRAFT_TEMPLATE_H

#include "formats/base/buf.h"
#include "formats/base/utctime.h"
#include "formats/spif.h"
#include "formats/vocabulary.h"

struct draft_template {
    const struct vocabulary *vocabulary;
    const struct vocabulary_term *type; // of it; a type without a form of its own gets the general one
    const struct spif *spif;            // security policy of the labels
    const char *nation, *cell;
    const char *lang;                   // language of the text, e.g. "en"
    utc_ms now;                         // creation time of the labels
};

// Append the commented draft, UTF-8. Classifications and categories are named as the SPIF has them, obsolete ones left
// out; of a long list the first 60.
void draft_template_write(const struct draft_template *t, struct buf *out);

#endif
