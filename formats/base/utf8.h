// UTF-8 (RFC 3629): the shortest forms of Unicode scalar values, and nothing else.
#ifndef RELTO_FORMATS_BASE_UTF8_H
#define RELTO_FORMATS_BASE_UTF8_H

#include "formats/base/span.h"

// Bytes of the character at s[at] (at < s.len), *ret being its code; 0 when no well-formed sequence begins there.
size_t utf8_get(struct span s, size_t at, uint32_t *ret);

// Bytes of the character at s[at] (at < s.len); 0 when there is none, or one that XML 1.0 does not allow.
static inline size_t utf8_xml_char(struct span s, size_t at)
{
    uint8_t c = s.ptr[at];
    if (c < 0x80) // here, not in utf8_get: this runs over every byte of every document
        return c >= 0x20 || c == '\t' || c == '\n' || c == '\r' ? 1 : 0;
    uint32_t v = 0;
    size_t n = utf8_get(s, at, &v);
    return v == 0xfffe || v == 0xffff ? 0 : n;
}

// Behind the bytes of s from i on that are printable ASCII and nothing special in any part of an XML document.
size_t utf8_skip_plain(struct span s, size_t i);
// Behind the bytes of s from i on that are printable ASCII.
size_t utf8_skip_printable(struct span s, size_t i);

// Length of the longest beginning of s, at most max bytes, that does not end inside a character.
size_t utf8_cut(struct span s, size_t max);

#endif
