// relto: the command line of a node. One table of commands; each lives in a file of its own (cmd_*.c).
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "formats/base/limits.h"
#include "tools/relto/cli.h"

struct command {
    const char *name, *group, *summary;
    command_fn *run;
};

static const struct command commands[] = {
    {"init", "Set up", "make a new node directory: keys, CA, certificates, configuration, policy", cmd_init},
    {"partner", "Set up", "onboard partners: card, add, list, test, remove", cmd_partner},
    {"cert", "Set up", "issue, list and revoke certificates of this nation's people and cells", cmd_cert},
    {"new", "Reports", "a commented draft of a report to fill in; list the types", cmd_new},
    {"import", "Reports", "turn records of other systems into drafts", cmd_import},
    {"export", "Reports", "reports held here as a STIX bundle, for tools of your own", cmd_export},
    {"preview", "Reports", "who would get a draft, what would be withheld, and why", cmd_preview},
    {"publish", "Reports", "publish drafts", cmd_publish},
    {"list", "Reports", "list the reports held here", cmd_list},
    {"search", "Reports", "find reports by words, topic, area, type, time, originator, place", cmd_search},
    {"show", "Reports", "show one report for people to read", cmd_show},
    {"recall", "Reports", "recall an own report everywhere; recall status", cmd_recall},
    {"verify", "Reports", "check a rendition's signature and digests", cmd_verify},
    {"label", "Labels", "check labels, show their markings, read a marking line", cmd_label},
    {"policy", "Policy", "check, test, compare and activate a policy, explain a decision", cmd_policy},
    {"hold", "Policy", "what awaits an officer's approval; approve or refuse it", cmd_hold},
    {"consent", "Policy", "consent to passing reports on: ask for it, grant, refuse, revoke it", cmd_consent},
    {"sync", "Exchange", "state of the exchange with each partner; retry, go on after an alarm", cmd_sync},
    {"reconcile", "Exchange", "compare both ledgers with the partner's own copies", cmd_reconcile},
    {"audit", "Audit", "verify the logs, query them, ask who has what, since when and why", cmd_audit},
    {"tlog", "Audit", "check notes, checkpoints and proofs of any transparency log", cmd_tlog},
    {"status", "Operation", "is the node running, with what policy, and what it holds", cmd_status},
    {"reload", "Operation", "have reltod read configuration, certificates and cards anew", cmd_reload},
    {"backup", "Operation", "copy the store, also while the node runs", cmd_backup},
    {"restore", "Operation", "go back to a backup, and have partners give back what it lacks", cmd_restore},
    {"compact", "Operation", "write the store anew: bytes of erased content leave its file", cmd_compact},
    {"fsck", "Operation", "read every stored copy; set damaged ones aside", cmd_fsck},
};

static void print_help(void)
{
    const char *group = "";
    fputs("usage: relto [-C DIR] [--format text|xml|tsv|json|html|csv] COMMAND [ARGUMENT...]\n\n"
          "Relto exchanges intelligence reports between nations under their own releasability rules.\n"
          "-C DIR names the node directory (default: the current folder).\n",
          stdout);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(group, commands[i].group) != 0)
            printf("\n%s\n", group = commands[i].group);
        printf("  %-9s %s\n", commands[i].name, commands[i].summary);
    }
    fputs("\n'relto COMMAND --help' tells more. Exit codes: 0 done, 1 the answer is no, 2 usage, 3 refused,\n"
          "4 not reachable, 5 corrupt data.\n",
          stdout);
}

static bool parse_format(const char *text, enum cli_format *ret)
{
    static const char *const names[] = {"text", "xml", "tsv", "json", "html", "csv"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(text, names[i]) == 0) {
            *ret = (enum cli_format)i;
            return true;
        }
    return false;
}

// --format may stand anywhere: take it out. Returns -1 to go on, else the exit code.
static int take_format(int *argc, char **argv, struct cli *cli)
{
    int kept = 1;
    for (int i = 1; i < *argc; i++) {
        const char *value = NULL;
        if (strcmp(argv[i], "--format") == 0)
            value = i + 1 < *argc ? argv[++i] : "";
        else if (strncmp(argv[i], "--format=", 9) == 0)
            value = argv[i] + 9;
        if (!value)
            argv[kept++] = argv[i];
        else if (!parse_format(value, &cli->format))
            return cli_fail(EXIT_USAGE, "--format", "unknown format '%s'; expected text, xml, tsv, json, html or csv", value);
    }
    argv[*argc = kept] = NULL;
    return -1;
}

static int run(struct cli *cli, int argc, char **argv)
{
    int at = 1;
    if (at < argc && strcmp(argv[at], "-C") == 0) {
        if (at + 1 >= argc)
            return cli_fail(EXIT_USAGE, "-C", "expected the node directory behind it; see 'relto --help'");
        cli->dir = argv[at + 1];
        at += 2;
    }
    if (at >= argc || strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "help") == 0) {
        print_help();
        return at >= argc ? EXIT_USAGE : EXIT_DONE;
    }
    if (strcmp(argv[at], "--version") == 0 || strcmp(argv[at], "version") == 0) {
        puts("relto " RELTO_VERSION);
        return EXIT_DONE;
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[at], commands[i].name) == 0)
            return commands[i].run(cli, argc - at, argv + at);
    return cli_fail(EXIT_USAGE, argv[at], "no such command; 'relto --help' lists them");
}

int main(int argc, char **argv)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none); // keys and reports must not reach a core file
    struct cli cli = {.dir = ".", .format = FORMAT_TEXT, .diag = malloc(sizeof *cli.diag), .arena = arena_new(256 * MIB)};
    if (!cli.diag || !cli.arena)
        return cli_fail(EXIT_UNREACHABLE, "start", "out of memory");
    diag_init(cli.diag, NULL);
    int code = take_format(&argc, argv, &cli);
    if (code < 0)
        code = run(&cli, argc, argv);
    arena_free(&cli.arena);
    free(cli.diag);
    return code;
}
