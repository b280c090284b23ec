#include "node/core/schema_flow.h"

#include <string.h>

#include "formats/schema_files.h"

static void list(struct reply *rp)
{
    rp->status = 200;
    rp->content_type = "text/plain; charset=utf-8";
    for (size_t i = 0; i < schema_file_count; i++)
        buf_printf(&rp->body, "%s\n", schema_files[i].name);
}

enum status schema_serve(struct tick *t, const struct request *rq, struct reply *rp)
{
    (void)t;
    struct span name = span_sub(rq->head.path, strlen("/v1/schema/"), rq->head.path.len);
    if (name.len == 0) {
        list(rp);
        return buf_status(&rp->body);
    }
    for (size_t i = 0; i < schema_file_count; i++) {
        const struct schema_file *f = &schema_files[i];
        if (!span_eq_cstr(name, f->name))
            continue;
        rp->status = 200;
        rp->content_type = "application/xml";
        buf_put(&rp->body, f->bytes, f->len);
        return buf_status(&rp->body);
    }
    reply_problem(rp, 404, "not-found", "There is no such schema", "GET /v1/schema/ lists them.", NULL);
    return ST_OK;
}
