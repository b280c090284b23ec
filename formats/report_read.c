#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "formats/report_parse.h"
#include "formats/text_rules.h"

// ---- faults

void report_fault(struct report_reading *x, const struct xml_node *n, const char *rule, const char *fmt, ...)
{
    char message[DIAG_TEXT_MAX], where[96];
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    if (x->st == ST_OK)
        x->st = ST_INVALID;
    snprintf(where, sizeof where, "%s%s%s", x->part ? x->part : "", x->part_id ? " " : "", x->part_id ? x->part_id : "");
    diag_add(x->d, n->line, n->column, rule, *where ? where : n->name, "%s", message);
}

void report_status(struct report_reading *x, enum status st)
{
    if (st != ST_OK && (x->st == ST_OK || x->st == ST_INVALID))
        x->st = st;
}

static void within(struct report_reading *x, const char *kind, const char *id)
{
    x->part = kind;
    x->part_id = id;
}

void report_frame(struct report_reading *x, const struct xml_node *n, const char *const *attrs)
{
    report_status(x, xml_attrs_known(n, x->d, attrs));
    report_status(x, xml_no_text(n, x->d));
    if (x->exact && n->first && !xml_first(n))
        report_fault(x, n, "white-space", "no white space is allowed in the empty element <%s>", n->name);
}

void report_empty(struct report_reading *x, const struct xml_node *n, const char *const *attrs)
{
    report_frame(x, n, attrs);
    if (xml_first(n))
        report_fault(x, xml_first(n), "unexpected-element", "<%s> is empty, got <%s> in it", n->name,
                     xml_first(n)->name);
}

// ---- characters (spec 2.2)

static void characters_fault(struct report_reading *x, const struct xml_node *element, enum text_verdict v,
                             uint32_t c)
{
    const char *what = "";
    switch (v) {
    case TEXT_OK:
        return;
    case TEXT_NOT_NFC:
        report_fault(x, element, "characters",
                     "<%s> holds text that is not in Unicode normalization form C; normalize it",
                     element->name);
        return;
    case TEXT_CONTROL:
        what = "the control character";
        break;
    case TEXT_BIDI:
        what = "the bidirectional control";
        break;
    case TEXT_UNASSIGNED:
        what = "a character that Unicode does not assign,";
        break;
    }
    report_fault(x, element, "characters", "<%s> holds %s U+%04X; remove it", element->name, what,
                 (unsigned)c);
}

static void check_characters(struct report_reading *x, const struct xml_node *element, struct span text,
                             bool lines)
{
    enum text_verdict v = TEXT_OK;
    uint32_t c = 0;
    report_status(x, text_rules_check(text, lines, &v, &c));
    characters_fault(x, element, v, c);
}

static bool is_single_line(const struct xml_node *element)
{
    return !xml_is(element, NS_REPORT, "text");
}

// Every text and attribute value of the tree. In canonical bytes, also no white space between elements.
static void check_tree(struct report_reading *x, const struct xml_node *n)
{
    if (!n->name) {
        bool between = n->next || n->parent->first != n;
        if (x->exact && between)
            report_fault(x, n->parent, "white-space",
                         "no white space is allowed between the elements of <%s>", n->parent->name);
        if (!n->plain)
            check_characters(x, n->parent, n->text, !x->exact || !is_single_line(n->parent));
        return;
    }
    if (x->exact && *n->prefix && xml_same(n->ns, NS_REPORT))
        report_fault(x, n, "prefix", "the report's namespace is the default one: <%s> has the prefix \"%s\"",
                     n->name, n->prefix);
    for (const struct xml_attr *at = n->attrs; at; at = at->next)
        if (!at->plain)
            check_characters(x, n, span_cstr(at->value), false);
    for (const struct xml_node *c = n->first; c; c = c->next)
        check_tree(x, c);
}

// ---- what children share

static void take_salt(struct report_reading *x, const struct xml_node *n)
{
    const char *salt = xml_attr(n, "salt");
    uint8_t bytes[SALT_LEN];
    if (!salt) {
        if (x->is_signed)
            report_fault(x, n, "missing-attribute", "<%s> of a signed report needs the attribute \"salt\"",
                         n->name);
        return;
    }
    x->r->has_salts = true;
    if (!salt_parse(span_cstr(salt), bytes))
        report_fault(x, n, "salt-form", "\"salt\" is %d random bytes in base64", SALT_LEN);
}

// The Id in this attribute. In a signed report it must be the given one; in a draft that is the default.
static const char *take_id(struct report_reading *x, const struct xml_node *n, const char *attr,
                           const char *given)
{
    const char *id = report_id_of(x, n, attr);
    if (x->is_signed && (!id || strcmp(id, given) != 0))
        report_fault(x, n, "id-order", "\"%s\" of this <%s> must be \"%s\" in a signed report", attr, n->name,
                     given);
    if (!id)
        id = given;
    x->ids[x->id_count++] = (struct report_id){id, n};
    return id;
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct report_id *)a)->id, ((const struct report_id *)b)->id);
}

static void check_ids_differ(struct report_reading *x)
{
    within(x, NULL, NULL);
    qsort(x->ids, x->id_count, sizeof *x->ids, by_id);
    for (size_t i = 1; i < x->id_count; i++)
        if (strcmp(x->ids[i - 1].id, x->ids[i].id) == 0)
            report_fault(
                x, x->ids[i].node, "id-double",
                "two children have the Id \"%s\" (a child without one is named e1, e2 … by its place)",
                x->ids[i].id);
}

void report_label(struct report_reading *x, const struct xml_node *n, const struct label **ret)
{
    report_status(x, label_read(n, x->a, x->d, ret));
}

// ---- children

static void read_overall_label(struct report_reading *x, const struct xml_node *n)
{
    within(x, "label", NULL);
    x->r->label_from = n->from;
    x->r->label_to = n->to;
    x->r->overall_withheld = xml_is(n, NS_REPORT, "withheld");
    if (x->r->overall_withheld) {
        const char *ref;
        report_empty(x, n, (const char *const[]){"ref", NULL});
        report_attr(x, n, "ref", &ref);
        x->r->label_id = take_id(x, n, "ref", REPORT_LABEL_ID);
        return;
    }
    report_status(x, xml_attrs_known(n, x->d, (const char *const[]){"Id", "salt", NULL}));
    x->r->label_id = take_id(x, n, "Id", REPORT_LABEL_ID);
    take_salt(x, n);
    report_label(x, n, &x->r->label);
}

static void read_header(struct report_reading *x, const struct xml_node *n)
{
    within(x, "header", NULL);
    x->header_from = n->from;
    x->header_to = n->to;
    take_id(x, n, "Id", REPORT_HEADER_ID);
    take_salt(x, n);
    report_parse_header(x, n);
}

static const char *const relations[] = {"supersedes", "related", "in-reply-to"};

const char *report_relation_text(enum report_relation rel)
{
    return relations[rel];
}

static void read_reference(struct report_reading *x, const struct xml_node *n, struct report_child *c)
{
    const char *rel;
    report_empty(x, n, (const char *const[]){"Id", "salt", "rel", "ref", NULL});
    report_urn(x, n, "ref", &c->target);
    if (!report_attr(x, n, "rel", &rel))
        return;
    for (size_t i = 0; i < sizeof relations / sizeof *relations; i++)
        if (strcmp(rel, relations[i]) == 0) {
            c->relation = (enum report_relation)i;
            return;
        }
    report_fault(x, n, "relation", "\"rel\" is supersedes, related or in-reply-to");
}

// The label that may stand first; returns the element behind it.
static const struct xml_node *read_own_label(struct report_reading *x, const struct xml_node *first,
                                             const struct label **ret)
{
    if (!first || !xml_is(first, NS_REPORT, "label"))
        return first;
    report_status(x, xml_attrs_known(first, x->d, (const char *const[]){NULL}));
    report_label(x, first, ret);
    return xml_next(first);
}

static void read_portion(struct report_reading *x, const struct xml_node *n, struct report_child *c)
{
    report_frame(x, n, (const char *const[]){"Id", "salt", NULL});
    const struct xml_node *text = read_own_label(x, xml_first(n), &c->label);
    if (!text || !xml_is(text, NS_REPORT, "text")) {
        report_fault(x, text ? text : n, "missing-element",
                     "a portion holds one <text> after its <label>, got %s%s", text ? "element " : "nothing",
                     text ? text->name : "");
        return;
    }
    report_status(x, xml_attrs_known(text, x->d, (const char *const[]){NULL}));
    report_status(x, xml_text(text, x->d, &c->text));
    if (xml_next(text))
        report_fault(x, xml_next(text), "unexpected-element", "a portion ends after its <text>, got <%s>",
                     xml_next(text)->name);
}

static void read_attachment(struct report_reading *x, const struct xml_node *n, struct report_child *c)
{
    const char *hex;
    report_frame(x, n, (const char *const[]){"Id", "salt", "name", "media-type", "size", "sha256", NULL});
    if (report_attr(x, n, "name", &c->name))
        report_file_name(x, n, c->name);
    if (report_attr(x, n, "media-type", &c->media_type))
        report_media_type(x, n, c->media_type);
    report_integer(x, n, "size", 0, INT64_MAX, &c->size_bytes);
    if (report_attr(x, n, "sha256", &hex) && hex_get(span_cstr(hex), c->sha256.b, SHA256_LEN) != ST_OK)
        report_fault(x, n, "digest-form", "\"sha256\" is 64 lower-case hexadecimal digits");
    const struct xml_node *more = read_own_label(x, xml_first(n), &c->label);
    if (more)
        report_fault(x, more, "unexpected-element", "an attachment holds one <label> at most, got <%s>",
                     more->name);
}

static const struct {
    const char *name;
    enum report_child_kind kind;
    int rank; // order in the document; 0 = anywhere
} kinds[] = {
    {"reference", REPORT_REFERENCE, 1},
    {"portion", REPORT_PORTION, 2},
    {"attachment", REPORT_ATTACHMENT, 3},
    {"withheld", REPORT_WITHHELD, 0},
};
enum { KIND_COUNT = sizeof kinds / sizeof *kinds };

static void read_content(struct report_reading *x, const struct xml_node *n, struct report_child *c)
{
    switch (c->kind) {
    case REPORT_REFERENCE:
        read_reference(x, n, c);
        return;
    case REPORT_PORTION:
        read_portion(x, n, c);
        return;
    case REPORT_ATTACHMENT:
        read_attachment(x, n, c);
        return;
    case REPORT_WITHHELD:
        report_empty(x, n, (const char *const[]){"ref", NULL});
        return;
    }
}

static void read_child(struct report_reading *x, const struct xml_node *n, size_t kind, size_t index)
{
    struct report_child *c = &x->r->children[index];
    char given[1 + DECIMAL_TEXT_MAX] = "e";
    decimal_text(index + 1, given + 1);
    const char *kept = arena_cstr(x->a, given), *ref;
    *c = (struct report_child){.kind = kinds[kind].kind, .from = n->from, .to = n->to, .line = n->line,
                                 .column = n->column};
    bool withheld = c->kind == REPORT_WITHHELD;
    within(x, n->name, kept);
    if (withheld)
        report_attr(x, n, "ref", &ref);
    c->id = take_id(x, n, withheld ? "ref" : "Id", kept ? kept : "");
    within(x, n->name, c->id);
    if (!withheld)
        take_salt(x, n);
    read_content(x, n, c);
}

static size_t kind_of(const struct xml_node *n)
{
    size_t i = 0;
    while (i < KIND_COUNT && !xml_is(n, NS_REPORT, kinds[i].name))
        i++;
    return i;
}

static void read_children(struct report_reading *x, const struct xml_node *n)
{
    int rank = 0;
    bool any = false;
    for (; n && n != x->signature; n = xml_next(n)) {
        size_t kind = kind_of(n);
        within(x, NULL, NULL);
        if (kind == KIND_COUNT) {
            report_fault(x, n, "unexpected-element",
                         "expected reference, portion, attachment, withheld or the signature, got <%s>",
                         n->name);
            continue;
        }
        if (kinds[kind].rank && kinds[kind].rank < rank)
            report_fault(x, n, "element-order",
                         "<%s> must stand before (order: reference, portion, attachment)", n->name);
        rank = kinds[kind].rank > rank ? kinds[kind].rank : rank;
        any = any || kinds[kind].kind == REPORT_PORTION || (kinds[kind].kind == REPORT_WITHHELD && rank < 3);
        read_child(x, n, kind, x->r->child_count++);
    }
    within(x, NULL, NULL);
    if (!any)
        report_fault(x, x->root, "missing-element", "a report has at least one <portion>");
    if (n && xml_next(n))
        report_fault(x, xml_next(n), "element-order", "the signature is the last child, got <%s> behind it",
                     xml_next(n)->name);
}

static const char *name_or_none(const struct xml_node *n)
{
    return n && n->name ? n->name : "";
}

static void read_body(struct report_reading *x)
{
    const struct xml_node *n = xml_first(x->root);
    bool label = n && (xml_is(n, NS_REPORT, "label") || xml_is(n, NS_REPORT, "withheld"));
    if (label) {
        read_overall_label(x, n);
        n = xml_next(n);
    } else {
        report_fault(x, n ? n : x->root, "missing-element", "expected the overall <label> first, got %s%s",
                     n ? "element " : "nothing", name_or_none(n));
    }
    within(x, NULL, NULL);
    if (n && xml_is(n, NS_REPORT, "header")) {
        read_header(x, n);
        n = xml_next(n);
    } else {
        report_fault(x, n ? n : x->root, "missing-element",
                     "expected the <header> after the overall label, got %s%s", n ? "element " : "nothing", name_or_none(n));
    }
    read_children(x, n);
}

// Room for all children; their number is limited.
static bool make_room(struct report_reading *x)
{
    size_t count = 0;
    for (const struct xml_node *n = xml_first(x->root); n; n = xml_next(n)) {
        if (!x->signature && xml_is(n, NS_DSIG, "Signature"))
            x->signature = n;
        count++;
    }
    x->is_signed = x->is_signed || x->signature;
    if (count > REPORT_CHILDREN_MAX + 3) {
        report_fault(x, x->root, "report-limit", "a report has at most %zu children, got %zu",
                     REPORT_CHILDREN_MAX, count);
        x->st = ST_LIMIT;
        return false;
    }
    x->r = arena_alloc(x->a, sizeof *x->r);
    x->ids = arena_array(x->a, count + 2, sizeof *x->ids);
    struct report_child *children = arena_array(x->a, count + 1, sizeof *children);
    if (!x->r || !x->ids || !children) {
        report_status(x, arena_status(x->a));
        return false;
    }
    *x->r = (struct report){
        .version = 1, .lang = "", .cell = "", .children = children, .is_signed = x->is_signed};
    return true;
}

enum status report_parse(struct report_reading *x, const struct xml_node *root)
{
    x->root = root;
    if (!xml_is(root, NS_REPORT, "report")) {
        report_fault(x, root, "not-a-report",
                     "expected <report xmlns=\"" NS_REPORT "\">, got <%s> in namespace \"%.80s\"", root->name,
                     root->ns);
        return x->st;
    }
    check_tree(x, root);
    report_frame(x, root, (const char *const[]){NULL});
    if (!make_room(x))
        return x->st;
    read_body(x);
    if (x->r->child_count > REPORT_CHILDREN_MAX) {
        report_fault(x, root, "report-limit", "a report has at most %zu children after its header",
                     REPORT_CHILDREN_MAX);
        x->st = ST_LIMIT;
    }
    check_ids_differ(x);
    report_status(x, arena_status(x->a));
    return x->st;
}

enum status report_read(struct span bytes, const char *file, struct arena *a, struct diag *d,
                        const struct report **ret)
{
    if (d && file)
        snprintf(d->file, sizeof d->file, "%s", file);
    if (bytes.len > RENDITION_BYTES_MAX) {
        diag_add(d, 0, 0, "report-limit", "report", "a report is at most %zu bytes, got %zu",
                 RENDITION_BYTES_MAX, bytes.len);
        return ST_LIMIT;
    }
    struct xml_node *root;
    TRY(xml_read(bytes, XML_UNTRUSTED, a, d, &root));
    struct report_reading x = {.a = a, .d = d};
    TRY(report_parse(&x, root));
    *ret = x.r;
    return ST_OK;
}
