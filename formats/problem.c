#include "formats/problem.h"

#include <stdio.h>
#include <stdlib.h>

#include "formats/base/utf8.h"
#include "formats/text_rules.h"
#include "formats/xml.h"

#define NS_OURS "urn:relto:problem:1"
#define TYPE_PREFIX "urn:relto:problem:"

enum { PROBLEM_BYTES_MAX = 256 * 1024 };

// ---- writing

// Bytes of the XML character at s[at], 0 when there is none: messages are cut at a number of bytes, which may be
// inside a character. Carriage returns are of no use to anybody.
static size_t char_len(struct span s, size_t at)
{
    return s.ptr[at] == '\r' ? 0 : utf8_xml_char(s, at);
}

static void put_text(struct buf *out, const char *text)
{
    struct span s = span_cstr(text);
    for (size_t i = 0, n; i < s.len; i += n ? n : 1) {
        n = char_len(s, i);
        buf_xml_text(out, n ? span_sub(s, i, i + n) : span_cstr("?"));
    }
}

static void put_attr(struct buf *out, const char *name, const char *value)
{
    char clean[256];
    size_t at = 0;
    struct span s = span_cstr(value);
    for (size_t i = 0; i < s.len;) {
        size_t n = char_len(s, i), step = n ? n : 1;
        if (at + step >= sizeof clean)
            break;
        memcpy(clean + at, n ? (const char *)s.ptr + i : "?", step);
        at += step;
        i += step;
    }
    clean[at] = 0;
    if (at)
        buf_xml_attr(out, name, clean);
}

static void put_element(struct buf *out, const char *name, const char *text)
{
    if (!text)
        return;
    buf_printf(out, "<%s>", name);
    put_text(out, text);
    buf_printf(out, "</%s>", name);
}

static void put_fault(struct buf *out, const char *file, const struct fault *f)
{
    buf_puts(out, "<fault xmlns=\"" NS_OURS "\"");
    if (f->column)
        buf_printf(out, " column=\"%u\"", f->column);
    put_attr(out, "element", f->element);
    put_attr(out, "file", file);
    if (f->line)
        buf_printf(out, " line=\"%u\"", f->line);
    put_attr(out, "rule", f->rule);
    buf_putc(out, '>');
    put_text(out, f->message);
    buf_puts(out, "</fault>");
}

void problem_write(const char *type, int http_status, const char *title, const char *detail,
                   const struct diag *faults, struct buf *out)
{
    buf_puts(out, "<problem xmlns=\"" NS_PROBLEM "\"><type>" TYPE_PREFIX);
    put_text(out, type);
    buf_puts(out, "</type>");
    put_element(out, "title", title);
    buf_printf(out, "<status>%d</status>", http_status);
    put_element(out, "detail", detail);
    for (uint32_t i = 0; faults && i < faults->count; i++)
        put_fault(out, faults->file, &faults->faults[i]);
    if (faults && faults->dropped)
        buf_printf(out, "<dropped xmlns=\"" NS_OURS "\">%u</dropped>", faults->dropped);
    buf_puts(out, "</problem>");
}

// ---- reading: from any server, so that what is not understood is passed over

static const char *text_of(const struct xml_node *n)
{
    const char *text = "";
    return n && xml_text(n, NULL, &text) == ST_OK ? text : "";
}

static void copy_child(const struct xml_node *root, const char *name, char *out, size_t cap)
{
    snprintf(out, cap, "%s", text_of(xml_child(root, NS_PROBLEM, name)));
}

static uint32_t number(const char *text)
{
    unsigned long v = text ? strtoul(text, NULL, 10) : 0;
    return v > UINT32_MAX ? 0 : (uint32_t)v;
}

static void read_faults(const struct xml_node *root, struct diag *d)
{
    for (const struct xml_node *n = xml_first(root); n; n = xml_next(n)) {
        if (xml_is(n, NS_OURS, "dropped"))
            d->dropped += number(text_of(n));
        if (!xml_is(n, NS_OURS, "fault"))
            continue;
        const char *rule = xml_attr(n, "rule"), *file = xml_attr(n, "file");
        if (file && !d->file[0])
            snprintf(d->file, sizeof d->file, "%s", file);
        diag_add(d, number(xml_attr(n, "line")), number(xml_attr(n, "column")), rule ? rule : "fault",
                 xml_attr(n, "element"), "%s", text_of(n));
    }
}

static void make_plain(struct problem *p)
{
    text_rules_plain(p->type);
    text_rules_plain(p->title);
    text_rules_plain(p->detail);
    text_rules_plain(p->faults.file);
    for (uint32_t i = 0; i < p->faults.count; i++) {
        text_rules_plain(p->faults.faults[i].rule);
        text_rules_plain(p->faults.faults[i].element);
        text_rules_plain(p->faults.faults[i].message);
    }
}

static enum status read_root(struct span bytes, struct arena *a, struct problem *ret)
{
    struct xml_node *root;
    TRY(xml_read(bytes, XML_UNTRUSTED, a, NULL, &root));
    if (!xml_is(root, NS_PROBLEM, "problem"))
        return ST_INVALID;
    const char *type = text_of(xml_child(root, NS_PROBLEM, "type"));
    size_t prefix = strlen(TYPE_PREFIX);
    if (strncmp(type, TYPE_PREFIX, prefix) == 0)
        type += prefix;
    snprintf(ret->type, sizeof ret->type, "%s", *type ? type : "about:blank");
    copy_child(root, "title", ret->title, sizeof ret->title);
    copy_child(root, "detail", ret->detail, sizeof ret->detail);
    diag_init(&ret->faults, NULL);
    read_faults(root, &ret->faults);
    make_plain(ret);
    return ST_OK;
}

enum status problem_read(struct span bytes, struct problem *ret)
{
    if (bytes.len > PROBLEM_BYTES_MAX)
        return ST_LIMIT;
    struct arena *a = xml_arena_new(bytes.len);
    if (!a)
        return ST_NOMEM;
    enum status st = read_root(bytes, a, ret);
    arena_free(&a);
    return st;
}
