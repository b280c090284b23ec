#include "formats/base/buf.h"

#include <stdio.h>
#include <stdlib.h>

#include "formats/base/bug.h"
#include "formats/base/utf8.h"

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

bool buf_reserve(struct buf *b, size_t extra)
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
    } else if (buf_reserve(b, len)) {
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
    for (size_t i = utf8_skip_plain(s, 0); i < s.len; i = utf8_skip_plain(s, i + 1)) {
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
    if (b->st != ST_OK || !buf_reserve(b, 0))
        return "";
    b->ptr[b->len] = 0;
    return (const char *)b->ptr;
}
