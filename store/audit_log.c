#include "store/audit_log.h"

#include <stdio.h>

#include "formats/base/bug.h"
#include "formats/base/limits.h"
#include "formats/canonical.h"
#include "store/audit_index.h"
#include "store/value.h"

static struct key event_key(uint64_t n)
{
    struct key k = {.len = 0};
    key_u64(&k, n);
    return k;
}

enum status audit_size(struct db_txn *t, uint64_t *ret)
{
    return tree_size(t, AUDIT_LOG, ret);
}

// The leaf bytes of an event before the end of the log.
static enum status leaf_of(struct db_txn *t, uint64_t n, struct span *ret)
{
    struct key k = event_key(n);
    enum status st = db_get(t, DB_AUDIT, key_span(&k), ret);
    return st == ST_NOT_FOUND ? ST_CORRUPT : st;
}

enum status audit_get(struct db_txn *t, uint64_t n, struct span *ret)
{
    uint64_t size = 0;
    TRY(audit_size(t, &size));
    return n < size ? leaf_of(t, n, ret) : ST_NOT_FOUND;
}

enum status audit_time(struct db_txn *t, uint64_t n, utc_ms *ret)
{
    struct span leaf;
    TRY(audit_get(t, n, &leaf));
    return value_leaf_time(leaf, ret);
}

// ---- appending

// The leaf of an event, its detail given by digest when it is too long. `text` holds the digest's text.
static enum status write_leaf(struct audit_event *e, char text[DIGEST_TEXT_LEN + 1], struct buf *out)
{
    audit_event_write(e, out);
    if (buf_status(out) != ST_LIMIT || e->detail.len == 0)
        return buf_status(out);
    struct digest d = sha256(e->detail);
    e->attrs[e->attr_count++] = (struct audit_attr){"detail-digest", digest_text(&d, text)};
    e->detail = span_of(NULL, 0);
    buf_reset(out);
    audit_event_write(e, out);
    return buf_status(out);
}

// When the last event of a log of this size happened.
static enum status last_time(struct db_txn *t, uint64_t size, utc_ms *ret)
{
    struct span last;
    TRY(leaf_of(t, size - 1, &last));
    return value_leaf_time(last, ret);
}

static enum status store_leaf(struct db_txn *t, struct tree_tail *tail, const struct audit_event *e, struct span leaf)
{
    struct key k = event_key(e->n);
    struct digest hash = merkle_leaf(leaf);
    enum status st = db_append(t, DB_AUDIT, key_span(&k), leaf);
    if (st == ST_CONFLICT)
        return ST_CORRUPT; // an event behind the end of the tree
    if (st != ST_OK)
        return st;
    return tree_tail_append(t, AUDIT_LOG, tail, &hash);
}

// Complete the event, and append it.
static enum status append(struct db_txn *t, struct audit_event *e, utc_ms now, const struct random_source *random)
{
    char text[DIGEST_TEXT_LEN + 1];
    struct tree_tail tail;
    BUG_IF(e->attr_count > AUDIT_ATTRS_MAX);
    if (!canonical_elements(e->detail)) // what is given must be readable for ever after
        return ST_INVALID;
    TRY(tree_tail(t, AUDIT_LOG, &tail));
    e->n = tail.size;
    e->at = now;
    if (e->n > 0) {
        utc_ms before;
        TRY(last_time(t, e->n, &before));
        if (e->at < before)
            e->at = before;
    }
    random_fill(random, e->salt, sizeof e->salt);
    struct buf leaf;
    buf_init(&leaf, AUDIT_EVENT_BYTES_MAX);
    enum status st = write_leaf(e, text, &leaf);
    if (st == ST_OK)
        st = store_leaf(t, &tail, e, buf_bytes(&leaf));
    buf_fini(&leaf);
    return st;
}

enum status audit_append(struct db_txn *t, const struct audit_event *e, utc_ms now, const struct random_source *random)
{
    struct audit_event fresh = *e;
    TRY(append(t, &fresh, now, random));
    return audit_index_put(t, &fresh);
}

enum status audit_append_later(struct db_txn *t, const struct audit_event *e, utc_ms now, const struct random_source *random,
                               uint64_t *ret_n)
{
    struct audit_event fresh = *e;
    TRY(append(t, &fresh, now, random));
    *ret_n = audit_index_may_wait(&fresh) ? fresh.n : UINT64_MAX;
    return *ret_n == UINT64_MAX ? audit_index_put(t, &fresh) : ST_OK;
}

enum status audit_checkpoint(struct db_txn *t, const char *origin, const struct note_key *key,
                             struct buf *out)
{
    struct checkpoint c = {.size = 0};
    if ((size_t)snprintf(c.origin, sizeof c.origin, "%s", origin) >= sizeof c.origin)
        return ST_INVALID;
    TRY(audit_size(t, &c.size));
    TRY(tree_root(t, AUDIT_LOG, c.size, &c.root));
    return checkpoint_sign(&c, key, out);
}
