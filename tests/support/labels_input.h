// An arena and a fault list for tests of the readers of labels and policies.
#ifndef RELTO_TESTS_LABELS_INPUT_H
#define RELTO_TESTS_LABELS_INPUT_H

#include <stdbool.h>

#include "formats/xml.h"

struct labels_input {
    struct arena *a;
    struct diag *d;
};

// Both on the heap; a test that runs out of memory stops.
struct labels_input labels_input_new(const char *file);
void labels_input_free(struct labels_input *in);
// Parse well-formed text; stops the test when it is not.
struct xml_node *labels_input_xml(struct labels_input *in, const char *text);
// Is there a fault of this rule whose element or message holds `words`?
bool labels_input_has(const struct labels_input *in, const char *rule, const char *words);
// Write the faults to stderr, for a person who looks at a failing test.
void labels_input_show(const struct labels_input *in);
// A copy of text with the first `from` replaced by `to`; free() it. Stops the test when there is none.
char *labels_replace(const char *text, const char *from, const char *to);

#endif
