// Private keys of certificates, wherever they are kept: PEM files, or keys that stay in a PKCS#11 token and are named by
// a URI (formats/token_uri.h). Tokens are reached through OpenSSL's engine for them, the package
// libengine-pkcs11-openssl, which is loaded when the first such key is asked for.
#ifndef RELTO_NODE_IO_PRIVATE_KEY_H
#define RELTO_NODE_IO_PRIVATE_KEY_H

#include <openssl/types.h>

#include "formats/base/diag.h"

enum { KEY_FILE_MAX = 64 * 1024, PIN_MAX = 255 };

// Load the key that `where` names: an absolute path or a URI. A file holds one PEM private key without a pass phrase.
// Of a token nothing but the public half comes here; it is logged in to with the PIN in the file that the URI names, once,
// and has signed something for a trial.
// All keys of a process are in tokens of one PKCS#11 library: the first one that is loaded stays.
// Faults say what is missing: ST_NOT_FOUND (file, token, key in it), ST_DENIED (PIN), ST_UNSUPPORTED (engine, another
// library), ST_UNREACHABLE (library, token), ST_INVALID. Free with EVP_PKEY_free.
MUST_USE enum status private_key_load(const char *where, struct diag *d, EVP_PKEY **ret);

// Append the public half of such a key as PEM, to have it certified. As private_key_load, and as the buffer fails.
MUST_USE enum status private_key_public(const char *where, struct diag *d, struct buf *out_pem);

#endif
