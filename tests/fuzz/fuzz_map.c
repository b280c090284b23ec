// A mapping file and, behind a NUL byte, the table that it is for. Each draft that comes out is one that a node reads.
#include "formats/csv_map.h"
#include "formats/import.h"
#include "formats/report.h"
#include "tests/fuzz/fuzz.h"

static enum status check_draft(void *ctx, const struct import_draft *draft)
{
    const struct report *r;
    struct arena *a = xml_arena_new(draft->xml.len);
    (void)ctx;
    BUG_IF(!a || !*draft->name || report_read(draft->xml, NULL, a, fuzz_diag(), &r) != ST_OK);
    arena_free(&a);
    return ST_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct diag faults;
    static const uint8_t secret[32] = {1};
    const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
    size_t n = nul ? (size_t)(nul - data) : size;
    struct span text = span_of(data, n), table = nul ? span_of(nul + 1, size - n - 1) : span_of(NULL, 0);
    struct arena *a = fuzz_arena(text);
    const struct csv_map *map;
    struct import_counts counts;
    struct diag *d = fuzz_diag();
    enum status st = csv_map_read(text, "map.xml", a, d, &map);
    fuzz_explained(st, d);
    if (st == ST_OK) {
        const struct import_options options = {.nation = "GBR", .cell = "J2", .map = map, .id_secret = size % 2 ? secret : NULL};
        diag_init(&faults, NULL);
        fuzz_any(import_csv(table, &options, check_draft, NULL, &faults, &counts));
    }
    arena_free(&a);
    return 0;
}
