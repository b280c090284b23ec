#include "store/audit_log.h"

#include <stdio.h>

#include "formats/base/bug.h"
#include "formats/base/limits.h"
#include "formats/canonical.h"
#include "store/value.h"

enum { PARTNER_NAME_MAX = 255 }; // what fits the index; an id is far shorter

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

// When the event of this leaf happened, without reading all of it.
static enum status time_of(struct span leaf, utc_ms *ret)
{
    // No value of an event holds a quotation mark as such, so the words can only be the attribute.
    static const char words[] = " at=\"";
    const uint8_t *at = leaf.len ? memmem(leaf.ptr, leaf.len, words, sizeof words - 1) : NULL;
    if (!at)
        return ST_CORRUPT;
    size_t from = (size_t)(at - leaf.ptr) + sizeof words - 1;
    const uint8_t *end = memchr(leaf.ptr + from, '"', leaf.len - from);
    struct span text = span_sub(leaf, from, end ? (size_t)(end - leaf.ptr) : from);
    return utc_parse(text, UTC_ZONE_Z, ret) == ST_OK ? ST_OK : ST_CORRUPT;
}

enum status audit_time(struct db_txn *t, uint64_t n, utc_ms *ret)
{
    struct span leaf;
    TRY(audit_get(t, n, &leaf));
    return time_of(leaf, ret);
}

// ---- appending

bool audit_report_key(const struct audit_event *e, struct key *k)
{
    if (!e->has_report)
        return false;
    key_uuid(k, e->report);
    key_u64(k, e->n);
    return true;
}

bool audit_partner_key(const struct audit_event *e, struct key *k)
{
    if (!e->partner || strlen(e->partner) > PARTNER_NAME_MAX)
        return false;
    key_text(k, e->partner);
    key_u64(k, e->n);
    return true;
}

static enum status put_indexes(struct db_txn *t, const struct audit_event *e)
{
    struct span nothing = span_of(NULL, 0);
    struct key k = {.len = 0};
    if (audit_report_key(e, &k))
        TRY(db_put(t, DB_AUDIT_BY_REPORT, key_span(&k), nothing));
    k.len = 0;
    return audit_partner_key(e, &k) ? db_put(t, DB_AUDIT_BY_PARTNER, key_span(&k), nothing) : ST_OK;
}

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
    return time_of(last, ret);
}

static enum status store_leaf(struct db_txn *t, const struct audit_event *e, struct span leaf)
{
    struct key k = event_key(e->n);
    struct digest hash = merkle_leaf(leaf);
    enum status st = db_append(t, DB_AUDIT, key_span(&k), leaf);
    if (st == ST_CONFLICT)
        return ST_CORRUPT; // an event behind the end of the tree
    if (st != ST_OK)
        return st;
    TRY(tree_append(t, AUDIT_LOG, &hash));
    return put_indexes(t, e);
}

enum status audit_append(struct db_txn *t, const struct audit_event *e, utc_ms now,
                         const struct random_source *random)
{
    struct audit_event fresh = *e;
    char text[DIGEST_TEXT_LEN + 1];
    BUG_IF(e->attr_count > AUDIT_ATTRS_MAX);
    if (!canonical_elements(e->detail)) // what is given must be readable for ever after
        return ST_INVALID;
    TRY(audit_size(t, &fresh.n));
    fresh.at = now;
    if (fresh.n > 0) {
        utc_ms before;
        TRY(last_time(t, fresh.n, &before));
        if (fresh.at < before)
            fresh.at = before;
    }
    random_fill(random, fresh.salt, sizeof fresh.salt);
    struct buf leaf;
    buf_init(&leaf, AUDIT_EVENT_BYTES_MAX);
    enum status st = write_leaf(&fresh, text, &leaf);
    if (st == ST_OK)
        st = store_leaf(t, &fresh, buf_bytes(&leaf));
    buf_fini(&leaf);
    return st;
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
