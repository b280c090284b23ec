// Leaves of ledgers and of the audit log: one value has one form.
#include "formats/audit_event.h"
#include "formats/ledger_entry.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = span_of(data, size);
    struct ledger_entry entry;
    struct audit_event event;
    struct arena *a = fuzz_arena(in);
    struct buf out;
    buf_init(&out, MIB);
    if (ledger_entry_parse(in, &entry) == ST_OK) {
        ledger_entry_write(&entry, &out);
        BUG_IF(!span_eq(buf_bytes(&out), in));
    }
    buf_reset(&out);
    if (audit_event_parse(in, a, &event) == ST_OK) {
        audit_event_write(&event, &out);
        BUG_IF(!span_eq(buf_bytes(&out), in));
    }
    buf_fini(&out);
    arena_free(&a);
    return 0;
}
