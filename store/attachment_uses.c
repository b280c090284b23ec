// Which stored copies of reports name which attachments, and which of these are still to be fetched.
#include "store/attachments.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/value.h"

// ---- keys

static struct key use_key(const struct digest *d, struct uuid id, uint32_t version, const char *source)
{
    struct key k = {.len = 0};
    key_digest(&k, d);
    key_uuid(&k, id);
    key_u32(&k, version);
    key_id(&k, source);
    return k;
}

static struct key name_prefix(struct uuid id, uint32_t version)
{
    struct key k = {.len = 0};
    key_uuid(&k, id);
    key_u32(&k, version);
    return k;
}

static struct key name_key(struct uuid id, uint32_t version, const char *source, const struct digest *d)
{
    struct key k = name_prefix(id, version);
    key_id(&k, source);
    key_digest(&k, d);
    return k;
}

// ---- uses. Layout 1: size, nation

struct each_use {
    enum status (*each)(void *ctx, const struct attachment_use *u);
    void *ctx;
};

// What the value tells: size and nation.
static enum status use_decode(struct span value, struct attachment_use *ret)
{
    struct key_reader r = value_reader(value, 1);
    ret->size = key_get_u64(&r);
    key_get_text(&r, ret->nation, sizeof ret->nation);
    return value_whole(&r) ? ST_OK : ST_CORRUPT;
}

static enum status on_use(void *ctx, struct span key, struct span value)
{
    const struct each_use *e = ctx;
    struct key_reader k = key_reader_of(key);
    struct attachment_use u = {.id = key_get_uuid(&k)};
    u.version = key_get_u32(&k);
    key_get_id(&k, u.source);
    TRY(use_decode(value, &u));
    return value_whole(&k) ? e->each(e->ctx, &u) : ST_CORRUPT;
}

enum status attachment_each_use(struct db_txn *t, const struct digest *d,
                                enum status (*each)(void *ctx, const struct attachment_use *u), void *ctx)
{
    struct each_use e = {each, ctx};
    struct key prefix = {.len = 0};
    key_digest(&prefix, d);
    return value_each(t, DB_ATTACHMENT_USES, &prefix, span_of(NULL, 0), on_use, &e);
}

enum status attachment_here(struct db_txn *t, const struct digest *d, const struct attachment_use *u, bool *ret)
{
    char who[ATTACHMENT_WHO_MAX];
    uint64_t size;
    *ret = false;
    enum status st = attachment_size(t, d, &size);
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_OK : st;
    if (size != u->size)
        return ST_OK;
    if (u->source[0] == 0) {
        *ret = true;
        return ST_OK;
    }
    return attachment_given(t, d, attachment_who("nation", u->nation, who), ret);
}

// ---- what is wanted

// Is it wanted of this partner: does the latest version of some report from it name it and lack it? Of older ones the
// partner gives nothing any more.
struct looking {
    struct db_txn *t;
    const struct digest *digest;
    const char *partner;
    bool found;
    uint64_t size;
};

static enum status look(void *ctx, const struct attachment_use *u)
{
    struct looking *l = ctx;
    bool here;
    uint32_t latest;
    if (strcmp(u->source, l->partner) != 0)
        return ST_OK;
    enum status st = reports_latest_from(l->t, u->id, u->source, &latest);
    if (st != ST_OK || latest != u->version)
        return st == ST_NOT_FOUND ? ST_OK : st;
    TRY(attachment_here(l->t, l->digest, u, &here));
    l->found = !here;
    l->size = u->size;
    return here ? ST_OK : ST_GONE; // enough was seen
}

// Want it, unless it is wanted already.
static enum status want(struct db_txn *t, const struct digest *d, const char *partner, uint64_t size)
{
    struct attachment_want w;
    enum status st = attachment_want_get(t, partner, d, &w);
    if (st != ST_NOT_FOUND && (st != ST_OK || w.size == size))
        return st;
    w = (struct attachment_want){.digest = *d, .size = size};
    return attachment_want_put(t, partner, &w);
}

// Make the want, if there is one, agree with the copies held. A part goes with it.
static enum status settle_want(struct db_txn *t, const struct digest *d, const char *partner)
{
    char who[ATTACHMENT_WHO_MAX];
    struct attachment_want w;
    struct looking l = {.t = t, .digest = d, .partner = partner};
    enum status st = *partner ? attachment_want_get(t, partner, d, &w) : ST_NOT_FOUND;
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_OK : st; // walks over all uses only for what is wanted
    st = attachment_each_use(t, d, look, &l);
    if (st != ST_OK && st != ST_GONE)
        return st;
    if (l.found)
        return want(t, d, partner, l.size);
    TRY(attachment_want_del(t, partner, d));
    return attachment_drop_part(t, d, attachment_who("partner", partner, who));
}

// Those whose reports name it, each once.
struct sources {
    char (*ids)[PARTNER_ID_MAX + 1]; // owned
    size_t count, room;
};

static enum status add_source(struct sources *s, const char *id)
{
    for (size_t i = s->count; i-- > 0;)
        if (strcmp(s->ids[i], id) == 0)
            return ST_OK;
    if (s->count == s->room) {
        size_t room = 2 * s->room + 8;
        void *more = realloc(s->ids, room * sizeof *s->ids);
        if (!more)
            return ST_NOMEM;
        s->ids = more;
        s->room = room;
    }
    snprintf(s->ids[s->count++], sizeof *s->ids, "%s", id);
    return ST_OK;
}

struct arriving {
    struct db_txn *t;
    const struct digest *digest;
    const char *partner;
    uint64_t size;
    utc_ms now;
    struct sources sources;
};

static enum status arrive_for(void *ctx, const struct attachment_use *u)
{
    struct arriving *a = ctx;
    char who[ATTACHMENT_WHO_MAX];
    if (*u->source)
        TRY(add_source(&a->sources, u->source));
    if (strcmp(u->source, a->partner) == 0 && u->size == a->size)
        return attachment_give(a->t, a->digest, attachment_who("nation", u->nation, who), a->now);
    return ST_OK;
}

enum status attachment_arrived(struct db_txn *t, const char *partner, const struct digest *d, utc_ms now)
{
    struct arriving a = {.t = t, .digest = d, .partner = partner, .now = now};
    TRY(attachment_size(t, d, &a.size));
    enum status st = attachment_each_use(t, d, arrive_for, &a);
    for (size_t i = 0; i < a.sources.count && st == ST_OK; i++)
        st = settle_want(t, d, a.sources.ids[i]);
    free(a.sources.ids);
    return st;
}

// ---- what a copy names

struct naming {
    struct db_txn *t;
    struct uuid id;
    uint32_t version;
    const char *source, *nation;
    const struct attachment_name *names;
    size_t count;
};

// A copy from a partner has come: what it names and is not here is wanted. Others that name the same are as they were.
static enum status want_new(const struct naming *n, const struct attachment_name *a)
{
    struct attachment_use u = {.id = n->id, .version = n->version, .size = a->size};
    uint32_t latest;
    bool here;
    if (!*n->source)
        return ST_OK;
    snprintf(u.source, sizeof u.source, "%s", n->source);
    snprintf(u.nation, sizeof u.nation, "%s", n->nation);
    TRY(attachment_here(n->t, &a->digest, &u, &here));
    enum status st = here ? ST_NOT_FOUND : reports_latest_from(n->t, n->id, n->source, &latest);
    if (st != ST_OK || latest != n->version)
        return st == ST_NOT_FOUND ? ST_OK : st;
    return want(n->t, &a->digest, n->source, a->size);
}

static enum status add_name(const struct naming *n, const struct attachment_name *a)
{
    struct key use = use_key(&a->digest, n->id, n->version, n->source), v = value_head(1);
    struct key name = name_key(n->id, n->version, n->source, &a->digest);
    key_u64(&v, a->size);
    key_text(&v, n->nation);
    TRY(db_put(n->t, DB_ATTACHMENT_USES, key_span(&use), key_span(&v)));
    TRY(db_put(n->t, DB_ATTACHMENT_NAMES, key_span(&name), span_of(NULL, 0)));
    return want_new(n, a);
}

static enum status stop_at_first(void *ctx, const struct attachment_use *u)
{
    (void)ctx, (void)u;
    return ST_GONE;
}

static enum status remove_name(const struct naming *n, const struct digest *d)
{
    struct key use = use_key(d, n->id, n->version, n->source);
    struct key name = name_key(n->id, n->version, n->source, d);
    TRY(db_del(n->t, DB_ATTACHMENT_USES, key_span(&use)));
    TRY(db_del(n->t, DB_ATTACHMENT_NAMES, key_span(&name)));
    TRY(settle_want(n->t, d, n->source));
    enum status st = attachment_each_use(n->t, d, stop_at_first, NULL);
    return st == ST_GONE ? ST_OK : st != ST_OK ? st : attachment_erase(n->t, d);
}

// What another version from there names may have become wanted, or be wanted no more.
static enum status settle_version(const struct naming *n, uint32_t version, const struct digest *d)
{
    struct key use = use_key(d, n->id, version, n->source);
    struct span v;
    TRY(db_get(n->t, DB_ATTACHMENT_USES, key_span(&use), &v));
    struct attachment_use u = {.version = version};
    TRY(use_decode(v, &u));
    const struct naming other = {.t = n->t, .id = n->id, .version = version, .source = n->source, .nation = u.nation};
    TRY(want_new(&other, &(struct attachment_name){*d, u.size}));
    return settle_want(n->t, d, n->source);
}

static enum status settle_other(void *ctx, struct span key, struct span value)
{
    const struct naming *n = ctx;
    struct key_reader k = key_reader_of(key);
    char source[PARTNER_ID_MAX + 1];
    (void)value;
    uint32_t version = key_get_u32(&k);
    key_get_id(&k, source);
    struct digest d = key_get_digest(&k);
    if (!value_whole(&k))
        return ST_CORRUPT;
    return version != n->version && strcmp(source, n->source) == 0 ? settle_version(n, version, &d) : ST_OK;
}

static enum status remove_old(void *ctx, struct span key, struct span value)
{
    const struct naming *n = ctx;
    struct key_reader k = key_reader_of(key);
    char source[PARTNER_ID_MAX + 1];
    (void)value;
    key_get_id(&k, source);
    struct digest d = key_get_digest(&k);
    if (!value_whole(&k))
        return ST_CORRUPT;
    if (strcmp(source, n->source) != 0)
        return ST_OK;
    for (size_t i = 0; i < n->count; i++)
        if (digest_eq(&n->names[i].digest, &d))
            return ST_OK;
    return remove_name(n, &d);
}

enum status attachment_set_names(struct db_txn *t, struct uuid id, uint32_t version, const char *source,
                                 const char *nation, const struct attachment_name *names, size_t count)
{
    struct naming n = {t, id, version, source, nation, names, count};
    struct key prefix = name_prefix(id, version), all_versions = {.len = 0};
    for (size_t i = 0; i < count; i++)
        TRY(add_name(&n, &names[i]));
    TRY(value_each(t, DB_ATTACHMENT_NAMES, &prefix, span_of(NULL, 0), remove_old, &n));
    key_uuid(&all_versions, id);
    return *source ? value_each(t, DB_ATTACHMENT_NAMES, &all_versions, span_of(NULL, 0), settle_other, &n) : ST_OK;
}
