// node/core/http_msg: the strict HTTP/1.1 subset, with the smuggling forms of spec 8-17.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "node/core/http_msg.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define H "Host: gbr.example\r\n"

// Parse from a heap copy of exactly the given size, so that the sanitizer sees every byte read too far.
static enum http_verdict parse(const void *bytes, size_t len, struct http_head *h, size_t *used, int *status)
{
    static uint8_t *kept;
    free(kept);
    kept = malloc(len ? len : 1);
    assert_non_null(kept);
    memcpy(kept, bytes, len);
    return http_parse_head(span_of(kept, len), h, used, status);
}

static void reads_a_request(void **state)
{
    (void)state;
    static const char text[] = "GET /v1/feed?after=a%2Fb&limit=10 HTTP/1.1\r\nHost: gbr.example:8443\r\n"
                               "Accept: application/atom+xml\r\nPrefer: \t wait=30 \r\nX-Empty:\r\n\r\nGET ";
    struct http_head h;
    size_t used = 0;
    int status = 0;
    assert_int_equal(parse(text, sizeof text - 1, &h, &used, &status), HTTP_COMPLETE);
    assert_int_equal(used, sizeof text - 1 - 4);
    assert_int_equal(h.method, HTTP_GET);
    assert_true(span_eq_cstr(h.path, "/v1/feed"));
    assert_true(span_eq_cstr(h.query, "after=a%2Fb&limit=10"));
    assert_int_equal(h.header_count, 4);
    assert_true(span_eq_cstr(http_header_get(&h, "prefer"), "wait=30"));
    assert_true(span_eq_cstr(http_header_get(&h, "host"), "gbr.example:8443"));
    assert_int_equal(http_header_get(&h, "x-empty").len, 0);
    assert_int_equal(http_header_get(&h, "if-match").len, 0);
    assert_false(h.has_length);
    assert_false(h.close);
}

static void reads_bodies_and_options(void **state)
{
    (void)state;
    static const char text[] =
        "PUT /x HTTP/1.1\r\n" H "content-length: 31\r\nEXPECT: 100-Continue\r\nConnection: keep-alive , Close\r\n\r\n";
    struct http_head h;
    size_t used = 0;
    int status = 0;
    assert_int_equal(parse(text, sizeof text - 1, &h, &used, &status), HTTP_COMPLETE);
    assert_int_equal(h.method, HTTP_PUT);
    assert_true(h.has_length);
    assert_int_equal(h.content_length, 31);
    assert_true(h.expect_continue);
    assert_true(h.close);
}

static void every_prefix_is_incomplete(void **state)
{
    (void)state;
    static const char text[] = "DELETE /v1/reports/6f0c HTTP/1.1\r\n" H "If-Match: \"2\"\r\n\r\n";
    struct http_head h;
    size_t used;
    int status;
    for (size_t n = 0; n < sizeof text - 1; n++)
        assert_int_equal(parse(text, n, &h, &used, &status), HTTP_INCOMPLETE);
    assert_int_equal(parse(text, sizeof text - 1, &h, &used, &status), HTTP_COMPLETE);
}

struct refused {
    const char *name;
    const char *text;
    size_t len; // 0 = strlen
    int status;
};

// Each of these two programs could read in two ways, or is no HTTP/1.1 of ours.
static const struct refused smuggling[] = {
    {"CL and TE", "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, 400},
    {"TE and CL", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 0, 400},
    {"TE alone", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n", 0, 411},
    {"TE on GET", "GET / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n", 0, 411},
    {"TE obscured", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n", 0, 411},
    {"TE twice", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n", 0, 400},
    {"TE space before colon", "POST / HTTP/1.1\r\n" H "Transfer-Encoding : chunked\r\n\r\n", 0, 400},
    {"TE tab before colon", "POST / HTTP/1.1\r\n" H "Transfer-Encoding\t: chunked\r\n\r\n", 0, 400},
    {"TE vertical tab", "POST / HTTP/1.1\r\n" H "Transfer-Encoding:\x0b" "chunked\r\n\r\n", 0, 400},
    {"TE underscore", "POST / HTTP/1.1\r\n" H "Transfer_Encoding: chunked\r\nContent-Length: 0\r\n\r\n", 0, 400},
    {"TE folded", "POST / HTTP/1.1\r\n" H "Transfer-Encoding:\r\n chunked\r\n\r\n", 0, 400},
    {"TE by folding", "POST / HTTP/1.1\r\n" H "X: y\r\n Transfer-Encoding: chunked\r\n\r\n", 0, 400},
    {"two lengths", "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", 0, 400},
    {"two equal lengths", "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", 0, 400},
    {"two lengths, case", "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\ncontent-LENGTH: 6\r\n\r\n", 0, 400},
    {"length list", "POST / HTTP/1.1\r\n" H "Content-Length: 5, 5\r\n\r\n", 0, 400},
    {"length +4", "POST / HTTP/1.1\r\n" H "Content-Length: +4\r\n\r\n", 0, 400},
    {"length -1", "POST / HTTP/1.1\r\n" H "Content-Length: -1\r\n\r\n", 0, 400},
    {"length 0x5", "POST / HTTP/1.1\r\n" H "Content-Length: 0x5\r\n\r\n", 0, 400},
    {"length 4 4", "POST / HTTP/1.1\r\n" H "Content-Length: 4 4\r\n\r\n", 0, 400},
    {"length leading zero", "POST / HTTP/1.1\r\n" H "Content-Length: 05\r\n\r\n", 0, 400},
    {"length empty", "POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\n", 0, 400},
    {"length overflow", "POST / HTTP/1.1\r\n" H "Content-Length: 18446744073709551617\r\n\r\n", 0, 400},
    {"length space before colon", "POST / HTTP/1.1\r\n" H "Content-Length : 5\r\n\r\n", 0, 400},
    {"length underscore", "GET / HTTP/1.1\r\n" H "Content_Length: 5\r\n\r\n", 0, 400},
    {"length on GET", "GET / HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\n", 0, 400},
    {"length on HEAD", "HEAD / HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\n", 0, 400},
    {"no length on POST", "POST / HTTP/1.1\r\n" H "\r\n", 0, 411},
    {"bare LF", "GET / HTTP/1.1\n" H "\r\n", 0, 400},
    {"bare LF at the end", "GET / HTTP/1.1\r\n" H "\n", 0, 400},
    {"bare LF in a value", "GET / HTTP/1.1\r\n" H "X: a\nContent-Length: 5\r\n\r\n", 0, 400},
    {"bare CR", "GET / HTTP/1.1\r\n" H "X: a\rb\r\n\r\n", 0, 400},
    {"CR CR LF", "GET / HTTP/1.1\r\n" H "X: a\r\r\n\r\n", 0, 400},
    {"empty line first", "\r\nGET / HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"LF first", "\nGET / HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"space first", " GET / HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"NUL in a value", "GET / HTTP/1.1\r\n" H "X: a\0b\r\n\r\n", sizeof "GET / HTTP/1.1\r\n" H "X: a\0b\r\n\r\n" - 1, 400},
    {"NUL in a name", "GET / HTTP/1.1\r\n" H "X\0: a\r\n\r\n", sizeof "GET / HTTP/1.1\r\n" H "X\0: a\r\n\r\n" - 1, 400},
    {"DEL in a value", "GET / HTTP/1.1\r\n" H "X: a\x7f\r\n\r\n", 0, 400},
    {"8-bit in a value", "GET / HTTP/1.1\r\n" H "X: \xc3\xa9\r\n\r\n", 0, 400},
    {"absolute form", "GET http://gbr.example/ HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"authority form", "GET gbr.example:443 HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"asterisk form", "GET * HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"empty target", "GET  HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"fragment", "GET /a#b HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"dot segments", "GET /v1/../admin HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"double slash", "GET //v1/feed HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"broken percent", "GET /%2 HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"space in target", "GET /a b HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"tab for space", "GET\t/ HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"two spaces", "GET /  HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"trailing space", "GET / HTTP/1.1 \r\n" H "\r\n", 0, 400},
    {"no Host", "GET / HTTP/1.1\r\nAccept: */*\r\n\r\n", 0, 400},
    {"no headers", "GET / HTTP/1.1\r\n\r\n", 0, 400},
    {"two Hosts", "GET / HTTP/1.1\r\n" H H "\r\n", 0, 400},
    {"empty Host", "GET / HTTP/1.1\r\nHost: \r\n\r\n", 0, 400},
    {"Host list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 0, 400},
    {"Host with path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 0, 400},
    {"Host with credentials", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 0, 400},
    {"HTTP/1.0", "GET / HTTP/1.0\r\n" H "\r\n", 0, 400},
    {"HTTP/1.2", "GET / HTTP/1.2\r\n" H "\r\n", 0, 400},
    {"HTTP/2.0", "PRI * HTTP/2.0\r\n\r\n", 0, 501},
    {"GET HTTP/2.0", "GET / HTTP/2.0\r\n" H "\r\n", 0, 505},
    {"http/1.1", "GET / http/1.1\r\n" H "\r\n", 0, 400},
    {"HTTP/1.1x", "GET / HTTP/1.1x\r\n" H "\r\n", 0, 400},
    {"no version", "GET /\r\n" H "\r\n", 0, 400},
    {"lower-case method", "get / HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"method with byte", "GE(T / HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"TRACE", "TRACE / HTTP/1.1\r\n" H "\r\n", 0, 501},
    {"CONNECT", "CONNECT / HTTP/1.1\r\n" H "\r\n", 0, 501},
    {"header without colon", "GET / HTTP/1.1\r\n" H "Foo\r\n\r\n", 0, 400},
    {"header without name", "GET / HTTP/1.1\r\n" H ": foo\r\n\r\n", 0, 400},
    {"name with space", "GET / HTTP/1.1\r\n" H "Foo Bar: x\r\n\r\n", 0, 400},
    {"Expect other", "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nExpect: 200-ok\r\n\r\n", 0, 417},
    {"Connection names a header", "GET / HTTP/1.1\r\n" H "Connection: close, Content-Length\r\n\r\n", 0, 400},
    {"repeated If-Match", "GET / HTTP/1.1\r\n" H "If-Match: 1\r\nIf-Match: 2\r\n\r\n", 0, 400},
    {"TLS on a plain port", "\x16\x03\x01\x02", 0, 400},
};

static void refuses_what_is_ambiguous(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(smuggling); i++) {
        const struct refused *r = &smuggling[i];
        struct http_head h;
        size_t used;
        int status = 0;
        enum http_verdict v = parse(r->text, r->len ? r->len : strlen(r->text), &h, &used, &status);
        if (v != HTTP_REFUSED || status != r->status)
            fail_msg("%s: verdict %d, status %d, expected %d", r->name, (int)v, status, r->status);
    }
}

// Once refused, always refused: more bytes never turn a refusal into a request.
static void refusals_hold_for_every_longer_input(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(smuggling); i++) {
        const struct refused *r = &smuggling[i];
        size_t len = r->len ? r->len : strlen(r->text);
        bool refused = false;
        for (size_t n = 0; n <= len; n++) {
            struct http_head h;
            size_t used;
            int status = 0;
            enum http_verdict v = parse(r->text, n, &h, &used, &status);
            if (v == HTTP_COMPLETE || (refused && v != HTTP_REFUSED))
                fail_msg("%s: verdict %d at %zu bytes", r->name, (int)v, n);
            refused = v == HTTP_REFUSED;
        }
    }
}

static char *repeated(const char *before, char c, size_t n, const char *after)
{
    size_t a = strlen(before), b = strlen(after);
    char *s = malloc(a + n + b + 1);
    assert_non_null(s);
    memcpy(s, before, a);
    memset(s + a, c, n);
    memcpy(s + a + n, after, b + 1);
    return s;
}

static int status_of(char *text)
{
    struct http_head h;
    size_t used;
    int status = 0;
    enum http_verdict v = parse(text, strlen(text), &h, &used, &status);
    free(text);
    return v == HTTP_COMPLETE ? 200 : v == HTTP_INCOMPLETE ? 0 : status;
}

static void limits_hold(void **state)
{
    (void)state;
    assert_int_equal(status_of(repeated("GET /", 'a', HTTP_TARGET_MAX - 1, " HTTP/1.1\r\n" H "\r\n")), 200);
    assert_int_equal(status_of(repeated("GET /", 'a', HTTP_TARGET_MAX, " HTTP/1.1\r\n" H "\r\n")), 414);
    assert_int_equal(status_of(repeated("GET /", 'a', HTTP_TARGET_MAX, "")), 0);
    assert_int_equal(status_of(repeated("GET /", 'a', HTTP_TARGET_MAX + 40, "")), 414);
    static const char start[] = "GET / HTTP/1.1\r\n" H "X: ";
    size_t room = HTTP_HEAD_BYTES_MAX - (sizeof start - 1) - 4;
    assert_int_equal(status_of(repeated(start, 'a', room, "\r\n\r\n")), 200);
    assert_int_equal(status_of(repeated(start, 'a', room + 1, "\r\n\r\n")), 431);
    assert_int_equal(status_of(repeated(start, 'a', room + 3, "")), 0);
    assert_int_equal(status_of(repeated(start, 'a', room + 4, "")), 431);
    char many[4096] = "GET / HTTP/1.1\r\n" H;
    size_t at = strlen(many);
    for (int i = 0; i < HTTP_HEADERS_MAX; i++)
        at += (size_t)snprintf(many + at, sizeof many - at, "X-%d: 1\r\n", i);
    snprintf(many + at, sizeof many - at, "\r\n");
    struct http_head h;
    size_t used;
    int status = 0;
    assert_int_equal(parse(many, strlen(many), &h, &used, &status), HTTP_REFUSED);
    assert_int_equal(status, 431);
}

static void queries_read(void **state)
{
    (void)state;
    struct span q = span_cstr("after=a%2fB%20c&limit=10&empty=&bad=%zz&nul=%00&twice=1&twice=2&limits=3&plus=a+b");
    char out[8];
    assert_true(http_query_get(q, "after", out, sizeof out));
    assert_string_equal(out, "a/B c");
    assert_true(http_query_get(q, "limit", out, sizeof out));
    assert_string_equal(out, "10");
    assert_true(http_query_get(q, "limits", out, sizeof out));
    assert_string_equal(out, "3");
    assert_true(http_query_get(q, "empty", out, sizeof out));
    assert_string_equal(out, "");
    assert_true(http_query_get(q, "plus", out, sizeof out));
    assert_string_equal(out, "a+b");
    assert_false(http_query_get(q, "bad", out, sizeof out));
    assert_false(http_query_get(q, "nul", out, sizeof out));
    assert_false(http_query_get(q, "twice", out, sizeof out));
    assert_false(http_query_get(q, "none", out, sizeof out));
    assert_false(http_query_get(q, "after", out, 5));
    assert_true(http_query_get(q, "after", out, 6));
    assert_false(http_query_get(span_of(NULL, 0), "a", out, sizeof out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_request),
        cmocka_unit_test(reads_bodies_and_options),
        cmocka_unit_test(every_prefix_is_incomplete),
        cmocka_unit_test(refuses_what_is_ambiguous),
        cmocka_unit_test(refusals_hold_for_every_longer_input),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(queries_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
