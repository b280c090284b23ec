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
    struct span name, value;
};

struct http_head {
    enum http_method method;
    struct span path, query; // query without '?', empty when none
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
enum http_verdict http_parse_head(struct span bytes, struct http_head *ret_head, size_t *ret_used, int *ret_status);
// Value of a header (name in lower case), or an empty span. Repeated headers were refused unless harmless.
struct span http_header_get(const struct http_head *h, const char *name);
// Value of a query parameter (percent-decoded) into out[cap]; false when absent, malformed or too long.
bool http_query_get(struct span query, const char *name, char *out, size_t cap);
// The reason phrase. Static.
const char *http_reason(int status);

#endif
