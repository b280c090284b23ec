// Security policies: one that is read compiles, and each of its classifications is found by name and by number.
#include "policy/security_policy.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = span_of(data, size);
    struct arena *a = fuzz_arena(in);
    struct diag *d = fuzz_diag();
    const struct spif *s;
    struct security_policy sp;
    enum status st = spif_read(in, "spif.xml", a, d, &s);
    fuzz_explained(st, d);
    if (st == ST_OK && security_policy_compile(s, NULL, 0, a, d, &sp) == ST_OK)
        for (size_t i = 0; i < s->class_count; i++) {
            BUG_IF(!security_policy_class(&sp, s->classes[i].name));
            BUG_IF(security_policy_class_by_lacv(&sp, s->classes[i].lacv) != &s->classes[i]);
        }
    arena_free(&a);
    return 0;
}
