#include "node/core/http_msg.h"

#include "formats/base/bug.h"
#include "formats/base/encode.h"

// 18 digits: no sum that it stands in can overflow.
#define CONTENT_LENGTH_MAX UINT64_C(999999999999999999)

// ---- bytes

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_alpha(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool in_set(uint8_t c, const char *set)
{
    return c && strchr(set, c);
}

static bool is_token(uint8_t c)
{
    return is_alpha(c) || is_digit(c) || in_set(c, "!#$%&'*+-.^_`|~");
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

static bool same_nocase(struct span s, const char *lower_text)
{
    if (s.len != strlen(lower_text))
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (lower(s.ptr[i]) != (uint8_t)lower_text[i])
            return false;
    return true;
}

static int hex_value(uint8_t c)
{
    if (is_digit(c))
        return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// ---- finding the end of the head

// Is this byte in the clear to stand at i of a line that began at `line`?
static bool byte_ok(struct span b, size_t i, size_t line)
{
    uint8_t c = b.ptr[i];
    if (c == '\r')
        return i > 0 && (i + 1 == b.len || b.ptr[i + 1] == '\n');
    if (c == '\n')
        return i > 0 && b.ptr[i - 1] == '\r';
    if (c == ' ' || c == '\t')
        return i != line; // folding, or white space before the request line
    return c > 0x20 && c <= 0x7e;
}

// Where the head ends (behind its empty line), 0 when it is not whole yet. *ret_status is set for bytes that
// can stand in no head of ours, whatever follows, and for a head that grows too long.
static size_t find_end(struct span b, int *ret_status)
{
    size_t line = 0; // start of the current line
    size_t scan = b.len < HTTP_HEAD_BYTES_MAX ? b.len : HTTP_HEAD_BYTES_MAX;
    for (size_t i = 0; i < scan; i++) {
        if (!byte_ok(b, i, line)) {
            *ret_status = 400;
            return 0;
        }
        if (b.ptr[i] != '\n')
            continue;
        if (i == line + 1)
            return i + 1;
        line = i + 1;
    }
    if (line == 0 && b.len > HTTP_TARGET_MAX + 32)
        *ret_status = 414;
    else if (b.len >= HTTP_HEAD_BYTES_MAX)
        *ret_status = 431;
    return 0;
}

// ---- request line

// Upper-case words that we do not serve are 501; everything else is no method at all.
static int parse_method(struct span s, enum http_method *ret)
{
    for (int m = HTTP_GET; m <= HTTP_DELETE; m++) {
        if (span_eq_cstr(s, http_method_text((enum http_method)m))) {
            *ret = (enum http_method)m;
            return 0;
        }
    }
    if (s.len == 0)
        return 400;
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] < 'A' || s.ptr[i] > 'Z')
            return 400;
    return 501;
}

static int parse_version(struct span s)
{
    if (span_eq_cstr(s, "HTTP/1.1"))
        return 0;
    if (s.len == 8 && span_starts(s, "HTTP/") && is_digit(s.ptr[5]) && s.ptr[6] == '.' && is_digit(s.ptr[7]))
        return s.ptr[5] == '1' ? 400 : 505;
    return 400;
}

// Path and query characters of RFC 3986, percent-encoding whole.
static bool target_bytes_ok(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        if (c == '%') {
            if (i + 2 >= s.len || hex_value(s.ptr[i + 1]) < 0 || hex_value(s.ptr[i + 2]) < 0)
                return false;
            i += 2;
        } else if (!is_alpha(c) && !is_digit(c) && !in_set(c, "-._~!$&'()*+,;=:@/?")) {
            return false;
        }
    }
    return true;
}

// Dot segments and empty ones (save a last one): two readers could take them for different resources.
static bool segments_ok(struct span path)
{
    size_t from = 1;
    for (size_t i = 1; i <= path.len; i++) {
        if (i < path.len && path.ptr[i] != '/')
            continue;
        struct span seg = span_sub(path, from, i);
        if (span_eq_cstr(seg, ".") || span_eq_cstr(seg, "..") || (seg.len == 0 && i < path.len))
            return false;
        from = i + 1;
    }
    return true;
}

static int parse_target(struct span s, struct http_head *h)
{
    if (s.len > HTTP_TARGET_MAX)
        return 414;
    if (s.len == 0 || s.ptr[0] != '/' || !target_bytes_ok(s))
        return 400;
    const uint8_t *mark = memchr(s.ptr, '?', s.len);
    size_t path_len = mark ? (size_t)(mark - s.ptr) : s.len;
    h->path = span_sub(s, 0, path_len);
    h->query = mark ? span_sub(s, path_len + 1, s.len) : span_sub(s, s.len, s.len);
    return segments_ok(h->path) ? 0 : 400;
}

static int parse_request_line(struct span line, struct http_head *h)
{
    const uint8_t *sp = memchr(line.ptr, ' ', line.len);
    if (!sp)
        return 400;
    size_t a = (size_t)(sp - line.ptr);
    int status = parse_method(span_sub(line, 0, a), &h->method);
    if (status)
        return status;
    struct span rest = span_sub(line, a + 1, line.len);
    sp = memchr(rest.ptr, ' ', rest.len);
    if (!sp)
        return rest.len > HTTP_TARGET_MAX ? 414 : 400;
    size_t b = (size_t)(sp - rest.ptr);
    status = parse_target(span_sub(rest, 0, b), h);
    return status ? status : parse_version(span_sub(rest, b + 1, rest.len));
}

// ---- headers

static int parse_header_line(struct span line, struct http_head *h)
{
    if (h->header_count == HTTP_HEADERS_MAX)
        return 431;
    size_t n = 0;
    while (n < line.len && is_token(line.ptr[n]))
        n++;
    if (n == 0 || n == line.len || line.ptr[n] != ':')
        return 400;
    size_t from = n + 1, to = line.len;
    while (from < to && in_set(line.ptr[from], " \t"))
        from++;
    while (to > from && in_set(line.ptr[to - 1], " \t"))
        to--;
    h->headers[h->header_count++] = (struct http_header){span_sub(line, 0, n), span_sub(line, from, to)};
    return 0;
}

// Lists whose repetition changes nothing that we do.
static bool may_repeat(struct span name)
{
    static const char *const list[] = {"accept", "accept-language", "cache-control", "via"};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (same_nocase(name, list[i]))
            return true;
    return false;
}

static bool same_name(struct span a, struct span b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    return true;
}

// `Content_Length`: a gateway that turns names into variables takes it for the real one.
static bool looks_like_framing(struct span name)
{
    static const char *const framing[] = {"content-length", "transfer-encoding", "host"};
    for (size_t i = 0; i < sizeof framing / sizeof *framing; i++) {
        if (name.len != strlen(framing[i]))
            continue;
        size_t k = 0;
        while (k < name.len && (name.ptr[k] == '_' ? '-' : lower(name.ptr[k])) == (uint8_t)framing[i][k])
            k++;
        if (k == name.len && memchr(name.ptr, '_', name.len))
            return true;
    }
    return false;
}

static int check_names(const struct http_head *h)
{
    for (size_t i = 0; i < h->header_count; i++) {
        struct span name = h->headers[i].name;
        if (looks_like_framing(name))
            return 400;
        if (may_repeat(name))
            continue;
        for (size_t k = 0; k < i; k++)
            if (same_name(name, h->headers[k].name))
                return 400;
    }
    return 0;
}

static const struct http_header *find(const struct http_head *h, const char *name)
{
    for (size_t i = 0; i < h->header_count; i++)
        if (same_nocase(h->headers[i].name, name))
            return &h->headers[i];
    return NULL;
}

static int check_framing(struct http_head *h)
{
    const struct http_header *te = find(h, "transfer-encoding"), *cl = find(h, "content-length");
    if (te)
        return cl ? 400 : 411;
    if (cl) {
        if (!decimal_parse(cl->value, CONTENT_LENGTH_MAX, &h->content_length))
            return 400;
        h->has_length = true;
    }
    switch (h->method) {
    case HTTP_GET:
    case HTTP_HEAD:
        return h->content_length ? 400 : 0;
    case HTTP_POST:
    case HTTP_PUT:
        return h->has_length ? 0 : 411;
    case HTTP_DELETE:
        return 0;
    }
    return 400;
}

// host[:port], nothing that could be read as credentials, a list or a path.
static bool host_ok(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_alpha(s.ptr[i]) && !is_digit(s.ptr[i]) && !in_set(s.ptr[i], "-._:[]"))
            return false;
    return s.len > 0;
}

static int check_connection(struct http_head *h)
{
    const struct http_header *c = find(h, "connection");
    if (!c)
        return 0;
    struct span rest = c->value;
    for (bool more = true; more;) {
        const uint8_t *comma = memchr(rest.ptr, ',', rest.len);
        size_t end = comma ? (size_t)(comma - rest.ptr) : rest.len, from = 0, to = end;
        while (from < to && in_set(rest.ptr[from], " \t"))
            from++;
        while (to > from && in_set(rest.ptr[to - 1], " \t"))
            to--;
        struct span word = span_sub(rest, from, to);
        if (same_nocase(word, "close"))
            h->close = true;
        else if (!same_nocase(word, "keep-alive"))
            return 400; // naming another header would have an intermediary drop it
        more = comma != NULL;
        if (more)
            rest = span_sub(rest, end + 1, rest.len);
    }
    return 0;
}

static int check_headers(struct http_head *h)
{
    int status = check_names(h);
    if (status)
        return status;
    const struct http_header *host = find(h, "host");
    if (!host || !host_ok(host->value))
        return 400;
    status = check_framing(h);
    if (status)
        return status;
    status = check_connection(h);
    if (status)
        return status;
    const struct http_header *expect = find(h, "expect");
    if (expect && !same_nocase(expect->value, "100-continue"))
        return 417;
    h->expect_continue = expect != NULL;
    return 0;
}

// Parse the whole head of `end` bytes, every line of which ends in CRLF.
static int parse_lines(struct span b, size_t end, struct http_head *h)
{
    bool first = true;
    for (size_t from = 0; from + 2 < end;) {
        size_t to = from;
        while (b.ptr[to] != '\r')
            to++;
        struct span line = span_sub(b, from, to);
        int status = first ? parse_request_line(line, h) : parse_header_line(line, h);
        if (status)
            return status;
        first = false;
        from = to + 2;
    }
    return check_headers(h);
}

enum http_verdict http_parse_head(struct span bytes, struct http_head *ret_head, size_t *ret_used, int *ret_status)
{
    int status = 0;
    size_t end = find_end(bytes, &status);
    if (status == 0 && end == 0)
        return HTTP_INCOMPLETE;
    // The headers are left as they are: 1.5 KiB that need no zeroing for every request.
    ret_head->header_count = 0;
    ret_head->method = HTTP_GET;
    ret_head->path = ret_head->query = span_of(NULL, 0);
    ret_head->has_length = ret_head->expect_continue = ret_head->close = false;
    ret_head->content_length = 0;
    if (status == 0)
        status = parse_lines(bytes, end, ret_head);
    if (status) {
        *ret_status = status;
        return HTTP_REFUSED;
    }
    *ret_used = end;
    return HTTP_COMPLETE;
}

// ---- reading what was parsed

struct span http_header_get(const struct http_head *h, const char *name)
{
    const struct http_header *f = find(h, name);
    return f ? f->value : span_of(NULL, 0);
}

static bool percent_decode(struct span s, char *out, size_t cap)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        if (c == '%') {
            if (i + 2 >= s.len || hex_value(s.ptr[i + 1]) < 0 || hex_value(s.ptr[i + 2]) < 0)
                return false;
            c = (uint8_t)(hex_value(s.ptr[i + 1]) * 16 + hex_value(s.ptr[i + 2]));
            i += 2;
        }
        if (c == 0 || n + 1 >= cap)
            return false;
        out[n++] = (char)c;
    }
    if (n >= cap)
        return false;
    out[n] = 0;
    return true;
}

// How often it is there, 2 standing for more; *ret is the first value, as sent.
static int query_find(struct span query, const char *name, struct span *ret)
{
    int found = 0;
    size_t name_len = strlen(name);
    for (size_t from = 0; from < query.len;) {
        const uint8_t *amp = memchr(query.ptr + from, '&', query.len - from);
        size_t to = amp ? (size_t)(amp - query.ptr) : query.len;
        struct span pair = span_sub(query, from, to);
        if (pair.len > name_len && span_starts(pair, name) && pair.ptr[name_len] == '=') {
            if (++found == 2)
                return found;
            *ret = span_sub(pair, name_len + 1, pair.len);
        }
        from = to + 1;
    }
    return found;
}

bool http_query_has(struct span query, const char *name)
{
    struct span value;
    return query_find(query, name, &value) > 0;
}

bool http_query_get(struct span query, const char *name, char *out, size_t cap)
{
    BUG_IF(cap == 0);
    struct span value;
    return query_find(query, name, &value) == 1 && percent_decode(value, out, cap);
}

const char *http_method_text(enum http_method m)
{
    switch (m) {
    case HTTP_GET:
        return "GET";
    case HTTP_HEAD:
        return "HEAD";
    case HTTP_POST:
        return "POST";
    case HTTP_PUT:
        return "PUT";
    case HTTP_DELETE:
        return "DELETE";
    }
    return "";
}

const char *http_reason(int status)
{
    static const struct {
        int status;
        const char *text;
    } table[] = {
        {100, "Continue"},
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Content"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
        {507, "Insufficient Storage"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].status == status)
            return table[i].text;
    return "Unknown";
}
