// Pages of a partner's feed: verified whole, then applied in one transaction (spec 4.4).
#include "node/core/sync.h"

#include <stdio.h>
#include <stdlib.h>

#include "formats/feed.h"
#include "node/core/feed_flow.h"
#include "node/core/release.h"
#include "node/core/sync_item.h"
#include "store/archive.h"
#include "store/audit_log.h"
#include "store/carried.h"
#include "store/ledger.h"
#include "store/sources.h"

void sync_result_fini(struct sync_result *r)
{
    buf_fini(&r->cosignature);
}

bool sync_is_refusal(enum status st)
{
    switch (st) {
    case ST_MALFORMED:
    case ST_INVALID:
    case ST_LIMIT:
    case ST_UNSUPPORTED:
    case ST_DENIED:
    case ST_BAD_SIGNATURE:
    case ST_BAD_PROOF:
        return true;
    case ST_OK:
    case ST_NOT_FOUND:
    case ST_CONFLICT:
    case ST_GONE:
    case ST_CORRUPT:
    case ST_NOMEM:
    case ST_IO:
    case ST_FULL:
    case ST_UNREACHABLE:
    case ST_BUSY:
        return false;
    }
    return false;
}

// ---- the source's state, with its checkpoint copied out of the store

struct source {
    struct source_state state;
    uint8_t note[SOURCE_NOTE_MAX];
};

static enum status source_load(struct tick *t, const char *partner, struct source *s)
{
    TRY(source_get(t->txn, partner, &s->state));
    struct span *note = &s->state.checkpoint;
    if (note->len > sizeof s->note)
        return ST_CORRUPT;
    if (note->len)
        memcpy(s->note, note->ptr, note->len);
    note->ptr = s->note;
    return ST_OK;
}

static void set_error(struct source_state *s, utc_ms now, const char *why)
{
    s->failed_at = now;
    snprintf(s->error, sizeof s->error, "%s", why);
}

enum status sync_next_path(struct tick *t, const char *partner, struct buf *out)
{
    struct source s;
    if (!core_peer(t->core, partner))
        return ST_NOT_FOUND;
    TRY(source_load(t, partner, &s));
    if (s.state.forked)
        return ST_BAD_PROOF;
    buf_puts(out, "/v1/feed");
    if (s.state.cursor[0])
        buf_printf(out, "?after=%s", s.state.cursor);
    return buf_status(out);
}

enum status sync_restart(struct tick *t, const char *partner)
{
    struct source s;
    TRY(source_load(t, partner, &s));
    s.state.cursor[0] = 0;
    return source_put(t->txn, partner, &s.state);
}

enum status sync_failed(struct tick *t, const char *partner, const char *why)
{
    struct source s;
    TRY(source_load(t, partner, &s));
    set_error(&s.state, t->now, why);
    return source_put(t->txn, partner, &s.state);
}

enum status sync_receipt_sent(struct tick *t, const char *partner, uint64_t size)
{
    struct source s;
    TRY(source_load(t, partner, &s));
    if (s.state.size != size || !s.state.cosignature_due)
        return ST_OK;
    s.state.cosignature_due = false;
    return source_put(t->txn, partner, &s.state);
}

// ---- receipts

struct position_list {
    struct buf *out;
    size_t count;
};

static enum status list_position(void *ctx, uint64_t n, const char *reason, struct span bytes)
{
    struct position_list *l = ctx;
    (void)reason, (void)bytes;
    if (l->count == FEED_RECEIPT_POSITIONS_MAX)
        return ST_OK; // the receipt says so much at least; all of them show in `relto sync status`
    if (l->count++ == 0)
        buf_putc(l->out, '\n');
    buf_printf(l->out, "quarantined %llu\n", (unsigned long long)n);
    return ST_OK;
}

static enum status write_receipt(struct tick *t, const char *partner, const struct source_state *s, struct buf *out)
{
    struct position_list l = {.out = out};
    buf_span(out, s->checkpoint);
    TRY(cosignature_make(s->checkpoint, t->core->node_name, &t->core->cosign_key, t->now, out));
    if (s->quarantined)
        TRY(quarantine_each(t->txn, partner, list_position, &l));
    return buf_status(out);
}

enum status sync_receipt_due(struct tick *t, const char *partner, struct buf *out, uint64_t *ret_size)
{
    struct source s;
    *ret_size = 0;
    TRY(source_load(t, partner, &s));
    if (!s.state.cosignature_due || s.state.forked || s.state.checkpoint.len == 0)
        return ST_OK;
    *ret_size = s.state.size;
    return write_receipt(t, partner, &s.state, out);
}

// ---- a page on its way

struct pass {
    struct tick *t;
    const struct peer *peer;
    struct diag *d;
    struct sync_result *ret;
    struct source source;
    struct arena *arena;
    struct feed_page page;
    struct checkpoint checkpoint;
    char log[LOG_NAME_MAX]; // our copy of the partner's tree
    uint64_t start, end, size;    // positions of the page; entries we held before
    struct digest *leaves;        // of the page, from start on
    struct buf entry;             // scratch for leaf bytes
    struct uuid *touched;         // reports to decide anew
    size_t touched_count;
};

__attribute__((format(printf, 4, 5))) static enum status refuse(struct pass *p, enum status st, const char *rule,
                                                                const char *fmt, ...)
{
    char message[DIAG_TEXT_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    diag_add(p->d, 0, 0, rule, NULL, "%s", message);
    return st;
}

// The gravest alarm: the partner's ledger contradicts itself. Nothing of it is believed from here on.
static enum status stop_forked(struct pass *p, const char *how)
{
    char size[24], held[24], root[DIGEST_TEXT_LEN + 1], actor[80], error[SOURCE_ERROR_MAX];
    struct source_state *s = &p->source.state;
    snprintf(actor, sizeof actor, "partner:%s", p->peer->id);
    snprintf(size, sizeof size, "%llu", (unsigned long long)p->checkpoint.size);
    snprintf(held, sizeof held, "%llu", (unsigned long long)p->size);
    struct audit_event ev = {.kind = AUDIT_LOG_FORK, .actor = actor, .partner = p->peer->id};
    audit_event_attr(&ev, "log", "received-ledger");
    audit_event_attr(&ev, "how", how);
    audit_event_attr(&ev, "size", size);
    audit_event_attr(&ev, "root", digest_text(&p->checkpoint.root, root));
    audit_event_attr(&ev, "our-size", held);
    TRY(tick_log(p->t, &ev));
    snprintf(error, sizeof error, "log-fork: %s at size %s; we hold %s entries; sync is stopped", how, size, held);
    s->forked = true;
    set_error(s, p->t->now, error);
    TRY(source_put(p->t->txn, p->peer->id, s));
    return refuse(p, ST_BAD_PROOF, "log-fork", "%s", error);
}

// ---- a ledger that begins anew (spec 4.4, Restore)

enum { RESTART_LOOKED_MAX = 65536 };

// Of how many entries of what we hold is the checkpoint that the first entry of the new ledger names? UINT64_MAX: of none.
static enum status named_by(struct pass *p, const struct digest *d, uint64_t *ret)
{
    struct checkpoint c = {.size = p->size};
    *ret = UINT64_MAX;
    TRY(source_origin(&p->source.state, p->peer->card.node_name, p->t->core->nation, c.origin));
    for (uint64_t i = 0; i < RESTART_LOOKED_MAX && *ret == UINT64_MAX; i++) {
        TRY(tree_root(p->t->txn, p->log, c.size, &c.root));
        struct digest is = archive_restart_digest(&c);
        if (digest_eq(&is, d))
            *ret = c.size;
        if (c.size-- == 0)
            break;
    }
    return ST_OK;
}

// Nothing is taken of it before both operators agree.
static enum status stop_restarted(struct pass *p, const char *epoch, const struct digest *first)
{
    char actor[80], error[SOURCE_ERROR_MAX], root[DIGEST_TEXT_LEN + 1];
    uint64_t named;
    struct source_state *s = &p->source.state;
    TRY(named_by(p, first, &named));
    snprintf(s->offered, sizeof s->offered, "%s", epoch);
    if (named == UINT64_MAX)
        snprintf(error, sizeof error, "ledger-restarted: its ledger begins anew as epoch %s, after a state that is not among the %llu "
                 "entries held here; sync is stopped", epoch, (unsigned long long)p->size);
    else
        snprintf(error, sizeof error, "ledger-restarted: its ledger begins anew as epoch %s, after the first %llu of the %llu entries held "
                 "here; sync is stopped", epoch, (unsigned long long)named, (unsigned long long)p->size);
    snprintf(actor, sizeof actor, "partner:%s", p->peer->id);
    struct audit_event ev = {.kind = AUDIT_PARTNER, .actor = actor, .partner = p->peer->id};
    audit_event_attr(&ev, "change", "ledger-restart-offered");
    audit_event_attr(&ev, "epoch", epoch);
    audit_event_attr(&ev, "root", digest_text(&p->checkpoint.root, root));
    TRY(tick_log(p->t, &ev));
    s->forked = true;
    set_error(s, p->t->now, error);
    TRY(source_put(p->t->txn, p->peer->id, s));
    return refuse(p, ST_BAD_PROOF, "ledger-restarted", "%s", error);
}

// The checkpoint is not of the ledger that we know: is it a signed one of another epoch (else *ret_epoch is ""), or of the
// ledger of before it began anew (*ret_first)?
static enum status other_epoch(struct pass *p, char ret_epoch[SOURCE_EPOCH_MAX + 1], bool *ret_first)
{
    static const char hex[] = "0123456789abcdef";
    struct source_state none = {.size = 0};
    char base[NOTE_NAME_MAX], origin[NOTE_NAME_MAX];
    struct span is;
    ret_epoch[0] = 0;
    *ret_first = false;
    TRY(source_origin(&none, p->peer->card.node_name, p->t->core->nation, base));
    size_t n = strlen(base);
    if (!checkpoint_origin(p->page.checkpoint, &is) || is.len >= sizeof origin || !span_starts(is, base))
        return ST_OK;
    memcpy(origin, is.ptr, is.len);
    origin[is.len] = 0;
    bool named = is.len == n + 1 + SOURCE_EPOCH_MAX && origin[n] == '/' && strspn(origin + n + 1, hex) == SOURCE_EPOCH_MAX;
    if ((!named && is.len != n) || checkpoint_open(p->page.checkpoint, origin, p->peer->card.ledger_key, &p->checkpoint) != ST_OK)
        return ST_OK;
    *ret_first = !named;
    if (named)
        snprintf(ret_epoch, SOURCE_EPOCH_MAX + 1, "%s", origin + n + 1);
    return ST_OK;
}

static enum status refuse_checkpoint(struct pass *p, enum status st, const char *origin)
{
    char epoch[SOURCE_EPOCH_MAX + 1];
    bool first;
    TRY(other_epoch(p, epoch, &first));
    const struct feed_item *it = p->page.item_count ? &p->page.items[0] : NULL;
    struct source_state *s = &p->source.state;
    if (epoch[0] && s->checkpoint.len == 0 && !s->epoch[0]) {
        memcpy(s->epoch, epoch, sizeof s->epoch); // we know of no other ledger: this is the first for us
        return ST_OK;
    }
    if (epoch[0] && it && it->n == 0 && it->kind == FEED_POSITION && it->entry.kind == ENTRY_HEAD)
        return stop_restarted(p, epoch, &it->entry.digest);
    if (first)
        return stop_forked(p, "the ledger of before it began anew is signed again");
    return refuse(p, st, "checkpoint", "the checkpoint is not one of %s, signed by its ledger key: %s", origin, status_text(st));
}

// ---- verifying: reads only

static enum status read_page(struct pass *p, struct span bytes)
{
    char origin[NOTE_NAME_MAX];
    TRY(feed_read(bytes, p->arena, p->d, &p->page));
    if (strcmp(p->page.sender, p->peer->card.nation) != 0 || strcmp(p->page.recipient, p->t->core->nation) != 0)
        return refuse(p, ST_INVALID, "wrong-feed", "this feed is from %s to %s; expected %s to %s", p->page.sender,
                      p->page.recipient, p->peer->card.nation, p->t->core->nation);
    if (p->page.more && p->page.item_count == 0)
        return refuse(p, ST_INVALID, "empty-page", "a page without entries cannot have more behind it");
    if (p->page.checkpoint.len > SOURCE_NOTE_MAX)
        return refuse(p, ST_LIMIT, "checkpoint", "a checkpoint of %zu bytes; at most %d", p->page.checkpoint.len,
                      SOURCE_NOTE_MAX);
    TRY(source_origin(&p->source.state, p->peer->card.node_name, p->t->core->nation, origin));
    enum status st = checkpoint_open(p->page.checkpoint, origin, p->peer->card.ledger_key, &p->checkpoint);
    return st == ST_OK ? ST_OK : refuse_checkpoint(p, st, origin);
}

static enum status leaf_of(struct pass *p, const struct feed_item *it, struct digest *ret)
{
    if (it->kind == FEED_LEAF) {
        *ret = it->leaf;
        return ST_OK;
    }
    buf_reset(&p->entry);
    ledger_entry_write(&it->entry, &p->entry);
    *ret = merkle_leaf(buf_bytes(&p->entry));
    return buf_status(&p->entry);
}

// Positions follow each other, contents are those that the entries name.
static enum status check_items(struct pass *p)
{
    p->start = p->page.item_count ? p->page.items[0].n : p->checkpoint.size;
    p->end = p->start + p->page.item_count;
    p->leaves = arena_array(p->arena, p->page.item_count + 1, sizeof *p->leaves);
    p->touched = arena_array(p->arena, p->page.item_count + 1, sizeof *p->touched);
    if (!p->leaves || !p->touched)
        return arena_status(p->arena);
    for (size_t i = 0; i < p->page.item_count; i++) {
        const struct feed_item *it = &p->page.items[i];
        if (it->n != p->start + i)
            return refuse(p, ST_BAD_PROOF, "position", "entry %llu stands where %llu is expected",
                          (unsigned long long)it->n, (unsigned long long)(p->start + i));
        TRY(leaf_of(p, it, &p->leaves[i]));
        if (it->kind != FEED_REPORT)
            continue;
        struct digest d = sha256(it->content);
        if (!digest_eq(&d, &it->entry.digest))
            return refuse(p, ST_BAD_PROOF, "digest", "the report at position %llu is not what its entry says",
                          (unsigned long long)it->n);
    }
    if (p->checkpoint.size != p->end)
        return refuse(p, ST_BAD_PROOF, "checkpoint", "the checkpoint is of size %llu, the page ends at %llu",
                      (unsigned long long)p->checkpoint.size, (unsigned long long)p->end);
    if (p->start > p->size)
        return refuse(p, ST_BAD_PROOF, "gap", "the page starts at %llu; we hold %llu entries",
                      (unsigned long long)p->start, (unsigned long long)p->size);
    return ST_OK;
}

// The part of the page that we hold already must be what we hold.
static enum status check_known(struct pass *p)
{
    for (uint64_t n = p->start; n < p->end && n < p->size; n++) {
        struct digest held;
        TRY(tree_leaf(p->t->txn, p->log, n, &held));
        if (!digest_eq(&held, &p->leaves[n - p->start]))
            return stop_forked(p, "an entry that we hold is told differently");
    }
    if (p->end > p->size)
        return ST_OK;
    struct digest root;
    TRY(tree_root(p->t->txn, p->log, p->end, &root));
    if (!digest_eq(&root, &p->checkpoint.root))
        return stop_forked(p, "the signed tree differs from what we hold");
    if (p->end < p->size && !p->page.more)
        return stop_forked(p, "the signed ledger ends before what we hold");
    return ST_OK;
}

static enum status load_frontier(struct pass *p, struct merkle_frontier *f)
{
    struct tree_nodes_state state = {p->t->txn, p->log};
    struct merkle_nodes nodes = tree_nodes(&state);
    uint64_t done = 0;
    size_t peaks = 0;
    *f = (struct merkle_frontier){.size = p->size};
    for (unsigned level = MERKLE_LEVELS; level-- > 0;) {
        if (!(p->size >> level & 1))
            continue;
        TRY(nodes.get(nodes.ctx, level, done >> level, &f->peaks[peaks++]));
        done += (uint64_t)1 << level;
    }
    return ST_OK;
}

// With the new leaves our tree must become the signed one.
static enum status check_growth(struct pass *p)
{
    struct merkle_frontier *f = arena_alloc(p->arena, sizeof *f);
    if (p->end <= p->size)
        return ST_OK;
    if (!f)
        return arena_status(p->arena);
    TRY(load_frontier(p, f));
    for (uint64_t n = p->size; n < p->end; n++)
        merkle_frontier_append(f, &p->leaves[n - p->start]);
    struct digest root = merkle_frontier_root(f);
    if (digest_eq(&root, &p->checkpoint.root))
        return ST_OK;
    if (p->size > 0)
        return stop_forked(p, "the signed tree does not extend what we hold");
    return refuse(p, ST_BAD_PROOF, "root", "the entries of the page do not make the tree that its checkpoint signs");
}

// ---- applying

static void touch(struct pass *p, struct uuid id)
{
    for (size_t i = 0; i < p->touched_count; i++)
        if (uuid_eq(p->touched[i], id))
            return;
    p->touched[p->touched_count++] = id;
}

static enum status apply_report(struct pass *p, const struct feed_item *it)
{
    enum item_fate fate;
    const char *reason;
    const struct item item = {&it->entry, it->content, it->with};
    TRY(item_take(p->t, p->peer, &item, true, &fate, &reason));
    switch (fate) {
    case ITEM_TAKEN:
        p->ret->reports++;
        p->source.state.received++;
        touch(p, it->entry.report);
        return ST_OK;
    case ITEM_QUARANTINED:
        p->ret->quarantined++;
        p->source.state.quarantined++;
        return item_quarantine(p->t, p->peer, &item, reason);
    case ITEM_REFUSED:
        return ST_OK;
    }
    return ST_OK;
}

static enum status apply_end(struct pass *p, const struct ledger_entry *e)
{
    size_t unquarantined;
    bool redecide;
    TRY(item_end(p->t, p->peer, e, &unquarantined, &redecide));
    uint64_t *quarantined = &p->source.state.quarantined;
    *quarantined -= *quarantined < unquarantined ? *quarantined : unquarantined;
    p->ret->tombstones++;
    if (redecide)
        touch(p, e->report);
    return ST_OK;
}

static enum status apply_item(struct pass *p, const struct feed_item *it)
{
    const struct digest *leaf = &p->leaves[it->n - p->start];
    if (it->kind == FEED_LEAF)
        return source_append(p->t->txn, p->peer->id, leaf, span_of(NULL, 0));
    buf_reset(&p->entry);
    ledger_entry_write(&it->entry, &p->entry);
    TRY(buf_status(&p->entry));
    TRY(source_append(p->t->txn, p->peer->id, leaf, buf_bytes(&p->entry)));
    if (it->kind == FEED_REPORT)
        return apply_report(p, it);
    // A recall or withdraw is obeyed in whatever form it comes.
    if (it->entry.kind == ENTRY_RECALL || it->entry.kind == ENTRY_WITHDRAW)
        return apply_end(p, &it->entry);
    return ST_OK;
}

static enum status log_receive(struct pass *p)
{
    char actor[80], text[5][24];
    const uint64_t numbers[5] = {p->end - p->ret->entries, p->end - 1, p->ret->reports, p->ret->tombstones,
                                 p->ret->quarantined};
    static const char *const names[5] = {"first", "last", "reports", "tombstones", "quarantined"};
    snprintf(actor, sizeof actor, "partner:%s", p->peer->id);
    struct audit_event ev = {.kind = AUDIT_RECEIVE, .actor = actor, .partner = p->peer->id};
    for (size_t i = 0; i < 5; i++) {
        snprintf(text[i], sizeof text[i], "%llu", (unsigned long long)numbers[i]);
        audit_event_attr(&ev, names[i], text[i]);
    }
    return tick_log(p->t, &ev);
}

static enum status save_state(struct pass *p)
{
    struct source_state *s = &p->source.state;
    snprintf(s->cursor, sizeof s->cursor, "%s", p->page.cursor);
    s->synced_at = p->t->now;
    s->error[0] = 0;
    if (p->end > s->size || (p->end == s->size && s->checkpoint.len == 0)) {
        s->size = p->end;
        s->checkpoint = p->page.checkpoint;
        s->cosignature_due = p->end > 0;
    }
    return source_put(p->t->txn, p->peer->id, s);
}

static enum status apply_page(struct pass *p)
{
    for (size_t i = 0; i < p->page.item_count; i++) {
        if (p->page.items[i].n < p->size)
            continue;
        TRY(apply_item(p, &p->page.items[i]));
        p->ret->entries++;
    }
    if (p->ret->entries)
        TRY(log_receive(p));
    TRY(save_state(p));
    for (size_t i = 0; i < p->touched_count; i++)
        TRY(release_report(p->t, p->touched[i], CAUSE_RECEIVE, NULL));
    p->ret->more = p->page.more;
    p->ret->size = p->source.state.size;
    p->ret->end = p->end;
    if (!p->source.state.cosignature_due)
        return ST_OK;
    return write_receipt(p->t, p->peer->id, &p->source.state, &p->ret->cosignature);
}

static enum status run_pass(struct pass *p, struct span bytes)
{
    TRY(source_load(p->t, p->peer->id, &p->source));
    p->size = p->source.state.size;
    if (p->source.state.forked)
        return refuse(p, ST_BAD_PROOF, "log-fork", "%s", p->source.state.error);
    source_log_name(p->peer->id, p->log);
    TRY(read_page(p, bytes));
    TRY(check_items(p));
    TRY(check_known(p));
    TRY(check_growth(p));
    enum status st = apply_page(p);
    // From the first write on no failure may look like a judgement on the page: the job has to be undone.
    return sync_is_refusal(st) ? ST_CORRUPT : st;
}

enum status sync_apply_page(struct tick *t, const char *partner, struct span page, struct diag *d,
                            struct sync_result *ret)
{
    const struct peer *peer = core_peer(t->core, partner);
    *ret = (struct sync_result){0};
    buf_init(&ret->cosignature, FEED_RECEIPT_BYTES_MAX);
    if (!peer)
        return ST_NOT_FOUND;
    struct pass *p = calloc(1, sizeof *p);
    if (!p)
        return ST_NOMEM;
    *p = (struct pass){.t = t, .peer = peer, .d = d, .ret = ret, .arena = xml_arena_new(page.len)};
    buf_init(&p->entry, 4 * KIB);
    enum status st = p->arena ? run_pass(p, page) : ST_NOMEM;
    if (st != ST_OK)
        buf_reset(&ret->cosignature);
    buf_fini(&p->entry);
    arena_free(&p->arena);
    free(p);
    return st;
}

// ---- what the operator asks for

// Later entries first: what they gave must not be replaced by an earlier one that verifies only now.
struct retrying {
    uint64_t before; // positions from here on are done
    bool found;
    uint64_t n;
    struct buf bytes, with; // copied: taking a report writes to the store
};

static enum status last_before(void *ctx, uint64_t n, const char *reason, struct span bytes)
{
    struct retrying *r = ctx;
    (void)reason, (void)bytes;
    if (n < r->before) {
        r->found = true;
        r->n = n;
    }
    return ST_OK;
}

static enum status copy_bytes(void *ctx, uint64_t n, const char *reason, struct span bytes)
{
    struct retrying *r = ctx;
    (void)reason;
    if (n != r->n)
        return ST_OK;
    buf_reset(&r->bytes);
    buf_span(&r->bytes, bytes);
    return buf_status(&r->bytes);
}

static enum status retry_one(struct tick *t, const struct peer *peer, struct retrying *r, size_t *taken, size_t *left)
{
    struct ledger_entry e;
    enum item_fate fate;
    const char *reason;
    struct item item = {.entry = &e};
    struct span with;
    TRY(quarantine_each(t->txn, peer->id, copy_bytes, r));
    TRY(source_entry(t->txn, peer->id, r->n, &e));
    TRY(quarantine_with(t->txn, peer->id, r->n, &with));
    buf_reset(&r->with);
    buf_span(&r->with, with);
    TRY(buf_status(&r->with));
    item.content = buf_bytes(&r->bytes);
    if (with.len && !carried_read(buf_bytes(&r->with), &item.with))
        return ST_CORRUPT;
    TRY(item_take(t, peer, &item, false, &fate, &reason));
    if (fate == ITEM_QUARANTINED) {
        ++*left;
        return ST_OK;
    }
    TRY(quarantine_del(t->txn, peer->id, r->n));
    if (fate != ITEM_TAKEN)
        return ST_OK;
    ++*taken;
    return release_report(t, e.report, CAUSE_RECEIVE, NULL);
}

static enum status retry_all(struct tick *t, const struct peer *peer, struct retrying *r, size_t *taken, size_t *left)
{
    for (;;) {
        r->found = false;
        TRY(quarantine_each(t->txn, peer->id, last_before, r));
        if (!r->found)
            return ST_OK;
        TRY(retry_one(t, peer, r, taken, left));
        r->before = r->n;
    }
}

static enum status log_retry(struct tick *t, const char *partner, const char *actor, size_t taken, size_t left)
{
    char took[24], stay[24];
    struct audit_event ev = {.kind = AUDIT_PARTNER, .actor = actor, .partner = partner};
    snprintf(took, sizeof took, "%zu", taken);
    snprintf(stay, sizeof stay, "%zu", left);
    audit_event_attr(&ev, "change", "quarantine-retried");
    audit_event_attr(&ev, "taken", took);
    audit_event_attr(&ev, "left", stay);
    return tick_log(t, &ev);
}

enum status sync_retry(struct tick *t, const char *partner, const char *actor, size_t *ret_taken, size_t *ret_left)
{
    struct source s;
    struct retrying r = {.before = UINT64_MAX};
    const struct peer *peer = core_peer(t->core, partner);
    *ret_taken = *ret_left = 0;
    if (!peer)
        return ST_NOT_FOUND;
    buf_init(&r.bytes, RENDITION_BYTES_MAX);
    buf_init(&r.with, FEED_CARRIED_BYTES_MAX);
    enum status st = retry_all(t, peer, &r, ret_taken, ret_left);
    buf_fini(&r.with);
    buf_fini(&r.bytes);
    if (st != ST_OK)
        return st;
    TRY(source_load(t, partner, &s));
    if (s.state.quarantined == *ret_left)
        return ST_OK;
    s.state.quarantined = *ret_left;
    s.state.received += *ret_taken;
    s.state.cosignature_due = true; // the partner's list of what we could not take is out of date
    TRY(source_put(t->txn, partner, &s.state));
    return log_retry(t, partner, actor, *ret_taken, *ret_left);
}

// What was received stays; the ledger by which it came is kept apart, and the new one is read from its start.
static enum status take_new_ledger(struct tick *t, const char *partner, struct source_state *s)
{
    TRY(archive_received(t->txn, partner));
    memcpy(s->epoch, s->offered, sizeof s->epoch);
    s->offered[0] = 0;
    s->size = 0;
    s->checkpoint = span_of(NULL, 0);
    s->cosignature_due = false;
    s->quarantined = 0;
    return ST_OK;
}

enum status sync_resume(struct tick *t, const char *partner, const char *actor, const char *reason, bool *ret_resumed)
{
    struct source s;
    uint64_t contested;
    *ret_resumed = false;
    TRY(source_load(t, partner, &s));
    TRY(ledger_contested(t->txn, partner, &contested));
    if (!s.state.forked && contested == 0)
        return ST_OK;
    struct audit_event ev = {.kind = AUDIT_PARTNER, .actor = actor, .partner = partner};
    audit_event_attr(&ev, "change", s.state.offered[0] ? "ledger-restart-taken" : "sync-resumed-after-fork");
    audit_event_attr(&ev, "reason", reason);
    if (s.state.offered[0])
        audit_event_attr(&ev, "epoch", s.state.offered);
    TRY(tick_log(t, &ev));
    TRY(ledger_settled(t->txn, partner));
    *ret_resumed = true;
    if (!s.state.forked)
        return ST_OK;
    if (s.state.offered[0])
        TRY(take_new_ledger(t, partner, &s.state));
    s.state.forked = false;
    s.state.cursor[0] = 0;
    return source_put(t->txn, partner, &s.state);
}
