// A region of memory with a maximum: many small allocations, freed all at once. Parsed documents live in
// one arena each, so that ownership is one line: "valid until the arena is freed".
#ifndef RELTO_FORMATS_BASE_ARENA_H
#define RELTO_FORMATS_BASE_ARENA_H

#include "formats/base/span.h"
#include "formats/base/status.h"

struct arena;

// Make an arena that never holds more than max bytes. NULL when memory is out.
struct arena *arena_new(size_t max);
// Free the arena and all that was allocated from it; nulls the pointer, accepts NULL.
void arena_free(struct arena **a);
// Overwrite all that was handed out: before arena_free, when there were secrets in it.
void arena_wipe(struct arena *a);

// A place to go back to: what was allocated since, and a failure since, is forgotten then. Later marks are void.
struct arena_mark {
    const void *block;
    size_t block_used, used;
    enum status st;
};
struct arena_mark arena_mark(const struct arena *a);
void arena_rewind(struct arena *a, struct arena_mark mark);

// Allocate zeroed, suitably aligned memory. NULL when the maximum is reached or memory is out;
// arena_status tells which.
void *arena_alloc(struct arena *a, size_t size);
// As arena_alloc for count things of size bytes; refuses products that overflow.
void *arena_array(struct arena *a, size_t count, size_t size);
// A NUL-terminated copy. The bytes must hold no NUL for the result to be whole.
const char *arena_str(struct arena *a, struct span s);
const char *arena_cstr(struct arena *a, const char *s);
// A formatted string.
const char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

// ST_OK, ST_LIMIT or ST_NOMEM: sticky, so that one check after a parse is enough.
MUST_USE enum status arena_status(const struct arena *a);
// Bytes handed out so far.
size_t arena_used(const struct arena *a);

#endif
