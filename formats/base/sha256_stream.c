// OpenSSL's EVP contexts cannot be stored. Its older interface can: at the end of a block the whole state is eight
// words and a count. It is deprecated, not gone; this is the only file that uses it.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "formats/base/sha256_stream.h"

#include <openssl/sha.h>

#include "formats/base/bug.h"

_Static_assert(sizeof((SHA256_CTX *)0)->h == sizeof((struct sha256_stream *)0)->h, "eight words of 32 bits");

static void load(const struct sha256_stream *s, SHA256_CTX *c)
{
    BUG_IF(SHA256_Init(c) != 1);
    memcpy(c->h, s->h, sizeof c->h);
    c->Nl = (SHA_LONG)(s->bytes << 3); // the length in bits, in two words
    c->Nh = (SHA_LONG)(s->bytes >> 29);
}

void sha256_stream_init(struct sha256_stream *s)
{
    SHA256_CTX c;
    BUG_IF(SHA256_Init(&c) != 1);
    *s = (struct sha256_stream){.bytes = 0};
    memcpy(s->h, c.h, sizeof s->h);
}

void sha256_stream_blocks(struct sha256_stream *s, struct span blocks)
{
    SHA256_CTX c;
    BUG_IF(blocks.len % SHA256_BLOCK != 0);
    if (blocks.len == 0)
        return;
    load(s, &c);
    BUG_IF(SHA256_Update(&c, blocks.ptr, blocks.len) != 1 || c.num != 0);
    memcpy(s->h, c.h, sizeof s->h);
    s->bytes += blocks.len;
}

struct digest sha256_stream_end(const struct sha256_stream *s, struct span tail)
{
    SHA256_CTX c;
    struct digest d;
    load(s, &c);
    BUG_IF(tail.len > 0 && SHA256_Update(&c, tail.ptr, tail.len) != 1);
    BUG_IF(SHA256_Final(d.b, &c) != 1);
    return d;
}
