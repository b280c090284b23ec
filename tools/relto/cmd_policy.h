// The subcommands of `relto policy`; argv[0] is the subcommand's own name.
#ifndef RELTO_TOOLS_RELTO_CMD_POLICY_H
#define RELTO_TOOLS_RELTO_CMD_POLICY_H

#include "formats/policy_bundle.h"
#include "policy/ruleset.h"
#include "tools/relto/cli.h"

int cmd_policy_check(const struct cli *cli, int argc, char **argv);
int cmd_policy_test(const struct cli *cli, int argc, char **argv);
int cmd_policy_diff(const struct cli *cli, int argc, char **argv);
int cmd_policy_activate(const struct cli *cli, int argc, char **argv);

// Where a policy and what it needs are. What is NULL is taken from relto.conf of the node directory.
struct policy_files {
    const char *policy, *spif_dir, *vocabulary;
};
// Read them as one bundle, with the [release] settings of relto.conf where there is one. Returns -1 to go on, else the
// exit code (reported).
int policy_files_bundle(const struct cli *cli, const struct policy_files *files, struct policy_bundle *ret);
// What `diff` and `activate` have in common: read the options and the files, and have `send` send the bundle to the node
// as the officer's certificate `who`. Returns the exit code.
int policy_send(const struct cli *cli, int argc, char **argv, const char *name, const char *help,
                int (*send)(const struct cli *cli, const char *who, const struct policy_bundle *bundle));
// Read and compile them. The ruleset is the caller's.
int policy_files_load(const struct cli *cli, const struct policy_files *files, struct ruleset **ret);

#endif
