#include "tests/support/officer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

void officer_request(struct sim *s, size_t node, const char *name, const char *method, const char *target,
                     const char *headers, struct span body, struct reply *rp)
{
    char head[2048];
    struct request *rq = calloc(1, sizeof *rq);
    struct tick t;
    size_t used;
    int status;
    snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %zu\r\n\r\n", method, target, headers, body.len);
    assert_int_equal(http_parse_head(span_cstr(head), &rq->head, &used, &status), HTTP_COMPLETE);
    rq->who.role = ROLE_OFFICER;
    snprintf(rq->who.id, sizeof rq->who.id, "%s", name);
    rq->who.certificate = sha256(span_cstr(name));
    rq->body = body;
    rq->received_at = s->now;
    reply_init(rp);
    struct tick_job job = {.request = rq, .reply = rp};
    assert_int_equal(tick_run(&s->nodes[node].core, s->now, &job, 1, &t), ST_OK);
    assert_int_equal(job.st, ST_OK);
    free(rq);
}

const char *officer_call(struct sim *s, size_t node, const char *name, const char *method, const char *target,
                         const char *headers, int status, const char *words)
{
    static char text[65536];
    struct reply rp;
    officer_request(s, node, name, method, target, headers, span_of(NULL, 0), &rp);
    snprintf(text, sizeof text, "%s", buf_cstr(&rp.body));
    if (rp.status != status || (words && !strstr(text, words)))
        fail_msg("%s %s by %s: %d, expected %d with %s in\n%s", method, target, name, rp.status, status, words ? words : "-", text);
    reply_fini(&rp);
    return text;
}
