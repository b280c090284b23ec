#include "formats/base/sha256.h"

#include <openssl/evp.h>

#include "formats/base/bug.h"
#include "formats/base/encode.h"
#include "formats/base/random.h"

struct digest sha256_parts(const struct span *parts, size_t n)
{
    struct digest d;
    unsigned len = 0;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    BUG_IF(!ctx || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1);
    for (size_t i = 0; i < n; i++)
        BUG_IF(EVP_DigestUpdate(ctx, parts[i].ptr, parts[i].len) != 1);
    BUG_IF(EVP_DigestFinal_ex(ctx, d.b, &len) != 1 || len != SHA256_LEN);
    EVP_MD_CTX_free(ctx);
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
