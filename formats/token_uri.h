// The name of a private key in a token: a PKCS#11 URI (RFC 7512) as relto.conf and the command line take it. Stricter
// than the RFC: it names one token and one key in it, and it never holds a PIN.
#ifndef RELTO_FORMATS_TOKEN_URI_H
#define RELTO_FORMATS_TOKEN_URI_H

#include <stdbool.h>
#include <stddef.h>

#include "formats/base/status.h"

enum { TOKEN_URI_MAX = 1024, TOKEN_PATH_MAX = 512 };

struct token_uri {
    char key[TOKEN_URI_MAX];       // pkcs11:… without the query: token and key, for the engine
    char token[TOKEN_URI_MAX];     // the same without what names the key
    char pin_file[TOKEN_PATH_MAX]; // absolute; "" = the token asks for no PIN
    char module[TOKEN_PATH_MAX];   // absolute path of the PKCS#11 library; "" = the system's
};

// Does it begin as one does (`pkcs11:`, in capitals or not)? Else it is the path of a file.
bool token_uri_is(const char *text);

// Read one. ST_INVALID, and *ret_why says what was expected: static text that never repeats the URI, which may hold a
// PIN. *ret is set on success only.
MUST_USE enum status token_uri_read(const char *text, struct token_uri *ret, const char **ret_why);

#endif
