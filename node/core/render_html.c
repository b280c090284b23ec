#include "node/core/render_parts.h"

// The banners are table groups in print, which repeat on each page; no colour carries a meaning.
static const char style[] =
    "    body { font: 1rem/1.5 sans-serif; color: #000; background: #fff; margin: 0; }\n"
    "    .banner { font-weight: bold; text-align: center; border: 2px solid #000; padding: 0.3em; margin: 0; }\n"
    "    body > header { position: sticky; top: 0; background: #fff; }\n"
    "    main { max-width: 50rem; margin: 0 auto; padding: 1em; }\n"
    "    dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.2em 1em; }\n"
    "    dt { font-weight: bold; }\n"
    "    dd { margin: 0; overflow-wrap: anywhere; }\n"
    "    .text { white-space: pre-wrap; overflow-wrap: anywhere; }\n"
    "    .mark { font-weight: bold; }\n"
    "    .withheld { border: 1px dashed #000; padding: 0.3em; }\n"
    "    @page { margin: 15mm; }\n"
    "    @media print {\n"
    "      body { display: table; width: 100%; }\n"
    "      body > header { display: table-header-group; position: static; }\n"
    "      body > footer { display: table-footer-group; }\n"
    "      main { display: table-row-group; }\n"
    "      h2 { break-after: avoid; }\n"
    "    }\n";

static void put_escaped(const char *text, struct buf *out)
{
    buf_xml_text(out, span_cstr(text));
}

// A marking is made of words of SPIFs and labels, which may hold anything.
static void put_mark(const struct rendering *x, const struct label *label, enum marking_place place, struct buf *out)
{
    struct buf mark;
    buf_init(&mark, out->max);
    render_mark(x, label, place, &mark);
    buf_xml_text(out, buf_bytes(&mark));
    buf_fini(&mark);
}

static void put_banner(const struct rendering *x, const char *element, enum marking_place place, struct buf *out)
{
    buf_printf(out, "  <%s><p class=\"banner\">", element);
    put_mark(x, x->report->label, place, out);
    buf_printf(out, "</p></%s>\n", element);
}

static void put_head(const struct rendering *x, struct buf *out)
{
    buf_puts(out, "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\" xml:lang=\"en\">\n<head>\n"
                  "  <meta charset=\"utf-8\"/>\n"
                  "  <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n"
                  "  <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
                  "  <title>");
    put_mark(x, x->report->label, MARKING_PAGE_TOP, out);
    buf_puts(out, ": ");
    put_escaped(x->report->type, out);
    buf_printf(out, "</title>\n  <style>\n%s  </style>\n</head>\n", style);
}

static void put_portion_mark(const struct rendering *x, const struct report_child *c, struct buf *out)
{
    buf_puts(out, "<span class=\"mark\">(");
    put_mark(x, render_label(x, c), MARKING_PORTION, out);
    buf_puts(out, ")</span> ");
}

// The author's language, where stated, is that of title and text alone.
static void put_author_text(const struct rendering *x, const char *text, struct buf *out)
{
    buf_puts(out, "<span class=\"text\"");
    if (*x->report->lang) {
        buf_xml_attr(out, "lang", x->report->lang);
        buf_xml_attr(out, "xml:lang", x->report->lang);
    }
    buf_putc(out, '>');
    put_escaped(text, out);
    buf_puts(out, "</span>");
}

static void put_fact(void *ctx, const char *name, const char *value)
{
    buf_printf(ctx, "      <dt>%s</dt><dd>", name);
    put_escaped(value, ctx);
    buf_puts(ctx, "</dd>\n");
}

static void put_child(const struct rendering *x, const struct report_child *c, struct buf *out)
{
    buf_puts(out, "    <section aria-labelledby=\"part-");
    buf_xml_value(out, span_cstr(c->id));
    buf_puts(out, "\">\n      <h2 id=\"part-");
    buf_xml_value(out, span_cstr(c->id));
    buf_puts(out, "\">");
    put_escaped(c->id, out);
    buf_printf(out, "</h2>\n      <p%s>", c->kind == REPORT_WITHHELD ? " class=\"withheld\"" : "");
    if (c->kind == REPORT_PORTION || c->kind == REPORT_ATTACHMENT)
        put_portion_mark(x, c, out);
    if (c->kind == REPORT_PORTION) {
        put_author_text(x, c->text, out);
    } else {
        struct buf line;
        buf_init(&line, out->max);
        render_child_line(c, &line);
        buf_xml_text(out, buf_bytes(&line));
        buf_fini(&line);
    }
    buf_puts(out, "</p>\n    </section>\n");
}

static void put_main(const struct rendering *x, struct buf *out)
{
    const struct report *r = x->report;
    char urn[UUID_URN_LEN + 1];
    buf_puts(out, "  <main>\n    <h1>");
    put_portion_mark(x, NULL, out);
    put_author_text(x, r->title, out);
    buf_puts(out, "</h1>\n    <p>");
    put_escaped(r->type, out);
    buf_printf(out, " %s version %u</p>\n    <dl>\n", r->has_id ? uuid_urn(r->id, urn) : "draft", r->version);
    render_facts(x, put_fact, out);
    buf_puts(out, "    </dl>\n");
    for (size_t i = 0; i < r->child_count; i++)
        put_child(x, &r->children[i], out);
    buf_puts(out, "  </main>\n");
}

void render_html(const struct rendering *x, struct buf *out)
{
    put_head(x, out);
    buf_puts(out, "<body>\n");
    put_banner(x, "header", MARKING_PAGE_TOP, out);
    put_main(x, out);
    put_banner(x, "footer", MARKING_PAGE_BOTTOM, out);
    buf_puts(out, "</body>\n</html>\n");
}
