#include "node/core/ledger_flow.h"

#include "node/core/feed_flow.h"
#include "store/ledger.h"
#include "store/sources.h"

// The `size` that is asked for; *ret_given is false without one. False when it was answered.
static bool read_size(const struct request *rq, struct reply *rp, uint64_t *ret, bool *ret_given)
{
    char text[24];
    *ret_given = rq->head.query.len > 0;
    if (!*ret_given)
        return true;
    if (span_starts(rq->head.query, "size=") && http_query_get(rq->head.query, "size", text, sizeof text) &&
        decimal_parse(span_cstr(text), UINT64_MAX, ret))
        return true;
    reply_problem(rp, 422, "ledger-form", "The question cannot be read", "Expected nothing, or size=N.", NULL);
    return false;
}

static enum status beyond_end(struct reply *rp)
{
    reply_problem(rp, 404, "not-found", "The ledger is not so long", NULL, NULL);
    return ST_OK;
}

static void answer_text(struct reply *rp)
{
    rp->status = 200;
    rp->content_type = "text/plain; charset=utf-8";
    reply_header(rp, "Cache-Control", "no-store");
}

enum status ledger_flow_sent(struct tick *t, const struct request *rq, struct reply *rp)
{
    struct checkpoint c = {.size = 0};
    uint64_t size, asked;
    bool given;
    if (!read_size(rq, rp, &asked, &given))
        return ST_OK;
    TRY(ledger_size(t->txn, rq->who.id, &size));
    if (given && asked > size)
        return beyond_end(rp);
    c.size = given ? asked : size;
    feed_origin(t->core->node_name, rq->who.id, c.origin);
    TRY(ledger_root(t->txn, rq->who.id, c.size, &c.root));
    answer_text(rp);
    return checkpoint_sign(&c, &t->core->ledger_key, &rp->body);
}

static enum status put_head(struct tick *t, const struct request *rq, uint64_t size, struct buf *out)
{
    char log[PARTNER_ID_MAX + 8], origin[NOTE_NAME_MAX];
    struct digest root;
    const struct peer *peer = core_peer(t->core, rq->who.id);
    source_log_name(rq->who.id, log);
    TRY(tree_root(t->txn, log, size, &root));
    feed_origin(peer->card.node_name, t->core->nation, origin);
    buf_printf(out, "%s\n%llu\n", origin, (unsigned long long)size);
    base64_put(out, span_of(root.b, SHA256_LEN));
    buf_putc(out, '\n');
    return buf_status(out);
}

enum status ledger_flow_held(struct tick *t, const struct request *rq, struct reply *rp)
{
    struct source_state s;
    uint64_t asked = 0;
    bool given;
    if (!read_size(rq, rp, &asked, &given))
        return ST_OK;
    TRY(source_get(t->txn, rq->who.id, &s));
    if ((given && asked > s.size) || !core_peer(t->core, rq->who.id))
        return beyond_end(rp);
    answer_text(rp);
    if (given || s.checkpoint.len == 0)
        return put_head(t, rq, asked, &rp->body);
    buf_span(&rp->body, s.checkpoint);
    return buf_status(&rp->body);
}
