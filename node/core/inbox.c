#include "node/core/inbox.h"

#include <stdio.h>
#include <stdlib.h>

#include "formats/base/encode.h"
#include "node/core/attachment_fetch.h"
#include "node/core/coding.h"
#include "node/core/compress.h"
#include "node/core/sync.h"
#include "store/sources.h"

enum { RETRY_MIN_MS = 1000 }; // before one of wrong bytes is wanted again; then twice as long each time

static bool is_taken(struct tick *t, const struct request *rq, struct reply *rp)
{
    const struct peer *peer = core_peer(t->core, rq->who.id);
    if (peer && peer->inbox)
        return true;
    reply_problem(rp, 403, "no-inbox", "Your pushes are not taken here",
                  "Operators agree on who calls whom: \"push = yes\" at one node, \"pull = no\" and \"inbox = yes\" at the other.", NULL);
    return false;
}

// The number of a query of this one parameter; `missing` when there is none. False for all else.
static bool read_number(const struct request *rq, const char *name, uint64_t missing, uint64_t *ret)
{
    char text[24];
    *ret = missing;
    if (rq->head.query.len == 0)
        return missing != UINT64_MAX;
    return http_query_get(rq->head.query, name, text, sizeof text) && decimal_parse(span_cstr(text), UINT64_MAX / 2, ret);
}

// ---- pages

struct taking {
    struct tick *t;
    const struct request *rq;
    struct reply *rp;
    const char *partner;
    struct buf plain; // the page as it was before its coding
    struct diag *d;
    struct sync_result r;
};

// Undo the coding. False when it was answered; *ret_st is then a failure of ours, or ST_OK.
static bool read_page(struct taking *x, enum status *ret_st)
{
    enum coding c = CODING_NONE;
    struct span name = http_header_get(&x->rq->head, "content-encoding");
    *ret_st = ST_OK;
    if (name.len && coding_parse(name, &c) != ST_OK) {
        reply_header(x->rp, "Accept-Encoding", "zstd, gzip");
        reply_problem(x->rp, 415, "coding", "The page has a content coding that is not known here", "There is zstd and gzip.", NULL);
        return false;
    }
    enum status st = decompress_bytes(c, x->rq->body, &x->plain);
    if (st == ST_LIMIT)
        reply_problem(x->rp, 413, "too-large", "The page is beyond the limit once it is decompressed", NULL, NULL);
    else if (st == ST_MALFORMED)
        reply_problem(x->rp, 422, "inbox-form", "The page's content coding cannot be undone", NULL, NULL);
    else
        *ret_st = st;
    return st == ST_OK;
}

static void tell_position(struct taking *x, int status, uint64_t position)
{
    x->rp->status = status;
    x->rp->content_type = "text/plain; charset=utf-8";
    reply_header(x->rp, INBOX_POSITION, "%llu", (unsigned long long)position);
}

static enum status refuse_position(struct taking *x, uint64_t position)
{
    uint64_t size;
    tell_position(x, 409, position);
    return sync_receipt_due(x->t, x->partner, &x->rp->body, &size);
}

static void refuse_fork(struct taking *x, const char *why)
{
    reply_problem(x->rp, 409, "log-fork", "Your ledger contradicts what it showed us before", why, NULL);
}

// A page that was refused left the store as it was; say so here and there.
static enum status refuse_page(struct taking *x, enum status how)
{
    char why[SOURCE_ERROR_MAX];
    struct source_state s;
    const struct fault *f = x->d->count ? &x->d->faults[0] : NULL;
    snprintf(why, sizeof why, "page refused: %.*s", (int)sizeof why - 16, f ? f->message : status_text(how));
    TRY(source_get(x->t->txn, x->partner, &s));
    if (s.forked) {
        refuse_fork(x, why);
        return ST_OK;
    }
    reply_problem(x->rp, 422, "page-refused", "The page does not verify", why, NULL);
    return sync_failed(x->t, x->partner, why);
}

static enum status apply(struct taking *x)
{
    diag_init(x->d, NULL);
    enum status st = sync_apply_page(x->t, x->partner, buf_bytes(&x->plain), x->d, &x->r);
    if (st == ST_OK) {
        tell_position(x, 200, x->r.size);
        buf_span(&x->rp->body, buf_bytes(&x->r.cosignature));
        st = buf_status(&x->rp->body);
    } else if (sync_is_refusal(st)) {
        st = refuse_page(x, st);
    }
    sync_result_fini(&x->r);
    return st;
}

static enum status take(struct taking *x)
{
    struct source_state s;
    uint64_t start;
    enum status st;
    if (!read_number(x->rq, "start", UINT64_MAX, &start)) {
        reply_problem(x->rp, 422, "inbox-form", "Where does the page begin?",
                      "Expected /v1/inbox?start= and the position of its first entry.", NULL);
        return ST_OK;
    }
    TRY(source_get(x->t->txn, x->partner, &s));
    if (s.forked) {
        refuse_fork(x, "We take nothing until both operators have compared the ledgers.");
        return ST_OK;
    }
    if (start != s.size)
        return refuse_position(x, s.size);
    return read_page(x, &st) ? apply(x) : st;
}

enum status inbox_take(struct tick *t, const struct request *rq, struct reply *rp)
{
    if (!is_taken(t, rq, rp))
        return ST_OK;
    struct taking x = {.t = t, .rq = rq, .rp = rp, .partner = rq->who.id, .d = malloc(sizeof *x.d)};
    buf_init(&x.plain, FEED_DOCUMENT_BYTES_MAX);
    enum status st = x.d ? take(&x) : ST_NOMEM;
    buf_fini(&x.plain);
    free(x.d);
    return st;
}

// ---- attachments

struct listing {
    struct tick *t;
    const char *partner;
    struct buf *out;
    size_t count;
};

static enum status list_want(void *ctx, const struct attachment_want *w)
{
    struct listing *l = ctx;
    char who[ATTACHMENT_WHO_MAX];
    uint64_t have;
    if (w->size > l->t->core->attachment_bytes_max || w->again_at > l->t->now)
        return ST_OK;
    if (l->count++ == INBOX_WANTED_MAX)
        return ST_GONE; // enough for now
    TRY(attachment_have(l->t->txn, &w->digest, attachment_who("partner", l->partner, who), w->size, &have));
    hex_put(l->out, span_of(w->digest.b, SHA256_LEN));
    buf_printf(l->out, " %llu %llu\n", (unsigned long long)w->size, (unsigned long long)have);
    return ST_OK;
}

enum status inbox_wanted(struct tick *t, const struct request *rq, struct reply *rp)
{
    struct listing l = {.t = t, .partner = rq->who.id, .out = &rp->body};
    if (!is_taken(t, rq, rp))
        return ST_OK;
    enum status st = attachment_each_want(t->txn, l.partner, list_want, &l);
    if (st != ST_OK && st != ST_GONE)
        return st;
    rp->status = 200;
    rp->content_type = "text/plain; charset=utf-8";
    return buf_status(&rp->body);
}

static void not_wanted(struct reply *rp)
{
    reply_problem(rp, 404, "not-found", "There is no such attachment wanted of you", NULL, NULL);
}

static enum status refuse_offset(struct reply *rp, uint64_t have)
{
    reply_header(rp, "Upload-Offset", "%llu", (unsigned long long)have);
    reply_problem(rp, 409, "upload-offset", "The bytes do not begin where the earlier ones ended",
                  "Nothing was stored. Send the bytes from Upload-Offset on, with it as the query parameter \"offset\".", NULL);
    return ST_OK;
}

static enum status take_piece(struct tick *t, const struct request *rq, const struct fetch *f, uint64_t at, struct reply *rp)
{
    enum fetch_fate fate;
    TRY(fetch_take(t, rq->who.id, f, at, rq->body, RETRY_MIN_MS, &fate));
    switch (fate) {
    case FETCH_MORE:
        rp->status = REPLY_GO_ON;
        return ST_OK;
    case FETCH_WHOLE:
        rp->status = 201;
        return ST_OK;
    case FETCH_WRONG:
        reply_problem(rp, 422, "digest-mismatch", "The bytes have another SHA-256", "They were erased.", NULL);
        return ST_OK;
    case FETCH_UNWANTED:
        not_wanted(rp);
        return ST_OK;
    }
    return ST_OK;
}

enum status inbox_attachment(struct tick *t, const struct request *rq, struct reply *rp)
{
    struct fetch f = {.found = true};
    struct attachment_want w;
    char who[ATTACHMENT_WHO_MAX];
    uint64_t offset;
    struct span hex = span_sub(rq->head.path, strlen(INBOX_ATTACHMENTS), rq->head.path.len);
    if (!is_taken(t, rq, rp))
        return ST_OK;
    if (hex_get(hex, f.digest.b, SHA256_LEN) != ST_OK || !read_number(rq, "offset", 0, &offset)) {
        reply_problem(rp, 422, "attachment-form", "This is not the address of an attachment",
                      "Expected " INBOX_ATTACHMENTS " and the SHA-256 of the bytes as 64 lower-case hexadecimal digits; "
                      "\"offset\" is a number of bytes.",
                      NULL);
        return ST_OK;
    }
    f.size = offset + rq->head.content_length;
    enum status st = attachment_want_get(t->txn, rq->who.id, &f.digest, &w);
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    if (st == ST_NOT_FOUND || w.size != f.size || f.size > t->core->attachment_bytes_max) {
        not_wanted(rp);
        return ST_OK;
    }
    TRY(attachment_have(t->txn, &f.digest, attachment_who("partner", rq->who.id, who), f.size, &f.have));
    if (f.have != offset + rq->body_at)
        return refuse_offset(rp, f.have);
    if (rq->body.len == 0 && rq->head.content_length > 0) {
        rp->status = REPLY_GO_ON; // the head alone: let the bytes come
        return ST_OK;
    }
    return take_piece(t, rq, &f, offset + rq->body_at, rp);
}
