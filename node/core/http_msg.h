// The strict HTTP/1.1 subset (spec 4.1, 8-17): a pure parser over bytes. Everything ambiguous is refused.
#ifndef RELTO_NODE_CORE_HTTP_MSG_H
#define RELTO_NODE_CORE_HTTP_MSG_H

#include "formats/base/span.h"
#include "formats/base/status.h"

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT, HTTP_DELETE };

enum {
    HTTP_HEAD_BYTES_MAX = 8192, // request line and headers; ours need below 1 KiB
    HTTP_HEADERS_MAX = 48,
    HTTP_TARGET_MAX = 2048,
};

struct http_header {
    struct span name, value; // name as sent; value without surrounding white space
};

struct http_head {
    enum http_method method;
    struct span path, query; // as sent, still percent-encoded; query without '?', empty when none
    struct http_header headers[HTTP_HEADERS_MAX];
    size_t header_count;
    bool has_length;
    uint64_t content_length;
    bool expect_continue;
    bool close; // the client asked to close
};

enum http_verdict {
    HTTP_INCOMPLETE, // more bytes are needed
    HTTP_COMPLETE,   // *ret_head is set, *ret_used bytes belong to it
    HTTP_REFUSED,    // *ret_status is the answer (400, 411, 414, 417, 431, 501, 505); then close
};

// Parse a request head from the start of `bytes`. The head borrows from `bytes`.
//
// The subset: GET, HEAD, POST, PUT, DELETE; target in origin form, without dot segments; `HTTP/1.1` (another
// 1.x is 400, another major version 505); lines end in CRLF; no folding, no control bytes, no bytes above
// 0x7e; no white space before a colon; exactly one Host. Content-Length is a plain decimal without sign, list
// or leading zero, stands at most once, must be there on POST and PUT (411) and not above 0 on GET and HEAD.
// Transfer-Encoding is 411 alone and 400 beside a Content-Length. `Connection` may say close or keep-alive.
// Expect other than 100-continue is 417. Repeated headers are 400, except lists that nothing here depends on.
// Faults are found as soon as their bytes are there, so a refusal may come before the head is whole.
// Source: spec 4.1; RFC 9110, RFC 9112 where the subset leaves a choice.
enum http_verdict http_parse_head(struct span bytes, struct http_head *ret_head, size_t *ret_used, int *ret_status);

// Value of a header (name in lower case), or an empty span. Of a harmlessly repeated header the first.
struct span http_header_get(const struct http_head *h, const char *name);

// Value of a query parameter (percent-decoded; '+' stays '+') into out[cap], NUL-terminated; false when absent,
// repeated, malformed, holding a NUL, or too long. The name is compared as sent.
bool http_query_get(struct span query, const char *name, char *out, size_t cap);
// Is it there at all, whatever its value?
bool http_query_has(struct span query, const char *name);

// "GET" and so on. Static.
const char *http_method_text(enum http_method m);
// The reason phrase; "Unknown" for a status that we never send. Static.
const char *http_reason(int status);

#endif
