#include "node/core/push.h"

#include <stdio.h>
#include <stdlib.h>

#include "formats/base/bug.h"
#include "formats/base/encode.h"
#include "formats/problem.h"
#include "node/core/attachment.h"
#include "node/core/feed_flow.h"
#include "store/pushes.h"

// A request as the partner would make it, if it could. `head` is borrowed; NULL = none is looked at.
static enum status request_of(struct tick *t, const char *partner, const char *head, struct request **ret)
{
    size_t used;
    int status;
    struct request *rq = calloc(1, sizeof *rq);
    if (!rq)
        return ST_NOMEM;
    rq->who = (struct principal){.role = ROLE_PARTNER, .via = "push"};
    snprintf(rq->who.id, sizeof rq->who.id, "%s", partner);
    rq->received_at = t->now;
    BUG_IF(head && http_parse_head(span_cstr(head), &rq->head, &used, &status) != HTTP_COMPLETE);
    *ret = rq;
    return ST_OK;
}

enum status push_position(struct tick *t, const char *partner, uint64_t *ret)
{
    struct receipt r;
    enum status st = receipt_latest(t->txn, partner, &r);
    *ret = st == ST_OK ? r.size : 0;
    return st == ST_NOT_FOUND ? ST_OK : st;
}

enum status push_page(struct tick *t, const char *partner, uint64_t position, struct reply *rp)
{
    struct request *rq;
    TRY(request_of(t, partner, NULL, &rq));
    enum status st = feed_page(t, rq, position, rp);
    free(rq);
    return st;
}

enum status push_has_end(struct tick *t, const char *partner, uint64_t from, uint64_t to, bool *ret)
{
    *ret = false;
    for (uint64_t n = from; n < to && !*ret; n++) {
        struct ledger_entry e;
        TRY(ledger_get(t->txn, partner, n, &e));
        *ret = e.kind == ENTRY_RECALL || e.kind == ENTRY_WITHDRAW;
    }
    return ST_OK;
}

// ---- answers

enum status push_failed(struct tick *t, const char *partner, const char *why)
{
    struct push_state s;
    TRY(push_state_get(t->txn, partner, &s));
    s.failed_at = t->now;
    snprintf(s.error, sizeof s.error, "%s", why);
    return push_state_put(t->txn, partner, &s);
}

// A 409 says that it is older than one that we hold, which is nothing new, or that our own signature stands on another ledger.
static enum status judge_conflict(const struct reply *rp)
{
    struct problem *p = calloc(1, sizeof *p);
    enum status st = p ? problem_read(buf_bytes(&rp->body), p) : ST_NOMEM;
    if (st == ST_OK && !strstr(p->type, "receipt-older"))
        st = ST_BAD_PROOF;
    free(p);
    return st;
}

static enum status take_receipt(struct tick *t, const char *partner, struct span receipt, char why[160])
{
    struct request *rq;
    struct reply rp;
    TRY(request_of(t, partner, NULL, &rq));
    rq->body = receipt;
    reply_init(&rp);
    enum status st = feed_cosignature(t, rq, &rp);
    if (st == ST_OK && rp.status == 409)
        st = judge_conflict(&rp);
    else if (st == ST_OK && rp.status != 204)
        st = ST_BAD_SIGNATURE;
    if (st == ST_BAD_PROOF)
        snprintf(why, 160, "the partner holds another ledger of ours than this one: is our store an old one?");
    else if (st == ST_BAD_SIGNATURE)
        snprintf(why, 160, "the partner's receipt does not verify");
    reply_fini(&rp);
    free(rq);
    return *why ? ST_OK : st;
}

enum status push_answered(struct tick *t, const char *partner, struct span receipt, uint64_t position,
                          uint64_t *ret_position, char why[160])
{
    struct push_state s;
    uint64_t size;
    why[0] = 0;
    if (receipt.len)
        TRY(take_receipt(t, partner, receipt, why));
    TRY(ledger_size(t->txn, partner, &size));
    if (!*why && position > size)
        snprintf(why, 160, "the partner says that it holds %llu entries of our ledger, which has %llu", (unsigned long long)position,
                 (unsigned long long)size);
    if (*why)
        return push_failed(t, partner, why);
    *ret_position = position;
    TRY(push_state_get(t->txn, partner, &s));
    s.pushed_at = t->now;
    s.failed_at = 0;
    s.error[0] = 0;
    return push_state_put(t->txn, partner, &s);
}

// ---- attachments

// Cut the next word, which ends with `end`, from the front of *s.
static bool next_word(struct span *s, char end, struct span *ret)
{
    const uint8_t *at = s->len ? memchr(s->ptr, end, s->len) : NULL;
    if (!at)
        return false;
    size_t n = (size_t)(at - s->ptr);
    *ret = span_sub(*s, 0, n);
    *s = span_sub(*s, n + 1, s->len);
    return true;
}

bool push_want_read(struct span body, size_t n, struct push_want *ret)
{
    struct span line, hex, size;
    for (size_t i = 0; i <= n; i++)
        if (!next_word(&body, '\n', &line))
            return false;
    return next_word(&line, ' ', &hex) && next_word(&line, ' ', &size) && hex_get(hex, ret->digest.b, SHA256_LEN) == ST_OK &&
           decimal_parse(size, UINT64_MAX / 2, &ret->size) && decimal_parse(line, UINT64_MAX / 2, &ret->have) &&
           (ret->have < ret->size || ret->have == 0);
}

enum status push_attachment(struct tick *t, const char *partner, const struct push_want *w, struct reply *rp)
{
    struct request *rq;
    char head[256], digest[DIGEST_TEXT_LEN + 1], range[48] = "";
    digest_text(&w->digest, digest);
    if (w->have)
        snprintf(range, sizeof range, "Range: bytes=%llu-\r\n", (unsigned long long)w->have);
    snprintf(head, sizeof head, "GET /v1/attachments/%s HTTP/1.1\r\nHost: push\r\n%s\r\n", digest + strlen("sha256:"), range);
    TRY(request_of(t, partner, head, &rq));
    enum status st = attachment_get(t, rq, rp);
    free(rq);
    return st;
}
