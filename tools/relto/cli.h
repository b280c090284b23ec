// The command line: what every command gets, and how it speaks (spec 6.2).
#ifndef RELTO_TOOLS_RELTO_CLI_H
#define RELTO_TOOLS_RELTO_CLI_H

#include "formats/base/arena.h"
#include "formats/base/diag.h"

enum cli_exit { EXIT_DONE = 0, EXIT_NO = 1, EXIT_USAGE = 2, EXIT_REFUSED = 3, EXIT_UNREACHABLE = 4, EXIT_CORRUPT = 5 };
enum cli_format { FORMAT_TEXT, FORMAT_XML, FORMAT_TSV, FORMAT_JSON, FORMAT_HTML, FORMAT_CSV };

struct cli {
    const char *dir; // node directory (-C, default ".")
    enum cli_format format;
    struct diag *diag;   // one for the whole run
    struct arena *arena; // lives as long as the run
};

// argv[0] is the command's own name. Each prints its own usage for --help.
typedef int command_fn(const struct cli *cli, int argc, char **argv);
command_fn cmd_init, cmd_partner, cmd_cert, cmd_publish, cmd_preview, cmd_show, cmd_list, cmd_search, cmd_recall, cmd_sync, cmd_reconcile,
    cmd_label, cmd_policy, cmd_hold, cmd_consent, cmd_audit, cmd_tlog, cmd_new, cmd_import, cmd_export, cmd_verify, cmd_status, cmd_backup,
    cmd_restore, cmd_compact, cmd_fsck, cmd_reload;

// `relto: what failed: why; what to do` on standard error. Returns `code`.
int cli_fail(int code, const char *what, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
// The same for a status, with the faults collected in cli->diag, a line each. The exit code fits the status.
int cli_fail_status(const struct cli *cli, const char *what, enum status st);
// Usage error: message, then where to find help. Returns EXIT_USAGE.
int cli_usage(const char *command, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
// Exit code for a status.
int cli_code(enum status st);

// Options: --name VALUE, --name=VALUE, or flags. They stand before or after the operands; "--" ends them.
struct cli_option {
    const char *name;   // without dashes
    const char **value; // set to the value; NULL for a flag
    bool *flag;         // set to true; NULL for an option with a value
};
// Take the options out of argv; operands move to the front (after argv[0]) and *argc shrinks. --help prints
// `help` to standard output. Returns -1 to go on, else the exit code.
int cli_options(int *argc, char **argv, const struct cli_option *options, size_t count, const char *help);

// A whole number of an option: digits only, from min to max. False (nothing printed) otherwise.
bool cli_number(const char *text, long min, long max, long *ret);

// Print words of others (a reason, a title, a name in a certificate) to standard output as one line: they must not make up lines of
// their own, nor steer a terminal.
void cli_print_plain(const char *text);

// Is this file descriptor a terminal that may be coloured?
bool cli_is_terminal(int fd);

#endif
