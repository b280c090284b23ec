#include "formats/csv.h"

void csv_init(struct csv_reader *r, struct span in)
{
    *r = (struct csv_reader){in, span_starts(in, "\xef\xbb\xbf") ? 3 : 0, 1, ','};
}

static bool at_end(const struct csv_reader *r)
{
    return r->at >= r->in.len;
}

// The next byte, or 0 at the end; a NUL in the input is refused before this is asked.
static char peek(const struct csv_reader *r)
{
    return at_end(r) ? '\0' : (char)r->in.ptr[r->at];
}

// Is the reader at the end of a record? "\r" counts only before "\n".
static bool at_break(const struct csv_reader *r)
{
    if (at_end(r) || peek(r) == '\n')
        return true;
    return peek(r) == '\r' && r->at + 1 < r->in.len && r->in.ptr[r->at + 1] == '\n';
}

static void take_break(struct csv_reader *r)
{
    if (peek(r) == '\r')
        r->at++;
    if (peek(r) == '\n') {
        r->at++;
        r->line++;
    }
}

// After a fault: go on with the next line.
static enum status refuse(struct csv_reader *r, struct diag *d, uint32_t line, const char *why)
{
    diag_add(d, line, 0, "csv-record", NULL, "%s; the record is left out", why);
    while (!at_break(r))
        r->at++;
    take_break(r);
    return ST_INVALID;
}

// Bytes up to the closing quote, doubled quotes made single. The opening quote was taken.
static enum status quoted(struct csv_reader *r, struct diag *d, uint32_t record_line, struct buf *field)
{
    for (; !at_end(r); r->at++) {
        char c = peek(r);
        if (c == '"') {
            r->at++;
            if (peek(r) != '"')
                return ST_OK;
        }
        if (c == '\n')
            r->line++;
        buf_putc(field, c);
    }
    diag_add(d, record_line, 0, "csv-quote", NULL,
             "a quote opened in this record is never closed; nothing after it can be read");
    return ST_MALFORMED;
}

static enum status one_field(struct csv_reader *r, struct diag *d, uint32_t record_line, struct buf *field)
{
    if (peek(r) == '"' && !at_end(r)) {
        r->at++;
        TRY(quoted(r, d, record_line, field));
        if (!at_break(r) && peek(r) != r->separator)
            return refuse(r, d, record_line, "text follows a closing quote where a separator was expected");
        return ST_OK;
    }
    for (; !at_break(r) && peek(r) != r->separator; r->at++) {
        if (peek(r) == '"')
            return refuse(r, d, record_line, "a quote stands inside a field that is not quoted");
        buf_putc(field, peek(r));
    }
    return ST_OK;
}

static enum status keep_field(struct csv_reader *r, struct arena *a, struct diag *d, const struct buf *field,
                              struct csv_record *rec)
{
    if (rec->count == CSV_FIELDS_MAX)
        return refuse(r, d, rec->line, "more than 64 fields");
    struct span bytes = buf_bytes(field);
    if (bytes.len && memchr(bytes.ptr, 0, bytes.len))
        return refuse(r, d, rec->line, "a NUL byte");
    rec->fields[rec->count] = arena_str(a, bytes);
    if (!rec->fields[rec->count])
        return arena_status(a);
    rec->count++;
    return ST_OK;
}

static enum status fields(struct csv_reader *r, struct arena *a, struct diag *d, struct buf *field,
                          struct csv_record *rec)
{
    for (;;) {
        buf_reset(field);
        TRY(one_field(r, d, rec->line, field));
        enum status st = buf_status(field);
        if (st == ST_LIMIT)
            return refuse(r, d, rec->line, "a field of more than 65536 bytes");
        TRY(st);
        TRY(keep_field(r, a, d, field, rec));
        if (at_break(r)) {
            take_break(r);
            return ST_OK;
        }
        r->at++; // the separator
    }
}

enum status csv_next(struct csv_reader *r, struct arena *a, struct diag *d, struct csv_record *ret)
{
    while (!at_end(r) && at_break(r)) // empty lines
        take_break(r);
    if (at_end(r))
        return ST_NOT_FOUND;
    struct buf field;
    buf_init(&field, CSV_RECORD_BYTES_MAX);
    struct csv_record rec = {.line = r->line};
    enum status st = fields(r, a, d, &field, &rec);
    buf_fini(&field);
    if (st == ST_OK)
        *ret = rec;
    return st;
}

size_t csv_column(const struct csv_record *header, const char *name)
{
    for (size_t i = 0; i < header->count; i++)
        if (strcmp(header->fields[i], name) == 0)
            return i;
    return SIZE_MAX;
}
