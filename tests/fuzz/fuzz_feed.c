// Pages of a feed, and problem documents: what others send in answer.
#include "formats/feed.h"
#include "formats/problem.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct problem problem;
    struct span in = span_of(data, size);
    struct feed_page page;
    struct arena *a = fuzz_arena(in);
    struct diag *d = fuzz_diag();
    enum status st = feed_read(in, a, d, &page);
    fuzz_explained(st, d);
    for (size_t i = 0; st == ST_OK && i < page.item_count; i++) {
        const struct span c = page.items[i].content;
        BUG_IF(c.len && (c.ptr < in.ptr || c.ptr + c.len > in.ptr + in.len));
    }
    BUG_IF(st == ST_OK && (page.item_count > FEED_PAGE_ENTRIES_MAX || !feed_cursor_valid(page.cursor)));
    arena_free(&a);
    fuzz_any(problem_read(in, &problem));
    return 0;
}
