// What is wrong with an input, for the person who sent it: a bounded list of faults in the caller's memory.
// Libraries fill it; only programs print it.
#ifndef RELTO_FORMATS_BASE_DIAG_H
#define RELTO_FORMATS_BASE_DIAG_H

#include <stdint.h>

#include "formats/base/buf.h"

enum { DIAG_FAULTS_MAX = 64, DIAG_TEXT_MAX = 256 };

struct fault {
    uint32_t line, column;        // 1-based; 0 = not known
    char rule[48];                // stable machine name, e.g. "label-too-low"
    char element[96];             // element or field the fault is in, e.g. "portion e2"
    char message[DIAG_TEXT_MAX];  // what is wrong, what was expected, what was got
};

struct diag {
    char file[160];               // name of the input as people know it; may be ""
    uint32_t count;               // faults recorded
    uint32_t dropped;             // faults beyond DIAG_FAULTS_MAX
    struct fault faults[DIAG_FAULTS_MAX];
};

// Prepare an empty list for the named input (NULL = none).
void diag_init(struct diag *d, const char *file);
// Record one fault. `element` may be NULL. Accepts d == NULL (detail not wanted).
void diag_add(struct diag *d, uint32_t line, uint32_t column, const char *rule, const char *element,
              const char *fmt, ...) __attribute__((format(printf, 6, 7)));
// Append one line per fault: `file:line:column: element: message [rule]`.
void diag_print(const struct diag *d, struct buf *out);
// Where the first fault is, `file:line: element` as far as known, "" without one; into out, returns out.
enum { DIAG_PLACE_MAX = 320 };
const char *diag_place(const struct diag *d, char out[DIAG_PLACE_MAX]);

#endif
