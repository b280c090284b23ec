// Trees of stores of earlier versions, brought into their form of today (tree.h). What does not fit, or is missing, is not mended, so
// that `audit verify` goes on telling of it: rows of no tree go over as they are, and where hashes are damaged or contradict each other,
// the leaf that they stood with is made one of zeroes, with which no tree grows and no root is made (tree.c).
#include <errno.h>
#include <lmdb.h>
#include <stdlib.h>
#include <string.h>

#include "store/db_internal.h"
#include "store/key.h"
#include "store/tree.h"

enum { TEXT_MAX = 255 };

static MDB_val val_of(struct key *k)
{
    return (MDB_val){k->len, k->b};
}

static struct key_reader reader_of(MDB_val v)
{
    return key_reader_of(span_of(v.mv_data, v.mv_size));
}

// Keys as they were when these versions were written, whatever becomes of them in tree.c.
static struct key log_key(const char *log)
{
    struct key k = {.len = 0};
    key_text(&k, log);
    return k;
}

static struct key row_key(const char *log, uint64_t n)
{
    struct key k = log_key(log);
    key_u64(&k, n);
    return k;
}

struct upgrade {
    MDB_txn *txn;
    MDB_dbi rows, sizes, blocks, ends; // the first two: as version 3 had them
    // The log at hand, and the block of it.
    char log[TEXT_MAX + 1];
    uint64_t size, block;
    bool any; // there is one
    struct digest hashes[TREE_BLOCK + MERKLE_LEVELS];
    size_t len;
    struct digest waiting[TREE_BLOCK_LEVEL]; // of each level, the last complete subtree in the block
};

// Each row of a table, in order of keys.
static int each(struct upgrade *u, MDB_dbi table, int (*one)(struct upgrade *u, MDB_val k, MDB_val v))
{
    MDB_cursor *c;
    MDB_val k, v;
    int done = 0, rc = mdb_cursor_open(u->txn, table, &c);
    if (rc != 0)
        return rc;
    while (done == 0 && (rc = mdb_cursor_get(c, &k, &v, MDB_NEXT)) == 0)
        done = one(u, k, v);
    mdb_cursor_close(c);
    return done != 0 ? done : rc == MDB_NOTFOUND ? 0 : rc;
}

// ---- from version 2 to 3: the table "tree" held each hash of a tree by itself, log ‖ level ‖ index

// Into the row of the leaf that completes this subtree, behind what is there.
static int join_hash(struct upgrade *u, MDB_val old, MDB_val hash)
{
    char log[TEXT_MAX + 1];
    uint8_t row[MERKLE_LEVELS * SHA256_LEN];
    struct key_reader r = reader_of(old);
    key_get_text(&r, log, sizeof log);
    unsigned level = key_get_u8(&r);
    uint64_t index = key_get_u64(&r);
    if (r.bad || r.rest.len || level >= MERKLE_LEVELS)
        return mdb_put(u->txn, u->blocks, &old, &hash, 0);
    struct key k = row_key(log, ((index + 1) << level) - 1);
    MDB_val key = val_of(&k), below = {0};
    int rc = mdb_get(u->txn, u->rows, &key, &below);
    if (rc != 0 && rc != MDB_NOTFOUND)
        return rc;
    if (below.mv_size + hash.mv_size > sizeof row)
        return mdb_put(u->txn, u->blocks, &old, &hash, 0);
    if (below.mv_size)
        memcpy(row, below.mv_data, below.mv_size);
    memcpy(row + below.mv_size, hash.mv_data, hash.mv_size);
    MDB_val value = {below.mv_size + hash.mv_size, row};
    return mdb_put(u->txn, u->rows, &key, &value, 0);
}

// In order of keys: a log's lower levels come first.
static int join_hashes(struct upgrade *u)
{
    MDB_dbi old;
    int rc = mdb_dbi_open(u->txn, "tree", 0, &old);
    if (rc != 0)
        return rc == MDB_NOTFOUND ? 0 : rc;
    rc = each(u, old, join_hash);
    return rc == 0 ? mdb_drop(u->txn, old, 1) : rc;
}

// ---- from version 3 to 4: the table "subtrees" had a row for each leaf, log ‖ leaf: the hashes of all complete subtrees that end with
// it, its own first; "tree_size" had the sizes

static int put_end(struct upgrade *u)
{
    uint8_t value[sizeof u->size + TREE_BLOCK * SHA256_LEN];
    struct key k = log_key(u->log), size = {.len = 0};
    const size_t len = u->size % TREE_BLOCK * SHA256_LEN;
    key_u64(&size, u->size);
    memcpy(value, size.b, size.len);
    memcpy(value + size.len, u->hashes, len);
    MDB_val key = val_of(&k), v = {size.len + len, value};
    return mdb_put(u->txn, u->ends, &key, &v, 0);
}

static int put_block(struct upgrade *u)
{
    if (!u->any)
        return 0;
    u->any = false;
    if (u->block == u->size / TREE_BLOCK)
        return put_end(u);
    struct key k = row_key(u->log, u->block);
    MDB_val key = val_of(&k), v = {u->len, u->hashes};
    return mdb_put(u->txn, u->blocks, &key, &v, 0);
}

// 0 when it is damaged, or not there.
static int find_size(struct upgrade *u)
{
    struct key k = log_key(u->log);
    MDB_val key = val_of(&k), v;
    int rc = mdb_get(u->txn, u->sizes, &key, &v);
    u->size = 0;
    if (rc != 0)
        return rc == MDB_NOTFOUND ? 0 : rc;
    struct key_reader r = reader_of(v);
    uint64_t size = key_get_u64(&r);
    if (!r.bad && r.rest.len == 0)
        u->size = size;
    return 0;
}

static int begin_block(struct upgrade *u, const char *log, uint64_t block)
{
    int rc = put_block(u);
    memset(u->hashes, 0, sizeof u->hashes);
    memset(u->waiting, 0, sizeof u->waiting);
    u->block = block;
    u->len = TREE_BLOCK * SHA256_LEN;
    if (rc != 0 || strcmp(u->log, log) == 0)
        return rc;
    memcpy(u->log, log, strlen(log) + 1);
    return find_size(u);
}

// Are these the hashes of a leaf and of what it completes, as far as they are in the block?
static bool fit(struct upgrade *u, uint64_t n, const struct digest *row)
{
    struct digest h = row[0];
    unsigned level = 0;
    for (; level + 1 < TREE_BLOCK_LEVEL && n >> level & 1; level++) {
        h = merkle_parent(&u->waiting[level], &h);
        if (!digest_eq(&h, &row[level + 1]))
            return false;
    }
    u->waiting[level] = h;
    return true;
}

static int take_row(struct upgrade *u, MDB_val k, MDB_val v)
{
    char log[TEXT_MAX + 1];
    struct digest row[MERKLE_LEVELS];
    struct key_reader r = reader_of(k);
    if (v.mv_size <= sizeof row) // what is written may move it
        v.mv_data = memcpy(row, v.mv_data, v.mv_size);
    key_get_text(&r, log, sizeof log);
    const uint64_t n = key_get_u64(&r);
    if (r.bad || r.rest.len)
        return mdb_put(u->txn, u->blocks, &k, &v, 0);
    int rc = u->any && u->block == n / TREE_BLOCK && strcmp(u->log, log) == 0 ? 0 : begin_block(u, log, n / TREE_BLOCK);
    if (rc != 0)
        return rc;
    if (n >= u->size) // a block of this number is none of the tree either
        return mdb_put(u->txn, u->blocks, &k, &v, 0);
    u->any = true;
    if (v.mv_size != (size_t)(__builtin_ctzll(n + 1) + 1) * SHA256_LEN)
        return 0;
    if (fit(u, n, row))
        u->hashes[n % TREE_BLOCK] = row[0];
    if ((n + 1) % TREE_BLOCK)
        return 0;
    u->len = tree_block_bytes(u->block);
    memcpy(&u->hashes[TREE_BLOCK], &row[TREE_BLOCK_LEVEL], u->len - TREE_BLOCK * SHA256_LEN);
    return 0;
}

// A log without a leaf behind its last block, or whose last leaves are missing.
static int take_size(struct upgrade *u, MDB_val k, MDB_val v)
{
    MDB_val unused;
    struct key_reader name = reader_of(k), r = reader_of(v);
    int rc = mdb_get(u->txn, u->ends, &k, &unused);
    if (rc != MDB_NOTFOUND)
        return rc;
    key_get_text(&name, u->log, sizeof u->log);
    u->size = key_get_u64(&r);
    memset(u->hashes, 0, sizeof u->hashes);
    return name.bad || name.rest.len || r.bad || r.rest.len ? mdb_put(u->txn, u->ends, &k, &v, 0) : put_end(u);
}

static int take_trees(struct upgrade *u)
{
    int rc = each(u, u->rows, take_row);
    if (rc == 0)
        rc = put_block(u);
    if (rc == 0)
        rc = each(u, u->sizes, take_size);
    if (rc == 0)
        rc = mdb_drop(u->txn, u->rows, 1);
    return rc == 0 ? mdb_drop(u->txn, u->sizes, 1) : rc;
}

static int upgrade(struct upgrade *u)
{
    int rc = mdb_dbi_open(u->txn, "subtrees", MDB_CREATE, &u->rows);
    if (rc == 0)
        rc = mdb_dbi_open(u->txn, "tree_size", MDB_CREATE, &u->sizes);
    if (rc == 0)
        rc = join_hashes(u);
    return rc == 0 ? take_trees(u) : rc;
}

int db_upgrade(struct db *db, MDB_txn *txn)
{
    struct upgrade *u = calloc(1, sizeof *u);
    if (!u)
        return ENOMEM;
    u->txn = txn;
    u->blocks = db->dbi[DB_TREE_BLOCKS];
    u->ends = db->dbi[DB_TREE_ENDS];
    int rc = upgrade(u);
    free(u);
    return rc;
}
