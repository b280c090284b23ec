#include "formats/note.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "formats/base/limits.h"
#include "formats/pem.h"

// Private keys of notes as files: PEM, PKCS#8.

enum status note_key_load(struct span pem, struct note_key *ret)
{
    if (pem.len > NOTE_BYTES_MAX)
        return ST_LIMIT;
    BIO *bio = pem_bio(pem);
    EVP_PKEY *k = bio ? PEM_read_bio_PrivateKey(bio, NULL, pem_no_passphrase, NULL) : NULL;
    struct note_key key = {{0}, {0}};
    size_t seed_len = sizeof key.seed, pub_len = sizeof key.pub;
    bool ok = k && EVP_PKEY_get_base_id(k) == EVP_PKEY_ED25519 &&
              EVP_PKEY_get_raw_private_key(k, key.seed, &seed_len) == 1 && seed_len == ED25519_LEN &&
              EVP_PKEY_get_raw_public_key(k, key.pub, &pub_len) == 1 && pub_len == ED25519_LEN;
    EVP_PKEY_free(k);
    BIO_free(bio);
    ERR_clear_error();
    if (ok)
        *ret = key;
    OPENSSL_cleanse(&key, sizeof key);
    return ok ? ST_OK : ST_INVALID;
}

enum status note_key_from_seed(const uint8_t seed[ED25519_LEN], struct note_key *ret)
{
    TRY(ed25519_public(seed, ret->pub));
    memcpy(ret->seed, seed, ED25519_LEN);
    return ST_OK;
}

enum status note_key_pem(const struct note_key *key, struct buf *out)
{
    EVP_PKEY *k = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, key->seed, ED25519_LEN);
    BIO *bio = BIO_new(BIO_s_secmem());
    bool ok = k && bio && PEM_write_bio_PKCS8PrivateKey(bio, k, NULL, NULL, 0, NULL, NULL) == 1;
    if (ok) {
        char *pem = NULL;
        long len = BIO_get_mem_data(bio, &pem);
        buf_put(out, pem, (size_t)len);
    }
    BIO_free(bio);
    EVP_PKEY_free(k);
    ERR_clear_error();
    return ok ? buf_status(out) : ST_NOMEM;
}
