// Drafts as files: what cells write by hand, with comments.
#ifndef RELTO_TOOLS_RELTO_DRAFT_FILE_H
#define RELTO_TOOLS_RELTO_DRAFT_FILE_H

#include "formats/report.h"
#include "tools/relto/draft_attach.h"

// Read a draft, or a report that is signed already. *ret_bytes is what to send: of a draft without the comments between
// elements, with what attach_fill fills in from `attach`; of a signed report the exact bytes. Both live in `a`. ST_INVALID and what file_read and report_read return, with
// faults in cli->diag; also when a portion of a draft has no text yet.
MUST_USE enum status draft_file_read(const struct cli *cli, const char *file, struct attach_files *attach, struct arena *a,
                                     struct span *ret_bytes, const struct report **ret);

#endif
