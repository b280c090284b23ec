// Does one of the project's XML schemas accept a document?
#ifndef RELTO_TESTS_LABELS_SCHEMA_H
#define RELTO_TESTS_LABELS_SCHEMA_H

#include <stdbool.h>

#include "formats/base/span.h"

// `path` is the schema's. Stops the test when the schema itself is broken.
bool labels_schema_accepts_file(const char *path, struct span document);
#define labels_schema_accepts(xsd, document) labels_schema_accepts_file(SOURCE_DIR "/formats/schema/" xsd, document)

#endif
