// What fixes the audit log from outside: the daily heads in partners' ledgers, and the cosignatures of witnesses.
#include <stdio.h>

#include "store/audit_log.h"
#include "store/heads.h"
#include "store/verify_internal.h"
#include "store/witness.h"

// A checkpoint of our audit log as we signed it, of the tree that is stored here. Told otherwise.
static enum status check_checkpoint(struct verify *v, const char *where, struct span note, uint64_t *ret_size)
{
    char origin[NOTE_NAME_MAX + 8];
    struct checkpoint c;
    struct digest root;
    snprintf(origin, sizeof origin, "%s/audit", v->o->node_name);
    enum status st = checkpoint_open(note, origin, v->o->audit_key, &c);
    if (st != ST_OK) {
        verify_say(v, "audit-checkpoint", where, "our checkpoint of the audit log: %s", status_text(st));
        return ST_OK;
    }
    *ret_size = c.size;
    st = tree_root(v->t, AUDIT_LOG, c.size, &root);
    if (st == ST_IO || st == ST_NOMEM)
        return st;
    if (st != ST_OK || !digest_eq(&root, &c.root))
        verify_say(v, "audit-checkpoint", where, "the checkpoint of %llu events is not of the audit log stored here",
                   (unsigned long long)c.size);
    return ST_OK;
}

enum status verify_head(struct verify *v, const char *partner, const char *where, const struct ledger_entry *e)
{
    struct head_opening h;
    uint64_t size;
    enum status st = head_get(v->t, partner, e->n, &h);
    v->sum->heads++;
    if (st == ST_NOT_FOUND || st == ST_CORRUPT) {
        verify_say(v, "head-unopened", where, "what this head commits to is %s", st == ST_NOT_FOUND ? "not kept" : "damaged");
        return ST_OK;
    }
    if (st != ST_OK)
        return st;
    if (h.checkpoint.len == 0)
        return ST_OK; // lost with an earlier store, if the audit log says so: verify_after_audit
    struct digest is = head_digest(h.random, h.checkpoint);
    if (!digest_eq(&is, &e->digest)) {
        verify_say(v, "head-differs", where, "what is kept is not what this head commits to");
        return ST_OK;
    }
    return check_checkpoint(v, where, h.checkpoint, &size);
}

static enum status on_cosigned(void *ctx, uint64_t size, struct span note)
{
    struct verify *v = ctx;
    char where[VERIFY_WHERE_MAX];
    uint64_t is = 0;
    size_t good = 0;
    verify_where("cosigned", size, where);
    TRY(check_checkpoint(v, where, note, &is));
    if (is != size)
        verify_say(v, "cosigned-place", where, "stands for a checkpoint of %llu events", (unsigned long long)is);
    for (size_t i = 0; i < v->o->peer_count; i++) {
        struct span line;
        utc_ms at;
        enum status st = cosignature_find(note, v->o->peers[i].name, v->o->peers[i].cosign_key, &line, &at);
        good += st == ST_OK;
        if (st == ST_BAD_SIGNATURE)
            verify_say(v, "cosignature", where, "the cosignature of %s does not verify", v->o->peers[i].name);
    }
    v->sum->cosignatures += good;
    v->sum->receipts_without_key += good == 0;
    return ST_OK;
}

static enum status on_witnessed(void *ctx, const char *origin)
{
    (void)ctx, (void)origin;
    return ST_OK; // it was read
}

enum status verify_heads(struct verify *v)
{
    uint64_t kept = 0;
    struct db_walk w;
    struct span all = span_of(NULL, 0);
    for (bool ok = db_walk_first(v->t, DB_HEAD_OPENINGS, all, all, &w); ok; ok = db_walk_next(&w))
        kept++;
    db_walk_end(&w);
    if (w.st != ST_OK)
        return w.st;
    if (kept > v->sum->heads)
        verify_say(v, "orphans", "heads", "%llu openings belong to no head of a ledger", (unsigned long long)(kept - v->sum->heads));
    enum status st = cosigned_each(v->t, on_cosigned, v);
    if (st == ST_CORRUPT)
        verify_say(v, "cosigned-damaged", "cosigned", "a checkpoint that witnesses cosigned is damaged");
    if (st == ST_OK || st == ST_CORRUPT)
        st = witnessed_each(v->t, on_witnessed, v);
    if (st == ST_CORRUPT)
        verify_say(v, "witnessed-damaged", "witnessed", "the record of another's log that we cosigned is damaged");
    return st == ST_CORRUPT ? ST_OK : st;
}
