#include "formats/base/buf.h"

#include <stdio.h>
#include <stdlib.h>

#include "formats/base/bug.h"

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max, .st = ST_OK};
}

void buf_fini(struct buf *b)
{
    free(b->ptr);
    *b = (struct buf){0};
}

void buf_reset(struct buf *b)
{
    b->len = 0;
    b->st = ST_OK;
}

// Make room for extra bytes and one NUL.
static bool reserve(struct buf *b, size_t extra)
{
    if (b->st != ST_OK)
        return false;
    if (extra > b->max - b->len) {
        b->st = ST_LIMIT;
        return false;
    }
    size_t need = b->len + extra + 1;
    if (need <= b->cap)
        return true;
    size_t cap = b->cap < 512 ? 512 : b->cap;
    while (cap < need)
        cap *= 2;
    uint8_t *ptr = realloc(b->ptr, cap);
    if (!ptr) {
        b->st = ST_NOMEM;
        return false;
    }
    b->ptr = ptr;
    b->cap = cap;
    return true;
}

void buf_put(struct buf *b, const void *bytes, size_t len)
{
    if (!reserve(b, len) || len == 0)
        return;
    memcpy(b->ptr + b->len, bytes, len);
    b->len += len;
}

void buf_span(struct buf *b, struct span s)
{
    buf_put(b, s.ptr, s.len);
}

void buf_puts(struct buf *b, const char *s)
{
    buf_put(b, s, strlen(s));
}

void buf_putc(struct buf *b, char c)
{
    buf_put(b, &c, 1);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    char small[512];
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(small, sizeof small, fmt, args);
    va_end(args);
    BUG_IF(n < 0);
    size_t len = (size_t)n;
    if (len < sizeof small) {
        buf_put(b, small, len);
    } else if (reserve(b, len)) {
        vsnprintf((char *)b->ptr + b->len, len + 1, fmt, again);
        b->len += len;
    }
    va_end(again);
}

// What canonical XML writes for a character, by its code; NULL = the character itself. None has a higher code.
typedef const char *const escapes[64];

static void put_escaped(struct buf *b, struct span s, escapes table)
{
    size_t done = 0;
    for (size_t i = 0; i < s.len; i++) {
        const char *escape = s.ptr[i] < 64 ? table[s.ptr[i]] : NULL;
        if (!escape)
            continue;
        buf_put(b, s.ptr + done, i - done);
        buf_puts(b, escape);
        done = i + 1;
    }
    if (s.len > done)
        buf_put(b, s.ptr + done, s.len - done);
}

void buf_xml_text(struct buf *b, struct span text)
{
    static escapes table = {['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['\r'] = "&#xD;"};
    put_escaped(b, text, table);
}

void buf_xml_value(struct buf *b, struct span value)
{
    static escapes table = {['&'] = "&amp;",  ['<'] = "&lt;",   ['"'] = "&quot;",
                            ['\t'] = "&#x9;", ['\n'] = "&#xA;", ['\r'] = "&#xD;"};
    put_escaped(b, value, table);
}

void buf_xml_attr(struct buf *b, const char *name, const char *value)
{
    buf_putc(b, ' ');
    buf_puts(b, name);
    buf_puts(b, "=\"");
    buf_xml_value(b, span_cstr(value));
    buf_putc(b, '"');
}

enum status buf_status(const struct buf *b)
{
    return b->st;
}

struct span buf_bytes(const struct buf *b)
{
    return span_of(b->ptr, b->len);
}

const char *buf_cstr(struct buf *b)
{
    if (b->st != ST_OK || !reserve(b, 0))
        return "";
    b->ptr[b->len] = 0;
    return (const char *)b->ptr;
}
