#include "node/core/ledger_flow.h"

#include <stdio.h>

#include "store/archive.h"
#include "store/sources.h"

// The only parameter, a number; *ret_given is false without one. False when it was answered.
static bool read_number(const struct request *rq, const char *name, struct reply *rp, uint64_t *ret, bool *ret_given)
{
    char text[24];
    *ret = 0;
    *ret_given = rq->head.query.len > 0;
    if (!*ret_given)
        return true;
    if (span_starts(rq->head.query, name) && http_query_get(rq->head.query, name, text, sizeof text) &&
        decimal_parse(span_cstr(text), UINT64_MAX, ret))
        return true;
    reply_problem(rp, 422, "ledger-form", "The question cannot be read", "Expected nothing, or one number.", NULL);
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
    if (!read_number(rq, "size", rp, &asked, &given))
        return ST_OK;
    TRY(ledger_size(t->txn, rq->who.id, &size));
    if (given && asked > size)
        return beyond_end(rp);
    c.size = given ? asked : size;
    TRY(archive_origin(t->txn, t->core->node_name, rq->who.id, c.origin));
    TRY(ledger_root(t->txn, rq->who.id, c.size, &c.root));
    answer_text(rp);
    return checkpoint_sign(&c, &t->core->ledger_key, &rp->body);
}

static enum status put_head(struct tick *t, const struct request *rq, const struct source_state *s, uint64_t size, struct buf *out)
{
    char log[LOG_NAME_MAX], origin[NOTE_NAME_MAX];
    struct digest root;
    const struct peer *peer = core_peer(t->core, rq->who.id);
    source_log_name(rq->who.id, log);
    TRY(tree_root(t->txn, log, size, &root));
    TRY(source_origin(s, peer->card.node_name, t->core->nation, origin));
    buf_printf(out, "%s\n%llu\n", origin, (unsigned long long)size);
    base64_put(out, span_of(root.b, SHA256_LEN));
    buf_putc(out, '\n');
    return buf_status(out);
}

enum status ledger_flow_held(struct tick *t, const struct request *rq, struct reply *rp)
{
    struct source_state s;
    uint64_t asked;
    bool given;
    if (!read_number(rq, "size", rp, &asked, &given))
        return ST_OK;
    TRY(source_get(t->txn, rq->who.id, &s));
    if ((given && asked > s.size) || !core_peer(t->core, rq->who.id))
        return beyond_end(rp);
    answer_text(rp);
    if (given || s.checkpoint.len == 0)
        return put_head(t, rq, &s, asked, &rp->body);
    buf_span(&rp->body, s.checkpoint);
    return buf_status(&rp->body);
}

// ---- entries given back

static void put_base64_line(struct buf *out, const char *word, struct span bytes)
{
    buf_puts(out, word);
    base64_put(out, bytes);
    buf_putc(out, '\n');
}

static enum status put_entry(struct tick *t, const char *partner, uint64_t n, struct buf *out)
{
    struct ledger_entry e;
    struct report_record rec = {.version = 0};
    struct digest hash;
    struct buf leaf;
    char log[LOG_NAME_MAX], word[40];
    enum status st = source_entry(t->txn, partner, n, &e);
    if (st == ST_NOT_FOUND) {
        source_log_name(partner, log);
        TRY(tree_leaf(t->txn, log, n, &hash));
        put_base64_line(out, "leaf ", span_of(hash.b, SHA256_LEN));
        return buf_status(out);
    }
    if (st == ST_OK && e.kind == ENTRY_RELEASE)
        st = reports_get(t->txn, e.report, e.version, partner, &rec);
    if (st != ST_OK && st != ST_NOT_FOUND && st != ST_CORRUPT) // a damaged copy says nothing of the entry
        return st;
    snprintf(word, sizeof word, "entry %s ", st == ST_OK && rec.nation[0] ? rec.nation : "-");
    buf_init(&leaf, 4 * KIB);
    ledger_entry_write(&e, &leaf);
    put_base64_line(out, word, buf_bytes(&leaf));
    st = buf_status(&leaf);
    buf_fini(&leaf);
    return st == ST_OK ? buf_status(out) : st;
}

enum status ledger_flow_held_entries(struct tick *t, const struct request *rq, struct reply *rp)
{
    struct source_state s;
    uint64_t from;
    bool given;
    if (!read_number(rq, "from", rp, &from, &given))
        return ST_OK;
    TRY(source_get(t->txn, rq->who.id, &s));
    if (s.checkpoint.len == 0 || from > s.size)
        return beyond_end(rp);
    answer_text(rp);
    buf_span(&rp->body, s.checkpoint);
    TRY(cosignature_make(s.checkpoint, t->core->node_name, &t->core->cosign_key, t->now, &rp->body));
    buf_putc(&rp->body, '\n');
    for (uint64_t n = from; n < s.size && n - from < LEDGER_HELD_ENTRIES_MAX; n++)
        TRY(put_entry(t, rq->who.id, n, &rp->body));
    return buf_status(&rp->body);
}
