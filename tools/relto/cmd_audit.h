// relto audit: its questions, one file a story.
#ifndef RELTO_TOOLS_RELTO_CMD_AUDIT_H
#define RELTO_TOOLS_RELTO_CMD_AUDIT_H

#include "tools/relto/cli.h"

struct audit_options {
    const char *report, *partner, *actor, *kind, *from, *to, *limit, *at;
    bool newest, overdue;
};

// Each returns the exit code.
int audit_verify(const struct cli *cli);
int audit_query(const struct cli *cli, const struct audit_options *o);
int audit_who_has(const struct cli *cli, const char *report, const struct audit_options *o);
int audit_seen_by(const struct cli *cli, const char *partner, const struct audit_options *o);
int audit_explain(const struct cli *cli, const char *report, const char *partner, const struct audit_options *o);
int audit_recalls(const struct cli *cli, const struct audit_options *o);
int audit_compare(const struct cli *cli, const char *partner);

// Read an option's time, of the form 2026-11-22T13:35:00Z. Without milliseconds, `whole` means the end of that second.
// Returns -1 to go on, else the exit code (reported); NULL leaves *ret as it is.
int audit_time_option(const char *name, const char *text, bool whole, int64_t *ret);
// Words of others (a reason, a name in a certificate) must not make up lines of their own on a terminal.
void audit_print_plain(const char *text);

#endif
