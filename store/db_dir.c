// The directory of a store: who may touch it, and the locks between processes.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/db_internal.h"

static enum status fault(struct diag *d, const char *path, const char *what)
{
    int e = errno;
    diag_add(d, 0, 0, "store", path, "%s: %s", what, strerror(e));
    return e == ENOENT                                ? ST_NOT_FOUND
           : e == EACCES || e == EPERM                ? ST_DENIED
           : e == ENOSPC || e == EDQUOT || e == EFBIG ? ST_FULL
                                                      : ST_IO;
}

// Create the directory and make its name durable.
static enum status make_dir(const char *path, struct diag *d)
{
    if (mkdir(path, 0700) != 0)
        return errno == EEXIST
                   ? ST_OK
                   : fault(d, path, "cannot create the store's directory; create its parent first");
    char parent[DB_PATH_MAX];
    snprintf(parent, sizeof parent, "%s", path);
    size_t len = strlen(parent);
    while (len > 1 && parent[len - 1] == '/')
        parent[--len] = 0;
    char *slash = strrchr(parent, '/');
    if (slash)
        slash[slash == parent] = 0;
    int fd = open(slash ? parent : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fault(d, path, "cannot open the directory above");
    enum status st = db_dir_sync(fd, d, path);
    close(fd);
    return st;
}

static enum status check_owner(const struct stat *sb, bool read_only, mode_t forbidden, struct diag *d,
                               const char *path)
{
    // An administrator may read, but what it would create could lock the daemon out.
    if (sb->st_uid != geteuid() && !(read_only && geteuid() == 0)) {
        diag_add(d, 0, 0, "store-owner", path, "belongs to user %u, not to this one (%u); run as the owner",
                 (unsigned)sb->st_uid, (unsigned)geteuid());
        return ST_DENIED;
    }
    if (sb->st_mode & forbidden) {
        diag_add(d, 0, 0, "store-mode", path, "mode %04o lets others in; run: chmod %s",
                 (unsigned)(sb->st_mode & 07777), S_ISDIR(sb->st_mode) ? "go-w" : "g-w,o=");
        return ST_DENIED;
    }
    return ST_OK;
}

static enum status lock_shared(int fd, bool read_only, struct diag *d, const char *path)
{
    if (flock(fd, LOCK_SH | LOCK_NB) == 0)
        return ST_OK;
    if (errno == EWOULDBLOCK) {
        diag_add(d, 0, 0, "store-busy", path, "the store is being compacted or brought up to date; try again when that is done");
        return ST_BUSY;
    }
    return read_only ? ST_OK : fault(d, path, "cannot lock the store's directory");
}

enum status db_dir_share(int dir_fd, struct diag *d, const char *path)
{
    return flock(dir_fd, LOCK_SH) == 0 ? ST_OK : fault(d, path, "cannot lock the store's directory");
}

enum status db_dir_lock_alone(int dir_fd, struct diag *d, const char *path)
{
    if (flock(dir_fd, LOCK_EX | LOCK_NB) == 0)
        return ST_OK;
    TRY(db_dir_share(dir_fd, d, path));
    diag_add(d, 0, 0, "store-busy", path, "other programs have the store open; try again when they are done");
    return ST_BUSY;
}

enum status db_dir_open(const char *path, bool read_only, struct diag *d, int *ret_fd)
{
    if (strlen(path) + sizeof DB_COMPACT_FILE >= DB_PATH_MAX) {
        diag_add(d, 0, 0, "store", NULL, "the store's path is longer than %d bytes", DB_PATH_MAX - 32);
        return ST_LIMIT;
    }
    if (!read_only)
        TRY(make_dir(path, d));
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fault(d, path, "cannot open the store's directory");
    struct stat sb;
    enum status st = fstat(fd, &sb) == 0 ? check_owner(&sb, read_only, 0022, d, path)
                                         : fault(d, path, "cannot examine the store's directory");
    if (st == ST_OK)
        st = lock_shared(fd, read_only, d, path);
    if (st != ST_OK)
        close(fd);
    else
        *ret_fd = fd;
    return st;
}

enum status db_dir_check_data(int dir_fd, bool read_only, struct diag *d, const char *path)
{
    struct stat sb;
    if (fstatat(dir_fd, DB_DATA_FILE, &sb, 0) == 0)
        return check_owner(&sb, read_only, 0027, d, path);
    if (errno != ENOENT)
        return fault(d, path, "cannot examine " DB_DATA_FILE);
    if (!read_only)
        return ST_OK;
    diag_add(d, 0, 0, "store", path, "there is no store here; start the node once, or name its directory");
    return ST_NOT_FOUND;
}

enum status db_dir_extend(int dir_fd, uint64_t bytes, struct diag *d, const char *path)
{
    struct stat sb;
    if (fstatat(dir_fd, DB_DATA_FILE, &sb, 0) != 0)
        return fault(d, path, "cannot examine " DB_DATA_FILE);
    if ((uint64_t)sb.st_size >= bytes)
        return ST_OK;
    // A few pages too short is usual: pages that were taken and freed in one transaction are never written.
    // fallocate only ever lengthens, so it cannot race with a writer. Pages of zeros are found to be damaged.
    int fd = openat(dir_fd, DB_DATA_FILE, O_RDWR | O_CLOEXEC);
    int rc = fd < 0 ? -1 : fallocate(fd, 0, sb.st_size, (off_t)(bytes - (uint64_t)sb.st_size));
    int e = errno;
    if (fd >= 0)
        close(fd);
    if (rc == 0 || e == ENOSPC || e == EDQUOT) // a full disk is no reason not to read
        return ST_OK;
    diag_add(
        d, 0, 0, "store-damaged", path,
        "%s is shorter than its contents (%llu of %llu bytes): restore it from a backup, or open it once "
        "where it can be written",
        DB_DATA_FILE, (unsigned long long)sb.st_size, (unsigned long long)bytes);
    return ST_CORRUPT;
}

enum status db_dir_sync(int dir_fd, struct diag *d, const char *path)
{
    return fsync(dir_fd) == 0 ? ST_OK : fault(d, path, "cannot make the directory durable");
}

bool db_dir_is_full(int dir_fd)
{
    static const uint8_t zeros[65536];
    struct stat sb;
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
        fstatat(dir_fd, DB_DATA_FILE, &sb, 0) == 0 && (uint64_t)sb.st_size + sizeof zeros > limit.rlim_cur)
        return true;
    // Ask by writing, to a file without a name: only that tells of quotas too.
    int fd = openat(dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno == ENOSPC || errno == EDQUOT;
    bool full = false;
    for (off_t at = 0; at < 4 * (off_t)sizeof zeros && !full; at += (off_t)sizeof zeros)
        full = pwrite(fd, zeros, sizeof zeros, at) != (ssize_t)sizeof zeros;
    close(fd);
    return full;
}

// ---- the daemon's lock

static void say_busy(int fd, struct diag *d, const char *path)
{
    char pid[24] = "";
    ssize_t n = pread(fd, pid, sizeof pid - 1, 0);
    pid[n > 0 ? n : 0] = 0;
    pid[strcspn(pid, "\n")] = 0;
    diag_add(d, 0, 0, "store-busy", path, "another reltod (process %s) runs on this store; stop it first",
             *pid ? pid : "unknown");
}

enum status db_lock_daemon(const char *path, struct diag *d, int *ret_fd)
{
    char file[DB_PATH_MAX];
    TRY(make_dir(path, d));
    if ((size_t)snprintf(file, sizeof file, "%s/daemon.lock", path) >= sizeof file) {
        diag_add(d, 0, 0, "store", NULL, "the store's path is too long");
        return ST_LIMIT;
    }
    int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fault(d, file, "cannot open the lock file");
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        enum status st = ST_BUSY;
        if (errno == EWOULDBLOCK)
            say_busy(fd, d, path);
        else
            st = fault(d, file, "cannot lock");
        close(fd);
        return st;
    }
    char pid[24];
    int len = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    // The number is for people only; the lock itself holds without it.
    if (ftruncate(fd, 0) != 0 || pwrite(fd, pid, (size_t)len, 0) != len)
        (void)len;
    *ret_fd = fd;
    return ST_OK;
}

void db_unlock_daemon(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}
