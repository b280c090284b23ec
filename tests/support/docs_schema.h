// The project's schemas, compiled once each, with what libxml2 says when a document is not valid.
#ifndef RELTO_TESTS_DOCS_SCHEMA_H
#define RELTO_TESTS_DOCS_SCHEMA_H

#include <stdbool.h>

#include "formats/base/span.h"

// cmocka group fixtures. Compile every *.xsd of formats/schema and the *.rng beside it; stops the test when one does not
// compile, or there is none.
int docs_schemas_setup(void **state);
int docs_schemas_teardown(void **state);
// Is there a schema with this target namespace?
bool docs_schema_known(const char *namespace_uri);
// A namespace of ours whose XSD has no RELAX NG schema beside it, or NULL.
const char *docs_schema_without_grammar(void);
// Which of the two accepts a document that should be wrong: "XSD", "RELAX NG", or NULL when neither does.
const char *docs_schema_accepted(struct span document);
// Validate a document against both schemas of its root's namespace. NULL when valid, else the first complaint (static,
// until the next call). An unknown namespace is a complaint.
const char *docs_schema_fault(struct span document);
// Validate every outermost element of one namespace that stands somewhere in a document of another, each alone.
// *ret_count = how many there were.
const char *docs_schema_fault_inside(struct span document, const char *namespace_uri, size_t *ret_count);

#endif
