// Bytes on their way to a socket: what OpenSSL encrypts, or plain text, gathered into large sends (spec 7, facts).
#ifndef RELTO_NODE_IO_WIRE_H
#define RELTO_NODE_IO_WIRE_H

#include <openssl/bio.h>

#include "formats/base/span.h"

struct wire {
    uint8_t *ptr;
    size_t from, to, cap; // bytes [from, to) are not sent yet
    bool failed;          // memory ran out: the stream has a hole and must end
};

enum wire_result { WIRE_SENT, WIRE_BLOCKED, WIRE_BROKEN };

void wire_fini(struct wire *w);
static inline size_t wire_waiting(const struct wire *w)
{
    return w->to - w->from;
}
// Append bytes; never blocks.
void wire_put(struct wire *w, const void *bytes, size_t len);
// Send what waits to a non-blocking socket.
enum wire_result wire_flush(struct wire *w, int fd);
// Give large memory back, if nothing waits.
void wire_trim(struct wire *w);
// A write BIO that appends to the wire, which must outlive it. NULL when memory is out.
BIO *wire_bio(struct wire *w);

#endif
