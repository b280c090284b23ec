#include "tools/relto/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/base/limits.h"
#include "formats/text_rules.h"

int cli_fail(int code, const char *what, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fprintf(stderr, "relto: %s: ", what);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
    return code;
}

int cli_code(enum status st)
{
    switch (st) {
    case ST_OK:
        return EXIT_DONE;
    case ST_MALFORMED:
    case ST_INVALID:
    case ST_LIMIT:
    case ST_UNSUPPORTED:
    case ST_NOT_FOUND:
    case ST_GONE:
    case ST_BAD_SIGNATURE:
    case ST_BAD_PROOF:
        return EXIT_NO;
    case ST_DENIED:
    case ST_CONFLICT:
        return EXIT_REFUSED;
    case ST_CORRUPT:
        return EXIT_CORRUPT;
    case ST_NOMEM:
    case ST_IO:
    case ST_FULL:
    case ST_UNREACHABLE:
    case ST_BUSY:
        return EXIT_UNREACHABLE;
    }
    return EXIT_NO;
}

int cli_fail_status(const struct cli *cli, const char *what, enum status st)
{
    if (cli->diag->count == 0 && st == ST_CORRUPT)
        return cli_fail(EXIT_CORRUPT, what, "%s; keep the store as it is for the inquiry, and bring back the last backup: see ALARMS in reltod(8)",
                        status_text(st));
    if (cli->diag->count == 0)
        return cli_fail(cli_code(st), what, "%s", status_text(st));
    struct buf out;
    buf_init(&out, MIB);
    diag_print(cli->diag, &out);
    cli_fail(0, what, "%s", status_text(st));
    fwrite(out.ptr, 1, out.len, stderr);
    buf_fini(&out);
    return cli_code(st);
}

int cli_usage(const char *command, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fprintf(stderr, "relto: %s: ", command);
    vfprintf(stderr, fmt, args);
    fprintf(stderr, "; see 'relto %s --help'\n", command);
    va_end(args);
    return EXIT_USAGE;
}

static const struct cli_option *find(const struct cli_option *options, size_t count, const char *name, size_t len)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(options[i].name) == len && memcmp(options[i].name, name, len) == 0)
            return &options[i];
    return NULL;
}

// Handle argv[*i], which begins with "--". Returns -1 to go on.
static int take_option(int argc, char **argv, int *i, const struct cli_option *options, size_t count)
{
    const char *name = argv[*i] + 2, *equals = strchr(name, '=');
    size_t len = equals ? (size_t)(equals - name) : strlen(name);
    const struct cli_option *o = find(options, count, name, len);
    if (!o)
        return cli_usage(argv[0], "unknown option '%s'", argv[*i]);
    if (o->flag) {
        *o->flag = true;
        return equals ? cli_usage(argv[0], "option '--%s' takes no value", o->name) : -1;
    }
    if (equals) {
        *o->value = equals + 1;
        return -1;
    }
    if (*i + 1 >= argc)
        return cli_usage(argv[0], "option '--%s' needs a value", o->name);
    *o->value = argv[++*i];
    return -1;
}

int cli_options(int *argc, char **argv, const struct cli_option *options, size_t count, const char *help)
{
    int kept = 1;
    bool only_operands = false;
    for (int i = 1; i < *argc; i++) {
        if (only_operands || strncmp(argv[i], "--", 2) != 0) {
            argv[kept++] = argv[i];
        } else if (strcmp(argv[i], "--") == 0) {
            only_operands = true;
        } else if (strcmp(argv[i], "--help") == 0) {
            fputs(help, stdout);
            return EXIT_DONE;
        } else {
            int code = take_option(*argc, argv, &i, options, count);
            if (code >= 0)
                return code;
        }
    }
    *argc = kept;
    argv[kept] = NULL;
    return -1;
}

bool cli_number(const char *text, long min, long max, long *ret)
{
    size_t n = strlen(text);
    if (n < 1 || n > 9 || strspn(text, "0123456789") != n)
        return false;
    *ret = strtol(text, NULL, 10);
    return *ret >= min && *ret <= max;
}

void cli_print_plain(const char *text)
{
    char *copy = strdup(text);
    if (!copy)
        return;
    text_rules_plain(copy);
    fputs(copy, stdout);
    free(copy);
}

bool cli_is_terminal(int fd)
{
    return isatty(fd) && !getenv("NO_COLOR");
}
