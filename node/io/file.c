#include "node/io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_PATH_MAX = 2048 };

static enum status fault(struct diag *d, const char *path, const char *what)
{
    int e = errno;
    diag_add(d, 0, 0, "file", path, "%s: %s", what, strerror(e));
    return e == ENOENT ? ST_NOT_FOUND : e == ENOSPC ? ST_FULL : ST_IO;
}

static enum status read_all(int fd, const char *path, uint8_t *to, size_t len, struct diag *d)
{
    for (size_t at = 0; at < len;) {
        ssize_t n = read(fd, to + at, len - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fault(d, path, "cannot read");
        if (n == 0) {
            diag_add(d, 0, 0, "file", path, "became shorter while it was read; try again");
            return ST_IO;
        }
        at += (size_t)n;
    }
    return ST_OK;
}

enum status file_read(const char *path, size_t max, struct arena *a, struct diag *d, struct span *ret)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); // nobody waits for the other end of a pipe
    if (fd < 0)
        return fault(d, path, "cannot open");
    struct stat sb;
    enum status st = ST_OK;
    uint8_t *bytes = NULL;
    size_t len = 0;
    if (fstat(fd, &sb) != 0) {
        st = fault(d, path, "cannot examine");
    } else if (!S_ISREG(sb.st_mode)) {
        diag_add(d, 0, 0, "file", path, "%s; expected a file", S_ISDIR(sb.st_mode) ? "a folder" : "no regular file");
        st = ST_INVALID;
    } else if (sb.st_size < 0 || (uint64_t)sb.st_size > max) {
        diag_add(d, 0, 0, "file", path, "%lld bytes; expected at most %zu", (long long)sb.st_size, max);
        st = ST_LIMIT;
    } else {
        len = (size_t)sb.st_size;
        bytes = arena_alloc(a, len + 1);
        st = bytes ? read_all(fd, path, bytes, len, d) : arena_status(a);
    }
    close(fd);
    if (st == ST_OK)
        *ret = span_of(bytes, len);
    return st;
}

static enum status write_all(int fd, const char *path, struct span s, bool durable, struct diag *d)
{
    while (s.len) {
        ssize_t n = write(fd, s.ptr, s.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fault(d, path, "cannot write");
        s = span_sub(s, (size_t)n, s.len);
    }
    return !durable || fsync(fd) == 0 ? ST_OK : fault(d, path, "cannot make durable");
}

static enum status sync_folder(const char *path, struct diag *d)
{
    char folder[FILE_PATH_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = 0;
    int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fault(d, folder, "cannot open folder");
    enum status st = fsync(fd) == 0 ? ST_OK : fault(d, folder, "cannot make durable");
    close(fd);
    return st;
}

static enum status replace(const char *path, struct span bytes, unsigned mode, bool durable, struct diag *d)
{
    char tmp[FILE_PATH_MAX];
    if ((size_t)snprintf(tmp, sizeof tmp, "%s.%ld.tmp", path, (long)getpid()) >= sizeof tmp) {
        diag_add(d, 0, 0, "file", path, "path too long");
        return ST_LIMIT;
    }
    unlink(tmp); // left by a crash, or a link of somebody else's: never written through
    int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
    if (fd < 0)
        return fault(d, path, "cannot create");
    enum status st = write_all(fd, path, bytes, durable, d);
    if (close(fd) != 0 && st == ST_OK)
        st = fault(d, path, "cannot close");
    if (st == ST_OK && rename(tmp, path) != 0)
        st = fault(d, path, "cannot put in place");
    if (st != ST_OK) {
        unlink(tmp);
        return st;
    }
    return durable ? sync_folder(path, d) : ST_OK;
}

enum status file_write(const char *path, struct span bytes, unsigned mode, struct diag *d)
{
    return replace(path, bytes, mode, true, d);
}

enum status file_write_passing(const char *path, struct span bytes, unsigned mode, struct diag *d)
{
    return replace(path, bytes, mode, false, d);
}
