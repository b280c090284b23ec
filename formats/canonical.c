#include "formats/canonical.h"

#include "formats/base/limits.h"
#include "formats/base/utf8.h"

// ---- characters

// What an ASCII character may be as it is; a table, for this runs over every byte of the log when it is verified.
enum { IN_VALUE = 1, IN_TEXT = 2, STARTS_NAME = 4, IN_NAME = 8 };
static const uint8_t classes[128] = {
    0,  0,  0,  0,  0,  0,  0,  0,  0,  2,  2,  0,  0,  0,  0,  0,  // tab, line feed
    0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  //
    3,  3,  2,  3,  3,  3,  0,  3,  3,  3,  3,  3,  3,  11, 11, 3,  // space to /
    11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 3,  3,  0,  3,  1,  3,  // 0 to ?
    3,  15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, // @ to O
    15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 3,  3,  3,  3,  15, // P to _
    3,  15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, // ` to o
    15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 3,  3,  3,  3,  3,  // p to DEL
};

static bool is(uint8_t c, unsigned class)
{
    return c < 128 && classes[c] & class;
}

static const char *const value_escapes[] = {"&amp;", "&lt;", "&quot;", "&#x9;", "&#xA;", "&#xD;", NULL};
static const char *const text_escapes[] = {"&amp;", "&lt;", "&gt;", "&#xD;", NULL};

// Bytes of the character at s[at] that is not plain: escaped, or beyond ASCII. 0 = not allowed.
static size_t other_char(struct span s, size_t at, const char *const *escapes)
{
    if (s.ptr[at] >= 0x80)
        return utf8_xml_char(s, at);
    for (; *escapes; escapes++)
        if (span_starts(span_sub(s, at, s.len), *escapes))
            return strlen(*escapes);
    return 0;
}

bool canonical_plain(struct span s)
{
    size_t i = 0;
    while (i < s.len && is(s.ptr[i], IN_VALUE))
        i++;
    return i == s.len;
}

bool canonical_value(struct span s, size_t at, size_t *ret_end, bool *ret_plain)
{
    bool plain = true;
    while (at < s.len && s.ptr[at] != '"') {
        size_t n = is(s.ptr[at], IN_VALUE) ? 1 : other_char(s, at, value_escapes);
        if (n == 0)
            return false;
        plain = plain && s.ptr[at] != '&';
        at += n;
    }
    *ret_end = at;
    *ret_plain = plain;
    return at < s.len;
}

// ---- elements

struct reading {
    struct span s;
    size_t at;
    struct span open[CANONICAL_DEPTH_MAX]; // names of the elements we are in
    size_t depth;
};

static bool take(struct reading *r, const char *text)
{
    if (!span_starts(span_sub(r->s, r->at, r->s.len), text))
        return false;
    r->at += strlen(text);
    return true;
}

// Empty when there is none that is allowed.
static struct span take_name(struct reading *r)
{
    size_t from = r->at;
    if (from < r->s.len && is(r->s.ptr[from], STARTS_NAME))
        while (r->at < r->s.len && is(r->s.ptr[r->at], IN_NAME))
            r->at++;
    return r->at - from <= XML_NAME_MAX ? span_sub(r->s, from, r->at) : span_of(NULL, 0);
}

static bool is_before(struct span a, struct span b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n ? memcmp(a.ptr, b.ptr, n) : 0;
    return order < 0 || (order == 0 && a.len < b.len);
}

// ` name="value"` in order of names, up to the `>`.
static bool take_attrs(struct reading *r)
{
    struct span last = span_of(NULL, 0);
    bool plain;
    for (size_t count = 0; take(r, " "); count++) {
        struct span name = take_name(r);
        if (count == XML_ATTRS_MAX || !is_before(last, name) || span_eq_cstr(name, "xmlns") || !take(r, "=\"") ||
            !canonical_value(r->s, r->at, &r->at, &plain))
            return false;
        r->at++;
        last = name;
    }
    return take(r, ">");
}

static bool take_tag(struct reading *r)
{
    if (take(r, "</")) {
        struct span name = take_name(r);
        return r->depth > 0 && span_eq(name, r->open[--r->depth]) && take(r, ">");
    }
    if (!take(r, "<") || r->depth == CANONICAL_DEPTH_MAX)
        return false;
    struct span name = take_name(r);
    r->open[r->depth++] = name;
    return name.len > 0 && take_attrs(r);
}

bool canonical_elements(struct span s)
{
    struct reading r = {.s = s};
    while (r.at < s.len) {
        if (s.ptr[r.at] == '<') {
            if (!take_tag(&r))
                return false;
            continue;
        }
        size_t n = is(s.ptr[r.at], IN_TEXT) ? 1 : other_char(s, r.at, text_escapes);
        if (n == 0 || r.depth == 0)
            return false;
        r.at += n;
    }
    return r.depth == 0;
}
