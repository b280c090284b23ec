// Writing an export: which part of which log concerns the period, and the files that prove it.
#include "store/export.h"

#include <stdio.h>
#include <stdlib.h>

#include "formats/base/bug.h"
#include "formats/base/encode.h"
#include "formats/base/limits.h"
#include "store/audit_log.h"
#include "store/archive.h"
#include "store/export_parts.h"
#include "store/heads.h"
#include "store/witness.h"

#define EVENTS_ARENA_MAX (64 * MIB)
#define EVENTS_ARENA_RENEW (1 * MIB)

// What the events of the export say of one ledger: its entries [first, end).
struct hull {
    char partner[PARTNER_ID_MAX + 1];
    uint64_t first, end;
};

struct writing {
    struct db_txn *t;
    const struct export_options *o;
    const struct export_sink *sink;
    struct export_summary *sum;
    struct export_manifest m;
    struct export_log audit; // once it is chosen
    struct hull hulls[PARTNERS_MAX];
    size_t hull_count;
    struct arena *arena; // of the event at hand; renewed now and then
};

// ---- files

static enum status begin_file(struct writing *w, const char *log, const char *name, char path[EXPORT_PATH_MAX])
{
    if ((size_t)snprintf(path, EXPORT_PATH_MAX, "%s/%s", log, name) >= EXPORT_PATH_MAX)
        return ST_LIMIT;
    return w->sink->begin(w->sink->ctx, path);
}

static enum status end_file(struct writing *w, const char path[EXPORT_PATH_MAX])
{
    struct export_file f = {.len = 0};
    memcpy(f.path, path, EXPORT_PATH_MAX);
    TRY(w->sink->end(w->sink->ctx, &f.digest, &f.len));
    return export_add_file(&w->m, &f);
}

static enum status put_file(struct writing *w, const char *log, const char *name, const struct buf *bytes)
{
    char path[EXPORT_PATH_MAX] = "";
    TRY(buf_status(bytes));
    TRY(begin_file(w, log, name, path));
    TRY(w->sink->put(w->sink->ctx, buf_bytes(bytes)));
    return end_file(w, path);
}

// A leaf in an entry bundle (C2SP tlog-tiles): 16 bits of length, big-endian, then the bytes.
static enum status put_leaf(struct writing *w, struct span leaf)
{
    const uint8_t len[2] = {(uint8_t)(leaf.len >> 8), (uint8_t)leaf.len};
    if (leaf.len > UINT16_MAX)
        return ST_CORRUPT;
    TRY(w->sink->put(w->sink->ctx, span_of(len, sizeof len)));
    return w->sink->put(w->sink->ctx, leaf);
}

// ---- proofs

enum status export_frontier(const struct merkle_nodes *nodes, uint64_t size, struct merkle_frontier *ret)
{
    uint64_t from = 0;
    size_t count = 0;
    for (unsigned level = MERKLE_LEVELS; level-- > 0;)
        if (size >> level & 1) {
            TRY(nodes->get(nodes->ctx, level, from >> level, &ret->peaks[count++]));
            from += (uint64_t)1 << level;
        }
    ret->size = size;
    return ST_OK;
}

static enum status put_peaks(struct writing *w, const char *log, const struct merkle_nodes *nodes, uint64_t first)
{
    struct merkle_frontier f;
    struct buf b;
    buf_init(&b, 8 * KIB);
    enum status st = export_frontier(nodes, first, &f);
    if (st == ST_OK) {
        tlog_hashes_write(f.peaks, (size_t)__builtin_popcountll(first), &b);
        st = put_file(w, log, "peaks", &b);
    }
    buf_fini(&b);
    return st;
}

// Our checkpoint of exactly the tree that ends with the export.
static enum status put_checkpoint(struct writing *w, const char *log, const struct merkle_nodes *nodes, uint64_t end,
                                  const struct note_key *key)
{
    struct checkpoint c = {.size = end};
    struct buf b;
    if ((size_t)snprintf(c.origin, sizeof c.origin, "%s/%s", w->o->node_name, log) >= sizeof c.origin)
        return ST_LIMIT;
    TRY(merkle_root(nodes, end, &c.root));
    buf_init(&b, NOTE_BYTES_MAX);
    enum status st = checkpoint_sign(&c, key, &b);
    if (st == ST_OK)
        st = put_file(w, log, "checkpoint", &b);
    buf_fini(&b);
    return st;
}

// A note over a tree of `size` leaves, behind the consistency proof that joins it to the export: from the end of the export's
// tree to a larger one, or from one that ends before the export to the export's end.
static enum status join_note(const struct merkle_nodes *nodes, const struct export_log *part, uint64_t size, struct span note,
                             struct buf *out)
{
    struct digest proof[MERKLE_LEVELS + 1];
    struct tlog_text *x = calloc(1, sizeof *x);
    if (!x)
        return ST_NOMEM;
    x->n = size < part->end ? size : part->end;
    x->checkpoint = note;
    enum status st = merkle_consistency(nodes, x->n, size < part->first ? part->end : size, proof, &x->hash_count);
    if (st == ST_OK && x->hash_count > TLOG_HASHES_MAX)
        st = ST_LIMIT;
    if (st == ST_OK) {
        memcpy(x->hashes, proof, x->hash_count * sizeof *proof);
        tlog_update_write(x, out);
        st = buf_status(out);
    }
    free(x);
    return st;
}

static enum status put_note(struct writing *w, const struct export_log *l, const char *name, const struct merkle_nodes *nodes,
                            uint64_t size, struct span note)
{
    struct buf b;
    buf_init(&b, TLOG_BYTES_MAX);
    enum status st = join_note(nodes, l, size, note, &b);
    if (st == ST_OK)
        st = put_file(w, l->name, name, &b);
    buf_fini(&b);
    return st;
}

// ---- the audit log

struct first_event {
    uint64_t n;
    bool found;
};

static enum status on_first(void *ctx, const struct audit_event *e)
{
    struct first_event *f = ctx;
    *f = (struct first_event){e->n, true};
    return ST_GONE; // enough
}

// The first event not before an instant; the number of all events when there is none.
static enum status first_at(struct db_txn *t, utc_ms at, uint64_t size, uint64_t *ret)
{
    struct first_event f = {.n = size};
    const struct audit_filter filter = {.from = at, .until = UTC_MAX};
    enum status st = audit_each(t, &filter, on_first, &f);
    *ret = f.n;
    return st == ST_OK || f.found ? ST_OK : st;
}

// The period's events, with the one before and the one after: they show that none is missing.
static enum status choose_events(struct writing *w, struct export_log *ret)
{
    uint64_t size = 0;
    TRY(audit_size(w->t, &size));
    if (size == 0)
        return ST_NOT_FOUND;
    *ret = (struct export_log){.name = EXPORT_AUDIT, .first = 0, .end = size};
    w->m.size = size;
    if (w->o->has_from)
        TRY(first_at(w->t, w->o->from, size, &ret->first));
    if (w->o->has_until)
        TRY(first_at(w->t, w->o->until, size, &ret->end));
    ret->first -= ret->first > 0;
    ret->end += ret->end < size;
    return ST_OK;
}

static enum status hull_add(struct writing *w, const char *partner, uint64_t first, uint64_t last)
{
    struct hull *h = NULL;
    uint64_t size = 0;
    for (size_t i = 0; i < w->hull_count && !h; i++)
        if (strcmp(w->hulls[i].partner, partner) == 0)
            h = &w->hulls[i];
    unsigned old;
    TRY(archive_count(w->t, partner, &old));
    if (old > 0)
        return ST_UNSUPPORTED;
    TRY(ledger_size(w->t, partner, &size));
    if (first > last || last >= size)
        return ST_OK; // an event that tells of what is not there: checking the export finds it
    if (!h && w->hull_count == PARTNERS_MAX)
        return ST_LIMIT;
    if (!h) {
        h = &w->hulls[w->hull_count++];
        *h = (struct hull){.first = first};
        snprintf(h->partner, sizeof h->partner, "%s", partner);
    }
    h->first = first < h->first ? first : h->first;
    h->end = last + 1 > h->end ? last + 1 : h->end;
    return ST_OK;
}

static bool number(const struct audit_event *e, const char *name, uint64_t *ret)
{
    const char *text = audit_event_get(e, name);
    return text && decimal_parse(span_cstr(text), UINT64_MAX, ret);
}

// Which entries does this event speak of?
static enum status note_event(struct writing *w, const struct audit_event *e)
{
    uint64_t a, b;
    if (!e->partner || strlen(e->partner) > PARTNER_ID_MAX || e->partner[0] == '.')
        return ST_OK;
    bool ours = e->kind == AUDIT_RELEASE || e->kind == AUDIT_RECALL || e->kind == AUDIT_WITHDRAW;
    if (ours && number(e, "position", &a))
        return hull_add(w, e->partner, a, a);
    if (e->kind == AUDIT_DELIVER && number(e, "first", &a) && number(e, "last", &b))
        return hull_add(w, e->partner, a, b);
    if (e->kind == AUDIT_RECEIPT && number(e, "size", &a) && a > 0)
        return hull_add(w, e->partner, a - 1, a - 1);
    return ST_OK;
}

static enum status put_event(struct writing *w, uint64_t n)
{
    struct span leaf;
    struct audit_event e;
    TRY(audit_get(w->t, n, &leaf));
    if (w->arena && arena_used(w->arena) > EVENTS_ARENA_RENEW)
        arena_free(&w->arena);
    if (!w->arena && !(w->arena = arena_new(EVENTS_ARENA_MAX)))
        return ST_NOMEM;
    enum status st = audit_event_parse(leaf, w->arena, &e);
    if (st == ST_NOMEM)
        return st;
    if (st == ST_OK)
        TRY(note_event(w, &e));
    return put_leaf(w, leaf); // a damaged one too: the export shows what is there
}

static enum status put_events(struct writing *w, const struct export_log *l)
{
    char path[EXPORT_PATH_MAX] = "";
    TRY(begin_file(w, l->name, "events", path));
    for (uint64_t n = l->first; n < l->end; n++)
        TRY(put_event(w, n));
    w->sum->events = l->end - l->first;
    return end_file(w, path);
}

// The first checkpoint that witnesses cosigned and that covers the export, else the newest.
static enum status put_witnessed(struct writing *w, const struct export_log *l, const struct merkle_nodes *nodes)
{
    uint64_t size;
    struct span note;
    enum status st = cosigned_near(w->t, l->end, &size, &note);
    if (st == ST_NOT_FOUND || (st == ST_OK && size <= l->first))
        return ST_OK;
    if (st != ST_OK)
        return st;
    w->sum->cosignatures++;
    return put_note(w, l, "witnessed", nodes, size, note);
}

static enum status put_audit(struct writing *w)
{
    struct export_log l;
    struct tree_nodes_state state = {w->t, AUDIT_LOG};
    struct merkle_nodes nodes = tree_nodes(&state);
    TRY(choose_events(w, &l));
    TRY(export_add_log(&w->m, &l));
    TRY(put_peaks(w, l.name, &nodes, l.first));
    TRY(put_events(w, &l));
    TRY(put_checkpoint(w, l.name, &nodes, l.end, w->o->audit_key));
    w->audit = l;
    return put_witnessed(w, &l, &nodes);
}

// ---- ledgers

struct receipt_choice {
    uint64_t end;
    uint64_t size; // 0 = none yet
};

// The newest receipt, or the first that covers the whole part.
static enum status on_receipt(void *ctx, const struct receipt *r)
{
    struct receipt_choice *c = ctx;
    c->size = r->size;
    return r->size >= c->end ? ST_GONE : ST_OK;
}

struct receipt_copy {
    struct writing *w;
    const struct export_log *l;
    const struct merkle_nodes *nodes;
    uint64_t size;
};

static enum status put_chosen(void *ctx, const struct receipt *r)
{
    const struct receipt_copy *c = ctx;
    if (r->size != c->size)
        return ST_OK;
    c->w->sum->receipts++;
    return put_note(c->w, c->l, "receipt", c->nodes, r->size, r->note);
}

static enum status put_receipt(struct writing *w, const struct hull *h, const struct export_log *l,
                               const struct merkle_nodes *nodes)
{
    struct receipt_choice choice = {.end = h->end};
    struct receipt_copy copy = {w, l, nodes, 0};
    uint64_t size = 0;
    enum status st = receipt_each(w->t, h->partner, on_receipt, &choice);
    if (st != ST_OK && st != ST_GONE)
        return st;
    TRY(ledger_size(w->t, h->partner, &size));
    if (choice.size <= h->first || choice.size > size)
        return ST_OK; // it says nothing of this part
    copy.size = choice.size;
    return receipt_each(w->t, h->partner, put_chosen, &copy);
}

// Who checks the export is told that it is not there any more.
static enum status put_lost_opening(struct writing *w, uint64_t n)
{
    char block[40];
    snprintf(block, sizeof block, "head %llu\nlost\n", (unsigned long long)n);
    return put_leaf(w, span_cstr(block));
}

// What a head commits to: its place, the random bytes, and the checkpoint, joined to the export's part of the audit log.
static enum status put_opening(struct writing *w, const struct hull *h, uint64_t n)
{
    struct tree_nodes_state state = {w->t, AUDIT_LOG};
    struct merkle_nodes nodes = tree_nodes(&state);
    struct head_opening opening;
    struct checkpoint c;
    char origin[NOTE_NAME_MAX + 8];
    struct buf b;
    snprintf(origin, sizeof origin, "%s/" EXPORT_AUDIT, w->o->node_name);
    enum status st = head_get(w->t, h->partner, n, &opening);
    if (st == ST_OK && opening.checkpoint.len == 0)
        return put_lost_opening(w, n);
    if (st == ST_NOT_FOUND || (st == ST_OK && checkpoint_open(opening.checkpoint, origin, w->o->audit_key->pub, &c) != ST_OK))
        return ST_CORRUPT;
    if (st != ST_OK)
        return st;
    buf_init(&b, TLOG_BYTES_MAX);
    buf_printf(&b, "head %llu\nrandom ", (unsigned long long)n);
    base64_put(&b, span_of(opening.random, HEAD_RANDOM_LEN));
    buf_putc(&b, '\n');
    st = join_note(&nodes, &w->audit, c.size, opening.checkpoint, &b);
    if (st == ST_OK)
        st = put_leaf(w, buf_bytes(&b));
    buf_fini(&b);
    w->sum->heads++;
    return st;
}

static enum status put_openings(struct writing *w, const struct hull *h, const struct export_log *l)
{
    char path[EXPORT_PATH_MAX] = "";
    for (uint64_t n = h->first; n < h->end; n++) {
        struct ledger_entry e;
        TRY(ledger_get(w->t, h->partner, n, &e));
        if (e.kind != ENTRY_HEAD)
            continue;
        if (!*path)
            TRY(begin_file(w, l->name, "heads", path));
        TRY(put_opening(w, h, n));
    }
    return *path ? end_file(w, path) : ST_OK;
}

static enum status put_entries(struct writing *w, const struct hull *h, const struct export_log *l)
{
    char path[EXPORT_PATH_MAX] = "";
    struct buf leaf;
    buf_init(&leaf, 4 * KIB);
    enum status st = begin_file(w, l->name, "entries", path);
    for (uint64_t n = h->first; n < h->end && st == ST_OK; n++) {
        struct ledger_entry e;
        st = ledger_get(w->t, h->partner, n, &e);
        if (st != ST_OK)
            break;
        buf_reset(&leaf);
        ledger_entry_write(&e, &leaf);
        st = buf_status(&leaf);
        if (st == ST_OK)
            st = put_leaf(w, buf_bytes(&leaf));
    }
    buf_fini(&leaf);
    w->sum->entries += h->end - h->first;
    return st == ST_OK ? end_file(w, path) : st;
}

static enum status put_ledger(struct writing *w, const struct hull *h)
{
    struct export_log l = {.first = h->first, .end = h->end};
    char log[LOG_NAME_MAX];
    ledger_log_name(h->partner, log);
    struct tree_nodes_state state = {w->t, log};
    struct merkle_nodes nodes = tree_nodes(&state);
    snprintf(l.name, sizeof l.name, EXPORT_RELEASE "%s", h->partner);
    TRY(export_add_log(&w->m, &l));
    TRY(put_peaks(w, l.name, &nodes, l.first));
    TRY(put_entries(w, h, &l));
    TRY(put_checkpoint(w, l.name, &nodes, l.end, w->o->ledger_key));
    TRY(put_receipt(w, h, &l, &nodes));
    TRY(put_openings(w, h, &l));
    w->sum->ledgers++;
    return ST_OK;
}

// ---- all of it

static enum status put_head(struct writing *w)
{
    const struct export_options *o = w->o;
    w->m.has_from = o->has_from;
    w->m.has_until = o->has_until;
    w->m.from = o->from;
    w->m.until = o->until;
    memcpy(w->m.ledger_key, o->ledger_key->pub, ED25519_LEN);
    snprintf(w->m.node, sizeof w->m.node, "%s", o->node_name);
    snprintf(w->m.nation, sizeof w->m.nation, "%s", o->nation);
    for (size_t i = 0; i < o->peer_count; i++) {
        struct export_party p = {.partner = ""};
        snprintf(p.partner, sizeof p.partner, "%s", o->peers[i].partner);
        TRY(note_vkey_make(o->peers[i].name, NOTE_COSIGNATURE, o->peers[i].cosign_key, &p.key));
        TRY(export_add_party(&w->m, &p));
    }
    return ST_OK;
}

// The list of all files, signed: the last file.
static enum status put_manifest(struct writing *w)
{
    char name[NOTE_NAME_MAX + 8];
    struct buf text, note;
    struct digest digest;
    uint64_t len;
    snprintf(name, sizeof name, "%s/" EXPORT_AUDIT, w->o->node_name);
    buf_init(&text, EXPORT_MANIFEST_MAX);
    buf_init(&note, EXPORT_MANIFEST_MAX + 4 * KIB);
    export_manifest_write(&w->m, &text);
    enum status st = buf_status(&text);
    if (st == ST_OK)
        st = note_sign(buf_bytes(&text), name, w->o->audit_key, &note);
    if (st == ST_OK)
        st = w->sink->begin(w->sink->ctx, EXPORT_MANIFEST);
    if (st == ST_OK)
        st = w->sink->put(w->sink->ctx, buf_bytes(&note));
    if (st == ST_OK)
        st = w->sink->end(w->sink->ctx, &digest, &len);
    buf_fini(&text);
    buf_fini(&note);
    return st;
}

static enum status write_all(struct writing *w)
{
    TRY(put_head(w));
    TRY(put_audit(w));
    for (size_t i = 0; i < w->hull_count; i++)
        TRY(put_ledger(w, &w->hulls[i]));
    return put_manifest(w);
}

enum status export_write(struct db_txn *t, const struct export_options *o, const struct export_sink *sink,
                         struct export_summary *ret)
{
    *ret = (struct export_summary){.from = o->has_from ? o->from : UTC_MIN, .until = o->has_until ? o->until : UTC_MAX};
    if (o->has_from && o->has_until && o->from >= o->until)
        return ST_INVALID;
    struct writing *w = calloc(1, sizeof *w);
    if (!w)
        return ST_NOMEM;
    *w = (struct writing){.t = t, .o = o, .sink = sink, .sum = ret};
    enum status st = write_all(w);
    export_manifest_fini(&w->m);
    arena_free(&w->arena);
    free(w);
    return st;
}
