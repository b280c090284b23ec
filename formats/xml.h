// The one XML reader and the one canonical writer of the program (spec 2.2, 2.3).
//
// The reader accepts UTF-8 XML 1.0 with namespaces, within the limits of limits.h, and builds a small tree in
// the caller's arena. Document type declarations, entities but the five, CDATA sections and processing
// instructions are always refused; comments are refused too unless the caller reads an operator's file.
// The writer produces exclusive C14N 1.0 without comments, and notes the byte range of every node.
#ifndef RELTO_FORMATS_XML_H
#define RELTO_FORMATS_XML_H

#include "formats/base/arena.h"
#include "formats/base/diag.h"
#include "formats/base/limits.h"

#define XML_NS_XML "http://www.w3.org/XML/1998/namespace"

struct xml_attr {
    struct xml_attr *next;
    const char *ns;     // "" = no namespace
    const char *prefix; // "" = none
    const char *name;   // local name
    const char *value;
    uint32_t plain;     // length of the value when it was read and is plain (utf8_skip_plain); 0 = not known to be
};

struct xml_node {
    struct xml_node *parent, *next, *first, *last;
    const char *name;        // local name; NULL for a text node
    const char *ns, *prefix; // "" = none; NULL for a text node
    struct span text;        // of a text node; NUL-terminated behind its end
    struct xml_attr *attrs;
    bool plain;              // its text was read and is plain; false = not known to be. Who changes a text clears it.
    uint32_t line, column;   // where its start tag ended in the input
    size_t from, to;         // byte range in the last canonical writing
};

enum xml_kind {
    XML_UNTRUSTED, // from a cell, a partner, the network: no comments
    XML_COMMENTED, // from anybody, where comments do no harm
    XML_OPERATOR,  // a configuration file of our own side: comments are fine, and it may be larger
};

// Read a document. On success *ret_root is the root element, in `a`. On failure the first fault is in `d`
// (may be NULL) with line and column. ST_MALFORMED, ST_LIMIT (also the arena's), ST_UNSUPPORTED (encoding).
// Costs linear time and memory bounded by the arena.
MUST_USE enum status xml_read(struct span bytes, enum xml_kind kind, struct arena *a, struct diag *d,
                              struct xml_node **ret_root);
// An arena large enough for xml_read of `bytes` and the structures made from it; NULL when memory is out.
struct arena *xml_arena_new(size_t input_bytes);

// Are these names equal? Most that are compared are one pointer, or differ in their first letter.
static inline bool xml_same(const char *a, const char *b)
{
    return a == b || (*a == *b && (!*a || strcmp(a + 1, b + 1) == 0));
}
// Is this element {ns}name?
static inline bool xml_is(const struct xml_node *n, const char *ns, const char *name)
{
    return n && n->name && xml_same(n->name, name) && xml_same(n->ns, ns);
}
// First element child; next element sibling. NULL at the end.
struct xml_node *xml_first(const struct xml_node *n);
struct xml_node *xml_next(const struct xml_node *n);
// The only/first element child {ns}name, or NULL.
struct xml_node *xml_child(const struct xml_node *n, const char *ns, const char *name);
// Value of the attribute without namespace, or NULL; of a namespaced one.
const char *xml_attr(const struct xml_node *n, const char *name);
const char *xml_attr_ns(const struct xml_node *n, const char *ns, const char *name);
// The text of an element that holds text only ("" when empty), borrowed from the arena.
// ST_INVALID with a fault when it has element children.
MUST_USE enum status xml_text(const struct xml_node *n, struct diag *d, const char **ret);
// Refuse text other than white space between the children. ST_INVALID with a fault.
MUST_USE enum status xml_no_text(const struct xml_node *n, struct diag *d);
// Refuse attributes other than the NULL-terminated list (xml:lang is named "xml:lang"). ST_INVALID with a
// fault per unknown attribute.
MUST_USE enum status xml_attrs_known(const struct xml_node *n, struct diag *d, const char *const *names);
// Is the attribute one of the NULL-terminated list, named as there?
bool xml_attr_listed(const struct xml_attr *at, const char *const *names);
// Record a fault at this node.
void xml_fault(const struct xml_node *n, struct diag *d, const char *rule, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

// Append the exclusive C14N of the subtree at n, and set from/to of every node in it (offsets from the
// start of the buffer's contents at the call). Failures are the buffer's.
void xml_canonical(struct xml_node *n, struct buf *out);
// Are these bytes exactly that form? Sets from/to as xml_canonical does. ST_INVALID when they are not, ST_NOMEM.
MUST_USE enum status xml_check_canonical(struct xml_node *n, struct span bytes);

#endif
