// Comma-separated values as RFC 4180 has them, strictly: one header line, the same number of fields in every
// record, quotes only around whole fields and doubled within. LF and CRLF both end a record.
#ifndef RELTO_FORMATS_CSV_H
#define RELTO_FORMATS_CSV_H

#include "formats/base/arena.h"
#include "formats/base/diag.h"

enum { CSV_FIELDS_MAX = 64 }; // fields of one record; the widest known input has 13
#define CSV_RECORD_BYTES_MAX ((size_t)65536)

struct csv_reader {
    struct span in;
    size_t at;     // next byte
    uint32_t line; // of that byte, 1-based
    char separator; // between fields: a comma, unless set otherwise before the first record
};

struct csv_record {
    uint32_t line; // where it starts
    size_t count;
    const char *fields[CSV_FIELDS_MAX]; // in the arena of the call
};

// Start at the first byte; a byte order mark is stepped over. `in` is borrowed while the reader is used.
void csv_init(struct csv_reader *r, struct span in);
// Read the next record into `a`. ST_OK; ST_NOT_FOUND at the end; ST_INVALID for a bad record (a stray quote, a
// NUL byte, too many fields or bytes): one fault, and the reader stands at the next line; ST_MALFORMED for a
// quote that is never closed: one fault, and nothing can follow; ST_NOMEM, ST_LIMIT from the arena.
MUST_USE enum status csv_next(struct csv_reader *r, struct arena *a, struct diag *d, struct csv_record *ret);
// Index of the field with this name in a header record, or SIZE_MAX.
size_t csv_column(const struct csv_record *header, const char *name);

#endif
