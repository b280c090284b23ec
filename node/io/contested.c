#include "node/io/contested.h"

#include <stdio.h>

#include "node/io/log.h"
#include "store/ledger.h"

static enum status each(struct core *c, void (*tell)(void *ctx, const char *partner, uint64_t size, uint64_t ours), void *ctx)
{
    struct db_txn *t;
    TRY(db_begin(c->db, false, &t));
    enum status st = ST_OK;
    for (size_t i = 0; st == ST_OK && i < c->peer_count; i++) {
        uint64_t size, ours = 0;
        const char *partner = c->peers[i]->id;
        st = ledger_contested(t, partner, &size);
        if (st == ST_OK && size)
            st = ledger_size(t, partner, &ours);
        if (st == ST_OK && size)
            tell(ctx, partner, size, ours);
    }
    db_abort(&t);
    return st;
}

static void list_one(void *ctx, const char *partner, uint64_t size, uint64_t ours)
{
    buf_printf(ctx, "%s has seen our ledger with %llu entries, it has %llu: an old or another store? see ALARMS in reltod(8)\n",
               partner, (unsigned long long)size, (unsigned long long)ours);
}

enum status contested_list(struct core *c, struct buf *out)
{
    TRY(each(c, list_one, out));
    return buf_status(out);
}

static void add_one(void *ctx, const char *partner, uint64_t size, uint64_t ours)
{
    (void)partner, (void)ours;
    *(uint64_t *)ctx += size;
}

static void log_one(void *ctx, const char *partner, uint64_t size, uint64_t ours)
{
    char theirs[24], have[24];
    (void)ctx;
    snprintf(theirs, sizeof theirs, "%llu", (unsigned long long)size);
    snprintf(have, sizeof have, "%llu", (unsigned long long)ours);
    log_line(LOG_LEVEL_ERROR, "ledger-contested", "partner", partner, "size", theirs, "our-size", have, "do",
             "stop reltod: was an old store brought back, or is ledger.key in other hands? see ALARMS in reltod(8)", NULL);
}

void contested_look(struct contested *x, struct core *c)
{
    uint64_t sizes = 0;
    if (each(c, add_one, &sizes) != ST_OK || sizes == x->sizes)
        return; // what is wrong with the store is said by the next tick
    x->sizes = sizes;
    if (sizes && each(c, log_one, NULL) != ST_OK)
        x->sizes = 0; // again the next time
}
