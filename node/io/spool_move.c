#include "node/io/spool_move.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/base/limits.h"
#include "node/io/file.h"

enum { SUFFIX_DIGITS = 12, HELD_PATH_MAX = 32 };

struct place {
    char path[SPOOL_PATH_MAX + NAME_MAX + 32];
};

static struct place place_of(const char *folder, const char *name, const char *suffix)
{
    struct place p;
    int n = snprintf(p.path, sizeof p.path, "%s/%s%s", folder, name, suffix);
    if (n < 0 || (size_t)n >= sizeof p.path)
        p.path[0] = 0; // too long: every use of it fails, and says so
    return p;
}

// Hold done/ or rejected/ open, and tell its path. Who may drop files may also rename these and put a link there, while
// they are used: so nothing is reached by their names. -1: not to be used, with the reason.
static int hold_folder(const char *folder, const char *sub, char ret_path[HELD_PATH_MAX], const char **ret_why)
{
    struct place p = place_of(folder, sub, "");
    struct stat sb;
    int fd = open(p.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0) {
        snprintf(ret_path, HELD_PATH_MAX, "/proc/self/fd/%d", fd);
        return fd;
    }
    *ret_why = strerror(errno);
    if (lstat(p.path, &sb) == 0 && !S_ISDIR(sb.st_mode))
        *ret_why = "done or rejected in it is no folder but a link or a file; remove it, the node makes the folder";
    return -1;
}

bool spool_folders(const char *folder, const char **ret_why)
{
    static const char *const subs[] = {"done", "rejected"};
    for (size_t i = 0; i < 2; i++) {
        struct place p = place_of(folder, subs[i], "");
        char held[HELD_PATH_MAX];
        if (mkdir(p.path, 0750) != 0 && errno != EEXIST) {
            *ret_why = strerror(errno);
            return false;
        }
        int fd = hold_folder(folder, subs[i], held, ret_why);
        if (fd < 0)
            return false;
        close(fd);
    }
    return true;
}

bool spool_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

// ".0123456789ab"
static void suffix_of(const struct digest *d, char out[SUFFIX_DIGITS + 2])
{
    char text[DIGEST_TEXT_LEN + 1];
    digest_text(d, text);
    snprintf(out, SUFFIX_DIGITS + 2, ".%.*s", SUFFIX_DIGITS, text + strlen("sha256:"));
}

// Who may read the file may read what we say of it.
static const char *write_beside(const struct place *p, const struct stat *as_read, struct span document)
{
    struct stat sb;
    if (file_write(p->path, document, 0600, NULL) != ST_OK)
        return "cannot write the document beside it";
    int fd = open(p->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    // nothing but what was just written, whatever others put in its place
    bool good = fd >= 0 && fstat(fd, &sb) == 0 && S_ISREG(sb.st_mode) && sb.st_nlink == 1 &&
                fchmod(fd, 0600 | (as_read->st_mode & 0444)) == 0;
    if (fd >= 0)
        close(fd);
    return good ? NULL : "cannot open the document beside it to its readers";
}

static const char *move_to(const char *held, const struct place *from, const char *name, const struct stat *as_read,
                           const struct digest *digest, const char *extension, struct span document)
{
    char suffix[SUFFIX_DIGITS + 2] = "", ending[64];
    struct stat sb;
    struct place to = place_of(held, name, "");
    if (lstat(to.path, &sb) == 0) {
        suffix_of(digest, suffix); // whose name this is has the same bytes: it may take its place
        to = place_of(held, name, suffix);
    }
    snprintf(ending, sizeof ending, "%s%s", suffix, extension);
    struct place beside = place_of(held, name, ending);
    const char *why = write_beside(&beside, as_read, document);
    if (!why && rename(from->path, to.path) != 0)
        why = strerror(errno);
    return why;
}

static const char *move(const char *folder, const char *sub, const char *name, const struct stat *as_read,
                        const struct digest *digest, const char *extension, struct span document)
{
    char held[HELD_PATH_MAX];
    const char *why;
    struct stat sb;
    struct place from = place_of(folder, name, "");
    if (lstat(from.path, &sb) != 0)
        return errno == ENOENT ? NULL : strerror(errno); // somebody took it back
    if (!spool_same(&sb, as_read))
        return NULL; // it is read again
    int fd = hold_folder(folder, sub, held, &why);
    if (fd < 0)
        return why;
    why = move_to(held, &from, name, as_read, digest, extension, document);
    close(fd);
    return why;
}

const char *spool_done(const char *folder, const char *name, const struct stat *as_read, struct span bytes,
                       struct span decisions)
{
    const struct digest digest = sha256(bytes);
    return move(folder, "done", name, as_read, &digest, ".decisions.xml", decisions);
}

const char *spool_reject(const char *folder, const char *name, const struct stat *as_read, const struct span *bytes,
                         struct span problem)
{
    // What was not read is told apart by what it is.
    const struct digest digest = sha256(bytes ? *bytes : span_of(as_read, sizeof *as_read));
    return move(folder, "rejected", name, as_read, &digest, ".problem.xml", problem);
}

// Are these the bytes? A file that cannot be read is none of ours.
static bool has_digest(const char *path, const struct digest *digest)
{
    struct span bytes;
    struct arena *a = arena_new(RENDITION_BYTES_MAX + KIB);
    bool same = a && file_read(path, RENDITION_BYTES_MAX, a, NULL, &bytes) == ST_OK;
    if (same) {
        const struct digest d = sha256(bytes);
        same = digest_eq(&d, digest);
    }
    arena_free(&a);
    return same;
}

static const char *erase_in(const char *folder, const char *name, const char *suffix, const struct digest *digest)
{
    struct place p = place_of(folder, name, suffix);
    return has_digest(p.path, digest) && unlink(p.path) != 0 && errno != ENOENT ? strerror(errno) : NULL;
}

const char *spool_erase(const char *folder, const char *name, const struct digest *digest)
{
    char suffix[SUFFIX_DIGITS + 2], held[HELD_PATH_MAX];
    struct place done = place_of(folder, "done", "");
    struct stat sb;
    const char *why = erase_in(folder, name, "", digest);
    if (why || (lstat(done.path, &sb) != 0 && errno == ENOENT))
        return why;
    int fd = hold_folder(folder, "done", held, &why);
    if (fd < 0)
        return why;
    suffix_of(digest, suffix);
    why = erase_in(held, name, "", digest);
    if (!why)
        why = erase_in(held, name, suffix, digest);
    close(fd);
    return why;
}
