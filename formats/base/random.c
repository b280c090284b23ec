#include "formats/base/random.h"

#include <sys/random.h>

#include "formats/base/bug.h"

static void system_fill(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    while (len) {
        size_t n = len < 256 ? len : 256; // up to 256 bytes getrandom is never interrupted
        BUG_IF(getrandom(out, n, 0) != (ssize_t)n);
        out += n;
        len -= n;
    }
}

struct random_source random_system(void)
{
    return (struct random_source){system_fill, NULL};
}
