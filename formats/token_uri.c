#include "formats/token_uri.h"

#include <string.h>
#include <strings.h>

#include "formats/base/span.h"

static const char scheme[] = "pkcs11:";
enum { SCHEME_LEN = sizeof scheme - 1 };

// What a URI may say, and which parts of it name the token, the key in it, or how to get there.
enum part { PART_TOKEN, PART_MAKE, PART_KEY, PART_TYPE, PART_PIN_SOURCE, PART_MODULE, PARTS };
static const struct attribute {
    const char *name;
    bool query;
    enum part part;
} attributes[] = {
    {"token", false, PART_TOKEN}, {"serial", false, PART_TOKEN}, {"manufacturer", false, PART_MAKE},
    {"model", false, PART_MAKE}, {"object", false, PART_KEY}, {"id", false, PART_KEY},
    {"type", false, PART_TYPE}, {"pin-source", true, PART_PIN_SOURCE}, {"module-path", true, PART_MODULE},
};
enum { ATTRIBUTES = sizeof attributes / sizeof *attributes };

struct reading {
    struct token_uri *uri;
    bool seen[ATTRIBUTES], has[PARTS];
};

bool token_uri_is(const char *text)
{
    return strncasecmp(text, scheme, SCHEME_LEN) == 0;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Only characters that RFC 7512 lets stand as they are, and percent-encoded bytes other than NUL.
static bool encoding_ok(struct span v)
{
    for (size_t i = 0; i < v.len; i++) {
        uint8_t c = v.ptr[i];
        bool plain = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c && strchr("-._~:[]@!$'()*+,=/&", c));
        if (plain)
            continue;
        if (c != '%' || i + 2 >= v.len || hex_digit(v.ptr[i + 1]) < 0 || hex_digit(v.ptr[i + 2]) < 0 ||
            (v.ptr[i + 1] == '0' && v.ptr[i + 2] == '0'))
            return false;
        i += 2;
    }
    return v.len > 0;
}

// The decoded value of a path; encoding_ok has looked at it.
static bool take_path(struct span v, char out[TOKEN_PATH_MAX])
{
    if (span_starts(v, "file:"))
        v = span_sub(v, 5, v.len);
    if (span_starts(v, "///"))
        v = span_sub(v, 2, v.len);
    size_t n = 0;
    for (size_t i = 0; i < v.len && n < TOKEN_PATH_MAX - 1; n++) {
        bool coded = v.ptr[i] == '%';
        out[n] = coded ? (char)(hex_digit(v.ptr[i + 1]) * 16 + hex_digit(v.ptr[i + 2])) : (char)v.ptr[i];
        i += coded ? 3 : 1;
    }
    out[n] = 0;
    return out[0] == '/' && n < TOKEN_PATH_MAX - 1;
}

static void append(char *out, struct span attribute)
{
    size_t n = strlen(out); // the parts together are no longer than the URI, which fits
    if (n > sizeof scheme - 1)
        out[n++] = ';';
    memcpy(out + n, attribute.ptr, attribute.len);
    out[n + attribute.len] = 0;
}

static const char *take(struct reading *r, const struct attribute *a, struct span whole, struct span value)
{
    switch (a->part) {
    case PART_TOKEN:
    case PART_MAKE:
        append(r->uri->token, whole);
        append(r->uri->key, whole);
        return NULL;
    case PART_KEY:
        append(r->uri->key, whole);
        return NULL;
    case PART_TYPE:
        return span_eq_cstr(value, "private") ? NULL : "type, if it is given, must be private";
    case PART_PIN_SOURCE:
        return take_path(value, r->uri->pin_file) ? NULL : "pin-source must be the absolute path of a file, e.g. pin-source=/etc/relto/pin";
    case PART_MODULE:
        return take_path(value, r->uri->module) ? NULL : "module-path must be the absolute path of a PKCS#11 library";
    case PARTS:
        break;
    }
    return NULL;
}

static const char *take_attribute(struct reading *r, struct span whole, bool query)
{
    const uint8_t *eq = memchr(whole.ptr, '=', whole.len);
    if (!eq)
        return "expected name=value pairs, ';' between those of the token and the key, '&' between those behind the '?'";
    struct span name = span_sub(whole, 0, (size_t)(eq - whole.ptr)), value = span_sub(whole, name.len + 1, whole.len);
    if (span_eq_cstr(name, "pin-value"))
        return "a PIN must not stand here: write it into a file that nobody else may read, and name it by pin-source=/path";
    if (!encoding_ok(value))
        return "values must not be empty; other characters than letters, digits and -._~ are written as %20 and the like";
    for (size_t i = 0; i < ATTRIBUTES; i++) {
        if (!span_eq_cstr(name, attributes[i].name) || attributes[i].query != query)
            continue;
        if (r->seen[i])
            return "an attribute stands twice";
        r->seen[i] = r->has[attributes[i].part] = true;
        return take(r, &attributes[i], whole, value);
    }
    return query ? "behind the '?' only pin-source and module-path are known"
                 : "only token, serial, manufacturer, model, object, id and type are known; pin-source and module-path stand behind a '?'";
}

static const char *take_all(struct reading *r, struct span s, char separator, bool query)
{
    while (s.len > 0) {
        const uint8_t *end = memchr(s.ptr, separator, s.len);
        size_t n = end ? (size_t)(end - s.ptr) : s.len;
        const char *why = take_attribute(r, span_sub(s, 0, n), query);
        if (why)
            return why;
        s = span_sub(s, end ? n + 1 : n, s.len);
    }
    return NULL;
}

static const char *read_whole(struct reading *r, const char *text)
{
    struct span s = span_cstr(text);
    if (!token_uri_is(text))
        return "expected pkcs11:token=NAME;object=NAME";
    if (s.len >= TOKEN_URI_MAX)
        return "longer than 1023 bytes";
    s = span_sub(s, SCHEME_LEN, s.len);
    const uint8_t *mark = memchr(s.ptr, '?', s.len);
    struct span path = span_sub(s, 0, mark ? (size_t)(mark - s.ptr) : s.len);
    const char *why = take_all(r, path, ';', false);
    if (!why && mark)
        why = take_all(r, span_sub(s, path.len + 1, s.len), '&', true);
    if (why)
        return why;
    if (!r->has[PART_TOKEN])
        return "which token? name it by token=LABEL or serial=NUMBER";
    if (!r->has[PART_KEY])
        return "which key of the token? name it by object=LABEL or id=%01";
    return NULL;
}

enum status token_uri_read(const char *text, struct token_uri *ret, const char **ret_why)
{
    struct token_uri uri = {.key = "pkcs11:", .token = "pkcs11:"};
    struct reading r = {.uri = &uri};
    const char *why = read_whole(&r, text);
    if (why) {
        *ret_why = why;
        return ST_INVALID;
    }
    *ret = uri;
    return ST_OK;
}
