#include "store/verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/verify_internal.h"

// ---- findings

void verify_say(struct verify *v, const char *rule, const char *where, const char *fmt, ...)
{
    char text[512];
    va_list args;
    v->sum->findings++;
    if (!v->finding)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    v->finding(v->ctx, &(struct verify_finding){rule, where, text});
}

const char *verify_where(const char *log, uint64_t n, char out[VERIFY_WHERE_MAX])
{
    snprintf(out, VERIFY_WHERE_MAX, "%s %llu", log, (unsigned long long)n);
    return out;
}

// ---- what is remembered

struct verify_book *verify_book_of(struct verify *v, const char *partner)
{
    for (size_t i = 0; i < v->book_count; i++)
        if (strcmp(v->books[i].partner, partner) == 0)
            return &v->books[i];
    return NULL;
}

enum status verify_book_add(struct verify *v, const char *partner, uint64_t size, struct verify_book **ret)
{
    if (v->book_count == v->book_cap) {
        size_t cap = v->book_cap ? 2 * v->book_cap : 16;
        struct verify_book *more = realloc(v->books, cap * sizeof *more);
        if (!more)
            return ST_NOMEM;
        v->books = more;
        v->book_cap = cap;
    }
    struct verify_book b = {.size = size};
    snprintf(b.partner, sizeof b.partner, "%s", partner);
    b.logged = calloc(1, (size_t)(size / 8 + 1));
    b.delivered = calloc(1, (size_t)(size / 8 + 1));
    if (!b.logged || !b.delivered) {
        free(b.logged);
        free(b.delivered);
        return ST_NOMEM;
    }
    v->books[v->book_count] = b;
    *ret = &v->books[v->book_count++];
    return ST_OK;
}

static size_t slot_of(const struct verify_decided *d, struct uuid id, uint32_t version)
{
    uint64_t h = 14695981039346656037ull; // FNV-1a
    for (size_t i = 0; i < sizeof id.b; i++)
        h = (h ^ id.b[i]) * 1099511628211ull;
    h = (h ^ version) * 1099511628211ull;
    size_t i = (size_t)h & (d->cap - 1);
    while (d->slots[i].version != 0 && !(d->slots[i].version == version && uuid_eq(d->slots[i].id, id)))
        i = (i + 1) & (d->cap - 1);
    return i;
}

static enum status decided_grow(struct verify_decided *d)
{
    struct verify_decided more = {.cap = d->cap ? 2 * d->cap : 1024};
    more.slots = calloc(more.cap, sizeof *more.slots);
    if (!more.slots)
        return ST_NOMEM;
    for (size_t i = 0; i < d->cap; i++)
        if (d->slots[i].version != 0)
            more.slots[slot_of(&more, d->slots[i].id, d->slots[i].version)] = d->slots[i];
    more.count = d->count;
    free(d->slots);
    *d = more;
    return ST_OK;
}

enum status verify_decided_add(struct verify_decided *d, struct uuid id, uint32_t version)
{
    if (version == 0)
        return ST_OK;
    if (d->count >= d->cap / 2)
        TRY(decided_grow(d));
    size_t i = slot_of(d, id, version);
    d->count += d->slots[i].version == 0;
    d->slots[i] = (struct decided_key){id, version};
    return ST_OK;
}

bool verify_decided_has(const struct verify_decided *d, struct uuid id, uint32_t version)
{
    return d->cap && version && d->slots[slot_of(d, id, version)].version != 0;
}

// ---- one log and its tree

static void compare_node(struct verify_log *l, const struct merkle_nodes *nodes, unsigned level,
                         uint64_t index, const struct digest *want)
{
    struct digest stored;
    char where[VERIFY_WHERE_MAX];
    enum status st = nodes->get(nodes->ctx, level, index, &stored);
    if ((st == ST_OK && digest_eq(&stored, want)) || l->told)
        return;
    l->told = true;
    verify_say(l->v, "tree-differs", verify_where(l->name, index << level, where),
               "the stored hash of level %u, index %llu is %s", level, (unsigned long long)index,
               st == ST_OK ? "not that of the stored bytes" : "missing or damaged");
}

// Let the recomputed tree grow by a leaf, comparing each subtree that becomes complete.
static void add_leaf(struct verify_log *l, const struct digest *leaf)
{
    struct tree_nodes_state state = {l->v->t, l->name};
    struct merkle_nodes nodes = tree_nodes(&state);
    struct merkle_frontier *f = &l->tree;
    uint64_t index = f->size;
    unsigned count = (unsigned)__builtin_popcountll(f->size), level = 0;
    struct digest h = *leaf;
    if (f->size < l->size)
        compare_node(l, &nodes, 0, index, &h);
    for (uint64_t s = f->size; s & 1; s >>= 1) {
        h = merkle_parent(&f->peaks[--count], &h);
        level++;
        if (f->size < l->size)
            compare_node(l, &nodes, level, index >> level, &h);
    }
    f->peaks[count] = h;
    f->size++;
}

// Bytes are missing up to place n: go on with the stored leaves, so that what follows can still be judged.
static void skip_to(struct verify_log *l, uint64_t n)
{
    char where[VERIFY_WHERE_MAX];
    verify_say(l->v, "gap", verify_where(l->name, l->end, where), "missing; the next place is %llu",
               (unsigned long long)n);
    while (l->tree.size < n && !l->broken) {
        struct digest leaf;
        if (tree_leaf(l->v->t, l->name, l->tree.size, &leaf) == ST_OK)
            add_leaf(l, &leaf);
        else
            l->broken = true; // told as a gap
    }
}

static enum status one_leaf(void *ctx, struct span key, struct span value)
{
    struct verify_log *l = ctx;
    char where[VERIFY_WHERE_MAX];
    struct key_reader r = key_reader_of(key);
    uint64_t n = key_get_u64(&r);
    if (!value_whole(&r)) {
        verify_say(l->v, "key-damaged", l->name, "a key that is no place in this log");
        return ST_OK;
    }
    if (n >= l->size) {
        verify_say(l->v, "beyond-end", verify_where(l->name, n, where),
                   "stored behind the end of the log, which has %llu", (unsigned long long)l->size);
        return ST_OK;
    }
    if (n != l->end)
        skip_to(l, n);
    struct digest leaf;
    TRY(l->leaf(l, n, value, &leaf));
    l->end = n + 1;
    if (!l->broken)
        add_leaf(l, &leaf);
    return ST_OK;
}

// Every stored node must be one of the tree.
static enum status count_nodes(struct verify_log *l)
{
    uint64_t want = 0, have = 0;
    struct key prefix = {.len = 0};
    struct db_walk w;
    for (uint64_t s = l->size; s; s >>= 1)
        want += s;
    key_text(&prefix, l->name);
    for (bool ok = db_walk_first(l->v->t, DB_TREE, key_span(&prefix), span_of(NULL, 0), &w); ok;
         ok = db_walk_next(&w))
        have++;
    db_walk_end(&w);
    if (w.st == ST_OK && have != want)
        verify_say(l->v, "tree-nodes", l->name, "%llu tree nodes are stored, %llu leaves need %llu",
                   (unsigned long long)have, (unsigned long long)l->size, (unsigned long long)want);
    return w.st;
}

// Walk a log without writing: one cursor all the way.
static enum status walk_leaves(struct verify_log *l)
{
    struct db_walk w;
    enum status st = ST_OK;
    bool ok = db_walk_first(l->v->t, l->table, key_span(&l->prefix), span_of(NULL, 0), &w);
    while (ok && st == ST_OK) {
        st = one_leaf(l, span_sub(w.key, l->prefix.len, w.key.len), w.value);
        if (st == ST_OK)
            ok = db_walk_next(&w);
    }
    db_walk_end(&w);
    return st != ST_OK ? st : w.st;
}

enum status verify_log(struct verify_log *l)
{
    enum status st = tree_size(l->v->t, l->name, &l->size);
    if (st == ST_CORRUPT) {
        verify_say(l->v, "tree-size", l->name, "the stored number of leaves is damaged");
        return ST_OK;
    }
    if (st != ST_OK)
        return st;
    l->v->last_at = UTC_MIN;
    memset(l->v->last_salt, 0, sizeof l->v->last_salt);
    TRY(walk_leaves(l));
    if (l->end < l->size)
        skip_to(l, l->size);
    return count_nodes(l);
}

// ---- all logs

// "out/FRA" is the ledger to FRA.
static const char *partner_in(const char *log, const char *kind)
{
    size_t n = strlen(kind);
    return strncmp(log, kind, n) == 0 && log[n] && strlen(log + n) <= PARTNER_ID_MAX ? log + n : NULL;
}

static enum status on_log(void *ctx, struct span key, struct span value)
{
    struct verify *v = ctx;
    char log[LOG_NAME_MAX];
    struct key_reader r = key_reader_of(key);
    (void)value;
    key_get_text(&r, log, sizeof log);
    if (!value_whole(&r)) {
        verify_say(v, "unknown-log", "logs", "a tree whose name is damaged");
        return ST_OK;
    }
    if (strcmp(log, AUDIT_LOG) == 0)
        return ST_OK; // when all ledgers are known
    if (partner_in(log, "out/"))
        return verify_ledger(v, partner_in(log, "out/"));
    if (partner_in(log, "in/"))
        return verify_received(v, partner_in(log, "in/"));
    verify_say(v, "unknown-log", log, "a tree that belongs to nothing");
    return ST_OK;
}

static enum status count_all(struct verify *v, enum db_table table, uint64_t *ret)
{
    struct db_walk w;
    struct span all = span_of(NULL, 0);
    *ret = 0;
    for (bool ok = db_walk_first(v->t, table, all, all, &w); ok; ok = db_walk_next(&w))
        ++*ret;
    db_walk_end(&w);
    return w.st;
}

// Entries of partners that have no tree would never be looked at.
static enum status check_orphans(struct verify *v)
{
    uint64_t sent, received;
    TRY(count_all(v, DB_LEDGER, &sent));
    TRY(count_all(v, DB_RECEIVED, &received));
    if (sent > v->sum->entries)
        verify_say(v, "orphans", "ledger", "%llu entries belong to no known place of a ledger",
                   (unsigned long long)(sent - v->sum->entries));
    if (received > v->sum->received_entries)
        verify_say(v, "orphans", "received", "%llu entries belong to no known place of a received ledger",
                   (unsigned long long)(received - v->sum->received_entries));
    return ST_OK;
}

static enum status run(struct verify *v)
{
    struct key all = {.len = 0};
    TRY(value_each(v->t, DB_TREE_SIZE, &all, span_of(NULL, 0), on_log, v));
    TRY(check_orphans(v));
    TRY(verify_audit(v));
    for (size_t i = 0; i < v->book_count; i++) {
        TRY(verify_after_audit(v, &v->books[i]));
        TRY(verify_receipts(v, &v->books[i]));
    }
    TRY(verify_holdings(v));
    return verify_copies(v);
}

enum status verify_store(struct db_txn *t, const struct verify_options *o,
                         void (*finding)(void *ctx, const struct verify_finding *f), void *ctx,
                         struct verify_summary *ret)
{
    struct verify v = {.t = t, .o = o, .finding = finding, .ctx = ctx, .sum = ret};
    *ret = (struct verify_summary){.events = 0};
    enum status st = run(&v);
    for (size_t i = 0; i < v.book_count; i++) {
        free(v.books[i].logged);
        free(v.books[i].delivered);
    }
    free(v.books);
    free(v.decided.slots);
    arena_free(&v.arena);
    return st;
}
