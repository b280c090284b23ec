#include "node/core/attachment_fetch.h"

#include <stdio.h>

// ---- what next

enum { TOO_LARGE_MAX = 64 }; // put off in one look: bounds its time

// Beyond our limit, which may be raised: to be looked at again then.
static enum status put_off_large(struct tick *t, const char *partner, struct attachment_want *w)
{
    w->again_at = utc_add(t->now, FETCH_RETRY_MAX_MS);
    snprintf(w->why, sizeof w->why, "it is larger than [release] attachment-max-mib");
    return attachment_want_put(t->txn, partner, w);
}

enum status fetch_next(struct tick *t, const char *partner, struct fetch *ret)
{
    char who[ATTACHMENT_WHO_MAX];
    *ret = (struct fetch){.next = UTC_MAX};
    for (int i = 0; i < TOO_LARGE_MAX; i++) {
        struct attachment_want w;
        enum status st = attachment_want_first(t->txn, partner, &w);
        if (st != ST_OK)
            return st == ST_NOT_FOUND ? ST_OK : st;
        ret->next = w.again_at;
        if (w.again_at > t->now)
            return ST_OK;
        if (w.size <= t->core->attachment_bytes_max) {
            *ret = (struct fetch){.found = true, .digest = w.digest, .size = w.size, .next = UTC_MAX};
            return attachment_have(t->txn, &ret->digest, attachment_who("partner", partner, who), ret->size, &ret->have);
        }
        TRY(put_off_large(t, partner, &w));
    }
    ret->next = t->now;
    return ST_OK;
}

// ---- failures

static enum status put_off(struct tick *t, const char *partner, struct attachment_want *w, const char *why,
                           uint32_t retry_min_ms)
{
    int64_t ms = retry_min_ms;
    for (uint32_t i = 0; i < w->failures && ms < FETCH_RETRY_MAX_MS; i++)
        ms *= 2;
    w->failures++;
    w->again_at = utc_add(t->now, ms < FETCH_RETRY_MAX_MS ? ms : FETCH_RETRY_MAX_MS);
    snprintf(w->why, sizeof w->why, "%s", why);
    return attachment_want_put(t->txn, partner, w);
}

enum status fetch_refused(struct tick *t, const char *partner, const struct fetch *f, const char *why, uint32_t retry_min_ms)
{
    struct attachment_want w;
    enum status st = attachment_want_get(t->txn, partner, &f->digest, &w);
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_OK : st; // recalled meanwhile
    return put_off(t, partner, &w, why, retry_min_ms);
}

enum status fetch_from_start(struct tick *t, const char *partner, const struct fetch *f)
{
    char who[ATTACHMENT_WHO_MAX];
    return attachment_drop_part(t->txn, &f->digest, attachment_who("partner", partner, who));
}

// ---- bytes

static enum status log_fetch(struct tick *t, const char *partner, const struct fetch *f, enum audit_kind kind,
                             const char *reason)
{
    char actor[80], digest[DIGEST_TEXT_LEN + 1], size[24];
    snprintf(actor, sizeof actor, "partner:%s", partner);
    snprintf(size, sizeof size, "%llu", (unsigned long long)f->size);
    struct audit_event ev = {.kind = kind, .actor = actor, .partner = partner};
    audit_event_attr(&ev, "attachment", digest_text(&f->digest, digest));
    audit_event_attr(&ev, "bytes", size);
    if (reason)
        audit_event_attr(&ev, "reason", reason);
    return tick_log(t, &ev);
}

// Its bytes are not kept: without their digest they are nobody's.
static enum status take_wrong(struct tick *t, const char *partner, const struct fetch *f, struct attachment_want *w,
                              uint32_t retry_min_ms)
{
    if (w->failures == 0)
        TRY(log_fetch(t, partner, f, AUDIT_QUARANTINE, "attachment-digest"));
    return put_off(t, partner, w, "the bytes that came have another SHA-256", retry_min_ms);
}

enum status fetch_take(struct tick *t, const char *partner, const struct fetch *f, uint64_t at, struct span bytes,
                       uint32_t retry_min_ms, enum fetch_fate *ret)
{
    char who[ATTACHMENT_WHO_MAX];
    struct attachment_want w;
    bool whole;
    *ret = FETCH_UNWANTED;
    enum status st = attachment_want_get(t->txn, partner, &f->digest, &w);
    if (st != ST_OK || w.size != f->size)
        return st == ST_NOT_FOUND ? ST_OK : st;
    st = attachment_append(t->txn, &f->digest, attachment_who("partner", partner, who), f->size, at, bytes, t->now, &whole);
    if (st == ST_CONFLICT)
        return ST_OK;
    *ret = FETCH_WRONG;
    if (st == ST_BAD_PROOF)
        return take_wrong(t, partner, f, &w, retry_min_ms);
    TRY(st);
    *ret = whole ? FETCH_WHOLE : FETCH_MORE;
    if (!whole)
        return ST_OK;
    TRY(attachment_arrived(t->txn, partner, &f->digest, t->now));
    return log_fetch(t, partner, f, AUDIT_RECEIVE, NULL);
}
