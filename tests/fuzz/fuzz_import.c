// Records from elsewhere: CSV, broadcast warnings, advisories. Each draft that comes out is one that a node reads.
#include "formats/csv.h"
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

static void read_csv(struct span in)
{
    struct csv_reader r;
    struct csv_record record;
    struct arena *a = fuzz_arena(in);
    csv_init(&r, in);
    for (enum status st = ST_OK; st == ST_OK || st == ST_INVALID;) {
        size_t at = r.at;
        st = csv_next(&r, a, NULL, &record);
        BUG_IF(st == ST_OK && record.count > CSV_FIELDS_MAX);
        BUG_IF((st == ST_OK || st == ST_INVALID) && r.at <= at);
    }
    arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct import_options options = {.nation = "GBR", .cell = "J2-MARITIME"};
    static const uint8_t secret[32] = {1};
    static const struct import_options with_ids = {.nation = "GBR", .cell = "J2-MARITIME", .id_secret = secret};
    static struct diag faults;
    struct span in = span_of(data, size);
    struct import_counts counts;
    read_csv(in);
    diag_init(&faults, NULL);
    fuzz_any(import_asam(in, &options, check_draft, NULL, &faults, &counts));
    diag_init(&faults, NULL);
    fuzz_any(import_navwarn(in, &options, check_draft, NULL, &faults, &counts));
    diag_init(&faults, NULL);
    fuzz_any(import_csaf(in, &options, check_draft, NULL, &faults, &counts));
    diag_init(&faults, NULL);
    fuzz_any(import_csaf(in, &with_ids, check_draft, NULL, &faults, &counts));
    return 0;
}
