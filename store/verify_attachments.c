// Are the bytes of every attachment those that its digest says?
#include <stdlib.h>

#include "formats/base/sha256_stream.h"
#include "store/attachments.h"
#include "store/verify_internal.h"

struct reading {
    struct verify *v;
    uint8_t *chunk; // ATTACHMENT_CHUNK
};

// What is there, hashed; ST_CORRUPT when a part of it is damaged or missing.
static enum status digest_of(const struct reading *r, const struct digest *d, uint64_t size, struct digest *ret)
{
    struct sha256_stream hash;
    size_t len = 0, whole = 0;
    sha256_stream_init(&hash);
    for (uint64_t at = 0; at < size; at += len) {
        TRY(attachment_read(r->v->t, d, at, r->chunk, &len));
        whole = at + len < size ? len : len / SHA256_BLOCK * SHA256_BLOCK;
        sha256_stream_blocks(&hash, span_of(r->chunk, whole));
    }
    *ret = sha256_stream_end(&hash, span_of(r->chunk + whole, len - whole));
    return ST_OK;
}

static enum status on_attachment(void *ctx, const struct digest *d, uint64_t size)
{
    const struct reading *r = ctx;
    char where[DIGEST_TEXT_LEN + 1];
    struct digest got;
    r->v->sum->attachments++;
    enum status st = digest_of(r, d, size, &got);
    if (st == ST_CORRUPT)
        verify_say(r->v, "attachment-damaged", digest_text(d, where), "a part of the attachment is damaged or missing");
    else if (st == ST_OK && !digest_eq(&got, d))
        verify_say(r->v, "attachment-differs", digest_text(d, where), "the stored bytes have another digest");
    return st == ST_CORRUPT ? ST_OK : st;
}

enum status verify_attachments(struct verify *v)
{
    struct reading r = {v, malloc(ATTACHMENT_CHUNK)};
    if (!r.chunk)
        return ST_NOMEM;
    enum status st = attachment_each(v->t, on_attachment, &r);
    free(r.chunk);
    return st;
}
