#include "node/core/recall_progress.h"

#include "store/ledger.h"

struct walk {
    struct tick *t;
    int64_t overdue_ms;
    enum status (*each)(void *ctx, const struct recall_progress *p);
    void *ctx;
    struct recall_progress p;
    bool any;
};

static enum status at_partner(void *ctx, const char *partner)
{
    struct walk *w = ctx;
    struct holding h;
    struct ledger_entry e;
    struct receipt r;
    TRY(holding_get(w->t->txn, partner, w->p.report, &h));
    if (h.kind != ENTRY_RECALL)
        return ST_CORRUPT; // the recall is written in every ledger that ever held it
    TRY(ledger_get(w->t->txn, partner, h.n, &e));
    enum status st = receipt_for(w->t->txn, partner, h.n, &r);
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    struct recall_progress p = {.report = w->p.report, .recall = w->p.recall, .partner = partner, .position = h.n,
                                .entered_at = e.at, .delivered = h.ever_delivered};
    if (st == ST_OK)
        p.receipt_at = r.taken_at;
    else if (w->t->now >= utc_add(e.at, w->overdue_ms))
        p.overdue_since = utc_add(e.at, w->overdue_ms);
    w->any = true;
    return w->each(w->ctx, &p);
}

static enum status at_report(void *ctx, struct uuid id, const struct recall_record *r)
{
    struct walk *w = ctx;
    w->p = (struct recall_progress){.report = id, .recall = *r};
    w->any = false;
    TRY(holding_each_partner(w->t->txn, id, at_partner, w));
    return w->any ? ST_OK : w->each(w->ctx, &w->p);
}

enum status recall_progress_each(struct tick *t, int64_t overdue_ms,
                                 enum status (*each)(void *ctx, const struct recall_progress *p), void *ctx)
{
    struct walk w = {.t = t, .overdue_ms = overdue_ms, .each = each, .ctx = ctx};
    return recalls_each(t->txn, at_report, &w);
}

enum status recall_progress_of(struct tick *t, struct uuid report, int64_t overdue_ms,
                               enum status (*each)(void *ctx, const struct recall_progress *p), void *ctx)
{
    struct walk w = {.t = t, .overdue_ms = overdue_ms, .each = each, .ctx = ctx};
    struct recall_record recall;
    TRY(recalls_get(t->txn, report, &recall));
    return at_report(&w, report, &recall);
}
