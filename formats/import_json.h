// Small helpers over Jansson for the importers: the line of an object, and members that must be of a type.
#ifndef RELTO_FORMATS_IMPORT_JSON_H
#define RELTO_FORMATS_IMPORT_JSON_H

#include "formats/import_draft.h"

typedef struct json_t json_t; // jansson.h has the same; includers include that themselves

// Read a JSON document; duplicate members are refused. ST_OK and a new reference (json_decref), or ST_MALFORMED with
// one fault, ST_LIMIT beyond IMPORT_BYTES_MAX.
MUST_USE enum status import_json_load(struct span bytes, struct diag *d, json_t **ret);

// Finds where objects begin, since Jansson keeps no lines. Precondition: the text is well-formed JSON.
struct import_json_lines {
    struct span in;
    size_t at;
    uint32_t line;
    unsigned depth;
};
void import_json_lines_init(struct import_json_lines *l, struct span in);
// Line of the next object that opens inside `depth` other brackets; 0 when there is none.
uint32_t import_json_lines_next(struct import_json_lines *l, unsigned depth);

// The string member, or NULL when it is missing or no string.
const char *import_json_string(const json_t *object, const char *key);
// The clean text of a string member; "" when missing. NULL when the arena is full (text from Jansson is UTF-8).
const char *import_json_clean(struct arena *a, const json_t *object, const char *key, bool lines);

#endif
