#include "node/io/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/report.h"
#include "node/core/ingest.h"
#include "node/io/clock.h"
#include "node/io/file.h"
#include "node/io/log.h"
#include "node/io/spool_move.h"

enum {
    BATCH_FILES_MAX = 32,             // published by one commit
    BATCH_BYTES_MAX = 32 * 1024 * 1024,
    LOOK_EVERY_MS = 500,
    QUIET_MS = 1000,                  // a file is left alone after its last change
    UNREADABLE_MS = 30000,            // the same, when it is no whole document
    RETRY_MS = 10000,                 // after what failed for reasons that are not the file's
    COMPLAIN_EVERY_MS = 60000,
    ERASE_MAX = 64,                   // files erased for recalls by one transaction
};

// One file on its way.
struct spool_file {
    struct daemon_job job;
    struct spool *spool;
    char *name;
    struct arena *arena; // owns the bytes
    struct span bytes;
    struct stat as_read;
    struct reply reply;
    enum ingest_fate fate;
};

struct spool {
    struct event_base *base;
    struct node_state *node;
    struct daemon *daemon;
    struct event *timer;
    char path[SPOOL_PATH_MAX];            // of the folder being worked on
    struct dirent **list;                 // what stands in it, in order
    int list_count, next;
    struct spool_file files[BATCH_FILES_MAX];
    size_t in_flight;
    struct daemon_job erasing;            // of recalled files
    bool erasing_now, dropping, erase_tried;
    struct spooled erase[ERASE_MAX];
    size_t erase_count;
    uint64_t recalled_seen;               // recalls whose files were erased; UINT64_MAX before the first look
    utc_ms wait_until, complained_at;
    bool stopping;
};

static void complain(struct spool *s, const char *what, const char *why)
{
    utc_ms now = clock_now();
    if (now < s->complained_at + COMPLAIN_EVERY_MS && now >= s->complained_at)
        return; // the same every half a second helps nobody
    s->complained_at = now;
    log_line(LOG_LEVEL_ERROR, "spool-failed", "where", what, "why", why, "state", "nothing is lost; it is tried again", NULL);
}

static void look_again(struct spool *s, int64_t ms)
{
    const struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
    if (!s->stopping)
        event_add(s->timer, &tv);
}

// ---- the folder

enum status spool_check(const struct config *c, struct diag *d)
{
    struct stat sb;
    if (!c->spool)
        return ST_OK;
    if (stat(c->spool, &sb) != 0) {
        diag_add(d, 0, 0, "spool", c->spool, "%s; make the folder, for those who may drop files", strerror(errno));
        return ST_NOT_FOUND;
    }
    if (!S_ISDIR(sb.st_mode)) {
        diag_add(d, 0, 0, "spool", c->spool, "no folder");
        return ST_INVALID;
    }
    if (sb.st_mode & S_IWOTH) {
        diag_add(d, 0, 0, "spool", c->spool, "everybody may drop files, and so speak for our cells; run: chmod o-w %s", c->spool);
        return ST_DENIED;
    }
    return ST_OK;
}

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n >= m && strcmp(name + n - m, end) == 0;
}

static int is_candidate(const struct dirent *e)
{
    return e->d_name[0] != '.' && !ends_with(e->d_name, ".tmp") && !ends_with(e->d_name, ".part") && e->d_type != DT_DIR;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void forget_list(struct spool *s)
{
    for (int i = 0; i < s->list_count; i++)
        free(s->list[i]);
    free(s->list);
    s->list = NULL;
    s->list_count = s->next = 0;
}

// Read the folder anew. False when it cannot be used now.
static bool read_folder(struct spool *s)
{
    const char *why;
    forget_list(s);
    snprintf(s->path, sizeof s->path, "%s", s->node->config->spool);
    if (!spool_folders(s->path, &why)) {
        complain(s, s->path, why);
        return false;
    }
    int n = scandir(s->path, &s->list, is_candidate, by_name);
    if (n < 0) {
        complain(s, s->path, strerror(errno));
        return false;
    }
    s->list_count = n;
    return true;
}

// ---- reading a file

static int64_t age_ms(const struct stat *sb)
{
    const struct timespec *t = sb->st_mtim.tv_sec > sb->st_ctim.tv_sec ? &sb->st_mtim : &sb->st_ctim;
    int64_t age = clock_now() - ((int64_t)t->tv_sec * 1000 + t->tv_nsec / 1000000);
    return age < 0 ? INT64_MAX : age; // from a clock that is ahead: what is whole is told by its content
}

// The kernel grants a read lease only while nobody has the file open for writing. To others' files it does not say.
static bool is_being_written(int fd)
{
    if (fcntl(fd, F_SETLEASE, F_RDLCK) != 0)
        return errno == EAGAIN;
    fcntl(fd, F_SETLEASE, F_UNLCK);
    return false;
}

static void reject_unread(struct spool *s, const char *name, const struct stat *sb, const char *title)
{
    struct reply rp;
    reply_init(&rp);
    reply_problem(&rp, 422, "invalid-report", title, "Nothing was stored.", NULL);
    const char *why = spool_reject(s->path, name, sb, NULL, buf_bytes(&rp.body));
    if (why)
        complain(s, name, why);
    else
        log_line(LOG_LEVEL_WARNING, "spool-rejected", "file", name, "why", title, NULL);
    reply_fini(&rp);
}

// Take in the bytes of an open file that nobody has changed meanwhile.
static bool take_bytes(struct spool_file *f, int fd)
{
    struct stat after;
    size_t len = (size_t)f->as_read.st_size, at = 0;
    f->arena = arena_new(len + KIB);
    uint8_t *bytes = f->arena ? arena_alloc(f->arena, len + 1) : NULL;
    while (bytes && at < len) {
        ssize_t n = read(fd, bytes + at, len - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        at += (size_t)n;
    }
    f->bytes = span_of(bytes, at);
    return bytes && at == len && fstat(fd, &after) == 0 && spool_same(&after, &f->as_read);
}

static bool examine(struct spool_file *f, int fd)
{
    struct spool *s = f->spool;
    if (fstat(fd, &f->as_read) != 0 || age_ms(&f->as_read) < QUIET_MS)
        return false;
    if (S_ISDIR(f->as_read.st_mode))
        return false;
    if (!S_ISREG(f->as_read.st_mode)) {
        reject_unread(s, f->name, &f->as_read, "This is no regular file");
        return false;
    }
    if (is_being_written(fd))
        return false;
    if ((uint64_t)f->as_read.st_size > RENDITION_BYTES_MAX) {
        reject_unread(s, f->name, &f->as_read, "The file is larger than any report");
        return false;
    }
    return take_bytes(f, fd);
}

// True when the file is to be published now.
static bool load(struct spool_file *f)
{
    struct spool *s = f->spool;
    char path[SPOOL_PATH_MAX + NAME_MAX + 2];
    struct stat sb;
    snprintf(path, sizeof path, "%s/%s", s->path, f->name);
    if (strlen(f->name) > SPOOLED_NAME_MAX) {
        complain(s, path, "the name is too long; rename it");
        return false;
    }
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == ELOOP && lstat(path, &sb) == 0)
        reject_unread(s, f->name, &sb, "This is a link, no file");
    else if (fd < 0 && errno != ENOENT)
        complain(s, path, strerror(errno));
    bool good = fd >= 0 && examine(f, fd);
    if (fd >= 0)
        close(fd);
    return good;
}

// ---- publishing it

static void file_fini(struct spool_file *f)
{
    reply_fini(&f->reply);
    arena_free(&f->arena);
    free(f->name);
    f->name = NULL;
}

static enum status run_file(struct tick *t, struct tick_job *job)
{
    struct spool_file *f = job->ctx;
    reply_fini(&f->reply);
    reply_init(&f->reply);
    return ingest_file(t, f->name, f->bytes, &f->reply, &f->fate);
}

static void wait_for_better(struct spool *s, const struct spool_file *f, const char *why)
{
    s->wait_until = utc_add(clock_now(), RETRY_MS);
    complain(s, f->name, why);
}

static void reject_file(struct spool *s, const struct spool_file *f)
{
    const char *why = spool_reject(s->path, f->name, &f->as_read, &f->bytes, buf_bytes(&f->reply.body));
    if (why)
        wait_for_better(s, f, why);
    else
        log_line(LOG_LEVEL_WARNING, "spool-rejected", "file", f->name, "why", "see its problem document", NULL);
}

static void settle(struct spool *s, const struct spool_file *f)
{
    const char *why = NULL;
    if (f->job.job.st != ST_OK) {
        wait_for_better(s, f, status_text(f->job.job.st));
        return;
    }
    switch (f->fate) {
    case INGEST_DONE:
        why = spool_done(s->path, f->name, &f->as_read, f->bytes, buf_bytes(&f->reply.body));
        if (why)
            wait_for_better(s, f, why);
        return;
    case INGEST_UNREADABLE:
        if (age_ms(&f->as_read) >= UNREADABLE_MS)
            reject_file(s, f);
        return;
    case INGEST_REJECTED:
        reject_file(s, f);
        return;
    case INGEST_LATER:
        wait_for_better(s, f, "the node cannot publish now");
        return;
    }
}

static void file_done(struct daemon_job *j)
{
    struct spool_file *f = j->job.ctx;
    struct spool *s = f->spool;
    settle(s, f);
    file_fini(f);
    if (--s->in_flight == 0)
        look_again(s, s->next < s->list_count ? 0 : LOOK_EVERY_MS);
}

static void submit_batch(struct spool *s)
{
    size_t bytes = 0;
    while (s->next < s->list_count && s->in_flight < BATCH_FILES_MAX && bytes < BATCH_BYTES_MAX) {
        struct spool_file *f = &s->files[s->in_flight];
        *f = (struct spool_file){.spool = s, .name = strdup(s->list[s->next++]->d_name)};
        f->job = (struct daemon_job){.job = {.run = run_file, .ctx = f}, .done = file_done};
        if (!f->name || !load(f)) {
            file_fini(f);
            continue;
        }
        bytes += f->bytes.len;
        s->in_flight++;
    }
    for (size_t i = 0, n = s->in_flight; i < n; i++)
        daemon_submit(s->daemon, &s->files[i].job);
}

// ---- recalls take the files in done/ along

static enum status collect(void *ctx, const struct spooled *file)
{
    struct spool *s = ctx;
    if (s->erase_count == ERASE_MAX)
        return ST_GONE; // enough for this time
    s->erase[s->erase_count++] = *file;
    return ST_OK;
}

static enum status run_erase(struct tick *t, struct tick_job *job)
{
    struct spool *s = job->ctx;
    if (!s->dropping) {
        s->erase_count = 0;
        enum status st = spooled_each_recalled(t->txn, collect, s);
        return st == ST_GONE ? ST_OK : st;
    }
    for (size_t i = 0; i < s->erase_count; i++)
        TRY(spooled_erased(t->txn, &s->erase[i]));
    return ST_OK;
}

// Erase what was collected; keep in the list what is gone.
static void erase_files(struct spool *s)
{
    size_t gone = 0;
    for (size_t i = 0; i < s->erase_count; i++) {
        const char *why = spool_erase(s->path, s->erase[i].name, &s->erase[i].digest);
        if (why)
            complain(s, s->erase[i].name, why);
        else
            s->erase[gone++] = s->erase[i];
    }
    s->erase_count = gone;
}

static void erase_done(struct daemon_job *j)
{
    struct spool *s = j->job.ctx;
    bool whole = s->erase_count < ERASE_MAX;
    s->erasing_now = false;
    if (j->job.st != ST_OK || s->dropping) {
        if (j->job.st != ST_OK || !whole)
            s->recalled_seen = UINT64_MAX; // look again
        s->dropping = false;
        return;
    }
    size_t found = s->erase_count;
    erase_files(s);
    if (s->erase_count < found)
        s->recalled_seen = UINT64_MAX;
    if (s->erase_count == 0)
        return;
    s->dropping = s->erasing_now = true;
    daemon_submit(s->daemon, &s->erasing);
}

// True while files are to be erased: a file that was recalled before it was moved must not be read again. What
// cannot be erased is tried again, and does not keep others waiting.
static bool look_for_recalls(struct spool *s)
{
    uint64_t recalled = s->node->core.recalled;
    bool tried = s->erase_tried;
    s->erase_tried = false;
    if (s->erasing_now)
        return true;
    if (tried || s->recalled_seen == recalled)
        return false;
    s->recalled_seen = recalled;
    s->erasing_now = s->erase_tried = true;
    daemon_submit(s->daemon, &s->erasing);
    return true;
}

// ---- life

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    struct spool *s = ctx;
    (void)fd, (void)what;
    if (s->stopping || s->in_flight)
        return;
    if (!s->node->config->spool || clock_now() < s->wait_until) {
        look_again(s, LOOK_EVERY_MS);
        return;
    }
    s->wait_until = UTC_MIN;
    if (s->next >= s->list_count && !read_folder(s)) {
        look_again(s, LOOK_EVERY_MS);
        return;
    }
    if (!look_for_recalls(s))
        submit_batch(s);
    if (s->in_flight == 0)
        look_again(s, s->next < s->list_count && !s->erasing_now ? 0 : LOOK_EVERY_MS);
}

enum status spool_new(struct event_base *base, struct node_state *node, struct daemon *daemon, struct spool **ret)
{
    struct spool *s = calloc(1, sizeof *s);
    if (!s)
        return ST_NOMEM;
    *s = (struct spool){.base = base, .node = node, .daemon = daemon, .recalled_seen = UINT64_MAX, .wait_until = UTC_MIN,
                        .complained_at = UTC_MIN};
    s->erasing = (struct daemon_job){.job = {.run = run_erase, .ctx = s}, .done = erase_done};
    s->timer = event_new(base, -1, 0, on_timer, s);
    if (!s->timer) {
        spool_free(&s);
        return ST_NOMEM;
    }
    look_again(s, 0);
    *ret = s;
    return ST_OK;
}

void spool_stop(struct spool *s)
{
    if (!s)
        return;
    s->stopping = true;
    event_del(s->timer);
}

void spool_free(struct spool **s)
{
    if (!*s)
        return;
    for (size_t i = 0; i < BATCH_FILES_MAX; i++)
        if ((*s)->files[i].name)
            file_fini(&(*s)->files[i]);
    forget_list(*s);
    if ((*s)->timer)
        event_free((*s)->timer);
    free(*s);
    *s = NULL;
}
