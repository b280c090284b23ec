// How records of a CSV table become drafts: a mapping file (namespace urn:relto:csv-map:1) holds a draft in which
// {column} stands for a cell, and says how cells become words of the vocabulary and instants.
#ifndef RELTO_FORMATS_CSV_MAP_H
#define RELTO_FORMATS_CSV_MAP_H

#include "formats/csv.h"
#include "formats/xml.h"

#define NS_CSV_MAP "urn:relto:csv-map:1"
#define CSV_MAP_BYTES_MAX MIB

struct csv_value {
    const char *from, *to;
};

enum csv_derived_kind { CSV_VALUES, CSV_TIME, CSV_NUMBER };

// A column made from another one.
struct csv_derived {
    enum csv_derived_kind kind;
    const char *name, *column;
    struct csv_value *values; // <values>: what cells become; compared as they are
    size_t value_count;
    const char *other;        // of <values>: what any other cell becomes; NULL = the record is left out
    const char *form;         // <time>: YYYY MM DD hh mm ss, MON, all else literally
    int64_t add_ms;           // of <time>
    unsigned decimals;        // <number>: rounded to so many
    uint32_t line;
};

struct csv_map {
    const char *source;       // first part of the drafts' names
    const char *key;          // text with {column}: what names a record
    char separator;
    struct csv_derived *derived;
    size_t derived_count;
    const struct xml_node *report; // the draft
    uint32_t line;
};

// Read a mapping file; everything lives in `a`. Whether the columns that it names are there shows with the table. ST_INVALID with
// every fault found, or what xml_read returns.
MUST_USE enum status csv_map_read(struct span bytes, const char *file, struct arena *a, struct diag *d, const struct csv_map **ret);

// The next {name} in a text: *ret_before is what stands before it, *ret_name its name; the text behind it is returned. NULL
// when there is none any more. {{ stands for one brace and ends *ret_before too, with an empty name.
const char *csv_map_next(const char *text, struct span *ret_before, struct span *ret_name);

// An instant by the form of a <time>. False when the cell does not follow it.
bool csv_map_time(const struct csv_derived *how, const char *cell, int64_t *ret);
// A decimal number, rounded, by a <number>. False when the cell holds none.
enum { CSV_NUMBER_MAX = 48 };
bool csv_map_number(const struct csv_derived *how, const char *cell, char out[CSV_NUMBER_MAX]);

#endif
