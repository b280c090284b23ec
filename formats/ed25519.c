#include "formats/ed25519.h"

#include <openssl/err.h>
#include <openssl/evp.h>

// Each function leaves OpenSSL's error queue empty: what stays in it would be taken for a failure of the next
// TLS operation of this thread.

enum status ed25519_sign(const uint8_t seed[ED25519_LEN], struct span message, uint8_t ret_sig[ED25519_SIG_LEN])
{
    size_t len = ED25519_SIG_LEN;
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, ED25519_LEN);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = key && ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 &&
              EVP_DigestSign(ctx, ret_sig, &len, message.ptr, message.len) == 1 && len == ED25519_SIG_LEN;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return ok ? ST_OK : ST_NOMEM;
}

bool ed25519_verify(const uint8_t pub[ED25519_LEN], struct span message, const uint8_t sig[ED25519_SIG_LEN])
{
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, pub, ED25519_LEN);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = key && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
              EVP_DigestVerify(ctx, sig, ED25519_SIG_LEN, message.ptr, message.len) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return ok;
}

enum status ed25519_public(const uint8_t seed[ED25519_LEN], uint8_t ret_pub[ED25519_LEN])
{
    uint8_t pub[ED25519_LEN];
    size_t len = sizeof pub;
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, ED25519_LEN);
    bool ok = key && EVP_PKEY_get_raw_public_key(key, pub, &len) == 1 && len == ED25519_LEN;
    EVP_PKEY_free(key);
    ERR_clear_error();
    if (ok)
        memcpy(ret_pub, pub, ED25519_LEN);
    return ok ? ST_OK : ST_NOMEM;
}
