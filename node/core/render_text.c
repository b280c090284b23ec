#include "node/core/render_parts.h"

static void put_banner(const struct rendering *x, enum marking_place place, struct buf *out)
{
    buf_puts(out, "======== ");
    render_mark(x, x->report->label, place, out);
    buf_puts(out, " ========\n");
}

static void put_fact(void *ctx, const char *name, const char *value)
{
    buf_printf(ctx, "%s: %s\n", name, value);
}

// The author's text, its lines after the first indented.
static void put_lines(const char *text, struct buf *out)
{
    for (; *text; text++) {
        buf_putc(out, *text);
        if (*text == '\n')
            buf_puts(out, "  ");
    }
    buf_putc(out, '\n');
}

static void put_child(const struct rendering *x, const struct report_child *c, struct buf *out)
{
    buf_printf(out, "\n%s ", c->id);
    if (c->kind == REPORT_WITHHELD) {
        buf_puts(out, "[withheld]\n");
        return;
    }
    if (c->kind != REPORT_REFERENCE) {
        buf_putc(out, '(');
        render_mark(x, render_label(x, c), MARKING_PORTION, out);
        buf_puts(out, ") ");
    }
    if (c->kind == REPORT_PORTION) {
        put_lines(c->text, out);
    } else {
        render_child_line(c, out);
        buf_putc(out, '\n');
    }
}

void render_text(const struct rendering *x, struct buf *out)
{
    const struct report *r = x->report;
    char urn[UUID_URN_LEN + 1];
    put_banner(x, MARKING_PAGE_TOP, out);
    buf_printf(out, "%s %s version %u\n", r->type, r->has_id ? uuid_urn(r->id, urn) : "draft", r->version);
    buf_puts(out, "Title: (");
    render_mark(x, render_label(x, NULL), MARKING_PORTION, out);
    buf_puts(out, ") ");
    put_lines(r->title, out);
    render_facts(x, put_fact, out);
    for (size_t i = 0; i < r->child_count; i++)
        put_child(x, &r->children[i], out);
    put_banner(x, MARKING_PAGE_BOTTOM, out);
}
