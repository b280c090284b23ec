#include "store/db.h"

#include <errno.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/base/bug.h"
#include "formats/base/limits.h"
#include "store/db_internal.h"
#include "store/key.h"

enum { READERS_MAX = 510, LMDB_KEY_MAX = 511 };

// Growth begins when less than this is free; also the smallest step. A quarter of the ceiling for small
// stores.
#define HEADROOM_BYTES (256 * MIB)
#define MAP_BYTES_DEFAULT (64 * MIB)
#define MAP_BYTES_MAX_DEFAULT (64 * 1024 * MIB)

struct db_txn {
    struct db *db;
    MDB_txn *txn;
    bool write;
    enum status st; // sticky: after a failed write nothing in the transaction may be relied on
};

enum status db_status_of(int rc)
{
    switch (rc) {
    case MDB_SUCCESS:
        return ST_OK;
    case MDB_NOTFOUND:
        return ST_NOT_FOUND;
    case MDB_KEYEXIST:
        return ST_CONFLICT;
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return ST_FULL;
    case ENOMEM:
        return ST_NOMEM;
    case MDB_READERS_FULL:
    case MDB_MAP_RESIZED:
    case EBUSY:
        return ST_BUSY;
    case EACCES:
    case EPERM:
    case EROFS:
        return ST_DENIED;
    case ENOENT:
        return ST_NOT_FOUND;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_INCOMPATIBLE:
    case MDB_PAGE_FULL:
    case MDB_CURSOR_FULL:
    case MDB_BAD_TXN: // a read in it met a damaged page
        return ST_CORRUPT;
    default: // codes of LMDB and errno values, not an enumeration of ours
        return ST_IO;
    }
}

// ---- the map

static size_t rounded(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return bytes / page * page;
}

static size_t headroom(const struct db *db)
{
    size_t quarter = db->options.map_bytes_max / 4;
    return quarter < HEADROOM_BYTES ? quarter : HEADROOM_BYTES;
}

// Make the map larger when little of it is free, up to the ceiling. Only with no transaction open in this
// process.
static enum status grow(struct db *db)
{
    MDB_envinfo info;
    MDB_stat stat;
    if (mdb_env_info(db->env, &info) != 0 || mdb_env_stat(db->env, &stat) != 0)
        return ST_IO;
    size_t used = (info.me_last_pgno + 1) * stat.ms_psize;
    size_t max = db->options.map_bytes_max, want = info.me_mapsize;
    bool tight = info.me_mapsize < used || info.me_mapsize - used < headroom(db);
    if (tight || db->want_grow)
        want = want > max / 2 ? max : want * 2;
    if (want < used + headroom(db))
        want = used + headroom(db);
    if (want > max)
        want = max;
    want = rounded(want);
    if (want > info.me_mapsize)
        db_tail_end(db); // it knows the old map
    db->want_grow = false;
    if (want <= info.me_mapsize)
        return ST_OK;
    int rc = mdb_env_set_mapsize(db->env, want);
    if (rc != 0)
        db->broken = true; // LMDB has let go of the old map by then
    return rc == 0 ? ST_OK : rc == ENOMEM ? ST_NOMEM : ST_IO;
}

// ---- opening

void db_fault(const struct db *db, struct diag *d, int rc)
{
    switch (db_status_of(rc)) {
    case ST_CORRUPT:
        diag_add(d, 0, 0, "store-damaged", db->path,
                 "%s is not a store or is damaged (%s); restore it from a backup", DB_DATA_FILE,
                 mdb_strerror(rc));
        break;
    case ST_FULL:
        diag_add(d, 0, 0, "store-full", db->path, "%s",
                 rc == MDB_MAP_FULL ? "the store is as large as it may be; raise map-max-mib in [store] and try again"
                                    : "no space left on the disk; free some and try again");
        break;
    case ST_OK:
    case ST_MALFORMED:
    case ST_INVALID:
    case ST_LIMIT:
    case ST_UNSUPPORTED:
    case ST_DENIED:
    case ST_NOT_FOUND:
    case ST_CONFLICT:
    case ST_GONE:
    case ST_BAD_SIGNATURE:
    case ST_BAD_PROOF:
    case ST_NOMEM:
    case ST_IO:
    case ST_UNREACHABLE:
    case ST_BUSY:
        diag_add(d, 0, 0, "store", db->path, "cannot open the store: %s", mdb_strerror(rc));
        break;
    }
}

static MDB_val val_of(struct span s)
{
    // LMDB does not write through keys and values that it is given.
    union {
        const uint8_t *in;
        void *out;
    } p = {.in = s.ptr};
    return (MDB_val){s.len, p.out};
}

static struct span span_of_val(MDB_val v)
{
    return span_of(v.mv_data, v.mv_size);
}

static int set_up(struct db *db, struct diag *d, bool *ret_told)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(db->env, NULL, db->options.read_only ? MDB_RDONLY : 0, &txn);
    if (rc != 0)
        return rc;
    rc = db_format_set_up(db, txn, d, ret_told);
    if (rc == 0)
        rc = mdb_txn_commit(txn); // a reader commits too: that keeps the tables' handles
    else
        mdb_txn_abort(txn);
    return rc == EIO && db_dir_is_full(db->dir_fd) ? ENOSPC : rc;
}

// Make the map larger. False: it may not be.
static bool make_room(struct db *db)
{
    MDB_envinfo info;
    const size_t max = rounded(db->options.map_bytes_max);
    if (mdb_env_info(db->env, &info) != 0 || info.me_mapsize >= max)
        return false;
    return mdb_env_set_mapsize(db->env, info.me_mapsize > max / 2 ? max : info.me_mapsize * 2) == 0;
}

static enum status set_up_tables(struct db *db, struct diag *d)
{
    bool told = false;
    int rc = set_up(db, d, &told);
    while (rc == MDB_MAP_FULL && make_room(db)) // what another version wrote may take more
        rc = set_up(db, d, &told);
    if (rc != 0 && !told)
        db_fault(db, d, rc);
    if (!db->alone)
        return db_status_of(rc);
    db->alone = false;
    const enum status shared = db_dir_share(db->dir_fd, d, db->path);
    return rc != 0 ? db_status_of(rc) : shared;
}

static enum status check_length(struct db *db, struct diag *d)
{
    MDB_envinfo info;
    MDB_stat stat;
    if (mdb_env_info(db->env, &info) != 0 || mdb_env_stat(db->env, &stat) != 0)
        return ST_IO;
    return db_dir_extend(db->dir_fd, (uint64_t)(info.me_last_pgno + 1) * stat.ms_psize, d, db->path);
}

static int env_create(struct db *db)
{
    size_t map =
        db->options.map_bytes < db->options.map_bytes_max ? db->options.map_bytes : db->options.map_bytes_max;
    int rc = mdb_env_create(&db->env);
    if (rc == 0)
        rc = mdb_env_set_maxdbs(db->env, DB_TABLE_COUNT + DB_OLD_TABLES);
    if (rc == 0)
        rc = mdb_env_set_maxreaders(db->env, READERS_MAX);
    if (rc == 0)
        rc = mdb_env_set_mapsize(db->env, rounded(map));
    // Snapshots belong to transactions, not to threads. Never NOSYNC, NOMETASYNC, MAPASYNC or WRITEMAP.
    if (rc == 0)
        rc = mdb_env_open(db->env, db->path, MDB_NOTLS | (db->options.read_only ? MDB_RDONLY : 0u), 0600);
    return rc;
}

enum status db_env_open(struct db *db, struct diag *d)
{
    enum status st = db_dir_check_data(db->dir_fd, db->options.read_only, d, db->path);
    if (st != ST_OK)
        return st;
    int rc = env_create(db), dead = 0;
    if (rc == 0)
        rc = mdb_reader_check(db->env, &dead);
    if (rc != 0) {
        db_fault(db, d, rc);
        st = db_status_of(rc);
    }
    if (st == ST_OK)
        st = check_length(db, d);
    if (st == ST_OK)
        st = set_up_tables(db, d);
    if (st == ST_OK && !db->options.read_only)
        st = db_dir_sync(db->dir_fd, d, db->path);
    if (st != ST_OK && db->env) {
        mdb_env_close(db->env);
        db->env = NULL;
    }
    return st;
}

enum status db_open(const char *path, const struct db_options *o, struct diag *d, struct db **ret)
{
    struct db *db = calloc(1, sizeof *db);
    if (!db)
        return ST_NOMEM;
    db->options = *o;
    if (db->options.map_bytes == 0)
        db->options.map_bytes = MAP_BYTES_DEFAULT;
    if (db->options.map_bytes_max == 0)
        db->options.map_bytes_max = MAP_BYTES_MAX_DEFAULT;
    db->dir_fd = -1;
    pthread_mutex_init(&db->lock, NULL);
    enum status st = db_dir_open(path, o->read_only, d, &db->dir_fd);
    if (st == ST_OK) {
        snprintf(db->path, sizeof db->path, "%s", path);
        st = db_env_open(db, d);
    }
    if (st == ST_OK)
        *ret = db;
    else
        db_close(&db);
    return st;
}

void db_close(struct db **db)
{
    if (!*db)
        return;
    BUG_IF((*db)->active != 0);
    db_tail_end(*db);
    if ((*db)->env)
        mdb_env_close((*db)->env);
    if ((*db)->dir_fd >= 0)
        close((*db)->dir_fd);
    pthread_mutex_destroy(&(*db)->lock);
    free(*db);
    *db = NULL;
}

// ---- transactions

static void count_down(struct db *db)
{
    pthread_mutex_lock(&db->lock);
    BUG_IF(db->active == 0);
    db->active--;
    pthread_mutex_unlock(&db->lock);
}

// Announce a transaction, growing the map first where that is possible and needed.
static enum status count_up(struct db *db, bool write)
{
    enum status st = ST_OK;
    pthread_mutex_lock(&db->lock);
    if (!db->broken && write && db->active == 0) {
        st = grow(db);
        db_tail_look(db);
    }
    if (db->broken)
        st = ST_IO;
    if (st == ST_OK)
        db->active++;
    pthread_mutex_unlock(&db->lock);
    return st;
}

// Another process has grown the map: follow, unless other transactions of ours still use the old one.
static enum status follow_map(struct db *db)
{
    enum status st = ST_BUSY;
    pthread_mutex_lock(&db->lock);
    if (db->active == 1) { // ourselves
        db_tail_end(db);
        st = mdb_env_set_mapsize(db->env, 0) == 0 ? ST_OK : ST_IO;
        if (st != ST_OK)
            db->broken = true;
    }
    pthread_mutex_unlock(&db->lock);
    return st;
}

static enum status begin(struct db *db, bool write, MDB_txn **ret)
{
    // Once more after following a grown map; several times if it keeps growing under our eyes.
    for (int tries = 0; tries < 8; tries++) {
        int rc = mdb_txn_begin(db->env, NULL, write ? 0 : MDB_RDONLY, ret);
        if (rc != MDB_MAP_RESIZED)
            return rc == EACCES ? ST_DENIED : db_status_of(rc);
        TRY(follow_map(db));
    }
    return ST_BUSY;
}

enum status db_begin(struct db *db, bool write, struct db_txn **ret)
{
    if (write && db->options.read_only)
        return ST_DENIED;
    struct db_txn *t = calloc(1, sizeof *t);
    if (!t)
        return ST_NOMEM;
    enum status st = count_up(db, write);
    if (st == ST_OK) {
        st = begin(db, write, &t->txn);
        if (st != ST_OK)
            count_down(db);
    }
    if (st != ST_OK) {
        free(t);
        return st;
    }
    t->db = db;
    t->write = write;
    *ret = t;
    return ST_OK;
}

// Has LMDB declared the environment unusable (the write of the meta page failed, what is on disk is not
// known)?
static bool env_is_dead(struct db *db)
{
    MDB_txn *probe;
    int rc = mdb_txn_begin(db->env, NULL, MDB_RDONLY, &probe);
    if (rc == 0)
        mdb_txn_abort(probe);
    return rc == MDB_PANIC;
}

// What a failed commit means. While LMDB lives, its meta page was not touched, so nothing took effect; it
// reports a write that the full disk cut short as EIO. Any other EIO may be a failed fsync.
static enum status commit_status(struct db *db, int rc)
{
    enum status st = db_status_of(rc);
    if (st == ST_FULL || rc == EIO) {
        if (env_is_dead(db))
            return ST_IO;
        return st == ST_FULL || db_dir_is_full(db->dir_fd) ? ST_FULL : ST_IO;
    }
    return st;
}

enum status db_commit(struct db_txn **t)
{
    struct db_txn *x = *t;
    if (x->st != ST_OK) {
        enum status st = x->st;
        db_abort(t);
        return st;
    }
    int rc = mdb_txn_commit(x->txn); // frees the transaction, also when it fails: never touch it again
    enum status st = commit_status(x->db, rc);
    pthread_mutex_lock(&x->db->lock);
    if (rc == MDB_MAP_FULL)
        x->db->want_grow = true;
    if (st == ST_FULL)
        db_tail_refuse(x->db);
    if (st != ST_OK && st != ST_FULL && st != ST_NOMEM && st != ST_CORRUPT && x->write) {
        st = ST_IO;
        x->db->broken = true;
    }
    pthread_mutex_unlock(&x->db->lock);
    count_down(x->db);
    free(x);
    *t = NULL;
    return st;
}

void db_abort(struct db_txn **t)
{
    if (!*t)
        return;
    mdb_txn_abort((*t)->txn);
    count_down((*t)->db);
    free(*t);
    *t = NULL;
}

// ---- single keys

static void check_key(struct span key)
{
    BUG_IF(key.len == 0 || key.len > LMDB_KEY_MAX);
}

// What a write left behind: after a real failure the transaction is spoilt.
static enum status written(struct db_txn *t, int rc)
{
    enum status st = db_status_of(rc);
    if (st == ST_OK || st == ST_CONFLICT || st == ST_NOT_FOUND)
        return st;
    t->st = st;
    if (rc == MDB_MAP_FULL) {
        pthread_mutex_lock(&t->db->lock);
        t->db->want_grow = true;
        db_tail_refuse(t->db);
        pthread_mutex_unlock(&t->db->lock);
    }
    return st;
}

enum status db_get(struct db_txn *t, enum db_table table, struct span key, struct span *ret)
{
    check_key(key);
    if (t->st != ST_OK)
        return t->st;
    MDB_val k = val_of(key), v;
    int rc = mdb_get(t->txn, t->db->dbi[table], &k, &v);
    if (rc == 0)
        *ret = span_of_val(v);
    return db_status_of(rc);
}

static enum status put(struct db_txn *t, enum db_table table, struct span key, struct span value,
                       unsigned flags)
{
    check_key(key);
    BUG_IF(!t->write);
    if (t->st != ST_OK)
        return t->st;
    MDB_val k = val_of(key), v = val_of(value);
    return written(t, mdb_put(t->txn, t->db->dbi[table], &k, &v, flags));
}

enum status db_put(struct db_txn *t, enum db_table table, struct span key, struct span value)
{
    return put(t, table, key, value, 0);
}

enum status db_put_new(struct db_txn *t, enum db_table table, struct span key, struct span value)
{
    return put(t, table, key, value, MDB_NOOVERWRITE);
}

enum status db_append(struct db_txn *t, enum db_table table, struct span key, struct span value)
{
    return put(t, table, key, value, MDB_APPEND);
}

enum status db_del(struct db_txn *t, enum db_table table, struct span key)
{
    check_key(key);
    BUG_IF(!t->write);
    if (t->st != ST_OK)
        return t->st;
    MDB_val k = val_of(key);
    enum status st = written(t, mdb_del(t->txn, t->db->dbi[table], &k, NULL));
    return st == ST_NOT_FOUND ? ST_OK : st;
}

// ---- walks

enum status db_count(struct db_txn *t, enum db_table table, uint64_t *ret)
{
    MDB_stat stat;
    if (t->st != ST_OK)
        return t->st;
    enum status st = db_status_of(mdb_stat(t->txn, t->db->dbi[table], &stat));
    if (st == ST_OK)
        *ret = stat.ms_entries;
    return st;
}

static bool walk_open(struct db_txn *t, enum db_table table, struct span prefix, struct db_walk *w)
{
    *w = (struct db_walk){.st = t->st, .prefix_len = prefix.len};
    BUG_IF(prefix.len > sizeof w->prefix);
    if (prefix.len)
        memcpy(w->prefix, prefix.ptr, prefix.len);
    if (w->st != ST_OK)
        return false;
    MDB_cursor *c;
    w->st = db_status_of(mdb_cursor_open(t->txn, t->db->dbi[table], &c));
    if (w->st == ST_OK)
        w->cursor = c;
    return w->st == ST_OK;
}

static bool has_prefix(const struct db_walk *w, MDB_val k)
{
    return k.mv_size >= w->prefix_len &&
           (w->prefix_len == 0 || memcmp(k.mv_data, w->prefix, w->prefix_len) == 0);
}

// Accept where the cursor came to stand, or end the walk.
static bool walk_stand(struct db_walk *w, int rc, MDB_val k, MDB_val v)
{
    if (rc == 0 && has_prefix(w, k)) {
        w->key = span_of_val(k);
        w->value = span_of_val(v);
        return true;
    }
    if (rc != 0 && rc != MDB_NOTFOUND)
        w->st = db_status_of(rc);
    db_walk_end(w);
    return false;
}

static bool walk_move(struct db_walk *w, MDB_cursor_op op)
{
    MDB_val k, v;
    if (!w->cursor)
        return false;
    int rc = mdb_cursor_get(w->cursor, &k, &v, op);
    return walk_stand(w, rc, k, v);
}

bool db_walk_first(struct db_txn *t, enum db_table table, struct span prefix, struct span from,
                   struct db_walk *w)
{
    if (!walk_open(t, table, prefix, w))
        return false;
    struct span start = from.len ? from : prefix;
    if (start.len == 0)
        return walk_move(w, MDB_FIRST);
    MDB_val k = val_of(start), v;
    int rc = mdb_cursor_get(w->cursor, &k, &v, MDB_SET_RANGE);
    return walk_stand(w, rc, k, v);
}

// Stand on the last key of the table that is < before.
static bool walk_below(struct db_walk *w, struct span before)
{
    MDB_val k = val_of(before), v;
    int rc = mdb_cursor_get(w->cursor, &k, &v, MDB_SET_RANGE);
    if (rc == MDB_NOTFOUND)
        return walk_move(w, MDB_LAST);
    return rc == 0 ? walk_move(w, MDB_PREV) : walk_stand(w, rc, k, v);
}

bool db_walk_last(struct db_txn *t, enum db_table table, struct span prefix, struct db_walk *w)
{
    if (!walk_open(t, table, prefix, w))
        return false;
    // The first key behind every key with the prefix: the prefix with its last byte that is not 0xff counted
    // up.
    uint8_t end[sizeof w->prefix];
    size_t len = prefix.len;
    while (len && w->prefix[len - 1] == 0xff)
        len--;
    if (len == 0)
        return walk_move(w, MDB_LAST);
    memcpy(end, w->prefix, len);
    end[len - 1]++;
    return walk_below(w, span_of(end, len));
}

bool db_walk_before(struct db_txn *t, enum db_table table, struct span prefix, struct span before,
                    struct db_walk *w)
{
    check_key(before);
    return walk_open(t, table, prefix, w) && walk_below(w, before);
}

bool db_walk_next(struct db_walk *w)
{
    return walk_move(w, MDB_NEXT);
}

bool db_walk_prev(struct db_walk *w)
{
    return walk_move(w, MDB_PREV);
}

void db_walk_end(struct db_walk *w)
{
    if (w->cursor)
        mdb_cursor_close(w->cursor);
    w->cursor = NULL;
    w->key = w->value = span_of(NULL, 0);
}

// ---- figures

struct reader_count {
    const struct db *db;
    uint32_t readers;
    uint64_t oldest; // transaction number of the oldest snapshot
};

// Lines of mdb_reader_list: process, thread, number of the snapshot's transaction (or `-`).
static int on_reader(const char *line, void *ctx)
{
    struct reader_count *c = ctx;
    long process;
    unsigned long long txn;
    if (sscanf(line, "%ld %*x %llu", &process, &txn) == 2 && !db_tail_is(c->db, process, txn)) {
        c->readers++;
        if (txn < c->oldest)
            c->oldest = txn;
    }
    return 0;
}

// Every value of LMDB's table of free pages begins with how many it lists.
static int count_free(MDB_txn *txn, uint64_t *ret)
{
    MDB_cursor *c;
    MDB_val k, v;
    int rc = mdb_cursor_open(txn, 0, &c);
    if (rc != 0)
        return rc;
    while ((rc = mdb_cursor_get(c, &k, &v, MDB_NEXT)) == 0) {
        size_t count = 0;
        if (v.mv_size >= sizeof count)
            memcpy(&count, v.mv_data, sizeof count);
        *ret += count;
    }
    mdb_cursor_close(c);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

enum status db_stats(struct db *db, struct db_stats *ret)
{
    struct db_stats s = {.used_bytes = 0};
    struct reader_count readers = {.db = db, .oldest = UINT64_MAX};
    MDB_envinfo info;
    MDB_stat stat;
    struct db_txn *t;
    pthread_mutex_lock(&db->lock);
    int rc = mdb_reader_list(db->env, on_reader, &readers); // before our own snapshot is one of them
    pthread_mutex_unlock(&db->lock);
    TRY(db_begin(db, false, &t));
    if (rc >= 0)
        rc = mdb_env_info(db->env, &info);
    if (rc == 0)
        rc = mdb_env_stat(db->env, &stat);
    if (rc == 0)
        rc = count_free(t->txn, &s.free_pages);
    db_abort(&t);
    if (rc != 0)
        return db_status_of(rc);
    s.used_bytes = (uint64_t)(info.me_last_pgno + 1) * stat.ms_psize;
    s.map_bytes = info.me_mapsize;
    s.readers = readers.readers;
    s.oldest_reader = info.me_last_txnid > readers.oldest ? info.me_last_txnid - readers.oldest : 0;
    *ret = s;
    return ST_OK;
}

enum status db_check_readers(struct db *db, uint32_t *ret_cleared)
{
    int dead = 0;
    int rc = mdb_reader_check(db->env, &dead);
    if (rc == 0)
        *ret_cleared = (uint32_t)dead;
    return db_status_of(rc);
}
