// Is a text in canonical XML? In one pass and without building anything: for what Relto itself has written, which needs no
// more than to be the same still. (The reader for what others write is formats/xml.h.)
#ifndef RELTO_FORMATS_CANONICAL_H
#define RELTO_FORMATS_CANONICAL_H

#include "formats/base/span.h"

enum { CANONICAL_DEPTH_MAX = 16 }; // of elements in one another

// Stand behind the last byte of the attribute value that begins at s[at]: at its closing quotation mark. False when a
// character is not allowed in XML, or not escaped as canonical XML wants it, or the end is missing. *ret_plain: nothing
// in it is escaped.
bool canonical_value(struct span s, size_t at, size_t *ret_end, bool *ret_plain);
// Can the text stand in an attribute as it is, being of ASCII characters without anything to escape?
bool canonical_plain(struct span s);
// Are these zero or more elements, each without prefix and namespace declaration, their names of ASCII letters, digits,
// `-`, `_` and `.`, attributes in order, text nowhere but inside them? No comments, instructions or CDATA.
bool canonical_elements(struct span s);

#endif
