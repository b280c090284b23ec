// A growing byte buffer with a hard maximum from birth. Appending is sticky: after the first failure
// every later call is a no-op, and buf_status tells what happened. So writers need one check at the end.
#ifndef RELTO_FORMATS_BASE_BUF_H
#define RELTO_FORMATS_BASE_BUF_H

#include <stdarg.h>

#include "formats/base/span.h"
#include "formats/base/status.h"

struct buf {
    uint8_t *ptr;
    size_t len;
    size_t cap;
    size_t max;
    enum status st;
};

// Prepare an empty buffer that never grows beyond max bytes.
void buf_init(struct buf *b, size_t max);
// Release the memory; the buffer is then empty with maximum 0. Accepts a zeroed struct.
void buf_fini(struct buf *b);
// Forget the contents and the sticky failure; keep the memory.
void buf_reset(struct buf *b);

// Make room for so many more bytes and a NUL; false once the buffer has failed. Appending does it by itself.
bool buf_reserve(struct buf *b, size_t extra);

// Append bytes, a span, a string, a character, or as printf does; nothing, once the buffer has failed. Inline, since
// most of what is written is a few constant bytes.
static inline void buf_put(struct buf *b, const void *bytes, size_t len)
{
    bool room = b->st == ST_OK && len <= b->max - b->len && len < b->cap - b->len;
    if ((!room && !buf_reserve(b, len)) || len == 0)
        return;
    memcpy(b->ptr + b->len, bytes, len);
    b->len += len;
}

static inline void buf_span(struct buf *b, struct span s)
{
    buf_put(b, s.ptr, s.len);
}

static inline void buf_puts(struct buf *b, const char *s)
{
    buf_put(b, s, strlen(s));
}

static inline void buf_putc(struct buf *b, char c)
{
    buf_put(b, &c, 1);
}

void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
// Append text escaped as canonical XML wants it in element content, or in an attribute's value.
void buf_xml_text(struct buf *b, struct span text);
void buf_xml_value(struct buf *b, struct span value);
// Append ` name="value"` with the value escaped as canonical XML wants it.
void buf_xml_attr(struct buf *b, const char *name, const char *value);

// ST_OK, ST_LIMIT (maximum reached) or ST_NOMEM.
MUST_USE enum status buf_status(const struct buf *b);
// What was appended; borrowed until the next change of the buffer.
struct span buf_bytes(const struct buf *b);
// NUL-terminate (not counted in len) and return the contents as a string; borrowed. "" after a failure.
const char *buf_cstr(struct buf *b);

#endif
