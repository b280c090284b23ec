// Taking a partner's receipts (spec 4.3): a cosigned checkpoint of its ledger.
#include <stdio.h>
#include <stdlib.h>

#include "node/core/feed_flow.h"
#include "store/archive.h"
#include "store/audit_log.h"
#include "store/ledger.h"

struct receipt_body {
    struct span note;        // text, blank line and signature lines
    struct span quarantined; // lines behind the note; may be empty
};

// End of the line that starts at `at`: the place behind its line feed, or 0 when there is none.
static size_t line_end(struct span s, size_t at)
{
    const uint8_t *lf = at < s.len ? memchr(s.ptr + at, '\n', s.len - at) : NULL;
    return lf ? (size_t)(lf - s.ptr) + 1 : 0;
}

static bool split(struct span body, struct receipt_body *ret)
{
    const uint8_t *blank = body.len ? memmem(body.ptr, body.len, "\n\n", 2) : NULL;
    if (!blank || body.len > FEED_RECEIPT_BYTES_MAX)
        return false;
    size_t at = (size_t)(blank - body.ptr) + 2, end;
    while (span_starts(span_sub(body, at, body.len), NOTE_LINE_START)) {
        end = line_end(body, at);
        if (!end)
            return false;
        at = end;
    }
    ret->note = span_sub(body, 0, at);
    ret->quarantined = span_sub(body, at, body.len);
    if (ret->quarantined.len == 0)
        return true;
    if (ret->quarantined.ptr[0] != '\n' || ret->quarantined.len == 1)
        return false;
    ret->quarantined = span_sub(ret->quarantined, 1, ret->quarantined.len);
    return true;
}

// Read `quarantined N` lines into canonical audit detail. False unless rising positions below size.
static bool read_quarantined(struct span lines, uint64_t size, struct buf *detail, size_t *ret_count)
{
    static const char word[] = "quarantined ";
    uint64_t least = 0;
    size_t at = 0, count = 0, end;
    for (; at < lines.len; at = end, count++) {
        end = line_end(lines, at);
        struct span line = end ? span_sub(lines, at, end - 1) : lines;
        if (!end || !span_starts(line, word) || line.len > 40 || count == FEED_RECEIPT_POSITIONS_MAX)
            return false;
        uint64_t n = 0;
        size_t i = strlen(word);
        for (; i < line.len && line.ptr[i] >= '0' && line.ptr[i] <= '9' && n < UINT64_MAX / 16; i++)
            n = 10 * n + (uint64_t)(line.ptr[i] - '0');
        if (i != line.len || i == strlen(word) || n < least || n >= size)
            return false;
        least = n + 1;
        buf_printf(detail, "<quarantined n=\"%llu\"></quarantined>", (unsigned long long)n);
    }
    *ret_count = count;
    return true;
}

static enum status log_receipt(struct tick *t, const struct request *rq, const struct checkpoint *c, size_t quarantined,
                               struct span detail)
{
    char actor[80], size[24], count[24], root[DIGEST_TEXT_LEN + 1];
    struct audit_event ev = {.kind = AUDIT_RECEIPT, .actor = principal_text(&rq->who, actor), .partner = rq->who.id,
                             .detail = detail};
    snprintf(size, sizeof size, "%llu", (unsigned long long)c->size);
    snprintf(count, sizeof count, "%zu", quarantined);
    audit_event_attr(&ev, "size", size);
    audit_event_attr(&ev, "root", digest_text(&c->root, root));
    audit_event_attr(&ev, "quarantined", count);
    return tick_log(t, &ev);
}

static enum status store_receipt(struct tick *t, const char *partner, const struct checkpoint *c, struct span line,
                                 utc_ms at)
{
    struct buf note; // our checkpoint as we sign it, and the partner's line: nothing else that the body held
    buf_init(&note, NOTE_BYTES_MAX);
    enum status st = checkpoint_sign(c, &t->core->ledger_key, &note);
    buf_span(&note, line);
    buf_putc(&note, '\n');
    if (st == ST_OK)
        st = buf_status(&note);
    if (st == ST_OK) {
        struct receipt r = {.size = c->size, .root = c->root, .at = at, .taken_at = t->now, .note = buf_bytes(&note)};
        st = receipt_put(t->txn, partner, &r);
    }
    buf_fini(&note);
    return st;
}

enum status feed_contested(struct tick *t, const struct request *rq, const char *how, uint64_t size, const struct digest *root)
{
    char actor[80], theirs[24], ours[24], text[DIGEST_TEXT_LEN + 1];
    uint64_t have;
    bool news;
    struct audit_event ev = {.kind = AUDIT_LOG_FORK, .actor = principal_text(&rq->who, actor), .partner = rq->who.id};
    TRY(ledger_size(t->txn, rq->who.id, &have));
    TRY(ledger_contest(t->txn, rq->who.id, size, &news));
    if (!news) // it asks again and again, and the log is not to grow by that
        return ST_OK;
    snprintf(theirs, sizeof theirs, "%llu", (unsigned long long)size);
    snprintf(ours, sizeof ours, "%llu", (unsigned long long)have);
    audit_event_attr(&ev, "log", "own-ledger");
    audit_event_attr(&ev, "how", how);
    audit_event_attr(&ev, "size", theirs);
    if (root)
        audit_event_attr(&ev, "root", digest_text(root, text));
    audit_event_attr(&ev, "our-size", ours);
    return tick_log(t, &ev);
}

// Our own signature on a tree that is not ours: the store was rolled back or rewritten, or the key is used elsewhere.
static enum status report_fork(struct tick *t, const struct request *rq, const struct checkpoint *c, struct reply *rp)
{
    reply_problem(rp, 409, "log-fork", "The checkpoint is not of this ledger",
                  "We signed this checkpoint, but our ledger differs from it now. Both operators should compare.", NULL);
    return feed_contested(t, rq, "a checkpoint that we signed", c->size, &c->root);
}

struct receiving {
    struct tick *t;
    const struct request *rq;
    struct reply *rp;
    struct receipt_body body;
    struct checkpoint checkpoint;
    struct span line;
    utc_ms at;
    struct buf detail;
};

static void refuse(struct reply *rp, int status, const char *type, const char *title, const char *detail)
{
    reply_problem(rp, status, type, title, detail, NULL);
}

// Everything that the body alone can be refused for. True when it was answered.
static bool refuse_body(struct receiving *r, const char *origin, size_t *ret_quarantined)
{
    static const char form[] = "Expected a cosigned checkpoint note, and after a blank line the quarantined positions.";
    static const char name[] = "The checkpoint must be ours, signed by our ledger key and cosigned by yours.";
    struct core *c = r->t->core;
    const struct peer *peer = core_peer(c, r->rq->who.id);
    if (!split(r->rq->body, &r->body)) {
        refuse(r->rp, 400, "receipt-form", "The receipt is not well-formed", form);
        return true;
    }
    enum status st = peer ? checkpoint_open(r->body.note, origin, c->ledger_key.pub, &r->checkpoint) : ST_NOT_FOUND;
    if (st == ST_OK)
        st = cosignature_find(r->body.note, peer->card.node_name, peer->card.cosign_key, &r->line, &r->at);
    if (st != ST_OK) {
        refuse(r->rp, st == ST_MALFORMED ? 400 : 403, st == ST_MALFORMED ? "receipt-form" : "receipt-signature",
               "The receipt does not verify", name);
        return true;
    }
    if (!read_quarantined(r->body.quarantined, r->checkpoint.size, &r->detail, ret_quarantined)) {
        refuse(r->rp, 400, "receipt-form", "The receipt is not well-formed", form);
        return true;
    }
    return false;
}

static enum status take_receipt(struct receiving *r)
{
    size_t quarantined = 0;
    uint64_t size;
    struct digest root;
    struct receipt last;
    char origin[NOTE_NAME_MAX];
    const char *partner = r->rq->who.id;
    TRY(archive_origin(r->t->txn, r->t->core->node_name, partner, origin));
    if (refuse_body(r, origin, &quarantined))
        return ST_OK;
    TRY(ledger_size(r->t->txn, partner, &size));
    if (r->checkpoint.size > size)
        return report_fork(r->t, r->rq, &r->checkpoint, r->rp);
    TRY(ledger_root(r->t->txn, partner, r->checkpoint.size, &root));
    if (!digest_eq(&root, &r->checkpoint.root))
        return report_fork(r->t, r->rq, &r->checkpoint, r->rp);
    enum status st = receipt_latest(r->t->txn, partner, &last);
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    bool known = st == ST_OK && last.size == r->checkpoint.size;
    if (st == ST_OK && last.size > r->checkpoint.size) {
        refuse(r->rp, 409, "receipt-older", "A receipt for a larger ledger is held already", "Nothing was changed.");
        return ST_OK;
    }
    r->rp->status = 204;
    // Sent again because our first answer was lost, or to fill our log: a later list has a later time, of whole seconds.
    if (known && (quarantined == 0 || r->at <= last.at))
        return ST_OK;
    TRY(buf_status(&r->detail));
    TRY(store_receipt(r->t, partner, &r->checkpoint, r->line, r->at));
    return log_receipt(r->t, r->rq, &r->checkpoint, quarantined, buf_bytes(&r->detail));
}

enum status feed_cosignature(struct tick *t, const struct request *rq, struct reply *rp)
{
    struct receiving *r = calloc(1, sizeof *r);
    if (!r)
        return ST_NOMEM;
    *r = (struct receiving){.t = t, .rq = rq, .rp = rp};
    buf_init(&r->detail, 64 * KIB);
    enum status st = take_receipt(r);
    buf_fini(&r->detail);
    free(r);
    return st;
}
