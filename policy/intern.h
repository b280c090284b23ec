// Things found again by the bytes that they were made from; for policy/ alone. Keys and values belong to the caller.
#ifndef RELTO_POLICY_INTERN_H
#define RELTO_POLICY_INTERN_H

#include "formats/base/span.h"
#include "formats/base/status.h"

struct intern_slot {
    uint64_t hash;
    struct span key;
    void *value; // NULL = free
};

// Zeroed = empty. intern_fini frees the table.
struct intern {
    struct intern_slot *slots;
    size_t mask, count;
};

uint64_t intern_hash(struct span key);
// The value put under this key, or NULL.
void *intern_get(const struct intern *x, struct span key, uint64_t hash);
// Put a value under a key that is not there yet. ST_OK or ST_NOMEM.
MUST_USE enum status intern_put(struct intern *x, struct span key, uint64_t hash, void *value);
void intern_fini(struct intern *x);

#endif
