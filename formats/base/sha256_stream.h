// SHA-256 of bytes that come in pieces, with a state that can be stored and taken up again in another process.
#ifndef RELTO_FORMATS_BASE_SHA256_STREAM_H
#define RELTO_FORMATS_BASE_SHA256_STREAM_H

#include "formats/base/sha256.h"

enum { SHA256_BLOCK = 64 };

struct sha256_stream {
    uint32_t h[8];  // the chaining value after `bytes`
    uint64_t bytes; // taken in; a multiple of SHA256_BLOCK
};

// Nothing taken in yet.
void sha256_stream_init(struct sha256_stream *s);
// Take in whole blocks. Another length is a mistake of ours.
void sha256_stream_blocks(struct sha256_stream *s, struct span blocks);
// The digest of all that was taken in, followed by `tail` of any length. The state stays as it was.
struct digest sha256_stream_end(const struct sha256_stream *s, struct span tail);

#endif
