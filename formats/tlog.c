#include "formats/tlog.h"

#include "formats/base/encode.h"
#include "formats/note_parts.h"

static const char proof_head[] = "c2sp.org/tlog-proof@v1";

void tlog_hashes_write(const struct digest *hashes, size_t count, struct buf *out)
{
    for (size_t i = 0; i < count; i++) {
        base64_put(out, span_of(hashes[i].b, SHA256_LEN));
        buf_putc(out, '\n');
    }
}

static enum status read_hash(struct span line, struct digest *ret)
{
    size_t len;
    return base64_get(line, ret->b, SHA256_LEN, &len) == ST_OK && len == SHA256_LEN ? ST_OK : ST_MALFORMED;
}

enum status tlog_hashes_read(struct span lines, struct digest *ret, size_t cap, size_t *ret_count)
{
    struct span line;
    size_t count = 0;
    while (note_next_line(&lines, &line)) {
        if (count == cap)
            return ST_LIMIT;
        TRY(read_hash(line, &ret[count++]));
    }
    *ret_count = count;
    return lines.len ? ST_MALFORMED : ST_OK;
}

// `word N`, hashes, blank line, checkpoint.
static void write_from_number(const char *word, const struct tlog_text *x, struct buf *out)
{
    buf_printf(out, "%s %llu\n", word, (unsigned long long)x->n);
    tlog_hashes_write(x->hashes, x->hash_count, out);
    buf_putc(out, '\n');
    buf_span(out, x->checkpoint);
}

static enum status read_from_number(const char *word, struct span line, struct span rest, struct tlog_text *ret)
{
    size_t n = strlen(word);
    *ret = (struct tlog_text){.n = 0};
    if (!span_starts(line, word) || line.len < n + 2 || line.ptr[n] != ' ' ||
        !decimal_parse(span_sub(line, n + 1, line.len), UINT64_MAX, &ret->n))
        return ST_MALFORMED;
    for (;;) {
        if (!note_next_line(&rest, &line))
            return ST_MALFORMED;
        if (line.len == 0)
            break;
        if (ret->hash_count == TLOG_HASHES_MAX)
            return ST_LIMIT;
        TRY(read_hash(line, &ret->hashes[ret->hash_count++]));
    }
    ret->checkpoint = rest;
    return rest.len ? ST_OK : ST_MALFORMED;
}

void tlog_proof_write(const struct tlog_text *x, struct buf *out)
{
    buf_printf(out, "%s\n", proof_head);
    write_from_number("index", x, out);
}

enum status tlog_proof_read(struct span bytes, struct tlog_text *ret)
{
    struct span line;
    if (bytes.len > TLOG_BYTES_MAX)
        return ST_LIMIT;
    if (!note_next_line(&bytes, &line) || !span_eq_cstr(line, proof_head) || !note_next_line(&bytes, &line))
        return ST_MALFORMED;
    if (span_starts(line, "extra ") && !note_next_line(&bytes, &line)) // says nothing that is proved
        return ST_MALFORMED;
    return read_from_number("index", line, bytes, ret);
}

void tlog_update_write(const struct tlog_text *x, struct buf *out)
{
    write_from_number("old", x, out);
}

enum status tlog_update_read(struct span bytes, struct tlog_text *ret)
{
    struct span line;
    if (bytes.len > TLOG_BYTES_MAX)
        return ST_LIMIT;
    if (!note_next_line(&bytes, &line))
        return ST_MALFORMED;
    return read_from_number("old", line, bytes, ret);
}
