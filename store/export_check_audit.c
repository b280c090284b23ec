// What the events of an export say, and whether its ledgers agree.
#include "formats/base/encode.h"
#include "formats/base/limits.h"
#include "store/export_check.h"
#include "store/heads.h"
#include "store/verify_internal.h"

#define EVENT_ARENA_MAX (64 * MIB)
#define EVENT_ARENA_RENEW (1 * MIB)

static bool number(const struct audit_event *e, const char *name, uint64_t *ret)
{
    const char *text = audit_event_get(e, name);
    return text && decimal_parse(span_cstr(text), UINT64_MAX, ret);
}

// ---- events that tell of ledger entries

static bool describes(const struct audit_event *e, const struct ledger_entry *entry)
{
    char text[DIGEST_TEXT_LEN + 1];
    const char *digest = audit_event_get(e, "digest");
    return strcmp(audit_kind_text(e->kind), entry_kind_text(entry->kind)) == 0 && e->has_report &&
           uuid_eq(e->report, entry->report) && e->version == entry->version &&
           (entry->kind != ENTRY_RELEASE || (digest && strcmp(digest, digest_text(&entry->digest, text)) == 0));
}

static void check_consequence(struct export_check *c, const char *where, const struct audit_event *e)
{
    uint64_t n;
    struct ledger_entry entry;
    if (!e->partner && e->kind != AUDIT_RELEASE)
        return; // the recall or withdrawal itself, before its consequences
    struct export_book *b = e->partner ? export_book_of(c, e->partner) : NULL;
    if (b && !b->leaves)
        return; // told
    if (!number(e, "position", &n) || !b || n < b->log->first || n >= b->log->end) {
        export_say(c, "event-without-entry", where, "tells of a ledger entry that the export does not hold");
        return;
    }
    if (!export_entry(b, n, &entry) || !describes(e, &entry))
        export_say(c, "event-differs", where, "entry %llu of %s is not what the event says", (unsigned long long)n, b->log->name);
    if (verify_bit(b->told, n - b->log->first))
        export_say(c, "event-twice", where, "a second event for entry %llu of %s", (unsigned long long)n, b->log->name);
    verify_set_bit(b->told, n - b->log->first);
    if (b->told_end == 0)
        b->told_first = n;
    b->told_first = n < b->told_first ? n : b->told_first;
    b->told_end = n + 1 > b->told_end ? n + 1 : b->told_end;
}

static void check_delivery(struct export_check *c, const char *where, const struct audit_event *e)
{
    uint64_t first, last;
    const struct export_book *b = e->partner ? export_book_of(c, e->partner) : NULL;
    if (!number(e, "first", &first) || !number(e, "last", &last) || first > last || !b || first < b->log->first ||
        last >= b->log->end)
        export_say(c, "delivery-place", where, "names places that the export's ledger does not hold");
}

static enum status check_receipt(struct export_check *c, const char *where, const struct audit_event *e)
{
    struct export_want w = {.rule = "event-receipt", .where = arena_cstr(c->arena, where), .text = "tells of a receipt for a tree that the ledger never had"};
    const char *root = audit_event_get(e, "root");
    struct export_book *b = e->partner ? export_book_of(c, e->partner) : NULL;
    if (number(e, "size", &w.size) && w.size == 0)
        return ST_OK;
    if (!number(e, "size", &w.size) || !root || !digest_parse(span_cstr(root), &w.root) || !b || w.size <= b->log->first ||
        w.size > b->log->end) {
        export_say(c, "event-receipt", where, "tells of a receipt that the export's ledger has no place for");
        return ST_OK;
    }
    return w.where ? export_want_add(b, &w) : ST_NOMEM;
}

static enum status check_meaning(struct export_check *c, const char *where, const struct audit_event *e)
{
    if (e->kind == AUDIT_RELEASE || e->kind == AUDIT_RECALL || e->kind == AUDIT_WITHDRAW)
        check_consequence(c, where, e);
    else if (e->kind == AUDIT_DELIVER)
        check_delivery(c, where, e);
    else if (e->kind == AUDIT_RECEIPT)
        return check_receipt(c, where, e);
    return ST_OK;
}

// ---- the events themselves

struct passing {
    struct arena *arena; // of the event at hand; renewed now and then
    utc_ms last_at;
    uint8_t last_salt[SALT_LEN];
};

// The events before and after the period stand beside it, where there are any: so none of it is missing.
static void check_bound(struct export_check *c, const char *where, uint64_t n, utc_ms at)
{
    const struct export_log *l = &c->m.logs[0];
    if (n == l->first && n > 0 && (!c->m.has_from || at >= c->m.from))
        export_say(c, "period", where, "is not before the period: events may be missing before it");
    if (n + 1 == l->end && l->end != c->m.size && (!c->m.has_until || at < c->m.until))
        export_say(c, "period", where, "is not after the period: events may be missing behind it");
}

static enum status check_event(struct export_check *c, struct passing *p, uint64_t n, struct span leaf)
{
    struct audit_event e;
    char where[VERIFY_WHERE_MAX];
    verify_where(EXPORT_AUDIT, n, where);
    if (p->arena && arena_used(p->arena) > EVENT_ARENA_RENEW)
        arena_free(&p->arena);
    if (!p->arena && !(p->arena = arena_new(EVENT_ARENA_MAX)))
        return ST_NOMEM;
    enum status st = audit_event_parse(leaf, p->arena, &e);
    if (st == ST_NOMEM)
        return st;
    if (st != ST_OK) {
        export_say(c, "event-damaged", where, "not the exact bytes of an audit event");
        return ST_OK;
    }
    if (e.n != n)
        export_say(c, "event-place", where, "says that it is event %llu", (unsigned long long)e.n);
    if (e.at < p->last_at)
        export_say(c, "event-time", where, "its time is before that of the event before");
    if (memcmp(e.salt, p->last_salt, sizeof e.salt) == 0)
        export_say(c, "event-salt", where, "its salt is that of the event before, or none");
    p->last_at = e.at;
    memcpy(p->last_salt, e.salt, sizeof e.salt);
    check_bound(c, where, n, e.at);
    return check_meaning(c, where, &e);
}

enum status export_check_events(struct export_check *c)
{
    const struct export_book *b = &c->books[0];
    struct passing p = {.last_at = UTC_MIN};
    enum status st = ST_OK;
    if (!b->leaves)
        return ST_OK; // told
    for (uint64_t n = b->log->first; n < b->log->end && st == ST_OK; n++)
        st = check_event(c, &p, n, b->leaves[n - b->log->first]);
    arena_free(&p.arena);
    c->sum->events = b->log->end - b->log->first;
    return st;
}

// ---- heads: commitments to the audit log

// `head N`, `random B`, then the checkpoint with the proof that joins it to the export.
static bool read_opening(struct span block, uint64_t *ret_n, uint8_t random[HEAD_RANDOM_LEN], struct tlog_text *ret)
{
    static const char head[] = "head ", word[] = "random ";
    size_t len;
    const uint8_t *a = block.len ? memchr(block.ptr, '\n', block.len) : NULL;
    size_t first = a ? (size_t)(a - block.ptr) : 0;
    const uint8_t *b = a ? memchr(a + 1, '\n', block.len - first - 1) : NULL;
    size_t second = b ? (size_t)(b - block.ptr) : 0;
    if (!b || !span_starts(span_sub(block, 0, first), head) || !span_starts(span_sub(block, first + 1, second), word))
        return false;
    return decimal_parse(span_sub(block, strlen(head), first), UINT64_MAX, ret_n) &&
           base64_get(span_sub(block, first + 1 + strlen(word), second), random, HEAD_RANDOM_LEN, &len) == ST_OK &&
           len == HEAD_RANDOM_LEN && tlog_update_read(span_sub(block, second + 1, block.len), ret) == ST_OK;
}

// `head N`, `lost`.
static bool read_lost(struct span block, uint64_t *ret_n)
{
    static const char head[] = "head ", lost[] = "\nlost\n";
    size_t h = sizeof head - 1, l = sizeof lost - 1;
    return block.len > h + l && span_starts(block, head) && span_eq_cstr(span_sub(block, block.len - l, block.len), lost) &&
           decimal_parse(span_sub(block, h, block.len - l), UINT64_MAX, ret_n);
}

static enum status check_opening(struct export_check *c, struct export_book *b, struct span block, uint64_t *ret_n)
{
    uint8_t random[HEAD_RANDOM_LEN];
    struct ledger_entry e;
    struct checkpoint cp;
    struct tlog_text *x = arena_alloc(c->arena, sizeof *x);
    if (!x)
        return ST_NOMEM;
    if (read_lost(block, ret_n)) {
        export_say(c, "head-unopened", b->log->name, "head %llu: what it commits to was lost with an earlier store of the node",
                   (unsigned long long)*ret_n);
        return ST_OK;
    }
    if (!read_opening(block, ret_n, random, x)) {
        export_say(c, "head", b->log->name, "heads: expected 'head N', 'random', and a checkpoint with its proof");
        return ST_OK;
    }
    const char *where = arena_printf(c->arena, "%s %llu", b->log->name, (unsigned long long)*ret_n);
    if (!where)
        return ST_NOMEM;
    struct digest is = head_digest(random, x->checkpoint);
    if (!export_entry(b, *ret_n, &e) || e.kind != ENTRY_HEAD || !digest_eq(&is, &e.digest)) {
        export_say(c, "head-differs", where, "what is in heads is not what this entry commits to");
        return ST_OK;
    }
    if (checkpoint_open(x->checkpoint, c->key->name, c->key->pub, &cp) != ST_OK) {
        export_say(c, "head-checkpoint", where, "commits to a checkpoint that the node did not sign");
        return ST_OK;
    }
    c->sum->heads++;
    return export_want_note(c, &c->books[0], where, x, &cp);
}

// Every head among the entries is opened, once, in order.
enum status export_check_heads(struct export_check *c, struct export_book *b)
{
    struct span bundle, block;
    uint64_t next = b->log->first, n = 0;
    enum status st = export_file_of(c, b->log->name, "heads", &bundle);
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    for (; b->leaves && next < b->log->end; next++) {
        struct ledger_entry e;
        char where[VERIFY_WHERE_MAX];
        if (!export_entry(b, next, &e) || e.kind != ENTRY_HEAD)
            continue;
        n = UINT64_MAX;
        if (export_next_leaf(&bundle, &block))
            TRY(check_opening(c, b, block, &n));
        if (n != next)
            export_say(c, "head-unopened", verify_where(b->log->name, next, where), "what this head commits to is not in heads");
    }
    if (b->leaves && bundle.len)
        export_say(c, "head", b->log->name, "heads: more than there are heads among the entries");
    return ST_OK;
}

// ---- ledgers

enum status export_check_ledger(struct export_check *c, struct export_book *b)
{
    utc_ms last_at = UTC_MIN;
    uint8_t last_salt[SALT_LEN] = {0};
    c->sum->ledgers++;
    for (uint64_t n = b->log->first; b->leaves && n < b->log->end; n++) {
        struct ledger_entry e;
        char where[VERIFY_WHERE_MAX];
        verify_where(b->log->name, n, where);
        c->sum->entries++;
        if (!export_entry(b, n, &e)) {
            export_say(c, "entry-damaged", where, "not the exact bytes of a ledger entry");
            continue;
        }
        if (e.n != n)
            export_say(c, "entry-place", where, "says that it is entry %llu", (unsigned long long)e.n);
        if (e.at <= last_at)
            export_say(c, "entry-time", where, "its time is not after that of the entry before");
        if (memcmp(e.salt, last_salt, sizeof last_salt) == 0)
            export_say(c, "entry-salt", where, "its salt is that of the entry before, or none");
        last_at = e.at;
        memcpy(last_salt, e.salt, sizeof last_salt);
        if (e.kind != ENTRY_HEAD && n >= b->told_first && n < b->told_end && !verify_bit(b->told, n - b->log->first))
            export_say(c, "entry-unlogged", where, "no event of the audit log tells of this %s", entry_kind_text(e.kind));
    }
    return ST_OK;
}
