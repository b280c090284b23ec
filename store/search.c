// Asking the search index.
#include "store/search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/limits.h"
#include "store/search_internal.h"

enum {
    GROUPS_MAX = SEARCH_QUERY_WORDS_MAX + 8, // conditions of a query: words and names
    ESTIMATE_MAX = 200,  // entries counted of a term to see which condition is the narrowest
};

struct term {
    char text[TERM_MAX];
    size_t len; // with its NUL
};

// One condition: any of these terms.
struct group {
    struct term *terms;
    size_t count;
    bool is_box; // the cells are only near: the place itself is to be compared
};

struct plan {
    struct db_txn *t;
    const struct search_query *q;
    struct group groups[GROUPS_MAX];
    size_t count;
    size_t driver;          // the group that is walked
    struct db_walk *walks;  // over its terms
    bool *open;             // which of them stand on something
    size_t works;
};

// ---- conditions

static enum status add_group(struct plan *p, size_t terms, struct group **ret)
{
    if (p->count == GROUPS_MAX || terms > SEARCH_TERMS_MAX)
        return ST_INVALID;
    struct group *g = &p->groups[p->count];
    *g = (struct group){.terms = calloc(terms, sizeof *g->terms)};
    if (!g->terms)
        return ST_NOMEM;
    p->count++;
    *ret = g;
    return ST_OK;
}

static void add_term(struct group *g, char kind, struct span value)
{
    struct term *t = &g->terms[g->count++];
    size_t n = value.len < WORD_BYTES_MAX ? value.len : WORD_BYTES_MAX;
    t->text[0] = kind;
    if (n)
        memcpy(t->text + 1, value.ptr, n);
    t->text[n + 1] = 0;
    t->len = n + 2;
}

static enum status one_of(struct plan *p, char kind, const char *const *values, size_t count)
{
    struct group *g;
    TRY(add_group(p, count, &g));
    for (size_t i = 0; i < count; i++)
        add_term(g, kind, span_cstr(values[i]));
    return ST_OK;
}

static enum status add_word(void *ctx, struct span word)
{
    struct plan *p = ctx;
    struct group *g;
    if (p->count == SEARCH_QUERY_WORDS_MAX)
        return ST_INVALID;
    TRY(add_group(p, 1, &g));
    add_term(g, TERM_WORD, word);
    return ST_OK;
}

// The first conditions of the plan.
static enum status add_text(struct plan *p, const char *text)
{
    TRY(words_each(span_cstr(text), add_word, p));
    return p->count ? ST_OK : ST_INVALID;
}

// The cells that the box touches; none when they are too many to help.
static enum status add_box(struct plan *p)
{
    const struct search_query *q = p->q;
    int south = search_cell(q->south, CELL_ROWS), north = search_cell(q->north, CELL_ROWS);
    int west = search_cell(q->west, CELL_COLUMNS), east = search_cell(q->east, CELL_COLUMNS);
    int rows = north - south + 1, columns = (east - west + CELL_COLUMNS) % CELL_COLUMNS + 1;
    struct group *g;
    if (q->east < q->west && columns == 1)
        columns = CELL_COLUMNS; // around the world, from and to the same cell
    if (rows <= 0 || rows * columns > SEARCH_TERMS_MAX)
        return ST_OK;
    TRY(add_group(p, (size_t)(rows * columns), &g));
    g->is_box = true;
    for (int i = 0; i < rows * columns; i++) {
        char cell[32];
        snprintf(cell, sizeof cell, "%d-%d", south + i / columns, (west + i % columns) % CELL_COLUMNS);
        add_term(g, TERM_CELL, span_cstr(cell));
    }
    return ST_OK;
}

static enum status make_plan(struct plan *p)
{
    const struct search_query *q = p->q;
    const char *const all = "";
    if (q->text)
        TRY(add_text(p, q->text));
    if (q->topic)
        TRY(one_of(p, TERM_TOPIC, &q->topic, 1));
    if (q->type)
        TRY(one_of(p, TERM_TYPE, &q->type, 1));
    if (q->nation)
        TRY(one_of(p, TERM_NATION, &q->nation, 1));
    if (q->area_count)
        TRY(one_of(p, TERM_AREA, q->areas, q->area_count));
    if (q->has_box)
        TRY(add_box(p));
    return p->count ? ST_OK : one_of(p, TERM_ALL, &all, 1);
}

// ---- the narrowest one

static struct span term_span(const struct term *t)
{
    return span_of(t->text, t->len);
}

static enum status estimate(struct plan *p, const struct group *g, size_t *ret)
{
    *ret = 0;
    for (size_t i = 0; i < g->count && *ret < ESTIMATE_MAX; i++) {
        struct db_walk w;
        bool ok = db_walk_first(p->t, DB_SEARCH, term_span(&g->terms[i]), term_span(&g->terms[i]), &w);
        for (; ok && *ret < ESTIMATE_MAX; ok = db_walk_next(&w))
            ++*ret;
        enum status st = w.st;
        db_walk_end(&w);
        TRY(st);
    }
    return ST_OK;
}

static enum status choose_driver(struct plan *p)
{
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < p->count; i++) {
        size_t n;
        TRY(estimate(p, &p->groups[i], &n));
        if (n < best) {
            best = n;
            p->driver = i;
        }
    }
    return ST_OK;
}

// ---- walking it

// Where the walk over a term begins: behind the place, and at what was issued before `until`.
static struct key start_key(const struct plan *p, const struct term *t, const struct search_place *at)
{
    struct key k = {.len = t->len}, from = k, behind = k;
    memcpy(from.b, t->text, t->len);
    behind = from;
    key_i64(&from, p->q->until == UTC_MAX ? INT64_MIN : 1 - p->q->until);
    if (!at->is_set)
        return from;
    search_place_put(&behind, at->issued, at->id);
    key_u8(&behind, 0);
    size_t shorter = from.len < behind.len ? from.len : behind.len;
    return memcmp(from.b, behind.b, shorter) > 0 ? from : behind;
}

static enum status open_walks(struct plan *p, const struct search_place *at)
{
    const struct group *g = &p->groups[p->driver];
    p->walks = calloc(g->count, sizeof *p->walks);
    p->open = calloc(g->count, sizeof *p->open);
    if (!p->walks || !p->open)
        return ST_NOMEM;
    for (size_t i = 0; i < g->count; i++) {
        struct key from = start_key(p, &g->terms[i], at);
        p->open[i] = db_walk_first(p->t, DB_SEARCH, term_span(&g->terms[i]), key_span(&from), &p->walks[i]);
        if (!p->open[i])
            TRY(p->walks[i].st);
    }
    return ST_OK;
}

static struct span place_of(const struct plan *p, size_t i)
{
    size_t term = p->groups[p->driver].terms[i].len;
    return span_sub(p->walks[i].key, term, p->walks[i].key.len);
}

// The next place of any of the walks, each once. ST_NOT_FOUND at the end.
static enum status next_place(struct plan *p, struct search_place *ret)
{
    const struct group *g = &p->groups[p->driver];
    uint8_t first[PLACE_BYTES];
    bool found = false;
    for (size_t i = 0; i < g->count; i++) {
        if (!p->open[i])
            continue;
        struct span s = place_of(p, i);
        if (s.len != PLACE_BYTES)
            return ST_CORRUPT;
        if (!found || memcmp(s.ptr, first, PLACE_BYTES) < 0)
            memcpy(first, s.ptr, PLACE_BYTES);
        found = true;
    }
    if (!found)
        return ST_NOT_FOUND;
    for (size_t i = 0; i < g->count; i++) {
        if (!p->open[i] || memcmp(place_of(p, i).ptr, first, PLACE_BYTES) != 0)
            continue;
        p->works++;
        p->open[i] = db_walk_next(&p->walks[i]);
        if (!p->open[i])
            TRY(p->walks[i].st);
    }
    struct key_reader r = key_reader_of(span_of(first, sizeof first));
    ret->issued = -key_get_i64(&r);
    ret->id = key_get_uuid(&r);
    ret->is_set = true;
    return ST_OK;
}

// ---- the other conditions

static enum status group_holds(struct plan *p, const struct group *g, const struct search_place *at, bool *ret)
{
    *ret = false;
    for (size_t i = 0; !*ret && i < g->count; i++) {
        struct key k = {.len = g->terms[i].len};
        struct span v;
        memcpy(k.b, g->terms[i].text, k.len);
        search_place_put(&k, at->issued, at->id);
        p->works++;
        enum status st = db_get(p->t, DB_SEARCH, key_span(&k), &v);
        if (st != ST_OK && st != ST_NOT_FOUND)
            return st;
        *ret = st == ST_OK;
    }
    return ST_OK;
}

static enum status box_holds(struct plan *p, const struct search_place *at, bool *ret)
{
    const struct search_query *q = p->q;
    struct search_facts f;
    p->works++;
    enum status st = search_facts_get(p->t, at->id, &f);
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_CORRUPT : st; // a term without its facts
    bool between = q->west <= q->east ? f.lon >= q->west && f.lon <= q->east : f.lon >= q->west || f.lon <= q->east;
    *ret = f.has_position && between && f.lat >= q->south && f.lat <= q->north;
    return ST_OK;
}

static enum status fits(struct plan *p, const struct search_place *at, bool *ret)
{
    *ret = true;
    for (size_t i = 0; *ret && i < p->count; i++)
        if (i != p->driver && !p->groups[i].is_box)
            TRY(group_holds(p, &p->groups[i], at, ret));
    return *ret && p->q->has_box ? box_holds(p, at, ret) : ST_OK;
}

// ---- a page

static enum status look(struct plan *p, struct search_place *at, enum status (*each)(void *ctx, const struct report_record *r),
                        void *ctx, bool *ret_more)
{
    struct report_record rec;
    bool found;
    for (;;) {
        struct search_place next;
        enum status st = next_place(p, &next);
        if (st == ST_NOT_FOUND || (st == ST_OK && next.issued < p->q->from)) {
            *ret_more = false;
            return ST_OK;
        }
        if (st != ST_OK)
            return st;
        TRY(fits(p, &next, &found));
        *at = next;
        if (found) {
            st = reports_current(p->t, next.id, &rec);
            if (st == ST_OK)
                st = each(ctx, &rec);
            else if (st == ST_NOT_FOUND || st == ST_GONE)
                st = ST_CORRUPT; // the index lists current copies only
            if (st != ST_OK)
                return st == ST_GONE ? ST_OK : st;
        }
        if (p->works >= SEARCH_WORKS_MAX)
            return ST_OK;
    }
}

static void plan_fini(struct plan *p)
{
    for (size_t i = 0; p->open && i < p->groups[p->driver].count; i++)
        if (p->open[i])
            db_walk_end(&p->walks[i]);
    free(p->walks);
    free(p->open);
    for (size_t i = 0; i < p->count; i++)
        free(p->groups[i].terms);
}

enum status search_each(struct db_txn *t, const struct search_query *q, struct search_place *at,
                        enum status (*each)(void *ctx, const struct report_record *r), void *ctx, bool *ret_more)
{
    struct plan *p = calloc(1, sizeof *p);
    if (!p)
        return ST_NOMEM;
    *p = (struct plan){.t = t, .q = q};
    *ret_more = true;
    enum status st = make_plan(p);
    if (st == ST_OK)
        st = choose_driver(p);
    if (st == ST_OK)
        st = open_walks(p, at);
    if (st == ST_OK)
        st = look(p, at, each, ctx, ret_more);
    plan_fini(p);
    free(p);
    return st;
}
