#include "node/io/http_wire.h"

#include <strings.h>
#include <time.h>

#include "formats/base/bug.h"
#include "formats/base/limits.h"
#include "node/core/coding.h"

enum { HEAD_MAX = 16 * 1024 };

// IMF-fixdate (RFC 9110 5.6.7), whatever the locale.
static void put_date(struct buf *out, utc_ms now)
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t t = (time_t)(now / 1000);
    struct tm tm;
    if (gmtime_r(&t, &tm))
        buf_printf(out, "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n", days[tm.tm_wday], tm.tm_mday,
                   months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static bool has_header(const struct reply *rp, const char *name)
{
    for (size_t i = 0; i < rp->header_count; i++)
        if (!strcasecmp(rp->headers[i].name, name))
            return true;
    return false;
}

static bool has_body(int status)
{
    return status != 204 && status != 304;
}

static void put_head(struct buf *out, const struct reply *rp, const struct http_wire *w, size_t length)
{
    buf_printf(out, "HTTP/1.1 %d %s\r\n", rp->status, http_reason(rp->status));
    put_date(out, w->now);
    if (has_body(rp->status)) {
        if (rp->content_type)
            buf_printf(out, "Content-Type: %s\r\n", rp->content_type);
        buf_printf(out, "Content-Length: %zu\r\n", length);
    }
    if (rp->coding != CODING_NONE)
        buf_printf(out, "Content-Encoding: %s\r\n", coding_text(rp->coding));
    if (!has_header(rp, "Cache-Control"))
        buf_puts(out, "Cache-Control: no-store\r\n");
    for (size_t i = 0; i < rp->header_count; i++)
        buf_printf(out, "%s: %s\r\n", rp->headers[i].name, rp->headers[i].value);
    if (w->close)
        buf_puts(out, "Connection: close\r\n");
    buf_puts(out, "\r\n");
}

static void put_small_body(struct buf *out, struct egress *body)
{
    uint8_t piece[1024];
    for (size_t n; (n = egress_take(body, piece, sizeof piece, body->checked)) > 0;)
        buf_put(out, piece, n);
}

enum status http_wire_answer(struct buf *out, struct egress *body, struct reply *rp, const struct http_wire *w)
{
    static const struct principal nobody = {0};
    BUG_IF(rp->status < 200 || rp->status > 599);
    buf_init(out, HEAD_MAX + HTTP_WIRE_WHOLE_MAX);
    // Also for HEAD: what may not be sent must not be measured either.
    TRY(egress_open(body, rp, w->to ? w->to : &nobody, w->policy, w->now));
    if (!has_body(rp->status))
        rp->coding = CODING_NONE;
    TRY(egress_code(body, rp));
    put_head(out, rp, w, body->left);
    if (w->head_only || !has_body(rp->status))
        *body = (struct egress){0};
    else if (body->left <= HTTP_WIRE_WHOLE_MAX)
        put_small_body(out, body);
    enum status st = body->denied ? ST_DENIED : buf_status(out);
    if (st != ST_OK)
        buf_reset(out);
    return st;
}
