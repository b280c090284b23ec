#include "node/core/release_entry.h"

#include <stdio.h>

#include "policy/decide.h"
#include "store/heads.h"
#include "store/holds.h"
#include "store/schedule.h"

static enum audit_kind event_of(enum entry_kind kind)
{
    switch (kind) {
    case ENTRY_RELEASE:
        return AUDIT_RELEASE;
    case ENTRY_RECALL:
        return AUDIT_RECALL;
    case ENTRY_WITHDRAW:
        return AUDIT_WITHDRAW;
    case ENTRY_HEAD:
        break; // speaks of no report
    }
    return AUDIT_CONFIG;
}

// The event of an entry.
static enum status log_entry(struct tick *t, const char *partner, const char *actor, const struct ledger_entry *e, uint64_t n,
                             const struct audit_attr *more, size_t more_count)
{
    char position[24], digest[DIGEST_TEXT_LEN + 1];
    struct audit_event ev = {.kind = event_of(e->kind), .actor = actor, .has_report = true, .report = e->report,
                             .version = e->version, .partner = partner};
    snprintf(position, sizeof position, "%llu", (unsigned long long)n);
    audit_event_attr(&ev, "position", position);
    if (e->kind == ENTRY_RELEASE)
        audit_event_attr(&ev, "digest", digest_text(&e->digest, digest));
    for (size_t i = 0; i < more_count; i++)
        if (more[i].value)
            audit_event_attr(&ev, more[i].name, more[i].value);
    return tick_log(t, &ev);
}

static enum status append(struct tick *t, const char *partner, const struct ledger_entry *e, const char *agreement,
                          const struct audit_attr *withheld, uint64_t *ret_n)
{
    TRY(ledger_append(t->txn, partner, e, t->now, &t->core->random, ret_n));
    tick_mark_grown(t, partner);
    const struct audit_attr more[] = {{"agreement", agreement},
                                      {withheld ? withheld->name : "withheld", withheld ? withheld->value : NULL}};
    return log_entry(t, partner, "node", e, *ret_n, more, 2);
}

// Longer lists of ids are given by digest, so that an event never becomes too long.
enum { WITHHELD_TEXT_MAX = 32 * 1024 };

static enum status append_release(struct tick *t, const char *partner, const struct report *r, const char *agreement,
                                  struct buf *ids, struct holding *h)
{
    char digest[DIGEST_TEXT_LEN + 1];
    struct ledger_entry e = {.kind = ENTRY_RELEASE, .report = r->id, .version = h->version, .digest = h->digest,
                             .onward = h->onward};
    withheld_ids(r, &h->withheld, ids);
    TRY(buf_status(ids));
    struct audit_attr withheld = {"withheld", buf_cstr(ids)};
    if (ids->len > WITHHELD_TEXT_MAX) {
        struct digest d = sha256(buf_bytes(ids));
        withheld = (struct audit_attr){"withheld-digest", digest_text(&d, digest)};
    }
    return append(t, partner, &e, agreement, strcmp(withheld.value, "-") != 0 ? &withheld : NULL, &h->n);
}

enum status entry_release(struct tick *t, const char *partner, const struct report *r, const char *agreement,
                          struct holding *h)
{
    struct buf ids;
    buf_init(&ids, MIB);
    enum status st = append_release(t, partner, r, agreement, &ids, h);
    buf_fini(&ids);
    if (st != ST_OK)
        return st;
    h->kind = ENTRY_RELEASE;
    h->lapsed = false;
    return holding_put(t->txn, partner, r->id, h);
}

enum status entry_end(struct tick *t, const char *partner, struct uuid id, struct holding *h, enum entry_kind kind)
{
    struct ledger_entry e = {.kind = kind, .report = id, .version = h->version};
    TRY(append(t, partner, &e, NULL, NULL, &h->n));
    t->core->endings++;
    h->kind = kind;
    h->lapsed = false;
    return holding_put(t->txn, partner, id, h);
}

enum status entry_lapse(struct tick *t, const char *partner, struct uuid id, struct holding *h, const char *outcome,
                        const char *reason)
{
    struct audit_event ev = {.kind = AUDIT_LAPSE, .actor = "node", .has_report = true, .report = id,
                             .version = h->version, .partner = partner};
    audit_event_attr(&ev, "outcome", outcome);
    audit_event_attr(&ev, "reason", reason);
    TRY(tick_log(t, &ev));
    t->core->endings++;
    h->lapsed = true;
    return holding_put(t->txn, partner, id, h);
}

enum status entry_take_back(struct tick *t, const char *partner, const char *actor, struct span leaf, struct ledger_entry *ret)
{
    static const struct audit_attr restored = {"restored", "yes"};
    struct holding h = {.version = 0};
    TRY(ledger_take_back(t->txn, partner, leaf, &t->core->random, ret));
    if (ret->kind == ENTRY_HEAD)
        return head_put_lost(t->txn, partner, ret->n);
    TRY(log_entry(t, partner, actor, ret, ret->n, &restored, 1));
    enum status st = holding_get(t->txn, partner, ret->report, &h);
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    h.n = ret->n;
    h.kind = ret->kind;
    h.version = ret->version;
    h.lapsed = ret->kind == ENTRY_RELEASE;
    h.ever_delivered = true; // the partner would not know the entry by its bytes else
    t->core->endings++;
    if (ret->kind == ENTRY_RELEASE) {
        h.digest = ret->digest;
        h.onward = ret->onward;
        TRY(delivered_mark(t->txn, partner, ret->n, ret->at));
    }
    return holding_put(t->txn, partner, ret->report, &h);
}

enum status entry_restate(struct tick *t, const char *partner, struct uuid id, struct holding *h)
{
    static const struct audit_attr restated = {"restated", "yes"};
    struct ledger_entry e = {.kind = h->kind, .report = id, .version = h->version, .digest = h->digest, .onward = h->onward};
    TRY(ledger_append(t->txn, partner, &e, t->now, &t->core->random, &h->n));
    TRY(log_entry(t, partner, "node", &e, h->n, &restated, 1));
    t->core->endings++;
    return holding_put(t->txn, partner, id, h);
}

struct ending {
    struct tick *t;
    struct uuid id;
    enum entry_kind kind;
};

static enum status end_for_partner(void *ctx, const char *partner)
{
    const struct ending *e = ctx;
    struct holding h;
    TRY(holding_get(e->t->txn, partner, e->id, &h));
    bool was_given = h.kind == ENTRY_RELEASE || (e->kind == ENTRY_RECALL && h.kind == ENTRY_WITHDRAW);
    return was_given ? entry_end(e->t, partner, e->id, &h, e->kind) : ST_OK;
}

enum status entry_end_everywhere(struct tick *t, struct uuid id, enum entry_kind kind)
{
    struct ending e = {t, id, kind};
    TRY(holding_each_partner(t->txn, id, end_for_partner, &e));
    TRY(holds_set(t->txn, id, 0, t->now, NULL, 0));
    return schedule_set(t->txn, id, UTC_MAX);
}

static enum status may_be_named(struct tick *t, const char *partner, struct uuid target, bool *ret)
{
    struct holding h;
    enum status st = holding_get(t->txn, partner, target, &h);
    *ret = st == ST_OK && (h.ever_delivered || (h.kind == ENTRY_RELEASE && !h.lapsed));
    return st == ST_NOT_FOUND ? ST_OK : st;
}

enum status entry_hide_references(struct tick *t, const char *partner, const struct report *r, const struct holding *h,
                                  struct withheld_set *set)
{
    utc_ms left_at;
    TRY(delivered_get(t->txn, partner, h->n, &left_at));
    for (size_t i = 0; !left_at && i < r->child_count; i++) {
        bool named;
        if (r->children[i].kind != REPORT_REFERENCE || withheld_has(set, i))
            continue;
        TRY(may_be_named(t, partner, r->children[i].target, &named));
        if (!named)
            withheld_add(set, i);
    }
    return ST_OK;
}
