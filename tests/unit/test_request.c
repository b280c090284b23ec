// node/core/request and node/io/http_wire: replies, and their form on the wire.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "formats/base/limits.h"
#include "formats/problem.h"
#include "node/io/http_wire.h"

static const struct uuid no_report;
static const utc_ms now = 1795354440123; // Sun 2026-11-22 13:34:00

static void principals_have_names(void **state)
{
    (void)state;
    char text[80];
    struct principal p = {.role = ROLE_PARTNER, .id = "FRA"};
    assert_string_equal(principal_text(&p, text), "partner:FRA");
    p.role = ROLE_OPERATOR;
    memset(p.id, 'x', 64);
    assert_int_equal(strlen(principal_text(&p, text)), 9 + 64);
    assert_string_equal(principal_text(&(struct principal){0}, text), "none:");
}

static const char *answer(struct buf *out, struct reply *rp, bool head_only, bool close)
{
    struct http_wire w = {.head_only = head_only, .close = close, .now = now};
    struct egress body;
    assert_int_equal(http_wire_answer(out, &body, rp, &w), ST_OK);
    assert_int_equal(body.left, 0);
    return buf_cstr(out);
}

static void replies_become_bytes(void **state)
{
    (void)state;
    struct reply rp;
    struct buf out;
    reply_init(&rp);
    rp.status = 201;
    rp.content_type = "text/plain";
    reply_header(&rp, "Location", "/v1/reports/%d", 7);
    buf_puts(&rp.body, "made");
    static const char head[] = "HTTP/1.1 201 Created\r\nDate: Sun, 22 Nov 2026 13:34:00 GMT\r\nContent-Type: text/plain\r\n"
                               "Content-Length: 4\r\nCache-Control: no-store\r\nLocation: /v1/reports/7\r\n";
    char expected[512];
    snprintf(expected, sizeof expected, "%s\r\nmade", head);
    assert_string_equal(answer(&out, &rp, false, false), expected);
    buf_fini(&out);
    snprintf(expected, sizeof expected, "%sConnection: close\r\n\r\n", head);
    assert_string_equal(answer(&out, &rp, true, true), expected);
    buf_fini(&out);
    rp.status = 204;
    assert_null(strstr(answer(&out, &rp, false, false), "Content-"));
    buf_fini(&out);
    reply_header(&rp, "Cache-Control", "private");
    assert_null(strstr(answer(&out, &rp, false, false), "no-store"));
    buf_fini(&out);
    reply_fini(&rp);
    reply_fini(&rp);
}

// What a client sent must not begin a header of its own in our answer.
static void headers_stay_on_their_line(void **state)
{
    (void)state;
    struct reply rp;
    struct buf out;
    reply_init(&rp);
    rp.status = 200;
    reply_header(&rp, "Preference-Applied", "%s", "wait=1\r\nSet-Cookie: a=b\r\n\r\n<html>\x80");
    assert_non_null(strstr(answer(&out, &rp, false, false), "\r\nPreference-Applied: wait=1  Set-Cookie: a=b    <html> \r\n"));
    buf_fini(&out);
    char longer[400];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    reply_header(&rp, "X-Long", "%s", longer);
    assert_int_equal(strlen(rp.headers[1].value), 255);
    reply_fini(&rp);
}

static void problems_replace_everything(void **state)
{
    (void)state;
    struct reply rp;
    struct buf rendition;
    struct permit *none = NULL;
    reply_init(&rp);
    rp.status = 200;
    rp.content_type = "application/atom+xml";
    buf_puts(&rp.body, "<feed>secret");
    buf_init(&rendition, 64);
    buf_puts(&rendition, "<report>");
    assert_int_equal(reply_add_item(&rp, no_report, 0, &rendition, &none), ST_OK);
    assert_null(rendition.ptr);
    reply_problem(&rp, 409, "conflict", "Version 2 is there already", "Publish version 3.", NULL);
    assert_int_equal(rp.status, 409);
    assert_int_equal(rp.item_count, 0);
    assert_string_equal(rp.content_type, PROBLEM_MEDIA_TYPE);
    struct problem *p = calloc(1, sizeof *p);
    assert_int_equal(problem_read(buf_bytes(&rp.body), p), ST_OK);
    assert_string_equal(p->title, "Version 2 is there already");
    assert_null(memmem(rp.body.ptr, rp.body.len, "secret", 6));
    free(p);
    reply_fini(&rp);
}

static void items_are_bounded_and_owned(void **state)
{
    (void)state;
    struct reply rp;
    struct buf b;
    struct permit *none = NULL;
    reply_init(&rp);
    for (size_t i = 0; i < FEED_PAGE_ENTRIES_MAX; i++) {
        buf_putc(&rp.body, '.');
        buf_init(&b, 8);
        buf_puts(&b, "r");
        assert_int_equal(reply_add_item(&rp, no_report, 0, &b, &none), ST_OK);
    }
    assert_int_equal(rp.items[500].at, 501);
    buf_init(&b, 8);
    buf_puts(&b, "r");
    assert_int_equal(reply_add_item(&rp, no_report, 0, &b, &none), ST_LIMIT);
    assert_null(b.ptr); // freed all the same
    buf_init(&b, 1);
    buf_puts(&b, "too long");
    assert_int_equal(reply_add_item(&rp, no_report, 0, &b, &none), ST_LIMIT);
    reply_fini(&rp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(principals_have_names),
        cmocka_unit_test(replies_become_bytes),
        cmocka_unit_test(headers_stay_on_their_line),
        cmocka_unit_test(problems_replace_everything),
        cmocka_unit_test(items_are_bounded_and_owned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
