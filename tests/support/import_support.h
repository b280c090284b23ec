// What the tests of the importers share: drafts kept as text.
#ifndef RELTO_TESTS_SUPPORT_IMPORT_SUPPORT_H
#define RELTO_TESTS_SUPPORT_IMPORT_SUPPORT_H

#include "formats/base/arena.h"
#include "formats/import.h"

enum { KEPT_MAX = 400 };

struct kept_draft {
    char name[64];
    const char *xml; // NUL-terminated, in the arena
    size_t len;
    uint32_t line, version;
    struct uuid id;
    utc_ms until;
    struct uuid cancels[4]; // the first ones
    size_t cancel_count;
};

struct kept_drafts {
    struct arena *a;
    size_t count;
    struct kept_draft drafts[KEPT_MAX];
};

typedef enum status import_function(struct span bytes, const struct import_options *o, import_each *each, void *ctx,
                                    struct diag *d, struct import_counts *ret);

// An import_each that keeps everything; ctx is a struct kept_drafts with an arena.
enum status import_keep(void *ctx, const struct import_draft *draft);
// The draft of this name, or NULL.
const char *import_kept(const struct kept_drafts *k, const char *name);
// Read a file of the source tree into the arena, whole; aborts when it cannot be read.
struct span import_test_file(struct arena *a, const char *path);

#endif
