#include "node/io/store_look.h"

#include "node/io/log.h"
#include "store/audit_log.h"
#include "store/restoring.h"

enum status store_last_event(struct db *db, utc_ms *ret)
{
    struct db_txn *t;
    uint64_t n;
    *ret = UTC_MIN;
    TRY(db_begin(db, false, &t));
    enum status st = audit_size(t, &n);
    if (st == ST_OK && n > 0)
        st = audit_time(t, n - 1, ret);
    db_abort(&t);
    return st == ST_CORRUPT ? ST_OK : st;
}

enum status store_is_restored(struct db *db, bool *ret)
{
    struct db_txn *t;
    bool recalls_due; // node_open has seen to that
    TRY(db_begin(db, false, &t));
    enum status st = restoring_held(t, ret, &recalls_due);
    db_abort(&t);
    if (st == ST_OK && *ret)
        log_line(LOG_LEVEL_ERROR, "store-restored", "why", "the store is a backup, whose policy may be older than today's", "do",
                 "releases are stopped: activate today's policy, then confirm with SIGUSR1; see BACKUPS in reltod(8)", NULL);
    return st;
}

void store_tell_new(struct db *db, const char *path)
{
    struct db_txn *t;
    uint64_t events = 0;
    if (db_begin(db, false, &t) != ST_OK)
        return;
    if (audit_size(t, &events) == ST_OK && events <= 1)
        log_line(LOG_LEVEL_WARNING, "new-store", "where", path, "why",
                 "it was empty; stop the node unless this is its first start", NULL);
    db_abort(&t);
}
