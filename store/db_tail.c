// Writing at the end of the file: a snapshot of our own keeps the pages that commits free from being used again.
#include <lmdb.h>
#include <unistd.h>

#include "formats/base/limits.h"
#include "store/db_internal.h"

enum { TAIL_PART = 8, ROOM_PART = 8 };

void db_tail_end(struct db *db)
{
    if (db->tail)
        mdb_txn_abort(db->tail);
    db->tail = NULL;
}

void db_tail_refuse(struct db *db)
{
    db_tail_end(db);
    db->tail_refused = true;
}

// What was freed until now may be used again, but not what is freed from here on. Without a snapshot all goes on as usual.
static void begin(struct db *db, size_t used)
{
    db_tail_end(db);
    if (mdb_txn_begin(db->env, NULL, MDB_RDONLY, &db->tail) != 0)
        db->tail = NULL;
    db->tail_from = used;
}

void db_tail_look(struct db *db)
{
    MDB_envinfo info;
    MDB_stat stat;
    if (!db->at_end || db->tail_refused || mdb_env_info(db->env, &info) != 0 || mdb_env_stat(db->env, &stat) != 0)
        return;
    size_t used = (info.me_last_pgno + 1) * stat.ms_psize;
    size_t want = db->options.map_bytes_max / ROOM_PART < DB_TAIL_BYTES ? db->options.map_bytes_max / ROOM_PART : DB_TAIL_BYTES;
    if (used + want > info.me_mapsize) { // it cannot grow: then what is free is wanted
        db_tail_end(db);
        return;
    }
    size_t most = used / TAIL_PART > DB_TAIL_BYTES ? used / TAIL_PART : DB_TAIL_BYTES;
    if (!db->tail || used - db->tail_from > most)
        begin(db, used);
}

void db_write_at_end(struct db *db, bool on)
{
    pthread_mutex_lock(&db->lock);
    if (on != db->at_end)
        db->tail_refused = false;
    db->at_end = on && !db->options.read_only;
    if (!db->at_end)
        db_tail_end(db);
    pthread_mutex_unlock(&db->lock);
}

bool db_tail_is(const struct db *db, long process, unsigned long long txn)
{
    return db->tail && process == (long)getpid() && txn == mdb_txn_id(db->tail);
}
