#include "formats/pem.h"

#include <limits.h>

BIO *pem_bio(struct span pem)
{
    return pem.len <= INT_MAX ? BIO_new_mem_buf(pem.len ? (const void *)pem.ptr : "", (int)pem.len) : NULL;
}

int pem_no_passphrase(char *out, int size, int writing, void *ctx)
{
    (void)out, (void)size, (void)writing, (void)ctx;
    return -1;
}
