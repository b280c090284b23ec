// The canonical writer: exclusive C14N 1.0 without comments.
#include <stdlib.h>

#include "formats/base/bug.h"
#include "formats/xml.h"

struct ns_seen {
    const struct ns_seen *outer;
    const char *prefix, *uri;
};

static const char *seen_uri(const struct ns_seen *s, const char *prefix)
{
    for (; s; s = s->outer)
        if (xml_same(s->prefix, prefix))
            return s->uri;
    return NULL;
}

// Should xmlns for this prefix be written here? The empty default namespace needs no words at the top.
static bool must_declare(const struct ns_seen *seen, const char *prefix, const char *uri)
{
    if (xml_same(prefix, "xml"))
        return false;
    const char *now = seen_uri(seen, prefix);
    if (!now)
        return *prefix || *uri;
    return !xml_same(now, uri);
}

static int by_prefix(const void *a, const void *b)
{
    const struct ns_seen *x = a, *y = b;
    return strcmp(x->prefix, y->prefix);
}

static int by_expanded_name(const void *a, const void *b)
{
    const struct xml_attr *x = *(const struct xml_attr *const *)a, *y = *(const struct xml_attr *const *)b;
    int c = strcmp(x->ns, y->ns);
    return c ? c : strcmp(x->name, y->name);
}

// Collect the namespace declarations that become visible at n; returns how many.
static size_t new_namespaces(const struct xml_node *n, const struct ns_seen *seen, struct ns_seen *fresh)
{
    size_t count = 0;
    if (must_declare(seen, n->prefix, n->ns))
        fresh[count++] = (struct ns_seen){NULL, n->prefix, n->ns};
    for (const struct xml_attr *at = n->attrs; at; at = at->next) {
        bool dup = !*at->prefix || !must_declare(seen, at->prefix, at->ns);
        for (size_t i = 0; i < count && !dup; i++)
            dup = strcmp(fresh[i].prefix, at->prefix) == 0;
        if (!dup)
            fresh[count++] = (struct ns_seen){NULL, at->prefix, at->ns};
    }
    if (count > 1)
        qsort(fresh, count, sizeof *fresh, by_prefix);
    return count;
}

static void write_name(struct buf *out, const char *prefix, const char *name)
{
    if (*prefix) {
        buf_puts(out, prefix);
        buf_putc(out, ':');
    }
    buf_puts(out, name);
}

// `plain`: see xml_attr.
static void write_value(struct buf *out, const char *value, size_t plain)
{
    buf_puts(out, "=\"");
    if (plain)
        buf_put(out, value, plain);
    else
        buf_xml_value(out, span_cstr(value));
    buf_putc(out, '"');
}

static bool in_order(const struct xml_attr *const *list, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (by_expanded_name(&list[i - 1], &list[i]) > 0)
            return false;
    return true;
}

static void write_attrs(const struct xml_node *n, struct buf *out)
{
    const struct xml_attr *sorted[XML_ATTRS_MAX];
    size_t count = 0;
    for (const struct xml_attr *at = n->attrs; at; at = at->next) {
        BUG_IF(count == XML_ATTRS_MAX);
        sorted[count++] = at;
    }
    if (!in_order(sorted, count))
        qsort(sorted, count, sizeof *sorted, by_expanded_name);
    for (size_t i = 0; i < count; i++) {
        buf_putc(out, ' ');
        write_name(out, sorted[i]->prefix, sorted[i]->name);
        write_value(out, sorted[i]->value, sorted[i]->plain);
    }
}

static void write_node(struct xml_node *n, const struct ns_seen *seen, size_t base, struct buf *out)
{
    n->from = out->len - base;
    if (!n->name) {
        if (n->plain)
            buf_span(out, n->text);
        else
            buf_xml_text(out, n->text);
        n->to = out->len - base;
        return;
    }
    struct ns_seen fresh[XML_ATTRS_MAX + 1];
    size_t count = new_namespaces(n, seen, fresh);
    buf_putc(out, '<');
    size_t name_at = out->len;
    write_name(out, n->prefix, n->name);
    size_t name_len = out->len - name_at;
    for (size_t i = 0; i < count; i++) {
        buf_puts(out, *fresh[i].prefix ? " xmlns:" : " xmlns");
        buf_puts(out, fresh[i].prefix);
        write_value(out, fresh[i].uri, 0);
        fresh[i].outer = i ? &fresh[i - 1] : seen;
    }
    write_attrs(n, out);
    buf_putc(out, '>');
    for (struct xml_node *c = n->first; c; c = c->next)
        write_node(c, count ? &fresh[count - 1] : seen, base, out);
    buf_puts(out, "</");
    if (buf_reserve(out, name_len))
        buf_put(out, out->ptr + name_at, name_len);
    buf_putc(out, '>');
    n->to = out->len - base;
}

void xml_canonical(struct xml_node *n, struct buf *out)
{
    write_node(n, NULL, out->len, out);
}

enum status xml_check_canonical(struct xml_node *n, struct span bytes)
{
    struct buf again;
    buf_init(&again, bytes.len); // longer is different anyway
    buf_reserve(&again, bytes.len);
    xml_canonical(n, &again);
    enum status st = buf_status(&again);
    if (st == ST_LIMIT || (st == ST_OK && !span_eq(buf_bytes(&again), bytes)))
        st = ST_INVALID;
    buf_fini(&again);
    return st;
}
