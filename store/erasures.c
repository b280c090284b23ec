#include "store/erasures.h"

#include "store/value.h"

static struct key note_key(void)
{
    struct key k = {.len = 0};
    key_id(&k, "erased");
    return k;
}

enum status erasures_pending(struct db_txn *t, bool *ret)
{
    struct key k = note_key();
    struct span v;
    enum status st = db_get(t, DB_META, key_span(&k), &v);
    *ret = st == ST_OK;
    return st == ST_NOT_FOUND ? ST_OK : st;
}

enum status erasures_note(struct db_txn *t)
{
    struct key k = note_key(), v = value_head(1);
    return db_put(t, DB_META, key_span(&k), key_span(&v));
}

enum status erasures_compact(struct db **db, struct diag *d)
{
    struct key k = note_key();
    struct db_txn *t;
    TRY(db_compact(db, d));
    // A node that ends before this commit compacts once more than it must.
    TRY(db_begin(*db, true, &t));
    enum status st = db_del(t, DB_META, key_span(&k));
    if (st == ST_OK)
        return db_commit(&t);
    db_abort(&t);
    return st;
}
