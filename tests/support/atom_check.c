#include "tests/support/atom_check.h"

#include <ctype.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char ATOM[] = "http://www.w3.org/2005/Atom", TOMBSTONES[] = "http://purl.org/atompub/tombstones/1.0";
static char fault[300];

__attribute__((format(printf, 1, 2))) static bool wrong(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(fault, sizeof fault, fmt, args);
    va_end(args);
    return false;
}

static bool is(const xmlNode *n, const char *ns, const char *name)
{
    return n->type == XML_ELEMENT_NODE && n->ns && strcmp((const char *)n->ns->href, ns) == 0 &&
           strcmp((const char *)n->name, name) == 0;
}

static const xmlNode *child(const xmlNode *parent, const char *ns, const char *name, size_t *ret_count)
{
    const xmlNode *first = NULL;
    *ret_count = 0;
    for (const xmlNode *n = parent->children; n; n = n->next)
        if (is(n, ns, name)) {
            first = first ? first : n;
            ++*ret_count;
        }
    return first;
}

// The text of an element that holds nothing else; "" otherwise.
static const char *text(const xmlNode *n)
{
    static char out[16][1024];
    static unsigned slot;
    char *to = out[slot++ % 16];
    to[0] = 0;
    if (n && n->children && !n->children->next && n->children->type == XML_TEXT_NODE)
        snprintf(to, sizeof out[0], "%s", (const char *)n->children->content);
    return to;
}

static const char *attribute(const xmlNode *n, const char *name)
{
    static char out[16][1024];
    static unsigned slot;
    char *to = out[slot++ % 16];
    xmlChar *value = xmlGetNoNsProp(n, (const xmlChar *)name);
    snprintf(to, sizeof out[0], "%s", value ? (const char *)value : "");
    xmlFree(value);
    return to;
}

// An absolute IRI: a scheme, a colon and something behind it, without white space (RFC 4287 4.2.6).
static bool is_iri(const char *s)
{
    size_t n = strcspn(s, ":");
    if (!isalpha((unsigned char)*s) || s[n] != ':' || !s[n + 1] || strpbrk(s, " \t\r\n<>\"{}|\\^`"))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)s[i]) && !strchr("+-.", s[i]))
            return false;
    return true;
}

// RFC 3339 with capital T and Z (RFC 4287 3.3): 2026-11-22T13:35:02[.fraction](Z|+hh:mm).
static bool is_date(const char *s)
{
    static const char form[] = "dddd-dd-ddTdd:dd:dd";
    int month = 0, day = 0, hour = 0, minute = 0, second = 0;
    for (size_t i = 0; form[i]; i++)
        if (form[i] == 'd' ? !isdigit((unsigned char)s[i]) : s[i] != form[i])
            return false;
    sscanf(s + 5, "%2d-%2dT%2d:%2d:%2d", &month, &day, &hour, &minute, &second);
    if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60)
        return false;
    s += strlen(form);
    if (*s == '.') {
        size_t digits = strspn(s + 1, "0123456789");
        if (digits == 0)
            return false;
        s += 1 + digits;
    }
    if (*s == 'Z')
        return s[1] == 0;
    return (*s == '+' || *s == '-') && strlen(s) == 6 && isdigit((unsigned char)s[1]) && isdigit((unsigned char)s[2]) &&
           s[3] == ':' && isdigit((unsigned char)s[4]) && isdigit((unsigned char)s[5]);
}

static const char *one(const xmlNode *parent, const char *name)
{
    size_t count;
    const xmlNode *n = child(parent, ATOM, name, &count);
    if (count == 1 && *text(n))
        return text(n);
    wrong("<%s> has %zu <%s>, or an empty one", (const char *)parent->name, count, name);
    return NULL;
}

// id, title, updated and authors: what feeds and entries have in common (RFC 4287 4.1.1, 4.1.2).
static bool check_common(const xmlNode *n)
{
    size_t authors, names;
    const char *id = one(n, "id"), *title = id ? one(n, "title") : NULL, *updated = title ? one(n, "updated") : NULL;
    const xmlNode *author = child(n, ATOM, "author", &authors);
    if (!updated)
        return false;
    if (!is_iri(id))
        return wrong("the id \"%s\" is no IRI", id);
    if (!is_date(updated))
        return wrong("\"%s\" is no date", updated);
    if (!author)
        return wrong("<%s> %s has no author", (const char *)n->name, id);
    for (; author; author = author->next)
        if (is(author, ATOM, "author") && (!*text(child(author, ATOM, "name", &names)) || names != 1))
            return wrong("an author of %s has not one name", id);
    return true;
}

static size_t elements(const xmlNode *parent)
{
    size_t n = 0;
    for (const xmlNode *c = parent->children; c; c = c->next)
        n += c->type == XML_ELEMENT_NODE;
    return n;
}

// XML content is one element and no text beside it (RFC 4287 4.1.3.3).
static bool check_content(const xmlNode *entry)
{
    size_t contents, links = 0;
    const xmlNode *c = child(entry, ATOM, "content", &contents);
    for (const xmlNode *n = entry->children; n; n = n->next)
        links += is(n, ATOM, "link") && (!*attribute(n, "rel") || !strcmp(attribute(n, "rel"), "alternate"));
    if (contents > 1 || (contents == 0 && links == 0))
        return wrong("an entry has %zu <content> and %zu alternate links", contents, links);
    if (!c)
        return true;
    const char *type = attribute(c, "type");
    size_t n = strlen(type);
    bool xml = n > 4 && (!strcmp(type + n - 4, "/xml") || !strcmp(type + n - 4, "+xml"));
    if (xml && (elements(c) != 1 || c->children->next))
        return wrong("content of type %s is not one element", type);
    return true;
}

static bool check_entry(const xmlNode *n)
{
    static const char *const known[] = {"id", "title", "updated", "author", "content", "link", "summary", "published", "rights",
                                        "category", "contributor", "source"};
    for (const xmlNode *c = n->children; c; c = c->next) {
        bool ok = c->type == XML_ELEMENT_NODE && c->ns;
        if (ok && !strcmp((const char *)c->ns->href, ATOM)) {
            ok = false;
            for (size_t i = 0; i < sizeof known / sizeof *known; i++)
                ok |= !strcmp((const char *)c->name, known[i]);
        }
        if (!ok)
            return wrong("an entry holds %s", (const char *)c->name);
    }
    return check_common(n) && check_content(n);
}

// RFC 6721 section 3.
static bool check_tombstone(const xmlNode *n)
{
    if (!is_iri(attribute(n, "ref")))
        return wrong("a deleted entry's ref \"%s\" is no IRI", attribute(n, "ref"));
    if (!is_date(attribute(n, "when")))
        return wrong("a deleted entry's when \"%s\" is no date", attribute(n, "when"));
    return true;
}

// Each relation once, all with a target (RFC 4287 4.2.7; RFC 5005 section 3: first, and next while there is more).
static bool check_links(const xmlNode *feed)
{
    static const char *const rels[] = {"self", "first", "next"};
    for (size_t i = 0; i < 3; i++) {
        size_t count = 0;
        for (const xmlNode *n = feed->children; n; n = n->next) {
            if (!is(n, ATOM, "link") || strcmp(attribute(n, "rel"), rels[i]))
                continue;
            count++;
            if (!*attribute(n, "href") || n->children)
                return wrong("the link %s has no target, or content", rels[i]);
        }
        if (i < 1 ? count != 1 : count > 1)
            return wrong("%zu links %s", count, rels[i]);
    }
    return true;
}

static bool check_feed(const xmlNode *feed)
{
    if (!feed || !is(feed, ATOM, "feed"))
        return wrong("the root is no Atom feed");
    if (!check_common(feed) || !check_links(feed))
        return false;
    for (const xmlNode *n = feed->children; n; n = n->next) {
        if (n->type != XML_ELEMENT_NODE || !n->ns)
            return wrong("text or an element without namespace in the feed");
        if (is(n, ATOM, "entry") && !check_entry(n))
            return false;
        if (!strcmp((const char *)n->ns->href, TOMBSTONES) && (!is(n, TOMBSTONES, "deleted-entry") || !check_tombstone(n)))
            return *fault ? false : wrong("<%s> is no tombstone", (const char *)n->name);
    }
    return true;
}

static xmlDoc *parse(struct span document)
{
    return xmlReadMemory((const char *)document.ptr, (int)document.len, NULL, NULL,
                         XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_HUGE);
}

const char *atom_fault(struct span document)
{
    xmlDoc *doc = parse(document);
    fault[0] = 0;
    if (!doc)
        wrong("not well-formed");
    else
        check_feed(xmlDocGetRootElement(doc));
    xmlFreeDoc(doc);
    return *fault ? fault : NULL;
}

const char *atom_link(struct span document, const char *rel)
{
    static char target[1024];
    xmlDoc *doc = parse(document);
    const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    target[0] = 0;
    for (const xmlNode *n = root ? root->children : NULL; n; n = n->next)
        if (is(n, ATOM, "link") && !strcmp(attribute(n, "rel"), rel))
            snprintf(target, sizeof target, "%s", attribute(n, "href"));
    xmlFreeDoc(doc);
    return *target ? target : NULL;
}
