// Which characters may stand in a report (spec 2.2): Unicode NFC, no control, bidirectional-override or
// unassigned characters. Over libunistring's tables (Unicode 14 in Debian 12).
#ifndef RELTO_FORMATS_TEXT_RULES_H
#define RELTO_FORMATS_TEXT_RULES_H

#include "formats/base/span.h"
#include "formats/base/status.h"

enum text_verdict {
    TEXT_OK,
    TEXT_CONTROL,    // Cc; line feed and tab are fine where lines are
    TEXT_BIDI,       // embeddings, overrides and isolates: U+202A..202E, U+2066..2069 (plain marks are fine)
    TEXT_UNASSIGNED, // Cn, noncharacters included
    TEXT_NOT_NFC,
};

// Judge well-formed UTF-8 (as xml_read gives it). `lines`: line feeds and tabs are fine. On a verdict other
// than TEXT_OK, *ret_char is the first offending character, or 0 for TEXT_NOT_NFC. ST_OK with the verdict, or
// ST_NOMEM. Linear but for runs of combining marks (n log n); plain and Latin text allocates nothing.
MUST_USE enum status text_rules_check(struct span text, bool lines, enum text_verdict *ret,
                                      uint32_t *ret_char);

// Make any bytes fit for a line on a terminal: what judges as control, bidirectional or unassigned, and what is no
// UTF-8, becomes '?'. In place; the text only gets shorter.
void text_rules_plain(char *text);

#endif
