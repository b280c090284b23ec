#include "store/heads.h"

#include "store/value.h"

struct digest head_digest(const uint8_t random[HEAD_RANDOM_LEN], struct span checkpoint)
{
    const struct span parts[] = {span_cstr("relto-audit-head\n"), span_of(random, HEAD_RANDOM_LEN), checkpoint};
    return sha256_parts(parts, 3);
}

// Layout 1: random, checkpoint

static struct key place_key(const char *partner, uint64_t n)
{
    struct key k = {.len = 0};
    key_id(&k, partner);
    key_u64(&k, n);
    return k;
}

enum status head_put(struct db_txn *t, const char *partner, uint64_t n, const struct head_opening *h)
{
    struct key k = place_key(partner, n), head = value_head(1);
    struct digest random; // as wide as one
    memcpy(random.b, h->random, HEAD_RANDOM_LEN);
    key_digest(&head, &random);
    return value_put(t, DB_HEAD_OPENINGS, &k, &head, h->checkpoint);
}

enum status head_put_lost(struct db_txn *t, const char *partner, uint64_t n)
{
    const struct head_opening lost = {.checkpoint = {.len = 0}};
    return head_put(t, partner, n, &lost);
}

enum status head_get(struct db_txn *t, const char *partner, uint64_t n, struct head_opening *ret)
{
    struct key k = place_key(partner, n);
    struct span value;
    TRY(db_get(t, DB_HEAD_OPENINGS, key_span(&k), &value));
    struct key_reader r = value_reader(value, 1);
    struct digest random = key_get_digest(&r);
    if (r.bad)
        return ST_CORRUPT;
    memcpy(ret->random, random.b, HEAD_RANDOM_LEN);
    ret->checkpoint = r.rest;
    return ST_OK;
}

static struct key day_key(void)
{
    struct key k = {.len = 0};
    key_id(&k, "head-day");
    return k;
}

enum status heads_day(struct db_txn *t, int64_t *ret)
{
    struct key k = day_key();
    struct span value;
    TRY(db_get(t, DB_META, key_span(&k), &value));
    struct key_reader r = value_reader(value, 1);
    int64_t day = key_get_i64(&r);
    if (!value_whole(&r))
        return ST_CORRUPT;
    *ret = day;
    return ST_OK;
}

enum status heads_set_day(struct db_txn *t, int64_t day)
{
    struct key k = day_key(), v = value_head(1);
    key_i64(&v, day);
    return db_put(t, DB_META, key_span(&k), key_span(&v));
}
