// What partners hold, and that it is cut from the stored copies.
#include <stdio.h>
#include <stdlib.h>

#include "formats/base/limits.h"
#include "store/verify_internal.h"

// The copy at hand, read once for all partners that hold a rendition of it.
struct copy {
    bool loaded, absent, unreadable;
    struct uuid id;
    uint32_t version;
    char source[PARTNER_ID_MAX + 1];
    struct report_record *record;
    struct arena *arena;
    const struct report *report;
};

struct holdings {
    struct verify *v;
    struct copy copy;
    struct buf rendition;
    uint64_t count;
};

static bool is_loaded(const struct copy *c, struct uuid id, const struct holding *h)
{
    return c->loaded && uuid_eq(c->id, id) && c->version == h->version && strcmp(c->source, h->source) == 0;
}

static enum status load(struct verify *v, struct copy *c, struct uuid id, const struct holding *h)
{
    struct rendition_proof proof;
    if (is_loaded(c, id, h))
        return ST_OK;
    arena_free(&c->arena);
    struct report_record *record = c->record;
    *c = (struct copy){.loaded = true, .id = id, .version = h->version, .record = record};
    memcpy(c->source, h->source, sizeof c->source);
    enum status st = reports_get(v->t, id, h->version, h->source, record);
    if (st == ST_NOT_FOUND || st == ST_CORRUPT) {
        c->absent = st == ST_NOT_FOUND;
        c->unreadable = st == ST_CORRUPT; // told with the copies
        return ST_OK;
    }
    if (st != ST_OK)
        return st;
    c->arena = xml_arena_new(record->bytes.len);
    if (!c->arena)
        return ST_NOMEM;
    st = rendition_read(record->bytes, c->arena, NULL, &c->report, &proof);
    c->unreadable = st != ST_OK;
    return st == ST_NOMEM ? st : ST_OK;
}

static void compare_rendition(struct holdings *x, const char *where, const struct holding *h)
{
    struct copy *c = &x->copy;
    buf_reset(&x->rendition);
    rendition_splice(c->report, c->record->bytes, &h->withheld, &x->rendition);
    struct digest d = sha256(buf_bytes(&x->rendition));
    x->v->sum->renditions++;
    if (buf_status(&x->rendition) != ST_OK || !digest_eq(&d, &h->digest))
        verify_say(x->v, "rendition-differs", where,
                   "cut anew from the stored copy, it does not have the digest that the ledger names");
}

// The ledger entry that the holding stands at.
static enum status check_entry(struct holdings *x, const char *where, const char *partner, struct uuid id,
                               const struct holding *h)
{
    struct ledger_entry e;
    enum status st = ledger_get(x->v->t, partner, h->n, &e);
    if (st == ST_NOT_FOUND)
        verify_say(x->v, "holding-without-entry", where,
                   "stands at entry %llu, which the ledger does not have", (unsigned long long)h->n);
    if (st == ST_NOT_FOUND || st == ST_CORRUPT)
        return ST_OK; // damage was told with the ledger
    if (st != ST_OK)
        return st;
    bool same = e.kind == h->kind && e.kind != ENTRY_HEAD && uuid_eq(e.report, id) && e.version == h->version;
    if (same && e.kind == ENTRY_RELEASE)
        same = digest_eq(&e.digest, &h->digest) && e.onward == h->onward;
    if (!same)
        verify_say(x->v, "holding-differs", where, "is not what entry %llu of the ledger says",
                   (unsigned long long)h->n);
    return ST_OK;
}

static enum status check_holding(struct holdings *x, struct uuid id, const char *partner)
{
    char urn[UUID_URN_LEN + 1], where[PARTNER_ID_MAX + UUID_URN_LEN + 16];
    struct holding h;
    snprintf(where, sizeof where, "holding %s %s", partner, uuid_urn(id, urn));
    enum status st = holding_get(x->v->t, partner, id, &h);
    if (st == ST_NOT_FOUND || st == ST_CORRUPT) {
        verify_say(x->v, "holding-damaged", where, "the record of what the partner holds is %s",
                   st == ST_CORRUPT ? "damaged" : "missing");
        return ST_OK;
    }
    if (st != ST_OK)
        return st;
    x->count++;
    TRY(check_entry(x, where, partner, id, &h));
    if (h.kind != ENTRY_RELEASE || h.lapsed)
        return ST_OK; // nothing is served any more; the copy may be gone
    TRY(load(x->v, &x->copy, id, &h));
    if (x->copy.absent)
        verify_say(x->v, "copy-missing", where, "the stored copy it is cut from is not here");
    else if (x->copy.unreadable)
        verify_say(x->v, "copy-unreadable", where, "the stored copy it is cut from is not a valid report");
    else
        compare_rendition(x, where, &h);
    return buf_status(&x->rendition) == ST_NOMEM ? ST_NOMEM : ST_OK;
}

static enum status on_held_by(void *ctx, struct span key, struct span value)
{
    struct holdings *x = ctx;
    char partner[PARTNER_ID_MAX + 1];
    struct key_reader r = key_reader_of(key);
    struct uuid id = key_get_uuid(&r);
    (void)value;
    key_get_id(&r, partner);
    if (value_whole(&r))
        return check_holding(x, id, partner);
    verify_say(x->v, "key-damaged", "holdings", "a key that names no report and partner");
    return ST_OK;
}

static enum status compare_count(struct holdings *x)
{
    struct db_walk w;
    struct span all = span_of(NULL, 0);
    uint64_t have = 0;
    for (bool ok = db_walk_first(x->v->t, DB_HOLDINGS, all, all, &w); ok; ok = db_walk_next(&w))
        have++;
    db_walk_end(&w);
    if (w.st == ST_OK && have > x->count)
        verify_say(x->v, "holding-unlisted", "holdings", "%llu holdings are not found from their report",
                   (unsigned long long)(have - x->count));
    return w.st;
}

enum status verify_holdings(struct verify *v)
{
    struct key all = {.len = 0};
    struct holdings x = {.v = v};
    x.copy.record = calloc(1, sizeof *x.copy.record);
    if (!x.copy.record)
        return ST_NOMEM;
    buf_init(&x.rendition, RENDITION_BYTES_MAX + REPORT_CHILDREN_MAX * 64);
    enum status st = value_each(v->t, DB_HELD_BY, &all, span_of(NULL, 0), on_held_by, &x);
    if (st == ST_OK)
        st = compare_count(&x);
    buf_fini(&x.rendition);
    arena_free(&x.copy.arena);
    free(x.copy.record);
    return st;
}
