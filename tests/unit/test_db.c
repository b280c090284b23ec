// store/db: transactions, walks, growth of the map, full disks and maps, locks, versions, copies.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/key.h"
#include "tests/support/store_dir.h"

static struct span text(const char *s)
{
    return span_cstr(s);
}

static void put(struct store_dir *s, const char *key, const char *value)
{
    struct db_txn *t = store_dir_write(s);
    assert_int_equal(db_put(t, DB_META, text(key), text(value)), ST_OK);
    store_dir_commit(t);
}

static bool has(struct store_dir *s, const char *key, const char *value)
{
    struct span v;
    struct db_txn *t = store_dir_read(s);
    enum status st = db_get(t, DB_META, text(key), &v);
    bool yes = st == ST_OK && span_eq_cstr(v, value);
    db_abort(&t);
    assert_true(st == ST_OK || st == ST_NOT_FOUND);
    return yes;
}

static void values_are_kept_and_removed(void **state)
{
    struct store_dir *s = *state;
    struct span v;
    struct db_txn *t = store_dir_write(s);
    assert_int_equal(db_put_new(t, DB_META, text("a"), text("1")), ST_OK);
    assert_int_equal(db_put_new(t, DB_META, text("a"), text("2")), ST_CONFLICT);
    assert_int_equal(db_append(t, DB_DRAFTS, text("b"), text("1")), ST_OK);
    assert_int_equal(db_append(t, DB_DRAFTS, text("b"), text("2")), ST_CONFLICT); // not behind the last
    assert_int_equal(db_append(t, DB_DRAFTS, text("a"), text("2")), ST_CONFLICT);
    assert_int_equal(db_append(t, DB_DRAFTS, text("c"), text("3")), ST_OK);
    assert_int_equal(db_get(t, DB_DRAFTS, text("b"), &v), ST_OK);
    assert_true(span_eq_cstr(v, "1"));
    assert_int_equal(db_put(t, DB_META, text("b"), span_of(NULL, 0)), ST_OK);
    assert_int_equal(db_get(t, DB_META, text("a"), &v), ST_OK); // its own writes are seen
    assert_true(span_eq_cstr(v, "1"));
    assert_int_equal(db_get(t, DB_META, text("b"), &v), ST_OK);
    assert_int_equal(v.len, 0);
    assert_int_equal(db_get(t, DB_HEADS, text("a"), &v), ST_NOT_FOUND);
    store_dir_commit(t);
    t = store_dir_write(s);
    assert_int_equal(db_del(t, DB_META, text("a")), ST_OK);
    assert_int_equal(db_del(t, DB_META, text("a")), ST_OK);
    db_abort(&t);
    assert_true(has(s, "a", "1"));
    db_close(&s->db);
    store_dir_open(s, false);
    assert_true(has(s, "a", "1"));
}

static void snapshots_stay_as_they_were(void **state)
{
    struct store_dir *s = *state;
    struct span v;
    put(s, "a", "1");
    struct db_txn *old = store_dir_read(s);
    put(s, "a", "2");
    assert_int_equal(db_get(old, DB_META, text("a"), &v), ST_OK);
    assert_true(span_eq_cstr(v, "1"));
    db_abort(&old);
    assert_true(has(s, "a", "2"));
}

// Many changes, one commit: all there, or, given up, none.
static void group_commit(void **state)
{
    struct store_dir *s = *state;
    for (int round = 0; round < 2; round++) {
        struct db_txn *t = store_dir_write(s);
        for (uint64_t i = 0; i < 2000; i++) {
            struct key k = {.len = 0};
            key_u64(&k, i);
            assert_int_equal(db_put(t, DB_AUDIT, key_span(&k), text("event")), ST_OK);
        }
        if (round == 0)
            db_abort(&t);
        else
            store_dir_commit(t);
        db_close(&s->db);
        store_dir_open(s, round == 1);
        struct db_txn *r = store_dir_read(s);
        struct db_walk w;
        size_t n = 0;
        for (bool ok = db_walk_first(r, DB_AUDIT, span_of(NULL, 0), span_of(NULL, 0), &w); ok;
             ok = db_walk_next(&w))
            n++;
        assert_int_equal(w.st, ST_OK);
        db_abort(&r);
        assert_int_equal(n, round == 0 ? 0 : 2000);
    }
}

// The keys met, in order, joined by spaces.
static const char *keys_of(bool ok, struct db_walk *w, bool (*step)(struct db_walk *))
{
    static char out[200];
    out[0] = 0;
    for (; ok; ok = step(w))
        snprintf(out + strlen(out), sizeof out - strlen(out), "%.*s ", (int)w->key.len,
                 (const char *)w->key.ptr);
    assert_int_equal(w->st, ST_OK);
    db_walk_end(w);
    db_walk_end(w); // harmless
    return out;
}

static void walks_keep_to_their_prefix(void **state)
{
    struct store_dir *s = *state;
    static const char *const keys[] = {"a", "b1", "b2", "b3", "c", "\xff", "\xff\xff", "\377\377\061"};
    struct db_txn *t = store_dir_write(s);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        assert_int_equal(db_put(t, DB_SOURCES, text(keys[i]), text("v")), ST_OK);
    struct db_walk w;
    struct span none = span_of(NULL, 0);
#define FIRST(p, f) db_walk_first(t, DB_SOURCES, p, f, &w)
#define LAST(p) db_walk_last(t, DB_SOURCES, p, &w)
#define BEFORE(p, b) db_walk_before(t, DB_SOURCES, p, b, &w)
    assert_string_equal(keys_of(FIRST(text("b"), none), &w, db_walk_next), "b1 b2 b3 ");
    assert_string_equal(keys_of(FIRST(text("b"), text("b2")), &w, db_walk_next), "b2 b3 ");
    assert_string_equal(keys_of(FIRST(text("b"), text("b4")), &w, db_walk_next), "");
    assert_string_equal(keys_of(FIRST(text("d"), none), &w, db_walk_next), "");
    assert_string_equal(keys_of(FIRST(none, none), &w, db_walk_next),
                        "a b1 b2 b3 c \xff \xff\xff \377\377\061 ");
    assert_string_equal(keys_of(LAST(text("b")), &w, db_walk_prev), "b3 b2 b1 ");
    assert_string_equal(keys_of(LAST(text("bb")), &w, db_walk_prev), "");
    assert_string_equal(keys_of(LAST(text("\xff\xff")), &w, db_walk_prev), "\377\377\061 \xff\xff ");
    assert_string_equal(keys_of(LAST(none), &w, db_walk_prev), "\377\377\061 \xff\xff \xff c b3 b2 b1 a ");
    assert_string_equal(keys_of(BEFORE(text("b"), text("b3")), &w, db_walk_prev), "b2 b1 ");
    assert_string_equal(keys_of(BEFORE(text("b"), text("b1")), &w, db_walk_prev), "");
    assert_string_equal(keys_of(BEFORE(text("b"), text("z")), &w, db_walk_prev), "");
    assert_string_equal(keys_of(BEFORE(none, text("\xff\xff\xff")), &w, db_walk_prev),
                        "\377\377\061 \xff\xff \xff c b3 b2 b1 a ");
    assert_false(db_walk_first(t, DB_RECEIVED, none, none, &w));
    assert_int_equal(w.st, ST_OK);
    assert_false(db_walk_last(t, DB_RECEIVED, none, &w));
    assert_true(FIRST(text("b"), none));
    assert_true(db_walk_next(&w));
    assert_true(db_walk_prev(&w));
    assert_true(span_eq_cstr(w.key, "b1"));
    db_walk_end(&w);
    store_dir_commit(t);
}

static void the_map_grows_by_itself(void **state)
{
    struct store_dir *s = *state;
    struct db_stats stats;
    for (uint64_t i = 0; i < 60; i++)
        assert_int_equal(store_dir_blob(s, i, 512 * 1024), ST_OK);
    assert_int_equal(db_stats(s->db, &stats), ST_OK);
    assert_true(stats.map_bytes > 30 << 20);
    assert_true(stats.used_bytes > 30 << 20);
    // opened with a small map it still holds what is there
    db_close(&s->db);
    store_dir_open(s, true);
    assert_int_equal(db_stats(s->db, &stats), ST_OK);
    assert_int_equal(stats.readers, 0);
    struct db_txn *t = store_dir_read(s);
    assert_int_equal(db_stats(s->db, &stats), ST_OK);
    assert_int_equal(stats.readers, 1);
    db_abort(&t);
}

// A snapshot that is open keeps the map from growing; when it is gone the same write goes through.
static void growth_waits_for_snapshots(void **state)
{
    struct store_dir *s = *state;
    put(s, "a", "1");
    struct db_stats stats;
    assert_int_equal(db_stats(s->db, &stats), ST_OK);
    struct db_txn *snapshot = store_dir_read(s);
    assert_int_equal(store_dir_blob(s, 1, (size_t)stats.map_bytes), ST_FULL);
    assert_int_equal(store_dir_blob(s, 2, 1000), ST_OK);
    db_abort(&snapshot);
    assert_int_equal(store_dir_blob(s, 1, (size_t)stats.map_bytes), ST_OK);
}

static void a_full_map_is_refused_and_recovers(void **state)
{
    struct store_dir *s = *state;
    db_close(&s->db);
    struct db_options o = {.map_bytes = 1 << 20, .map_bytes_max = 4 << 20};
    assert_int_equal(db_open(s->path, &o, store_dir_diag(), &s->db), ST_OK);
    uint64_t n = 0;
    enum status st = ST_OK;
    while (n < 1000 && (st = store_dir_blob(s, n, 32 * 1024)) == ST_OK)
        n++;
    assert_int_equal(st, ST_FULL);
    assert_in_range(n, 50, 128);
    assert_int_equal(store_dir_blob(s, n, 32 * 1024), ST_FULL);
    struct db_txn *t = store_dir_read(s); // reading goes on
    struct key k = {.len = 0};
    struct span v;
    key_u64(&k, n - 1);
    assert_int_equal(db_get(t, DB_REPORTS, key_span(&k), &v), ST_OK);
    assert_int_equal(v.ptr[0], (uint8_t)(n - 1));
    db_abort(&t);
    for (uint64_t i = 0; i < 10; i++) { // make room
        t = store_dir_write(s);
        k.len = 0;
        key_u64(&k, i);
        assert_int_equal(db_del(t, DB_REPORTS, key_span(&k)), ST_OK);
        store_dir_commit(t);
    }
    assert_int_equal(store_dir_blob(s, n, 32 * 1024), ST_OK);
    // a higher ceiling helps too
    while (store_dir_blob(s, ++n, 32 * 1024) == ST_OK) {
    }
    db_close(&s->db);
    o.map_bytes_max = 16 << 20;
    assert_int_equal(db_open(s->path, &o, store_dir_diag(), &s->db), ST_OK);
    assert_int_equal(store_dir_blob(s, n, 32 * 1024), ST_OK);
}

// Run f in a child; its exit status.
static int in_child(int (*f)(struct store_dir *), struct store_dir *s)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        _exit(f(s));
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// The disk is full (here: the file may not grow): nothing is lost, and the store goes on when there is room.
static int fill_disk(struct store_dir *s)
{
    struct rlimit whole, small = {.rlim_cur = 1 << 20, .rlim_max = RLIM_INFINITY};
    signal(SIGXFSZ, SIG_IGN);
    if (getrlimit(RLIMIT_FSIZE, &whole) != 0)
        return 10;
    small.rlim_max = whole.rlim_max;
    struct db_options o = {.map_bytes = 1 << 20, .map_bytes_max = 64 << 20};
    if (db_open(s->path, &o, NULL, &s->db) != ST_OK || store_dir_blob(s, 1, 1000) != ST_OK)
        return 1;
    if (setrlimit(RLIMIT_FSIZE, &small) != 0)
        return 2;
    if (store_dir_blob(s, 2, 8 << 20) != ST_FULL)
        return 3;
    if (store_dir_blob(s, 3, 1000) != ST_OK)
        return 4;
    if (setrlimit(RLIMIT_FSIZE, &whole) != 0)
        return 5;
    if (store_dir_blob(s, 4, 8 << 20) != ST_OK)
        return 6;
    db_close(&s->db);
    return 0;
}

static void a_full_disk_is_refused_and_recovers(void **state)
{
    struct store_dir *s = *state;
    db_close(&s->db);
    assert_int_equal(in_child(fill_disk, s), 0);
    store_dir_open(s, true);
    struct db_txn *t = store_dir_read(s);
    for (uint64_t i = 1; i <= 4; i++) {
        struct key k = {.len = 0};
        struct span v;
        key_u64(&k, i);
        assert_int_equal(db_get(t, DB_REPORTS, key_span(&k), &v), i == 2 ? ST_NOT_FOUND : ST_OK);
    }
    db_abort(&t);
}

static int write_much(struct store_dir *s)
{
    struct db_options o = {.map_bytes = 1 << 20, .map_bytes_max = 256 << 20};
    if (db_open(s->path, &o, NULL, &s->db) != ST_OK)
        return 1;
    for (uint64_t i = 0; i < 12; i++)
        if (store_dir_blob(s, 100 + i, 8 << 20) != ST_OK)
            return 2;
    db_close(&s->db);
    return 0;
}

// Another process writes beyond our map: readers and writers follow, and say so while they cannot.
static void a_map_grown_elsewhere_is_followed(void **state)
{
    struct store_dir *s = *state;
    put(s, "a", "1");
    struct store_dir other = *s;
    other.db = NULL;
    struct db_txn *snapshot = store_dir_read(s);
    assert_int_equal(in_child(write_much, &other), 0);
    struct db_txn *t;
    assert_int_equal(db_begin(s->db, false, &t), ST_BUSY);
    struct span v;
    assert_int_equal(db_get(snapshot, DB_META, text("a"), &v), ST_OK);
    db_abort(&snapshot);
    t = store_dir_read(s);
    struct key k = {.len = 0};
    key_u64(&k, 111);
    assert_int_equal(db_get(t, DB_REPORTS, key_span(&k), &v), ST_OK);
    assert_int_equal(v.len, 8 << 20);
    db_abort(&t);
    put(s, "b", "2");
    assert_true(has(s, "b", "2"));
}

static void reading_needs_a_store_and_never_writes(void **state)
{
    struct store_dir *s = *state;
    put(s, "a", "1");
    db_close(&s->db);
    store_dir_open(s, true);
    struct db_txn *t;
    assert_int_equal(db_begin(s->db, true, &t), ST_DENIED);
    assert_true(has(s, "a", "1"));

    struct store_dir empty;
    store_dir_make(&empty);
    struct db_options o = {.read_only = true};
    struct diag *d = store_dir_diag();
    assert_int_equal(db_open(empty.path, &o, d, &empty.db), ST_NOT_FOUND);
    assert_int_equal(d->count, 1);
    char file[300];
    snprintf(file, sizeof file, "%s/data.mdb", empty.path);
    assert_int_not_equal(access(file, F_OK), 0);
    store_dir_remove(&empty);
    assert_int_equal(db_open(empty.path, &o, store_dir_diag(), &empty.db), ST_NOT_FOUND);
    assert_null(empty.db);
}

static int read_a(struct store_dir *s)
{
    struct db_options o = {.read_only = true};
    if (db_open(s->path, &o, NULL, &s->db) != ST_OK)
        return 1;
    struct db_txn *t;
    struct span v;
    if (db_begin(s->db, false, &t) != ST_OK || db_get(t, DB_META, text("a"), &v) != ST_OK ||
        !span_eq_cstr(v, "1"))
        return 2;
    db_abort(&t);
    db_close(&s->db);
    return 0;
}

static void others_read_while_one_writes(void **state)
{
    struct store_dir *s = *state;
    put(s, "a", "1");
    struct store_dir other = *s;
    other.db = NULL;
    struct db_txn *t = store_dir_write(s);
    assert_int_equal(db_put(t, DB_META, text("a"), text("2")), ST_OK);
    assert_int_equal(in_child(read_a, &other), 0);
    store_dir_commit(t);
}

// Close the store as one that says this format version.
static void close_as_version(struct store_dir *s, uint32_t version)
{
    struct key k = {.len = 0}, v = {.len = 0};
    key_id(&k, "format");
    key_u32(&v, version);
    struct db_txn *t = store_dir_write(s);
    assert_int_equal(db_put(t, DB_META, key_span(&k), key_span(&v)), ST_OK);
    store_dir_commit(t);
    db_close(&s->db);
}

static void another_version_is_refused(void **state)
{
    struct store_dir *s = *state;
    close_as_version(s, 5);
    for (int read_only = 0; read_only < 2; read_only++) {
        struct db_options o = {.read_only = read_only};
        struct diag *d = store_dir_diag();
        assert_int_equal(db_open(s->path, &o, d, &s->db), ST_CORRUPT);
        assert_string_equal(d->faults[0].rule, "store-version");
        assert_non_null(strstr(d->faults[0].message, "format version 5"));
    }
}

// The daemon brings a store of the version before up to date; who only reads is told to start it.
static void the_version_before_is_brought_up_to_date(void **state)
{
    struct store_dir *s = *state;
    put(s, "a", "1");
    close_as_version(s, 2);
    struct db_options o = {.read_only = true};
    struct diag *d = store_dir_diag();
    assert_int_equal(db_open(s->path, &o, d, &s->db), ST_NOT_FOUND);
    assert_non_null(strstr(d->faults[0].message, "start reltod once"));
    // not under the feet of others, whose tables would be gone
    o.read_only = false;
    int other = open(s->path, O_RDONLY | O_DIRECTORY);
    assert_int_equal(flock(other, LOCK_SH), 0);
    d = store_dir_diag();
    assert_int_equal(db_open(s->path, &o, d, &s->db), ST_BUSY);
    assert_non_null(strstr(d->faults[0].message, "other programs have the store open"));
    close(other);
    assert_int_equal(db_open(s->path, &o, NULL, &s->db), ST_OK);
    other = open(s->path, O_RDONLY | O_DIRECTORY); // and afterwards others may come in
    assert_int_equal(flock(other, LOCK_SH | LOCK_NB), 0);
    close(other);
    db_close(&s->db);
    assert_int_equal(in_child(read_a, s), 0);
    o.read_only = true;
    assert_int_equal(db_open(s->path, &o, NULL, &s->db), ST_OK);
}

// A backup that the version before made can be restored.
static void a_copy_of_the_version_before_can_be_made(void **state)
{
    struct store_dir *s = *state, copy;
    struct db_options o = {.read_only = true, .to_copy = true};
    put(s, "a", "1");
    close_as_version(s, 2);
    store_dir_make(&copy);
    assert_int_equal(rmdir(copy.path), 0);
    assert_int_equal(db_open(s->path, &o, NULL, &s->db), ST_OK);
    assert_int_equal(db_backup(s->db, copy.path, NULL), ST_OK);
    db_close(&s->db);
    store_dir_open(&copy, false);
    db_close(&copy.db);
    assert_int_equal(in_child(read_a, &copy), 0);
    store_dir_remove(&copy);
    store_dir_open(s, false);
}

static void write_file(const struct store_dir *s, const char *name, const char *bytes)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", s->path, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, strlen(bytes)), strlen(bytes));
    close(fd);
}

static void other_files_are_refused(void **state)
{
    (void)state;
    struct store_dir s;
    store_dir_make(&s);
    write_file(&s, "data.mdb",
               "this is no store, and it is long enough to be looked at as one would look at a store: "
               "its first page must carry LMDB's magic number and the version of its format.........");
    struct db_options o = {.read_only = false};
    struct diag *d = store_dir_diag();
    assert_int_equal(db_open(s.path, &o, d, &s.db), ST_CORRUPT);
    assert_string_equal(d->faults[0].rule, "store-damaged");
    store_dir_remove(&s);
}

// A truncated file must give an error, not a signal.
static void a_truncated_store_is_noticed(void **state)
{
    struct store_dir *s = *state;
    for (uint64_t i = 0; i < 20; i++)
        assert_int_equal(store_dir_blob(s, i, 20000), ST_OK);
    db_close(&s->db);
    char path[300];
    struct stat sb;
    snprintf(path, sizeof path, "%s/data.mdb", s->path);
    assert_int_equal(stat(path, &sb), 0);
    assert_int_equal(truncate(path, 3 * 4096), 0);
    struct db_options o = {.read_only = false};
    enum status st = db_open(s->path, &o, store_dir_diag(), &s->db);
    if (st == ST_OK) { // the root itself may have survived: then its pages are found to be missing
        struct db_txn *t = store_dir_read(s);
        struct key k = {.len = 0};
        struct span v;
        key_u64(&k, 3);
        st = db_get(t, DB_REPORTS, key_span(&k), &v);
        db_abort(&t);
    }
    assert_int_equal(st, ST_CORRUPT);
}

static void who_may_touch_it(void **state)
{
    struct store_dir *s = *state;
    db_close(&s->db);
    struct db_options o = {.read_only = false};
    assert_int_equal(chmod(s->path, 0770), 0);
    struct diag *d = store_dir_diag();
    assert_int_equal(db_open(s->path, &o, d, &s->db), ST_DENIED);
    assert_string_equal(d->faults[0].rule, "store-mode");
    assert_int_equal(chmod(s->path, 0700), 0);
    char path[300];
    snprintf(path, sizeof path, "%s/data.mdb", s->path);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(db_open(s->path, &o, store_dir_diag(), &s->db), ST_DENIED);
    assert_int_equal(chmod(path, 0600), 0);
    if (geteuid() == 0) { // only an administrator can give a directory away
        assert_int_equal(chown(s->path, 12345, (gid_t)-1), 0);
        d = store_dir_diag();
        assert_int_equal(db_open(s->path, &o, d, &s->db), ST_DENIED);
        assert_string_equal(d->faults[0].rule, "store-owner");
        assert_int_equal(chown(s->path, 0, (gid_t)-1), 0);
    }
    store_dir_open(s, false);
}

static int take_lock(struct store_dir *s)
{
    int fd = -1;
    return (int)db_lock_daemon(s->path, NULL, &fd);
}

static void one_daemon_at_a_time(void **state)
{
    struct store_dir *s = *state;
    int fd = -1, second = -1;
    assert_int_equal(db_lock_daemon(s->path, store_dir_diag(), &fd), ST_OK);
    struct diag *d = store_dir_diag();
    assert_int_equal(db_lock_daemon(s->path, d, &second), ST_BUSY);
    char pid[40];
    snprintf(pid, sizeof pid, "process %ld", (long)getpid());
    assert_non_null(strstr(d->faults[0].message, pid));
    assert_int_equal(in_child(take_lock, s), ST_BUSY);
    db_unlock_daemon(&fd);
    assert_int_equal(fd, -1);
    assert_int_equal(in_child(take_lock, s), ST_OK); // and gone with the child
    assert_int_equal(db_lock_daemon(s->path, store_dir_diag(), &fd), ST_OK);
    db_unlock_daemon(&fd);
    db_unlock_daemon(&fd);
}

// A process that dies with a snapshot open leaves it behind; it is cleared.
static int die_reading(struct store_dir *s)
{
    struct db_options o = {.read_only = true};
    struct db_txn *t;
    if (db_open(s->path, &o, NULL, &s->db) != ST_OK || db_begin(s->db, false, &t) != ST_OK)
        return 1;
    return 0; // _exit follows
}

static void dead_readers_are_cleared(void **state)
{
    struct store_dir *s = *state;
    put(s, "a", "1");
    struct store_dir other = *s;
    other.db = NULL;
    assert_int_equal(in_child(die_reading, &other), 0);
    put(s, "a", "2");
    struct db_stats stats;
    assert_int_equal(db_stats(s->db, &stats), ST_OK);
    assert_int_equal(stats.readers, 1);
    assert_true(stats.oldest_reader > 0);
    uint32_t cleared = 0;
    assert_int_equal(db_check_readers(s->db, &cleared), ST_OK);
    assert_int_equal(cleared, 1);
    assert_int_equal(db_stats(s->db, &stats), ST_OK);
    assert_int_equal(stats.readers, 0);
}

static bool file_holds(const char *dir, const char *needle)
{
    char path[300];
    snprintf(path, sizeof path, "%s/data.mdb", dir);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    static char bytes[8 << 20];
    size_t len = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    return memmem(bytes, len, needle, strlen(needle)) != NULL;
}

static void compaction_erases(void **state)
{
    struct store_dir *s = *state;
    put(s, "keep", "kept-canary");
    put(s, "gone", "erased-canary");
    struct db_txn *t = store_dir_write(s);
    assert_int_equal(db_del(t, DB_META, text("gone")), ST_OK);
    store_dir_commit(t);
    put(s, "more", "x");
    assert_true(file_holds(s->path, "erased-canary")); // copy-on-write does not erase
    t = store_dir_read(s);
    assert_int_equal(db_compact(&s->db, store_dir_diag()), ST_BUSY);
    db_abort(&t);
    assert_int_equal(db_compact(&s->db, store_dir_diag()), ST_OK);
    assert_false(file_holds(s->path, "erased-canary"));
    assert_true(file_holds(s->path, "kept-canary"));
    assert_true(has(s, "keep", "kept-canary"));
    for (int i = 0; i < 5; i++) // it goes on being written and read
        put(s, "again", "2");
    assert_true(has(s, "again", "2"));
    db_close(&s->db);
    store_dir_open(s, false);
    assert_true(has(s, "again", "2"));
    assert_true(has(s, "keep", "kept-canary"));
}

static void compaction_waits_for_others(void **state)
{
    struct store_dir *s = *state;
    put(s, "a", "1");
    struct store_dir other = *s;
    int ready[2], done[2];
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(done), 0);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) { // holds the store open until told to end
        struct db_options o = {.read_only = true};
        other.db = NULL;
        enum status st = db_open(other.path, &o, NULL, &other.db);
        char c = st == ST_OK ? 'y' : 'n';
        close(done[1]);
        if (write(ready[1], &c, 1) != 1 || read(done[0], &c, 1) != 0)
            _exit(1);
        _exit(0);
    }
    char c = 0;
    assert_int_equal(read(ready[0], &c, 1), 1);
    assert_int_equal(c, 'y');
    struct diag *d = store_dir_diag();
    assert_int_equal(db_compact(&s->db, d), ST_BUSY);
    assert_string_equal(d->faults[0].rule, "store-busy");
    put(s, "b", "2");
    close(done[0]);
    close(done[1]);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    close(ready[0]);
    close(ready[1]);
    assert_int_equal(db_compact(&s->db, store_dir_diag()), ST_OK);
    assert_true(has(s, "b", "2"));
}

static void backups_open_as_stores(void **state)
{
    struct store_dir *s = *state;
    struct store_dir copy;
    put(s, "a", "1");
    store_dir_make(&copy);
    struct db_txn *t = store_dir_write(s); // copies are made beside a writer
    assert_int_equal(db_put(t, DB_META, text("a"), text("2")), ST_OK);
    assert_int_equal(db_backup(s->db, copy.path, store_dir_diag()), ST_OK);
    store_dir_commit(t);
    struct diag *d = store_dir_diag();
    assert_int_equal(db_backup(s->db, copy.path, d), ST_CONFLICT);
    assert_string_equal(d->faults[0].rule, "backup-exists");
    store_dir_open(&copy, false);
    assert_true(has(&copy, "a", "1"));
    put(&copy, "a", "3");
    store_dir_remove(&copy);
    assert_true(has(s, "a", "2"));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, store_dir_setup, store_dir_teardown)
    const struct CMUnitTest tests[] = {
        T(values_are_kept_and_removed),
        T(snapshots_stay_as_they_were),
        T(group_commit),
        T(walks_keep_to_their_prefix),
        T(the_map_grows_by_itself),
        T(growth_waits_for_snapshots),
        T(a_full_map_is_refused_and_recovers),
        T(a_full_disk_is_refused_and_recovers),
        T(a_map_grown_elsewhere_is_followed),
        T(reading_needs_a_store_and_never_writes),
        T(others_read_while_one_writes),
        T(another_version_is_refused),
        T(the_version_before_is_brought_up_to_date),
        T(a_copy_of_the_version_before_can_be_made),
        cmocka_unit_test(other_files_are_refused),
        T(a_truncated_store_is_noticed),
        T(who_may_touch_it),
        T(one_daemon_at_a_time),
        T(dead_readers_are_cleared),
        T(compaction_erases),
        T(compaction_waits_for_others),
        T(backups_open_as_stores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
