// What stands in an environment: the tables, and the version of their layout.
#include <errno.h>
#include <lmdb.h>

#include "store/db_internal.h"
#include "store/key.h"

static const char *const table_names[DB_TABLE_COUNT] = {
#define X(name, text) [DB_##name] = text,
    DB_TABLES(X)
#undef X
};

static MDB_val val_of(struct key *k)
{
    return (MDB_val){k->len, k->b};
}

static struct key_reader reader_of(MDB_val v)
{
    return key_reader_of(span_of(v.mv_data, v.mv_size));
}

static struct key format_key(void)
{
    struct key k = {.len = 0};
    key_id(&k, "format");
    return k;
}

// An environment without a single table has just been made: nothing was ever committed to it.
static int is_fresh(MDB_txn *txn, bool *ret)
{
    MDB_dbi main;
    MDB_stat stat;
    int rc = mdb_dbi_open(txn, NULL, 0, &main);
    if (rc == 0)
        rc = mdb_stat(txn, main, &stat);
    *ret = rc == 0 && stat.ms_entries == 0;
    return rc;
}

static int open_tables(struct db *db, MDB_txn *txn, unsigned flags)
{
    for (size_t i = 0; i < DB_TABLE_COUNT; i++) {
        int rc = mdb_dbi_open(txn, table_names[i], flags, &db->dbi[i]);
        if (rc != 0)
            return rc;
    }
    return 0;
}

static int write_format(struct db *db, MDB_txn *txn)
{
    struct key k = format_key(), v = {.len = 0};
    key_u32(&v, DB_FORMAT_VERSION);
    MDB_val key = val_of(&k), value = val_of(&v);
    return mdb_put(txn, db->dbi[DB_META], &key, &value, 0);
}

static int refuse_version(struct db *db, struct diag *d, uint32_t version)
{
    if (version < DB_FORMAT_VERSION && version >= DB_FORMAT_OLDEST) {
        diag_add(d, 0, 0, "store-version", db->path, "an earlier version of Relto wrote the store; start reltod once");
        return MDB_NOTFOUND;
    }
    diag_add(d, 0, 0, "store-version", db->path,
             "the store has format version %u, this program reads version %u; use the program that wrote it",
             (unsigned)version, (unsigned)DB_FORMAT_VERSION);
    return MDB_VERSION_MISMATCH;
}

// The version first: a store of another version need not have our tables.
static int check_format(struct db *db, MDB_txn *txn, struct diag *d, bool *ret_older)
{
    struct key k = format_key();
    MDB_val key = val_of(&k), value;
    MDB_dbi meta;
    int rc = mdb_dbi_open(txn, table_names[DB_META], 0, &meta);
    if (rc == 0)
        rc = mdb_get(txn, meta, &key, &value);
    struct key_reader r = rc == 0 ? reader_of(value) : (struct key_reader){.bad = true};
    uint32_t version = key_get_u32(&r);
    if (r.bad || r.rest.len != 0) {
        diag_add(d, 0, 0, "store-damaged", db->path, "the store does not say its format version; restore it from a backup");
        return MDB_CORRUPTED;
    }
    *ret_older = version < DB_FORMAT_VERSION;
    bool may = !db->options.read_only || db->options.to_copy;
    bool good = version == DB_FORMAT_VERSION || (*ret_older && version >= DB_FORMAT_OLDEST && may);
    return good ? 0 : refuse_version(db, d, version);
}

// ---- opening

int db_format_set_up(struct db *db, MDB_txn *txn, struct diag *d, bool *ret_told)
{
    bool fresh, older = false;
    int rc = is_fresh(txn, &fresh);
    *ret_told = rc == 0 && fresh && db->options.read_only;
    if (*ret_told) {
        diag_add(d, 0, 0, "store", db->path, "the store is empty; start the node once");
        return MDB_NOTFOUND;
    }
    if (rc == 0 && !fresh) {
        rc = check_format(db, txn, d, &older);
        *ret_told = rc != 0;
    }
    if (rc != 0 || db->options.to_copy) // of an earlier version, tables may be missing
        return rc;
    const enum status alone = older ? db_dir_lock_alone(db->dir_fd, d, db->path) : ST_OK; // what others know of the tables ends
    db->alone = older && alone == ST_OK;
    *ret_told = alone != ST_OK;
    if (*ret_told)
        return alone == ST_BUSY ? EBUSY : EIO;
    rc = open_tables(db, txn, db->options.read_only ? 0 : MDB_CREATE); // also those that this version added
    if (rc == MDB_NOTFOUND) {
        diag_add(d, 0, 0, "store-version", db->path, "the store lacks a table of this version of Relto; start reltod once");
        *ret_told = true;
    }
    if (rc == 0 && older)
        rc = db_upgrade(db, txn);
    if (rc == 0 && (fresh || older))
        rc = write_format(db, txn);
    return rc;
}
