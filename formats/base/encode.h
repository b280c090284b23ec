// Base64 (RFC 4648, padded), hexadecimal, and UUID text. Strict: one text for each value.
#ifndef RELTO_FORMATS_BASE_ENCODE_H
#define RELTO_FORMATS_BASE_ENCODE_H

#include "formats/base/buf.h"
#include "formats/base/span.h"
#include "formats/base/status.h"

enum { UUID_URN_LEN = 45, UUID_TEXT_LEN = 36 };

struct uuid {
    uint8_t b[16];
};

static inline bool uuid_eq(struct uuid a, struct uuid b)
{
    return memcmp(a.b, b.b, sizeof a.b) == 0;
}

// Append padded base64 without line breaks.
void base64_put(struct buf *out, struct span bytes);
// Decode padded base64; line breaks, spaces and non-zero spare bits are ST_INVALID, more than cap bytes ST_LIMIT.
MUST_USE enum status base64_get(struct span text, uint8_t *out, size_t cap, size_t *ret_len);

// Append lower-case hexadecimal.
void hex_put(struct buf *out, struct span bytes);
// Decode exactly len bytes of lower-case hexadecimal; else ST_INVALID.
MUST_USE enum status hex_get(struct span text, uint8_t *out, size_t len);

// Read `urn:uuid:` + lower-case UUID, or (bare allowed) the UUID alone. ST_INVALID otherwise.
MUST_USE enum status uuid_parse(struct span text, struct uuid *ret);
// `urn:uuid:…` into out[UUID_URN_LEN + 1]; returns out.
const char *uuid_urn(struct uuid id, char out[UUID_URN_LEN + 1]);
// Set version 4 and variant bits on 16 random bytes.
struct uuid uuid_from_random(const uint8_t random[16]);

#endif
