// Problem documents (RFC 9457, XML form): what a client is told when something is wrong.
#ifndef RELTO_FORMATS_PROBLEM_H
#define RELTO_FORMATS_PROBLEM_H

#include "formats/base/diag.h"

#define PROBLEM_MEDIA_TYPE "application/problem+xml"
#define NS_PROBLEM "urn:ietf:rfc:7807"

// Append a problem document. `type` is a stable word, written as urn:relto:problem:<type>; `faults` (may be
// NULL) become <fault line column rule element file>message</fault> in urn:relto:problem:1, and what was dropped
// <dropped>number</dropped>. title and detail may be NULL. Bytes that are no characters become `?`.
void problem_write(const char *type, int http_status, const char *title, const char *detail,
                   const struct diag *faults, struct buf *out);

// What a client reads of one; strings bounded, and fit to be shown (text_rules_plain): they are another's words.
struct problem {
    char type[64], title[160], detail[512];
    struct diag faults;
};
// Read a problem document of any server; what is not understood is passed over, a foreign type is kept whole.
// ST_INVALID for another document, ST_LIMIT beyond 256 KiB, or what xml_read returns; *ret is then not defined.
MUST_USE enum status problem_read(struct span bytes, struct problem *ret);

#endif
