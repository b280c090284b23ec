// Compacted copies: backups of a live store, and the store itself without its free pages.
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/db_internal.h"

static enum status fault(struct diag *d, const char *path, const char *what, int rc)
{
    enum status st = db_status_of(rc);
    diag_add(d, 0, 0, st == ST_FULL ? "store-full" : "store", path, "%s: %s%s", what, mdb_strerror(rc),
             st == ST_FULL ? "; free some space and try again" : "");
    return st;
}

// Copy one snapshot without free pages into a new, durable file of the directory.
static enum status copy_to(MDB_env *env, int dir_fd, const char *name, struct diag *d, const char *path)
{
    int fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fault(d, path, "cannot create the copy", errno);
    enum status st = ST_OK;
    int rc = mdb_env_copyfd2(env, fd, MDB_CP_COMPACT);
    if (rc != 0)
        st = fault(d, path, "cannot copy the store", rc);
    else if (fsync(fd) != 0)
        st = fault(d, path, "cannot make the copy durable", errno);
    if (close(fd) != 0 && st == ST_OK)
        st = fault(d, path, "cannot close the copy", errno);
    if (st != ST_OK)
        unlinkat(dir_fd, name, 0);
    return st;
}

enum status db_backup(struct db *db, const char *to, struct diag *d)
{
    int fd;
    struct stat sb;
    TRY(db_dir_open(to, false, d, &fd));
    enum status st = ST_OK;
    if (fstatat(fd, DB_DATA_FILE, &sb, AT_SYMLINK_NOFOLLOW) == 0) {
        diag_add(d, 0, 0, "backup-exists", to, "holds a store already; name a new or empty directory");
        st = ST_CONFLICT;
    }
    // Under another name until it is whole: half a copy must never be taken for a backup.
    if (st == ST_OK && unlinkat(fd, DB_COMPACT_FILE, 0) != 0 && errno != ENOENT)
        st = fault(d, to, "cannot remove what an earlier backup left", errno);
    // A transaction of ours holds the map in place while LMDB copies under one of its own.
    struct db_txn *hold = NULL;
    if (st == ST_OK)
        st = db_begin(db, false, &hold);
    if (st == ST_OK)
        st = copy_to(db->env, fd, DB_COMPACT_FILE, d, to);
    db_abort(&hold);
    if (st == ST_OK && renameat(fd, DB_COMPACT_FILE, fd, DB_DATA_FILE) != 0)
        st = fault(d, to, "cannot put the copy in place", errno);
    if (st == ST_OK)
        st = db_dir_sync(fd, d, to);
    close(fd);
    return st;
}

// ---- going back to a backup

static enum status keep_old(int fd, struct diag *d, const char *path)
{
    struct stat sb, kept;
    if (fstatat(fd, DB_DATA_FILE, &sb, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? ST_OK : fault(d, path, "cannot examine " DB_DATA_FILE, errno);
    if (linkat(fd, DB_DATA_FILE, fd, DB_BEFORE_FILE, 0) == 0)
        return ST_OK;
    if (errno == EEXIST && fstatat(fd, DB_BEFORE_FILE, &kept, AT_SYMLINK_NOFOLLOW) == 0 && kept.st_ino == sb.st_ino)
        return ST_OK; // an attempt that was stopped here
    if (errno != EEXIST)
        return fault(d, path, "cannot keep the present store as " DB_BEFORE_FILE, errno);
    diag_add(d, 0, 0, "restore-kept", path, "a store of before an earlier restore is still here as " DB_BEFORE_FILE
             "; move it elsewhere, or remove it when nobody needs it");
    return ST_CONFLICT;
}

static enum status swap_in(int fd, int from_fd, struct diag *d, const char *path)
{
    struct stat sb;
    if (fstatat(from_fd, DB_DATA_FILE, &sb, AT_SYMLINK_NOFOLLOW) != 0)
        return fault(d, path, "cannot examine the store that is to come here", errno);
    TRY(keep_old(fd, d, path));
    if (unlinkat(fd, "lock.mdb", 0) != 0 && errno != ENOENT)
        return fault(d, path, "cannot remove lock.mdb", errno);
    if (renameat(from_fd, DB_DATA_FILE, fd, DB_DATA_FILE) != 0)
        return fault(d, path, "cannot put the store in place", errno);
    return db_dir_sync(fd, d, path);
}

enum status db_put_in_place(const char *path, const char *from, struct diag *d)
{
    int fd, from_fd = -1;
    TRY(db_dir_open(path, false, d, &fd));
    enum status st = db_dir_open(from, false, d, &from_fd);
    if (st == ST_OK && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        diag_add(d, 0, 0, "store-busy", path, "other programs have the store open; try again when they are done");
        st = ST_BUSY;
    }
    if (st == ST_OK)
        st = swap_in(fd, from_fd, d, path);
    if (from_fd >= 0)
        close(from_fd);
    close(fd);
    return st;
}

// ---- compaction in place

// One compaction at a time: a lock of its own, because changing the shared lock into an exclusive one lets go
// of it for a moment.
static enum status lock_compaction(struct db *db, struct diag *d, int *ret_fd)
{
    int fd = openat(db->dir_fd, "compact.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fault(d, db->path, "cannot open the lock of compaction", errno);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        diag_add(d, 0, 0, "store-busy", db->path, "the store is being compacted already");
        close(fd);
        return ST_BUSY;
    }
    *ret_fd = fd;
    return ST_OK;
}

static enum status copy_and_swap(struct db *db, struct diag *d)
{
    if (unlinkat(db->dir_fd, DB_COMPACT_FILE, 0) != 0 && errno != ENOENT)
        return fault(d, db->path, "cannot remove what an earlier compaction left", errno);
    // Others may have grown the map; they are gone now, and we hold no transaction.
    int rc = mdb_env_set_mapsize(db->env, 0);
    if (rc != 0) {
        db->broken = true;
        return fault(d, db->path, "cannot map the store", rc);
    }
    TRY(copy_to(db->env, db->dir_fd, DB_COMPACT_FILE, d, db->path));
    // The copy counts its transactions anew; the lock file follows when the next one to open finds itself
    // alone.
    mdb_env_close(db->env);
    db->env = NULL;
    if (renameat(db->dir_fd, DB_COMPACT_FILE, db->dir_fd, DB_DATA_FILE) != 0) {
        enum status st = fault(d, db->path, "cannot put the compacted store in place", errno);
        unlinkat(db->dir_fd, DB_COMPACT_FILE, 0);
        return st;
    }
    return db_dir_sync(db->dir_fd, d, db->path);
}

enum status db_compact(struct db **dbp, struct diag *d)
{
    struct db *db = *dbp;
    int lock = -1;
    if (db->options.read_only)
        return ST_DENIED;
    pthread_mutex_lock(&db->lock);
    enum status st = db->active ? ST_BUSY : db->broken ? ST_IO : ST_OK;
    if (st == ST_BUSY)
        diag_add(d, 0, 0, "store-busy", db->path, "a transaction is open; try again when it has ended");
    db_tail_end(db);
    if (st == ST_OK)
        st = lock_compaction(db, d, &lock);
    if (st == ST_OK) // others would go on with the old file, and what they wrote there would be lost
        st = db_dir_lock_alone(db->dir_fd, d, db->path);
    if (st == ST_OK) {
        st = copy_and_swap(db, d);
        enum status again = db->env ? ST_OK : db_env_open(db, d);
        const enum status shared = db_dir_share(db->dir_fd, d, db->path);
        if (again != ST_OK || shared != ST_OK)
            st = again != ST_OK ? again : shared;
    }
    if (lock >= 0)
        close(lock);
    pthread_mutex_unlock(&db->lock);
    if (!db->env)
        db_close(dbp);
    return st;
}
