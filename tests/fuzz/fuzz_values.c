// Small texts: times, durations, numbers, base64, hexadecimal, UUIDs, digests, names. What is read is written as itself.
#include "formats/base/encode.h"
#include "formats/base/sha256.h"
#include "formats/base/utctime.h"
#include "formats/label.h"
#include "formats/text_rules.h"
#include "tests/fuzz/fuzz.h"

static void times(struct span in)
{
    utc_ms t, again;
    int64_t ms;
    char text[UTC_TEXT_MAX];
    for (enum utc_zone z = UTC_ZONE_Z; z <= UTC_ZONE_OPTIONAL; z++)
        if (utc_parse(in, z, &t) == ST_OK) {
            BUG_IF(t < UTC_MIN || t > UTC_MAX);
            BUG_IF(utc_parse(span_cstr(utc_format_ms(t, text)), UTC_ZONE_Z, &again) != ST_OK || again != t);
        }
    if (utc_duration_parse(in, &ms) == ST_OK)
        BUG_IF(ms < 0 || utc_add(UTC_MAX, ms) != UTC_MAX);
}

static void encodings(struct span in)
{
    uint8_t bytes[4096];
    size_t n;
    struct uuid id;
    struct digest digest;
    uint64_t v;
    char text[64];
    struct buf out;
    buf_init(&out, 64 * KIB);
    if (base64_get(in, bytes, sizeof bytes, &n) == ST_OK) {
        base64_put(&out, span_of(bytes, n));
        BUG_IF(!span_eq(buf_bytes(&out), in));
    }
    buf_reset(&out);
    if (in.len / 2 <= sizeof bytes && hex_get(in, bytes, in.len / 2) == ST_OK) {
        hex_put(&out, span_of(bytes, in.len / 2));
        BUG_IF(!span_eq(buf_bytes(&out), in));
    }
    if (uuid_parse(in, &id) == ST_OK)
        BUG_IF(in.len != UUID_URN_LEN && in.len != 36);
    if (digest_parse(in, &digest))
        BUG_IF(in.len != 71);
    if (decimal_parse(in, UINT64_MAX, &v))
        BUG_IF(!span_eq(span_cstr(decimal_text(v, text)), in));
    buf_fini(&out);
}

static void names(struct span in)
{
    enum text_verdict verdict;
    uint32_t c;
    struct arena *a = arena_new(in.len * 4 + 64 * KIB);
    char *text = malloc(in.len + 1);
    BUG_IF(!a || !text);
    if (in.len)
        memcpy(text, in.ptr, in.len);
    text[in.len] = 0;
    const char *folded = name_fold(a, text);
    BUG_IF(!folded || !name_eq(folded, text) || name_hash(folded) != name_hash(text) || strlen(folded) > in.len);
    text_rules_plain(text);
    BUG_IF(strlen(text) > in.len);
    BUG_IF(text_rules_check(span_cstr(text), false, &verdict, &c) != ST_OK);
    BUG_IF(verdict == TEXT_CONTROL || verdict == TEXT_BIDI || verdict == TEXT_UNASSIGNED);
    free(text);
    arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = span_of(data, size);
    times(in);
    encodings(in);
    names(in);
    return 0;
}
