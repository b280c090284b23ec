#include "node/core/audit_proof.h"

#include <stdio.h>
#include <stdlib.h>

#include "formats/base/limits.h"
#include "formats/tlog.h"
#include "store/audit_log.h"
#include "store/witness.h"

enum status audit_proof_sign(struct tick *t, uint64_t size, struct buf *out)
{
    struct checkpoint c = {.size = size};
    int n = snprintf(c.origin, sizeof c.origin, "%s/audit", t->core->node_name);
    if (n < 0 || (size_t)n >= sizeof c.origin)
        return ST_LIMIT;
    TRY(tree_root(t->txn, AUDIT_LOG, size, &c.root));
    return checkpoint_sign(&c, &t->core->audit_key, out);
}

static void answer_text(struct reply *rp)
{
    rp->status = 200;
    rp->content_type = "text/plain; charset=utf-8";
    reply_header(rp, "Cache-Control", "no-store");
}

static enum status not_there(struct reply *rp)
{
    reply_problem(rp, 404, "not-found", "The log has no such thing", NULL, NULL);
    return ST_OK;
}

// ---- checkpoints

enum status audit_proof_checkpoint(struct tick *t, const struct request *rq, struct reply *rp)
{
    uint64_t size;
    (void)rq;
    TRY(audit_size(t->txn, &size));
    answer_text(rp);
    return audit_proof_sign(t, size, &rp->body);
}

enum status audit_proof_witnessed(struct tick *t, const struct request *rq, struct reply *rp)
{
    uint64_t size;
    struct span note;
    (void)rq;
    enum status st = cosigned_near(t->txn, UINT64_MAX, &size, &note);
    if (st == ST_NOT_FOUND)
        return not_there(rp);
    if (st != ST_OK)
        return st;
    answer_text(rp);
    buf_span(&rp->body, note);
    return buf_status(&rp->body);
}

// ---- tiles

struct tile {
    bool entries;
    unsigned level;
    uint64_t index;
    uint64_t width;
};

// Cut the text up to the next slash off *s.
static struct span element(struct span *s)
{
    const uint8_t *slash = s->len ? memchr(s->ptr, '/', s->len) : NULL;
    size_t n = slash ? (size_t)(slash - s->ptr) : s->len;
    struct span e = span_sub(*s, 0, n);
    *s = span_sub(*s, slash ? n + 1 : n, s->len);
    return e;
}

static bool three_digits(struct span s, uint64_t *ret)
{
    uint64_t v = 0;
    if (s.len != 3)
        return false;
    for (size_t i = 0; i < 3; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
        v = 10 * v + (uint64_t)(s.ptr[i] - '0');
    }
    *ret = v;
    return true;
}

// x001/x234/067[.p/5]: all but the last group begin with an x; the first one is zero only when it is the only one.
static bool read_place(struct span path, struct tile *ret)
{
    uint64_t v = 0, group;
    for (bool first = true;; first = false) {
        struct span e = element(&path);
        bool more = e.len > 0 && e.ptr[0] == 'x', partial = e.len == 5 && memcmp(e.ptr + 3, ".p", 2) == 0;
        if (!three_digits(span_sub(e, more, partial ? 3 : e.len), &group) || v > (UINT64_MAX >> 16) / 1000 || (more && first && group == 0))
            return false;
        v = 1000 * v + group;
        if (more)
            continue;
        ret->index = v;
        ret->width = TILE_WIDTH;
        return partial ? decimal_parse(path, TILE_WIDTH - 1, &ret->width) && ret->width > 0 : path.len == 0;
    }
}

static bool read_tile(struct span path, struct tile *ret)
{
    uint64_t level = 0;
    struct span rest = span_sub(path, strlen("/v1/audit/tile/"), path.len);
    struct span what = element(&rest);
    bool slashed = path.ptr[path.len - 1] != '/';
    ret->entries = span_eq_cstr(what, "entries");
    if (!slashed || (!ret->entries && !decimal_parse(what, 63, &level)))
        return false;
    ret->level = (unsigned)level;
    return read_place(rest, ret);
}

// Are all of the tile's hashes those of complete subtrees of a log of this size?
static bool tile_is_there(const struct tile *x, uint64_t size)
{
    unsigned shift = 8 * x->level;
    uint64_t have = shift >= 64 ? 0 : size >> shift; // complete subtrees of this level
    return x->index <= have / TILE_WIDTH && x->index * TILE_WIDTH + x->width <= have;
}

static enum status put_hashes(struct tick *t, const struct tile *x, struct buf *out)
{
    struct tree_nodes_state state = {t->txn, AUDIT_LOG};
    struct merkle_nodes nodes = tree_nodes(&state);
    for (uint64_t i = 0; i < x->width; i++) {
        struct digest h;
        TRY(nodes.get(nodes.ctx, 8 * x->level, x->index * TILE_WIDTH + i, &h));
        buf_put(out, h.b, SHA256_LEN);
    }
    return buf_status(out);
}

// Is this event the caller's own `export` event?
static enum status is_own_export(struct span leaf, const char *actor, bool *ret)
{
    struct audit_event e;
    struct arena *a = xml_arena_new(leaf.len);
    enum status st = a ? audit_event_parse(leaf, a, &e) : ST_NOMEM;
    *ret = st == ST_OK && e.kind == AUDIT_EXPORT && strcmp(e.actor, actor) == 0;
    arena_free(&a);
    return st == ST_NOMEM ? st : ST_OK; // a damaged one is handed out as it is
}

static enum status put_entries(struct tick *t, const struct tile *x, const char *actor, struct buf *out, bool *ret_own)
{
    *ret_own = true;
    for (uint64_t n = x->index * TILE_WIDTH; n < x->index * TILE_WIDTH + x->width; n++) {
        struct span leaf;
        TRY(audit_get(t->txn, n, &leaf));
        const uint8_t len[2] = {(uint8_t)(leaf.len >> 8), (uint8_t)leaf.len};
        if (leaf.len > UINT16_MAX)
            return ST_CORRUPT;
        if (*ret_own)
            TRY(is_own_export(leaf, actor, ret_own));
        buf_put(out, len, sizeof len);
        buf_span(out, leaf);
    }
    return buf_status(out);
}

static enum status log_export(struct tick *t, const struct request *rq, const struct tile *x, const char *actor)
{
    char certificate[DIGEST_TEXT_LEN + 1], first[DECIMAL_TEXT_MAX], last[DECIMAL_TEXT_MAX], count[DECIMAL_TEXT_MAX];
    struct audit_event ev = {.kind = AUDIT_EXPORT, .actor = actor};
    uint64_t from = x->index * TILE_WIDTH;
    audit_event_attr(&ev, "certificate", digest_text(&rq->who.certificate, certificate));
    audit_event_attr(&ev, "events", decimal_text(x->width, count));
    audit_event_attr(&ev, "first", decimal_text(from, first));
    audit_event_attr(&ev, "last", decimal_text(from + x->width - 1, last));
    return tick_log(t, &ev);
}

enum status audit_proof_tile(struct tick *t, const struct request *rq, struct reply *rp)
{
    struct tile x = {.width = 0};
    uint64_t size;
    char actor[80];
    bool own = true;
    TRY(audit_size(t->txn, &size));
    if (!read_tile(rq->head.path, &x) || !tile_is_there(&x, size))
        return not_there(rp);
    rp->status = 200;
    rp->content_type = "application/octet-stream";
    reply_header(rp, "Cache-Control", "no-store");
    if (!x.entries)
        return put_hashes(t, &x, &rp->body);
    TRY(put_entries(t, &x, principal_text(&rq->who, actor), &rp->body, &own));
    return own ? ST_OK : log_export(t, rq, &x, actor);
}

// ---- proofs

struct asked {
    bool index_given, old_given;
    uint64_t n, size;
};

static bool read_number(struct span query, const char *name, bool *ret_given, uint64_t *ret)
{
    char text[DECIMAL_TEXT_MAX];
    bool has = http_query_get(query, name, text, sizeof text);
    *ret_given = has;
    return !has || decimal_parse(span_cstr(text), UINT64_MAX, ret);
}

// Exactly one of index and old, perhaps a size, and nothing else: as many pairs as were found.
static bool read_asked(struct span query, struct asked *ret)
{
    bool size_given;
    size_t pairs = query.len > 0;
    for (size_t i = 0; i < query.len; i++)
        pairs += query.ptr[i] == '&';
    return read_number(query, "index", &ret->index_given, &ret->n) && read_number(query, "old", &ret->old_given, &ret->n) &&
           read_number(query, "size", &size_given, &ret->size) && ret->index_given != ret->old_given &&
           pairs == 1 + (size_t)size_given;
}

static enum status write_proof(struct tick *t, const struct asked *q, struct tlog_text *x, struct buf *checkpoint, struct buf *out)
{
    struct digest proof[MERKLE_LEVELS + 1];
    struct tree_nodes_state state = {t->txn, AUDIT_LOG};
    struct merkle_nodes nodes = tree_nodes(&state);
    TRY(q->index_given ? merkle_inclusion(&nodes, q->n, q->size, proof, &x->hash_count)
                       : merkle_consistency(&nodes, q->n, q->size, proof, &x->hash_count));
    if (x->hash_count > TLOG_HASHES_MAX)
        return ST_LIMIT;
    TRY(audit_proof_sign(t, q->size, checkpoint));
    memcpy(x->hashes, proof, x->hash_count * sizeof *proof);
    x->n = q->n;
    x->checkpoint = buf_bytes(checkpoint);
    if (q->index_given)
        tlog_proof_write(x, out);
    else
        tlog_update_write(x, out);
    return buf_status(out);
}

enum status audit_proof_serve(struct tick *t, const struct request *rq, struct reply *rp)
{
    struct asked q = {.n = 0};
    uint64_t size;
    struct buf checkpoint;
    TRY(audit_size(t->txn, &size));
    q.size = size;
    if (!read_asked(rq->head.query, &q)) {
        reply_problem(rp, 422, "audit-form", "The question cannot be read",
                      "Expected ?index=N or ?old=N, and perhaps &size=S, all numbers of events.", NULL);
        return ST_OK;
    }
    if (q.size > size || (q.index_given ? q.n >= q.size : q.n > q.size))
        return not_there(rp);
    struct tlog_text *x = calloc(1, sizeof *x);
    if (!x)
        return ST_NOMEM;
    buf_init(&checkpoint, NOTE_BYTES_MAX);
    answer_text(rp);
    enum status st = write_proof(t, &q, x, &checkpoint, &rp->body);
    buf_fini(&checkpoint);
    free(x);
    return st;
}
