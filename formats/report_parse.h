// Inside the report module: how the parts of a report are read from its XML tree.
#ifndef RELTO_FORMATS_REPORT_PARSE_H
#define RELTO_FORMATS_REPORT_PARSE_H

#include "formats/report.h"

#define NS_REPORT_DECLARATION " xmlns=\"" NS_REPORT "\""
#define REPORT_MANIFEST_ID "relto-report-1"
#define REPORT_LABEL_ID "label"
#define REPORT_HEADER_ID "header"

// A child's Id and where it stands, to find doubles.
struct report_id {
    const char *id;
    const struct xml_node *node;
};

// One reading under way.
struct report_reading {
    struct arena *a;
    struct diag *d;
    const struct xml_node *root;
    struct report *r;
    bool exact;     // canonical bytes are wanted: no white space between elements, nothing is folded
    const char *part, *part_id; // being read, for messages: "portion" and "e2"; NULL = none
    enum status st; // ST_OK, ST_INVALID once a fault was found, or what stopped the reading
    struct report_id *ids;
    size_t id_count;
    size_t header_from, header_to;    // byte range, when canonical
    bool is_signed;                   // set before when the signature was cut off, else by its being there
    const struct xml_node *signature; // NULL in drafts, and when it was cut off
};

// Read the tree of a report. Every fault goes to x->d. On ST_OK x->r is complete.
MUST_USE enum status report_parse(struct report_reading *x, const struct xml_node *root);
// rendition_read with the signature in the tree: says what is wrong with it, and reads what names its certificate by issuer.
MUST_USE enum status rendition_read_whole(struct span bytes, struct arena *a, struct diag *d, const struct report **ret,
                                          struct rendition_proof *ret_proof);
// Read the header element into x->r.
void report_parse_header(struct report_reading *x, const struct xml_node *n);

// Record a fault at n, in the part being read.
void report_fault(struct report_reading *x, const struct xml_node *n, const char *rule, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
// Take over the status of another reader: its faults are recorded already.
void report_status(struct report_reading *x, enum status st);

// Refuse attributes but these, text, and in canonical bytes white space.
void report_frame(struct report_reading *x, const struct xml_node *n, const char *const *attrs);
// As report_frame, and refuse any content.
void report_empty(struct report_reading *x, const struct xml_node *n, const char *const *attrs);
// Read the content of a label element.
void report_label(struct report_reading *x, const struct xml_node *n, const struct label **ret);

// ---- forms of values (report_values.c). All record what is wrong and return false.

// The text of an element; trimmed where white space does not count.
bool report_text(struct report_reading *x, const struct xml_node *n, const char **ret);
// An attribute's value, or a fault when it is missing.
bool report_attr(struct report_reading *x, const struct xml_node *n, const char *name, const char **ret);
// A name as policies list it: 1 to 64 ASCII letters, digits and . _ - / , beginning with a letter or digit.
bool report_token(struct report_reading *x, const struct xml_node *n, const char *what, const char *value);
bool report_urn(struct report_reading *x, const struct xml_node *n, const char *name, struct uuid *ret);
bool report_time(struct report_reading *x, const struct xml_node *n, const char *name, utc_ms *ret);
// A decimal number with at most 9 decimals, min <= v <= max; true and unchanged *ret when not there.
bool report_decimal(struct report_reading *x, const struct xml_node *n, const char *name, double min,
                    double max, double *ret);
// Digits without leading zeros, min <= v <= max.
bool report_integer(struct report_reading *x, const struct xml_node *n, const char *name, uint64_t min,
                    uint64_t max, uint64_t *ret);
// One of the characters in `set`; true and unchanged *ret when not there.
bool report_letter(struct report_reading *x, const struct xml_node *n, const char *name, const char *set,
                   char *ret);
// The Id: "e2", or NULL when not there or (with a fault) ill-formed.
const char *report_id_of(struct report_reading *x, const struct xml_node *n, const char *name);
bool report_language(struct report_reading *x, const struct xml_node *n, const char **ret);
bool report_file_name(struct report_reading *x, const struct xml_node *n, const char *value);
bool report_media_type(struct report_reading *x, const struct xml_node *n, const char *value);

#endif
