// The stored reports: what was published is here as it was, or the log tells how it ended.
#include <stdio.h>

#include "store/consents.h"
#include "store/grants.h"
#include "store/verify_internal.h"

// ---- what the log says

static bool was_purged(struct verify *v, const struct audit_event *e)
{
    struct purged_copy p;
    return reports_purged(v->t, e->report, "", &p) == ST_OK && e->version <= p.version;
}

enum status verify_publication(struct verify *v, const char *where, const struct audit_event *e)
{
    struct report_record rec;
    struct recall_record recalled;
    char is[DIGEST_TEXT_LEN + 1];
    const char *digest = audit_event_get(e, "digest");
    if (!digest || !e->has_report) {
        verify_say(v, "publication-form", where, "does not say which report was published, by its digest");
        return ST_OK;
    }
    enum status st = reports_get(v->t, e->report, e->version, "", &rec);
    if (st == ST_OK && strcmp(digest, digest_text(&rec.digest, is)) != 0)
        verify_say(v, "publication-differs", where, "the report stored here is not the one that was published");
    if (st == ST_OK || st == ST_CORRUPT) // damage is told with the copies
        return ST_OK;
    if (st != ST_NOT_FOUND)
        return st;
    st = recalls_get(v->t, e->report, &recalled);
    if (st == ST_NOT_FOUND && !was_purged(v, e))
        verify_say(v, "publication-missing", where, "the report that was published is not here, and was neither recalled nor purged");
    return st == ST_NOT_FOUND || st == ST_CORRUPT ? ST_OK : st;
}

enum status verify_recall(struct verify *v, const char *where, const struct audit_event *e)
{
    struct recall_record r;
    enum status st = e->has_report ? recalls_get(v->t, e->report, &r) : ST_NOT_FOUND;
    if (st == ST_NOT_FOUND || st == ST_CORRUPT)
        verify_say(v, "recall-forgotten", where, "the record of this recall is %s: its id could be used again",
                   st == ST_CORRUPT ? "damaged" : "not kept");
    return st == ST_NOT_FOUND || st == ST_CORRUPT ? ST_OK : st;
}

// ---- stored copies

struct copies {
    struct verify *v;
    struct uuid last;
    uint64_t reports; // of which there are copies
    uint64_t current; // that have a current one, as is recorded
};

static enum status on_copy(void *ctx, struct uuid id, uint32_t version, const char *source,
                           const struct report_record *r)
{
    struct copies *x = ctx;
    struct verify *v = x->v;
    char urn[UUID_URN_LEN + 1], where[UUID_URN_LEN + PARTNER_ID_MAX + 40];
    snprintf(where, sizeof where, "report %s version %u%s%s", uuid_urn(id, urn), (unsigned)version,
             *source ? " from " : "", source);
    v->sum->reports++;
    x->reports += x->reports == 0 || !uuid_eq(x->last, id);
    x->last = id;
    if (!r) {
        verify_say(v, "copy-damaged", where, "the stored copy is damaged");
        return ST_OK;
    }
    struct digest d = sha256(r->bytes);
    if (!digest_eq(&d, &r->digest))
        verify_say(v, "copy-differs", where,
                   "the stored bytes do not have the digest that was stored with them");
    return ST_OK;
}

struct purge_event {
    const struct purged_copy *copy;
    bool found;
};

// A purge is logged once for all sources, with the highest version; with none when the content was damaged. The
// event is later than the purge when the clock was behind the log.
static enum status on_lapse(void *ctx, const struct audit_event *e)
{
    struct purge_event *x = ctx;
    const char *reason = audit_event_get(e, "reason");
    if (!e->partner && reason && strcmp(reason, "purged") == 0 && e->at >= x->copy->at &&
        (e->version == 0 || e->version >= x->copy->version))
        x->found = true;
    return ST_OK;
}

// The index by report was compared with the log before. What was left out of it follows from policy alone (audit_index.h).
static enum status check_purge_logged(struct verify *v, struct uuid id, const struct purged_copy *p)
{
    struct purge_event x = {.copy = p};
    struct audit_filter f = {.by_report = true, .report = id, .by_kind = true, .kind = AUDIT_LAPSE, .listed = true};
    char urn[UUID_URN_LEN + 1];
    enum status st = audit_each(v->t, &f, on_lapse, &x);
    if (st != ST_OK && st != ST_CORRUPT) // damage was told with the log
        return st;
    if (!x.found)
        verify_say(v, "purged-unlogged", uuid_urn(id, urn),
                   "version %u%s%s is recorded as purged by rule, but no event of the audit log tells of it",
                   (unsigned)p->version, p->source[0] ? " from " : "", p->source);
    return ST_OK;
}

// What is said to be purged must not be here, and the log must tell of it.
static enum status on_purged(void *ctx, struct uuid id, const struct purged_copy *p)
{
    struct verify *v = ctx;
    struct report_record rec;
    char urn[UUID_URN_LEN + 1];
    v->sum->purged++;
    enum status st = reports_get(v->t, id, p->version, p->source, &rec);
    if (st == ST_OK || st == ST_CORRUPT)
        verify_say(v, "purged-present", uuid_urn(id, urn), "version %u is here, although it was purged", (unsigned)p->version);
    if (st != ST_OK && st != ST_NOT_FOUND && st != ST_CORRUPT)
        return st;
    return check_purge_logged(v, id, p);
}

static enum status on_recall_event(void *ctx, const struct audit_event *e)
{
    bool *found = ctx;
    *found |= !e->partner; // the recall itself, not what followed from it
    return *found ? ST_GONE : ST_OK;
}

// Who says that a report was recalled makes it vanish: the log must tell of it.
static enum status on_recalled(void *ctx, struct uuid id, const struct recall_record *r)
{
    struct verify *v = ctx;
    bool found = false;
    struct audit_filter f = {.by_report = true, .report = id, .by_kind = true, .kind = AUDIT_RECALL, .listed = true};
    char urn[UUID_URN_LEN + 1];
    (void)r;
    enum status st = audit_each(v->t, &f, on_recall_event, &found);
    if (st != ST_OK && st != ST_GONE && st != ST_CORRUPT) // damage was told with the log
        return st;
    if (!found)
        verify_say(v, "recalled-unlogged", uuid_urn(id, urn), "is recorded as recalled, but no event of the audit log tells of it");
    return ST_OK;
}

// ---- what is current

static enum status on_head(void *ctx, struct uuid id, bool current, bool agrees)
{
    struct copies *x = ctx;
    char urn[UUID_URN_LEN + 1];
    x->current += current;
    if (!agrees)
        verify_say(x->v, "current-differs", uuid_urn(id, urn), "the record of which copy is current is not what the stored copies say");
    return ST_OK;
}

static enum status check_heads(struct copies *x)
{
    uint64_t listed;
    TRY(reports_check_heads(x->v->t, on_head, x));
    if (x->current < x->reports)
        verify_say(x->v, "current-missing", "reports", "%llu reports are stored that no record says to be current",
                   (unsigned long long)(x->reports - x->current));
    TRY(db_count(x->v->t, DB_TIMELINE, &listed));
    if (listed > x->current)
        verify_say(x->v, "orphans", "timeline", "%llu places of the listing are of no current report",
                   (unsigned long long)(listed - x->current));
    return ST_OK;
}

static enum status check_grants(struct verify *v)
{
    uint64_t damaged;
    TRY(approvals_damaged(v->t, &damaged));
    if (damaged)
        verify_say(v, "approval-damaged", "approvals", "%llu records of what officers said of reports were changed by the disk; they "
                   "count as refusals", (unsigned long long)damaged);
    TRY(consents_damaged(v->t, &damaged));
    if (damaged)
        verify_say(v, "consent-damaged", "consents", "%llu requests for consent were changed by the disk; they release nothing",
                   (unsigned long long)damaged);
    return ST_OK;
}

enum status verify_copies(struct verify *v)
{
    struct copies x = {.v = v};
    TRY(check_grants(v));
    TRY(reports_each_copy(v->t, on_copy, &x));
    TRY(check_heads(&x));
    TRY(reports_each_purged(v->t, on_purged, v));
    enum status st = recalls_each(v->t, on_recalled, v);
    if (st == ST_CORRUPT)
        verify_say(v, "recall-damaged", "recalled", "the record of a recall is damaged");
    return st == ST_CORRUPT ? ST_OK : st;
}
