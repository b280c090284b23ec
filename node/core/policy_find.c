#include "node/core/policy_find.h"

#include <stdlib.h>
#include <string.h>

enum { BATCH = 64 };

struct policy_find {
    bool behind;         // only reports behind `after`
    struct uuid after;
    uint64_t outline;    // to be looked at next, …
    bool in_outline;
    struct uuid report;  // … behind this report of it
    struct uuid *ids;    // ascending once all was looked at
    size_t count, room, max;
    bool cut;            // some were left out: all of them behind the last id
};

static int by_id(const void *a, const void *b)
{
    return memcmp(((const struct uuid *)a)->b, ((const struct uuid *)b)->b, sizeof(struct uuid));
}

struct policy_find *policy_find_new(const struct uuid *after, size_t max)
{
    struct policy_find *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->max = max;
    f->behind = after != NULL;
    if (after)
        f->after = *after;
    return f;
}

void policy_find_free(struct policy_find **f)
{
    if (!*f)
        return;
    free((*f)->ids);
    free(*f);
    *f = NULL;
}

bool policy_find_failed(enum status st)
{
    return st == ST_NOMEM || st == ST_IO || st == ST_FULL || st == ST_BUSY;
}

enum status policy_find_compare(struct db_txn *t, struct policy_change *c, uint64_t number, struct arena *a, struct outline *o,
                                struct outline_change *ret)
{
    struct span bytes;
    TRY(outlines_get(t, number, &bytes));
    TRY(outline_read(bytes, a, o));
    return policy_change_outline(c, o, ret);
}

// ---- the list

static void sort(struct policy_find *f)
{
    if (f->count)
        qsort(f->ids, f->count, sizeof *f->ids, by_id);
    if (f->count > f->max) {
        f->count = f->max;
        f->cut = true;
    }
}

static enum status add(struct policy_find *f, struct uuid id)
{
    if (f->count == 2 * f->max)
        sort(f);
    if (f->count == f->room) {
        size_t room = f->room ? 2 * f->room : BATCH;
        struct uuid *more = reallocarray(f->ids, room, sizeof *more);
        if (!more)
            return ST_NOMEM;
        f->ids = more;
        f->room = room;
    }
    f->ids[f->count++] = id;
    return ST_OK;
}

// ---- looking

struct looking {
    struct policy_find *f;
    struct db_txn *t;
    struct policy_change *c;
    utc_ms at;
    int64_t *left_us;
};

// List the reports of the outline at hand that are decided otherwise. *ret_done: there are no more of them.
static enum status list_reports(struct looking *x, const struct outline_change *change, bool *ret_done)
{
    struct policy_find *f = x->f;
    struct outlined batch[BATCH];
    size_t count;
    if (!f->in_outline)
        f->report = f->after;
    while (*x->left_us > 0) {
        TRY(outlines_reports(x->t, f->outline, f->behind || f->in_outline ? &f->report : NULL, batch, BATCH, &count));
        for (size_t i = 0; i < count; i++)
            if (!change || !outline_change_none(change, batch[i].base, x->at))
                TRY(add(f, batch[i].report));
        if (count) {
            f->in_outline = true;
            f->report = batch[count - 1].report;
        }
        *x->left_us -= POLICY_FIND_US;
        *ret_done = count < BATCH;
        if (*ret_done)
            return ST_OK;
    }
    return ST_OK;
}

// *ret: what is decided otherwise, or NULL when all of its reports are concerned: it cannot be compared, or speaks for none of
// them.
static enum status compare(struct looking *x, struct outline_change *change, const struct outline_change **ret)
{
    struct outline o;
    struct arena *a = arena_new(OUTLINE_BYTES_MAX * 16);
    if (!a)
        return ST_NOMEM;
    enum status st = x->f->outline == OUTLINE_NONE ? ST_NOT_FOUND : policy_find_compare(x->t, x->c, x->f->outline, a, &o, change);
    *x->left_us -= POLICY_FIND_US;
    *ret = st == ST_OK ? change : NULL;
    arena_free(&a);
    return policy_find_failed(st) ? st : ST_OK;
}

static enum status look_at(struct looking *x, bool *ret_done)
{
    struct outline_change room;
    const struct outline_change *change;
    TRY(compare(x, &room, &change));
    *ret_done = change && outline_change_none(change, UTC_MAX, UTC_MIN);
    return *ret_done ? ST_OK : list_reports(x, change, ret_done);
}

static enum status look(struct looking *x, bool *ret_done)
{
    struct policy_find *f = x->f;
    while (*x->left_us > 0) {
        uint64_t number;
        bool done = false;
        enum status st = outlines_next(x->t, f->outline, &number);
        *ret_done = st == ST_NOT_FOUND;
        if (st != ST_OK)
            return *ret_done ? ST_OK : st;
        f->in_outline &= number == f->outline;
        f->outline = number;
        TRY(look_at(x, &done));
        if (done) {
            f->outline++;
            f->in_outline = false;
        }
    }
    return ST_OK;
}

enum status policy_find_more(struct policy_find *f, struct db *db, struct policy_change *c, utc_ms at, int64_t *left_us,
                             bool *ret_done)
{
    struct looking x = {.f = f, .c = c, .at = at, .left_us = left_us};
    *ret_done = false;
    TRY(db_begin(db, false, &x.t));
    enum status st = look(&x, ret_done);
    db_abort(&x.t);
    if (st == ST_OK && *ret_done)
        sort(f);
    return st;
}

bool policy_find_next(const struct policy_find *f, const struct uuid *after, struct uuid *ret)
{
    size_t low = 0, high = f->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (after && by_id(&f->ids[middle], after) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == f->count)
        return false;
    *ret = f->ids[low];
    return true;
}

bool policy_find_is_cut(const struct policy_find *f)
{
    return f->cut;
}
