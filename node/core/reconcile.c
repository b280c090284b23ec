#include "node/core/reconcile.h"

static enum status same_at(const struct reconcile_copy *a, const struct reconcile_copy *b, uint64_t n, bool *ret)
{
    struct digest x, y;
    TRY(a->root(a->ctx, n, &x));
    TRY(b->root(b->ctx, n, &y));
    *ret = digest_eq(&x, &y);
    return ST_OK;
}

// Trees of n entries are the same only if those of fewer are: halve until the first difference is found.
static enum status first_difference(const struct reconcile_copy *a, const struct reconcile_copy *b, uint64_t differ,
                                    uint64_t *ret)
{
    uint64_t same = 0; // trees of no entries are the same
    while (differ - same > 1) {
        uint64_t middle = same + (differ - same) / 2;
        bool is_same;
        TRY(same_at(a, b, middle, &is_same));
        if (is_same)
            same = middle;
        else
            differ = middle;
    }
    *ret = same;
    return ST_OK;
}

enum status reconcile_compare(const struct reconcile_copy *owner, const struct reconcile_copy *reader,
                              struct reconcile_result *ret)
{
    uint64_t both = owner->size < reader->size ? owner->size : reader->size;
    bool same = true;
    *ret = (struct reconcile_result){.verdict = RECONCILE_DIFFERS};
    TRY(owner->root(owner->ctx, owner->size, &ret->root[0]));
    TRY(reader->root(reader->ctx, reader->size, &ret->root[1]));
    if (both > 0)
        TRY(same_at(owner, reader, both, &same));
    if (!same)
        return first_difference(owner, reader, both, &ret->first);
    ret->first = both;
    if (reader->size <= owner->size)
        ret->verdict = reader->size == owner->size ? RECONCILE_EQUAL : RECONCILE_BEHIND;
    return ST_OK;
}

// ---- receipts

struct walk {
    struct db_txn *t;
    const char *partner;
    struct reconcile_receipts *ret;
};

static enum status compare_receipt(void *ctx, const struct receipt *r)
{
    const struct walk *w = ctx;
    struct reconcile_receipts *x = w->ret;
    struct digest root = {{0}};
    uint64_t before = x->last.size;
    x->count++;
    x->last = *r;
    if (x->differs)
        return ST_OK;
    if (r->size <= x->size)
        TRY(ledger_root(w->t, w->partner, r->size, &root));
    x->differs = r->size > x->size || !digest_eq(&root, &r->root);
    x->from = before; // all receipts until then agreed
    x->to = r->size;
    return ST_OK;
}

enum status reconcile_receipts(struct db_txn *t, const char *partner, struct reconcile_receipts *ret)
{
    struct walk w = {t, partner, ret};
    *ret = (struct reconcile_receipts){.size = 0};
    TRY(ledger_size(t, partner, &ret->size));
    TRY(ledger_root(t, partner, ret->size, &ret->root));
    return receipt_each(t, partner, compare_receipt, &w);
}
