// How pushing our feed to a partner goes (spec 4.4): for people, and kept across restarts.
#ifndef RELTO_STORE_PUSHES_H
#define RELTO_STORE_PUSHES_H

#include "store/reports.h"

enum { PUSH_ERROR_MAX = 256 };

struct push_state {
    utc_ms pushed_at;           // the partner took a page; 0 = never
    utc_ms failed_at;           // last failure; 0 = none since
    char error[PUSH_ERROR_MAX]; // of it
};

MUST_USE enum status push_state_get(struct db_txn *t, const char *partner, struct push_state *ret); // zeroes when new
MUST_USE enum status push_state_put(struct db_txn *t, const char *partner, const struct push_state *s);

#endif
