#include "node/core/compress.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

enum { PIECE = 64 * 1024, GZIP_FORMAT = 16 + MAX_WBITS };

// ---- zstd

static enum status zstd_make(struct span plain, uint8_t *piece, struct buf *out)
{
    ZSTD_CCtx *z = ZSTD_createCCtx();
    if (!z || ZSTD_isError(ZSTD_CCtx_setParameter(z, ZSTD_c_compressionLevel, COMPRESS_ZSTD_LEVEL)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1)) ||
        ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(z, plain.len))) {
        ZSTD_freeCCtx(z);
        return ST_NOMEM;
    }
    ZSTD_inBuffer in = {plain.ptr, plain.len, 0};
    size_t left;
    do {
        ZSTD_outBuffer to = {piece, PIECE, 0};
        left = ZSTD_compressStream2(z, &to, &in, ZSTD_e_end);
        buf_put(out, piece, to.pos);
    } while (left && !ZSTD_isError(left) && buf_status(out) == ST_OK);
    ZSTD_freeCCtx(z);
    return ZSTD_isError(left) ? ST_NOMEM : buf_status(out);
}

static enum status zstd_undo(struct span coded, uint8_t *piece, struct buf *out)
{
    ZSTD_DCtx *z = ZSTD_createDCtx();
    if (!z || ZSTD_isError(ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, COMPRESS_ZSTD_WINDOW_LOG_MAX))) {
        ZSTD_freeDCtx(z);
        return ST_NOMEM;
    }
    ZSTD_inBuffer in = {coded.ptr, coded.len, 0};
    size_t left = 1;
    bool stuck = false;
    while (left && !ZSTD_isError(left) && !stuck && buf_status(out) == ST_OK) {
        ZSTD_outBuffer to = {piece, PIECE, 0};
        size_t before = in.pos;
        left = ZSTD_decompressStream(z, &to, &in);
        stuck = left && in.pos == before && to.pos == 0; // it ends before its end
        if (!ZSTD_isError(left))
            buf_put(out, piece, to.pos);
    }
    ZSTD_freeDCtx(z);
    if (buf_status(out) != ST_OK)
        return buf_status(out);
    return left || in.pos < in.size ? ST_MALFORMED : ST_OK;
}

// ---- gzip

static enum status gzip_make(struct span plain, uint8_t *piece, struct buf *out)
{
    z_stream z = {0};
    int r;
    if (plain.len > UINT_MAX)
        return ST_LIMIT;
    if (deflateInit2(&z, COMPRESS_GZIP_LEVEL, Z_DEFLATED, GZIP_FORMAT, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
        return ST_NOMEM;
    z.next_in = (z_const Bytef *)(uintptr_t)plain.ptr;
    z.avail_in = (uInt)plain.len;
    do {
        z.next_out = piece;
        z.avail_out = PIECE;
        r = deflate(&z, Z_FINISH);
        buf_put(out, piece, PIECE - z.avail_out);
    } while (r == Z_OK && buf_status(out) == ST_OK);
    deflateEnd(&z);
    return r == Z_STREAM_ERROR ? ST_NOMEM : buf_status(out);
}

static enum status gzip_undo(struct span coded, uint8_t *piece, struct buf *out)
{
    z_stream z = {0};
    int r;
    if (coded.len > UINT_MAX)
        return ST_LIMIT;
    if (inflateInit2(&z, GZIP_FORMAT) != Z_OK)
        return ST_NOMEM;
    z.next_in = (z_const Bytef *)(uintptr_t)coded.ptr;
    z.avail_in = (uInt)coded.len;
    do {
        z.next_out = piece;
        z.avail_out = PIECE;
        r = inflate(&z, Z_NO_FLUSH); // without progress: Z_BUF_ERROR, which ends this
        if (r == Z_OK || r == Z_STREAM_END)
            buf_put(out, piece, PIECE - z.avail_out);
    } while (r == Z_OK && buf_status(out) == ST_OK);
    bool whole = r == Z_STREAM_END && z.avail_in == 0;
    inflateEnd(&z);
    if (buf_status(out) != ST_OK)
        return buf_status(out);
    return whole ? ST_OK : r == Z_MEM_ERROR ? ST_NOMEM : ST_MALFORMED;
}

// ---- either

typedef enum status coder(struct span in, uint8_t *piece, struct buf *out);

static enum status run(coder *code, struct span in, struct buf *out)
{
    uint8_t *piece = malloc(PIECE);
    enum status st = piece ? code(in, piece, out) : ST_NOMEM;
    free(piece);
    return st;
}

static enum status copy(struct span in, struct buf *out)
{
    buf_span(out, in);
    return buf_status(out);
}

enum status compress_bytes(enum coding c, struct span plain, struct buf *out)
{
    switch (c) {
    case CODING_NONE:
        return copy(plain, out);
    case CODING_GZIP:
        return run(gzip_make, plain, out);
    case CODING_ZSTD:
        return run(zstd_make, plain, out);
    }
    return ST_UNSUPPORTED;
}

enum status decompress_bytes(enum coding c, struct span coded, struct buf *out)
{
    switch (c) {
    case CODING_NONE:
        return copy(coded, out);
    case CODING_GZIP:
        return run(gzip_undo, coded, out);
    case CODING_ZSTD:
        return run(zstd_undo, coded, out);
    }
    return ST_UNSUPPORTED;
}
