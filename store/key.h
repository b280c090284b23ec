// Keys and fixed-layout values as bytes: big-endian numbers so that order is numeric, ids length-prefixed.
// A writer over a small array and a bounds-checked reader; decoding never trusts the disk.
#ifndef RELTO_STORE_KEY_H
#define RELTO_STORE_KEY_H

#include "formats/base/encode.h"
#include "formats/base/sha256.h"
#include "formats/base/utctime.h"

enum { KEY_MAX = 511 };

struct key {
    uint8_t b[KEY_MAX];
    size_t len;
};

static inline struct span key_span(const struct key *k)
{
    return span_of(k->b, k->len);
}

// Appending beyond KEY_MAX is a bug, not an input error: ids are bounded where they enter.
void key_u8(struct key *k, uint8_t v);
void key_u32(struct key *k, uint32_t v);
void key_u64(struct key *k, uint64_t v);
void key_i64(struct key *k, int64_t v); // order-preserving for negative values too
void key_uuid(struct key *k, struct uuid id);
void key_digest(struct key *k, const struct digest *d);
void key_id(struct key *k, const char *id); // one length byte, then the bytes (at most 64)
void key_text(struct key *k, const char *s); // the same for names of logs and people (at most 255 bytes)

struct key_reader {
    struct span rest;
    bool bad; // sticky: something was missing; all later reads give zero
};
static inline struct key_reader key_reader_of(struct span s)
{
    return (struct key_reader){.rest = s};
}
uint8_t key_get_u8(struct key_reader *r);
uint32_t key_get_u32(struct key_reader *r);
uint64_t key_get_u64(struct key_reader *r);
int64_t key_get_i64(struct key_reader *r);
struct uuid key_get_uuid(struct key_reader *r);
struct digest key_get_digest(struct key_reader *r);
// Copy the id into out[65].
void key_get_id(struct key_reader *r, char out[65]);
// Copy a text of length byte and bytes, without NUL, into out[cap]; bad when it does not fit.
void key_get_text(struct key_reader *r, char *out, size_t cap);

#endif
