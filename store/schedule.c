#include "store/schedule.h"

#include "store/key.h"

static enum status current(struct db_txn *t, struct uuid id, utc_ms *ret)
{
    struct key k = {0};
    struct span v;
    key_uuid(&k, id);
    TRY(db_get(t, DB_SCHEDULED, key_span(&k), &v));
    struct key_reader r = key_reader_of(v);
    utc_ms at = key_get_i64(&r);
    if (r.bad || r.rest.len)
        return ST_CORRUPT;
    *ret = at;
    return ST_OK;
}

static struct key instant_key(utc_ms at, struct uuid id)
{
    struct key k = {0};
    key_i64(&k, at);
    key_uuid(&k, id);
    return k;
}

enum status schedule_set(struct db_txn *t, struct uuid id, utc_ms at)
{
    utc_ms old;
    struct key by_id = {0}, value = {0}, entry;
    key_uuid(&by_id, id);
    enum status st = current(t, id, &old);
    if (st == ST_OK && old == at)
        return ST_OK;
    if (st == ST_OK) {
        entry = instant_key(old, id);
        TRY(db_del(t, DB_SCHEDULE, key_span(&entry)));
        TRY(db_del(t, DB_SCHEDULED, key_span(&by_id)));
    } else if (st != ST_NOT_FOUND) {
        return st;
    }
    if (at == UTC_MAX)
        return ST_OK;
    entry = instant_key(at, id);
    key_i64(&value, at);
    TRY(db_put(t, DB_SCHEDULE, key_span(&entry), span_of("", 0)));
    return db_put(t, DB_SCHEDULED, key_span(&by_id), key_span(&value));
}

enum status schedule_forward(struct db_txn *t, struct uuid id, utc_ms at)
{
    utc_ms old;
    if (at == UTC_MAX)
        return ST_OK;
    enum status st = current(t, id, &old);
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    return st == ST_OK && old <= at ? ST_OK : schedule_set(t, id, at);
}

enum status schedule_first(struct db_txn *t, utc_ms *ret_at, struct uuid *ret_id)
{
    struct db_walk w;
    const struct span all = {0};
    bool found = db_walk_first(t, DB_SCHEDULE, all, all, &w);
    enum status st = found ? ST_OK : w.st == ST_OK ? ST_NOT_FOUND : w.st;
    if (found) {
        struct key_reader r = key_reader_of(w.key);
        utc_ms at = key_get_i64(&r);
        struct uuid id = key_get_uuid(&r);
        if (r.bad || r.rest.len) {
            st = ST_CORRUPT;
        } else {
            *ret_at = at;
            *ret_id = id;
        }
    }
    db_walk_end(&w);
    return st;
}
