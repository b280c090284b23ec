// The XML reader: what is read and written canonically reads as itself.
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = span_of(data, size);
    for (enum xml_kind kind = XML_UNTRUSTED; kind <= XML_OPERATOR; kind++) {
        struct arena *a = fuzz_arena(in), *b = NULL;
        struct xml_node *root;
        struct buf once, twice;
        struct diag *d = fuzz_diag();
        buf_init(&once, 64 * MIB);
        buf_init(&twice, 64 * MIB);
        enum status st = xml_read(in, kind, a, d, &root);
        fuzz_explained(st, d);
        if (st == ST_OK) {
            xml_canonical(root, &once);
            BUG_IF(buf_status(&once) != ST_OK);
            b = arena_new(64 * MIB + once.len * XML_ARENA_FACTOR);
            BUG_IF(!b || xml_read(buf_bytes(&once), XML_UNTRUSTED, b, d, &root) != ST_OK);
            BUG_IF(xml_check_canonical(root, buf_bytes(&once)) != ST_OK);
            xml_canonical(root, &twice);
            BUG_IF(!span_eq(buf_bytes(&once), buf_bytes(&twice)));
        }
        buf_fini(&once);
        buf_fini(&twice);
        arena_free(&a);
        arena_free(&b);
    }
    return 0;
}
