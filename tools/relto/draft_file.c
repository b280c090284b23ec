#include "tools/relto/draft_file.h"

#include "formats/base/limits.h"
#include "formats/draft_comments.h"
#include "node/io/file.h"

static enum status without_comments(struct span bytes, struct arena *a, struct span *ret)
{
    struct buf out;
    buf_init(&out, bytes.len + 1);
    draft_blank_comments(bytes, &out);
    enum status st = buf_status(&out);
    const char *copy = st == ST_OK ? arena_str(a, buf_bytes(&out)) : NULL;
    if (st == ST_OK && !copy)
        st = arena_status(a);
    if (st == ST_OK)
        *ret = span_of(copy, out.len);
    buf_fini(&out);
    return st;
}

// What `relto new` leaves empty is refused by its form, but for texts.
static enum status check_filled(const struct report *r, struct diag *d)
{
    enum status st = ST_OK;
    for (size_t i = 0; i < r->child_count; i++) {
        const struct report_child *c = &r->children[i];
        if (c->kind != REPORT_PORTION || c->text[strspn(c->text, " \t\r\n")])
            continue;
        diag_add(d, c->line, 0, "portion-empty", c->id, "the portion has no text; write it, or take the portion out");
        st = ST_INVALID;
    }
    return st;
}

enum status draft_file_read(const struct cli *cli, const char *file, struct attach_files *attach, struct arena *a,
                            struct span *ret_bytes, const struct report **ret)
{
    struct span bytes, plain;
    diag_init(cli->diag, NULL);
    TRY(file_read(file, RENDITION_BYTES_MAX, a, cli->diag, &bytes));
    TRY(without_comments(bytes, a, &plain));
    TRY(attach_fill(cli, file, plain, attach, &plain));
    diag_init(cli->diag, file);
    TRY(report_read(plain, file, a, cli->diag, ret));
    *ret_bytes = (*ret)->is_signed ? bytes : plain;
    return (*ret)->is_signed ? ST_OK : check_filled(*ret, cli->diag);
}
