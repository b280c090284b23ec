#include "store/verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "formats/base/limits.h"
#include "store/archive.h"
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
    size_t len = strnlen(log, LOG_NAME_MAX); // without printf: it is made for every event
    memcpy(out, log, len);
    out[len] = ' ';
    decimal_text(n, out + len + 1);
    return out;
}

// ---- what is remembered

#define EVENTS_ARENA_MAX (64 * MIB)
#define EVENTS_ARENA_RENEW (32 * KIB) // what stays in the processor's cache

enum status verify_arena(struct verify *v)
{
    if (v->arena && arena_used(v->arena) > EVENTS_ARENA_RENEW)
        arena_free(&v->arena);
    if (!v->arena)
        v->arena = arena_new(EVENTS_ARENA_MAX);
    return v->arena ? ST_OK : ST_NOMEM;
}

static struct verify_book *book_named(struct verify *v, const char *id)
{
    for (size_t i = 0; i < v->book_count; i++)
        if (strcmp(v->books[i].partner, id) == 0)
            return &v->books[i];
    return NULL;
}

struct verify_book *verify_book_of(struct verify *v, const char *partner)
{
    char id[PARTNER_ID_MAX + 1];
    struct verify_book *b = book_named(v, partner);
    struct verify_book *old = b && archive_id(partner, b->restarts + 1, id) ? book_named(v, id) : NULL;
    return old ? old : b;
}

void verify_book_next(struct verify *v, const char *partner)
{
    struct verify_book *b = book_named(v, partner);
    if (b)
        b->restarts++;
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

static enum status verify_policies(struct verify *v)
{
    struct db_walk w;
    struct span all = span_of(NULL, 0);
    for (bool ok = db_walk_first(v->t, DB_POLICIES, all, all, &w); ok; ok = db_walk_next(&w)) {
        char text[DIGEST_TEXT_LEN + 8];
        struct key_reader r = key_reader_of(w.key);
        struct digest named = key_get_digest(&r), is = sha256(w.value);
        snprintf(text, sizeof text, "policy ");
        digest_text(&named, text + strlen(text));
        if (!value_whole(&r) || !digest_eq(&named, &is))
            verify_say(v, "policy-differs", text, "the stored policy does not have the digest that it is kept under");
    }
    db_walk_end(&w);
    return w.st;
}

static enum status run(struct verify *v)
{
    struct key all = {.len = 0};
    TRY(value_each(v->t, DB_TREE_ENDS, &all, span_of(NULL, 0), on_log, v));
    TRY(check_orphans(v));
    TRY(verify_audit(v));
    for (size_t i = 0; i < v->book_count; i++) {
        TRY(verify_after_audit(v, &v->books[i]));
        TRY(verify_receipts(v, &v->books[i]));
    }
    for (size_t i = 0; i < v->o->held_count; i++)
        TRY(verify_held(v, &v->o->held[i]));
    TRY(verify_policies(v));
    TRY(verify_heads(v));
    TRY(verify_holdings(v));
    TRY(verify_copies(v));
    return verify_attachments(v);
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
