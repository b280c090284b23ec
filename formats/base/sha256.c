// The low-level calls: through EVP each digest costs two allocations and takes the provider's locks, which for a leaf
// or a node of a tree is more than the hashing. OpenSSL 3 keeps them, marked as deprecated.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "formats/base/sha256.h"

#include <openssl/sha.h>

#include "formats/base/bug.h"
#include "formats/base/encode.h"
#include "formats/base/random.h"

struct digest sha256_parts(const struct span *parts, size_t n)
{
    struct digest d;
    SHA256_CTX ctx;
    BUG_IF(SHA256_Init(&ctx) != 1);
    for (size_t i = 0; i < n; i++)
        BUG_IF(SHA256_Update(&ctx, parts[i].ptr, parts[i].len) != 1);
    BUG_IF(SHA256_Final(d.b, &ctx) != 1);
    return d;
}

struct digest sha256(struct span bytes)
{
    return sha256_parts(&bytes, 1);
}

const char *digest_text(const struct digest *d, char out[DIGEST_TEXT_LEN + 1])
{
    static const char hex[17] = "0123456789abcdef";
    memcpy(out, "sha256:", 7);
    for (size_t i = 0; i < SHA256_LEN; i++) {
        out[7 + 2 * i] = hex[d->b[i] >> 4];
        out[8 + 2 * i] = hex[d->b[i] & 15];
    }
    out[DIGEST_TEXT_LEN] = 0;
    return out;
}

bool digest_parse(struct span text, struct digest *ret)
{
    return span_starts(text, "sha256:") && hex_get(span_sub(text, 7, text.len), ret->b, SHA256_LEN) == ST_OK;
}

static void seeded_fill(void *ctx, uint8_t *out, size_t len)
{
    struct random_seeded *s = ctx;
    while (len) {
        uint8_t count[8];
        for (size_t i = 0; i < 8; i++)
            count[i] = (uint8_t)(s->counter >> (8 * i));
        s->counter++;
        struct digest d = sha256_parts((struct span[]){span_of(s->seed, 32), span_of(count, 8)}, 2);
        size_t n = len < SHA256_LEN ? len : SHA256_LEN;
        memcpy(out, d.b, n);
        out += n;
        len -= n;
    }
}

struct random_source random_from_seed(struct random_seeded *state, uint64_t seed)
{
    *state = (struct random_seeded){0};
    for (size_t i = 0; i < 8; i++)
        state->seed[i] = (uint8_t)(seed >> (8 * i));
    return (struct random_source){seeded_fill, state};
}

struct random_source random_for(const struct random_source *from, const char *purpose, const char *whom, uint64_t n,
                                struct random_seeded *state)
{
    uint8_t number[8];
    if (from->fill != seeded_fill)
        return *from;
    for (size_t i = 0; i < 8; i++)
        number[i] = (uint8_t)(n >> (8 * i));
    const struct random_seeded *parent = from->ctx;
    const struct span parts[] = {span_of(parent->seed, sizeof parent->seed), span_of(purpose, strlen(purpose) + 1),
                                 span_of(whom, strlen(whom) + 1), span_of(number, sizeof number)};
    struct digest d = sha256_parts(parts, sizeof parts / sizeof *parts);
    *state = (struct random_seeded){.counter = 0};
    memcpy(state->seed, d.b, sizeof state->seed);
    return (struct random_source){seeded_fill, state};
}
