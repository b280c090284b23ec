// Ledgers, ours and received: entries, receipts, checkpoints.
#include <stdio.h>
#include <stdlib.h>

#include "store/archive.h"
#include "store/heads.h"
#include "store/sources.h"
#include "store/verify_internal.h"

static const struct verify_peer *peer_of(const struct verify *v, const char *partner)
{
    for (size_t i = 0; i < v->o->peer_count; i++)
        if (strcmp(v->o->peers[i].partner, partner) == 0)
            return &v->o->peers[i];
    return NULL;
}

// ---- entries

// What every entry must be, in whichever ledger. False when nothing more can be said about it.
static bool check_entry(struct verify_log *l, uint64_t n, struct span bytes, struct ledger_entry *e)
{
    char where[VERIFY_WHERE_MAX];
    verify_where(l->name, n, where);
    if (ledger_entry_parse(bytes, e) != ST_OK) {
        verify_say(l->v, "entry-damaged", where, "not the exact bytes of a ledger entry");
        return false;
    }
    if (e->n != n)
        verify_say(l->v, "entry-place", where, "says that it is entry %llu", (unsigned long long)e->n);
    if (e->at <= l->v->last_at)
        verify_say(l->v, "entry-time", where, "its time is not after that of the entry before");
    if (memcmp(e->salt, l->v->last_salt, sizeof e->salt) == 0)
        verify_say(l->v, "entry-salt", where, "its salt is that of the entry before, or none");
    l->v->last_at = e->at;
    memcpy(l->v->last_salt, e->salt, sizeof e->salt);
    return true;
}

// The holding must stand at this entry or a later one.
static enum status check_holding(struct verify_log *l, const struct ledger_entry *e)
{
    const char *partner = l->ctx;
    char where[VERIFY_WHERE_MAX];
    struct holding h;
    enum status st = holding_get(l->v->t, partner, e->report, &h);
    verify_where(l->name, e->n, where);
    if (st == ST_NOT_FOUND) {
        verify_say(l->v, "holding-missing", where, "no record of what the partner holds of this report");
        return ST_OK;
    }
    if (st == ST_CORRUPT)
        return ST_OK; // told with the holdings
    if (st != ST_OK)
        return st;
    if (h.n < e->n)
        verify_say(l->v, "holding-behind", where, "the record of what the partner holds stops at entry %llu",
                   (unsigned long long)h.n);
    return ST_OK;
}

// The ledger of before: that of "FRA 2" is "FRA 1", that of "FRA" the last of these. "" when there is none.
static enum status before_of(struct verify *v, const char *id, char out[PARTNER_ID_MAX + 1])
{
    char partner[PARTNER_ID_MAX + 1];
    unsigned k = 0;
    const char *space = strchr(id, ' ');
    archive_partner(id, partner);
    if (space)
        k = (unsigned)strtoul(space + 1, NULL, 10) - 1;
    else
        TRY(archive_count(v->t, partner, &k));
    out[0] = 0;
    return k == 0 || archive_id(partner, k, out) ? ST_OK : ST_CORRUPT;
}

// The first entry of a ledger that began anew names the last checkpoint of the one before.
static enum status check_restart(struct verify_log *l, const struct ledger_entry *e, bool *ret_restarted)
{
    struct checkpoint last = {.root = merkle_empty()};
    char origin[NOTE_NAME_MAX], before[PARTNER_ID_MAX + 1], log[LOG_NAME_MAX], where[VERIFY_WHERE_MAX], partner[PARTNER_ID_MAX + 1];
    archive_partner(l->ctx, partner);
    TRY(archive_origin(l->v->t, l->v->o->node_name, l->ctx, origin));
    TRY(before_of(l->v, l->ctx, before));
    snprintf(last.origin, sizeof last.origin, "%s/release/%s", l->v->o->node_name, partner);
    *ret_restarted = strcmp(origin, last.origin) != 0;
    if (!*ret_restarted)
        return ST_OK;
    if (before[0]) {
        ledger_log_name(before, log);
        TRY(archive_origin(l->v->t, l->v->o->node_name, before, last.origin));
        TRY(tree_size(l->v->t, log, &last.size));
        TRY(tree_root(l->v->t, log, last.size, &last.root));
    }
    struct digest d = archive_restart_digest(&last);
    if (!digest_eq(&d, &e->digest))
        verify_say(l->v, "restart-differs", verify_where(l->name, 0, where),
                   "the ledger began anew, and its first entry does not name the end of the one before");
    return ST_OK;
}

static enum status sent_leaf(struct verify_log *l, uint64_t n, struct span value, struct digest *ret)
{
    struct ledger_entry e;
    char where[VERIFY_WHERE_MAX];
    l->v->sum->entries++;
    *ret = merkle_leaf(value);
    if (!check_entry(l, n, value, &e) || e.n != n)
        return ST_OK;
    if (e.kind == ENTRY_HEAD && n == 0) {
        bool restarted;
        TRY(check_restart(l, &e, &restarted));
        if (restarted)
            return ST_OK;
    }
    if (e.kind == ENTRY_HEAD)
        return verify_head(l->v, l->ctx, verify_where(l->name, n, where), &e);
    return strchr(l->ctx, ' ') ? ST_OK : check_holding(l, &e); // what is held stands in the present ledger
}

enum status verify_ledger(struct verify *v, const char *partner)
{
    char log[LOG_NAME_MAX];
    char id[PARTNER_ID_MAX + 1];
    struct verify_book *book;
    snprintf(id, sizeof id, "%s", partner);
    ledger_log_name(id, log);
    struct verify_log l = {.v = v, .name = log, .table = DB_LEDGER, .leaf = sent_leaf, .ctx = id};
    uint64_t before = v->sum->entries;
    key_id(&l.prefix, id);
    TRY(verify_log(&l));
    v->sum->ledgers++;
    // A damaged size must not ask for all memory: where the tree broke off, no more places than were met.
    uint64_t met = v->sum->entries - before;
    return verify_book_add(v, id, l.broken && met < l.end ? met : l.end, &book);
}

// ---- received ledgers: leaf hash, then (where known) the entry

static enum status received_leaf(struct verify_log *l, uint64_t n, struct span value, struct digest *ret)
{
    char where[VERIFY_WHERE_MAX];
    struct ledger_entry e;
    l->v->sum->received_entries++;
    if (value.len < SHA256_LEN) {
        verify_say(l->v, "entry-damaged", verify_where(l->name, n, where), "no leaf hash is stored");
        *ret = merkle_empty();
        return ST_OK;
    }
    memcpy(ret->b, value.ptr, SHA256_LEN);
    struct span entry = span_sub(value, SHA256_LEN, value.len);
    if (entry.len == 0)
        return ST_OK;
    struct digest is = merkle_leaf(entry);
    if (!digest_eq(&is, ret))
        verify_say(l->v, "entry-hash", verify_where(l->name, n, where),
                   "the entry does not have the leaf hash beside it");
    check_entry(l, n, entry, &e);
    return ST_OK;
}

// The last checkpoint that we accepted must be of the ledger as we hold it.
static enum status check_checkpoint(struct verify *v, const char *partner, const char *log, uint64_t size)
{
    struct source_state s;
    struct checkpoint c;
    struct digest root;
    char origin[NOTE_NAME_MAX];
    const struct verify_peer *peer = peer_of(v, partner);
    enum status st = source_get(v->t, partner, &s);
    if (st == ST_CORRUPT) {
        verify_say(v, "source-damaged", log, "the record of this partner's feed is damaged");
        return ST_OK;
    }
    if (st != ST_OK || s.checkpoint.len == 0 || !peer)
        return st;
    TRY(source_origin(&s, peer->name, v->o->nation, origin));
    st = checkpoint_open(s.checkpoint, origin, peer->ledger_key, &c);
    if (st != ST_OK) {
        verify_say(v, "checkpoint", log, "the partner's last checkpoint: %s", status_text(st));
        return ST_OK;
    }
    v->sum->checkpoints++;
    st = c.size <= size ? tree_root(v->t, log, c.size, &root) : ST_INVALID;
    if (st != ST_OK || !digest_eq(&root, &c.root))
        verify_say(v, "checkpoint", log,
                   "the partner's last checkpoint, of size %llu, is not of the ledger stored here",
                   (unsigned long long)c.size);
    return ST_OK;
}

enum status verify_received(struct verify *v, const char *partner)
{
    char log[LOG_NAME_MAX];
    char id[PARTNER_ID_MAX + 1];
    snprintf(id, sizeof id, "%s", partner);
    source_log_name(id, log);
    struct verify_log l = {.v = v, .name = log, .table = DB_RECEIVED, .leaf = received_leaf};
    key_id(&l.prefix, id);
    TRY(verify_log(&l));
    v->sum->received_ledgers++;
    return check_checkpoint(v, id, log, l.size);
}

// ---- what the audit log should have said

// A recall is told to whoever was given something: that must not be forgotten.
static enum status check_given(struct verify *v, const char *partner, const char *where, uint64_t n)
{
    struct ledger_entry e;
    struct holding h;
    if (strchr(partner, ' '))
        return ST_OK; // what was given stands in the present ledger
    enum status st = ledger_get(v->t, partner, n, &e);
    if (st == ST_OK)
        st = holding_get(v->t, partner, e.report, &h);
    if (st == ST_OK && !h.ever_delivered)
        verify_say(v, "delivery-forgotten", where, "marked as sent, but what the partner holds is recorded as never sent");
    return st == ST_NOT_FOUND || st == ST_CORRUPT ? ST_OK : st; // told with the ledger and the holdings
}

static enum status on_delivered(void *ctx, struct span key, struct span value)
{
    void **pair = ctx;
    struct verify *v = pair[0];
    const struct verify_book *b = pair[1];
    char log[LOG_NAME_MAX], where[VERIFY_WHERE_MAX];
    struct key_reader r = key_reader_of(key);
    uint64_t n = key_get_u64(&r);
    (void)value;
    ledger_log_name(b->partner, log);
    verify_where(log, n, where);
    if (value_whole(&r) && n < b->size && verify_bit(b->delivered, n))
        return check_given(v, b->partner, where, n);
    verify_say(v, "delivery-unlogged", where, "marked as sent, but no delivery is in the audit log");
    return ST_OK;
}

// A head speaks of the audit log itself, and has no event. But that its opening was lost must be told by one.
static enum status check_lost_head(struct verify *v, const char *partner, const char *where, uint64_t n)
{
    struct head_opening h;
    enum status st = head_get(v->t, partner, n, &h);
    if (st == ST_OK && h.checkpoint.len == 0)
        verify_say(v, "head-unopened", where, "what this head commits to is not kept, and no restore tells why");
    return st == ST_NOT_FOUND || st == ST_CORRUPT ? ST_OK : st;
}

enum status verify_after_audit(struct verify *v, const struct verify_book *b)
{
    char log[LOG_NAME_MAX], where[VERIFY_WHERE_MAX];
    struct key prefix = {.len = 0};
    union {
        const struct verify_book *in;
        void *out;
    } book = {.in = b};
    void *pair[] = {v, book.out};
    ledger_log_name(b->partner, log);
    for (uint64_t n = 0; n < b->size; n++) {
        struct ledger_entry e;
        if (verify_bit(b->logged, n))
            continue;
        enum status st = ledger_get(v->t, b->partner, n, &e);
        if (st != ST_OK && st != ST_CORRUPT && st != ST_NOT_FOUND)
            return st;
        if (st == ST_OK && e.kind == ENTRY_HEAD)
            TRY(check_lost_head(v, b->partner, verify_where(log, n, where), n));
        else if (st == ST_OK) // damage was told already
            verify_say(v, "entry-unlogged", verify_where(log, n, where),
                       "no event of the audit log tells of this %s", entry_kind_text(e.kind));
    }
    key_id(&prefix, b->partner);
    return value_each(v->t, DB_DELIVERED, &prefix, span_of(NULL, 0), on_delivered, pair);
}

// ---- receipts

static void check_note(struct verify *v, const char *where, const char *id, const struct receipt *r)
{
    struct checkpoint c;
    char origin[NOTE_NAME_MAX], partner[PARTNER_ID_MAX + 1];
    archive_partner(id, partner);
    enum status st = archive_origin(v->t, v->o->node_name, id, origin);
    if (st == ST_OK)
        st = checkpoint_open(r->note, origin, v->o->ledger_key, &c);
    if (st != ST_OK)
        verify_say(v, "receipt-note", where, "our own checkpoint in the receipt: %s", status_text(st));
    else if (c.size != r->size || !digest_eq(&c.root, &r->root))
        verify_say(v, "receipt-note", where,
                   "the receipt's checkpoint is not of the size and root beside it");
    const struct verify_peer *peer = peer_of(v, partner);
    if (!peer) {
        v->sum->receipts_without_key++;
        return;
    }
    v->sum->receipts++;
    struct span line;
    utc_ms at;
    if (cosignature_find(r->note, peer->name, peer->cosign_key, &line, &at) != ST_OK)
        verify_say(v, "receipt-cosignature", where,
                   "the partner's cosignature is missing or does not verify");
    else if (at != r->at)
        verify_say(v, "receipt-time", where, "the time beside the receipt is not that of the cosignature");
}

struct receipts {
    struct verify *v;
    const struct verify_book *book;
};

static enum status on_receipt(void *ctx, const struct receipt *r)
{
    const struct receipts *x = ctx;
    char log[LOG_NAME_MAX], name[LOG_NAME_MAX + 16], where[VERIFY_WHERE_MAX + 16];
    struct digest root;
    ledger_log_name(x->book->partner, log);
    snprintf(name, sizeof name, "%s receipt", log);
    snprintf(where, sizeof where, "%s %llu", name, (unsigned long long)r->size);
    enum status st = r->size <= x->book->size ? tree_root(x->v->t, log, r->size, &root) : ST_INVALID;
    if (st == ST_IO || st == ST_NOMEM)
        return st;
    if (st != ST_OK || !digest_eq(&root, &r->root))
        verify_say(x->v, "receipt-root", where, "the partner's receipt is not of the ledger stored here");
    check_note(x->v, where, x->book->partner, r);
    return ST_OK;
}

enum status verify_receipts(struct verify *v, const struct verify_book *b)
{
    struct receipts x = {v, b};
    char log[LOG_NAME_MAX];
    ledger_log_name(b->partner, log);
    enum status st = receipt_each(v->t, b->partner, on_receipt, &x);
    if (st == ST_CORRUPT) {
        verify_say(v, "receipt-damaged", log, "a stored receipt is damaged");
        return ST_OK;
    }
    return st;
}
