// The operator's documents: policy, vocabulary, expected decisions, bundle.
#include "formats/policy_bundle.h"
#include "formats/policy_document.h"
#include "formats/policy_test.h"
#include "formats/vocabulary.h"
#include "tests/fuzz/fuzz.h"

static void bundle(struct span in, struct arena *a)
{
    struct policy_bundle b;
    struct buf out;
    if (policy_bundle_read(in, a, NULL, &b) != ST_OK)
        return;
    buf_init(&out, POLICY_BUNDLE_BYTES_MAX);
    policy_bundle_write(&b, &out);
    BUG_IF(!span_eq(buf_bytes(&out), in)); // one value has one form
    buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = span_of(data, size);
    const struct policy_document *policy;
    const struct vocabulary *vocabulary;
    const struct policy_test_document *test;
    struct arena *a = fuzz_arena(in);
    struct diag *d = fuzz_diag();
    fuzz_explained(policy_document_read(in, "policy.xml", a, d, &policy), d);
    arena_free(&a);
    a = fuzz_arena(in);
    d = fuzz_diag();
    fuzz_explained(vocabulary_read(in, "vocabulary.xml", a, d, &vocabulary), d);
    arena_free(&a);
    a = fuzz_arena(in);
    d = fuzz_diag();
    fuzz_explained(policy_test_read(in, "test.xml", a, d, &test), d);
    arena_free(&a);
    a = fuzz_arena(in);
    bundle(in, a);
    arena_free(&a);
    return 0;
}
