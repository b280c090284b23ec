// The head of a request: the verdict does not depend on how the bytes arrive, and what is accepted lies within them.
#include "node/core/coding.h"
#include "node/core/push.h"
#include "tests/fuzz/fuzz.h"

static void within(struct span in, struct span part)
{
    BUG_IF(part.len && (part.ptr < in.ptr || part.ptr + part.len > in.ptr + in.len));
}

static void accepted(struct span in, const struct http_head *h, size_t used)
{
    char value[64];
    BUG_IF(used > in.len || used > HTTP_HEAD_BYTES_MAX || h->header_count > HTTP_HEADERS_MAX || h->path.len == 0 || h->path.ptr[0] != '/');
    within(in, h->path);
    within(in, h->query);
    for (size_t i = 0; i < h->header_count; i++) {
        within(in, h->headers[i].name);
        within(in, h->headers[i].value);
    }
    BUG_IF(http_header_get(h, "host").len == 0 && http_header_get(h, "host").ptr == NULL);
    (void)http_query_get(h->query, "after", value, sizeof value);
    enum coding c = CODING_NONE;
    BUG_IF(coding_choose(http_header_get(h, "accept-encoding"), &c) != ST_OK && c != CODING_NONE);
    (void)etag_listed(http_header_get(h, "if-none-match"), "\"sha256:0\"");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = span_of(data, size);
    struct http_head head, later;
    size_t used = 0, used_later = 0;
    int status = 0, status_later = 0;
    struct push_want want;
    BUG_IF(push_want_read(in, 0, &want) && want.have > want.size);
    enum http_verdict v = http_parse_head(in, &head, &used, &status);
    switch (v) {
    case HTTP_INCOMPLETE:
        BUG_IF(in.len > HTTP_HEAD_BYTES_MAX);
        break;
    case HTTP_REFUSED:
        BUG_IF(status < 400 || status > 599);
        break;
    case HTTP_COMPLETE:
        accepted(in, &head, used);
        // A head that is whole is so without what follows, and with nothing less.
        BUG_IF(http_parse_head(span_sub(in, 0, used), &later, &used_later, &status_later) != HTTP_COMPLETE || used_later != used);
        BUG_IF(http_parse_head(span_sub(in, 0, used - 1), &later, &used_later, &status_later) == HTTP_COMPLETE);
        break;
    }
    return 0;
}
