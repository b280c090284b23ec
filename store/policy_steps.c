#include "store/policy_steps.h"

#include "store/key.h"
#include "store/value.h"

// META "policy-seen" -> layout 1: digest, instant.
// META "policy-step" ‖ number -> layout 2: before, after (digest, instant each), and the last report that is done, if any.
// Layout 1 went by outlines: before, after, and where among those it stood, which says nothing of other reports. Such a step
// begins again, which writes nothing twice.

static struct span seen_key(void)
{
    return span_cstr("policy-seen");
}

static struct key step_prefix(void)
{
    struct key k = {0};
    key_id(&k, "policy-step");
    return k;
}

static struct key step_key(uint64_t number)
{
    struct key k = step_prefix();
    key_u64(&k, number);
    return k;
}

static void put_moment(struct key *v, const struct policy_moment *m)
{
    key_digest(v, &m->policy);
    key_i64(v, m->at);
}

static struct policy_moment get_moment(struct key_reader *r)
{
    struct policy_moment m = {.policy = key_get_digest(r)};
    m.at = key_get_i64(r);
    return m;
}

enum status policy_seen(struct db_txn *t, struct policy_moment *ret)
{
    struct span v;
    TRY(db_get(t, DB_META, seen_key(), &v));
    struct key_reader r = value_reader(v, 1);
    struct policy_moment m = get_moment(&r);
    if (!value_whole(&r))
        return ST_CORRUPT;
    *ret = m;
    return ST_OK;
}

enum status policy_seen_set(struct db_txn *t, const struct policy_moment *m)
{
    struct key v = value_head(1);
    put_moment(&v, m);
    return db_put(t, DB_META, seen_key(), key_span(&v));
}

static enum status read_step(const struct db_walk *w, size_t prefix_len, struct policy_step *ret)
{
    const bool by_outlines = w->value.len && w->value.ptr[0] == 1;
    struct key_reader k = key_reader_of(span_sub(w->key, prefix_len, w->key.len)), r = value_reader(w->value, by_outlines ? 1 : 2);
    struct policy_step s = {.number = key_get_u64(&k), .before = get_moment(&r)};
    s.after = get_moment(&r);
    if (by_outlines)
        key_get_u64(&r);
    s.begun = r.rest.len > 0;
    if (s.begun)
        s.report = key_get_uuid(&r);
    if (!value_whole(&k) || !value_whole(&r))
        return ST_CORRUPT;
    s.begun &= !by_outlines;
    *ret = s;
    return ST_OK;
}

enum status policy_steps_first(struct db_txn *t, struct policy_step *ret)
{
    struct key prefix = step_prefix();
    struct db_walk w;
    if (!db_walk_first(t, DB_META, key_span(&prefix), key_span(&prefix), &w))
        return w.st == ST_OK ? ST_NOT_FOUND : w.st;
    enum status st = read_step(&w, prefix.len, ret);
    db_walk_end(&w);
    return st;
}

enum status policy_steps_save(struct db_txn *t, const struct policy_step *s)
{
    struct key k = step_key(s->number), v = value_head(2);
    put_moment(&v, &s->before);
    put_moment(&v, &s->after);
    if (s->begun)
        key_uuid(&v, s->report);
    return db_put(t, DB_META, key_span(&k), key_span(&v));
}

enum status policy_steps_end(struct db_txn *t, const struct policy_step *s)
{
    struct key k = step_key(s->number);
    return db_del(t, DB_META, key_span(&k));
}

enum status policy_steps_add(struct db_txn *t, const struct policy_moment *before, const struct policy_moment *after)
{
    struct key prefix = step_prefix();
    struct policy_step s = {.before = *before, .after = *after}, last;
    struct db_walk w;
    if (db_walk_last(t, DB_META, key_span(&prefix), &w)) {
        enum status st = read_step(&w, prefix.len, &last);
        db_walk_end(&w);
        TRY(st);
        s.number = last.number + 1;
    } else if (w.st != ST_OK) {
        return w.st;
    }
    TRY(policy_steps_save(t, &s));
    return policy_seen_set(t, after);
}

enum status policy_steps_drop(struct db_txn *t)
{
    struct policy_step s;
    enum status st;
    while ((st = policy_steps_first(t, &s)) == ST_OK)
        TRY(policy_steps_end(t, &s));
    return st == ST_NOT_FOUND ? ST_OK : st;
}
