// Throw-away stores for tests.
#ifndef RELTO_TESTS_STORE_DIR_H
#define RELTO_TESTS_STORE_DIR_H

#include "formats/base/random.h"
#include "store/db.h"

struct store_dir {
    char path[256]; // of the store's directory; it exists after the first opening
    struct db *db;
    struct random_seeded seed;
    struct random_source random;
};

// cmocka set-up and tear-down: *state is a struct store_dir with an open, empty store.
int store_dir_setup(void **state);
int store_dir_teardown(void **state);
// A fresh directory, nothing opened; and its removal with everything in it.
void store_dir_make(struct store_dir *s);
void store_dir_remove(struct store_dir *s);
void store_dir_open(struct store_dir *s, bool read_only);
// Transactions that must succeed.
struct db_txn *store_dir_write(struct store_dir *s);
struct db_txn *store_dir_read(struct store_dir *s);
void store_dir_commit(struct db_txn *t);
// Commit, close, open again, and begin to write: as what was written is found by the next start.
struct db_txn *store_dir_restart(struct store_dir *s, struct db_txn *t);
// Store `len` bytes as value `n`, in a transaction of its own. What does not succeed stores nothing.
enum status store_dir_blob(struct store_dir *s, uint64_t n, size_t len);

// A diag of the test program, emptied. One at a time.
struct diag *store_dir_diag(void);

#endif
