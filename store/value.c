#include "store/value.h"

#include "formats/base/bug.h"

struct key value_head(uint8_t layout)
{
    struct key k = {.len = 0};
    key_u8(&k, layout);
    return k;
}

struct key_reader value_reader(struct span value, uint8_t layout)
{
    struct key_reader r = key_reader_of(value);
    if (key_get_u8(&r) != layout)
        r.bad = true;
    return r;
}

uint64_t value_check(struct span key, struct span head)
{
    const struct span parts[] = {key, head};
    const struct digest d = sha256_parts(parts, 2);
    struct key_reader r = key_reader_of(span_of(d.b, sizeof d.b));
    return key_get_u64(&r);
}

static bool has_check(struct span value)
{
    return value.len > 0 && value.ptr[0] != 1;
}

struct key_reader value_reader_checked(struct span value)
{
    return value_reader(value, has_check(value) ? 2 : 1);
}

bool value_check_fits(struct key_reader *r, struct span key, struct span value)
{
    if (!has_check(value) || r->bad)
        return true;
    uint64_t check = value_check(key, span_sub(value, 0, value.len - r->rest.len));
    return key_get_u64(r) == check;
}

void value_put_part(struct buf *b, struct span part)
{
    struct key len = {.len = 0};
    key_u32(&len, (uint32_t)part.len);
    buf_span(b, key_span(&len));
    buf_span(b, part);
}

struct span value_get_part(struct key_reader *r)
{
    size_t len = key_get_u32(r);
    if (r->bad || len > r->rest.len) {
        r->bad = true;
        return span_of(NULL, 0);
    }
    struct span part = span_sub(r->rest, 0, len);
    r->rest = span_sub(r->rest, len, r->rest.len);
    return part;
}

enum status value_leaf_time(struct span leaf, utc_ms *ret)
{
    // Leaves are canonical, and no value in one holds a quotation mark as such: these words can only be the attribute.
    static const char words[] = " at=\"";
    const uint8_t *at = leaf.len ? memmem(leaf.ptr, leaf.len, words, sizeof words - 1) : NULL;
    if (!at)
        return ST_CORRUPT;
    size_t from = (size_t)(at - leaf.ptr) + sizeof words - 1;
    const uint8_t *end = memchr(leaf.ptr + from, '"', leaf.len - from);
    struct span text = span_sub(leaf, from, end ? (size_t)(end - leaf.ptr) : from);
    return utc_parse(text, UTC_ZONE_Z, ret) == ST_OK ? ST_OK : ST_CORRUPT;
}

enum status value_put(struct db_txn *t, enum db_table table, const struct key *k, const struct key *head,
                      struct span tail)
{
    if (tail.len == 0)
        return db_put(t, table, key_span(k), key_span(head));
    struct buf b;
    buf_init(&b, head->len + tail.len);
    buf_span(&b, key_span(head));
    buf_span(&b, tail);
    enum status st = buf_status(&b);
    if (st == ST_OK)
        st = db_put(t, table, key_span(k), buf_bytes(&b));
    buf_fini(&b);
    return st;
}

enum { WITHHELD_WORDS = 16 };

void key_withheld(struct key *k, const struct withheld_set *w)
{
    size_t words = WITHHELD_WORDS;
    while (words && w->bits[words - 1] == 0)
        words--;
    key_u8(k, w->overall);
    key_u8(k, (uint8_t)words);
    for (size_t i = 0; i < words; i++)
        key_u64(k, w->bits[i]);
}

struct withheld_set key_get_withheld(struct key_reader *r)
{
    struct withheld_set w = {.overall = false};
    uint8_t overall = key_get_u8(r), words = key_get_u8(r);
    if (overall > 1 || words > WITHHELD_WORDS) {
        r->bad = true;
        return w;
    }
    w.overall = overall;
    for (size_t i = 0; i < words; i++)
        w.bits[i] = key_get_u64(r);
    return w;
}

enum status value_each(struct db_txn *t, enum db_table table, const struct key *prefix, struct span from,
                       enum status (*each)(void *ctx, struct span key, struct span value), void *ctx)
{
    uint8_t at[KEY_MAX + 1];
    size_t len = from.len ? from.len : prefix->len;
    BUG_IF(len > KEY_MAX);
    if (len)
        memcpy(at, from.len ? from.ptr : prefix->b, len);
    for (;;) {
        struct db_walk w;
        if (!db_walk_first(t, table, key_span(prefix), span_of(at, len), &w))
            return w.st;
        if (w.key.len > KEY_MAX) {
            db_walk_end(&w);
            return ST_CORRUPT;
        }
        len = w.key.len;
        memcpy(at, w.key.ptr, len);
        struct span value = w.value;
        db_walk_end(&w); // the value lives on until the next write
        TRY(each(ctx, span_of(at + prefix->len, len - prefix->len), value));
        at[len++] = 0; // the smallest key behind this one
        if (len > KEY_MAX)
            return ST_CORRUPT;
    }
}
