#include "tests/support/labels_schema.h"

#include <libxml/xmlschemas.h>

#include "formats/base/bug.h"

static void quiet(void *ctx, const char *fmt, ...)
{
    (void)ctx, (void)fmt;
}

bool labels_schema_accepts_file(const char *path, struct span document)
{
    xmlSchemaParserCtxtPtr parser = xmlSchemaNewParserCtxt(path);
    xmlSchemaPtr schema = parser ? xmlSchemaParse(parser) : NULL;
    BUG_IF(!schema);
    xmlDocPtr doc = xmlReadMemory((const char *)document.ptr, (int)document.len, "document.xml", NULL, XML_PARSE_NONET);
    BUG_IF(!doc);
    xmlSchemaValidCtxtPtr valid = xmlSchemaNewValidCtxt(schema);
    BUG_IF(!valid);
    xmlSchemaSetValidErrors(valid, quiet, quiet, NULL);
    bool accepted = xmlSchemaValidateDoc(valid, doc) == 0;
    xmlSchemaFreeValidCtxt(valid);
    xmlFreeDoc(doc);
    xmlSchemaFree(schema);
    xmlSchemaFreeParserCtxt(parser);
    return accepted;
}
