#include "store/reports.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/key.h"

enum { LAYOUT = 1, FLAG_NOT_UNDERSTOOD = 1, DRAFT_LIFE_DAYS = 30, DAY_MS = 86400000 };

// ---- keys

static struct key id_key(struct uuid id)
{
    struct key k = {0};
    key_uuid(&k, id);
    return k;
}

static struct key copy_key(struct uuid id, uint32_t version, const char *source)
{
    struct key k = id_key(id);
    key_u32(&k, version);
    key_id(&k, source);
    return k;
}

static struct key time_key(utc_ms at, struct uuid id)
{
    struct key k = {0};
    key_i64(&k, at);
    key_uuid(&k, id);
    return k;
}

// ---- one copy as bytes: fixed facts, title behind its length, then the report's exact bytes

// Length of the title without a character that was cut in two.
static size_t whole_characters(const char *s)
{
    size_t n = strlen(s), back = 0;
    while (back < n && back < 3 && ((uint8_t)s[n - 1 - back] & 0xc0) == 0x80)
        back++;
    if (back == n)
        return n;
    uint8_t lead = (uint8_t)s[n - 1 - back];
    size_t need = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
    return need == back ? n : n - 1 - back;
}

static enum status write_copy(struct db_txn *t, const struct key *k, const struct report_record *r)
{
    struct key f = {0};
    struct buf b;
    uint8_t title_len = (uint8_t)whole_characters(r->title);
    key_u8(&f, LAYOUT);
    key_i64(&f, r->stored_at);
    key_i64(&f, r->issued);
    key_digest(&f, &r->digest);
    key_u8(&f, (uint8_t)r->onward);
    key_u8(&f, r->not_understood ? FLAG_NOT_UNDERSTOOD : 0);
    key_id(&f, r->nation);
    key_id(&f, r->type);
    key_u8(&f, title_len);
    buf_init(&b, r->bytes.len + KEY_MAX + sizeof r->title);
    buf_span(&b, key_span(&f));
    buf_put(&b, r->title, title_len);
    buf_span(&b, r->bytes);
    enum status st = buf_status(&b);
    if (st == ST_OK)
        st = db_put_new(t, DB_REPORTS, key_span(k), buf_bytes(&b));
    buf_fini(&b);
    return st;
}

static enum status read_facts(struct span value, struct report_record *ret)
{
    struct key_reader r = key_reader_of(value);
    char nation[PARTNER_ID_MAX + 1], type[PARTNER_ID_MAX + 1];
    bool known = key_get_u8(&r) == LAYOUT;
    ret->stored_at = key_get_i64(&r);
    ret->issued = key_get_i64(&r);
    ret->digest = key_get_digest(&r);
    uint8_t onward = key_get_u8(&r);
    ret->not_understood = key_get_u8(&r) & FLAG_NOT_UNDERSTOOD;
    key_get_id(&r, nation);
    key_get_id(&r, type);
    size_t title_len = key_get_u8(&r);
    if (!known || r.bad || onward > ONWARD_PERMITTED || title_len > r.rest.len || title_len >= sizeof ret->title ||
        strlen(nation) >= sizeof ret->nation || strlen(type) >= sizeof ret->type)
        return ST_CORRUPT;
    ret->onward = (enum onward)onward;
    memcpy(ret->nation, nation, strlen(nation) + 1);
    memcpy(ret->type, type, strlen(type) + 1);
    memcpy(ret->title, r.rest.ptr, title_len);
    ret->title[title_len] = 0;
    ret->bytes = span_sub(r.rest, title_len, r.rest.len);
    return ST_OK;
}

static enum status read_copy(struct span key, struct span value, struct report_record *ret)
{
    struct key_reader k = key_reader_of(key);
    *ret = (struct report_record){0};
    ret->id = key_get_uuid(&k);
    ret->version = key_get_u32(&k);
    key_get_id(&k, ret->source);
    return k.bad || k.rest.len ? ST_CORRUPT : read_facts(value, ret);
}

enum status reports_get(struct db_txn *t, struct uuid id, uint32_t version, const char *source, struct report_record *ret)
{
    struct key k = copy_key(id, version, source);
    struct span v;
    TRY(db_get(t, DB_REPORTS, key_span(&k), &v));
    return read_copy(key_span(&k), v, ret);
}

// ---- which copy is current

struct head {
    uint32_t version;
    char source[PARTNER_ID_MAX + 1];
    utc_ms stored_at;
};

static enum status head_get(struct db_txn *t, struct uuid id, struct head *ret)
{
    struct key k = id_key(id);
    struct span v;
    TRY(db_get(t, DB_HEADS, key_span(&k), &v));
    struct key_reader r = key_reader_of(v);
    ret->version = key_get_u32(&r);
    key_get_id(&r, ret->source);
    ret->stored_at = key_get_i64(&r);
    return r.bad || r.rest.len ? ST_CORRUPT : ST_OK;
}

static enum status head_remove(struct db_txn *t, struct uuid id)
{
    struct head old;
    enum status st = head_get(t, id, &old);
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_OK : st;
    struct key k = id_key(id), line = time_key(old.stored_at, id);
    TRY(db_del(t, DB_TIMELINE, key_span(&line)));
    return db_del(t, DB_HEADS, key_span(&k));
}

static enum status head_set(struct db_txn *t, const struct report_record *r)
{
    struct key k = id_key(r->id), v = {0}, line = time_key(r->stored_at, r->id);
    TRY(head_remove(t, r->id));
    key_u32(&v, r->version);
    key_id(&v, r->source);
    key_i64(&v, r->stored_at);
    TRY(db_put(t, DB_TIMELINE, key_span(&line), span_of("", 0)));
    return db_put(t, DB_HEADS, key_span(&k), key_span(&v));
}

// Own copies first, then the originator's own feed, then the others.
static int source_rank(const struct report_record *r)
{
    return r->source[0] == 0 ? 0 : strcmp(r->source, r->nation) == 0 ? 1 : 2;
}

static bool is_better(const struct report_record *a, const struct report_record *b)
{
    if (a->version != b->version)
        return a->version > b->version;
    if (source_rank(a) != source_rank(b))
        return source_rank(a) < source_rank(b);
    return a->stored_at < b->stored_at;
}

// Choose the current copy among all that are left; none left: no head.
static enum status choose_head(struct db_txn *t, struct uuid id)
{
    struct key prefix = id_key(id);
    struct report_record best, r;
    struct db_walk w;
    bool any = false;
    enum status st = ST_OK;
    bool more = db_walk_first(t, DB_REPORTS, key_span(&prefix), key_span(&prefix), &w);
    for (; more && st == ST_OK; more = st == ST_OK && db_walk_next(&w)) {
        st = read_copy(w.key, w.value, &r);
        if (st == ST_OK && (!any || is_better(&r, &best))) {
            best = r;
            any = true;
        }
    }
    if (st == ST_OK)
        st = w.st;
    db_walk_end(&w);
    if (st != ST_OK)
        return st;
    return any ? head_set(t, &best) : head_remove(t, id);
}

enum status reports_put(struct db_txn *t, const struct report_record *r)
{
    struct recall_record gone;
    struct report_record old;
    enum status st = reports_recalled(t, r->id, &gone);
    if (st != ST_NOT_FOUND)
        return st == ST_OK ? ST_GONE : st;
    st = reports_get(t, r->id, r->version, r->source, &old);
    if (st == ST_OK)
        return digest_eq(&old.digest, &r->digest) ? ST_OK : ST_CONFLICT;
    if (st != ST_NOT_FOUND)
        return st;
    struct key k = copy_key(r->id, r->version, r->source);
    TRY(write_copy(t, &k, r));
    return choose_head(t, r->id);
}

enum status reports_current(struct db_txn *t, struct uuid id, struct report_record *ret)
{
    struct recall_record gone;
    struct head h;
    enum status st = reports_recalled(t, id, &gone);
    if (st != ST_NOT_FOUND)
        return st == ST_OK ? ST_GONE : st;
    TRY(head_get(t, id, &h));
    st = reports_get(t, id, h.version, h.source, ret);
    return st == ST_NOT_FOUND ? ST_CORRUPT : st;
}

// Find one more copy to erase. A walk does not outlive a write, so one is found at a time.
static bool next_to_erase(struct db_txn *t, struct uuid id, const char *source, struct key *ret, enum status *st)
{
    struct key prefix = id_key(id);
    struct db_walk w;
    bool found = false;
    bool more = db_walk_first(t, DB_REPORTS, key_span(&prefix), key_span(&prefix), &w);
    for (; more && !found; more = !found && db_walk_next(&w)) {
        struct key_reader k = key_reader_of(span_sub(w.key, prefix.len, w.key.len));
        char from[PARTNER_ID_MAX + 1];
        key_get_u32(&k);
        key_get_id(&k, from);
        if (w.key.len > KEY_MAX || (source && strcmp(from, source) != 0))
            continue;
        memcpy(ret->b, w.key.ptr, w.key.len);
        ret->len = w.key.len;
        found = true;
    }
    *st = w.st;
    db_walk_end(&w);
    return found && *st == ST_OK;
}

enum status reports_erase(struct db_txn *t, struct uuid id, const char *source)
{
    struct key k;
    enum status st;
    while (next_to_erase(t, id, source, &k, &st))
        TRY(db_del(t, DB_REPORTS, key_span(&k)));
    return st == ST_OK ? choose_head(t, id) : st;
}

// ---- recalls: time, version, two texts

enum status reports_recall(struct db_txn *t, struct uuid id, const struct recall_record *r)
{
    struct key k = id_key(id), f = {0};
    struct buf b;
    key_i64(&f, r->at);
    key_u32(&f, r->version);
    key_u8(&f, (uint8_t)strlen(r->by));
    buf_init(&b, sizeof *r + KEY_MAX);
    buf_span(&b, key_span(&f));
    buf_puts(&b, r->by);
    buf_puts(&b, r->reason);
    enum status st = buf_status(&b);
    if (st == ST_OK)
        st = db_put(t, DB_RECALLED, key_span(&k), buf_bytes(&b));
    buf_fini(&b);
    return st;
}

enum status reports_recalled(struct db_txn *t, struct uuid id, struct recall_record *ret)
{
    struct key k = id_key(id);
    struct span v;
    TRY(db_get(t, DB_RECALLED, key_span(&k), &v));
    struct key_reader r = key_reader_of(v);
    *ret = (struct recall_record){0};
    ret->at = key_get_i64(&r);
    ret->version = key_get_u32(&r);
    size_t by = key_get_u8(&r);
    if (r.bad || by > r.rest.len || by >= sizeof ret->by || r.rest.len - by >= sizeof ret->reason)
        return ST_CORRUPT;
    memcpy(ret->by, r.rest.ptr, by);
    memcpy(ret->reason, r.rest.ptr + by, r.rest.len - by);
    return ST_OK;
}

// ---- listing

enum status reports_each(struct db_txn *t, enum status (*each)(void *ctx, const struct report_record *r), void *ctx)
{
    struct db_walk w;
    const struct span all = {0};
    enum status st = ST_OK;
    bool more = db_walk_last(t, DB_TIMELINE, all, &w);
    for (; more && st == ST_OK; more = st == ST_OK && db_walk_prev(&w)) {
        struct key_reader k = key_reader_of(w.key);
        struct report_record r;
        key_get_i64(&k);
        struct uuid id = key_get_uuid(&k);
        st = k.bad || k.rest.len ? ST_CORRUPT : reports_current(t, id, &r);
        if (st == ST_OK)
            st = each(ctx, &r);
    }
    if (st == ST_OK)
        st = w.st;
    db_walk_end(&w);
    return st;
}

// ---- drafts: recognised by who sent which bytes, for 30 days

static struct key draft_key(const char *principal, const struct digest *body)
{
    struct digest d = sha256_parts((struct span[]){span_cstr(principal), span_of("", 1), span_of(body->b, SHA256_LEN)}, 3);
    struct key k = {0};
    key_digest(&k, &d);
    return k;
}

enum status drafts_add(struct db_txn *t, const char *principal, const struct digest *body, struct uuid id,
                       uint32_t version, utc_ms now)
{
    struct key k = draft_key(principal, body), v = {0};
    key_uuid(&v, id);
    key_u32(&v, version);
    key_i64(&v, utc_add(now, (int64_t)DRAFT_LIFE_DAYS * DAY_MS));
    return db_put(t, DB_DRAFTS, key_span(&k), key_span(&v));
}

enum status drafts_find(struct db_txn *t, const char *principal, const struct digest *body, utc_ms now,
                        struct uuid *ret_id, uint32_t *ret_version)
{
    struct key k = draft_key(principal, body);
    struct span v;
    TRY(db_get(t, DB_DRAFTS, key_span(&k), &v));
    struct key_reader r = key_reader_of(v);
    struct uuid id = key_get_uuid(&r);
    uint32_t version = key_get_u32(&r);
    utc_ms until = key_get_i64(&r);
    if (r.bad || r.rest.len)
        return ST_CORRUPT;
    if (now >= until)
        return ST_NOT_FOUND;
    *ret_id = id;
    *ret_version = version;
    return ST_OK;
}
