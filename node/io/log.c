#include "node/io/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "node/io/clock.h"

static const char *const words[] = {"error", "warning", "info", "debug"};
static enum log_level limit = LOG_LEVEL_INFO; // process-wide on purpose: set once, before anything runs

_Bool log_set_level(const char *word)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(word, words[i]) == 0) {
            limit = (enum log_level)i;
            return 1;
        }
    return 0;
}

// Values may come from outside, and lines are read on terminals: quotes, backslashes and all but plain characters
// are escaped.
static void put_value(FILE *f, const char *v)
{
    fputc('"', f);
    for (; *v; v++) {
        if (*v == '"' || *v == '\\')
            fprintf(f, "\\%c", *v);
        else if ((unsigned char)*v < 0x20 || (unsigned char)*v > 0x7e)
            fprintf(f, "\\x%02x", (unsigned)(unsigned char)*v);
        else
            fputc(*v, f);
    }
    fputc('"', f);
}

void log_line(enum log_level level, const char *event, ...)
{
    char now[UTC_TEXT_MAX];
    const char *key;
    va_list args;
    if (level > limit)
        return;
    flockfile(stderr);
    fprintf(stderr, "%s level=%s event=%s", utc_format_ms(clock_now(), now), words[level], event);
    va_start(args, event);
    while ((key = va_arg(args, const char *))) {
        const char *v = va_arg(args, const char *);
        fprintf(stderr, " %s=", key);
        put_value(stderr, v ? v : "");
    }
    va_end(args);
    fputc('\n', stderr);
    fflush(stderr);
    funlockfile(stderr);
}
