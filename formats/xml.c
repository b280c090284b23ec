#include "formats/xml.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <stdio.h>
#include <stdlib.h>

#include "formats/base/utf8.h"

enum { FEED_CHUNK = 32768 };

// ---- reading

// Names, prefixes and namespaces come from the parser's dictionary: one pointer for each word, copied once.
struct word {
    const xmlChar *of;
    const char *copy;
};

struct reader {
    struct arena *a;
    struct diag *d;
    enum xml_kind kind;
    xmlParserCtxtPtr ctxt;
    struct xml_node *root, *open;
    struct buf text; // character data since the last tag
    struct word *words; // by hash of the pointer
    size_t word_count, word_mask;
    size_t nodes, nodes_max, depth;
    size_t namespaces;                    // declared on the open elements
    size_t namespaces_at[XML_DEPTH_MAX];  // of them, on each
    enum status st; // our own verdict: a stopped parser may still report success
};

struct arena *xml_arena_new(size_t input_bytes)
{
    if (input_bytes > (SIZE_MAX - XML_ARENA_BASE) / XML_ARENA_FACTOR)
        return NULL;
    return arena_new(input_bytes * XML_ARENA_FACTOR + XML_ARENA_BASE);
}

static void fail(struct reader *r, enum status st, const char *rule, const char *message)
{
    if (r->st != ST_OK)
        return;
    r->st = st;
    uint32_t line = (uint32_t)xmlSAX2GetLineNumber(r->ctxt);
    uint32_t column = (uint32_t)xmlSAX2GetColumnNumber(r->ctxt);
    diag_add(r->d, line, column, rule, r->open ? r->open->name : NULL, "%s", message);
    xmlStopParser(r->ctxt);
}

static void on_error(void *ctx, xmlErrorPtr e)
{
    struct reader *r = ctx;
    if (e->level < XML_ERR_ERROR || r->st != ST_OK)
        return;
    char message[DIAG_TEXT_MAX];
    snprintf(message, sizeof message, "%s", e->message ? e->message : "error");
    message[strcspn(message, "\n")] = 0;
    fail(r, e->code == XML_ERR_NO_MEMORY ? ST_NOMEM : ST_MALFORMED, "xml-malformed", message);
}

static void attach(struct reader *r, struct xml_node *n)
{
    n->parent = r->open;
    if (!r->open) {
        r->root = n;
        return;
    }
    if (r->open->last)
        r->open->last->next = n;
    else
        r->open->first = n;
    r->open->last = n;
}

// Room for `more` elements, attributes or texts?
static bool count_nodes(struct reader *r, size_t more)
{
    r->nodes += more;
    if (r->nodes > r->nodes_max)
        fail(r, ST_LIMIT, "xml-limit", "too many elements and attributes in one document");
    return r->nodes <= r->nodes_max;
}

static struct xml_node *node_new(struct reader *r)
{
    if (!count_nodes(r, 1))
        return NULL;
    struct xml_node *n = arena_alloc(r->a, sizeof *n);
    if (!n) {
        fail(r, arena_status(r->a), "xml-limit", "document needs more memory than its size allows");
        return NULL;
    }
    n->line = (uint32_t)xmlSAX2GetLineNumber(r->ctxt);
    n->column = (uint32_t)xmlSAX2GetColumnNumber(r->ctxt);
    return n;
}

static bool is_plain(struct span s)
{
    return utf8_skip_plain(s, 0) == s.len;
}

static void flush_text(struct reader *r)
{
    if (r->text.len == 0)
        return;
    struct xml_node *n = node_new(r);
    if (n) {
        n->text = span_of(arena_str(r->a, buf_bytes(&r->text)), r->text.len);
        if (!n->text.ptr) {
            fail(r, arena_status(r->a), "xml-limit", "document needs more memory than its size allows");
        } else {
            n->plain = is_plain(n->text);
            attach(r, n);
        }
    }
    buf_reset(&r->text);
}

static const char *copy(struct reader *r, const xmlChar *s, size_t len, size_t max, const char *what)
{
    if (len > max) {
        fail(r, ST_LIMIT, "xml-limit", what);
        return "";
    }
    const char *c = arena_str(r->a, span_of(s, len));
    if (!c)
        fail(r, arena_status(r->a), "xml-limit", "document needs more memory than its size allows");
    return c ? c : "";
}

static inline struct word *word_slot(struct word *words, size_t mask, const xmlChar *of)
{
    size_t i = (size_t)(((uintptr_t)of >> 3) * 0x9E3779B97F4A7C15u >> 32) & mask;
    while (words[i].of && words[i].of != of)
        i = (i + 1) & mask;
    return &words[i];
}

// Twice the room, of a power of two. False when memory is out.
static bool grow_words(struct reader *r)
{
    size_t slots = r->words ? 2 * (r->word_mask + 1) : 128;
    struct word *more = calloc(slots, sizeof *more);
    if (!more)
        return false;
    for (size_t i = 0; r->words && i <= r->word_mask; i++)
        if (r->words[i].of)
            *word_slot(more, slots - 1, r->words[i].of) = r->words[i];
    free(r->words);
    r->words = more;
    r->word_mask = slots - 1;
    return true;
}

static const char *new_name(struct reader *r, const xmlChar *s)
{
    if (2 * r->word_count >= r->word_mask && !grow_words(r)) {
        fail(r, ST_NOMEM, "xml-limit", "out of memory");
        return "";
    }
    const char *name = copy(r, s, strlen((const char *)s), XML_NAME_MAX, "name too long");
    // What the dictionary does not own may be another name under the same pointer later.
    if (xmlDictOwns(r->ctxt->dict, s) == 1) {
        *word_slot(r->words, r->word_mask, s) = (struct word){s, name};
        r->word_count++;
    }
    return name;
}

static inline const char *copy_name(struct reader *r, const xmlChar *s)
{
    if (!s)
        return "";
    const struct word *w = r->words ? word_slot(r->words, r->word_mask, s) : NULL;
    return w && w->of ? w->copy : new_name(r, s);
}

static void add_attrs(struct reader *r, struct xml_node *n, int count, const xmlChar **attrs)
{
    struct xml_attr **tail = &n->attrs;
    if (!count_nodes(r, (size_t)count))
        return;
    for (int i = 0; i < count && r->st == ST_OK; i++, attrs += 5) {
        struct xml_attr *at = arena_alloc(r->a, sizeof *at);
        if (!at) {
            fail(r, arena_status(r->a), "xml-limit", "document needs more memory than its size allows");
            return;
        }
        // The value first: it stands in the parser's input, which a failure frees. Names are in its dictionary.
        size_t len = (size_t)(attrs[4] - attrs[3]);
        at->plain = is_plain(span_of(attrs[3], len)) ? (uint32_t)len : 0;
        at->value = copy(r, attrs[3], len, XML_ATTR_VALUE_MAX, "attribute value too long");
        at->name = copy_name(r, attrs[0]);
        at->prefix = copy_name(r, attrs[1]);
        at->ns = copy_name(r, attrs[2]);
        *tail = at;
        tail = &at->next;
    }
}

static void on_doctype(void *ctx, const xmlChar *name, const xmlChar *public_id, const xmlChar *system_id)
{
    (void)name, (void)public_id, (void)system_id;
    fail(ctx, ST_MALFORMED, "xml-doctype", "a document type declaration is not accepted; remove it");
}

// What may begin here; false when a limit is hit.
static bool check_start(struct reader *r, int ns_count, int attr_count)
{
    const char *message = NULL;
    if ((size_t)attr_count > XML_ATTRS_MAX)
        message = "too many attributes in one element";
    else if (r->depth == XML_DEPTH_MAX)
        message = "elements nested too deeply";
    else if (r->namespaces + (size_t)ns_count > XML_NAMESPACES_MAX)
        message = "too many namespaces declared";
    else if ((size_t)xmlDictSize(r->ctxt->dict) > XML_WORDS_MAX)
        message = "too many different names in one document";
    if (message)
        fail(r, ST_LIMIT, "xml-limit", message);
    return !message;
}

static void on_start(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *ns, int ns_count,
                     const xmlChar **ns_decls, int attr_count, int defaulted, const xmlChar **attrs)
{
    struct reader *r = ctx;
    (void)ns_decls;
    if (r->st != ST_OK || !check_start(r, ns_count, attr_count))
        return;
    if (defaulted) { // by a document type, which is refused before
        on_doctype(r, NULL, NULL, NULL);
        return;
    }
    flush_text(r);
    struct xml_node *n = r->st == ST_OK ? node_new(r) : NULL;
    if (!n)
        return;
    n->name = copy_name(r, name);
    n->prefix = copy_name(r, prefix);
    n->ns = copy_name(r, ns);
    add_attrs(r, n, attr_count, attrs);
    attach(r, n);
    r->open = n;
    r->namespaces += (size_t)ns_count;
    r->namespaces_at[r->depth++] = (size_t)ns_count;
}

static void on_end(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *ns)
{
    struct reader *r = ctx;
    (void)name, (void)prefix, (void)ns;
    if (r->st != ST_OK)
        return;
    flush_text(r);
    r->open = r->open->parent;
    r->namespaces -= r->namespaces_at[--r->depth];
}

static void on_text(void *ctx, const xmlChar *s, int len)
{
    struct reader *r = ctx;
    if (r->st != ST_OK || !r->open)
        return;
    buf_put(&r->text, s, (size_t)len);
    if (buf_status(&r->text) != ST_OK)
        fail(r, buf_status(&r->text), "xml-limit", "text too long");
}

static void on_cdata(void *ctx, const xmlChar *s, int len)
{
    (void)s, (void)len;
    fail(ctx, ST_MALFORMED, "xml-cdata", "CDATA sections are not accepted; write the text with &lt; and &amp;");
}

static void on_comment(void *ctx, const xmlChar *s)
{
    struct reader *r = ctx;
    (void)s;
    if (r->kind == XML_UNTRUSTED)
        fail(r, ST_MALFORMED, "xml-comment", "comments are not accepted here; remove them");
}

static void on_pi(void *ctx, const xmlChar *target, const xmlChar *data)
{
    (void)target, (void)data;
    fail(ctx, ST_MALFORMED, "xml-pi", "processing instructions are not accepted; remove them");
}

static void on_reference(void *ctx, const xmlChar *name)
{
    (void)name;
    fail(ctx, ST_MALFORMED, "xml-entity", "only the five predefined entities are accepted");
}

static const xmlSAXHandler handlers = {
    .initialized = XML_SAX2_MAGIC,
    .internalSubset = on_doctype,
    .externalSubset = on_doctype,
    .startElementNs = on_start,
    .endElementNs = on_end,
    .characters = on_text,
    .ignorableWhitespace = on_text,
    .cdataBlock = on_cdata,
    .comment = on_comment,
    .processingInstruction = on_pi,
    .reference = on_reference,
    .serror = on_error,
};

// ---- checks over the bytes, before any parser sees them

static bool bytes_at(struct span s, size_t i, const char *text)
{
    size_t n = strlen(text);
    return s.len - i >= n && memcmp(s.ptr + i, text, n) == 0;
}

static enum status scan_fault(struct span in, size_t at, struct diag *d, enum status st, const char *rule,
                              const char *message)
{
    uint32_t line = 1;
    size_t line_start = 0;
    for (size_t i = 0; i < at; i++)
        if (in.ptr[i] == '\n') {
            line++;
            line_start = i + 1;
        }
    diag_add(d, line, (uint32_t)(at - line_start + 1), rule, NULL, "%s", message);
    return st;
}

static enum status scan_characters(struct span in, struct diag *d)
{
    for (size_t i = utf8_skip_printable(in, 0); i < in.len; i = utf8_skip_printable(in, i)) {
        size_t n = utf8_xml_char(in, i);
        if (n == 0)
            return scan_fault(in, i, d, ST_MALFORMED, "xml-characters",
                              "a byte sequence that is no UTF-8 character allowed in XML");
        i += n;
    }
    return ST_OK;
}

// The first c at or after i; the end when there is none.
static size_t find(struct span in, size_t i, char c)
{
    const uint8_t *at = i < in.len ? memchr(in.ptr + i, c, in.len - i) : NULL;
    return at ? (size_t)(at - in.ptr) : in.len;
}

static size_t behind_comment(struct span in, size_t i)
{
    for (i = find(in, i, '>'); i < in.len; i = find(in, i + 1, '>'))
        if (in.ptr[i - 1] == '-' && in.ptr[i - 2] == '-')
            return i + 1;
    return in.len;
}

// The tag at i; `in` ends where it must have ended.
static enum status scan_tag(struct span in, size_t i, struct diag *d)
{
    size_t attrs = 0;
    for (; i < in.len && in.ptr[i] != '>'; i++) {
        if (in.ptr[i] != '"' && in.ptr[i] != '\'')
            continue;
        if (++attrs > XML_ATTRS_MAX)
            return scan_fault(in, i, d, ST_LIMIT, "xml-limit", "too many attributes in one element");
        i = find(in, i + 1, (char)in.ptr[i]);
    }
    return ST_OK;
}

// Document types, which the parser must not see, and floods of attributes, whose cost in it is not linear. Each '<' is
// taken to begin markup: the parser goes no further than one that does not. So a tag ends before the next one, and there
// is no room for a flood between two that are near each other.
static enum status scan_markup(struct span in, struct diag *d)
{
    enum { FLOOD_BYTES = 2 * XML_ATTRS_MAX }; // two quotes for each attribute
    for (size_t i = find(in, 0, '<'), next; i < in.len; i = next) {
        if (bytes_at(in, i, "<!DOCTYPE"))
            return scan_fault(in, i, d, ST_MALFORMED, "xml-doctype",
                              "a document type declaration is not accepted; remove it");
        if (bytes_at(in, i, "<!--")) {
            next = find(in, behind_comment(in, i), '<');
            continue;
        }
        next = find(in, i + 1, '<');
        if (next - i > FLOOD_BYTES)
            TRY(scan_tag(span_sub(in, 0, next), i, d));
    }
    return ST_OK;
}

#define MARK "\xef\xbb\xbf"

static struct span skip_white(struct span in)
{
    size_t n = 0;
    while (n < in.len && memchr(" \t\r\n", in.ptr[n], 4))
        n++;
    return span_sub(in, n, in.len);
}

// The next name="value" of an XML declaration. False when there is none: the parser says what is wrong with what is there.
static bool next_declared(struct span *rest, struct span *ret_name, struct span *ret_value)
{
    size_t n = 0;
    struct span in = skip_white(*rest);
    while (n < in.len && !memchr(" \t\r\n=", in.ptr[n], 5))
        n++;
    *ret_name = span_sub(in, 0, n);
    in = skip_white(span_sub(in, n, in.len));
    if (in.len == 0 || in.ptr[0] != '=')
        return false;
    in = skip_white(span_sub(in, 1, in.len));
    if (in.len == 0 || (in.ptr[0] != '"' && in.ptr[0] != '\''))
        return false;
    const uint8_t *end = memchr(in.ptr + 1, in.ptr[0], in.len - 1);
    if (!end)
        return false;
    *ret_value = span_sub(in, 1, (size_t)(end - in.ptr));
    *rest = span_sub(in, (size_t)(end - in.ptr) + 1, in.len);
    return true;
}

// Only UTF-8 is read. An XML declaration may say so, nothing else. The parser does not heed it (run_parser): its bytes are those
// that were looked at before.
static enum status check_encoding(struct span in, struct diag *d)
{
    if (span_starts(in, "\xfe\xff") || span_starts(in, "\xff\xfe")) {
        diag_add(d, 1, 1, "xml-encoding", NULL, "the document is UTF-16; convert it to UTF-8");
        return ST_UNSUPPORTED;
    }
    struct span name, value, rest = span_starts(in, MARK) ? span_sub(in, sizeof MARK - 1, in.len) : in;
    if (!span_starts(rest, "<?xml"))
        return ST_OK;
    const uint8_t *end = memmem(rest.ptr, rest.len, "?>", 2);
    rest = end ? span_sub(rest, sizeof "<?xml" - 1, (size_t)(end - rest.ptr)) : span_of(NULL, 0);
    while (next_declared(&rest, &name, &value))
        if (span_eq_cstr(name, "encoding") && (value.len != 5 || strncasecmp((const char *)value.ptr, "UTF-8", 5) != 0)) {
            diag_add(d, 1, 1, "xml-encoding", NULL, "only UTF-8 is read; convert the document to UTF-8");
            return ST_UNSUPPORTED;
        }
    return ST_OK;
}

// What is no XML at all: libxml2's words for it ("extra content at the end") mislead.
static enum status check_begin(struct span in, struct diag *d)
{
    in = skip_white(span_starts(in, MARK) ? span_sub(in, sizeof MARK - 1, in.len) : in);
    if (span_starts(in, "<"))
        return ST_OK;
    diag_add(d, 1, 1, "xml-malformed", NULL, "%s", in.len == 0 ? "empty; expected an XML document"
                                                              : "expected an XML document, which begins with '<'");
    return ST_MALFORMED;
}

static enum status run_parser(struct reader *r, struct span in)
{
    xmlSAXHandler sax = handlers;
    r->ctxt = xmlCreatePushParserCtxt(&sax, r, NULL, 0, NULL);
    if (!r->ctxt)
        return ST_NOMEM;
    // NOENT: without it libxml2 hands over &amp; in an attribute as "&#38;". No entity can be declared: a document
    // type declaration never reaches the parser (scan_markup), and there is no handler that would take one.
    // IGNORE_ENC: the bytes are UTF-8, as was seen (scan_characters), whatever the document says of them.
    xmlCtxtUseOptions(r->ctxt, XML_PARSE_NONET | XML_PARSE_NOENT | XML_PARSE_COMPACT | XML_PARSE_IGNORE_ENC);
    int rc = 0;
    for (size_t at = 0; at < in.len && r->st == ST_OK; at += FEED_CHUNK) {
        size_t n = in.len - at < FEED_CHUNK ? in.len - at : FEED_CHUNK;
        rc |= xmlParseChunk(r->ctxt, (const char *)in.ptr + at, (int)n, 0);
    }
    if (r->st == ST_OK)
        rc |= xmlParseChunk(r->ctxt, NULL, 0, 1);
    if (r->st == ST_OK && (rc != 0 || !r->ctxt->wellFormed || !r->ctxt->nsWellFormed || !r->root || r->open))
        fail(r, ST_MALFORMED, "xml-malformed", "the document is not complete, well-formed XML");
    xmlFreeParserCtxt(r->ctxt);
    return r->st;
}

enum status xml_read(struct span in, enum xml_kind kind, struct arena *a, struct diag *d, struct xml_node **ret_root)
{
    TRY(check_encoding(in, d));
    TRY(check_begin(in, d));
    TRY(scan_characters(in, d));
    TRY(scan_markup(in, d));
    struct reader r = {.a = a, .d = d, .kind = kind, .st = ST_OK,
                       .nodes_max = kind == XML_OPERATOR ? XML_NODES_OPERATOR_MAX : XML_NODES_MAX};
    buf_init(&r.text, in.len + 1);
    enum status st = run_parser(&r, in);
    buf_fini(&r.text);
    free(r.words);
    if (st == ST_OK)
        *ret_root = r.root;
    return st;
}

// ---- looking at the tree

static struct xml_node *skip_text(struct xml_node *n)
{
    while (n && !n->name)
        n = n->next;
    return n;
}

struct xml_node *xml_first(const struct xml_node *n)
{
    return skip_text(n->first);
}

struct xml_node *xml_next(const struct xml_node *n)
{
    return skip_text(n->next);
}

struct xml_node *xml_child(const struct xml_node *n, const char *ns, const char *name)
{
    for (struct xml_node *c = xml_first(n); c; c = xml_next(c))
        if (xml_is(c, ns, name))
            return c;
    return NULL;
}

const char *xml_attr_ns(const struct xml_node *n, const char *ns, const char *name)
{
    for (const struct xml_attr *at = n->attrs; at; at = at->next)
        if (xml_same(at->name, name) && xml_same(at->ns, ns))
            return at->value;
    return NULL;
}

const char *xml_attr(const struct xml_node *n, const char *name)
{
    return xml_attr_ns(n, "", name);
}

enum status xml_text(const struct xml_node *n, struct diag *d, const char **ret)
{
    const struct xml_node *child = xml_first(n);
    if (child) {
        xml_fault(child, d, "unexpected-element", "<%s> holds text only, got <%s>", n->name, child->name);
        return ST_INVALID;
    }
    // Without comments there is one text node; an operator's comment may split it.
    if (n->first && n->first->next) {
        xml_fault(n, d, "comment-in-text", "a comment splits the text of <%s>; move it out", n->name);
        return ST_INVALID;
    }
    *ret = n->first ? (const char *)n->first->text.ptr : "";
    return ST_OK;
}

static bool is_white(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!strchr(" \t\r\n", s.ptr[i]))
            return false;
    return true;
}

enum status xml_no_text(const struct xml_node *n, struct diag *d)
{
    for (const struct xml_node *c = n->first; c; c = c->next)
        if (!c->name && !is_white(c->text)) {
            xml_fault(c, d, "unexpected-text", "no text is expected directly inside <%s>", n->name);
            return ST_INVALID;
        }
    return ST_OK;
}

bool xml_attr_listed(const struct xml_attr *at, const char *const *names)
{
    bool xml = *at->ns != 0;
    if (xml && !xml_same(at->ns, XML_NS_XML))
        return false;
    for (; *names; names++)
        if (xml ? strncmp(*names, "xml:", 4) == 0 && strcmp(*names + 4, at->name) == 0 : xml_same(*names, at->name))
            return true;
    return false;
}

enum status xml_attrs_known(const struct xml_node *n, struct diag *d, const char *const *names)
{
    enum status st = ST_OK;
    for (const struct xml_attr *at = n->attrs; at; at = at->next)
        if (!xml_attr_listed(at, names)) {
            xml_fault(n, d, "unknown-attribute", "<%s> has no attribute \"%s\"", n->name, at->name);
            st = ST_INVALID;
        }
    return st;
}

void xml_fault(const struct xml_node *n, struct diag *d, const char *rule, const char *fmt, ...)
{
    char message[DIAG_TEXT_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    const char *name = n->name ? n->name : n->parent ? n->parent->name : NULL;
    diag_add(d, n->line, n->column, rule, name, "%s", message);
}
