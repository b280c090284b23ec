// What `relto label` works on: security policies from a folder, and the label elements of a file.
#ifndef RELTO_TOOLS_RELTO_LABEL_INPUT_H
#define RELTO_TOOLS_RELTO_LABEL_INPUT_H

#include "formats/xml.h"
#include "policy/spif_set.h"
#include "tools/relto/cli.h"

// Load every SPIF of a folder (*.xml, in order of names; other documents are passed over), or with dir NULL of the
// folder that the configuration of cli->dir names. False (reported) when one is broken or there is none.
bool label_input_policies(const struct cli *cli, const char *dir, struct spif_set **ret);

// A label element, or where one is missing.
struct label_element_found {
    const char *id;              // Id of what it governs, else label, header, e1 …
    const struct xml_node *node; // NULL = a report without overall label
    bool document;               // a label document alone, not a <label> that holds some
    uint32_t line;
};

struct label_elements {
    struct label_element_found *list;
    size_t count;
    bool report; // a report; else one label
};

// Read a file and find its label elements: of a report (draft or rendition, whatever else is wrong with it) in document
// order, else its root. False (reported) when it is neither, or cannot be read. Lives in cli->arena.
bool label_input_elements(const struct cli *cli, const char *file, struct label_elements *ret);

// Read the label of an element. ST_INVALID with faults in cli->diag, which is emptied before.
MUST_USE enum status label_input_read(const struct cli *cli, const char *file, const struct label_element_found *e,
                                      const struct label **ret);

#endif
