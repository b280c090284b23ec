// What all reading of PEM shares.
#ifndef RELTO_FORMATS_PEM_H
#define RELTO_FORMATS_PEM_H

#include <openssl/bio.h>

#include "formats/base/span.h"

// A BIO that reads these borrowed bytes; BIO_free it. NULL when memory is out, or they are too many for OpenSSL.
BIO *pem_bio(struct span pem);

// The pass phrase callback for every PEM_read_bio_...: refuses. Without one OpenSSL asks on the terminal, and any
// PEM block, a partner's certificate too, can claim to be encrypted: a daemon would wait there for ever.
int pem_no_passphrase(char *out, int size, int writing, void *ctx);

#endif
