#include "node/io/egress.h"

#include <stdio.h>

#include "formats/base/bug.h"
#include "formats/base/limits.h"
#include "node/core/compress.h"
#include "node/core/core.h"
#include "store/attachments.h"
#include "store/ledger.h"

enum { RECHECK_MS = 1000 };

size_t egress_length(const struct reply *rp)
{
    size_t n = rp->body.len;
    for (size_t i = 0; i < rp->item_count; i++)
        n += rp->items[i].rendition.len;
    return n + (rp->stream ? (size_t)rp->stream->left : 0);
}

size_t egress_memory(const struct reply *rp)
{
    return rp->stream ? rp->body.len + ATTACHMENT_CHUNK : rp->coded.len ? rp->coded.len : egress_length(rp);
}

static bool stream_covered(const struct reply_stream *s, const char *to, const struct digest *policy, utc_ms now)
{
    return s->permit && strcmp(s->partner, to) == 0 && permit_covers_attachment(s->permit, &s->digest, to, policy, now);
}

// All or nothing: a page that lacks one item would be another page than the one that was logged.
static bool all_covered(const struct reply *rp, const struct principal *to, const struct digest *policy, utc_ms now)
{
    if (rp->item_count == 0 && !rp->stream)
        return true;
    if (to->role != ROLE_PARTNER || !policy || (rp->item_count && !rp->core))
        return false;
    if (rp->stream && !stream_covered(rp->stream, to->id, policy, now))
        return false;
    for (size_t i = 0; i < rp->item_count; i++) {
        const struct reply_item *it = &rp->items[i];
        if (!it->permit || !permit_covers(it->permit, buf_bytes(&it->rendition), to->id, policy, now))
            return false;
    }
    return true;
}

// The first item that is not out yet.
static size_t first_left(const struct egress *e)
{
    if (e->coded)
        return 0;
    bool out = e->item < e->rp->item_count && e->rendition_at > 0 && e->rendition_at == e->rp->items[e->item].rendition.len;
    return e->item + out;
}

// Asked of the ledger only when something that was released has ended since the last time.
static bool entries_stand(struct egress *e)
{
    const struct reply *rp = e->rp;
    struct db_txn *t;
    size_t i = first_left(e);
    if (i >= rp->item_count || e->endings == rp->core->endings)
        return true;
    if (db_begin(rp->core->db, false, &t) != ST_OK)
        return false;
    while (i < rp->item_count && holding_stands(t, e->to, rp->items[i].report, rp->items[i].position) == ST_OK)
        i++;
    db_abort(&t);
    e->endings = rp->core->endings;
    return i == rp->item_count;
}

enum status egress_open(struct egress *e, const struct reply *rp, const struct principal *to,
                        const struct digest *policy, utc_ms now)
{
    *e = (struct egress){0};
    if (!all_covered(rp, to, policy, now))
        return ST_DENIED;
    for (size_t i = 0; i < rp->item_count; i++)
        BUG_IF(rp->items[i].at > rp->body.len || (i && rp->items[i].at < rp->items[i - 1].at));
    e->rp = rp;
    e->left = egress_length(rp);
    e->checked = now;
    e->endings = rp->endings;
    snprintf(e->to, sizeof e->to, "%s", to->id);
    if (policy)
        e->policy = *policy;
    if (entries_stand(e))
        return ST_OK;
    *e = (struct egress){0};
    return ST_DENIED;
}

// A slow link can take minutes over a page; an agreement can end meanwhile.
static bool may_begin_item(struct egress *e, utc_ms now)
{
    if (e->item >= e->rp->item_count || e->rendition_at > 0 || now < utc_add(e->checked, RECHECK_MS))
        return true;
    const struct reply_item *it = &e->rp->items[e->item];
    if (e->frame_at < it->at)
        return true; // the frame before it
    return permit_covers(it->permit, buf_bytes(&it->rendition), e->to, &e->policy, now);
}

void egress_policy(struct egress *e, const struct digest *policy)
{
    e->policy = *policy;
    e->checked = UTC_MIN;
}

// The rest of the chunk in hand, or the next one.
static struct span next_of_stream(struct egress *e, utc_ms now)
{
    struct reply_stream *s = e->rp->stream;
    if (s->chunk_at == s->chunk_len) {
        s->chunk_at = s->chunk_len = 0;
        e->denied = !stream_covered(s, e->to, &e->policy, now) || s->read(s) != ST_OK;
        if (!e->denied && s->chunk_len > s->left)
            s->chunk_len = (size_t)s->left; // the end of a range
    }
    return span_of(s->chunk + s->chunk_at, s->chunk_len - s->chunk_at);
}

// What is next in one piece: frame up to the next item, or the rest of an item.
static struct span next_piece(struct egress *e)
{
    const struct reply *rp = e->rp;
    for (; e->item < rp->item_count; e->item++, e->rendition_at = 0) {
        const struct reply_item *it = &rp->items[e->item];
        if (e->frame_at < it->at)
            return span_sub(buf_bytes(&rp->body), e->frame_at, it->at);
        if (e->rendition_at < it->rendition.len)
            return span_sub(buf_bytes(&it->rendition), e->rendition_at, it->rendition.len);
    }
    return span_sub(buf_bytes(&rp->body), e->frame_at, rp->body.len);
}

static bool in_stream(const struct egress *e)
{
    return e->rp->stream && e->item == e->rp->item_count && e->frame_at == e->rp->body.len;
}

static void advance(struct egress *e, size_t n)
{
    struct reply_stream *s = e->rp->stream;
    if (in_stream(e)) {
        s->chunk_at += n;
        s->from += n;
        s->left -= n;
    } else if (e->item < e->rp->item_count && e->frame_at >= e->rp->items[e->item].at)
        e->rendition_at += n;
    else
        e->frame_at += n;
    e->left -= n;
}

// ---- coded bodies

enum status egress_code(struct egress *e, struct reply *rp)
{
    uint8_t piece[4 * 1024];
    struct buf plain;
    if (rp->coding == CODING_NONE)
        return ST_OK;
    BUG_IF(e->rp != rp || rp->stream || e->frame_at || e->item || e->rendition_at);
    buf_init(&plain, FEED_DOCUMENT_BYTES_MAX);
    buf_init(&rp->coded, FEED_DOCUMENT_BYTES_MAX);
    for (size_t n; (n = egress_take(e, piece, sizeof piece, e->checked)) > 0;)
        buf_put(&plain, piece, n);
    enum status st = buf_status(&plain);
    if (st == ST_OK)
        st = compress_bytes(rp->coding, buf_bytes(&plain), &rp->coded);
    buf_fini(&plain);
    e->left = 0;
    if (st != ST_OK)
        return st;
    for (size_t i = 0; i < rp->item_count; i++)
        buf_fini(&rp->items[i].rendition);
    buf_fini(&rp->body);
    e->coded = true;
    e->left = rp->coded.len;
    return ST_OK;
}

static bool all_stand(const struct egress *e, utc_ms now)
{
    for (size_t i = 0; i < e->rp->item_count; i++)
        if (!permit_stands(e->rp->items[i].permit, e->to, &e->policy, now))
            return false;
    return true;
}

static size_t take_coded(struct egress *e, uint8_t *out, size_t cap, utc_ms now)
{
    if (now >= utc_add(e->checked, RECHECK_MS)) {
        e->denied = !all_stand(e, now);
        e->checked = now;
    }
    if (e->denied)
        return 0;
    size_t n = e->left < cap ? e->left : cap;
    memcpy(out, e->rp->coded.ptr + e->coded_at, n);
    e->coded_at += n;
    e->left -= n;
    return n;
}

// ----

size_t egress_take(struct egress *e, uint8_t *out, size_t cap, utc_ms now)
{
    size_t done = 0;
    if (e->left > 0 && !entries_stand(e))
        e->denied = true;
    if (e->coded)
        return take_coded(e, out, cap, now);
    while (done < cap && e->left > 0 && !e->denied) {
        struct span piece = in_stream(e) ? next_of_stream(e, now) : next_piece(e);
        if (e->denied || !may_begin_item(e, now)) {
            e->denied = true;
            break;
        }
        size_t n = piece.len < cap - done ? piece.len : cap - done;
        BUG_IF(n == 0);
        memcpy(out + done, piece.ptr, n);
        advance(e, n);
        done += n;
    }
    return done;
}
