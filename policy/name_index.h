// Look-up by name (spec 3.1: names compare case-insensitively, white space folded) within groups, in constant time.
#ifndef RELTO_POLICY_NAME_INDEX_H
#define RELTO_POLICY_NAME_INDEX_H

#include "formats/label.h"

// Entries are numbered in the order given. The same name may stand several times.
struct name_entry {
    const char *name;
    size_t group;
};

// Zeroed = empty.
struct name_index {
    const struct name_entry *entries;
    size_t *next;  // by entry: the next of the same name and group, or SIZE_MAX
    size_t *slots; // the first of each name and group, or SIZE_MAX
    size_t mask;
};

// Make. `entries` and their names must outlive the index, which lives in `a`. Arena's statuses.
MUST_USE enum status name_index_make(const struct name_entry *entries, size_t count, struct arena *a,
                                     struct name_index *ret);
// The first entry of this name and group, or SIZE_MAX; the one after it.
size_t name_index_first(const struct name_index *x, const char *name, size_t group);
size_t name_index_next(const struct name_index *x, size_t entry);

#endif
