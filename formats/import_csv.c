// A table of any kind, with a mapping file: one CSV record, one draft.
#include "formats/base/utctime.h"
#include "formats/csv_map.h"
#include "formats/import_draft.h"
#include "formats/report.h"

enum { IMPORT_KEY_MAX = 100 }; // it becomes a part of a file name

struct csv_import {
    struct import_run run;
    const struct csv_map *map;
    struct csv_reader csv;
    struct csv_record header;
    struct arena *a; // of the whole import: the header line
    bool ended;
};

// One record on its way to a draft.
struct filling {
    struct csv_import *t;
    const struct csv_record *rec;
    struct arena *a;
    const char *name;   // of the draft; NULL until it is known
    enum status st;     // the first thing that went wrong: ST_INVALID is told and leaves the record out
    unsigned used, set; // placeholders met, and of these not empty
};

// Leave the record out, told once. `why` may be NULL where memory for a better one was out.
static enum status leave_out(struct filling *f, const char *element, const char *why)
{
    if (f->st == ST_OK)
        f->st = import_skip(&f->t->run, f->rec->line, element, why ? why : "it makes too large a draft");
    return f->st;
}

static void fail(struct filling *f, enum status st)
{
    if (f->st == ST_OK)
        f->st = st;
}

// ---- what a {name} stands for

static const char *cell_of(struct filling *f, const char *column)
{
    const char *s = import_clean(f->a, span_cstr(f->rec->fields[csv_column(&f->t->header, column)]), true);
    if (!s) {
        fail(f, arena_status(f->a));
        (void)leave_out(f, column, "the text is not UTF-8");
    }
    return s ? s : "";
}

static const char *value_of(struct filling *f, const struct csv_derived *how, const char *cell)
{
    for (size_t i = 0; i < how->value_count; i++)
        if (strcmp(how->values[i].from, cell) == 0)
            return how->values[i].to;
    if (!how->other)
        (void)leave_out(f, how->column, arena_printf(f->a, "the mapping has no value of %s for \"%.80s\"", how->name, cell));
    return how->other ? how->other : "";
}

static const char *time_of(struct filling *f, const struct csv_derived *how, const char *cell)
{
    char text[UTC_TEXT_MAX];
    utc_ms t;
    if (!*cell)
        return "";
    if (csv_map_time(how, cell, &t))
        return arena_cstr(f->a, utc_format_s(t, text));
    (void)leave_out(f, how->column, arena_printf(f->a, "expected a time as %s, got \"%.40s\"", how->form, cell));
    return "";
}

static const char *number_of(struct filling *f, const struct csv_derived *how, const char *cell)
{
    char text[CSV_NUMBER_MAX];
    if (!*cell)
        return "";
    if (csv_map_number(how, cell, text))
        return arena_cstr(f->a, text);
    (void)leave_out(f, how->column, arena_printf(f->a, "expected a decimal number, got \"%.40s\"", cell));
    return "";
}

static const struct csv_derived *find_derived(const struct csv_map *m, const char *name)
{
    for (size_t i = 0; i < m->derived_count; i++)
        if (strcmp(m->derived[i].name, name) == 0)
            return &m->derived[i];
    return NULL;
}

// What stands for a name; "" after a fault. The names were checked with the header line.
static const char *resolve(struct filling *f, const char *name)
{
    if (strcmp(name, ":nation") == 0)
        return f->t->run.o->nation;
    if (strcmp(name, ":cell") == 0)
        return f->t->run.o->cell;
    const struct csv_derived *how = find_derived(f->t->map, name);
    if (!how)
        return cell_of(f, name);
    const char *cell = cell_of(f, how->column);
    switch (how->kind) {
    case CSV_VALUES: return value_of(f, how, cell);
    case CSV_TIME: return time_of(f, how, cell);
    case CSV_NUMBER: return number_of(f, how, cell);
    }
    return "";
}

typedef void escape_fn(struct buf *b, struct span text);

static void put_plain(struct buf *b, struct span text)
{
    buf_span(b, text);
}

// Append a text with each {name} replaced, escaped.
static void put_filled(struct filling *f, const char *text, escape_fn *escape, struct buf *out)
{
    struct span before, name;
    for (const char *rest; (rest = csv_map_next(text, &before, &name)); text = rest) {
        escape(out, before);
        if (name.len == 0)
            continue;
        const char *key = arena_str(f->a, name), *value = key ? resolve(f, key) : NULL;
        if (!value) {
            fail(f, arena_status(f->a));
            return;
        }
        f->used++;
        f->set += *value != 0;
        escape(out, span_cstr(value));
    }
    escape(out, span_cstr(text));
}

// ---- the draft

// What may be left out of a report: an element of these, all of whose {names} are empty, is.
static bool may_go(const struct xml_node *n)
{
    static const char *const names[] = {"topic", "area", "position", "period", "grading", "exercise", "reference", "portion", "attachment"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (xml_is(n, NS_REPORT, names[i]))
            return true;
    return false;
}

static void put_attrs(struct filling *f, const struct xml_node *n, struct buf *out)
{
    if (!n->parent || !n->parent->ns || strcmp(n->parent->ns, n->ns) != 0)
        buf_xml_attr(out, "xmlns", n->ns);
    for (const struct xml_attr *at = n->attrs; at; at = at->next) {
        buf_printf(out, " %s%s%s=\"", at->prefix, *at->prefix ? ":" : "", at->name);
        put_filled(f, at->value, buf_xml_value, out);
        buf_putc(out, '"');
    }
    struct uuid id;
    char urn[UUID_URN_LEN + 1];
    if (xml_is(n, NS_REPORT, "header") && import_id(f->t->run.o, f->name, &id))
        buf_printf(out, " report=\"%s\" version=\"1\"", uuid_urn(id, urn));
}

static void put_element(struct filling *f, const struct xml_node *n, struct buf *out);

static void put_content(struct filling *f, const struct xml_node *n, struct buf *out)
{
    for (const struct xml_node *c = n->first; c; c = c->next) {
        if (c->name)
            put_element(f, c, out);
        else
            put_filled(f, (const char *)c->text.ptr, buf_xml_text, out);
    }
}

// The tree is at most 32 deep (XML_DEPTH_MAX).
static void put_element(struct filling *f, const struct xml_node *n, struct buf *out)
{
    struct buf own;
    unsigned used = f->used, set = f->set;
    buf_init(&own, RENDITION_BYTES_MAX);
    f->used = f->set = 0;
    buf_printf(&own, "<%s", n->name);
    put_attrs(f, n, &own);
    buf_putc(&own, '>');
    put_content(f, n, &own);
    buf_printf(&own, "</%s>", n->name);
    if (f->used == 0 || f->set > 0 || !may_go(n))
        buf_span(out, buf_bytes(&own));
    if (buf_status(&own) != ST_OK)
        fail(f, buf_status(&own));
    f->used += used;
    f->set += set;
    buf_fini(&own);
}

// The name of the draft, from the key.
static enum status name_record(struct filling *f)
{
    struct buf key;
    buf_init(&key, CSV_RECORD_BYTES_MAX);
    put_filled(f, f->t->map->key, put_plain, &key);
    enum status st = f->st == ST_OK ? buf_status(&key) : f->st;
    const char *stem = st == ST_OK ? import_stem(f->a, buf_cstr(&key)) : NULL;
    buf_fini(&key);
    TRY(st);
    if (!stem)
        return arena_status(f->a);
    if (!*stem || strlen(stem) > IMPORT_KEY_MAX)
        return leave_out(f, "key", "expected a name of the record, of 1 to 100 letters and digits");
    f->name = arena_printf(f->a, "%s-%s", import_stem(f->a, f->t->map->source), stem);
    return arena_status(f->a);
}

// A record that is too much for its memory is left out, as one that is no good.
static enum status settle(struct filling *f, enum status st)
{
    if (st != ST_LIMIT)
        return st;
    f->st = ST_OK;
    return leave_out(f, NULL, NULL);
}

static enum status fill(struct filling *f, struct buf *out)
{
    TRY(settle(f, name_record(f)));
    buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    put_element(f, f->t->map->report, out);
    buf_putc(out, '\n');
    TRY(settle(f, f->st == ST_OK ? buf_status(out) : f->st));
    TRY(import_check_draft(&f->t->run, buf_bytes(out), f->rec->line));
    struct import_draft draft = {.name = f->name, .xml = buf_bytes(out), .line = f->rec->line};
    return import_hand_out(&f->t->run, f->name, &draft);
}

static enum status one_record(struct csv_import *t, struct arena *a)
{
    struct csv_record rec;
    enum status st = csv_next(&t->csv, a, t->run.d, &rec);
    if (st == ST_NOT_FOUND)
        t->ended = true;
    if (st == ST_INVALID)
        import_left_out(&t->run);
    if (st == ST_INVALID || st == ST_NOT_FOUND)
        return ST_OK;
    TRY(st);
    struct filling f = {.t = t, .rec = &rec, .a = a};
    struct buf out;
    if (rec.count != t->header.count)
        st = leave_out(&f, NULL, "the number of fields is not that of the header line");
    buf_init(&out, RENDITION_BYTES_MAX);
    if (st == ST_OK)
        st = fill(&f, &out);
    buf_fini(&out);
    return st == ST_INVALID ? ST_OK : st;
}

// ---- the header line: every name that the mapping uses is there

static void check_name(struct csv_import *t, const char *name, uint32_t line, enum status *worst)
{
    const struct csv_derived *how = find_derived(t->map, name);
    const char *column = how ? how->column : name;
    if (strcmp(name, ":nation") == 0 || strcmp(name, ":cell") == 0 || csv_column(&t->header, column) != SIZE_MAX)
        return;
    diag_add(t->run.d, t->header.line, 0, "import-column", column, "the header line has no such column; the mapping names it in line %u",
             how ? how->line : line);
    *worst = ST_INVALID;
}

static void check_names(struct csv_import *t, const char *text, uint32_t line, enum status *worst)
{
    struct span before, name;
    for (const char *rest; (rest = csv_map_next(text, &before, &name)); text = rest) {
        const char *key = name.len ? arena_str(t->a, name) : NULL;
        if (key)
            check_name(t, key, line, worst);
    }
}

static void check_element(struct csv_import *t, const struct xml_node *n, enum status *worst)
{
    for (const struct xml_attr *at = n->attrs; at; at = at->next)
        check_names(t, at->value, n->line, worst);
    for (const struct xml_node *c = n->first; c; c = c->next) {
        if (c->name)
            check_element(t, c, worst);
        else
            check_names(t, (const char *)c->text.ptr, n->line, worst);
    }
}

static enum status header_line(struct csv_import *t)
{
    enum status st = csv_next(&t->csv, t->a, t->run.d, &t->header);
    if (st == ST_NOT_FOUND) {
        diag_add(t->run.d, 0, 0, "import-empty", NULL, "the file is empty; expected a header line and records");
        return ST_INVALID;
    }
    TRY(st);
    check_names(t, t->map->key, t->map->line, &st);
    check_element(t, t->map->report, &st);
    TRY(arena_status(t->a));
    return st;
}

enum status import_csv(struct span bytes, const struct import_options *o, import_each *each, void *ctx, struct diag *d,
                       struct import_counts *ret)
{
    *ret = (struct import_counts){0};
    if (bytes.len > IMPORT_BYTES_MAX)
        return ST_LIMIT;
    struct csv_import t = {.run = {o, each, ctx, d, ret}, .map = o->map, .a = arena_new(MIB)};
    if (!t.a)
        return ST_NOMEM;
    csv_init(&t.csv, bytes);
    t.csv.separator = o->map->separator;
    enum status st = header_line(&t);
    while (st == ST_OK && !t.ended) {
        struct arena *a = arena_new(4 * MIB); // of one record: its fields are at most 64 KiB, each used a few times
        st = a ? one_record(&t, a) : ST_NOMEM;
        arena_free(&a);
    }
    arena_free(&t.a);
    return st;
}
