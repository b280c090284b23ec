// Checking an export: the list of files first, then each log, then what they say of each other.
#include "store/export_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "formats/base/limits.h"

#define CHECK_ARENA_MAX (1024 * MIB)

void export_say(struct export_check *c, const char *rule, const char *where, const char *fmt, ...)
{
    char text[512];
    va_list args;
    c->sum->findings++;
    if (!c->finding)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    c->finding(c->ctx, &(struct verify_finding){rule, where, text});
}

static const struct export_file *listed(const struct export_check *c, const char *path)
{
    for (size_t i = 0; i < c->m.file_count; i++)
        if (strcmp(c->m.files[i].path, path) == 0)
            return &c->m.files[i];
    return NULL;
}

enum status export_file_of(struct export_check *c, const char *log, const char *name, struct span *ret)
{
    const char *path = arena_printf(c->arena, "%s/%s", log, name);
    *ret = span_of(NULL, 0);
    if (!path)
        return ST_NOMEM;
    if (!listed(c, path))
        return ST_NOT_FOUND;
    enum status st = c->source->get(c->source->ctx, path, ret);
    return st == ST_NOT_FOUND ? ST_OK : st;
}

enum status export_want_add(struct export_book *b, const struct export_want *w)
{
    if (b->want_count == b->want_cap) {
        size_t cap = b->want_cap ? 2 * b->want_cap : 16;
        struct export_want *more = realloc(b->wants, cap * sizeof *more);
        if (!more)
            return ST_NOMEM;
        b->wants = more;
        b->want_cap = cap;
    }
    b->wants[b->want_count++] = *w;
    return ST_OK;
}

struct export_book *export_book_of(struct export_check *c, const char *partner)
{
    size_t n = strlen(EXPORT_RELEASE);
    for (size_t i = 1; i < c->m.log_count; i++)
        if (strcmp(c->m.logs[i].name + n, partner) == 0)
            return &c->books[i];
    return NULL;
}

bool export_entry(const struct export_book *b, uint64_t n, struct ledger_entry *ret)
{
    return b->leaves && n >= b->log->first && n < b->log->end &&
           ledger_entry_parse(b->leaves[n - b->log->first], ret) == ST_OK;
}

// ---- the list of files

static enum status open_manifest(struct export_check *c)
{
    struct span note, text;
    size_t n = strlen("/" EXPORT_AUDIT);
    enum status st = c->source->get(c->source->ctx, EXPORT_MANIFEST, &note);
    if (st == ST_NOT_FOUND) {
        export_say(c, "file-missing", EXPORT_MANIFEST, "the list of files is not there; is this an export?");
        return ST_NOT_FOUND;
    }
    if (st != ST_OK)
        return st;
    st = note.len <= EXPORT_MANIFEST_MAX + 4 * KIB ? note_open(note, c->key, 1, &text, NULL, NULL) : ST_LIMIT;
    if (st != ST_OK) {
        export_say(c, "export-signature", EXPORT_MANIFEST, "the list of files is not as %s signed it: %s", c->key->name,
                   status_text(st));
        return ST_NOT_FOUND;
    }
    st = export_manifest_read(text, &c->m);
    if (st == ST_NOMEM)
        return st;
    snprintf(c->sum->node, sizeof c->sum->node, "%s", c->m.node);
    if (st == ST_OK && strncmp(c->key->name, c->m.node, strlen(c->m.node)) == 0 &&
        strlen(c->key->name) == strlen(c->m.node) + n && strcmp(c->key->name + strlen(c->m.node), "/" EXPORT_AUDIT) == 0)
        return ST_OK;
    export_say(c, "export-form", EXPORT_MANIFEST, "expected a list of files of format %s, of the node whose key this is",
               EXPORT_FORMAT);
    return ST_NOT_FOUND;
}

static enum status check_file(struct export_check *c, const struct export_file *f)
{
    struct span bytes;
    enum status st = c->source->get(c->source->ctx, f->path, &bytes);
    if (st == ST_NOT_FOUND) {
        export_say(c, "file-missing", f->path, "listed, and not there");
        return ST_OK;
    }
    if (st != ST_OK)
        return st;
    struct digest is = sha256(bytes);
    if (bytes.len != f->len || !digest_eq(&is, &f->digest))
        export_say(c, "file-differs", f->path, "not the %llu bytes that were listed: it has %llu, or others",
                   (unsigned long long)f->len, (unsigned long long)bytes.len);
    return ST_OK;
}

static enum status on_file(void *of, const char *path)
{
    struct export_check *c = of;
    if (strcmp(path, EXPORT_MANIFEST) != 0 && !listed(c, path))
        export_say(c, "file-unlisted", path, "not listed; it is no part of the export");
    return ST_OK;
}

static enum status check_files(struct export_check *c)
{
    for (size_t i = 0; i < c->m.file_count; i++)
        TRY(check_file(c, &c->m.files[i]));
    return c->source->each(c->source->ctx, on_file, c);
}

// ---- all of it

static enum status check_all(struct export_check *c)
{
    TRY(open_manifest(c));
    c->sum->from = c->m.has_from ? c->m.from : UTC_MIN;
    c->sum->until = c->m.has_until ? c->m.until : UTC_MAX;
    TRY(check_files(c));
    c->books = calloc(c->m.log_count, sizeof *c->books);
    if (!c->books)
        return ST_NOMEM;
    for (size_t i = 0; i < c->m.log_count; i++) {
        c->books[i].log = &c->m.logs[i];
        TRY(export_load_leaves(c, &c->books[i]));
    }
    TRY(export_check_events(c));
    for (size_t i = 1; i < c->m.log_count; i++) {
        TRY(export_check_ledger(c, &c->books[i]));
        TRY(export_check_heads(c, &c->books[i]));
    }
    for (size_t i = 0; i < c->m.log_count; i++)
        TRY(export_check_tree(c, &c->books[i]));
    return ST_OK;
}

enum status export_check(const struct export_source *source, const struct note_vkey *key,
                         void (*finding)(void *ctx, const struct verify_finding *f), void *ctx, struct export_summary *ret)
{
    *ret = (struct export_summary){.from = UTC_MIN, .until = UTC_MAX};
    struct export_check c = {.source = source, .key = key, .finding = finding, .ctx = ctx, .sum = ret};
    c.arena = arena_new(CHECK_ARENA_MAX);
    enum status st = c.arena ? check_all(&c) : ST_NOMEM;
    for (size_t i = 0; c.books && i < c.m.log_count; i++) {
        free(c.books[i].leaves);
        free(c.books[i].told);
        free(c.books[i].wants);
    }
    free(c.books);
    export_manifest_fini(&c.m);
    arena_free(&c.arena);
    return st == ST_NOT_FOUND ? ST_OK : st; // told
}
