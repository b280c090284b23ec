#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "formats/base/utctime.h"
#include "formats/stix.h"
#include "formats/xml.h"

enum { STIX_ID_MAX = 80, MARKING_BYTES_MAX = 1 << 20 };

struct stix_writer {
    const struct stix_options *o;
    struct buf *out;
    struct digest all;   // over the ids of all objects, for the bundle's own
    struct uuid *shared; // markings and identities that stand in the bundle already
    size_t shared_count, shared_cap;
    bool any;
    enum status st; // of the report being added
};

// An id of what the parts say; each part ends with a NUL byte.
static struct uuid name_uuid(const char *kind, struct span a, struct span b)
{
    static const uint8_t end = 0;
    const struct span parts[] = {span_cstr("relto-stix"), span_of(&end, 1), span_cstr(kind), span_of(&end, 1), a, span_of(&end, 1), b};
    struct digest d = sha256_parts(parts, sizeof parts / sizeof *parts);
    return uuid_from_random(d.b);
}

static const char *stix_id(const char *type, struct uuid id, char out[STIX_ID_MAX])
{
    char urn[UUID_URN_LEN + 1];
    snprintf(out, STIX_ID_MAX, "%s--%s", type, uuid_urn(id, urn) + 9);
    return out;
}

// ---- JSON

static void set(struct stix_writer *w, json_t *o, const char *key, json_t *value)
{
    if (json_object_set_new(o, key, value) != 0)
        w->st = ST_NOMEM;
}

static void set_text(struct stix_writer *w, json_t *o, const char *key, const char *text)
{
    set(w, o, key, json_string(text));
}

static void set_time(struct stix_writer *w, json_t *o, const char *key, utc_ms t)
{
    char text[UTC_TEXT_MAX];
    set_text(w, o, key, utc_format_ms(t, text));
}

static void push(struct stix_writer *w, json_t *array, const char *text)
{
    if (json_array_append_new(array, json_string(text)) != 0)
        w->st = ST_NOMEM;
}

static int to_buf(const char *bytes, size_t len, void *ctx)
{
    buf_put(ctx, bytes, len);
    return 0;
}

// Write an object as a member of the bundle, and let go of it.
static void put(struct stix_writer *w, const char *id, json_t *o)
{
    const struct span parts[] = {span_of(w->all.b, SHA256_LEN), span_cstr(id)};
    w->all = sha256_parts(parts, 2);
    buf_puts(w->out, w->any ? ",\n" : "{\"type\": \"bundle\", \"objects\": [\n");
    w->any = true;
    if (!o || json_dump_callback(o, to_buf, w->out, JSON_PRESERVE_ORDER) != 0)
        w->st = ST_NOMEM;
    json_decref(o);
}

static json_t *new_object(struct stix_writer *w, const char *type, const char *id)
{
    json_t *o = json_object();
    set_text(w, o, "type", type);
    set_text(w, o, "spec_version", "2.1");
    set_text(w, o, "id", id);
    return o;
}

// Has the bundle this one already? Else it is noted as there.
static bool is_shared(struct stix_writer *w, struct uuid id)
{
    for (size_t i = 0; i < w->shared_count; i++)
        if (uuid_eq(w->shared[i], id))
            return true;
    if (w->shared_count == w->shared_cap) {
        size_t cap = w->shared_cap ? 2 * w->shared_cap : 64;
        struct uuid *more = realloc(w->shared, cap * sizeof *more);
        if (!more) {
            w->st = ST_NOMEM;
            return true;
        }
        w->shared = more;
        w->shared_cap = cap;
    }
    w->shared[w->shared_count++] = id;
    return false;
}

// ---- objects

#define EPOCH ((utc_ms)1704067200000) // 2024-01-01: what has no history of its own is of one fixed instant

static void set_extension(struct stix_writer *w, json_t *o, const char *key, const char *xml)
{
    json_t *inner = json_object(), *outer = json_object();
    set_text(w, inner, "extension_type", "property-extension");
    set_text(w, inner, key, xml);
    set(w, outer, STIX_EXTENSION, inner);
    set(w, o, "extensions", outer);
}

static void put_identity(struct stix_writer *w, const struct report *r, char id[STIX_ID_MAX])
{
    struct uuid uuid = name_uuid("identity", span_cstr(r->nation), span_cstr(r->cell));
    char name[160];
    stix_id("identity", uuid, id);
    if (is_shared(w, uuid))
        return;
    json_t *o = new_object(w, "identity", id);
    snprintf(name, sizeof name, "%s%s%s", r->nation, *r->cell ? " " : "", r->cell);
    set_time(w, o, "created", EPOCH);
    set_time(w, o, "modified", EPOCH);
    set_text(w, o, "name", name);
    set_text(w, o, "identity_class", "organization");
    put(w, id, o);
}

static void put_extension_definition(struct stix_writer *w, const char *identity)
{
    json_t *o = new_object(w, "extension-definition", STIX_EXTENSION), *types = json_array();
    set_text(w, o, "created_by_ref", identity);
    set_time(w, o, "created", EPOCH);
    set_time(w, o, "modified", EPOCH);
    set_text(w, o, "name", "relto-report");
    set_text(w, o, "description", "On a report: header; on a marking-definition: label (STANAG 4774). XML of the namespace " NS_REPORT ".");
    set_text(w, o, "schema", NS_REPORT);
    set_text(w, o, "version", "1.0.0");
    push(w, types, "property-extension");
    set(w, o, "extension_types", types);
    put(w, STIX_EXTENSION, o);
}

static void put_statement(struct stix_writer *w, const char *id, const char *line, const char *label)
{
    json_t *o = new_object(w, "marking-definition", id), *definition = json_object();
    set_time(w, o, "created", EPOCH);
    set_text(w, o, "definition_type", "statement");
    set_text(w, definition, "statement", line);
    set(w, o, "definition", definition);
    if (*label)
        set_extension(w, o, "label", label);
    put(w, id, o);
}

// The marking of a label; NULL is one that was withheld.
static void put_marking(struct stix_writer *w, const struct label *label, char id[STIX_ID_MAX])
{
    struct buf line, xml;
    buf_init(&line, MARKING_BYTES_MAX);
    buf_init(&xml, RENDITION_BYTES_MAX);
    w->o->mark(w->o->ctx, label, &line);
    if (label) {
        buf_puts(&xml, "<label xmlns=\"" NS_REPORT "\">");
        label_write(label, &xml);
        buf_puts(&xml, "</label>");
    }
    struct uuid uuid = name_uuid("marking", buf_bytes(&line), buf_bytes(&xml));
    stix_id("marking-definition", uuid, id);
    if (buf_status(&line) != ST_OK || buf_status(&xml) != ST_OK)
        w->st = ST_LIMIT;
    else if (!is_shared(w, uuid))
        put_statement(w, id, buf_cstr(&line), buf_cstr(&xml));
    buf_fini(&line);
    buf_fini(&xml);
}

static void set_marking(struct stix_writer *w, json_t *o, const char *id)
{
    json_t *refs = json_array();
    push(w, refs, id);
    set(w, o, "object_marking_refs", refs);
}

// The report being added, with the ids that its objects share.
struct adding {
    struct stix_writer *w;
    const struct stix_item *item;
    char id[STIX_ID_MAX], identity[STIX_ID_MAX];
    json_t *refs;
};

static void put_note(struct adding *x, const struct report_child *c)
{
    struct stix_writer *w = x->w;
    const struct report *r = x->item->report;
    char id[STIX_ID_MAX], marking[STIX_ID_MAX];
    stix_id("note", name_uuid("note", span_of(r->id.b, sizeof r->id.b), span_cstr(c->id)), id);
    put_marking(w, c->label ? c->label : r->label, marking);
    json_t *o = new_object(w, "note", id), *refs = json_array();
    set_text(w, o, "created_by_ref", x->identity);
    set_time(w, o, "created", x->item->created);
    set_time(w, o, "modified", r->issued);
    if (*r->lang)
        set_text(w, o, "lang", r->lang);
    set_text(w, o, "abstract", c->id);
    set_text(w, o, "content", c->text);
    push(w, refs, x->id);
    set(w, o, "object_refs", refs);
    set_marking(w, o, marking);
    put(w, id, o);
    push(w, x->refs, id);
}

// The header as it stands in the report, without what is of one publication.
static enum status header_xml(struct span bytes, struct buf *out)
{
    static const char *const of_publication[] = {"Id", "salt", "report", "version", "issued"};
    struct arena *a = xml_arena_new(bytes.len);
    struct xml_node *root, *header = NULL;
    if (!a)
        return ST_NOMEM;
    enum status st = xml_read(bytes, XML_UNTRUSTED, a, NULL, &root);
    if (st == ST_OK)
        header = xml_child(root, NS_REPORT, "header");
    for (size_t i = 0; header && i < sizeof of_publication / sizeof *of_publication; i++)
        for (struct xml_attr **at = &header->attrs; *at;) {
            if (!*(*at)->ns && strcmp((*at)->name, of_publication[i]) == 0)
                *at = (*at)->next;
            else
                at = &(*at)->next;
        }
    if (header)
        xml_canonical(header, out);
    arena_free(&a);
    return st == ST_NOMEM ? st : header ? buf_status(out) : ST_CORRUPT;
}

static void put_report(struct adding *x)
{
    struct stix_writer *w = x->w;
    const struct report *r = x->item->report;
    struct buf header;
    char marking[STIX_ID_MAX];
    buf_init(&header, RENDITION_BYTES_MAX);
    enum status st = header_xml(x->item->bytes, &header);
    if (st != ST_OK)
        w->st = st;
    put_marking(w, r->label, marking);
    json_t *o = new_object(w, "report", x->id), *labels = json_array();
    set_text(w, o, "created_by_ref", x->identity);
    set_time(w, o, "created", x->item->created);
    set_time(w, o, "modified", r->issued);
    if (*r->lang)
        set_text(w, o, "lang", r->lang);
    set_text(w, o, "name", r->title);
    set_time(w, o, "published", x->item->created);
    push(w, labels, r->type);
    for (size_t i = 0; i < r->topic_count; i++)
        push(w, labels, r->topics[i]);
    set(w, o, "labels", labels);
    set(w, o, "object_refs", x->refs);
    x->refs = NULL;
    set_marking(w, o, marking);
    set_extension(w, o, "header", buf_cstr(&header));
    put(w, x->id, o);
    buf_fini(&header);
}

enum status stix_add(struct stix_writer *w, const struct stix_item *item)
{
    struct adding x = {.w = w, .item = item, .refs = json_array()};
    const struct report *r = item->report;
    bool first = !w->any;
    w->st = x.refs ? ST_OK : ST_NOMEM;
    stix_id("report", r->id, x.id);
    put_identity(w, r, x.identity);
    if (first)
        put_extension_definition(w, x.identity);
    for (size_t i = 0; i < r->child_count; i++)
        if (r->children[i].kind == REPORT_PORTION)
            put_note(&x, &r->children[i]);
    if (json_array_size(x.refs) == 0)
        push(w, x.refs, x.identity); // a report refers to something, though every portion was withheld
    put_report(&x);
    json_decref(x.refs);
    return w->st != ST_OK ? w->st : buf_status(w->out);
}

enum status stix_end(struct stix_writer *w)
{
    char id[STIX_ID_MAX];
    if (!w->any)
        buf_puts(w->out, "{\"type\": \"bundle\", \"objects\": [");
    buf_printf(w->out, "\n], \"id\": \"%s\"}\n", stix_id("bundle", uuid_from_random(w->all.b), id));
    return buf_status(w->out);
}

enum status stix_writer_new(const struct stix_options *o, struct buf *out, struct stix_writer **ret)
{
    struct stix_writer *w = calloc(1, sizeof *w);
    if (!w)
        return ST_NOMEM;
    w->o = o;
    w->out = out;
    *ret = w;
    return ST_OK;
}

void stix_writer_free(struct stix_writer **w)
{
    if (!*w)
        return;
    free((*w)->shared);
    free(*w);
    *w = NULL;
}
