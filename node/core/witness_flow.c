#include "node/core/witness_flow.h"

#include <stdio.h>
#include <stdlib.h>

#include "formats/tlog.h"
#include "store/audit_log.h"
#include "store/merkle.h"
#include "store/witness.h"

enum { KEYS_OF_LOG_MAX = 16 };

struct adding {
    struct tick *t;
    const struct request *rq;
    struct reply *rp;
    struct tlog_text text;
    struct checkpoint c;
    struct witnessed last; // zero size and the empty root when there was none
};

static void refuse_form(struct adding *a)
{
    reply_problem(a->rp, 400, "checkpoint-form", "The request is not well-formed",
                  "Expected a line 'old N' of at most the checkpoint's size, up to 63 hashes in base64, a blank line, and a signed checkpoint.",
                  NULL);
}

// The keys of the log that the checkpoint names.
static size_t keys_of(const struct core *c, struct span origin, struct note_vkey keys[KEYS_OF_LOG_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < c->witness_log_count && n < KEYS_OF_LOG_MAX; i++)
        if (span_eq_cstr(origin, c->witness_logs[i].origin))
            keys[n++] = c->witness_logs[i].key;
    return n;
}

// Everything that can be said without the store. True when it was answered.
static bool refuse_early(struct adding *a)
{
    struct note_vkey keys[KEYS_OF_LOG_MAX];
    struct span origin, text;
    if (tlog_update_read(a->rq->body, &a->text) != ST_OK || !checkpoint_origin(a->text.checkpoint, &origin)) {
        refuse_form(a);
        return true;
    }
    size_t count = keys_of(a->t->core, origin, keys);
    if (count == 0) {
        reply_problem(a->rp, 404, "not-found", "No such log is witnessed here", NULL, NULL);
        return true;
    }
    enum status st = note_open(a->text.checkpoint, keys, count, &text, NULL, NULL);
    if (st == ST_BAD_SIGNATURE) {
        reply_problem(a->rp, 403, "checkpoint-signature", "The checkpoint is not signed by a key of its log", NULL, NULL);
        return true;
    }
    if (st != ST_OK || checkpoint_read(text, true, &a->c) != ST_OK || a->text.n > a->c.size) {
        refuse_form(a);
        return true;
    }
    return false;
}

static enum status load_last(struct adding *a)
{
    enum status st = witnessed_get(a->t->txn, a->c.origin, &a->last);
    if (st != ST_NOT_FOUND)
        return st;
    a->last = (struct witnessed){.root = merkle_empty()};
    return ST_OK;
}

static void answer_conflict(struct adding *a)
{
    a->rp->status = 409;
    a->rp->content_type = "text/x.tlog.size";
    buf_printf(&a->rp->body, "%llu\n", (unsigned long long)a->last.size);
}

static enum status log_fork_event(struct adding *a)
{
    char actor[80], size[24], root[DIGEST_TEXT_LEN + 1], ours[DIGEST_TEXT_LEN + 1];
    struct audit_event ev = {.kind = AUDIT_LOG_FORK, .actor = principal_text(&a->rq->who, actor)};
    snprintf(size, sizeof size, "%llu", (unsigned long long)a->c.size);
    audit_event_attr(&ev, "log", a->c.origin);
    audit_event_attr(&ev, "size", size);
    audit_event_attr(&ev, "root", digest_text(&a->c.root, root));
    audit_event_attr(&ev, "cosigned-root", digest_text(&a->last.root, ours));
    return tick_log(a->t, &ev);
}

// The log signed two different heads of one size. Told once: whoever has its key could else fill our audit log.
static enum status log_fork(struct adding *a)
{
    struct witnessed w = a->last;
    struct buf note; // the store's own bytes move with the event
    static const struct digest none;
    if (!digest_eq(&w.fork, &none))
        return ST_OK;
    buf_init(&note, TLOG_BYTES_MAX);
    buf_span(&note, w.note);
    w.note = buf_bytes(&note);
    w.fork = a->c.root;
    enum status st = buf_status(&note);
    if (st == ST_OK)
        st = log_fork_event(a);
    if (st == ST_OK)
        st = witnessed_put(a->t->txn, a->c.origin, &w);
    buf_fini(&note);
    return st;
}

static enum status cosign(struct adding *a)
{
    struct core *c = a->t->core;
    struct witnessed w = {.size = a->c.size, .root = a->c.root, .at = a->t->now, .fork = a->last.fork, .note = a->text.checkpoint};
    TRY(witnessed_put(a->t->txn, a->c.origin, &w));
    a->rp->status = 200;
    a->rp->content_type = "text/plain; charset=utf-8";
    return cosignature_make(a->text.checkpoint, c->node_name, &c->cosign_key, a->t->now, &a->rp->body);
}

static enum status add(struct adding *a)
{
    if (refuse_early(a))
        return ST_OK;
    TRY(load_last(a));
    bool two_heads = a->c.size == a->last.size && !digest_eq(&a->c.root, &a->last.root);
    if (two_heads || a->text.n != a->last.size) {
        answer_conflict(a);
        return two_heads && a->c.size > 0 ? log_fork(a) : ST_OK;
    }
    if (merkle_check_consistency(a->last.size, &a->last.root, a->c.size, &a->c.root, a->text.hashes, a->text.hash_count) != ST_OK) {
        reply_problem(a->rp, 422, "checkpoint-proof", "The checkpoint does not extend the one that was cosigned last", NULL, NULL);
        return ST_OK;
    }
    return cosign(a);
}

enum status witness_add_checkpoint(struct tick *t, const struct request *rq, struct reply *rp)
{
    struct adding *a = calloc(1, sizeof *a);
    if (!a)
        return ST_NOMEM;
    *a = (struct adding){.t = t, .rq = rq, .rp = rp};
    enum status st = add(a);
    free(a);
    return st;
}
