#include "tools/relto/export_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES_MAX = 2048, DEPTH_MAX = 8 };

struct mapping {
    struct mapping *next;
    char path[EXPORT_PATH_MAX];
    void *ptr;
    size_t len;
};

struct export_dir {
    const struct cli *cli;
    char root[PATH_BYTES_MAX - EXPORT_PATH_MAX - 2];
    char current[PATH_BYTES_MAX]; // the file that is being written
    FILE *out;
    struct mapping *mappings;
};

static enum status failed(struct export_dir *d, const char *what, const char *path)
{
    int why = errno;
    diag_add(d->cli->diag, 0, 0, "file", path, "cannot %s: %s", what, strerror(why));
    return why == ENOSPC ? ST_FULL : why == ENOMEM ? ST_NOMEM : ST_IO;
}

static enum status dir_new(const struct cli *cli, const char *path, struct export_dir **ret)
{
    struct export_dir *d = calloc(1, sizeof *d);
    if (!d)
        return ST_NOMEM;
    d->cli = cli;
    if ((size_t)snprintf(d->root, sizeof d->root, "%s", path) >= sizeof d->root) {
        diag_add(cli->diag, 0, 0, "file", "path", "longer than %zu bytes", sizeof d->root - 1);
        free(d);
        return ST_LIMIT;
    }
    *ret = d;
    return ST_OK;
}

static bool is_empty(const char *path)
{
    DIR *dir = opendir(path);
    bool empty = dir != NULL;
    for (struct dirent *e; dir && (e = readdir(dir));)
        empty &= strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
    if (dir)
        closedir(dir);
    return empty;
}

enum status export_dir_create(const struct cli *cli, const char *path, struct export_dir **ret)
{
    if (mkdir(path, 0700) != 0 && !(errno == EEXIST && is_empty(path))) {
        bool there = errno == EEXIST || errno == ENOTDIR;
        diag_add(cli->diag, 0, 0, "file", path, there ? "exists, and is no empty folder; give another" : "cannot make the folder: %s",
                 strerror(errno));
        return there ? ST_CONFLICT : ST_IO;
    }
    return dir_new(cli, path, ret);
}

enum status export_dir_open(const struct cli *cli, const char *path, struct export_dir **ret)
{
    struct stat sb;
    if (stat(path, &sb) != 0 || !S_ISDIR(sb.st_mode)) {
        diag_add(cli->diag, 0, 0, "file", path, "no such folder; expected one that 'relto audit export' wrote (a proof: --proof FILE)");
        return ST_NOT_FOUND;
    }
    return dir_new(cli, path, ret);
}

void export_dir_free(struct export_dir **d)
{
    if (!*d)
        return;
    for (struct mapping *m = (*d)->mappings, *next; m; m = next) {
        next = m->next;
        if (m->len)
            munmap(m->ptr, m->len);
        free(m);
    }
    if ((*d)->out)
        fclose((*d)->out);
    free(*d);
    *d = NULL;
}

// ---- reading

static enum status map_file(struct export_dir *d, const char *path, struct span *ret)
{
    struct stat sb;
    void *ptr = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK); // a pipe is refused, not waited for
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? ST_NOT_FOUND : failed(d, "read", path);
    if (fstat(fd, &sb) != 0 || !S_ISREG(sb.st_mode)) {
        diag_add(d->cli->diag, 0, 0, "file", path, "no regular file; an export has no others: get it anew");
        close(fd);
        return ST_IO;
    }
    if (sb.st_size > 0)
        ptr = mmap(NULL, (size_t)sb.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (ptr == MAP_FAILED)
        return failed(d, "map", path);
    *ret = span_of(ptr, (size_t)sb.st_size);
    return ST_OK;
}

static enum status get(void *ctx, const char *path, struct span *ret)
{
    struct export_dir *d = ctx;
    char full[PATH_BYTES_MAX];
    for (const struct mapping *m = d->mappings; m; m = m->next)
        if (strcmp(m->path, path) == 0) {
            *ret = span_of(m->ptr, m->len);
            return ST_OK;
        }
    snprintf(full, sizeof full, "%s/%s", d->root, path);
    TRY(map_file(d, full, ret));
    struct mapping *m = calloc(1, sizeof *m);
    union {
        const uint8_t *in;
        void *out;
    } at = {.in = ret->ptr};
    if (!m) {
        if (ret->len)
            munmap(at.out, ret->len);
        return ST_NOMEM;
    }
    snprintf(m->path, sizeof m->path, "%s", path);
    m->ptr = at.out;
    m->len = ret->len;
    m->next = d->mappings;
    d->mappings = m;
    return ST_OK;
}

// Every file below a folder of the export, by its path inside.
static enum status walk(struct export_dir *d, const char *inside, int depth,
                        enum status (*on_file)(void *of, const char *path), void *of)
{
    char full[PATH_BYTES_MAX], path[PATH_BYTES_MAX];
    enum status st = ST_OK;
    snprintf(full, sizeof full, "%s/%s", d->root, inside);
    DIR *dir = opendir(full);
    if (!dir)
        return failed(d, "read the folder", full);
    for (struct dirent *e; st == ST_OK && (e = readdir(dir));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        snprintf(path, sizeof path, "%s%s%s", inside, *inside ? "/" : "", e->d_name);
        if (e->d_type == DT_DIR && depth < DEPTH_MAX && strlen(path) < EXPORT_PATH_MAX)
            st = walk(d, path, depth + 1, on_file, of);
        else
            st = on_file(of, path);
    }
    closedir(dir);
    return st;
}

static enum status each(void *ctx, enum status (*on_file)(void *of, const char *path), void *of)
{
    return walk(ctx, "", 0, on_file, of);
}

struct export_source export_dir_source(struct export_dir *d)
{
    return (struct export_source){get, each, d};
}

// ---- writing

static enum status make_folders(struct export_dir *d)
{
    for (char *slash = d->current + strlen(d->root) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = 0;
        bool good = mkdir(d->current, 0700) == 0 || errno == EEXIST;
        enum status st = good ? ST_OK : failed(d, "make the folder", d->current);
        *slash = '/';
        if (st != ST_OK)
            return st;
    }
    return ST_OK;
}

static enum status begin(void *ctx, const char *path)
{
    struct export_dir *d = ctx;
    snprintf(d->current, sizeof d->current, "%s/%s", d->root, path);
    TRY(make_folders(d));
    int fd = open(d->current, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    d->out = fd < 0 ? NULL : fdopen(fd, "w");
    if (!d->out) {
        enum status st = failed(d, "write", d->current);
        if (fd >= 0)
            close(fd);
        return st;
    }
    return ST_OK;
}

static enum status put(void *ctx, struct span bytes)
{
    struct export_dir *d = ctx;
    return bytes.len == 0 || fwrite(bytes.ptr, 1, bytes.len, d->out) == bytes.len ? ST_OK : failed(d, "write", d->current);
}

// The digest is that of the file as it can be read again.
static enum status end(void *ctx, struct digest *ret_digest, uint64_t *ret_len)
{
    struct export_dir *d = ctx;
    struct span bytes;
    bool good = fflush(d->out) == 0 && fsync(fileno(d->out)) == 0;
    good &= fclose(d->out) == 0;
    d->out = NULL;
    if (!good)
        return failed(d, "write", d->current);
    TRY(map_file(d, d->current, &bytes));
    *ret_digest = sha256(bytes);
    *ret_len = bytes.len;
    union {
        const uint8_t *in;
        void *out;
    } at = {.in = bytes.ptr};
    if (bytes.len)
        munmap(at.out, bytes.len);
    return ST_OK;
}

struct export_sink export_dir_sink(struct export_dir *d)
{
    return (struct export_sink){begin, put, end, d};
}
