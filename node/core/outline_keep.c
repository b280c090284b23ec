#include "node/core/outline_keep.h"

#include "policy/outline.h"
#include "store/outlines.h"
#include "store/policy_steps.h"

enum status outline_begin(struct tick *t)
{
    struct policy_moment seen;
    enum status st = policy_seen(t->txn, &seen);
    if (st != ST_NOT_FOUND)
        return st;
    seen = (struct policy_moment){.policy = *ruleset_digest(t->core->rules), .at = t->now};
    return policy_seen_set(t->txn, &seen);
}

enum status outline_keep(struct tick *t, const struct stored_report *s)
{
    const struct report_record *r = &s->record;
    struct buf bytes;
    const struct outlined o = {.report = r->id, .base = r->stored_at > s->report->issued ? r->stored_at : s->report->issued,
                               .copy = outlines_copy(&r->digest)};
    buf_init(&bytes, OUTLINE_BYTES_MAX);
    outline_write(s->report, r->source[0] != 0, r->onward, &bytes);
    enum status st = buf_status(&bytes);
    if (st == ST_OK)
        st = outlines_set(t->txn, &o, r, buf_bytes(&bytes));
    else if (st == ST_LIMIT)
        st = outline_keep_none(t, r->id); // it is decided anew each time
    buf_fini(&bytes);
    return st;
}

enum status outline_keep_none(struct tick *t, struct uuid report)
{
    const struct outlined o = {.report = report};
    return outlines_set(t->txn, &o, NULL, span_of(NULL, 0));
}
