#include "formats/base/diag.h"

#include <stdio.h>
#include <string.h>

void diag_init(struct diag *d, const char *file)
{
    d->count = d->dropped = 0;
    snprintf(d->file, sizeof d->file, "%s", file ? file : "");
}

void diag_add(struct diag *d, uint32_t line, uint32_t column, const char *rule, const char *element,
              const char *fmt, ...)
{
    if (!d)
        return;
    if (d->count == DIAG_FAULTS_MAX) {
        d->dropped++;
        return;
    }
    struct fault *f = &d->faults[d->count++];
    f->line = line;
    f->column = column;
    snprintf(f->rule, sizeof f->rule, "%s", rule);
    snprintf(f->element, sizeof f->element, "%s", element ? element : "");
    va_list args;
    va_start(args, fmt);
    vsnprintf(f->message, sizeof f->message, fmt, args);
    va_end(args);
}

static void print_place(const struct diag *d, const struct fault *f, struct buf *out)
{
    if (d->file[0])
        buf_printf(out, "%s:", d->file);
    if (f->line)
        buf_printf(out, "%u:", f->line);
    if (f->column)
        buf_printf(out, "%u:", f->column);
    if (d->file[0] || f->line)
        buf_putc(out, ' ');
}

void diag_print(const struct diag *d, struct buf *out)
{
    for (uint32_t i = 0; i < d->count; i++) {
        const struct fault *f = &d->faults[i];
        print_place(d, f, out);
        if (f->element[0] && strcmp(f->element, d->file) != 0)
            buf_printf(out, "%s: ", f->element);
        buf_printf(out, "%s [%s]\n", f->message, f->rule);
    }
    if (d->dropped)
        buf_printf(out, "... and %u more faults\n", d->dropped);
}

const char *diag_place(const struct diag *d, char out[DIAG_PLACE_MAX])
{
    out[0] = 0;
    if (d->count == 0)
        return out;
    const struct fault *f = &d->faults[0];
    int n = d->file[0] ? snprintf(out, DIAG_PLACE_MAX, "%s", d->file) : 0;
    if (f->line)
        n += snprintf(out + n, DIAG_PLACE_MAX - (size_t)n, ":%u", f->line);
    if (f->element[0] && strcmp(f->element, d->file) != 0)
        snprintf(out + n, DIAG_PLACE_MAX - (size_t)n, "%s%s", n ? ": " : "", f->element);
    return out;
}
