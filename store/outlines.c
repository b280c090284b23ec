#include "store/outlines.h"

#include <string.h>

#include "store/value.h"

// OUTLINES:        number -> layout 1: SHA-256 of the bytes, the bytes
// OUTLINE_NUMBERS: SHA-256 -> number
// OUTLINE_OF:      report -> layout 1: number, base, copy; layout 2: the same, and of that copy its version, digest, source, onward,
//                  stored_at, issued; check
// OUTLINED:        number ‖ report -> layout 1: base, copy

uint64_t outlines_copy(const struct digest *digest)
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++)
        v = v << 8 | digest->b[i];
    return v;
}

static struct key number_key(uint64_t number)
{
    struct key k = {0};
    key_u64(&k, number);
    return k;
}

static struct key report_key(struct uuid report)
{
    struct key k = {0};
    key_uuid(&k, report);
    return k;
}

static struct key member_key(uint64_t number, struct uuid report)
{
    struct key k = number_key(number);
    key_uuid(&k, report);
    return k;
}

// ---- numbers

// One more than the greatest.
static enum status fresh_number(struct db_txn *t, uint64_t *ret)
{
    struct db_walk w;
    enum status st = ST_OK;
    *ret = OUTLINE_NONE + 1;
    if (db_walk_last(t, DB_OUTLINES, span_of(NULL, 0), &w)) {
        struct key_reader r = key_reader_of(w.key);
        *ret = key_get_u64(&r) + 1;
        if (!value_whole(&r) || *ret == 0)
            st = ST_CORRUPT;
    } else {
        st = w.st;
    }
    db_walk_end(&w);
    return st;
}

// The number of an outline; it is given one when it has none.
static enum status number_of(struct db_txn *t, struct span outline, uint64_t *ret)
{
    struct digest d = sha256(outline);
    struct key by_digest = {0}, head = value_head(1), value = {0};
    struct span v;
    key_digest(&by_digest, &d);
    enum status st = db_get(t, DB_OUTLINE_NUMBERS, key_span(&by_digest), &v);
    if (st == ST_OK) {
        struct key_reader r = key_reader_of(v);
        *ret = key_get_u64(&r);
        return value_whole(&r) ? ST_OK : ST_CORRUPT;
    }
    if (st != ST_NOT_FOUND)
        return st;
    TRY(fresh_number(t, ret));
    struct key k = number_key(*ret);
    key_digest(&head, &d);
    TRY(value_put(t, DB_OUTLINES, &k, &head, outline));
    key_u64(&value, *ret);
    return db_put(t, DB_OUTLINE_NUMBERS, key_span(&by_digest), key_span(&value));
}

static enum status get_with_digest(struct db_txn *t, uint64_t number, struct span *ret, struct digest *ret_digest)
{
    struct key k = number_key(number);
    struct span v;
    enum status st = db_get(t, DB_OUTLINES, key_span(&k), &v);
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_CORRUPT : st;
    struct key_reader r = value_reader(v, 1);
    *ret_digest = key_get_digest(&r);
    *ret = r.rest;
    return r.bad ? ST_CORRUPT : ST_OK;
}

enum status outlines_get(struct db_txn *t, uint64_t number, struct span *ret)
{
    struct span bytes;
    struct digest said;
    TRY(get_with_digest(t, number, &bytes, &said));
    struct digest is = sha256(bytes);
    if (!digest_eq(&is, &said))
        return ST_CORRUPT;
    *ret = bytes;
    return ST_OK;
}

// A number that no report has any more goes, so that changes of policy do not ask about it.
static enum status forget_unused(struct db_txn *t, uint64_t number)
{
    struct outlined one;
    size_t count;
    struct span bytes;
    struct digest d;
    struct key k = number_key(number), by_digest = {0};
    TRY(outlines_reports(t, number, NULL, &one, 1, &count));
    if (count || number == OUTLINE_NONE)
        return ST_OK;
    TRY(get_with_digest(t, number, &bytes, &d));
    key_digest(&by_digest, &d);
    TRY(db_del(t, DB_OUTLINE_NUMBERS, key_span(&by_digest)));
    return db_del(t, DB_OUTLINES, key_span(&k));
}

// ---- reports

static void write_copy(const struct report_record *of, const struct key *k, struct key *v)
{
    key_u32(v, of->version);
    key_digest(v, &of->digest);
    key_id(v, of->source);
    key_u8(v, (uint8_t)of->onward);
    key_i64(v, of->stored_at);
    key_i64(v, of->issued);
    key_u64(v, value_check(key_span(k), key_span(v)));
}

static bool read_copy(struct key_reader *r, struct span key, struct span value, struct report_record *of)
{
    of->version = key_get_u32(r);
    of->digest = key_get_digest(r);
    key_get_id(r, of->source);
    const uint8_t onward = key_get_u8(r);
    of->onward = (enum onward)onward;
    of->stored_at = key_get_i64(r);
    of->issued = key_get_i64(r);
    return onward <= ONWARD_PERMITTED && value_check_fits(r, key, value);
}

static struct key value_of(uint64_t number, const struct outlined *o, const struct report_record *of)
{
    const struct key k = report_key(o->report);
    struct key v = value_head(of ? 2 : 1);
    key_u64(&v, number);
    key_i64(&v, o->base);
    key_u64(&v, o->copy);
    if (of)
        write_copy(of, &k, &v);
    return v;
}

enum status outlines_of(struct db_txn *t, struct uuid report, uint64_t *ret_number, struct outlined *ret,
                        struct report_record *ret_of)
{
    struct key k = report_key(report);
    struct report_record of = {.id = report};
    struct span v;
    TRY(db_get(t, DB_OUTLINE_OF, key_span(&k), &v));
    const bool described = v.len && v.ptr[0] == 2;
    struct key_reader r = value_reader(v, described ? 2 : 1);
    uint64_t number = key_get_u64(&r);
    struct outlined o = {.report = report, .base = key_get_i64(&r)};
    o.copy = key_get_u64(&r);
    if ((described && !read_copy(&r, key_span(&k), v, &of)) || !value_whole(&r))
        return ST_CORRUPT;
    *ret_number = number;
    *ret = o;
    if (ret_of)
        *ret_of = of;
    return ST_OK;
}

static enum status put_member(struct db_txn *t, uint64_t number, const struct outlined *o, const struct key *v)
{
    struct key k = report_key(o->report), member = member_key(number, o->report), w = value_head(1);
    TRY(db_put(t, DB_OUTLINE_OF, key_span(&k), key_span(v)));
    key_i64(&w, o->base);
    key_u64(&w, o->copy);
    return db_put(t, DB_OUTLINED, key_span(&member), key_span(&w));
}

enum status outlines_set(struct db_txn *t, const struct outlined *o, const struct report_record *of, struct span outline)
{
    const struct key k = report_key(o->report);
    uint64_t number = OUTLINE_NONE, old;
    struct outlined was;
    struct span there;
    if (outline.len)
        TRY(number_of(t, outline, &number));
    const struct key v = value_of(number, o, of);
    enum status st = db_get(t, DB_OUTLINE_OF, key_span(&k), &there);
    if (st == ST_OK && span_eq(there, key_span(&v)))
        return ST_OK;
    if (st == ST_OK)
        st = outlines_of(t, o->report, &old, &was, NULL);
    if (st == ST_CORRUPT || (st == ST_OK && old != number))
        st = outlines_drop(t, o->report);
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    return put_member(t, number, o, &v);
}

// Under which number does a report stand? Looks at all, for when its own record does not tell; ST_NOT_FOUND.
static enum status find_number(struct db_txn *t, struct uuid report, uint64_t *ret)
{
    struct db_walk w;
    bool found = false;
    for (bool ok = db_walk_first(t, DB_OUTLINED, span_of(NULL, 0), span_of(NULL, 0), &w); ok && !found;) {
        struct key_reader r = key_reader_of(w.key);
        *ret = key_get_u64(&r);
        found = uuid_eq(key_get_uuid(&r), report);
        ok = found || db_walk_next(&w);
    }
    enum status st = w.st;
    db_walk_end(&w);
    return st == ST_OK && !found ? ST_NOT_FOUND : st;
}

enum status outlines_drop(struct db_txn *t, struct uuid report)
{
    uint64_t number;
    struct outlined o;
    const struct key k = report_key(report);
    enum status st = outlines_of(t, report, &number, &o, NULL);
    if (st == ST_NOT_FOUND)
        return ST_OK;
    if (st == ST_CORRUPT)
        st = find_number(t, report, &number);
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    TRY(db_del(t, DB_OUTLINE_OF, key_span(&k)));
    if (st == ST_NOT_FOUND)
        return ST_OK;
    const struct key member = member_key(number, report);
    TRY(db_del(t, DB_OUTLINED, key_span(&member)));
    return forget_unused(t, number);
}

enum status outlines_whole(struct db_txn *t, bool *ret)
{
    uint64_t current, outlined;
    TRY(db_count(t, DB_TIMELINE, &current)); // one entry for each current copy
    TRY(db_count(t, DB_OUTLINE_OF, &outlined));
    *ret = current == outlined;
    return ST_OK;
}

// ---- walks

enum status outlines_next(struct db_txn *t, uint64_t from, uint64_t *ret)
{
    struct db_walk w;
    struct key k = number_key(from);
    enum status st = ST_OK;
    if (db_walk_first(t, DB_OUTLINED, span_of(NULL, 0), key_span(&k), &w)) {
        struct key_reader r = key_reader_of(w.key);
        *ret = key_get_u64(&r);
        st = r.bad ? ST_CORRUPT : ST_OK;
    } else {
        st = w.st == ST_OK ? ST_NOT_FOUND : w.st;
    }
    db_walk_end(&w);
    return st;
}

enum status outlines_reports(struct db_txn *t, uint64_t number, const struct uuid *after, struct outlined *ret, size_t max,
                             size_t *ret_count)
{
    struct db_walk w;
    struct key prefix = number_key(number), from = prefix;
    if (after) {
        key_uuid(&from, *after);
        key_u8(&from, 0); // the next key that there can be
    }
    enum status st = ST_OK;
    size_t n = 0;
    for (bool ok = db_walk_first(t, DB_OUTLINED, key_span(&prefix), key_span(&from), &w); ok && st == ST_OK && n < max;
         ok = db_walk_next(&w)) {
        struct key_reader k = key_reader_of(span_sub(w.key, prefix.len, w.key.len)), v = value_reader(w.value, 1);
        ret[n].report = key_get_uuid(&k);
        ret[n].base = key_get_i64(&v);
        ret[n].copy = key_get_u64(&v);
        if (!value_whole(&k) || !value_whole(&v))
            st = ST_CORRUPT;
        n++;
    }
    if (st == ST_OK)
        st = w.st;
    db_walk_end(&w);
    *ret_count = n;
    return st;
}
