// relto show --attachment: the bytes of an attachment into a file; and which attachments of a report have not come yet.
#ifndef RELTO_TOOLS_RELTO_SHOW_ATTACHMENT_H
#define RELTO_TOOLS_RELTO_SHOW_ATTACHMENT_H

#include "tools/relto/local.h"

// The attachment of this element id (or name) of a stored report. False (reported) when it shows none, or when its bytes
// have not come.
bool show_find_attachment(const struct local *l, const struct stored_report *s, const char *element, struct digest *ret,
                          uint64_t *ret_size);
// Say on standard error which attachments of the report are not here.
MUST_USE enum status show_missing(const struct local *l, const struct stored_report *s);
// Write the bytes to a file that must not exist yet, readable by its owner alone, and check their digest. In a snapshot of
// its own, after the reading was recorded. Returns the exit code (reported).
int show_write_attachment(const struct cli *cli, const struct digest *d, uint64_t size, const char *file);

#endif
