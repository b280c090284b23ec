#include "tests/support/docs_schema.h"

#include <dirent.h>
#include <libxml/xmlschemas.h>
#include <libxml/xmlschemastypes.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/bug.h"

enum { SCHEMAS_MAX = 32 };

static struct {
    char namespace_uri[128];
    xmlSchemaParserCtxtPtr parser;
    xmlSchemaPtr schema;
} schemas[SCHEMAS_MAX];
static size_t schema_count;
static char complaint[512];

static void complain(void *ctx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void complain(void *ctx, const char *fmt, ...)
{
    va_list args;
    (void)ctx;
    if (complaint[0])
        return; // the first says it best
    va_start(args, fmt);
    vsnprintf(complaint, sizeof complaint, fmt, args);
    va_end(args);
}

static void read_namespace(const char *path, char out[128])
{
    xmlDocPtr doc = xmlReadFile(path, NULL, XML_PARSE_NONET);
    BUG_IF(!doc);
    xmlChar *uri = xmlGetNoNsProp(xmlDocGetRootElement(doc), (const xmlChar *)"targetNamespace");
    BUG_IF(!uri);
    snprintf(out, 128, "%s", (const char *)uri);
    xmlFree(uri);
    xmlFreeDoc(doc);
}

static void load(const char *path)
{
    BUG_IF(schema_count == SCHEMAS_MAX);
    read_namespace(path, schemas[schema_count].namespace_uri);
    complaint[0] = 0;
    xmlSchemaParserCtxtPtr parser = xmlSchemaNewParserCtxt(path);
    BUG_IF(!parser);
    xmlSchemaSetParserErrors(parser, complain, complain, NULL);
    schemas[schema_count].parser = parser;
    schemas[schema_count].schema = xmlSchemaParse(parser);
    if (complaint[0])
        fprintf(stderr, "%s: %s", path, complaint);
    BUG_IF(!schemas[schema_count].schema || complaint[0]);
    schema_count++;
}

size_t docs_schemas_load(const char *folder)
{
    DIR *dir = opendir(folder);
    BUG_IF(!dir);
    for (struct dirent *e; (e = readdir(dir));) {
        char path[4096];
        size_t n = strlen(e->d_name);
        if (n < 4 || strcmp(e->d_name + n - 4, ".xsd") != 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        load(path);
    }
    closedir(dir);
    return schema_count;
}

void docs_schemas_free(void)
{
    for (size_t i = 0; i < schema_count; i++) {
        xmlSchemaFree(schemas[i].schema);
        xmlSchemaFreeParserCtxt(schemas[i].parser);
    }
    schema_count = 0;
    xmlSchemaCleanupTypes();
}

static xmlSchemaPtr find(const char *namespace_uri)
{
    for (size_t i = 0; i < schema_count; i++)
        if (strcmp(schemas[i].namespace_uri, namespace_uri) == 0)
            return schemas[i].schema;
    return NULL;
}

bool docs_schema_known(const char *namespace_uri)
{
    return find(namespace_uri) != NULL;
}

static const char *namespace_of(const xmlNode *n)
{
    return n->ns && n->ns->href ? (const char *)n->ns->href : "";
}

static const char *check(xmlNodePtr n)
{
    xmlSchemaPtr schema = find(namespace_of(n));
    complaint[0] = 0;
    if (!schema) {
        snprintf(complaint, sizeof complaint, "no schema for namespace \"%s\"", namespace_of(n));
        return complaint;
    }
    xmlSchemaValidCtxtPtr valid = xmlSchemaNewValidCtxt(schema);
    BUG_IF(!valid);
    xmlSchemaSetValidErrors(valid, complain, complain, NULL);
    bool good = xmlSchemaValidateOneElement(valid, n) == 0;
    xmlSchemaFreeValidCtxt(valid);
    if (!good && !complaint[0])
        snprintf(complaint, sizeof complaint, "not valid, without a reason");
    return good ? NULL : complaint;
}

static xmlDocPtr read(struct span document)
{
    xmlDocPtr doc = xmlReadMemory((const char *)document.ptr, (int)document.len, "document.xml", NULL, XML_PARSE_NONET);
    BUG_IF(!doc);
    return doc;
}

const char *docs_schema_fault(struct span document)
{
    xmlDocPtr doc = read(document);
    const char *fault = check(xmlDocGetRootElement(doc));
    xmlFreeDoc(doc);
    return fault;
}

static const char *check_inside(xmlNodePtr n, const char *namespace_uri, size_t *count)
{
    const char *fault = NULL;
    for (xmlNodePtr c = n->children; c && !fault; c = c->next) {
        if (c->type != XML_ELEMENT_NODE)
            continue;
        if (strcmp(namespace_of(c), namespace_uri) == 0) {
            (*count)++;
            fault = check(c);
        } else {
            fault = check_inside(c, namespace_uri, count);
        }
    }
    return fault;
}

const char *docs_schema_fault_inside(struct span document, const char *namespace_uri, size_t *ret_count)
{
    xmlDocPtr doc = read(document);
    *ret_count = 0;
    const char *fault = check_inside(xmlDocGetRootElement(doc), namespace_uri, ret_count);
    xmlFreeDoc(doc);
    return fault;
}
