#include "node/core/witness_ask.h"

#include <stdio.h>
#include <stdlib.h>

#include "formats/tlog.h"
#include "node/core/audit_proof.h"
#include "store/audit_log.h"
#include "store/witness.h"

void witness_ask_init(struct witness_ask *w)
{
    *w = (struct witness_ask){.known = 0};
    buf_init(&w->checkpoint, NOTE_BYTES_MAX);
    buf_init(&w->request, TLOG_BYTES_MAX);
}

void witness_ask_fini(struct witness_ask *w)
{
    buf_fini(&w->checkpoint);
    buf_fini(&w->request);
}

static enum status write_request(struct tick *t, struct witness_ask *w, struct tlog_text *x)
{
    struct digest proof[MERKLE_LEVELS + 1];
    struct tree_nodes_state state = {t->txn, AUDIT_LOG};
    struct merkle_nodes nodes = tree_nodes(&state);
    TRY(merkle_consistency(&nodes, w->known, w->size, proof, &x->hash_count));
    if (x->hash_count > TLOG_HASHES_MAX)
        return ST_LIMIT;
    TRY(audit_proof_sign(t, w->size, &w->checkpoint));
    memcpy(x->hashes, proof, x->hash_count * sizeof *proof);
    x->n = w->known;
    x->checkpoint = buf_bytes(&w->checkpoint);
    tlog_update_write(x, &w->request);
    return buf_status(&w->request);
}

enum status witness_ask_build(struct tick *t, struct witness_ask *w)
{
    buf_reset(&w->checkpoint);
    buf_reset(&w->request);
    TRY(audit_size(t->txn, &w->size));
    if (w->known > w->size)
        return ST_BAD_PROOF;
    if (w->known == w->size)
        return ST_OK;
    struct tlog_text *x = calloc(1, sizeof *x);
    if (!x)
        return ST_NOMEM;
    enum status st = write_request(t, w, x);
    free(x);
    return st;
}

enum witness_verdict witness_ask_judge(struct witness_ask *w, int status, struct span body)
{
    uint64_t size;
    if (status == 200)
        return WITNESS_COSIGNED;
    if (status == 422)
        return WITNESS_FORK;
    if (status != 409 || body.len == 0 || body.ptr[body.len - 1] != '\n' ||
        !decimal_parse(span_sub(body, 0, body.len - 1), UINT64_MAX, &size))
        return WITNESS_FAILED;
    if (size == w->known)
        return WITNESS_FORK; // our root of this size is another
    w->known = size;
    return WITNESS_BEHIND;
}

enum status witness_ask_store(struct tick *t, struct witness_ask *w, const char *peer, struct span body)
{
    const struct peer *p = core_peer(t->core, peer);
    struct buf note;
    struct span line, before;
    utc_ms at;
    if (!p)
        return ST_NOT_FOUND;
    buf_init(&note, NOTE_BYTES_MAX);
    buf_span(&note, buf_bytes(&w->checkpoint));
    buf_span(&note, body);
    enum status st = buf_status(&note);
    if (st == ST_OK)
        st = cosignature_find(buf_bytes(&note), p->card.node_name, p->card.cosign_key, &line, &at);
    if (st == ST_OK) {
        struct buf whole; // beside those of other witnesses
        buf_init(&whole, NOTE_BYTES_MAX);
        st = cosigned_get(t->txn, w->size, &before);
        buf_span(&whole, st == ST_OK ? before : buf_bytes(&w->checkpoint));
        buf_span(&whole, line);
        buf_putc(&whole, '\n');
        st = st == ST_OK || st == ST_NOT_FOUND ? buf_status(&whole) : st;
        if (st == ST_OK)
            st = cosigned_put(t->txn, w->size, buf_bytes(&whole));
        buf_fini(&whole);
    }
    buf_fini(&note);
    return st;
}

enum status witness_ask_log_fork(struct tick *t, const struct witness_ask *w, const char *peer)
{
    struct audit_event ev = {.kind = AUDIT_LOG_FORK, .actor = "node", .partner = peer};
    char known[DECIMAL_TEXT_MAX], size[DECIMAL_TEXT_MAX];
    audit_event_attr(&ev, "log", "own-audit");
    audit_event_attr(&ev, "cosigned-size", decimal_text(w->known, known));
    audit_event_attr(&ev, "our-size", decimal_text(w->size, size));
    return tick_log(t, &ev);
}
