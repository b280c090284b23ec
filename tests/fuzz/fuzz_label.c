// Labels and clearances: what is written in the strict form reads as the same.
#include "formats/label.h"
#include "tests/fuzz/fuzz.h"

static void write_and_read(const struct label_doc *doc)
{
    const struct label label = {.originator = (struct label_doc *)(uintptr_t)doc};
    struct buf once, twice;
    buf_init(&once, 64 * MIB);
    buf_init(&twice, 64 * MIB);
    label_write(&label, &once);
    BUG_IF(buf_status(&once) != ST_OK);
    struct arena *a = arena_new(64 * MIB + once.len * XML_ARENA_FACTOR);
    struct xml_node *root;
    struct label_doc *again;
    BUG_IF(!a || xml_read(buf_bytes(&once), XML_UNTRUSTED, a, NULL, &root) != ST_OK);
    BUG_IF(label_doc_read(root, a, NULL, &again) != ST_OK);
    const struct label copy = {.originator = again};
    label_write(&copy, &twice);
    BUG_IF(!span_eq(buf_bytes(&once), buf_bytes(&twice)));
    arena_free(&a);
    buf_fini(&once);
    buf_fini(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = span_of(data, size);
    struct arena *a = fuzz_arena(in);
    struct xml_node *root;
    struct label_doc *doc;
    struct clearance_doc *clearance;
    const struct label *label;
    if (xml_read(in, XML_COMMENTED, a, NULL, &root) == ST_OK) {
        struct diag *d = fuzz_diag();
        enum status st = label_doc_read(root, a, d, &doc);
        fuzz_explained(st, d);
        if (st == ST_OK && !doc->succession_broken)
            write_and_read(doc);
        d = fuzz_diag();
        fuzz_explained(label_read(root, a, d, &label), d);
        d = fuzz_diag();
        fuzz_explained(clearance_doc_read(root, a, d, &clearance), d);
    }
    arena_free(&a);
    return 0;
}
