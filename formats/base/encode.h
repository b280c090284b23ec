// Base64 (RFC 4648, padded), hexadecimal, decimal, UUID and salt text. Strict: one text for each value.
#ifndef RELTO_FORMATS_BASE_ENCODE_H
#define RELTO_FORMATS_BASE_ENCODE_H

#include "formats/base/buf.h"
#include "formats/base/span.h"
#include "formats/base/status.h"

enum { UUID_URN_LEN = 45, UUID_TEXT_LEN = 36, DECIMAL_TEXT_MAX = 24 };

// Salts of report parts, ledger entries and audit events: 128 random bits (spec 2.2, 4.2, 5).
enum { SALT_LEN = 16, SALT_TEXT_LEN = 24 };

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

// The decimal form of v into out[DECIMAL_TEXT_MAX]; returns out.
const char *decimal_text(uint64_t v, char out[DECIMAL_TEXT_MAX]);
// Read a decimal number without sign or leading zeros. False for any other text, and for a number beyond max.
bool decimal_parse(struct span text, uint64_t max, uint64_t *ret);

// The base64 of a salt into out[SALT_TEXT_LEN + 1]; returns out.
const char *salt_text(const uint8_t salt[SALT_LEN], char out[SALT_TEXT_LEN + 1]);
// Read that form. False for any other.
bool salt_parse(struct span text, uint8_t ret_salt[SALT_LEN]);

// Read `urn:uuid:` + lower-case UUID, or (bare allowed) the UUID alone. ST_INVALID otherwise.
MUST_USE enum status uuid_parse(struct span text, struct uuid *ret);
// `urn:uuid:…` into out[UUID_URN_LEN + 1]; returns out.
const char *uuid_urn(struct uuid id, char out[UUID_URN_LEN + 1]);
// Set version 4 and variant bits on 16 random bytes.
struct uuid uuid_from_random(const uint8_t random[16]);

#endif
