// STIX 2.1 bundles: one `report` object, one draft. A bundle of ours (stix.h) brings header and labels along; of others the marking is
// TLP, and what it refers to becomes portions.
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "formats/import_json.h"
#include "formats/report.h"
#include "formats/stix.h"

enum { TEXT_BYTES_MAX = 4 << 20 };

struct bundle {
    struct import_run run;
    json_t *by_id; // objects of the bundle
};

// One report on its way to a draft.
struct stix_report {
    struct bundle *b;
    const json_t *object;
    struct arena *a;
    uint32_t line;
    const char *title;
    utc_ms published, modified;
    const char *header; // of our extension, made ours; NULL = a bundle of others
    struct import_portion parts[IMPORT_PORTIONS_MAX];
    const char *labels[IMPORT_PORTIONS_MAX]; // of our extension; NULL = as the part is marked
    size_t count;
    size_t missing; // objects that it refers to and the bundle lacks
};

static enum status leave_out(const struct stix_report *x, const char *element, const char *why)
{
    return import_skip(&x->b->run, x->line, element, why);
}

static const json_t *extension(const json_t *object)
{
    return json_object_get(json_object_get(object, "extensions"), STIX_EXTENSION);
}

// ---- markings

// 0 clear, 1 green, 2 anything narrower, or not understood.
static int tlp_rank(const struct bundle *b, const char *id)
{
    static const struct {
        const char *id;
        int rank;
    } known[] = {
        {"marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", 0}, // TLP 1: white
        {"marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da", 1}, // green
        {"marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487", 0}, // TLP 2: clear
        {"marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb", 1}, // green
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].id, id) == 0)
            return known[i].rank;
    const char *tlp = import_json_string(json_object_get(json_object_get(b->by_id, id), "definition"), "tlp");
    return tlp && strcmp(tlp, "white") == 0 ? 0 : tlp && strcmp(tlp, "green") == 0 ? 1 : 2;
}

// Several markings hold together: the narrowest counts. None at all, one that is not understood, and one of a part of an object
// leave it to the originator alone.
static struct import_mark mark_of(const struct bundle *b, const json_t *object)
{
    static const struct import_mark marks[] = {{.level = IMPORT_OPEN, .release = IMPORT_TO_ALL},
                                               {.level = IMPORT_RESTRICTED, .release = IMPORT_TO_ALL},
                                               {.level = IMPORT_RESTRICTED}};
    const json_t *refs = json_object_get(object, "object_marking_refs");
    int rank = json_array_size(refs) > 0 && !json_object_get(object, "granular_markings") ? 0 : 2;
    for (size_t i = 0; i < json_array_size(refs); i++) {
        const char *id = json_string_value(json_array_get(refs, i));
        int r = id ? tlp_rank(b, id) : 2;
        rank = r > rank ? r : rank;
    }
    return marks[rank];
}

// Read an element of our extension; NULL when it is not what it should be.
static struct xml_node *read_element(const char *text, const char *name, struct arena *a)
{
    struct xml_node *n;
    if (!text || xml_read(span_cstr(text), XML_UNTRUSTED, a, NULL, &n) != ST_OK || !xml_is(n, NS_REPORT, name))
        return NULL;
    return n;
}

static const char *kept(struct arena *a, struct buf *b)
{
    const char *ret = buf_status(b) == ST_OK ? arena_str(a, buf_bytes(b)) : NULL;
    buf_fini(b);
    return ret;
}

// The label that a marking of ours carries, written anew; NULL when the object has no such marking, or others besides.
static const char *label_of(const struct stix_report *x, const json_t *object)
{
    const json_t *refs = json_object_get(object, "object_marking_refs");
    const char *id = json_array_size(refs) == 1 ? json_string_value(json_array_get(refs, 0)) : NULL;
    const char *xml = id ? import_json_string(extension(json_object_get(x->b->by_id, id)), "label") : NULL;
    struct xml_node *n = read_element(xml, "label", x->a);
    const struct label *label;
    if (!n || n->attrs || label_read(n, x->a, NULL, &label) != ST_OK)
        return NULL;
    struct buf out;
    buf_init(&out, RENDITION_BYTES_MAX);
    buf_puts(&out, "<label>");
    label_write(label, &out);
    buf_puts(&out, "</label>\n");
    return kept(x->a, &out);
}

// ---- portions

static enum status add_part(struct stix_report *x, const json_t *object, const char *text)
{
    if (!text)
        return arena_status(x->a);
    if (!*text)
        return ST_OK;
    if (x->count == IMPORT_PORTIONS_MAX)
        return leave_out(x, "object_refs", "more than 1000 objects do not fit into one report");
    x->parts[x->count] = (struct import_portion){mark_of(x->b, object), text};
    x->labels[x->count] = label_of(x, object);
    x->count++;
    return ST_OK;
}

// What an object says, a line for each member that people read.
static const char *object_text(struct stix_report *x, const json_t *object)
{
    static const char *const members[] = {"name", "value", "pattern", "description", "abstract", "content", "explanation",
                                          "relationship_type", "source_ref", "target_ref"};
    struct buf out;
    buf_init(&out, TEXT_BYTES_MAX);
    buf_printf(&out, "%s", import_json_clean(x->a, object, "type", false));
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const char *text = import_json_clean(x->a, object, members[i], true);
        if (text && *text)
            buf_printf(&out, "\n%s: %s", members[i], text);
    }
    return kept(x->a, &out);
}

static enum status add_reference(struct stix_report *x, const char *id)
{
    const json_t *object = id ? json_object_get(x->b->by_id, id) : NULL;
    if (!object) {
        x->missing++;
        return ST_OK;
    }
    const char *type = import_json_string(object, "type");
    if (x->header && type && strcmp(type, "note") != 0)
        return ST_OK; // ours refer to an identity where there is no portion
    if (type && strcmp(type, "note") == 0)
        return add_part(x, object, import_json_clean(x->a, object, "content", true));
    return add_part(x, object, object_text(x, object));
}

static enum status add_parts(struct stix_report *x)
{
    const json_t *refs = json_object_get(x->object, "object_refs");
    if (!x->header)
        TRY(add_part(x, x->object, import_json_clean(x->a, x->object, "description", true)));
    for (size_t i = 0; i < json_array_size(refs); i++)
        TRY(add_reference(x, json_string_value(json_array_get(refs, i))));
    if (x->count == 0)
        return leave_out(x, "object_refs", "neither a description nor an object with a text in the bundle");
    return ST_OK;
}

// ---- a bundle of ours

static void set_attr(struct stix_report *x, struct xml_node *n, const char *name, const char *value)
{
    struct xml_attr *at = n->attrs;
    while (at && (*at->ns || strcmp(at->name, name) != 0))
        at = at->next;
    if (!at && (at = arena_alloc(x->a, sizeof *at)) != NULL) {
        *at = (struct xml_attr){.next = n->attrs, .ns = "", .prefix = "", .name = name};
        n->attrs = at;
    }
    if (at)
        at->value = value;
}

// The header with our cell and, where there are ids, ours.
static enum status own_header(struct stix_report *x, const char *name)
{
    static const char *const of_publication[] = {"Id", "salt", "issued"};
    struct xml_node *header = read_element(import_json_string(extension(x->object), "header"), "header", x->a);
    struct xml_node *originator = header ? xml_child(header, NS_REPORT, "originator") : NULL;
    const char *nation = originator ? xml_attr(originator, "nation") : NULL;
    struct uuid id;
    char urn[UUID_URN_LEN + 1];
    for (size_t i = 0; nation && i < sizeof of_publication / sizeof *of_publication; i++)
        if (xml_attr(header, of_publication[i]))
            nation = NULL; // not as we write them
    if (!nation)
        return leave_out(x, "extensions", "the header of the report format in it is no good");
    if (strcmp(nation, x->b->run.o->nation) != 0)
        return leave_out(x, "extensions", "a report of another nation cannot become one of ours; it is passed on as its terms permit, by the node");
    set_attr(x, originator, "cell", x->b->run.o->cell);
    if (import_id(x->b->run.o, name, &id)) {
        set_attr(x, header, "report", arena_cstr(x->a, uuid_urn(id, urn)));
        set_attr(x, header, "version", "1");
    }
    struct buf out;
    buf_init(&out, RENDITION_BYTES_MAX);
    xml_canonical(header, &out);
    enum status st = buf_status(&out);
    x->header = kept(x->a, &out);
    return st != ST_OK ? st : arena_status(x->a);
}

static void put_label(const struct stix_report *x, const char *label, struct import_mark mark, struct buf *out)
{
    if (label)
        buf_puts(out, label);
    else
        import_mark_write(x->b->run.o->nation, mark, false, x->published, "", out);
}

static void write_own(const struct stix_report *x, struct buf *out)
{
    buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<report xmlns=\"" NS_REPORT "\">\n");
    put_label(x, label_of(x, x->object), mark_of(x->b, x->object), out);
    buf_printf(out, "%s\n", x->header);
    for (size_t i = 0; i < x->count; i++) {
        buf_puts(out, "<portion>\n");
        put_label(x, x->labels[i], x->parts[i].mark, out);
        buf_puts(out, "<text>");
        buf_xml_text(out, span_cstr(x->parts[i].text));
        buf_puts(out, "</text>\n</portion>\n");
    }
    buf_puts(out, "</report>\n");
}

static utc_ms end_of(const struct stix_report *x)
{
    return json_is_true(json_object_get(x->object, "revoked")) ? x->modified : UTC_MAX;
}

static enum status emit_own(struct stix_report *x, const char *name)
{
    struct buf out;
    buf_init(&out, RENDITION_BYTES_MAX);
    write_own(x, &out);
    enum status st = buf_status(&out);
    if (st == ST_OK)
        st = import_check_draft(&x->b->run, buf_bytes(&out), x->line);
    struct import_draft draft = {.name = name, .xml = buf_bytes(&out), .line = x->line, .until = end_of(x)};
    if (st == ST_OK)
        st = import_hand_out(&x->b->run, name, &draft);
    buf_fini(&out);
    return st;
}

// ---- a bundle of others

static enum status emit_other(struct stix_report *x, const char *name)
{
    struct import_report r = {
        .name = name, .type = "TECHINTREP", .lang = "en", .title = x->title, .separable = false,
        .header = mark_of(x->b, x->object), .portions = x->parts, .portion_count = x->count,
        .from = x->published, .to = x->modified > x->published ? x->modified : x->published, .labelled = x->published,
        .reliability = 'F', .credibility = '6', .until = end_of(x),
    };
    import_topic(&r, "cyber");
    return import_emit(&x->b->run, &r, x->line);
}

// ---- the bundle

static bool read_time(const json_t *object, const char *key, utc_ms *ret)
{
    const char *s = import_json_string(object, key);
    return s && utc_parse(span_cstr(s), UTC_ZONE_Z, ret) == ST_OK;
}

static enum status read_report(struct stix_report *x, const char **ret_name)
{
    static const char prefix[] = "report--";
    const char *id = import_json_string(x->object, "id");
    struct uuid uuid;
    if (!id || strncmp(id, prefix, sizeof prefix - 1) != 0 || uuid_parse(span_cstr(id + sizeof prefix - 1), &uuid) != ST_OK)
        return leave_out(x, "id", "expected report-- and a UUID");
    x->title = import_json_clean(x->a, x->object, "name", false);
    *ret_name = arena_printf(x->a, "stix-%s", id + sizeof prefix - 1);
    TRY(arena_status(x->a));
    if (!*x->title)
        return leave_out(x, "name", "expected the name of the report");
    if (!read_time(x->object, "published", &x->published) || !read_time(x->object, "modified", &x->modified))
        return leave_out(x, "published, modified", "expected two times such as 2026-11-22T13:34:00.000Z");
    if (!extension(x->object))
        return ST_OK;
    return own_header(x, *ret_name);
}

static enum status one_report(struct bundle *b, const json_t *object, uint32_t line)
{
    struct stix_report *x = calloc(1, sizeof *x);
    const char *name = NULL;
    if (!x)
        return ST_NOMEM;
    *x = (struct stix_report){.b = b, .object = object, .a = arena_new(4 * RENDITION_BYTES_MAX), .line = line};
    enum status st = x->a ? read_report(x, &name) : ST_NOMEM;
    if (st == ST_OK)
        st = add_parts(x);
    if (st == ST_OK && x->missing)
        diag_add(b->run.d, line, 0, "import-stix", name, "%zu objects that it refers to are not in the bundle, and not in the draft", x->missing);
    if (st == ST_OK)
        st = x->header ? emit_own(x, name) : emit_other(x, name);
    arena_free(&x->a);
    free(x);
    return st == ST_INVALID ? ST_OK : st; // reported and left out
}

static enum status index_objects(struct bundle *b, const json_t *objects)
{
    b->by_id = json_object();
    for (size_t i = 0; b->by_id && i < json_array_size(objects); i++) {
        json_t *o = json_array_get(objects, i);
        const char *id = import_json_string(o, "id");
        if (id && json_object_set(b->by_id, id, o) != 0)
            return ST_NOMEM;
    }
    return b->by_id ? ST_OK : ST_NOMEM;
}

static enum status all_reports(struct bundle *b, const json_t *root, struct span bytes)
{
    const json_t *objects = json_object_get(root, "objects");
    const char *type = import_json_string(root, "type");
    if (!type || strcmp(type, "bundle") != 0 || !json_is_array(objects)) {
        diag_add(b->run.d, 1, 0, "import-stix", NULL, "expected a STIX bundle: an object of type \"bundle\" with the array \"objects\"");
        return ST_INVALID;
    }
    struct import_json_lines lines;
    import_json_lines_init(&lines, bytes);
    TRY(index_objects(b, objects));
    for (size_t i = 0; i < json_array_size(objects); i++) {
        const json_t *o = json_array_get(objects, i);
        uint32_t line = json_is_object(o) ? import_json_lines_next(&lines, 2) : 0;
        const char *kind = import_json_string(o, "type");
        if (!kind)
            (void)import_skip(&b->run, line, NULL, "expected an object with a type");
        else if (strcmp(kind, "report") == 0)
            TRY(one_report(b, o, line));
    }
    return ST_OK;
}

enum status import_stix(struct span bytes, const struct import_options *o, import_each *each, void *ctx, struct diag *d,
                        struct import_counts *ret)
{
    *ret = (struct import_counts){0};
    struct bundle b = {.run = {o, each, ctx, d, ret}};
    json_t *root;
    TRY(import_json_load(bytes, d, &root));
    enum status st = all_reports(&b, root, bytes);
    json_decref(b.by_id);
    json_decref(root);
    return st;
}
