// What the fuzz targets share. Each tests/fuzz/fuzz_X.c feeds one parser with any bytes; beyond "nothing crashes" it states
// what must hold of whatever is accepted. With -DRELTO_FUZZ=ON (clang) they are libFuzzer programs; in every other build
// driver.c runs them over their corpus, over pieces of it, and with memory that runs out.
//
// corpus/X: inputs that mean something. found/X: what long fuzzing added, the fewest that reach all the code that was reached:
//   fuzz_X -max_total_time=600 -max_len=8192 ALL corpus/X found/X
//   fuzz_X -set_cover_merge=1 -use_counters=0 -max_len=4096 NEW ALL, with corpus/X copied into NEW before, and removed after
#ifndef RELTO_TESTS_FUZZ_FUZZ_H
#define RELTO_TESTS_FUZZ_FUZZ_H

#include <stdlib.h>

#include "formats/base/bug.h"
#include "formats/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// An arena for reading these bytes. One in eight is so small that it gives out somewhere on the way.
static inline struct arena *fuzz_arena(struct span in)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < in.len; i++)
        h = (h ^ in.ptr[i]) * 16777619u;
    struct arena *a = h % 8 == 0 ? arena_new(h / 8 % 16384) : xml_arena_new(in.len);
    BUG_IF(!a);
    return a;
}

// An empty list of faults; one at a time.
static inline struct diag *fuzz_diag(void)
{
    static struct diag d;
    diag_init(&d, "input");
    return &d;
}

// Whatever comes of it, as long as it comes back.
static inline void fuzz_any(enum status st)
{
    (void)st;
}

// A refusal says why; only memory may run out in silence.
static inline void fuzz_explained(enum status st, const struct diag *d)
{
    BUG_IF(st != ST_OK && st != ST_NOMEM && st != ST_LIMIT && d->count == 0);
    for (uint32_t i = 0; i < d->count; i++)
        BUG_IF(!*d->faults[i].rule || !*d->faults[i].message);
}

#endif
