// The indexes of the audit log, by which people search: every event is found by its report and partner unless it was left for later
// (audit_index.h), and every entry of an index names an event that is of that report or partner.
#include "formats/base/random.h"
#include "store/verify_internal.h"

// ---- sums over both sides

static uint64_t mix(uint64_t x) // the finaliser of splitmix64: a bijection in which every bit reaches every other
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static uint64_t hash(uint64_t secret, struct span s)
{
    uint64_t h = mix(secret ^ s.len), word;
    for (; s.len >= sizeof word; s = span_sub(s, sizeof word, s.len)) {
        memcpy(&word, s.ptr, sizeof word);
        h = mix(h ^ word) + secret;
    }
    word = 0;
    if (s.len)
        memcpy(&word, s.ptr, s.len);
    return mix(h ^ word);
}

void verify_index_init(struct verify_index *x, enum db_table table)
{
    struct random_source random = random_system();
    *x = (struct verify_index){.table = table};
    random_fill(&random, (uint8_t *)&x->secret, sizeof x->secret);
}

void verify_index_note(struct verify_index *x, const struct key *k)
{
    x->count++;
    x->sum += hash(x->secret, key_span(k));
}

enum status verify_index_note_found(struct verify *v, struct verify_index *x, const struct key *k)
{
    struct span ignored;
    enum status st = db_get(v->t, x->table, key_span(k), &ignored);
    if (st == ST_OK)
        verify_index_note(x, k);
    return st == ST_NOT_FOUND ? ST_OK : st;
}

static enum status is_same(struct verify *v, const struct verify_index *x, bool *ret)
{
    struct db_walk w;
    struct span all = span_of(NULL, 0);
    uint64_t count = 0, sum = 0;
    for (bool ok = db_walk_first(v->t, x->table, all, all, &w); ok; ok = db_walk_next(&w)) {
        count++;
        sum += hash(x->secret, w.key);
    }
    db_walk_end(&w);
    *ret = count == x->count && sum == x->sum;
    return w.st;
}

// ---- one by one

static bool key_of(const struct verify_index *x, const struct audit_event *e, struct key *ret)
{
    *ret = (struct key){.len = 0};
    return x->table == DB_AUDIT_BY_REPORT ? audit_report_key(e, ret) : audit_partner_key(e, ret);
}

// ST_NOT_FOUND when it is not there or cannot be read, which is told with the log.
static enum status read_event(struct verify *v, uint64_t n, struct audit_event *ret)
{
    struct span leaf;
    enum status st = audit_get(v->t, n, &leaf);
    if (st == ST_CORRUPT)
        return ST_NOT_FOUND;
    if (st != ST_OK)
        return st;
    TRY(verify_arena(v));
    st = audit_event_parse(leaf, v->arena, ret);
    return st == ST_NOMEM || st == ST_OK ? st : ST_NOT_FOUND;
}

static const char *what(const struct verify_index *x)
{
    return x->table == DB_AUDIT_BY_REPORT ? "report" : "partner";
}

static enum status check_event(struct verify *v, const struct verify_index *x, uint64_t n)
{
    struct audit_event e;
    struct span ignored;
    struct key k;
    char where[VERIFY_WHERE_MAX];
    enum status st = read_event(v, n, &e);
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_OK : st;
    if (verify_may_wait(v, &e) || !key_of(x, &e, &k))
        return ST_OK;
    st = db_get(v->t, x->table, key_span(&k), &ignored);
    if (st == ST_NOT_FOUND)
        verify_say(v, "event-unlisted", verify_where(AUDIT_LOG, n, where), "is not found by its %s", what(x));
    return st == ST_NOT_FOUND ? ST_OK : st;
}

static enum status check_entry(struct verify *v, const struct verify_index *x, struct span key)
{
    struct audit_event e;
    struct key want;
    char where[VERIFY_WHERE_MAX];
    struct key_reader r = key_reader_of(span_sub(key, key.len < 8 ? 0 : key.len - 8, key.len));
    uint64_t n = key_get_u64(&r);
    enum status st = read_event(v, n, &e);
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    if (st != ST_OK || !key_of(x, &e, &want) || !span_eq(key, key_span(&want)))
        verify_say(v, "index-differs", verify_where(AUDIT_LOG, n, where),
                   "is listed under a %s of which it does not tell", what(x));
    return ST_OK;
}

enum status verify_index(struct verify *v, const struct verify_index *x)
{
    bool same = false;
    uint64_t size = 0;
    struct db_walk w;
    struct span all = span_of(NULL, 0);
    TRY(is_same(v, x, &same));
    if (same)
        return ST_OK;
    enum status st = audit_size(v->t, &size);
    for (uint64_t n = 0; st == ST_OK && n < size; n++)
        st = check_event(v, x, n);
    if (st != ST_OK)
        return st == ST_CORRUPT ? ST_OK : st; // a damaged size was told with the log
    for (bool ok = db_walk_first(v->t, x->table, all, all, &w); ok && st == ST_OK; ok = db_walk_next(&w))
        st = check_entry(v, x, w.key);
    db_walk_end(&w);
    return st != ST_OK ? st : w.st;
}
