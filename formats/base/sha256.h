// SHA-256 (FIPS 180-4) over OpenSSL.
#ifndef RELTO_FORMATS_BASE_SHA256_H
#define RELTO_FORMATS_BASE_SHA256_H

#include "formats/base/span.h"

enum { SHA256_LEN = 32, DIGEST_TEXT_LEN = 71 };

struct digest {
    uint8_t b[SHA256_LEN];
};

static inline bool digest_eq(const struct digest *a, const struct digest *b)
{
    return memcmp(a->b, b->b, SHA256_LEN) == 0;
}

// The digest of the concatenation of n spans.
struct digest sha256_parts(const struct span *parts, size_t n);
struct digest sha256(struct span bytes);
// `sha256:` + lower-case hexadecimal into out[DIGEST_TEXT_LEN + 1]; returns out.
const char *digest_text(const struct digest *d, char out[DIGEST_TEXT_LEN + 1]);
// Read that form. False for any other.
bool digest_parse(struct span text, struct digest *ret);

#endif
