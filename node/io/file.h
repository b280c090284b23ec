// Small files, read and written whole.
#ifndef RELTO_NODE_IO_FILE_H
#define RELTO_NODE_IO_FILE_H

#include "formats/base/arena.h"
#include "formats/base/diag.h"

// Read a whole file of at most max bytes into `a` (NUL-terminated behind its end). Faults say why.
MUST_USE enum status file_read(const char *path, size_t max, struct arena *a, struct diag *d, struct span *ret);
// Write atomically: temporary file, fsync, rename, fsync of the folder. mode e.g. 0600.
MUST_USE enum status file_write(const char *path, struct span bytes, unsigned mode, struct diag *d);
// The same for what can be made again: atomic, but not waiting for the disk.
MUST_USE enum status file_write_passing(const char *path, struct span bytes, unsigned mode, struct diag *d);

#endif
