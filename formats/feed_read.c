// Reading feed pages (spec 4.3): the inverse of feed.c. First the renditions are cut out, then the frame is read.
#include <ctype.h>

#include "formats/feed.h"

#define CONTENT_OPEN "<content type=\"application/xml\">"
#define CONTENT_CLOSE "</content>"

struct reading {
    struct arena *a;
    struct diag *d;
    struct span frame;
    struct span *cuts; // renditions in document order
    size_t cut_count, used;
};

// ---- the frame

static const uint8_t *find(struct span in, const char *what)
{
    return in.len ? memmem(in.ptr, in.len, what, strlen(what)) : NULL;
}

// Split the page: renditions to r->cuts, the rest to `frame`.
static enum status cut_contents(struct reading *r, struct span in, struct buf *frame)
{
    for (;;) {
        const uint8_t *open = find(in, CONTENT_OPEN);
        if (!open)
            break;
        size_t from = (size_t)(open - in.ptr) + strlen(CONTENT_OPEN);
        struct span rest = span_sub(in, from, in.len);
        const uint8_t *close = find(rest, CONTENT_CLOSE);
        if (!close) {
            diag_add(r->d, 0, 0, "xml-malformed", "content", "a <content> does not end: the page was cut short");
            return ST_MALFORMED;
        }
        if (r->cut_count == FEED_PAGE_ENTRIES_MAX) {
            diag_add(r->d, 0, 0, "page-too-long", NULL, "more than %zu entries in one page", FEED_PAGE_ENTRIES_MAX);
            return ST_LIMIT;
        }
        buf_put(frame, in.ptr, from);
        size_t len = (size_t)(close - rest.ptr);
        r->cuts[r->cut_count++] = span_sub(rest, 0, len);
        in = span_sub(rest, len, rest.len);
    }
    buf_span(frame, in);
    return buf_status(frame);
}

static enum status require_canonical(struct xml_node *root, struct span frame, struct diag *d)
{
    enum status st = xml_check_canonical(root, frame);
    if (st == ST_INVALID)
        xml_fault(root, d, "not-canonical", "a feed page must be canonical XML (exclusive C14N)");
    return st;
}

// ---- small forms

static enum status missing(const struct xml_node *parent, struct diag *d, const char *what)
{
    xml_fault(parent, d, "missing-element", "<%s> is expected in <%s> here", what, parent->name);
    return ST_INVALID;
}

static enum status wrong(const struct xml_node *n, struct diag *d, const char *expected)
{
    xml_fault(n, d, "wrong-value", "<%s>: expected %s", n->name, expected);
    return ST_INVALID;
}

static const char *const no_attrs[] = {NULL};

// The text of the attribute-less Atom element at *at, which is stepped over.
static enum status take_text(struct reading *r, const struct xml_node *parent, struct xml_node **at, const char *name,
                             const char **ret)
{
    struct xml_node *n = *at;
    if (!xml_is(n, NS_ATOM, name))
        return missing(parent, r->d, name);
    TRY(xml_attrs_known(n, r->d, no_attrs));
    TRY(xml_text(n, r->d, ret));
    *at = xml_next(n);
    return ST_OK;
}

static enum status take_author(struct reading *r, const struct xml_node *parent, struct xml_node **at, const char **ret)
{
    struct xml_node *n = *at;
    if (!xml_is(n, NS_ATOM, "author"))
        return missing(parent, r->d, "author");
    struct xml_node *name = xml_first(n);
    TRY(xml_attrs_known(n, r->d, no_attrs));
    TRY(xml_no_text(n, r->d));
    TRY(take_text(r, n, &name, "name", ret));
    if (name)
        return wrong(n, r->d, "one <name>");
    *at = xml_next(n);
    return ST_OK;
}

static enum status take_time(struct reading *r, const struct xml_node *parent, struct xml_node **at, utc_ms *ret)
{
    const char *text;
    const struct xml_node *n = *at;
    TRY(take_text(r, parent, at, "updated", &text));
    return utc_parse(span_cstr(text), UTC_ZONE_Z, ret) == ST_OK ? ST_OK : wrong(n, r->d, "a UTC time with Z");
}

// ---- items

static enum status read_ledger_entry(struct reading *r, const struct xml_node *n, struct feed_item *ret)
{
    if (n->first)
        return wrong(n, r->d, "an empty element");
    TRY(ledger_entry_read(n, r->d, &ret->entry));
    ret->n = ret->entry.n;
    return ST_OK;
}

// Base64 as we write it, into the arena.
static enum status read_base64(struct reading *r, const struct xml_node *n, const char *text, size_t max, struct span *ret)
{
    size_t room = strlen(text) / 4 * 3, len;
    uint8_t *bytes = arena_alloc(r->a, room + 1);
    if (!bytes)
        return arena_status(r->a);
    if (base64_get(span_cstr(text), bytes, room, &len) != ST_OK || len == 0 || len > max)
        return wrong(n, r->d, "a certificate in base64 without white space, of at most 8192 bytes");
    *ret = span_of(bytes, len);
    return ST_OK;
}

// The consent is taken as the bytes that stand there: it declares its own namespaces, as renditions do.
static enum status read_consent(struct reading *r, const struct xml_node *n, struct feed_carried *ret)
{
    static const char *const attrs[] = {"certificate", NULL};
    const struct xml_node *document = xml_first(n);
    const char *certificate = xml_attr(n, "certificate");
    TRY(xml_attrs_known(n, r->d, attrs));
    TRY(xml_no_text(n, r->d));
    if (!certificate || !document || xml_next(document) || document->to - document->from > CONSENT_BYTES_MAX)
        return wrong(n, r->d, "attribute certificate and one consent of at most 8192 bytes");
    TRY(read_base64(r, n, certificate, CERTIFICATE_BYTES_MAX, &ret->consent_certificate));
    struct span bytes = span_sub(r->frame, document->from, document->to);
    ret->consent = span_of(arena_str(r->a, bytes), bytes.len);
    return arena_status(r->a);
}

static enum status take_carried(struct reading *r, struct xml_node **at, struct feed_carried *ret)
{
    const char *text;
    if (xml_is(*at, NS_FEED, "certificate")) {
        TRY(xml_attrs_known(*at, r->d, no_attrs));
        TRY(xml_text(*at, r->d, &text));
        TRY(read_base64(r, *at, text, CERTIFICATE_BYTES_MAX, &ret->certificate));
        *at = xml_next(*at);
    }
    if (xml_is(*at, NS_FEED, "consent")) {
        TRY(read_consent(r, *at, ret));
        *at = xml_next(*at);
    }
    return ST_OK;
}

static enum status read_content(struct reading *r, const struct xml_node *n, struct feed_item *ret)
{
    // Another prefix or type would not have been cut out: then the pairing below would be off.
    const char *type = xml_attr(n, "type");
    if (*n->prefix || !type || strcmp(type, "application/xml") != 0 || n->attrs->next || n->first)
        return wrong(n, r->d, "<content type=\"application/xml\"> in canonical form");
    if (r->used == r->cut_count)
        return wrong(n, r->d, "its report inside");
    ret->content = r->cuts[r->used++];
    return ST_OK;
}

static enum status read_report(struct reading *r, const struct xml_node *n, struct feed_item *ret)
{
    static const char *const attrs[] = {NULL};
    struct xml_node *at = xml_first(n);
    const char *id, expected_id[] = "the Atom id to be the report of the ledger entry";
    utc_ms updated;
    char urn[UUID_URN_LEN + 1];
    TRY(xml_attrs_known(n, r->d, attrs));
    TRY(xml_no_text(n, r->d));
    TRY(take_text(r, n, &at, "id", &id));
    TRY(take_text(r, n, &at, "title", &ret->title));
    TRY(take_time(r, n, &at, &updated));
    TRY(take_author(r, n, &at, &ret->author));
    if (!xml_is(at, NS_FEED, "entry"))
        return missing(n, r->d, "r:entry");
    TRY(read_ledger_entry(r, at, ret));
    if (ret->entry.kind != ENTRY_RELEASE)
        return wrong(at, r->d, "kind release beside a report");
    if (strcmp(id, uuid_urn(ret->entry.report, urn)) != 0)
        return wrong(n, r->d, expected_id);
    if (updated != ret->entry.at)
        return wrong(n, r->d, "<updated> to be the time of the ledger entry");
    at = xml_next(at);
    TRY(take_carried(r, &at, &ret->with));
    if (!xml_is(at, NS_ATOM, "content"))
        return missing(n, r->d, "content");
    TRY(read_content(r, at, ret));
    return xml_next(at) ? wrong(n, r->d, "<content> to be last") : ST_OK;
}

static enum status read_tombstone(struct reading *r, const struct xml_node *n, struct feed_item *ret)
{
    static const char *const attrs[] = {"ref", "when", NULL};
    const char *ref = xml_attr(n, "ref"), *when = xml_attr(n, "when");
    const struct xml_node *entry = xml_first(n);
    char urn[UUID_URN_LEN + 1], at[UTC_TEXT_MAX];
    TRY(xml_attrs_known(n, r->d, attrs));
    TRY(xml_no_text(n, r->d));
    if (!xml_is(entry, NS_FEED, "entry") || xml_next(entry))
        return missing(n, r->d, "r:entry");
    TRY(read_ledger_entry(r, entry, ret));
    if (ret->entry.kind != ENTRY_RECALL && ret->entry.kind != ENTRY_WITHDRAW)
        return wrong(entry, r->d, "kind recall or withdraw");
    if (!ref || strcmp(ref, uuid_urn(ret->entry.report, urn)) != 0 || !when ||
        strcmp(when, utc_format_ms(ret->entry.at, at)) != 0)
        return wrong(n, r->d, "ref and when to be those of the ledger entry");
    return ST_OK;
}

static enum status read_leaf(struct reading *r, const struct xml_node *n, struct feed_item *ret)
{
    static const char *const attrs[] = {"hash", "n", NULL};
    const char *hash = xml_attr(n, "hash"), *position = xml_attr(n, "n");
    TRY(xml_attrs_known(n, r->d, attrs));
    if (n->first || !hash || !digest_parse(span_cstr(hash), &ret->leaf) || !position || !decimal_parse(span_cstr(position), UINT64_MAX, &ret->n))
        return wrong(n, r->d, "attributes n and hash (sha256:…)");
    return ST_OK;
}

static enum status read_item(struct reading *r, const struct xml_node *n, struct feed_item *ret)
{
    if (xml_is(n, NS_ATOM, "entry")) {
        ret->kind = FEED_REPORT;
        return read_report(r, n, ret);
    }
    if (xml_is(n, NS_TOMBSTONE, "deleted-entry")) {
        ret->kind = FEED_TOMBSTONE;
        return read_tombstone(r, n, ret);
    }
    if (xml_is(n, NS_FEED, "entry")) {
        ret->kind = FEED_POSITION;
        return read_ledger_entry(r, n, ret);
    }
    if (xml_is(n, NS_FEED, "leaf")) {
        ret->kind = FEED_LEAF;
        return read_leaf(r, n, ret);
    }
    xml_fault(n, r->d, "unknown-element", "<%s> is not known in a feed page", n->name);
    return ST_INVALID;
}

// ---- the page

static enum status read_links(struct reading *r, struct xml_node **at, struct feed_page *ret)
{
    static const char *const attrs[] = {"href", "rel", NULL};
    for (; xml_is(*at, NS_ATOM, "link"); *at = xml_next(*at)) {
        const char *href = xml_attr(*at, "href"), *rel = xml_attr(*at, "rel");
        TRY(xml_attrs_known(*at, r->d, attrs));
        if (!href || !rel || (*at)->first)
            return wrong(*at, r->d, "href and rel");
        if (strcmp(rel, "self") == 0)
            ret->self_href = href;
        else if (strcmp(rel, "next") == 0)
            ret->next_href = href;
        else if (strcmp(rel, "first") != 0)
            return wrong(*at, r->d, "rel self, first or next");
    }
    return ST_OK;
}

static enum status read_cursor(struct reading *r, const struct xml_node *root, struct xml_node **at,
                               struct feed_page *ret)
{
    static const char *const attrs[] = {"more", NULL};
    if (!xml_is(*at, NS_FEED, "cursor"))
        return missing(root, r->d, "r:cursor");
    const char *more = xml_attr(*at, "more");
    TRY(xml_attrs_known(*at, r->d, attrs));
    TRY(xml_text(*at, r->d, &ret->cursor));
    if (!more || (strcmp(more, "true") != 0 && strcmp(more, "false") != 0))
        return wrong(*at, r->d, "more=\"true\" or \"false\"");
    if (!feed_cursor_valid(ret->cursor))
        return wrong(*at, r->d, "1 to 200 letters, digits and . _ ~ -");
    ret->more = *more == 't';
    *at = xml_next(*at);
    return ST_OK;
}

// The id must be that of a feed from the author to a recipient, which is taken from it.
static enum status read_parties(struct reading *r, const struct xml_node *root, const char *id, struct feed_page *ret)
{
    static const char before[] = "urn:relto:", between[] = ":feed:";
    size_t n = strlen(ret->sender), skip = strlen(before);
    bool good = n > 0 && strncmp(id, before, skip) == 0 && strncasecmp(id + skip, ret->sender, n) == 0 &&
                strncmp(id + skip + n, between, strlen(between)) == 0;
    if (!good)
        return wrong(root, r->d, "<id> urn:relto:<author>:feed:<recipient>");
    for (size_t i = skip; i < skip + n; i++)
        if (isupper((unsigned char)id[i]))
            return wrong(root, r->d, "the author in lower case in <id>");
    ret->recipient = id + skip + n + strlen(between);
    return *ret->recipient ? ST_OK : wrong(root, r->d, "a recipient in <id>");
}

static enum status read_head(struct reading *r, const struct xml_node *root, struct xml_node **at,
                             struct feed_page *ret)
{
    const char *id, *title, *checkpoint;
    TRY(take_text(r, root, at, "id", &id));
    TRY(take_text(r, root, at, "title", &title));
    TRY(take_time(r, root, at, &ret->updated));
    TRY(take_author(r, root, at, &ret->sender));
    TRY(read_parties(r, root, id, ret));
    TRY(read_links(r, at, ret));
    TRY(read_cursor(r, root, at, ret));
    if (!xml_is(*at, NS_FEED, "checkpoint"))
        return missing(root, r->d, "r:checkpoint");
    TRY(xml_attrs_known(*at, r->d, no_attrs));
    TRY(xml_text(*at, r->d, &checkpoint));
    ret->checkpoint = span_cstr(checkpoint);
    *at = xml_next(*at);
    return ST_OK;
}

static enum status read_page(struct reading *r, const struct xml_node *root, struct feed_page *ret)
{
    if (!xml_is(root, NS_ATOM, "feed"))
        return wrong(root, r->d, "an Atom feed");
    TRY(xml_attrs_known(root, r->d, no_attrs));
    TRY(xml_no_text(root, r->d));
    struct xml_node *at = xml_first(root);
    TRY(read_head(r, root, &at, ret));
    size_t count = 0;
    for (const struct xml_node *n = at; n; n = xml_next(n))
        count++;
    if (count > FEED_PAGE_ENTRIES_MAX) {
        xml_fault(root, r->d, "page-too-long", "%zu entries in one page; at most %zu are read", count,
                  FEED_PAGE_ENTRIES_MAX);
        return ST_LIMIT;
    }
    ret->items = arena_array(r->a, count + 1, sizeof *ret->items);
    if (!ret->items)
        return arena_status(r->a);
    for (; at; at = xml_next(at))
        TRY(read_item(r, at, &ret->items[ret->item_count++]));
    return r->used == r->cut_count ? ST_OK : wrong(root, r->d, "<content> only in an Atom entry");
}

enum status feed_read(struct span bytes, struct arena *a, struct diag *d, struct feed_page *ret)
{
    struct reading r = {.a = a, .d = d};
    struct buf frame;
    struct xml_node *root;
    *ret = (struct feed_page){0};
    if (bytes.len > FEED_DOCUMENT_BYTES_MAX) {
        diag_add(d, 0, 0, "page-too-long", NULL, "a page of %zu bytes; at most %zu are read", bytes.len,
                 FEED_DOCUMENT_BYTES_MAX);
        return ST_LIMIT;
    }
    r.cuts = arena_array(a, FEED_PAGE_ENTRIES_MAX, sizeof *r.cuts);
    if (!r.cuts)
        return arena_status(a);
    buf_init(&frame, bytes.len + 1);
    enum status st = cut_contents(&r, bytes, &frame);
    if (st == ST_OK)
        st = xml_read(buf_bytes(&frame), XML_UNTRUSTED, a, d, &root);
    if (st == ST_OK)
        st = require_canonical(root, buf_bytes(&frame), d);
    if (st == ST_OK) {
        r.frame = buf_bytes(&frame);
        st = read_page(&r, root, ret);
    }
    buf_fini(&frame);
    if (st != ST_OK)
        *ret = (struct feed_page){0};
    return st;
}
