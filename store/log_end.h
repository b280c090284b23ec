// What is known of the ends of logs from one append to the next: a short cut that spares reading them again. Who finds nothing here
// reads the store.
//
// It cannot be that of another log than the one in the store: what a transaction appended that was given up is forgotten with it, and
// all when another process has written (db_remembered); a leaf or hash that stands already is never overwritten.
#ifndef RELTO_STORE_LOG_END_H
#define RELTO_STORE_LOG_END_H

#include "formats/base/utctime.h"
#include "store/db.h"
#include "store/merkle.h"

enum { LOG_NAME_MAX = 72, LOG_LEVELS = 48 };

struct log_end {
    char log[LOG_NAME_MAX + 1];
    uint64_t size; // all that follows is of a log of this size
    bool timed;
    utc_ms at;     // timed: of the last leaf
    uint64_t have; // bit L: left[L] is the hash of the last complete subtree of level L, which waits for its right neighbour
    struct digest left[LOG_LEVELS];
};

// That of a log which has this size now, empty where nothing is known. NULL: nothing can be remembered (reading, memory is out, …).
struct log_end *log_end_of(struct db_txn *t, const char *log, uint64_t size);
// Note when the leaf was that has just been appended behind `size` others.
void log_end_time(struct db_txn *t, const char *log, uint64_t size, utc_ms at);
// When was the last leaf of a log of this size? False: it is not known.
bool log_end_last(struct db_txn *t, const char *log, uint64_t size, utc_ms *ret);

#endif
