#include "node/core/record.h"

#include <stdlib.h>

static enum status fill(struct stored_report *s)
{
    struct digest digest = sha256(s->record.bytes);
    if (s->record.damaged || !digest_eq(&digest, &s->record.digest))
        return ST_CORRUPT;
    s->arena = xml_arena_new(2 * s->record.bytes.len);
    if (!s->arena)
        return ST_NOMEM;
    const char *copy = arena_str(s->arena, s->record.bytes);
    if (!copy)
        return arena_status(s->arena);
    s->bytes = s->record.bytes = span_of(copy, s->record.bytes.len);
    struct rendition_proof proof;
    enum status st = rendition_read(s->bytes, s->arena, NULL, &s->report, &proof);
    return st == ST_NOMEM || st == ST_OK ? st : ST_CORRUPT;
}

static enum status finish(enum status st, struct stored_report *s, struct stored_report **ret)
{
    if (st == ST_OK)
        st = fill(s);
    if (st == ST_OK)
        *ret = s;
    else
        record_free(&s);
    return st;
}

enum status record_load(struct tick *t, struct uuid id, uint32_t version, const char *source, struct stored_report **ret)
{
    struct stored_report *s = calloc(1, sizeof *s);
    if (!s)
        return ST_NOMEM;
    return finish(reports_get(t->txn, id, version, source, &s->record), s, ret);
}

enum status record_load_current(struct tick *t, struct uuid id, struct stored_report **ret)
{
    struct stored_report *s = calloc(1, sizeof *s);
    if (!s)
        return ST_NOMEM;
    return finish(reports_current(t->txn, id, &s->record), s, ret);
}

void record_free(struct stored_report **s)
{
    if (*s) {
        arena_free(&(*s)->arena);
        free(*s);
    }
    *s = NULL;
}
