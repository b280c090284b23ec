#include "tests/support/store_xsd.h"

#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <libxml/xmlschemas.h>
#include <stdio.h>

static void quiet(void *ctx, const char *fmt, ...)
{
    (void)ctx, (void)fmt;
}

static xmlDocPtr read(struct span document)
{
    return xmlReadMemory((const char *)document.ptr, (int)document.len, NULL, NULL,
                         XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
}

bool store_xsd_canonical(struct span document, struct buf *out)
{
    xmlDocPtr doc = read(document);
    xmlChar *bytes = NULL;
    int len = doc ? xmlC14NDocDumpMemory(doc, NULL, XML_C14N_EXCLUSIVE_1_0, NULL, 0, &bytes) : -1;
    if (len >= 0)
        buf_put(out, bytes, (size_t)len);
    xmlFree(bytes);
    xmlFreeDoc(doc);
    return len >= 0;
}

bool store_xsd_valid(const char *source_dir, const char *schema, struct span document)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", source_dir, schema);
    xmlSchemaParserCtxtPtr parser = xmlSchemaNewParserCtxt(path);
    xmlSchemaPtr xsd = xmlSchemaParse(parser);
    xmlDocPtr doc = read(document);
    bool valid = false;
    if (xsd && doc) {
        xmlSchemaValidCtxtPtr check = xmlSchemaNewValidCtxt(xsd);
        xmlSchemaSetValidErrors(check, quiet, quiet, NULL);
        valid = xmlSchemaValidateDoc(check, doc) == 0;
        xmlSchemaFreeValidCtxt(check);
    }
    xmlFreeDoc(doc);
    xmlSchemaFree(xsd);
    xmlSchemaFreeParserCtxt(parser);
    return valid;
}
