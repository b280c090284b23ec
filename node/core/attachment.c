#include "node/core/attachment.h"

#include <stdio.h>
#include <stdlib.h>

#include "formats/base/limits.h"
#include "node/core/coding.h"
#include "node/core/feed_flow.h"
#include "node/core/release.h"
#include "store/ledger.h"

enum { PREFIX_LEN = sizeof "/v1/attachments/" - 1 };

static bool digest_of_path(const struct request *rq, struct digest *ret)
{
    struct span hex = span_sub(rq->head.path, PREFIX_LEN, rq->head.path.len);
    return hex_get(hex, ret->b, SHA256_LEN) == ST_OK;
}

static void not_found(struct reply *rp)
{
    reply_problem(rp, 404, "not-found", "There is no such attachment", NULL, NULL);
}

// A plain decimal; false for anything else and beyond 2^62.
static bool parse_number(struct span text, uint64_t *ret)
{
    uint64_t v = 0;
    if (text.len == 0 || text.len > 18)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
        v = 10 * v + (uint64_t)(text.ptr[i] - '0');
    }
    *ret = v;
    return true;
}

// ---- bringing

struct upload {
    struct tick *t;
    const struct request *rq;
    struct reply *rp;
    struct digest digest;
    char who[ATTACHMENT_WHO_MAX];
    uint64_t offset, size;
};

static bool read_offset(struct upload *u)
{
    char text[24] = "0";
    if (u->rq->head.query.len && !http_query_get(u->rq->head.query, "offset", text, sizeof text))
        return false;
    return parse_number(span_cstr(text), &u->offset);
}

static enum status refuse_offset(struct upload *u)
{
    uint64_t have;
    TRY(attachment_have(u->t->txn, &u->digest, u->who, u->size, &have));
    reply_header(u->rp, "Upload-Offset", "%llu", (unsigned long long)have);
    reply_problem(u->rp, 409, "upload-offset", "The bytes do not begin where the earlier ones ended",
                  "Nothing was stored. Send the bytes from Upload-Offset on, with it as the query parameter \"offset\".", NULL);
    return ST_OK;
}

// True when it was answered.
static bool refuse_form(struct upload *u)
{
    char detail[160];
    uint64_t max = u->t->core->attachment_bytes_max;
    if (!digest_of_path(u->rq, &u->digest) || !read_offset(u)) {
        reply_problem(u->rp, 422, "attachment-form", "This is not the address of an attachment",
                      "Expected /v1/attachments/ and the SHA-256 of the bytes as 64 lower-case hexadecimal digits; "
                      "\"offset\" is a number of bytes.",
                      NULL);
        return true;
    }
    u->size = u->offset + u->rq->head.content_length;
    if (u->size >= u->offset && u->size <= max)
        return false;
    snprintf(detail, sizeof detail, "Nothing was stored. At most %llu MiB are taken; the operator can raise attachment-max-mib.",
             (unsigned long long)(max / MIB));
    reply_problem(u->rp, 413, "too-large", "The attachment is beyond the limit", detail, NULL);
    return true;
}

// Before the first byte: is it wanted at all? *ret_done when it was answered.
static enum status begin_upload(struct upload *u, bool *ret_done)
{
    uint64_t have;
    bool given;
    *ret_done = true;
    TRY(attachment_given(u->t->txn, &u->digest, u->who, &given));
    if (given) {
        u->rp->status = 200;
        return ST_OK;
    }
    TRY(attachment_have(u->t->txn, &u->digest, u->who, u->size, &have));
    if (have != u->offset)
        return refuse_offset(u);
    *ret_done = false;
    return ST_OK;
}

static enum status take_piece(struct upload *u)
{
    bool whole;
    enum status st = attachment_append(u->t->txn, &u->digest, u->who, u->size, u->offset + u->rq->body_at, u->rq->body,
                                       u->t->now, &whole);
    if (st == ST_CONFLICT) // the same cell is sending it twice at a time
        return refuse_offset(u);
    if (st == ST_BAD_PROOF) {
        reply_problem(u->rp, 422, "digest-mismatch", "The bytes have another SHA-256",
                      "They were erased. The file changed while it was sent, or was damaged on the way: send it again from "
                      "the start.",
                      NULL);
        return ST_OK;
    }
    u->rp->status = whole ? 201 : REPLY_GO_ON;
    return st;
}

enum status attachment_put(struct tick *t, const struct request *rq, struct reply *rp)
{
    struct upload u = {.t = t, .rq = rq, .rp = rp};
    bool done = false;
    attachment_who("cell", rq->who.id, u.who);
    if (refuse_form(&u))
        return ST_OK;
    if (rq->body.len == 0) {
        TRY(begin_upload(&u, &done));
        if (done)
            return ST_OK;
        if (rq->head.content_length > 0) {
            rp->status = REPLY_GO_ON;
            return ST_OK;
        }
    }
    return take_piece(&u);
}

// ---- naming

enum status attachment_check(struct tick *t, const struct report *r, const char *cell, struct diag *d, bool *ret_missing)
{
    char who[ATTACHMENT_WHO_MAX];
    uint64_t size;
    bool given;
    *ret_missing = false;
    attachment_who("cell", cell, who);
    for (size_t i = 0; i < r->child_count; i++) {
        const struct report_child *c = &r->children[i];
        if (c->kind != REPORT_ATTACHMENT)
            continue;
        TRY(attachment_given(t->txn, &c->sha256, who, &given));
        enum status st = given ? attachment_size(t->txn, &c->sha256, &size) : ST_NOT_FOUND;
        if (st != ST_OK && st != ST_NOT_FOUND)
            return st;
        if (st == ST_OK && size == c->size_bytes)
            continue;
        *ret_missing = true;
        if (st == ST_NOT_FOUND)
            diag_add(d, c->line, 0, "attachment-missing", c->id,
                     "this cell has not brought the bytes of \"%s\": publish it with relto publish --attach, or PUT them to "
                     "/v1/attachments/ first",
                     c->name);
        else
            diag_add(d, c->line, 0, "attachment-size", c->id, "\"%s\" has %llu bytes, the draft says %llu", c->name,
                     (unsigned long long)size, (unsigned long long)c->size_bytes);
    }
    return ST_OK;
}

enum status attachment_note(struct tick *t, const struct report *r, const char *source)
{
    size_t n = 0;
    struct attachment_name *names = calloc(r->child_count + 1, sizeof *names);
    if (!names)
        return ST_NOMEM;
    for (size_t i = 0; i < r->child_count; i++)
        if (r->children[i].kind == REPORT_ATTACHMENT)
            names[n++] = (struct attachment_name){r->children[i].sha256, r->children[i].size_bytes};
    enum status st = attachment_set_names(t->txn, r->id, r->version, source, r->nation, names, n);
    free(names);
    return st;
}

// ---- serving

struct serving {
    struct tick *t;
    const char *partner;
    size_t index; // in the policy
    struct digest digest;
    // found:
    struct permit *permit; // owned
    struct uuid report;
    struct holding h;
    uint64_t size;
    bool denied; // a report that was to permit it does not any more …
    struct uuid denied_report;
};

// ST_GONE ends the walk: it may go for this report.
static enum status look_at_use(void *ctx, const struct attachment_use *u)
{
    struct serving *s = ctx;
    struct holding h;
    bool here;
    enum status st = holding_get(s->t->txn, s->partner, u->id, &h);
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_OK : st;
    if (h.kind != ENTRY_RELEASE || h.lapsed || h.version != u->version || strcmp(h.source, u->source) != 0)
        return ST_OK;
    TRY(attachment_here(s->t->txn, &s->digest, u, &here));
    if (!here)
        return ST_OK;
    st = release_mediate_attachment(s->t, s->index, u->id, &h, &s->digest, u->size, &s->permit);
    if (st == ST_DENIED || st == ST_NOT_FOUND) {
        s->denied = s->denied || st == ST_DENIED;
        s->denied_report = st == ST_DENIED ? u->id : s->denied_report;
        return ST_OK;
    }
    TRY(st);
    s->report = u->id;
    s->h = h;
    s->size = u->size;
    return ST_GONE;
}

enum range_kind { RANGE_NONE, RANGE_ONE, RANGE_OUTSIDE };

// One range of bytes; what is none of that, or more than one, asks for all (RFC 9110 14.2).
static enum range_kind parse_range(struct span v, uint64_t size, uint64_t *ret_from, uint64_t *ret_len)
{
    uint64_t first = 0, last = UINT64_MAX;
    if (!span_starts(v, "bytes="))
        return RANGE_NONE;
    v = span_sub(v, 6, v.len);
    const uint8_t *dash = v.len ? memchr(v.ptr, '-', v.len) : NULL;
    if (!dash)
        return RANGE_NONE;
    struct span a = span_sub(v, 0, (size_t)(dash - v.ptr)), b = span_sub(v, a.len + 1, v.len);
    if ((a.len && !parse_number(a, &first)) || (b.len && !parse_number(b, &last)) || (!a.len && !b.len) ||
        (a.len && first > last))
        return RANGE_NONE;
    if (!a.len) { // the last so many
        first = last < size ? size - last : 0;
        last = last ? UINT64_MAX : 0;
        if (last == 0)
            return RANGE_OUTSIDE;
    }
    if (first >= size)
        return RANGE_OUTSIDE;
    *ret_from = first;
    *ret_len = (last < size - 1 ? last + 1 : size) - first;
    return RANGE_ONE;
}

// The next chunk, in a snapshot of its own, if the ledger still says that the partner may have it.
static enum status read_chunk(struct reply_stream *s)
{
    struct db_txn *txn;
    TRY(db_begin(s->core->db, false, &txn));
    enum status st = holding_stands(txn, s->partner, s->report, s->position);
    if (st == ST_OK)
        st = attachment_read(txn, &s->digest, s->from, s->chunk, &s->chunk_len);
    db_abort(&txn);
    return st;
}

static enum status add_stream(struct serving *s, struct reply *rp, uint64_t from, uint64_t len)
{
    struct reply_stream *x = calloc(1, sizeof *x);
    uint8_t *chunk = malloc(ATTACHMENT_CHUNK);
    if (!x || !chunk) {
        free(x);
        free(chunk);
        return ST_NOMEM;
    }
    *x = (struct reply_stream){.digest = s->digest, .from = from, .left = len, .permit = s->permit, .report = s->report,
                               .position = s->h.n, .chunk = chunk, .read = read_chunk, .core = s->t->core};
    snprintf(x->partner, sizeof x->partner, "%s", s->partner);
    s->permit = NULL;
    rp->stream = x;
    return ST_OK;
}

static enum status answer(struct serving *s, const struct request *rq, struct reply *rp)
{
    char digest[DIGEST_TEXT_LEN + 1], etag[DIGEST_TEXT_LEN + 3];
    uint64_t from = 0, len = s->size;
    snprintf(etag, sizeof etag, "\"%s\"", digest_text(&s->digest, digest));
    reply_header(rp, "ETag", "%s", etag);
    reply_header(rp, "Accept-Ranges", "bytes");
    if (etag_listed(http_header_get(&rq->head, "if-none-match"), etag)) {
        rp->status = 304;
        return ST_OK;
    }
    struct span condition = http_header_get(&rq->head, "if-range");
    enum range_kind range = RANGE_NONE;
    if (condition.len == 0 || span_eq_cstr(condition, etag))
        range = parse_range(http_header_get(&rq->head, "range"), s->size, &from, &len);
    if (range == RANGE_OUTSIDE) {
        reply_header(rp, "Content-Range", "bytes */%llu", (unsigned long long)s->size);
        reply_problem(rp, 416, "range", "The attachment has no such bytes", NULL, NULL);
        return ST_OK;
    }
    if (range == RANGE_ONE)
        reply_header(rp, "Content-Range", "bytes %llu-%llu/%llu", (unsigned long long)from,
                     (unsigned long long)(from + len - 1), (unsigned long long)s->size);
    TRY(feed_mark_delivered(s->t, s->partner, s->report, &s->h));
    TRY(feed_log_delivery(s->t, rq, s->h.n, s->h.n, len, &s->report, &s->digest));
    rp->status = range == RANGE_ONE ? 206 : 200;
    rp->content_type = "application/octet-stream"; // its media type stands in the report, as its author says
    return add_stream(s, rp, from, len);
}

enum status attachment_get(struct tick *t, const struct request *rq, struct reply *rp)
{
    struct serving s = {.t = t, .partner = rq->who.id, .index = ruleset_partner_index(t->core->rules, rq->who.id)};
    enum status st = ST_OK;
    if (digest_of_path(rq, &s.digest) && s.index != SIZE_MAX)
        st = attachment_each_use(t->txn, &s.digest, look_at_use, &s);
    if (st == ST_GONE) {
        st = answer(&s, rq, rp);
        permit_free(&s.permit);
        return st;
    }
    if (st != ST_OK)
        return st;
    not_found(rp);
    return s.denied ? release_report(t, s.denied_report, CAUSE_RECHECK, NULL) : ST_OK;
}
