// An independent opinion on our documents, by libxml2 itself: schema validity and canonical form.
#ifndef RELTO_TESTS_STORE_XSD_H
#define RELTO_TESTS_STORE_XSD_H

#include "formats/base/buf.h"

// `schema` is a path under the source folder, e.g. "formats/schema/audit.xsd".
bool store_xsd_valid(const char *source_dir, const char *schema, struct span document);
// Append the exclusive C14N without comments of a document. False when it is not well-formed.
bool store_xsd_canonical(struct span document, struct buf *out);

#endif
