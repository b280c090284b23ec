#include "tests/support/store_dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/key.h"

struct diag *store_dir_diag(void)
{
    static struct diag d;
    diag_init(&d, NULL);
    return &d;
}

void store_dir_make(struct store_dir *s)
{
    *s = (struct store_dir){.db = NULL};
    snprintf(s->path, sizeof s->path, "%s/relto-store-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    assert_non_null(mkdtemp(s->path));
    s->random = random_from_seed(&s->seed, 1);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    remove(path);
    return 0;
}

void store_dir_remove(struct store_dir *s)
{
    db_close(&s->db);
    nftw(s->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void store_dir_open(struct store_dir *s, bool read_only)
{
    struct db_options o = {.read_only = read_only, .map_bytes = 1 << 20, .map_bytes_max = 64 << 20};
    struct diag *d = store_dir_diag();
    enum status st = db_open(s->path, &o, d, &s->db);
    if (st != ST_OK)
        fail_msg("%s: %s", status_text(st), d->count ? d->faults[0].message : "");
}

int store_dir_setup(void **state)
{
    struct store_dir *s = malloc(sizeof *s);
    store_dir_make(s);
    store_dir_open(s, false);
    *state = s;
    return 0;
}

int store_dir_teardown(void **state)
{
    store_dir_remove(*state);
    free(*state);
    return 0;
}

static struct db_txn *begin(struct store_dir *s, bool write)
{
    struct db_txn *t;
    assert_int_equal(db_begin(s->db, write, &t), ST_OK);
    return t;
}

struct db_txn *store_dir_write(struct store_dir *s)
{
    return begin(s, true);
}

struct db_txn *store_dir_read(struct store_dir *s)
{
    return begin(s, false);
}

void store_dir_commit(struct db_txn *t)
{
    assert_int_equal(db_commit(&t), ST_OK);
    assert_null(t);
}

struct db_txn *store_dir_restart(struct store_dir *s, struct db_txn *t)
{
    store_dir_commit(t);
    db_close(&s->db);
    store_dir_open(s, false);
    return store_dir_write(s);
}

enum status store_dir_blob(struct store_dir *s, uint64_t n, size_t len)
{
    struct db_txn *t;
    enum status st = db_begin(s->db, true, &t);
    if (st != ST_OK)
        return st;
    struct key k = {.len = 0};
    key_u64(&k, n);
    uint8_t *bytes = calloc(1, len);
    assert_non_null(bytes);
    bytes[0] = (uint8_t)n;
    st = db_put(t, DB_REPORTS, key_span(&k), span_of(bytes, len));
    free(bytes);
    if (st != ST_OK) {
        struct span v;
        assert_int_equal(db_get(t, DB_REPORTS, key_span(&k), &v), st); // spoilt as a whole
        db_abort(&t);
        return st;
    }
    return db_commit(&t);
}
