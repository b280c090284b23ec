// Answers as rows of named values in the machine formats (spec 6.2): tab-separated, CSV with a header line, JSON lines, or one
// XML document.
#ifndef RELTO_TOOLS_RELTO_ROWS_H
#define RELTO_TOOLS_RELTO_ROWS_H

#include "tools/relto/cli.h"

#define NS_ANSWER "urn:relto:answer:1"

enum { ROWS_COLUMNS_MAX = 24 };

struct rows {
    enum cli_format format;
    const char *question;       // e.g. "who-has"; what the XML document says it answers
    const char *const *columns; // names: lower-case words with dashes
    size_t count;
};

// Is this a format of rows? (Else the command prints text for people.)
bool rows_format(enum cli_format f);
// What stands before the first row, and behind the last one.
void rows_begin(const struct rows *r);
void rows_end(const struct rows *r);
// Print a row: one value for each column; "" or NULL = there is none (tsv: "-", JSON: null, XML: no attribute).
// Values may come from elsewhere: what could not stand in a line becomes '?' in tsv; the others quote it.
void rows_put(const struct rows *r, const char *const *values);

#endif
