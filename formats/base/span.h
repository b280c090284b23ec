// Borrowed bytes. Network and file bytes are spans, never NUL-terminated strings.
#ifndef RELTO_FORMATS_BASE_SPAN_H
#define RELTO_FORMATS_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
    const uint8_t *ptr; // may be NULL only when len is 0
    size_t len;         // bytes
};

static inline struct span span_of(const void *ptr, size_t len)
{
    return (struct span){ptr, len};
}

// The bytes of a C string, without its NUL.
static inline struct span span_cstr(const char *s)
{
    return (struct span){(const uint8_t *)s, strlen(s)};
}

static inline bool span_eq(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool span_eq_cstr(struct span a, const char *s)
{
    return span_eq(a, span_cstr(s));
}

static inline bool span_starts(struct span s, const char *prefix)
{
    size_t n = strlen(prefix);
    return s.len >= n && memcmp(s.ptr, prefix, n) == 0;
}

// The bytes [from, to) of s. Precondition: from <= to <= s.len.
static inline struct span span_sub(struct span s, size_t from, size_t to)
{
    return (struct span){s.ptr ? s.ptr + from : NULL, to - from};
}

#endif
