// Taking reports into the search index, and out of it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/limits.h"
#include "store/search_internal.h"
#include "store/value.h"

// ---- facts. Layout 1: issued, has_position, lat and lon in billionths of a degree; then the terms

static struct key uuid_key(struct uuid id)
{
    struct key k = {.len = 0};
    key_uuid(&k, id);
    return k;
}

static int64_t billionths(double v)
{
    return (int64_t)(v < 0 ? v * 1e9 - 0.5 : v * 1e9 + 0.5);
}

enum status search_facts_get(struct db_txn *t, struct uuid id, struct search_facts *ret)
{
    struct key k = uuid_key(id);
    struct span v;
    TRY(db_get(t, DB_SEARCHED, key_span(&k), &v));
    struct key_reader r = value_reader(v, 1);
    struct search_facts f = {.issued = key_get_i64(&r)};
    uint8_t has_position = key_get_u8(&r);
    f.has_position = has_position;
    f.lat = (double)key_get_i64(&r) / 1e9;
    f.lon = (double)key_get_i64(&r) / 1e9;
    f.terms = r.rest;
    if (r.bad || has_position > 1 || f.terms.len == 0 || f.terms.ptr[f.terms.len - 1] != 0)
        return ST_CORRUPT;
    *ret = f;
    return ST_OK;
}

static struct key term_key(struct span term, utc_ms issued, struct uuid id)
{
    struct key k = {.len = term.len};
    memcpy(k.b, term.ptr, term.len);
    search_place_put(&k, issued, id);
    return k;
}

// The term at *from of several, with its NUL. Moves *from behind it. False at the end, or when it is none.
static bool next_term(struct span terms, size_t *from, struct span *ret)
{
    if (*from >= terms.len)
        return false;
    *ret = span_of(terms.ptr + *from, strnlen((const char *)terms.ptr + *from, terms.len - *from) + 1);
    *from += ret->len;
    return *from <= terms.len && ret->len <= TERM_MAX;
}

// ---- out

struct sweep {
    struct db_txn *t;
    struct key id;
};

static enum status sweep_one(void *ctx, struct span key, struct span value)
{
    const struct sweep *s = ctx;
    (void)value;
    bool of_report = key.len > s->id.len && memcmp(key.ptr + key.len - s->id.len, s->id.b, s->id.len) == 0;
    return of_report ? db_del(s->t, DB_SEARCH, key) : ST_OK;
}

static enum status forget_terms(struct db_txn *t, struct uuid id, const struct search_facts *f)
{
    enum status st = ST_OK;
    struct span term;
    uint8_t *copy = malloc(f->terms.len); // what the store lent moves with the first change
    if (!copy)
        return ST_NOMEM;
    memcpy(copy, f->terms.ptr, f->terms.len);
    for (size_t at = 0; st == ST_OK && next_term(span_of(copy, f->terms.len), &at, &term);) {
        struct key k = term_key(term, f->issued, id);
        st = db_del(t, DB_SEARCH, key_span(&k));
    }
    free(copy);
    return st;
}

static enum status forget(struct db_txn *t, struct uuid id)
{
    struct search_facts f;
    struct sweep all = {t, uuid_key(id)};
    const struct key none = {.len = 0};
    enum status st = search_facts_get(t, id, &f);
    if (st == ST_NOT_FOUND)
        return ST_OK;
    if (st == ST_OK)
        st = forget_terms(t, id, &f);
    else if (st == ST_CORRUPT) // slowly then: a damaged index must not keep a recall from its effect
        st = value_each(t, DB_SEARCH, &none, span_of(NULL, 0), sweep_one, &all);
    return st == ST_OK ? db_del(t, DB_SEARCHED, key_span(&all.id)) : st;
}

enum status search_changed(struct db_txn *t, struct uuid id, bool there)
{
    struct key k = uuid_key(id);
    TRY(forget(t, id));
    return there ? db_put(t, DB_SEARCH_QUEUE, key_span(&k), span_of(NULL, 0)) : db_del(t, DB_SEARCH_QUEUE, key_span(&k));
}

// ---- in

struct terms { // of one report
    struct buf text;     // each with its NUL
    size_t *from;        // where each begins in it
    size_t count, cap;
};

struct entry { // of SEARCH, to be written
    size_t term; // where it begins in the text
    utc_ms issued;
    struct uuid id;
};

struct batch { // what several reports bring
    struct buf text;
    struct entry *entries;
    size_t count, cap;
};

// ST_GONE when there are enough of this report.
static enum status add(struct terms *x, char kind, struct span value)
{
    if (x->count == SEARCH_WORDS_MAX)
        return ST_GONE;
    if (x->count == x->cap) {
        size_t cap = x->cap ? 2 * x->cap : 256;
        size_t *from = realloc(x->from, cap * sizeof *from);
        if (!from)
            return ST_NOMEM;
        x->from = from;
        x->cap = cap;
    }
    x->from[x->count++] = x->text.len;
    buf_putc(&x->text, kind);
    buf_span(&x->text, value);
    buf_put(&x->text, "", 1);
    return buf_status(&x->text);
}

static enum status add_word(void *ctx, struct span word)
{
    return add(ctx, TERM_WORD, word);
}

static enum status add_text(struct terms *x, const char *text)
{
    return words_each(span_cstr(text), add_word, x);
}

static enum status add_all(struct terms *x, char kind, const char **values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        TRY(add(x, kind, span_cstr(values[i])));
    return ST_OK;
}

static enum status add_position(struct terms *x, double lat, double lon)
{
    char cell[16];
    snprintf(cell, sizeof cell, "%d-%d", search_cell(lat, CELL_ROWS), search_cell(lon, CELL_COLUMNS));
    return add(x, TERM_CELL, span_cstr(cell));
}

static enum status add_report(struct terms *x, const struct report *r)
{
    TRY(add(x, TERM_ALL, span_of(NULL, 0)));
    TRY(add(x, TERM_TYPE, span_cstr(r->type)));
    TRY(add(x, TERM_NATION, span_cstr(r->nation)));
    TRY(add_all(x, TERM_TOPIC, r->topics, r->topic_count));
    TRY(add_all(x, TERM_AREA, r->areas, r->area_count));
    if (r->has_position)
        TRY(add_position(x, r->lat, r->lon));
    TRY(add_text(x, r->title));
    for (size_t i = 0; i < r->exercise_count; i++)
        TRY(add_text(x, r->exercises[i]));
    for (size_t i = 0; i < r->child_count; i++) {
        const struct report_child *c = &r->children[i];
        if (c->kind == REPORT_PORTION)
            TRY(add_text(x, c->text));
        else if (c->kind == REPORT_ATTACHMENT)
            TRY(add_text(x, c->name));
    }
    return ST_OK;
}

static int by_text(const void *a, const void *b, void *text)
{
    return strcmp((const char *)text + *(const size_t *)a, (const char *)text + *(const size_t *)b);
}

static enum status put_facts(struct db_txn *t, const struct report *r, struct uuid id, struct span terms)
{
    struct key value = value_head(1), k = uuid_key(id);
    key_i64(&value, r->issued);
    key_u8(&value, r->has_position);
    key_i64(&value, billionths(r->lat));
    key_i64(&value, billionths(r->lon));
    return value_put(t, DB_SEARCHED, &k, &value, terms);
}

static enum status batch_room(struct batch *b, size_t more)
{
    if (b->cap - b->count >= more)
        return ST_OK;
    size_t cap = 2 * b->cap > b->count + more ? 2 * b->cap : b->count + more;
    struct entry *entries = realloc(b->entries, cap * sizeof *entries);
    if (!entries)
        return ST_NOMEM;
    b->entries = entries;
    b->cap = cap;
    return ST_OK;
}

// Each term of the report once, in order: into the batch, and all of them with the report's facts.
static enum status batch_add(struct db_txn *t, struct batch *b, struct terms *x, const struct report *r, struct uuid id)
{
    const char *text = (const char *)x->text.ptr, *last = "";
    const size_t begin = b->text.len;
    TRY(batch_room(b, x->count));
    qsort_r(x->from, x->count, sizeof *x->from, by_text, x->text.ptr);
    for (size_t i = 0; i < x->count; i++) {
        const char *term = text + x->from[i];
        if (strcmp(term, last) == 0)
            continue;
        last = term;
        b->entries[b->count++] = (struct entry){.term = b->text.len, .issued = r->issued, .id = id};
        buf_put(&b->text, term, strlen(term) + 1);
    }
    TRY(buf_status(&b->text));
    return put_facts(t, r, id, span_of(b->text.ptr + begin, b->text.len - begin));
}

static int by_place(const void *a, const void *b, void *text)
{
    const struct entry *x = a, *y = b;
    int c = strcmp((const char *)text + x->term, (const char *)text + y->term);
    if (c == 0)
        c = (x->issued < y->issued) - (x->issued > y->issued);
    return c ? c : memcmp(x->id.b, y->id.b, sizeof x->id.b);
}

// Neighbours in the table are written one after the other: each of its pages is then changed once for all the reports.
static enum status batch_write(struct db_txn *t, struct batch *b)
{
    if (b->count)
        qsort_r(b->entries, b->count, sizeof *b->entries, by_place, b->text.ptr);
    for (size_t i = 0; i < b->count; i++) {
        const struct entry *e = &b->entries[i];
        struct key k = term_key(span_of(b->text.ptr + e->term, strlen((const char *)b->text.ptr + e->term) + 1), e->issued, e->id);
        TRY(db_put(t, DB_SEARCH, key_span(&k), span_of(NULL, 0)));
    }
    return ST_OK;
}

static enum status take_in(struct db_txn *t, struct batch *b, const struct report_record *rec)
{
    struct terms x = {.count = 0};
    const struct report *r;
    struct arena *a = xml_arena_new(rec->bytes.len);
    if (!a)
        return ST_NOMEM;
    buf_init(&x.text, (size_t)SEARCH_WORDS_MAX * TERM_MAX);
    enum status st = report_read(rec->bytes, NULL, a, NULL, &r);
    bool read = st == ST_OK;
    if (read)
        st = add_report(&x, r);
    if (read && (st == ST_OK || st == ST_GONE))
        st = batch_add(t, b, &x, r, rec->id);
    else if (!read && st != ST_NOMEM)
        st = ST_OK; // damaged: `relto audit verify` tells of it
    buf_fini(&x.text);
    free(x.from);
    arena_free(&a);
    return st;
}

// ---- what is noted

static struct span built_key(void)
{
    return span_cstr("search");
}

static enum status note_current(void *ctx, struct span key, struct span value)
{
    struct report_record r;
    struct key_reader k = key_reader_of(key);
    struct uuid id = key_get_uuid(&k);
    (void)value;
    if (!value_whole(&k))
        return ST_CORRUPT;
    enum status st = reports_current(ctx, id, &r);
    if (st == ST_OK)
        return search_changed(ctx, id, true);
    return st == ST_NOT_FOUND || st == ST_GONE || st == ST_CORRUPT ? ST_OK : st;
}

// A store of an earlier version has no index yet.
static enum status note_all_once(struct db_txn *t)
{
    const uint8_t layout = 1;
    struct key all = {.len = 0};
    struct span v;
    enum status st = db_get(t, DB_META, built_key(), &v);
    if (st != ST_NOT_FOUND)
        return st;
    TRY(value_each(t, DB_HEADS, &all, span_of(NULL, 0), note_current, t));
    return db_put(t, DB_META, built_key(), span_of(&layout, 1));
}

static enum status take_first(struct db_txn *t, struct batch *b, bool *ret_found)
{
    struct db_walk w;
    struct span all = span_of(NULL, 0);
    struct report_record rec;
    *ret_found = db_walk_first(t, DB_SEARCH_QUEUE, all, all, &w);
    if (!*ret_found)
        return w.st;
    struct key_reader k = key_reader_of(w.key);
    struct uuid id = key_get_uuid(&k);
    bool whole = value_whole(&k);
    db_walk_end(&w);
    if (!whole)
        return ST_CORRUPT;
    struct key queued = uuid_key(id);
    TRY(db_del(t, DB_SEARCH_QUEUE, key_span(&queued)));
    enum status st = reports_current(t, id, &rec);
    if (st == ST_OK)
        return take_in(t, b, &rec);
    return st == ST_NOT_FOUND || st == ST_GONE || st == ST_CORRUPT ? ST_OK : st;
}

enum status search_update(struct db_txn *t, size_t reports_max, bool *ret_more)
{
    bool found = true;
    struct batch b = {.count = 0};
    TRY(note_all_once(t));
    buf_init(&b.text, (size_t)SEARCH_BATCH_BYTES + (size_t)SEARCH_WORDS_MAX * TERM_MAX);
    enum status st = ST_OK;
    for (size_t i = 0; st == ST_OK && found && i < reports_max && b.text.len < SEARCH_BATCH_BYTES; i++)
        st = take_first(t, &b, &found);
    if (st == ST_OK)
        st = batch_write(t, &b);
    buf_fini(&b.text);
    free(b.entries);
    *ret_more = found;
    return st;
}
