// Where a file of the spool folder goes: done/ or rejected/, each with a document beside it.
#ifndef RELTO_NODE_IO_SPOOL_MOVE_H
#define RELTO_NODE_IO_SPOOL_MOVE_H

#include <sys/stat.h>

#include "formats/base/sha256.h"
#include "store/spooled.h"

enum { SPOOL_PATH_MAX = 1024 };

// Make done/ and rejected/ if they are missing. False with the reason (static, or strerror's), also when one is a link: those
// who may drop files could lead the node anywhere with it. Nothing below follows a link of theirs either.
bool spool_folders(const char *folder, const char **ret_why);
// Is it still the same file, unchanged?
bool spool_same(const struct stat *a, const struct stat *b);

// Move NAME to done/ with NAME.decisions.xml beside it, or to rejected/ with NAME.problem.xml. A file of this name that is there
// already stays: the new one is then called NAME.<12 digits of its SHA-256>. A file that was changed since it was
// read is left where it is. NULL, or why it could not be done (static, or strerror's); then it is still there.
// `bytes` NULL: it is no readable file.
const char *spool_done(const char *folder, const char *name, const struct stat *as_read, struct span bytes,
                       struct span decisions);
const char *spool_reject(const char *folder, const char *name, const struct stat *as_read, const struct span *bytes,
                         struct span problem);
// Erase what lies in done/, or was not moved there, of a file with this name and these bytes. NULL also when nothing does; else why not.
const char *spool_erase(const char *folder, const char *name, const struct digest *digest);

#endif
