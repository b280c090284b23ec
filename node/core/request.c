#include "node/core/request.h"

#include <stdio.h>
#include <stdlib.h>

#include "formats/base/bug.h"
#include "formats/base/limits.h"
#include "formats/problem.h"
#include "node/core/core.h"

void reply_init(struct reply *r)
{
    *r = (struct reply){0};
    buf_init(&r->body, FEED_DOCUMENT_BYTES_MAX);
}

static void drop_items(struct reply *r)
{
    for (size_t i = 0; i < r->item_count; i++) {
        buf_fini(&r->items[i].rendition);
        permit_free(&r->items[i].permit);
    }
    free(r->items);
    r->items = NULL;
    r->item_count = 0;
    if (r->stream) {
        permit_free(&r->stream->permit);
        free(r->stream->chunk);
        free(r->stream);
    }
    r->stream = NULL;
    r->coding = CODING_NONE;
    buf_fini(&r->coded);
}

void reply_fini(struct reply *r)
{
    drop_items(r);
    buf_fini(&r->body);
    *r = (struct reply){0};
}

void reply_header(struct reply *r, const char *name, const char *fmt, ...)
{
    BUG_IF(r->header_count == REPLY_HEADERS_MAX);
    char *value = r->headers[r->header_count].value;
    va_list args;
    va_start(args, fmt);
    vsnprintf(value, sizeof r->headers[0].value, fmt, args);
    va_end(args);
    // A line break in a value would begin a header, or an answer, of somebody else's choice.
    for (char *c = value; *c; c++)
        if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e)
            *c = ' ';
    r->headers[r->header_count++].name = name;
}

void reply_problem(struct reply *r, int status, const char *type, const char *title, const char *detail,
                   const struct diag *faults)
{
    drop_items(r);
    buf_reset(&r->body);
    r->status = status;
    r->content_type = PROBLEM_MEDIA_TYPE;
    r->hold_until = 0;
    problem_write(type, status, title, detail, faults, &r->body);
}

void reply_watch(struct reply *r, const struct core *core)
{
    r->core = core;
    r->endings = core->endings;
}

// Room for one more; the array doubles whenever its count is a power of two.
static enum status grow_items(struct reply *r)
{
    size_t n = r->item_count;
    if (n == FEED_PAGE_ENTRIES_MAX)
        return ST_LIMIT;
    if (n & (n - 1))
        return ST_OK;
    struct reply_item *items = realloc(r->items, (n ? 2 * n : 1) * sizeof *items);
    if (!items)
        return ST_NOMEM;
    r->items = items;
    return ST_OK;
}

enum status reply_add_item(struct reply *r, struct uuid report, uint64_t position, struct buf *rendition,
                           struct permit **permit)
{
    enum status st = buf_status(rendition);
    if (st == ST_OK)
        st = grow_items(r);
    if (st == ST_OK) {
        r->items[r->item_count++] =
            (struct reply_item){.at = r->body.len, .rendition = *rendition, .permit = *permit, .report = report,
                                .position = position};
        *rendition = (struct buf){0};
        *permit = NULL;
    }
    buf_fini(rendition);
    permit_free(permit);
    return st;
}
