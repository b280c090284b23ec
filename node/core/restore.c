#include "node/core/restore.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/core/feed_flow.h"
#include "node/core/ledger_flow.h"
#include "node/core/release.h"
#include "node/core/release_entry.h"
#include "store/archive.h"
#include "store/audit_log.h"
#include "store/restoring.h"

__attribute__((format(printf, 4, 5))) static enum status refuse(struct diag *d, enum status st, const char *rule,
                                                                const char *fmt, ...)
{
    char message[DIAG_TEXT_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    diag_add(d, 0, 0, rule, NULL, "%s", message);
    return st;
}

// ---- one partner

struct looking {
    const char *partner;
    bool found;
};

static enum status look_for(void *ctx, const char *partner)
{
    struct looking *l = ctx;
    l->found |= strcmp(partner, l->partner) == 0;
    return ST_OK;
}

enum status restore_begin(struct tick *t, const char *partner, const char *actor, struct restore_pass *ret)
{
    struct looking l = {.partner = partner};
    TRY(restoring_each(t->txn, look_for, &l));
    if (!l.found || !core_peer(t->core, partner))
        return ST_NOT_FOUND;
    *ret = (struct restore_pass){.partner = partner, .actor = actor};
    return ledger_size(t->txn, partner, &ret->before);
}

enum status restore_next(struct tick *t, const struct restore_pass *p, uint64_t *ret_from)
{
    return ledger_size(t->txn, p->partner, ret_from);
}

void restore_holds_nothing(struct restore_pass *p)
{
    p->held = 0;
    p->receipt_len = 0;
}

// An own report that was published after the backup: its content is with partners only.
static enum status note_lost(struct tick *t, struct restore_pass *p, const struct ledger_entry *e)
{
    struct report_record rec;
    struct purged_copy purged = {.at = t->now, .version = e->version};
    enum status st = reports_current(t->txn, e->report, &rec);
    if (st != ST_NOT_FOUND)
        return st == ST_GONE || st == ST_CORRUPT ? ST_OK : st;
    st = reports_purged(t->txn, e->report, NULL, &purged);
    if (st != ST_NOT_FOUND && (st != ST_OK || purged.version >= e->version))
        return st;
    p->lost += st == ST_NOT_FOUND;
    purged.version = e->version;
    snprintf(purged.nation, sizeof purged.nation, "%.15s", t->core->nation); // records keep it cut to their field
    struct audit_event ev = {.kind = AUDIT_LAPSE, .actor = p->actor, .has_report = true, .report = e->report, .version = e->version};
    audit_event_attr(&ev, "reason", "purged");
    audit_event_attr(&ev, "lost-with", "store");
    TRY(tick_log(t, &ev));
    return reports_note_purged(t->txn, e->report, &purged);
}

static enum status take_entry(struct tick *t, struct restore_pass *p, const char *nation, struct span leaf, struct diag *d)
{
    struct ledger_entry e;
    enum status st = entry_take_back(t, p->partner, p->actor, leaf, &e);
    if (st == ST_INVALID)
        return refuse(d, ST_BAD_PROOF, "entry", "what it gives back is not the next entry of our ledger");
    if (st != ST_OK || e.kind != ENTRY_RELEASE || strcmp(nation, t->core->nation) != 0)
        return st;
    return note_lost(t, p, &e);
}

// `entry NATION BASE64` or `leaf BASE64`.
static enum status take_line(struct tick *t, struct restore_pass *p, struct span line, struct diag *d)
{
    static const char entry[] = "entry ", leaf[] = "leaf ";
    uint8_t bytes[2048];
    char nation[65];
    size_t len;
    uint64_t n;
    TRY(ledger_size(t->txn, p->partner, &n));
    if (span_starts(line, leaf))
        return refuse(d, ST_UNSUPPORTED, "leaf", "it knows entry %llu by its hash alone, because nothing of it ever left: our ledger "
                      "to it cannot be completed and has to begin anew", (unsigned long long)n);
    struct span rest = span_starts(line, entry) ? span_sub(line, sizeof entry - 1, line.len) : span_of(NULL, 0);
    const uint8_t *space = rest.len ? memchr(rest.ptr, ' ', rest.len) : NULL;
    size_t name = space ? (size_t)(space - rest.ptr) : 0;
    if (!space || name == 0 || name >= sizeof nation ||
        base64_get(span_sub(rest, name + 1, rest.len), bytes, sizeof bytes, &len) != ST_OK)
        return refuse(d, ST_MALFORMED, "form", "entry %llu is not given in the form that was expected", (unsigned long long)n);
    memcpy(nation, rest.ptr, name);
    nation[name] = 0;
    return take_entry(t, p, nation, span_of(bytes, len), d);
}

// Our checkpoint and the partner's cosignature; they are checked with the receipt.
static enum status take_note(struct tick *t, struct restore_pass *p, struct span note, struct diag *d)
{
    char origin[NOTE_NAME_MAX];
    TRY(archive_origin(t->txn, t->core->node_name, p->partner, origin));
    enum status st = note.len > sizeof p->receipt ? ST_LIMIT : checkpoint_open(note, origin, t->core->ledger_key.pub, &p->checkpoint);
    if (st != ST_OK)
        return refuse(d, st, "checkpoint", "what it holds is not signed by our ledger key as %s: %s", origin, status_text(st));
    memcpy(p->receipt, note.ptr, note.len);
    p->receipt_len = note.len;
    p->held = p->checkpoint.size;
    return ST_OK;
}

// The end of the note: behind the line feed before the second blank line.
static size_t note_end(struct span answer)
{
    const uint8_t *text = answer.len ? memmem(answer.ptr, answer.len, "\n\n", 2) : NULL;
    size_t at = text ? (size_t)(text - answer.ptr) + 2 : answer.len;
    const uint8_t *end = at < answer.len ? memmem(answer.ptr + at, answer.len - at, "\n\n", 2) : NULL;
    return end ? (size_t)(end - answer.ptr) + 1 : 0;
}

enum status restore_take(struct tick *t, struct restore_pass *p, struct span answer, struct diag *d, bool *ret_more)
{
    uint64_t size;
    size_t at = note_end(answer), lines = 0;
    if (at == 0)
        return refuse(d, ST_MALFORMED, "form", "the answer is not a checkpoint and entries");
    TRY(take_note(t, p, span_sub(answer, 0, at), d));
    for (at++; at < answer.len; lines++) {
        const uint8_t *lf = memchr(answer.ptr + at, '\n', answer.len - at);
        size_t end = lf ? (size_t)(lf - answer.ptr) : answer.len;
        TRY(take_line(t, p, span_sub(answer, at, end), d));
        at = end + 1;
    }
    TRY(ledger_size(t->txn, p->partner, &size));
    *ret_more = size < p->held;
    if (*ret_more && lines == 0)
        return refuse(d, ST_MALFORMED, "form", "it holds %llu entries, but gives none behind %llu", (unsigned long long)p->held,
                      (unsigned long long)size);
    return ST_OK;
}

// As if the partner had sent it: verified, stored and logged.
static enum status take_receipt(struct tick *t, struct restore_pass *p, struct diag *d)
{
    struct reply rp;
    struct request *rq = calloc(1, sizeof *rq);
    if (!rq)
        return ST_NOMEM;
    rq->who.role = ROLE_PARTNER;
    snprintf(rq->who.id, sizeof rq->who.id, "%s", p->partner);
    rq->body = span_of(p->receipt, p->receipt_len);
    reply_init(&rp);
    enum status st = feed_cosignature(t, rq, &rp);
    if (st == ST_OK && rp.status != 204 && rp.status != 409) // 409: a newer one is held
        st = refuse(d, ST_BAD_SIGNATURE, "receipt", "its receipt for what it holds does not verify (%d)", rp.status);
    reply_fini(&rp);
    free(rq);
    return st;
}

static enum status check_tree(struct tick *t, const struct restore_pass *p, uint64_t size, struct diag *d)
{
    struct digest root = merkle_empty();
    if (p->held > size)
        return refuse(d, ST_BAD_PROOF, "entries", "it holds %llu entries, only %llu are here", (unsigned long long)p->held, (unsigned long long)size);
    if (size > p->before && size > p->held)
        return refuse(d, ST_BAD_PROOF, "entries", "it gives entries of our ledger behind the %llu for which it shows our signature",
                      (unsigned long long)p->held);
    if (p->held == 0)
        return ST_OK;
    TRY(ledger_root(t->txn, p->partner, p->held, &root));
    if (digest_eq(&root, &p->checkpoint.root))
        return ST_OK;
    return refuse(d, ST_BAD_PROOF, "root", "what it holds, signed by us over %llu entries, is not a continuation of the ledger in this "
                  "backup: is it of this node, and did the node run on another store since?", (unsigned long long)p->held);
}

static void put_number(struct audit_event *ev, const char *name, uint64_t n, char text[24])
{
    snprintf(text, 24, "%llu", (unsigned long long)n);
    audit_event_attr(ev, name, text);
}

static enum status log_restore(struct tick *t, const struct restore_pass *p, uint64_t size)
{
    char text[4][24];
    struct audit_event ev = {.kind = AUDIT_RESTORE, .actor = p->actor, .partner = p->partner};
    audit_event_attr(&ev, "change", "ledger-completed");
    put_number(&ev, "size", size, text[0]);
    if (size > p->before) {
        put_number(&ev, "first", p->before, text[1]);
        put_number(&ev, "last", size - 1, text[2]);
    }
    put_number(&ev, "lost", p->lost, text[3]);
    return tick_log(t, &ev);
}

enum status restore_end(struct tick *t, struct restore_pass *p, struct diag *d)
{
    uint64_t size;
    TRY(ledger_size(t->txn, p->partner, &size));
    TRY(check_tree(t, p, size, d));
    TRY(log_restore(t, p, size));
    if (p->receipt_len && p->held > 0)
        TRY(take_receipt(t, p, d));
    TRY(ledger_settled(t->txn, p->partner));
    return restoring_done(t->txn, p->partner);
}

// ---- a ledger that begins anew

struct restating {
    struct tick *t;
    const char *partner;
};

static enum status restate(void *ctx, struct uuid id, const struct holding *h)
{
    const struct restating *r = ctx;
    struct holding copy = *h;
    return entry_restate(r->t, r->partner, id, &copy);
}

static enum status log_new_epoch(struct tick *t, const char *partner, const char *actor, const char *reason, const struct checkpoint *last)
{
    char size[24], root[DIGEST_TEXT_LEN + 1];
    struct audit_event ev = {.kind = AUDIT_RESTORE, .actor = actor, .partner = partner};
    audit_event_attr(&ev, "change", "ledger-restarted");
    audit_event_attr(&ev, "reason", reason);
    put_number(&ev, "size", last->size, size);
    audit_event_attr(&ev, "root", digest_text(&last->root, root));
    return tick_log(t, &ev);
}

enum status restore_new_epoch(struct tick *t, const char *partner, const char *actor, const char *reason, uint64_t *ret_entries)
{
    struct looking l = {.partner = partner};
    struct restating r = {t, partner};
    struct checkpoint last = {.size = 0};
    struct ledger_entry first = {.kind = ENTRY_HEAD};
    struct random_seeded own;
    uint64_t event, n;
    TRY(restoring_each(t->txn, look_for, &l));
    if (!l.found)
        return ST_NOT_FOUND;
    TRY(archive_origin(t->txn, t->core->node_name, partner, last.origin));
    TRY(ledger_size(t->txn, partner, &last.size));
    TRY(ledger_root(t->txn, partner, last.size, &last.root));
    TRY(audit_size(t->txn, &event));
    TRY(archive_sent(t->txn, partner, event));
    TRY(log_new_epoch(t, partner, actor, reason, &last));
    first.digest = archive_restart_digest(&last);
    // Never the epoch of before, from a repeatable generator either: that would make the old cursors good.
    const struct random_source of_epoch = random_for(&t->core->random, "restart", partner, event, &own);
    TRY(ledger_append(t->txn, partner, &first, t->now, &of_epoch, &n));
    TRY(archive_name_epoch(t->txn, partner));
    TRY(holding_each_report(t->txn, partner, restate, &r));
    TRY(ledger_settled(t->txn, partner));
    TRY(ledger_size(t->txn, partner, ret_entries));
    return restoring_done(t->txn, partner);
}

// ---- recalls

enum { RECALLS_AT_ONCE = 256 };

struct finishing {
    struct tick *t;
    const char *actor;
    struct uuid ids[RECALLS_AT_ONCE];
    size_t count;
    size_t recalls;
};

static enum status find_recalled(void *ctx, struct uuid id, const struct holding *h)
{
    struct finishing *f = ctx;
    struct recall_record r;
    if (h->kind != ENTRY_RECALL || f->count == RECALLS_AT_ONCE)
        return ST_OK;
    enum status st = recalls_get(f->t->txn, id, &r);
    if (st == ST_NOT_FOUND)
        f->ids[f->count++] = id;
    return st == ST_NOT_FOUND ? ST_OK : st;
}

static enum status recall_of_ledger(void *ctx, const char *partner)
{
    struct finishing *f = ctx;
    do {
        f->count = 0;
        TRY(holding_each_report(f->t->txn, partner, find_recalled, f));
        for (size_t i = 0; i < f->count; i++)
            TRY(release_recall(f->t, f->ids[i], f->actor, "recalled before the store was restored; a partner gave the recall back"));
        f->recalls += f->count;
    } while (f->count > 0);
    return ST_OK;
}

static enum status recalls_are_done(struct tick *t)
{
    bool held, due;
    TRY(restoring_held(t->txn, &held, &due));
    return held && due ? restoring_hold(t->txn, false) : ST_OK;
}

enum status restore_finish(struct tick *t, const char *actor, size_t *ret_recalls)
{
    bool pending;
    TRY(restoring_pending(t->txn, &pending));
    if (pending)
        return ST_BUSY;
    struct finishing *f = calloc(1, sizeof *f);
    if (!f)
        return ST_NOMEM;
    f->t = t;
    f->actor = actor;
    enum status st = ledger_each_partner(t->txn, recall_of_ledger, f);
    if (st == ST_OK)
        st = recalls_are_done(t);
    *ret_recalls = f->recalls;
    free(f);
    return st;
}
