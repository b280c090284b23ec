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

// Append bytes, a span, a string, a character, or as printf does; nothing, once the buffer has failed.
void buf_put(struct buf *b, const void *bytes, size_t len);
void buf_span(struct buf *b, struct span s);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
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
