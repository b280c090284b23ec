// The logs of an export as trees: leaves, roots, checkpoints, receipts, cosignatures.
#include <stdio.h>
#include <stdlib.h>

#include "formats/base/limits.h"
#include "store/export_check.h"
#include "store/verify_internal.h"

// ---- leaves

bool export_next_leaf(struct span *bundle, struct span *ret)
{
    if (bundle->len < 2)
        return false;
    size_t len = (size_t)bundle->ptr[0] << 8 | bundle->ptr[1];
    if (bundle->len - 2 < len)
        return false;
    *ret = span_sub(*bundle, 2, 2 + len);
    *bundle = span_sub(*bundle, 2 + len, bundle->len);
    return true;
}

enum status export_load_leaves(struct export_check *c, struct export_book *b)
{
    bool audit = b == &c->books[0];
    const char *file = audit ? "events" : "entries";
    uint64_t count = b->log->end - b->log->first, n = 0;
    struct span bundle;
    enum status st = export_file_of(c, b->log->name, file, &bundle);
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    if (st == ST_NOT_FOUND || count > bundle.len / 2) { // also bounds the memory
        export_say(c, "bundle", b->log->name, "%llu leaves expected in %s, which is %s", (unsigned long long)count, file,
                   st == ST_OK ? "too short for them" : "not listed");
        return ST_OK;
    }
    b->told = calloc(1, (size_t)(count / 8 + 1));
    b->leaves = calloc((size_t)count + 1, sizeof *b->leaves);
    if (!b->leaves || !b->told)
        return ST_NOMEM;
    while (n < count && export_next_leaf(&bundle, &b->leaves[n]))
        n++;
    if (n == count && bundle.len == 0)
        return ST_OK;
    char where[VERIFY_WHERE_MAX];
    export_say(c, "bundle", verify_where(b->log->name, b->log->first + n, where), "%s does not hold exactly the %llu leaves from %llu on", file,
               (unsigned long long)count, (unsigned long long)b->log->first);
    free(b->leaves);
    b->leaves = NULL;
    return ST_OK;
}

// ---- signed notes

enum status export_want_note(struct export_check *c, struct export_book *b, const char *where, const struct tlog_text *x,
                             const struct checkpoint *cp)
{
    const struct export_log *l = b->log;
    struct export_want w = {.size = cp->size, .root = cp->root, .rule = "checkpoint", .where = where,
                            .text = "not of the tree that the export holds"};
    if (x && (cp->size < l->first || cp->size > l->end)) {
        w.size = l->end;
        w.other = x;
        w.other_size = cp->size;
    }
    if (w.size < l->first || w.size > l->end || (x && x->n != (cp->size < l->end ? cp->size : l->end))) {
        export_say(c, "checkpoint", where, "of size %llu, which its proof does not join to the export", (unsigned long long)cp->size);
        return ST_OK;
    }
    return export_want_add(b, &w);
}

// A signed head of this log, and whose cosignatures it carries.
static enum status read_note(struct export_check *c, struct export_book *b, const char *name, struct span note,
                             const uint8_t pub[ED25519_LEN], struct checkpoint *ret)
{
    char origin[NOTE_NAME_MAX];
    bool fits = (size_t)snprintf(origin, sizeof origin, "%s/%s", c->m.node, b->log->name) < sizeof origin;
    enum status st = fits ? checkpoint_open(note, origin, pub, ret) : ST_MALFORMED;
    if (st != ST_OK)
        export_say(c, "checkpoint-signature", b->log->name, "%s: %s", name, status_text(st));
    return st;
}

static enum status check_checkpoint(struct export_check *c, struct export_book *b, const uint8_t pub[ED25519_LEN])
{
    struct span note;
    struct checkpoint cp;
    enum status st = export_file_of(c, b->log->name, "checkpoint", &note);
    if (st == ST_NOT_FOUND) {
        export_say(c, "checkpoint", b->log->name, "no checkpoint is listed");
        return ST_OK;
    }
    if (st != ST_OK)
        return st;
    if (read_note(c, b, "checkpoint", note, pub, &cp) != ST_OK)
        return ST_OK;
    if (cp.size != b->log->end)
        export_say(c, "checkpoint", b->log->name, "the checkpoint is of size %llu, the export ends at %llu",
                   (unsigned long long)cp.size, (unsigned long long)b->log->end);
    const char *where = arena_printf(c->arena, "%s checkpoint", b->log->name);
    return where ? export_want_note(c, b, where, NULL, &cp) : ST_NOMEM;
}

// Who must have cosigned this file? Of a receipt, the partner of the ledger; of a witnessed head, anyone.
static bool is_cosigner(const struct export_book *b, const char *name, const struct export_party *p)
{
    return strcmp(name, "receipt") != 0 || strcmp(b->log->name + strlen(EXPORT_RELEASE), p->partner) == 0;
}

static void check_cosigners(struct export_check *c, struct export_book *b, const char *name, struct span note)
{
    size_t known = 0, good = 0;
    for (size_t i = 0; i < c->m.party_count; i++) {
        struct span line;
        utc_ms at;
        const struct export_party *p = &c->m.parties[i];
        if (!is_cosigner(b, name, p))
            continue;
        known++;
        enum status st = cosignature_find(note, p->key.name, p->key.pub, &line, &at);
        good += st == ST_OK;
        if (st != ST_OK && st != ST_NOT_FOUND)
            export_say(c, "cosignature", b->log->name, "%s: the cosignature of %s does not verify", name, p->key.name);
    }
    bool receipt = strcmp(name, "receipt") == 0;
    c->sum->receipts += receipt && known;
    c->sum->receipts_without_key += receipt && !known;
    c->sum->cosignatures += receipt ? 0 : good;
    if (known && good == 0)
        export_say(c, "cosignature", b->log->name, "%s carries no cosignature of those whose keys are listed", name);
}

// A cosigned head: `receipt` of a ledger, `witnessed` of the audit log.
static enum status check_cosigned(struct export_check *c, struct export_book *b, const char *name,
                                  const uint8_t pub[ED25519_LEN])
{
    struct span bytes;
    struct checkpoint cp;
    enum status st = export_file_of(c, b->log->name, name, &bytes);
    if (st != ST_OK || bytes.len == 0)
        return st == ST_NOT_FOUND ? ST_OK : st;
    struct tlog_text *x = arena_alloc(c->arena, sizeof *x);
    if (!x)
        return ST_NOMEM;
    if (tlog_update_read(bytes, x) != ST_OK) {
        export_say(c, "checkpoint", b->log->name, "%s: expected 'old N', hashes, a blank line and a checkpoint", name);
        return ST_OK;
    }
    if (read_note(c, b, name, x->checkpoint, pub, &cp) != ST_OK)
        return ST_OK;
    check_cosigners(c, b, name, x->checkpoint);
    const char *where = arena_printf(c->arena, "%s %s", b->log->name, name);
    return where ? export_want_note(c, b, where, x, &cp) : ST_NOMEM;
}

// ---- the tree

static void meet_want(struct export_check *c, const struct export_want *w, const struct merkle_frontier *f)
{
    struct digest root = merkle_frontier_root(f);
    bool good = digest_eq(&root, &w->root);
    if (w->other && w->other_size > w->size)
        good = merkle_check_consistency(w->size, &root, w->other_size, &w->root, w->other->hashes, w->other->hash_count) == ST_OK;
    else if (w->other)
        good = merkle_check_consistency(w->other_size, &w->root, w->size, &root, w->other->hashes, w->other->hash_count) == ST_OK;
    if (!good)
        export_say(c, w->rule, w->where, "%s", w->text);
}

static int by_size(const void *a, const void *b)
{
    const struct export_want *x = a, *y = b;
    return x->size < y->size ? -1 : x->size > y->size;
}

// The tree grows leaf by leaf; each wanted root is compared as its size is reached.
static void grow(struct export_check *c, struct export_book *b, struct merkle_frontier *f)
{
    size_t at = 0;
    if (b->want_count)
        qsort(b->wants, b->want_count, sizeof *b->wants, by_size);
    for (uint64_t i = 0;; i++) {
        for (; at < b->want_count && b->wants[at].size <= f->size; at++)
            meet_want(c, &b->wants[at], f);
        if (f->size == b->log->end)
            break;
        struct digest leaf = merkle_leaf(b->leaves[i]);
        merkle_frontier_append(f, &leaf);
    }
}

static enum status read_peaks(struct export_check *c, struct export_book *b, struct merkle_frontier *ret)
{
    struct span bytes;
    size_t count, want = (size_t)__builtin_popcountll(b->log->first);
    enum status st = export_file_of(c, b->log->name, "peaks", &bytes);
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    ret->size = b->log->first;
    if (st == ST_OK && tlog_hashes_read(bytes, ret->peaks, MERKLE_LEVELS, &count) == ST_OK && count == want)
        return ST_OK;
    export_say(c, "peaks", b->log->name, "expected the %zu hashes of the tree before leaf %llu", want,
               (unsigned long long)b->log->first);
    return ST_NOT_FOUND;
}

enum status export_check_tree(struct export_check *c, struct export_book *b)
{
    bool audit = b == &c->books[0];
    struct merkle_frontier f = {.size = 0};
    const uint8_t *pub = audit ? c->key->pub : c->m.ledger_key;
    TRY(check_checkpoint(c, b, pub));
    TRY(check_cosigned(c, b, audit ? "witnessed" : "receipt", pub));
    if (!b->leaves)
        return ST_OK; // told
    enum status st = read_peaks(c, b, &f);
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_OK : st;
    grow(c, b, &f);
    return ST_OK;
}
