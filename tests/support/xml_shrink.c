#include "tests/support/xml_shrink.h"

#include "formats/base/bug.h"
#include "formats/xml.h"

// What to leave out of the n-th element in document order: itself, its children in place of it, or one attribute.
struct cut {
    size_t element;
    size_t attribute; // 0 = the element, 1 = its tags alone, k + 2 = its k-th attribute
};

static struct xml_node *next_in_order(struct xml_node *n)
{
    if (xml_first(n))
        return xml_first(n);
    while (n && !xml_next(n))
        n = n->parent;
    return n ? xml_next(n) : NULL;
}

static struct xml_node *nth(struct xml_node *root, size_t n)
{
    struct xml_node *at = root;
    while (at && n-- > 0)
        at = next_in_order(at);
    return at;
}

// Put `first` .. `last` (or nothing, when NULL) where n stands among its siblings.
static void replace(struct xml_node *n, struct xml_node *first, struct xml_node *last)
{
    struct xml_node *parent = n->parent, **link = &parent->first, *before = NULL;
    for (; *link != n; link = &(*link)->next)
        before = *link;
    *link = first ? first : n->next;
    if (first)
        last->next = n->next;
    if (parent->last == n)
        parent->last = first ? last : before;
    for (struct xml_node *c = first; c && c != n->next; c = c->next)
        c->parent = parent;
}

static bool apply(struct xml_node *root, struct cut cut, bool *ret_more)
{
    struct xml_node *n = nth(root, cut.element);
    *ret_more = n != NULL;
    if (!n)
        return false;
    if (cut.attribute <= 1) {
        if (!n->parent || (cut.attribute == 1 && !xml_first(n)))
            return false;
        replace(n, cut.attribute ? n->first : NULL, cut.attribute ? n->last : NULL);
        return true;
    }
    struct xml_attr **link = &n->attrs;
    for (size_t i = 2; *link && i < cut.attribute; i++)
        link = &(*link)->next;
    if (!*link)
        return false;
    *link = (*link)->next;
    return true;
}

// The document with the cut made. False: there is nothing to cut there; *ret_more: there may be further on.
static bool cut_document(const struct buf *doc, struct cut cut, struct buf *out, bool *ret_more)
{
    struct arena *a = xml_arena_new(doc->len);
    struct xml_node *root = NULL;
    *ret_more = false;
    bool done = a && xml_read(buf_bytes(doc), XML_OPERATOR, a, NULL, &root) == ST_OK && apply(root, cut, ret_more);
    if (done)
        xml_canonical(root, out);
    arena_free(&a);
    return done && buf_status(out) == ST_OK;
}

// Try one cut; the smaller document stays when the set still shows it.
static bool try_cut(struct xml_shrink *s, size_t doc, struct cut cut, bool *ret_more)
{
    struct buf smaller, kept = s->docs[doc];
    buf_init(&smaller, kept.max);
    if (!cut_document(&kept, cut, &smaller, ret_more) || s->tries == 0) {
        buf_fini(&smaller);
        return false;
    }
    s->tries--;
    s->docs[doc] = smaller;
    if (s->shows(s->ctx, s->docs, s->count)) {
        buf_fini(&kept);
        return true;
    }
    s->docs[doc] = kept;
    buf_fini(&smaller);
    return false;
}

static size_t attribute_count(const struct buf *doc, size_t element)
{
    struct arena *a = xml_arena_new(doc->len);
    struct xml_node *root = NULL;
    size_t n = 0;
    if (a && xml_read(buf_bytes(doc), XML_OPERATOR, a, NULL, &root) == ST_OK) {
        const struct xml_node *at = nth(root, element);
        for (const struct xml_attr *x = at ? at->attrs : NULL; x; x = x->next)
            n++;
    }
    arena_free(&a);
    return n;
}

static bool pass(struct xml_shrink *s, size_t doc)
{
    bool any = false, more = true;
    for (size_t element = 0; more && s->tries > 0; element++) {
        while (try_cut(s, doc, (struct cut){element, 0}, &more))
            any = true;
        while (more && try_cut(s, doc, (struct cut){element, 1}, &more))
            any = true;
        for (size_t k = more ? attribute_count(&s->docs[doc], element) : 0; k > 0; k--)
            any = try_cut(s, doc, (struct cut){element, k + 1}, &more) || any;
    }
    return any;
}

void xml_shrink(struct xml_shrink *s)
{
    bool any = true;
    while (any && s->tries > 0) {
        any = false;
        for (size_t i = s->count; i > 0; i--)
            any = pass(s, i - 1) || any;
    }
}
