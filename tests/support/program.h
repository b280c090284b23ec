// Running a program of the build as a person would: files in a folder of its own, what it prints, how it ends.
#ifndef RELTO_TESTS_SUPPORT_PROGRAM_H
#define RELTO_TESTS_SUPPORT_PROGRAM_H

#include "formats/base/buf.h"

struct program_dir {
    char path[64];
};

// Make a throw-away folder; remove it with everything in it. Both stop the test on failure.
void program_dir_make(struct program_dir *d);
void program_dir_remove(struct program_dir *d);
// Write a file there (`name` may hold one folder, which is made).
void program_dir_write(const struct program_dir *d, const char *name, struct span bytes);

enum { PROGRAM_ARGS_MAX = 24 };

// Run argv[0] in the folder with argv up to NULL, wait for its end, at most a minute. Standard output goes to `out`, standard
// error to `err` (both emptied first). Returns the exit code; -1 when it did not end by itself.
int program_run(const struct program_dir *d, const char *const *argv, struct buf *out, struct buf *err);

#endif
