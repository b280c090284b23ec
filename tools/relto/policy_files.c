// The files of a policy, as the subcommands of `relto policy` take them from their options and from relto.conf.
#include "node/config.h"
#include "tools/relto/cmd_policy.h"
#include "tools/relto/officer.h"

int policy_files_bundle(const struct cli *cli, const struct policy_files *files, struct policy_bundle *ret)
{
    struct config from = {.policy_file = files->policy, .spif_dir = files->spif_dir, .vocabulary_file = files->vocabulary};
    const struct config *node = NULL;
    diag_init(cli->diag, NULL);
    enum status st = config_read(cli->dir, cli->arena, cli->diag, &node);
    bool whole = files->policy && files->spif_dir && files->vocabulary;
    if (st != ST_OK && !(st == ST_NOT_FOUND && whole))
        return cli_fail_status(cli, cli->dir, st);
    diag_init(cli->diag, NULL);
    if (node) {
        from.pad = node->pad;
        from.policy_file = files->policy ? files->policy : node->policy_file;
        from.spif_dir = files->spif_dir ? files->spif_dir : node->spif_dir;
        from.vocabulary_file = files->vocabulary ? files->vocabulary : node->vocabulary_file;
    }
    st = config_policy_bundle(&from, cli->arena, cli->diag, ret);
    return st == ST_OK ? -1 : cli_fail_status(cli, from.policy_file, st);
}

int policy_send(const struct cli *cli, int argc, char **argv, const char *name, const char *help,
                int (*send)(const struct cli *cli, const char *who, const struct policy_bundle *bundle))
{
    struct policy_files files = {0};
    struct policy_bundle bundle;
    const char *as = NULL;
    const struct cli_option options[] = {
        {"spif-dir", &files.spif_dir, NULL}, {"vocabulary", &files.vocabulary, NULL}, {"as", &as, NULL}};
    int code = cli_options(&argc, argv, options, sizeof options / sizeof *options, help);
    if (code >= 0)
        return code;
    if (argc > 2)
        return cli_usage(name, "one FILE at most");
    files.policy = argc == 2 ? argv[1] : NULL;
    code = policy_files_bundle(cli, &files, &bundle);
    if (code >= 0)
        return code;
    const char *who = officer_who(cli, as);
    return who ? send(cli, who, &bundle) : EXIT_UNREACHABLE;
}

int policy_files_load(const struct cli *cli, const struct policy_files *files, struct ruleset **ret)
{
    struct policy_bundle bundle;
    int code = policy_files_bundle(cli, files, &bundle);
    if (code >= 0)
        return code;
    enum status st = ruleset_load(&bundle, cli->diag, ret);
    return st == ST_OK ? -1 : cli_fail_status(cli, bundle.policy.name, st);
}
