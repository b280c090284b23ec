// Attachments of a draft that is to be published: which files they are, what the draft says of them, their upload.
#ifndef RELTO_TOOLS_RELTO_DRAFT_ATTACH_H
#define RELTO_TOOLS_RELTO_DRAFT_ATTACH_H

#include "formats/report.h"
#include "tools/relto/cli.h"

enum { ATTACH_FILES_MAX = 1024 };

// Files named by --attach, and those found: name and place of each that has an element in the draft.
struct attach_files {
    const char *named[ATTACH_FILES_MAX]; // borrowed
    size_t named_count;
    struct attach_file {
        const char *path; // in cli->arena
        struct digest digest;
        uint64_t size;
    } found[ATTACH_FILES_MAX];
    size_t found_count;
};

// Take `--attach FILE` and `--attach=FILE`, which may stand often, out of argv. Returns -1 to go on, else the exit code.
int attach_take_options(int *argc, char **argv, struct attach_files *f);

// For each attachment of the draft, its file: the one named by --attach with this name, or one of this name beside the
// draft. Its size, SHA-256 and media type (by the name's ending) are filled in where the draft leaves them out, and
// compared where it does not. A file named by --attach without an element gets one, under the overall label. *ret is the
// draft to send (`bytes` where nothing is to be filled in), in cli->arena. ST_INVALID and the statuses of reading, with
// faults in cli->diag.
MUST_USE enum status attach_fill(const struct cli *cli, const char *draft_file, struct span bytes, struct attach_files *f,
                                 struct span *ret);
// Bring the bytes of what was found to the node, as `who` ("cell-J2-NORTH"): only what is not there yet. Returns -1 to go
// on, else the exit code (reported).
int attach_upload(const struct cli *cli, const struct attach_files *f, const char *who);

#endif
