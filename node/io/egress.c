#include "node/io/egress.h"

#include "formats/base/bug.h"

size_t egress_length(const struct reply *rp)
{
    size_t n = rp->body.len;
    for (size_t i = 0; i < rp->item_count; i++)
        n += rp->items[i].rendition.len;
    return n;
}

// All or nothing: a page that lacks one item would be another page than the one that was logged.
static bool all_covered(const struct reply *rp, const struct principal *to, const struct digest *policy, utc_ms now)
{
    if (rp->item_count == 0)
        return true;
    if (to->role != ROLE_PARTNER || !policy)
        return false;
    for (size_t i = 0; i < rp->item_count; i++) {
        const struct reply_item *it = &rp->items[i];
        if (!it->permit || !permit_covers(it->permit, buf_bytes(&it->rendition), to->id, policy, now))
            return false;
    }
    return true;
}

enum status egress_send(struct buf *out, const struct reply *rp, const struct principal *to,
                        const struct digest *policy, utc_ms now)
{
    struct span frame = buf_bytes(&rp->body);
    size_t at = 0;
    if (!all_covered(rp, to, policy, now))
        return ST_DENIED;
    for (size_t i = 0; i < rp->item_count; i++) {
        const struct reply_item *it = &rp->items[i];
        BUG_IF(it->at < at || it->at > frame.len);
        buf_span(out, span_sub(frame, at, it->at));
        buf_span(out, buf_bytes(&it->rendition));
        at = it->at;
    }
    buf_span(out, span_sub(frame, at, frame.len));
    return buf_status(out);
}
