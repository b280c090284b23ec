// The audit log: each event, and what it says about ledgers and deliveries.
#include <stdio.h>

#include "store/verify_internal.h"

static bool number(const char *s, uint64_t *ret)
{
    return s && decimal_parse(span_cstr(s), UINT64_MAX, ret);
}

static void check_form(struct verify *v, const char *where, uint64_t n, const struct audit_event *e)
{
    if (e->n != n)
        verify_say(v, "event-place", where, "says that it is event %llu", (unsigned long long)e->n);
    if (e->at < v->last_at)
        verify_say(v, "event-time", where, "its time is before that of the event before");
    if (memcmp(e->salt, v->last_salt, sizeof e->salt) == 0)
        verify_say(v, "event-salt", where, "its salt is that of the event before, or none");
    v->before_at = v->last_at;
    v->last_at = e->at;
    memcpy(v->last_salt, e->salt, sizeof e->salt);
}

// ---- release, recall, withdraw: one event per ledger entry

static bool same_kind(enum audit_kind event, enum entry_kind entry)
{
    return (event == AUDIT_RELEASE && entry == ENTRY_RELEASE) ||
           (event == AUDIT_RECALL && entry == ENTRY_RECALL) ||
           (event == AUDIT_WITHDRAW && entry == ENTRY_WITHDRAW);
}

static bool describes(const struct audit_event *e, const struct ledger_entry *entry)
{
    char text[DIGEST_TEXT_LEN + 1];
    const char *digest = audit_event_get(e, "digest");
    if (!same_kind(e->kind, entry->kind) || !e->has_report || !uuid_eq(e->report, entry->report) ||
        e->version != entry->version)
        return false;
    return entry->kind != ENTRY_RELEASE || (digest && strcmp(digest, digest_text(&entry->digest, text)) == 0);
}

static enum status check_consequence(struct verify *v, const char *where, const struct audit_event *e)
{
    uint64_t n;
    struct ledger_entry entry;
    if (!e->partner && e->kind != AUDIT_RELEASE) // the recall or withdrawal itself, before its consequences
        return e->kind == AUDIT_RECALL ? verify_recall(v, where, e) : ST_OK;
    struct verify_book *b = e->partner ? verify_book_of(v, e->partner) : NULL;
    if (!number(audit_event_get(e, "position"), &n) || !b || n >= b->size) {
        verify_say(v, "event-without-entry", where, "tells of a ledger entry that does not exist");
        return ST_OK;
    }
    enum status st = ledger_get(v->t, b->partner, n, &entry);
    if (st != ST_OK && st != ST_CORRUPT && st != ST_NOT_FOUND)
        return st;
    if (st != ST_OK || !describes(e, &entry))
        verify_say(v, "event-differs", where, "entry %llu of the ledger to %s is not what the event says",
                   (unsigned long long)n, b->partner);
    if (verify_bit(b->logged, n))
        verify_say(v, "event-twice", where, "a second event for entry %llu of the ledger to %s",
                   (unsigned long long)n, b->partner);
    verify_set_bit(b->logged, n);
    return ST_OK;
}

// ---- deliveries

static enum status check_delivered(struct verify *v, const char *where, struct verify_book *b, uint64_t n)
{
    struct ledger_entry entry;
    if (verify_bit(b->delivered, n))
        return ST_OK; // it was decided before the first time already
    verify_set_bit(b->delivered, n);
    enum status st = ledger_get(v->t, b->partner, n, &entry);
    if (st != ST_OK)
        return st == ST_CORRUPT || st == ST_NOT_FOUND ? ST_OK : st; // told with the ledger
    if (entry.kind == ENTRY_RELEASE && !verify_decided_has(&v->decided, entry.report, entry.version))
        verify_say(v, "delivery-undecided", where,
                   "entry %llu of the ledger to %s was sent before any decision on it", (unsigned long long)n,
                   b->partner);
    return ST_OK;
}

static enum status check_delivery(struct verify *v, const char *where, const struct audit_event *e)
{
    uint64_t first, last, bytes;
    struct verify_book *b = e->partner ? verify_book_of(v, e->partner) : NULL;
    v->sum->deliveries++;
    if (!number(audit_event_get(e, "first"), &first) || !number(audit_event_get(e, "last"), &last) ||
        !number(audit_event_get(e, "bytes"), &bytes)) {
        verify_say(v, "delivery-form", where, "does not say first and last position and bytes");
        return ST_OK;
    }
    if (!b || first > last || last >= b->size) {
        verify_say(v, "delivery-place", where, "names places %llu to %llu, which the ledger does not have",
                   (unsigned long long)first, (unsigned long long)last);
        return ST_OK;
    }
    for (uint64_t n = first; n <= last; n++)
        TRY(check_delivered(v, where, b, n));
    return ST_OK;
}

// The receipt that an event tells of is kept, with the time of the first event of its size. (The event has a later time
// when the clock was behind the log; a store of an earlier version kept the partner's time alone.)
static enum status check_kept(struct verify *v, const char *where, const struct audit_event *e, struct verify_book *b,
                              uint64_t size)
{
    struct receipt r;
    enum status st = size ? receipt_for(v->t, b->partner, size - 1, &r) : ST_NOT_FOUND;
    if (st == ST_CORRUPT)
        return ST_OK; // told with the receipts
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    bool held_back = st == ST_OK && r.taken_at < e->at && e->at == v->before_at;
    if (st != ST_OK || r.size != size)
        verify_say(v, "receipt-missing", where, "tells of a receipt that is not kept any more");
    else if (size > b->receipt_size && r.taken_at != e->at && r.taken_at != r.at && !held_back)
        verify_say(v, "receipt-time", where, "the receipt is kept as taken at another time");
    if (size > b->receipt_size)
        b->receipt_size = size;
    return ST_OK;
}

// A receipt, once logged, fixes the ledger's root at that size.
static enum status check_receipt(struct verify *v, const char *where, const struct audit_event *e)
{
    uint64_t size;
    char log[LOG_NAME_MAX], text[DIGEST_TEXT_LEN + 1];
    struct digest root;
    const char *said = audit_event_get(e, "root");
    struct verify_book *b = e->partner ? verify_book_of(v, e->partner) : NULL;
    enum status st = ST_INVALID;
    if (b && said && number(audit_event_get(e, "size"), &size) && size <= b->size) {
        ledger_log_name(b->partner, log);
        st = tree_root(v->t, log, size, &root);
    }
    if (st == ST_IO || st == ST_NOMEM)
        return st;
    if (st != ST_OK || strcmp(said, digest_text(&root, text)) != 0) {
        verify_say(v, "event-receipt", where, "tells of a receipt for a tree that the ledger never had");
        return ST_OK;
    }
    return check_kept(v, where, e, b, size);
}

// The policy that a decision or delivery went by is kept for ever, so that it can be made again.
static enum status check_policy(struct verify *v, const char *where, const struct audit_event *e)
{
    struct digest d;
    struct key k = {.len = 0};
    struct span ignored;
    const char *said = audit_event_get(e, "policy");
    if (!said || strcmp(said, v->policy) == 0)
        return ST_OK;
    enum status st = ST_NOT_FOUND;
    if (digest_parse(span_cstr(said), &d)) {
        key_digest(&k, &d);
        st = db_get(v->t, DB_POLICIES, key_span(&k), &ignored);
    }
    if (st == ST_NOT_FOUND)
        verify_say(v, "policy-missing", where, "went by a policy that is not kept");
    else if (st == ST_OK)
        snprintf(v->policy, sizeof v->policy, "%s", said);
    return st == ST_NOT_FOUND ? ST_OK : st;
}

// Entries that a partner gave back after our store was lost: they had been delivered, and what the heads among them commit to
// is not known any more.
static enum status check_restore(struct verify *v, const char *where, const struct audit_event *e)
{
    uint64_t first, last;
    struct verify_book *b = e->partner ? verify_book_of(v, e->partner) : NULL;
    const char *change = audit_event_get(e, "change"), *size = audit_event_get(e, "size");
    if (e->partner && change && strcmp(change, "ledger-restarted") == 0 && size && strcmp(size, "0") != 0)
        verify_book_next(v, e->partner);
    if (!audit_event_get(e, "first"))
        return ST_OK; // no entry came with it
    if (!number(audit_event_get(e, "first"), &first) || !number(audit_event_get(e, "last"), &last) || !b || first > last ||
        last >= b->size) {
        verify_say(v, "restore-place", where, "tells of entries given back that the ledger does not have");
        return ST_OK;
    }
    for (uint64_t n = first; n <= last; n++) {
        struct ledger_entry entry;
        enum status st = ledger_get(v->t, b->partner, n, &entry);
        verify_set_bit(b->delivered, n);
        if (st == ST_OK && entry.kind == ENTRY_HEAD)
            verify_set_bit(b->logged, n);
        else if (st != ST_OK && st != ST_CORRUPT && st != ST_NOT_FOUND)
            return st;
    }
    return ST_OK;
}

static enum status check_meaning(struct verify *v, const char *where, const struct audit_event *e)
{
    switch (e->kind) {
    case AUDIT_RELEASE:
    case AUDIT_RECALL:
    case AUDIT_WITHDRAW:
        return check_consequence(v, where, e);
    case AUDIT_PUBLISH:
        return verify_publication(v, where, e);
    case AUDIT_DECIDE:
        return e->has_report ? verify_decided_add(&v->decided, e->report, e->version) : ST_OK;
    case AUDIT_DELIVER:
        return check_delivery(v, where, e);
    case AUDIT_RECEIPT:
        return check_receipt(v, where, e);
    case AUDIT_RESTORE:
        return check_restore(v, where, e);
    case AUDIT_START:
    case AUDIT_STOP:
    case AUDIT_APPROVE:
    case AUDIT_REFUSE:
    case AUDIT_CONSENT_REQUEST:
    case AUDIT_CONSENT:
    case AUDIT_LAPSE:
    case AUDIT_RECEIVE:
    case AUDIT_QUARANTINE:
    case AUDIT_POLICY:
    case AUDIT_CONFIG:
    case AUDIT_PARTNER:
    case AUDIT_DENIED:
    case AUDIT_READ:
    case AUDIT_EXPORT:
    case AUDIT_BACKUP:
    case AUDIT_LOG_FORK:
    case AUDIT_KIND_COUNT:
        break;
    }
    return ST_OK;
}

bool verify_may_wait(const struct verify *v, const struct audit_event *e)
{
    return e->n >= v->behind.from && e->n < v->behind.until && audit_index_may_wait(e);
}

static enum status note_index(struct verify *v, struct verify_index *x, const struct audit_event *e, const struct key *k)
{
    if (verify_may_wait(v, e))
        return verify_index_note_found(v, x, k);
    verify_index_note(x, k);
    return ST_OK;
}

static enum status note_indexes(struct verify *v, const struct audit_event *e)
{
    struct key k = {.len = 0};
    if (audit_report_key(e, &k))
        TRY(note_index(v, &v->by_report, e, &k));
    k.len = 0;
    return audit_partner_key(e, &k) ? note_index(v, &v->by_partner, e, &k) : ST_OK;
}

// ---- the log

static enum status event_leaf(struct verify_log *l, uint64_t n, struct span value, struct digest *ret)
{
    struct verify *v = l->v;
    struct audit_event e;
    char where[VERIFY_WHERE_MAX];
    v->sum->events++;
    *ret = merkle_leaf(value);
    verify_where(l->name, n, where);
    TRY(verify_arena(v));
    enum status st = audit_event_parse(value, v->arena, &e);
    if (st == ST_NOMEM)
        return st;
    if (st != ST_OK) {
        verify_say(v, "event-damaged", where, "not the exact bytes of an audit event");
        return ST_OK;
    }
    check_form(v, where, n, &e);
    TRY(note_indexes(v, &e));
    TRY(check_policy(v, where, &e));
    return check_meaning(v, where, &e);
}

enum status verify_audit(struct verify *v)
{
    struct verify_log l = {.v = v, .name = AUDIT_LOG, .table = DB_AUDIT, .leaf = event_leaf};
    verify_index_init(&v->by_report, DB_AUDIT_BY_REPORT);
    verify_index_init(&v->by_partner, DB_AUDIT_BY_PARTNER);
    enum status st = audit_behind(v->t, &v->behind);
    if (st != ST_OK && st != ST_CORRUPT) // a damaged size is told with the log
        return st;
    if (v->behind.damaged)
        verify_say(v, "behind-damaged", "audit-behind", "the disk has changed the record of which events are not in the indexes by report and "
                   "partner yet; reltod makes them anew");
    TRY(verify_log(&l));
    TRY(verify_index(v, &v->by_report));
    return verify_index(v, &v->by_partner);
}
