#include "store/reports.h"

#include <stdio.h>

#include "formats/base/bug.h"
#include "formats/base/limits.h"
#include "formats/base/utf8.h"
#include "store/attachments.h"
#include "store/carried.h"
#include "store/erasures.h"
#include "store/search.h"
#include "store/spooled.h"
#include "store/value.h"

// ---- records. Layout 1: stored_at, issued, digest, onward, flags, nation, type, title; then the bytes. Layout 2: a check of all
// that (value_check), too, before the bytes

static struct key version_key(struct uuid id, uint32_t version, const char *source)
{
    struct key k = {.len = 0};
    key_uuid(&k, id);
    key_u32(&k, version);
    key_id(&k, source);
    return k;
}

static struct key uuid_key(struct uuid id)
{
    struct key k = {.len = 0};
    key_uuid(&k, id);
    return k;
}

// What the key of a copy says of it.
static bool name_decode(struct span key, struct report_record *ret)
{
    struct key_reader k = key_reader_of(key);
    *ret = (struct report_record){.id = key_get_uuid(&k)};
    ret->version = key_get_u32(&k);
    key_get_id(&k, ret->source);
    return value_whole(&k);
}

static enum status record_decode(struct span key, struct span value, struct report_record *ret)
{
    struct key_reader r = value_reader_checked(value);
    struct report_record rec;
    bool named = name_decode(key, &rec);
    rec.stored_at = key_get_i64(&r);
    rec.issued = key_get_i64(&r);
    rec.digest = key_get_digest(&r);
    uint8_t onward = key_get_u8(&r), flags = key_get_u8(&r);
    key_get_text(&r, rec.nation, sizeof rec.nation);
    key_get_text(&r, rec.type, sizeof rec.type);
    key_get_text(&r, rec.title, sizeof rec.title);
    rec.damaged = !value_check_fits(&r, key, value);
    if (!named || r.bad || onward > ONWARD_PERMITTED || flags > 1)
        return ST_CORRUPT;
    rec.onward = (enum onward)onward;
    rec.not_understood = flags;
    rec.bytes = r.rest;
    *ret = rec;
    return ST_OK;
}

// Put a title for listing, without a last character that was cut in two.
static void put_title(struct key *k, const char *title)
{
    char whole[sizeof((struct report_record *)0)->title];
    size_t n = utf8_cut(span_of(title, strnlen(title, sizeof whole)), sizeof whole - 1);
    memcpy(whole, title, n);
    whole[n] = 0;
    key_text(k, whole);
}

static enum status record_write(struct db_txn *t, const struct report_record *r)
{
    struct key k = version_key(r->id, r->version, r->source), head = value_head(2);
    key_i64(&head, r->stored_at);
    key_i64(&head, r->issued);
    key_digest(&head, &r->digest);
    key_u8(&head, (uint8_t)r->onward);
    key_u8(&head, r->not_understood);
    key_text(&head, r->nation);
    key_text(&head, r->type);
    put_title(&head, r->title);
    key_u64(&head, value_check(key_span(&k), key_span(&head)));
    return value_put(t, DB_REPORTS, &k, &head, r->bytes);
}

enum status reports_get(struct db_txn *t, struct uuid id, uint32_t version, const char *source,
                        struct report_record *ret)
{
    struct key k = version_key(id, version, source);
    struct span v;
    TRY(db_get(t, DB_REPORTS, key_span(&k), &v));
    return record_decode(key_span(&k), v, ret);
}

// ---- heads. Layout 1: state, version, source, stored_at (all of the current copy; zero when there is none)

struct head {
    enum report_state state;
    uint32_t version;
    char source[PARTNER_ID_MAX + 1];
    utc_ms stored_at; // where the current copy stands in TIMELINE
};

static enum status head_get(struct db_txn *t, struct uuid id, struct head *ret)
{
    struct key k = uuid_key(id);
    struct span v;
    TRY(db_get(t, DB_HEADS, key_span(&k), &v));
    struct key_reader r = value_reader(v, 1);
    struct head h = {.version = 0};
    uint8_t state = key_get_u8(&r);
    h.version = key_get_u32(&r);
    key_get_id(&r, h.source);
    h.stored_at = key_get_i64(&r);
    if (!value_whole(&r) || state > REPORT_PURGED)
        return ST_CORRUPT;
    h.state = (enum report_state)state;
    *ret = h;
    return ST_OK;
}

static enum status head_put(struct db_txn *t, struct uuid id, const struct head *h)
{
    struct key k = uuid_key(id), v = value_head(1);
    key_u8(&v, (uint8_t)h->state);
    key_u32(&v, h->version);
    key_id(&v, h->source);
    key_i64(&v, h->stored_at);
    return db_put(t, DB_HEADS, key_span(&k), key_span(&v));
}

static struct key timeline_key(utc_ms stored_at, struct uuid id)
{
    struct key k = {.len = 0};
    key_i64(&k, stored_at);
    key_uuid(&k, id);
    return k;
}

// For a head that cannot be read: the whole listing is looked through.
static enum status place_find(struct db_txn *t, struct uuid id, bool *ret_listed, utc_ms *ret_at)
{
    struct db_walk w;
    struct span all = span_of(NULL, 0);
    for (bool ok = db_walk_last(t, DB_TIMELINE, all, &w); ok && !*ret_listed; ok = db_walk_prev(&w)) {
        struct key_reader k = key_reader_of(w.key);
        *ret_at = key_get_i64(&k);
        *ret_listed = uuid_eq(key_get_uuid(&k), id) && value_whole(&k);
    }
    if (!*ret_listed)
        *ret_at = 0;
    enum status st = w.st;
    db_walk_end(&w);
    return st;
}

// Where the report stands in the listing, if it does.
static enum status place_get(struct db_txn *t, struct uuid id, bool *ret_listed, utc_ms *ret_at)
{
    struct head h;
    enum status st = head_get(t, id, &h);
    *ret_listed = st == ST_OK && h.state == REPORT_CURRENT;
    *ret_at = *ret_listed ? h.stored_at : 0;
    if (st == ST_CORRUPT)
        return place_find(t, id, ret_listed, ret_at);
    return st == ST_NOT_FOUND ? ST_OK : st;
}

// Replace the head, and with it the report's place in the listing and in the search index.
static enum status head_replace(struct db_txn *t, struct uuid id, const struct head *fresh)
{
    bool listed;
    utc_ms at;
    TRY(place_get(t, id, &listed, &at));
    if (listed) {
        struct key k = timeline_key(at, id);
        TRY(db_del(t, DB_TIMELINE, key_span(&k)));
    }
    if (fresh->state == REPORT_CURRENT) {
        struct key k = timeline_key(fresh->stored_at, id);
        TRY(db_put(t, DB_TIMELINE, key_span(&k), span_of(NULL, 0)));
    }
    TRY(search_changed(t, id, fresh->state == REPORT_CURRENT));
    return head_put(t, id, fresh);
}

// Our own copy, or one from the feed of the nation that wrote the report.
static bool is_first_hand(const struct report_record *r)
{
    return r->source[0] == 0 || strcmp(r->source, r->nation) == 0;
}

// Is a to be preferred to b, both of the same version?
static bool preferred(const struct report_record *a, const struct report_record *b)
{
    if (a->damaged != b->damaged)
        return b->damaged;
    if ((a->source[0] == 0) != (b->source[0] == 0))
        return a->source[0] == 0;
    if (is_first_hand(a) != is_first_hand(b))
        return is_first_hand(a);
    if (a->stored_at != b->stored_at)
        return a->stored_at < b->stored_at;
    return strcmp(a->source, b->source) < 0;
}

// The copy at which a walk stands. Of one whose record cannot be read, the key alone tells.
static enum status copy_at(const struct db_walk *w, struct report_record *ret)
{
    if (!name_decode(w->key, ret))
        return ST_CORRUPT;
    if (record_decode(w->key, w->value, ret) != ST_OK)
        ret->damaged = true;
    return ST_OK;
}

// The best of the stored copies (spec 4.4) whose keys begin so: a damaged one when no other of its version is here. An older
// version never takes the place of a damaged one. *ret_damaged: some copy of that version is. ST_NOT_FOUND.
static enum status best_copy(struct db_txn *t, struct key prefix, struct report_record *ret, bool *ret_damaged)
{
    struct db_walk w;
    struct report_record best = {.version = 0}, r;
    enum status st = ST_OK;
    bool found = false;
    *ret_damaged = false;
    // Versions stand in order: from the last one back, while the version stays the same. Whether older ones are whole does not matter.
    for (bool ok = db_walk_last(t, DB_REPORTS, key_span(&prefix), &w); ok && st == ST_OK;
         ok = db_walk_prev(&w)) {
        if (found && name_decode(w.key, &r) && r.version != best.version)
            break;
        st = copy_at(&w, &r);
        if (st == ST_OK && (!found || preferred(&r, &best)))
            best = r;
        found = true;
        *ret_damaged |= r.damaged;
    }
    if (st == ST_OK)
        st = w.st;
    db_walk_end(&w);
    if (st == ST_OK && !found)
        st = ST_NOT_FOUND;
    if (st == ST_OK)
        *ret = best;
    return st;
}

enum status reports_traces(struct db_txn *t, struct uuid id, struct report_traces *ret)
{
    struct key prefix = uuid_key(id);
    struct db_walk w;
    struct report_record r;
    struct head h;
    enum status st = head_get(t, id, &h);
    *ret = (struct report_traces){.version = 0};
    if (st == ST_OK && h.state == REPORT_CURRENT) // also when the very copy is lost
        *ret = (struct report_traces){.version = h.version, .own = h.source[0] == 0};
    st = st == ST_NOT_FOUND || st == ST_CORRUPT ? ST_OK : st;
    for (bool ok = db_walk_last(t, DB_REPORTS, key_span(&prefix), &w); ok && st == ST_OK; ok = db_walk_prev(&w)) {
        st = copy_at(&w, &r);
        if (ret->version < r.version)
            ret->version = r.version;
        ret->own |= r.source[0] == 0;
        if (!r.damaged && !ret->nation[0])
            memcpy(ret->nation, r.nation, sizeof ret->nation);
    }
    if (st == ST_OK)
        st = w.st;
    db_walk_end(&w);
    return st;
}

enum status reports_latest_from(struct db_txn *t, struct uuid id, const char *source, uint32_t *ret)
{
    struct key prefix = uuid_key(id);
    struct db_walk w;
    char from[PARTNER_ID_MAX + 1];
    enum status st = ST_NOT_FOUND;
    for (bool ok = db_walk_last(t, DB_REPORTS, key_span(&prefix), &w); ok; ok = st == ST_NOT_FOUND && db_walk_prev(&w)) {
        struct key_reader k = key_reader_of(w.key);
        key_get_uuid(&k);
        uint32_t version = key_get_u32(&k);
        key_get_id(&k, from);
        if (!value_whole(&k)) {
            st = ST_CORRUPT;
        } else if (strcmp(from, source) == 0) {
            *ret = version;
            st = ST_OK;
        }
    }
    if (st == ST_NOT_FOUND && w.st != ST_OK)
        st = w.st;
    db_walk_end(&w);
    return st;
}

// ---- what was purged

static struct key purged_key(struct uuid id, const char *source)
{
    struct key k = uuid_key(id);
    key_id(&k, source);
    return k;
}

static enum status purged_decode(struct span source, struct span value, struct purged_copy *ret)
{
    struct key_reader k = key_reader_of(source), r = value_reader(value, 1);
    struct purged_copy p = {.at = key_get_i64(&r)};
    p.version = key_get_u32(&r);
    key_get_text(&r, p.nation, sizeof p.nation);
    key_get_text(&r, p.cell, sizeof p.cell);
    key_get_id(&k, p.source);
    if (!value_whole(&k) || !value_whole(&r))
        return ST_CORRUPT;
    *ret = p;
    return ST_OK;
}

// The empty source, our own, comes first in order.
static enum status highest_purged(void *ctx, struct span key, struct span value)
{
    struct purged_copy *best = ctx, p;
    TRY(purged_decode(key, value, &p));
    if (p.version > best->version)
        *best = p;
    return ST_OK;
}

enum status reports_purged(struct db_txn *t, struct uuid id, const char *source, struct purged_copy *ret)
{
    struct key k = source ? purged_key(id, source) : uuid_key(id);
    if (source) {
        struct span v;
        TRY(db_get(t, DB_PURGED, key_span(&k), &v));
        return purged_decode(span_of(k.b + 16, k.len - 16), v, ret);
    }
    *ret = (struct purged_copy){.version = 0};
    TRY(value_each(t, DB_PURGED, &k, span_of(NULL, 0), highest_purged, ret));
    return ret->version ? ST_OK : ST_NOT_FOUND;
}

// A damaged copy does not tell when it was stored: it keeps the place that its report had.
static enum status head_of(struct db_txn *t, const struct report_record *best, struct head *ret)
{
    bool listed;
    *ret = (struct head){.state = REPORT_CURRENT, .version = best->version, .stored_at = best->stored_at};
    memcpy(ret->source, best->source, sizeof ret->source);
    return best->damaged ? place_get(t, best->id, &listed, &ret->stored_at) : ST_OK;
}

// What the head has to be, by the stored copies. *ret_damaged: some that count are damaged.
static enum status wanted_head(struct db_txn *t, struct uuid id, struct head *ret, bool *ret_damaged)
{
    struct head h = {.state = REPORT_WITHDRAWN};
    struct report_record best;
    bool recalled;
    TRY(recalls_has(t, id, &recalled));
    enum status st = best_copy(t, uuid_key(id), &best, ret_damaged);
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    if (recalled) {
        h.state = REPORT_RECALLED;
    } else if (st == ST_NOT_FOUND) {
        struct purged_copy purged;
        st = reports_purged(t, id, NULL, &purged);
        if (st != ST_OK && st != ST_NOT_FOUND)
            return st;
        h.state = st == ST_OK ? REPORT_PURGED : REPORT_WITHDRAWN;
    } else {
        TRY(head_of(t, &best, &h));
    }
    *ret = h;
    return ST_OK;
}

static enum status choose_head(struct db_txn *t, struct uuid id)
{
    struct head h;
    bool damaged;
    TRY(wanted_head(t, id, &h, &damaged));
    return head_replace(t, id, &h);
}

// Withdrawn or purged: no copy is here, and PURGED tells which.
static bool same_head(const struct head *a, const struct head *b)
{
    bool current = a->state == REPORT_CURRENT, recalled = a->state == REPORT_RECALLED;
    return current == (b->state == REPORT_CURRENT) && recalled == (b->state == REPORT_RECALLED) && a->version == b->version &&
           strcmp(a->source, b->source) == 0 && a->stored_at == b->stored_at;
}

static enum status check_head(struct db_txn *t, struct uuid id, bool *ret_current, bool *ret_agrees)
{
    struct head is, want;
    struct span listed;
    bool damaged = false;
    *ret_agrees = *ret_current = false;
    enum status st = head_get(t, id, &is);
    if (st != ST_OK)
        return st == ST_CORRUPT ? ST_OK : st;
    *ret_current = is.state == REPORT_CURRENT;
    st = wanted_head(t, id, &want, &damaged);
    damaged |= st == ST_CORRUPT;
    *ret_agrees = damaged || (st == ST_OK && same_head(&is, &want)); // a damaged copy is told by itself
    if (st != ST_OK || damaged || !*ret_current)
        return st == ST_CORRUPT ? ST_OK : st;
    struct key k = timeline_key(is.stored_at, id);
    st = db_get(t, DB_TIMELINE, key_span(&k), &listed);
    *ret_agrees &= st == ST_OK;
    return st == ST_NOT_FOUND ? ST_OK : st;
}

struct each_head {
    struct db_txn *t;
    enum status (*each)(void *ctx, struct uuid id, bool current, bool agrees);
    void *ctx;
};

static enum status on_head(void *ctx, struct span key, struct span value)
{
    const struct each_head *e = ctx;
    struct key_reader k = key_reader_of(key);
    struct uuid id = key_get_uuid(&k);
    bool current = false, agrees = false;
    (void)value;
    if (value_whole(&k))
        TRY(check_head(e->t, id, &current, &agrees));
    return e->each(e->ctx, id, current, agrees);
}

enum status reports_check_heads(struct db_txn *t, enum status (*each)(void *ctx, struct uuid id, bool current, bool agrees),
                                void *ctx)
{
    struct each_head e = {t, each, ctx};
    struct key all = {.len = 0};
    return value_each(t, DB_HEADS, &all, span_of(NULL, 0), on_head, &e);
}

// ---- storing and erasing

static enum status check_record(const struct report_record *r)
{
    // Bytes that do not have their digest must never come in: they would be found damaged later.
    struct digest d = sha256(r->bytes);
    return r->version == 0 || r->bytes.len == 0 || r->bytes.len > RENDITION_BYTES_MAX ||
                   !digest_eq(&d, &r->digest)
               ? ST_INVALID
               : ST_OK;
}

static enum status store(struct db_txn *t, const struct report_record *r, bool replace)
{
    struct report_record there;
    bool recalled;
    TRY(check_record(r));
    TRY(recalls_has(t, r->id, &recalled));
    if (recalled)
        return ST_GONE;
    enum status st = reports_get(t, r->id, r->version, r->source, &there);
    if (st == ST_OK && span_eq(there.bytes, r->bytes) && !replace && !there.damaged)
        return ST_OK;
    if (st == ST_OK && !replace && !span_eq(there.bytes, r->bytes))
        return ST_CONFLICT;
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    TRY(record_write(t, r));
    return choose_head(t, r->id);
}

enum status reports_put(struct db_txn *t, const struct report_record *r)
{
    return store(t, r, false);
}

enum status reports_replace(struct db_txn *t, const struct report_record *r)
{
    return store(t, r, true);
}

enum status reports_current(struct db_txn *t, struct uuid id, struct report_record *ret)
{
    struct head h;
    TRY(head_get(t, id, &h));
    switch (h.state) {
    case REPORT_RECALLED:
        return ST_GONE;
    case REPORT_WITHDRAWN:
    case REPORT_PURGED:
        return ST_NOT_FOUND;
    case REPORT_CURRENT:
        break;
    }
    enum status st = reports_get(t, id, h.version, h.source, ret);
    return st == ST_NOT_FOUND ? ST_CORRUPT : st; // the head names a copy that is not there
}

enum status reports_is_current(struct db_txn *t, const struct report_record *r, bool *ret)
{
    struct head h;
    enum status st = head_get(t, r->id, &h);
    *ret = st == ST_OK && h.state == REPORT_CURRENT && h.version == r->version && strcmp(h.source, r->source) == 0 &&
           h.stored_at == r->stored_at;
    return st == ST_NOT_FOUND ? ST_OK : st;
}

enum status reports_version(struct db_txn *t, struct uuid id, uint32_t version, struct report_record *ret)
{
    struct key prefix = uuid_key(id);
    bool damaged;
    key_u32(&prefix, version);
    TRY(best_copy(t, prefix, ret, &damaged));
    return ret->damaged && ret->bytes.len == 0 ? ST_CORRUPT : ST_OK;
}

struct eraser {
    struct db_txn *t;
    struct uuid id;
    const char *source; // NULL = all
    const struct purged_copy *purging; // when and by whom, to be noted of each; NULL = it is no purge
    size_t count;
};

// Layout 1: at, version, nation, cell
static enum status purged_put(struct db_txn *t, struct uuid id, const struct purged_copy *p)
{
    struct key k = purged_key(id, p->source), v = value_head(1);
    key_i64(&v, p->at);
    key_u32(&v, p->version);
    key_text(&v, p->nation);
    key_text(&v, p->cell);
    return db_put(t, DB_PURGED, key_span(&k), key_span(&v));
}

enum status reports_note_purged(struct db_txn *t, struct uuid id, const struct purged_copy *p)
{
    return purged_put(t, id, p);
}

// Versions come in order: the last one of a source stays noted.
static enum status purged_note(const struct eraser *e, uint32_t version, const char *source)
{
    struct purged_copy p = *e->purging;
    struct report_record rec;
    enum status st = reports_get(e->t, e->id, version, source, &rec);
    if (st != ST_OK && st != ST_CORRUPT)
        return st;
    p.version = version;
    snprintf(p.source, sizeof p.source, "%s", source);
    if (st == ST_OK)
        snprintf(p.nation, sizeof p.nation, "%s", rec.nation);
    if (source[0])
        p.cell[0] = 0;
    return purged_put(e->t, e->id, &p);
}

static enum status erase_one(void *ctx, struct span key, struct span value)
{
    struct eraser *e = ctx;
    struct key_reader r = key_reader_of(key);
    uint32_t version = key_get_u32(&r);
    char source[PARTNER_ID_MAX + 1];
    (void)value;
    key_get_id(&r, source);
    if (!value_whole(&r))
        return ST_CORRUPT;
    if (e->source && strcmp(source, e->source) != 0)
        return ST_OK;
    struct key k = version_key(e->id, version, source);
    e->count++;
    if (e->purging)
        TRY(purged_note(e, version, source));
    TRY(db_del(e->t, DB_REPORTS, key_span(&k)));
    TRY(carried_del(e->t, e->id, version, source));
    TRY(attachment_set_names(e->t, e->id, version, source, "", NULL, 0));
    return erasures_note(e->t);
}

// The source withdrew what was purged, or it was recalled.
static enum status forget_purged(void *ctx, struct span key, struct span value)
{
    const struct eraser *e = ctx;
    struct purged_copy p;
    TRY(purged_decode(key, value, &p));
    struct key k = purged_key(e->id, p.source);
    return !e->source || strcmp(e->source, p.source) == 0 ? db_del(e->t, DB_PURGED, key_span(&k)) : ST_OK;
}

enum status reports_purge(struct db_txn *t, struct uuid id, utc_ms now, const char *cell)
{
    struct purged_copy p = {.at = now};
    struct eraser e = {.t = t, .id = id, .purging = &p};
    struct key prefix = uuid_key(id);
    snprintf(p.cell, sizeof p.cell, "%s", cell);
    TRY(value_each(t, DB_REPORTS, &prefix, span_of(NULL, 0), erase_one, &e));
    if (e.count == 0)
        return ST_NOT_FOUND;
    TRY(spooled_recall(t, id)); // their content lies in `done/`
    return choose_head(t, id);
}

enum status reports_erase(struct db_txn *t, struct uuid id, const char *source)
{
    struct eraser e = {.t = t, .id = id, .source = source};
    struct key prefix = uuid_key(id);
    struct head h;
    TRY(value_each(t, DB_REPORTS, &prefix, span_of(NULL, 0), erase_one, &e));
    TRY(value_each(t, DB_PURGED, &prefix, span_of(NULL, 0), forget_purged, &e));
    enum status st = head_get(t, id, &h);
    if (st == ST_NOT_FOUND)
        return ST_OK; // never heard of
    return st == ST_OK || st == ST_CORRUPT ? choose_head(t, id) : st;
}

// ---- recalls

enum status reports_recall(struct db_txn *t, struct uuid id, const struct recall_record *r)
{
    const struct head h = {.state = REPORT_RECALLED};
    TRY(recalls_put(t, id, r));
    TRY(spooled_recall(t, id));
    TRY(head_replace(t, id, &h));
    return reports_erase(t, id, NULL);
}

struct each_purged {
    enum status (*each)(void *ctx, struct uuid id, const struct purged_copy *p);
    void *ctx;
};

static enum status on_purged(void *ctx, struct span key, struct span value)
{
    const struct each_purged *e = ctx;
    struct key_reader k = key_reader_of(key);
    struct purged_copy p;
    struct uuid id = key_get_uuid(&k);
    if (k.bad)
        return ST_CORRUPT;
    TRY(purged_decode(k.rest, value, &p));
    return e->each(e->ctx, id, &p);
}

enum status reports_each_purged(struct db_txn *t,
                                enum status (*each)(void *ctx, struct uuid id, const struct purged_copy *p), void *ctx)
{
    struct each_purged e = {each, ctx};
    struct key all = {.len = 0};
    return value_each(t, DB_PURGED, &all, span_of(NULL, 0), on_purged, &e);
}

// ---- listing

enum status reports_oldest(struct db_txn *t, utc_ms *ret_at, struct uuid *ret_id)
{
    struct db_walk w;
    struct span all = span_of(NULL, 0);
    if (!db_walk_first(t, DB_TIMELINE, all, all, &w))
        return w.st == ST_OK ? ST_NOT_FOUND : w.st;
    struct key_reader k = key_reader_of(w.key);
    *ret_at = key_get_i64(&k);
    *ret_id = key_get_uuid(&k);
    db_walk_end(&w);
    return value_whole(&k) ? ST_OK : ST_CORRUPT;
}

// The entry of the timeline before `at` (KEY_MAX bytes, *len of them used; 0 = the last one), copied into it.
static enum status step_back(struct db_txn *t, uint8_t *at, size_t *len, bool *ret_more)
{
    struct db_walk w;
    struct span all = span_of(NULL, 0);
    *ret_more = *len ? db_walk_before(t, DB_TIMELINE, all, span_of(at, *len), &w)
                     : db_walk_last(t, DB_TIMELINE, all, &w);
    if (!*ret_more)
        return w.st;
    enum status st = w.key.len <= KEY_MAX ? ST_OK : ST_CORRUPT;
    if (st == ST_OK) {
        *len = w.key.len;
        memcpy(at, w.key.ptr, w.key.len);
    }
    db_walk_end(&w);
    return st;
}

enum status reports_each(struct db_txn *t, enum status (*each)(void *ctx, const struct report_record *r),
                         void *ctx)
{
    uint8_t at[KEY_MAX];
    size_t len = 0;
    for (;;) {
        bool more;
        TRY(step_back(t, at, &len, &more));
        if (!more)
            return ST_OK;
        struct key_reader k = key_reader_of(span_of(at, len));
        key_get_i64(&k);
        struct uuid id = key_get_uuid(&k);
        struct report_record r;
        enum status st = value_whole(&k) ? reports_current(t, id, &r) : ST_CORRUPT;
        if (st == ST_NOT_FOUND || st == ST_GONE)
            st = ST_CORRUPT; // the timeline lists current copies only
        if (st != ST_OK)
            return st;
        TRY(each(ctx, &r));
    }
}

struct each_copy {
    enum status (*each)(void *ctx, struct uuid id, uint32_t version, const char *source,
                        const struct report_record *r);
    void *ctx;
};

static enum status on_copy(void *ctx, struct span key, struct span value)
{
    const struct each_copy *e = ctx;
    struct key_reader k = key_reader_of(key);
    struct report_record r;
    char source[PARTNER_ID_MAX + 1];
    struct uuid id = key_get_uuid(&k);
    uint32_t version = key_get_u32(&k);
    key_get_id(&k, source);
    enum status st = record_decode(key, value, &r);
    return e->each(e->ctx, id, version, source, st == ST_OK && !r.damaged ? &r : NULL);
}

enum status reports_each_copy(struct db_txn *t,
                              enum status (*each)(void *ctx, struct uuid id, uint32_t version,
                                                  const char *source, const struct report_record *r),
                              void *ctx)
{
    struct each_copy e = {each, ctx};
    struct key all = {.len = 0};
    return value_each(t, DB_REPORTS, &all, span_of(NULL, 0), on_copy, &e);
}
