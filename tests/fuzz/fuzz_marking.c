// Marking lines back to labels, under the shipped security policies: what is found is valid and reads as the line.
#include <stdio.h>

#include "policy/label_parse.h"
#include "policy/spif_set.h"
#include "tests/fuzz/fuzz.h"

static struct span load(const char *path, struct arena *a)
{
    FILE *f = fopen(path, "rb");
    uint8_t *bytes = arena_alloc(a, 64 * KIB);
    BUG_IF(!f || !bytes);
    struct span s = span_of(bytes, fread(bytes, 1, 64 * KIB, f));
    fclose(f);
    return s;
}

static const struct security_policies *policies(void)
{
    static struct spif_set *set;
    if (!set) {
        struct arena *a = arena_new(MIB);
        const struct bundle_file files[] = {{"nato.xml", load(SOURCE_DIR "/conf/spif/nato.xml", a)},
                                            {"gbr.xml", load(SOURCE_DIR "/conf/spif/gbr.xml", a)}};
        BUG_IF(spif_set_load(files, 2, NULL, &set) != ST_OK);
        arena_free(&a);
    }
    return spif_set_policies(set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char line[LABEL_PARSE_LINE_MAX + 2];
    const struct label_parse_want want = {0};
    size_t n = size < sizeof line ? size : sizeof line - 1;
    memcpy(line, data ? (const void *)data : "", n);
    line[n] = 0;
    struct arena *a = fuzz_arena(span_of(data, size));
    struct label_parsed *p = calloc(1, sizeof *p);
    BUG_IF(!p);
    if (label_parse(policies(), line, &want, a, p) == ST_OK)
        for (size_t i = 0; i < p->count; i++) {
            const struct label label = {.originator = p->labels[i]};
            BUG_IF(label_validate_under(policies(), &label, "label", NULL) != ST_OK);
        }
    free(p);
    arena_free(&a);
    return 0;
}
