#include "node/core/ingest.h"

#include <stdio.h>
#include <stdlib.h>

#include "formats/report.h"
#include "node/core/new_version.h"
#include "node/core/publish.h"
#include "store/spooled.h"

static const char *reply_header_get(const struct reply *rp, const char *name)
{
    for (size_t i = 0; i < rp->header_count; i++)
        if (strcmp(rp->headers[i].name, name) == 0)
            return rp->headers[i].value;
    return "";
}

// Location and ETag tell as what it was published.
static enum status note_file(struct tick *t, const char *name, struct span bytes, const struct reply *rp)
{
    struct spooled s = {.digest = sha256(bytes)};
    const char *location = reply_header_get(rp, "Location"), *tag = reply_header_get(rp, "ETag");
    const char *id = strrchr(location, '/');
    if (!id || uuid_parse(span_cstr(id + 1), &s.report) != ST_OK || *tag != '"')
        return ST_CORRUPT;
    s.version = (uint32_t)strtoul(tag + 1, NULL, 10);
    snprintf(s.name, sizeof s.name, "%s", name);
    return spooled_add(t->txn, &s);
}

static enum ingest_fate fate_of(const struct reply *rp, bool readable)
{
    if (rp->status / 100 == 2)
        return INGEST_DONE;
    if (rp->status / 100 != 4)
        return INGEST_LATER;
    return readable ? INGEST_REJECTED : INGEST_UNREADABLE;
}

static enum status run(struct tick *t, struct request *rq, const struct report *r, struct reply *rp)
{
    char tag[16];
    rq->who.role = ROLE_CELL;
    rq->who.via = "spool";
    if (r)
        snprintf(rq->who.id, sizeof rq->who.id, "%s", r->cell);
    if (!r || !r->has_id || r->version < 2)
        return publish_report(t, rq, rp);
    snprintf(tag, sizeof tag, "\"%u\"", r->version - 1);
    rq->head.headers[rq->head.header_count++] = (struct http_header){span_cstr("if-match"), span_cstr(tag)};
    return new_version_put(t, rq, r->id, rp);
}

enum status ingest_file(struct tick *t, const char *name, struct span bytes, struct reply *rp, enum ingest_fate *ret)
{
    const struct report *r = NULL;
    struct arena *a = xml_arena_new(bytes.len);
    struct request *rq = calloc(1, sizeof *rq);
    enum status st = a && rq ? ST_OK : ST_NOMEM, read = ST_OK;
    if (st == ST_OK) {
        rq->body = bytes;
        rq->received_at = t->now;
        read = report_read(bytes, name, a, NULL, &r);
        st = read == ST_NOMEM ? ST_NOMEM : run(t, rq, read == ST_OK ? r : NULL, rp);
    }
    if (st == ST_OK) {
        *ret = fate_of(rp, read != ST_MALFORMED);
        if (*ret == INGEST_DONE)
            st = note_file(t, name, bytes, rp);
    }
    free(rq);
    arena_free(&a);
    return st;
}
