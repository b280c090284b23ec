// What db.c, db_dir.c, db_format.c, db_upgrade.c, db_tail.c and backup.c share. Nobody else includes this.
#ifndef RELTO_STORE_DB_INTERNAL_H
#define RELTO_STORE_DB_INTERNAL_H

#include <pthread.h>

#include "store/db.h"

#define DB_DATA_FILE "data.mdb"
#define DB_COMPACT_FILE "data.mdb.compact"
#define DB_BEFORE_FILE "data.mdb.before-restore"

// Version 2 added tables to version 1, versions 3 and 4 have other trees: the first writable open brings a store up to date.
enum { DB_FORMAT_VERSION = 4, DB_FORMAT_OLDEST = 1, DB_PATH_MAX = 4096 };

struct MDB_env;
struct MDB_txn;

struct db {
    struct MDB_env *env;
    unsigned dbi[DB_TABLE_COUNT];
    struct db_options options;
    char path[DB_PATH_MAX];
    int dir_fd;           // holds a shared lock on the directory, against compaction under our feet
    bool alone;           // … or the only one, while a store of an earlier version is brought up to date
    pthread_mutex_t lock; // of what follows, and of changes of the map
    size_t active;        // transactions open in this process
    bool want_grow;       // a transaction ran out of map
    bool broken;          // a commit failed: what is on disk is not known
    bool at_end;          // db_write_at_end
    struct MDB_txn *tail; // a snapshot, open for its own sake: pages freed since are not used again; or NULL
    bool tail_refused;    // there was no room: not again until it is switched on anew
    size_t tail_from;     // length of the file when it was taken
};

// db_dir.c: the directory. Each with a fault on failure.

// Create (unless read_only) and check the directory, open it, take the shared lock. *ret_fd may be -1 when
// read_only and the file system does not lock.
MUST_USE enum status db_dir_open(const char *path, bool read_only, struct diag *d, int *ret_fd);
// Who may touch the data file?
MUST_USE enum status db_dir_check_data(int dir_fd, bool read_only, struct diag *d, const char *path);
// Make the data file at least `bytes` long, so that a truncated one gives errors instead of SIGBUS.
// ST_CORRUPT.
MUST_USE enum status db_dir_extend(int dir_fd, uint64_t bytes, struct diag *d, const char *path);
// Have nobody else open the store. ST_BUSY: others have it open; the lock is shared as before. db_dir_share: let them in again.
MUST_USE enum status db_dir_lock_alone(int dir_fd, struct diag *d, const char *path);
MUST_USE enum status db_dir_share(int dir_fd, struct diag *d, const char *path);
MUST_USE enum status db_dir_sync(int dir_fd, struct diag *d, const char *path);
// Does the file system, a quota or a limit of the process keep the data file from growing?
bool db_dir_is_full(int dir_fd);

// db_tail.c; all with the lock held.

// Let go of the snapshot: before anything that wants none open.
void db_tail_end(struct db *db);
// There was no room for a write.
void db_tail_refuse(struct db *db);
// A write is about to begin: take the snapshot, or a newer one, if it is time.
void db_tail_look(struct db *db);
// Is it the snapshot of this line of the table of readers?
bool db_tail_is(const struct db *db, long process, unsigned long long txn);

// db_format.c; codes are LMDB's.

// Check the version of what stands in the environment, make what is missing of it unless it is read_only, and open the tables. An
// error is told as a fault when *ret_told.
MUST_USE int db_format_set_up(struct db *db, struct MDB_txn *txn, struct diag *d, bool *ret_told);

// db_upgrade.c: bring what an earlier version wrote into today's form, in tables that are open. Codes are LMDB's.
enum { DB_OLD_TABLES = 3 }; // that earlier versions had
MUST_USE int db_upgrade(struct db *db, struct MDB_txn *txn);

// db.c
MUST_USE enum status db_status_of(int rc);
// Say why the store cannot be opened.
void db_fault(const struct db *db, struct diag *d, int rc);
// Open the environment and its tables in a prepared struct db (path, options, dir_fd). Closes it on failure.
MUST_USE enum status db_env_open(struct db *db, struct diag *d);

#endif
