// An export of the audit log as a folder: where store/export.h writes its files and reads them back.
#ifndef RELTO_TOOLS_RELTO_EXPORT_DIR_H
#define RELTO_TOOLS_RELTO_EXPORT_DIR_H

#include "store/export.h"
#include "tools/relto/cli.h"

struct export_dir;

// Make the folder (it may exist, empty) to write an export into. ST_CONFLICT when it holds something, ST_IO; with faults.
MUST_USE enum status export_dir_create(const struct cli *cli, const char *path, struct export_dir **ret);
// Read an export from a folder. ST_NOT_FOUND when it is none.
MUST_USE enum status export_dir_open(const struct cli *cli, const char *path, struct export_dir **ret);
void export_dir_free(struct export_dir **d); // nulls, accepts NULL; unmaps what was read

struct export_sink export_dir_sink(struct export_dir *d);
struct export_source export_dir_source(struct export_dir *d);

#endif
