// OpenSSL 3.0 calls engines deprecated; for PKCS#11, Debian 12 has nothing else.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "node/io/private_key.h"

#include <errno.h>
#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ui.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "formats/base/arena.h"
#include "formats/pem.h"
#include "formats/token_uri.h"
#include "node/io/file.h"

// ---- the engine

// Engines belong to the process. This one stays in use until its end: to finish it would take the keys away that it gave.
static struct {
    ENGINE *engine;
    bool loaded; // a library
    char module[TOKEN_PATH_MAX];
} tokens;

static enum status use_engine(struct diag *d)
{
    if (tokens.engine)
        return ST_OK;
    OPENSSL_init_crypto(OPENSSL_INIT_ENGINE_DYNAMIC, NULL);
    ENGINE *e = ENGINE_by_id("pkcs11");
    if (e && ENGINE_ctrl_cmd_string(e, "QUIET", NULL, 0) == 1 && ENGINE_init(e) == 1) {
        tokens.engine = e;
        return ST_OK;
    }
    ENGINE_free(e);
    ERR_clear_error();
    diag_add(d, 0, 0, "token-engine", NULL,
             "keys in tokens need OpenSSL's engine for PKCS#11, which is not there; install libengine-pkcs11-openssl");
    return ST_UNSUPPORTED;
}

static enum status use_module(const struct token_uri *uri, struct diag *d)
{
    if (tokens.loaded && strcmp(tokens.module, uri->module) != 0) {
        diag_add(d, 0, 0, "token-module", uri->key,
                 "in use already is %s; all keys must be in tokens of one library, and a restart changes it",
                 *tokens.module ? tokens.module : "the system's choice (no module-path)");
        return ST_UNSUPPORTED;
    }
    if (tokens.loaded || !*uri->module)
        return ST_OK;
    if (access(uri->module, R_OK) != 0) {
        diag_add(d, 0, 0, "token-module", uri->key, "cannot read the PKCS#11 library of module-path, %s: %s", uri->module,
                 strerror(errno));
        return ST_NOT_FOUND;
    }
    return ENGINE_ctrl_cmd_string(tokens.engine, "MODULE_PATH", uri->module, 0) == 1 ? ST_OK : ST_NOMEM;
}

// ---- the PIN

static enum status read_pin(const struct token_uri *uri, struct arena *a, struct diag *d, const char **ret)
{
    struct span bytes;
    TRY(file_read(uri->pin_file, PIN_MAX + 2, a, d, &bytes));
    const char *text = (const char *)bytes.ptr;
    size_t n = strcspn(text, "\r\n"), end = n + strspn(text + n, "\r\n");
    if (n > 0 && n <= PIN_MAX && end == bytes.len) {
        *ret = arena_str(a, span_sub(bytes, 0, n));
        return *ret ? ST_OK : ST_NOMEM;
    }
    diag_add(d, 0, 0, "token-pin", uri->pin_file, "expected the PIN of the token alone, a line of 1 to %d bytes", PIN_MAX);
    return ST_INVALID;
}

// ---- the key

// What the engine's errors amount to. The token's own word (CKR_…) says more than what the layers above make of it.
enum cause { CAUSE_OTHER, CAUSE_MODULE, CAUSE_NO_OBJECT, CAUSE_PIN };

static enum cause take_errors(char why[128])
{
    enum cause cause = CAUSE_OTHER;
    int best = -1;
    unsigned long e;
    snprintf(why, 128, "no reason given");
    while ((e = ERR_get_error()) != 0) {
        const char *lib = ERR_lib_error_string(e), *reason = ERR_reason_error_string(e);
        if (!lib || !reason)
            continue;
        bool token = !strcmp(lib, "PKCS#11 module"), library = !strcmp(lib, "libp11"), engine = !strcmp(lib, "pkcs11 engine");
        int rank = token ? 3 : library ? 2 : engine;
        if (token && strstr(reason, "PIN"))
            cause = CAUSE_PIN;
        else if (library && strstr(reason, "load PKCS#11 module"))
            cause = CAUSE_MODULE;
        else if (engine && cause == CAUSE_OTHER && !strcmp(reason, "object not found"))
            cause = CAUSE_NO_OBJECT;
        if (rank > best)
            snprintf(why, 128, "%s", reason);
        best = rank > best ? rank : best;
    }
    return cause;
}

// Whatever is asked for is not asked for on the terminal.
static EVP_PKEY *ask_token(const char *uri)
{
    UI_METHOD *nobody = UI_create_method("nobody to ask");
    ERR_clear_error();
    EVP_PKEY *key = nobody ? ENGINE_load_private_key(tokens.engine, uri, nobody, NULL) : NULL;
    UI_destroy_method(nobody);
    return key;
}

static enum status not_found(const struct token_uri *uri, struct diag *d)
{
    char why[128];
    EVP_PKEY *other = ask_token(uri->token);
    bool token_there = other || take_errors(why) != CAUSE_NO_OBJECT;
    EVP_PKEY_free(other);
    ERR_clear_error();
    if (token_there)
        diag_add(d, 0, 0, "token-key", uri->key, "the token is there, but holds no private key of this name; 'pkcs11-tool -O' lists what it holds");
    else if (!*uri->pin_file)
        diag_add(d, 0, 0, "token-key", uri->key,
                 "no such token, or no key to be seen in it without a PIN: name the file of the PIN by pin-source");
    else
        diag_add(d, 0, 0, "token-missing", uri->key,
                 "no such token, or no private key at all in it; 'pkcs11-tool -L' lists the tokens that are there");
    return ST_NOT_FOUND;
}

static enum status explain(const struct token_uri *uri, struct diag *d)
{
    char why[128];
    enum cause cause = take_errors(why);
    tokens.loaded = cause != CAUSE_MODULE;
    snprintf(tokens.module, sizeof tokens.module, "%s", uri->module);
    switch (cause) {
    case CAUSE_NO_OBJECT:
        return not_found(uri, d);
    case CAUSE_PIN:
        diag_add(d, 0, 0, "token-pin", *uri->pin_file ? uri->pin_file : uri->key,
                 "the token refuses the PIN (%s); correct it before the next try, since tokens lock after a few wrong ones", why);
        return ST_DENIED;
    case CAUSE_MODULE:
        diag_add(d, 0, 0, "token-module", uri->key, "cannot load %s: it is no PKCS#11 library, or one of its own libraries is missing",
                 *uri->module ? uri->module : "the system's PKCS#11 library (p11-kit); name one by module-path");
        return ST_UNREACHABLE;
    case CAUSE_OTHER:
        break;
    }
    diag_add(d, 0, 0, "token-key", uri->key, "the PKCS#11 library cannot get this key: %s", why);
    return ST_UNREACHABLE;
}

// A key that is there may still be of no use: not meant for signing, or remembered of a token that is gone.
static enum status try_out(EVP_PKEY *key, const struct token_uri *uri, struct diag *d)
{
    uint8_t signature[1024];
    size_t len = sizeof signature;
    char why[128];
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool signs = ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
                 EVP_DigestSign(ctx, signature, &len, (const uint8_t *)"relto", 5) == 1;
    EVP_MD_CTX_free(ctx);
    if (signs)
        return ST_OK;
    take_errors(why);
    diag_add(d, 0, 0, "token-key", uri->key, "the token does not sign with this key (%s); if it was away for a while, restart reltod", why);
    return ST_UNREACHABLE;
}

static enum status load_from_token(const struct token_uri *uri, const char *pin, struct diag *d, EVP_PKEY **ret)
{
    TRY(use_engine(d));
    TRY(use_module(uri, d));
    if (pin && ENGINE_ctrl_cmd_string(tokens.engine, "PIN", pin, 0) != 1)
        return ST_NOMEM;
    EVP_PKEY *key = ask_token(uri->key);
    if (!key)
        return explain(uri, d);
    tokens.loaded = true;
    snprintf(tokens.module, sizeof tokens.module, "%s", uri->module);
    enum status st = try_out(key, uri, d);
    ERR_clear_error();
    if (st == ST_OK)
        *ret = key;
    else
        EVP_PKEY_free(key);
    return st;
}

static enum status load_token(const char *where, struct arena *a, struct diag *d, EVP_PKEY **ret)
{
    struct token_uri uri;
    const char *why;
    const char *pin = NULL;
    if (token_uri_read(where, &uri, &why) != ST_OK) {
        diag_add(d, 0, 0, "token-uri", "pkcs11:", "%s", why);
        return ST_INVALID;
    }
    if (*uri.pin_file)
        TRY(read_pin(&uri, a, d, &pin));
    return load_from_token(&uri, pin, d, ret);
}

static enum status load_file(const char *path, struct arena *a, struct diag *d, EVP_PKEY **ret)
{
    struct span pem;
    TRY(file_read(path, KEY_FILE_MAX, a, d, &pem));
    BIO *bio = pem_bio(pem);
    *ret = bio ? PEM_read_bio_PrivateKey(bio, NULL, pem_no_passphrase, NULL) : NULL;
    BIO_free(bio);
    ERR_clear_error();
    if (*ret)
        return ST_OK;
    diag_add(d, 0, 0, "key-unreadable", path, "expected a PEM private key without a pass phrase");
    return ST_INVALID;
}

enum status private_key_load(const char *where, struct diag *d, EVP_PKEY **ret)
{
    struct arena *a = arena_new(2 * KEY_FILE_MAX);
    if (!a)
        return ST_NOMEM;
    enum status st = token_uri_is(where) ? load_token(where, a, d, ret) : load_file(where, a, d, ret);
    arena_wipe(a);
    arena_free(&a);
    return st;
}

enum status private_key_public(const char *where, struct diag *d, struct buf *out_pem)
{
    EVP_PKEY *key;
    char *bytes = NULL;
    TRY(private_key_load(where, d, &key));
    BIO *bio = BIO_new(BIO_s_mem());
    long n = bio && PEM_write_bio_PUBKEY(bio, key) == 1 ? BIO_get_mem_data(bio, &bytes) : 0;
    if (n > 0)
        buf_put(out_pem, bytes, (size_t)n);
    BIO_free(bio);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return n > 0 ? buf_status(out_pem) : ST_NOMEM;
}
