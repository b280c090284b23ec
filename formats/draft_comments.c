#include "formats/draft_comments.h"

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t find(struct span in, size_t from, const char *what)
{
    const uint8_t *at = from < in.len ? memmem(in.ptr + from, in.len - from, what, strlen(what)) : NULL;
    return at ? (size_t)(at - in.ptr) : in.len;
}

// Nothing but markup and white space on both sides? `last` is the last byte that was kept and is not blank.
static bool stands_between(struct span in, uint8_t last, size_t end)
{
    while (end < in.len && is_blank(in.ptr[end]))
        end++;
    return last == '>' && end < in.len && in.ptr[end] == '<';
}

void draft_blank_comments(struct span in, struct buf *out)
{
    uint8_t last = '>'; // the start is as good as markup
    for (size_t i = 0; i < in.len;) {
        struct span rest = span_sub(in, i, in.len);
        size_t close = span_starts(rest, "<!--") ? find(in, i + 4, "-->") + 3 : 0;
        if (close && close <= in.len && stands_between(in, last, close)) {
            for (; i < close; i++)
                buf_putc(out, in.ptr[i] == '\n' ? '\n' : ' ');
            continue;
        }
        if (span_starts(rest, "<![CDATA[") || close) { // as it is: what looks like markup in it is none
            close = close ? close : find(in, i, "]]>") + 3;
            close = close < in.len ? close : in.len;
            buf_span(out, span_sub(in, i, close));
            i = close;
            last = 0;
            continue;
        }
        if (!is_blank(in.ptr[i]))
            last = in.ptr[i];
        buf_putc(out, (char)in.ptr[i++]);
    }
}
