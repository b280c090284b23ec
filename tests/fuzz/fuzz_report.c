// Drafts, and renditions, which are none the less one when the parser sees all of them: one that reads is exactly its own canonical bytes, and with everything withheld it still splices.
#include "formats/report_parse.h"
#include "tests/fuzz/fuzz.h"

static void read_draft(struct span in)
{
    const struct report *r;
    struct arena *a = fuzz_arena(in);
    struct diag *d = fuzz_diag();
    enum status st = report_read(in, NULL, a, d, &r);
    fuzz_explained(st, d);
    if (st == ST_OK)
        BUG_IF(r->child_count > REPORT_CHILDREN_MAX || !r->nation || !r->type);
    arena_free(&a);
}

static void read_rendition(struct span in)
{
    const struct report *r;
    struct rendition_proof proof;
    struct arena *a = fuzz_arena(in);
    struct diag *d = fuzz_diag();
    enum status st = rendition_read(in, a, d, &r, &proof);
    if (st == ST_OK) {
        struct withheld_set none = {0};
        struct buf out;
        buf_init(&out, RENDITION_BYTES_MAX);
        rendition_splice(r, in, &none, &out);
        BUG_IF(buf_status(&out) != ST_OK || !span_eq(buf_bytes(&out), in));
        buf_fini(&out);
    }
    struct arena *b = xml_arena_new(in.len);
    enum status whole = st == ST_OK && b ? rendition_read_whole(in, b, NULL, &r, &proof) : ST_NOMEM;
    BUG_IF(whole != ST_OK && whole != ST_NOMEM);
    arena_free(&b);
    arena_free(&a);
}

static void accept_signed(struct span in)
{
    struct arena *a = fuzz_arena(in);
    struct buf out;
    buf_init(&out, RENDITION_BYTES_MAX);
    if (report_accept_signed(in, a, fuzz_diag(), &out) != ST_OK)
        BUG_IF(out.len != 0);
    buf_fini(&out);
    arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_draft(span_of(data, size));
    read_rendition(span_of(data, size));
    accept_signed(span_of(data, size));
    return 0;
}
