// Content codings made and undone (RFC 1952 and 8878), by zlib and libzstd, whole documents at a time.
#ifndef RELTO_NODE_CORE_COMPRESS_H
#define RELTO_NODE_CORE_COMPRESS_H

#include "formats/base/buf.h"
#include "node/core/request.h"

enum {
    COMPRESS_ZSTD_LEVEL = 3,
    COMPRESS_GZIP_LEVEL = 6,
    COMPRESS_ZSTD_WINDOW_LOG_MAX = 23, // 8 MiB, as RFC 9659 has it: the memory that a sender can have us use
};

// Append the coded form of `plain`. ST_NOMEM, or the buffer's own failure.
MUST_USE enum status compress_bytes(enum coding c, struct span plain, struct buf *out);
// Append what the coded bytes stand for: exactly one zstd frame or gzip member. It is never more than the buffer's maximum,
// whatever the bytes promise: ST_LIMIT beyond it, after at most that much work. ST_MALFORMED for bytes that are damaged,
// cut, followed by others, or ask for a larger window; ST_NOMEM.
MUST_USE enum status decompress_bytes(enum coding c, struct span coded, struct buf *out);

#endif
