// Exports of the audit log in memory, to be changed and checked.
#ifndef RELTO_TESTS_EXPORT_FILES_H
#define RELTO_TESTS_EXPORT_FILES_H

#include "store/export.h"

struct export_files {
    struct {
        char path[EXPORT_PATH_MAX];
        struct buf bytes;
    } files[64];
    size_t count;
};

struct export_sink export_files_sink(struct export_files *f);
struct export_source export_files_source(struct export_files *f);
void export_files_fini(struct export_files *f);
// The file of this path, which must be there.
struct buf *export_files_of(struct export_files *f, const char *path);
void export_files_remove(struct export_files *f, const char *path);
// List the files as they are now, and sign the list: what only the node itself could do. `from` in the list becomes `to`
// first (NULL = nothing).
void export_files_sign(struct export_files *f, const char *name, const struct note_key *key, const char *from, const char *to);

// Write the files to a new folder and check them by a script (tools/examples/verify_export.py): its exit code; -1 when there
// is no python3.
int export_files_script(const struct export_files *f, const char *script, const struct note_vkey *key);

#endif
