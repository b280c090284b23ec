#include "node/io/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "formats/base/bug.h"

enum {
    KEPT_MAX = 4096,       // an idle connection keeps no more than this
    GATHERED = 84 * 1024,  // 64 KiB and a record more
};

void wire_fini(struct wire *w)
{
    free(w->ptr);
    *w = (struct wire){0};
}

static bool make_room(struct wire *w, size_t len)
{
    if (w->from == w->to)
        w->from = w->to = 0;
    if (w->cap - w->to >= len)
        return true;
    if (w->from) {
        memmove(w->ptr, w->ptr + w->from, w->to - w->from);
        w->to -= w->from;
        w->from = 0;
    }
    // Whoever has much to say gathers several records: no growing by steps then.
    size_t first = len > KEPT_MAX ? GATHERED : 1024;
    size_t cap = w->cap > first ? w->cap : first;
    while (cap - w->to < len)
        cap *= 2;
    uint8_t *ptr = cap == w->cap ? w->ptr : realloc(w->ptr, cap);
    if (!ptr) {
        w->failed = true;
        return false;
    }
    w->ptr = ptr;
    w->cap = cap;
    return true;
}

void wire_put(struct wire *w, const void *bytes, size_t len)
{
    if (len == 0 || !make_room(w, len))
        return;
    memcpy(w->ptr + w->to, bytes, len);
    w->to += len;
}

enum wire_result wire_flush(struct wire *w, int fd)
{
    while (w->from < w->to && !w->failed) {
        ssize_t n = send(fd, w->ptr + w->from, w->to - w->from, MSG_NOSIGNAL);
        if (n >= 0)
            w->from += (size_t)n;
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            return WIRE_BLOCKED;
        else if (errno != EINTR)
            return WIRE_BROKEN;
    }
    if (w->failed)
        return WIRE_BROKEN;
    w->from = w->to = 0;
    return WIRE_SENT;
}

void wire_trim(struct wire *w)
{
    if (wire_waiting(w) == 0 && w->cap > KEPT_MAX && !w->failed)
        wire_fini(w);
}

static int bio_write(BIO *b, const char *bytes, size_t len, size_t *written)
{
    struct wire *w = BIO_get_data(b);
    wire_put(w, bytes, len);
    *written = w->failed ? 0 : len;
    return !w->failed;
}

// Flushing is the connection's business, so "flushed" is always true.
static long bio_ctrl(BIO *b, int cmd, long num, void *ptr)
{
    (void)b, (void)num, (void)ptr;
    return cmd == BIO_CTRL_FLUSH;
}

BIO *wire_bio(struct wire *w)
{
    static BIO_METHOD *method;
    if (!method) {
        method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "relto wire");
        BUG_IF(!method || BIO_meth_set_write_ex(method, bio_write) != 1 || BIO_meth_set_ctrl(method, bio_ctrl) != 1);
    }
    BIO *b = BIO_new(method);
    if (b) {
        BIO_set_data(b, w);
        BIO_set_init(b, 1);
    }
    return b;
}
