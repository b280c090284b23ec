#include "tests/support/report_samples.h"

#include <stdio.h>
#include <stdlib.h>

const char sample_draft[] = SAMPLE_DRAFT(
    "<reference rel='supersedes' ref='urn:uuid:00000000-0000-4000-8000-000000000001'/>"
    "<reference rel='in-reply-to' ref='urn:uuid:00000000-0000-4000-8000-000000000002'/>"
    "<portion>" SAMPLE_LABEL(
        "SECRET",
        "FRA") "<text>Line one &lt;&amp;&gt;\nline two</text></portion>"
               "<portion><text>\xc3\xa9t\xc3\xa9, \xd0\x9a\xd0\xb8\xd1\x97\xd0\xb2, "
               "\xe6\x9d\xb1\xe4\xba\xac</text></portion>"
               "<portion>" SAMPLE_LABEL(
                   "CONFIDENTIAL",
                   "SWE") "<text>three</text></portion>"
                          "<attachment name='deck.jpg' media-type='image/jpeg' size='48211' "
                          "sha256='e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'"
                          ">" SAMPLE_LABEL(
                              "SECRET",
                              "FRA") "</attachment>"
                                     "<attachment name='a b\xc3\xa9.txt' media-type='text/plain' size='0' "
                                     "sha256='"
                                     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'/>");

static void finish(const struct report *r, const struct signing_key *key, uint32_t pad, uint64_t seed,
                   struct buf *out, struct diag *d)
{
    struct random_seeded state;
    struct random_source random = random_from_seed(&state, seed);
    struct report_finish with = {.version = 1, .pad = pad, .random = &random, .key = key};
    uint8_t id[16];
    random_fill(&random, id, sizeof id);
    with.id = uuid_from_random(id);
    if (utc_parse(span_cstr("2026-11-22T13:34:00Z"), UTC_ZONE_Z, &with.issued) != ST_OK ||
        report_finish(r, &with, out, d) != ST_OK)
        abort();
}

void sample_finish(const char *draft, const struct signing_key *key, uint32_t pad, uint64_t seed,
                   struct buf *out)
{
    struct arena *a = xml_arena_new(strlen(draft));
    struct diag *d = calloc(1, sizeof *d);
    const struct report *r;
    if (!a || !d)
        abort();
    diag_init(d, "draft.xml");
    if (report_read(span_cstr(draft), NULL, a, d, &r) != ST_OK) {
        struct buf text;
        buf_init(&text, MIB);
        diag_print(d, &text);
        fprintf(stderr, "%s", buf_cstr(&text));
        abort();
    }
    finish(r, key, pad, seed, out, d);
    free(d);
    arena_free(&a);
}
