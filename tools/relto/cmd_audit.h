// relto audit: its questions, one file a story.
#ifndef RELTO_TOOLS_RELTO_CMD_AUDIT_H
#define RELTO_TOOLS_RELTO_CMD_AUDIT_H

#include "tools/relto/cli.h"

struct audit_options {
    const char *report, *partner, *actor, *kind, *from, *to, *limit, *at;
    bool newest, overdue;
};

// Each returns the exit code.
int audit_query(const struct cli *cli, const struct audit_options *o);
int audit_who_has(const struct cli *cli, const char *report, const struct audit_options *o);
int audit_seen_by(const struct cli *cli, const char *partner, const struct audit_options *o);
int audit_explain(const struct cli *cli, const char *report, const char *partner, const struct audit_options *o);
int audit_recalls(const struct cli *cli, const struct audit_options *o);
int audit_compare(const struct cli *cli, const char *partner);

// Read an option's time, of the form 2026-11-22T13:35:00Z. Without milliseconds, `whole` means the end of that second.
// Returns -1 to go on, else the exit code (reported); NULL leaves *ret as it is.
int audit_time_option(const char *name, const char *text, bool whole, int64_t *ret);

// relto audit verify, export, key, prove: argv[0] is "audit". Each returns the exit code.
int audit_verify(const struct cli *cli, int argc, char **argv);
int audit_export(const struct cli *cli, int argc, char **argv);
int audit_key(const struct cli *cli, int argc, char **argv);
int audit_prove(const struct cli *cli, int argc, char **argv);
// The same of an export, or of a proof with the event it is of (NULL: the proof's form and signature alone). `key` is a
// verifier key or a file that holds one; NULL = the key of the node of cli->dir.
int audit_verify_export(const struct cli *cli, const char *folder, const char *key);
int audit_verify_proof(const struct cli *cli, const char *proof, const char *event, const char *key, const char *origin);
// One finding, in the form of cli->format.
struct verify_finding;
void audit_print_finding(void *ctx, const struct verify_finding *f);
// Read --key: a verifier key, or a file with one. Returns -1 to go on, else the exit code (reported).
struct note_vkey;
int cli_vkey(const struct cli *cli, const char *text, struct note_vkey *ret);

#endif
