#include "tests/support/docs_schema.h"

#include <dirent.h>
#include <libxml/relaxng.h>
#include <libxml/xmlschemas.h>
#include <libxml/xmlschemastypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "formats/base/bug.h"

enum { SCHEMAS_MAX = 32 };

static struct {
    char namespace_uri[128];
    xmlSchemaParserCtxtPtr parser;
    xmlSchemaPtr schema;
    xmlRelaxNGPtr grammar; // NULL: there is none beside the XSD
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

// The RELAX NG schema beside an XSD, or NULL.
static xmlRelaxNGPtr load_grammar(const char *xsd_path)
{
    char path[1024];
    snprintf(path, sizeof path, "%.*s.rng", (int)(strlen(xsd_path) - 4), xsd_path);
    if (access(path, R_OK) != 0)
        return NULL;
    xmlRelaxNGParserCtxtPtr parser = xmlRelaxNGNewParserCtxt(path);
    BUG_IF(!parser);
    xmlRelaxNGSetParserErrors(parser, complain, complain, NULL);
    xmlRelaxNGPtr grammar = xmlRelaxNGParse(parser);
    if (complaint[0])
        fprintf(stderr, "%s: %s", path, complaint);
    BUG_IF(!grammar || complaint[0]);
    xmlRelaxNGFreeParserCtxt(parser);
    return grammar;
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
    schemas[schema_count].grammar = load_grammar(path);
    schema_count++;
}

int docs_schemas_setup(void **state)
{
    static const char folder[] = SOURCE_DIR "/formats/schema";
    (void)state;
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
    BUG_IF(schema_count == 0);
    return 0;
}

int docs_schemas_teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < schema_count; i++) {
        xmlSchemaFree(schemas[i].schema);
        xmlRelaxNGFree(schemas[i].grammar);
        xmlSchemaFreeParserCtxt(schemas[i].parser);
    }
    schema_count = 0;
    xmlSchemaCleanupTypes();
    xmlRelaxNGCleanupTypes();
    return 0;
}

static size_t find(const char *namespace_uri)
{
    size_t i = 0;
    while (i < schema_count && strcmp(schemas[i].namespace_uri, namespace_uri) != 0)
        i++;
    return i;
}

bool docs_schema_known(const char *namespace_uri)
{
    return find(namespace_uri) < schema_count;
}

const char *docs_schema_without_grammar(void)
{
    for (size_t i = 0; i < schema_count; i++)
        if (!schemas[i].grammar && strncmp(schemas[i].namespace_uri, "urn:relto:", 10) == 0)
            return schemas[i].namespace_uri;
    return NULL;
}

static const char *namespace_of(const xmlNode *n)
{
    return n->ns && n->ns->href ? (const char *)n->ns->href : "";
}

static bool schema_accepts(size_t which, xmlNodePtr n)
{
    xmlSchemaValidCtxtPtr valid = xmlSchemaNewValidCtxt(schemas[which].schema);
    BUG_IF(!valid);
    xmlSchemaSetValidErrors(valid, complain, complain, NULL);
    bool good = xmlSchemaValidateOneElement(valid, n) == 0;
    xmlSchemaFreeValidCtxt(valid);
    return good;
}

static bool grammar_accepts(size_t which, xmlNodePtr n)
{
    xmlDocPtr alone = xmlNewDoc((const xmlChar *)"1.0");
    xmlRelaxNGValidCtxtPtr valid = xmlRelaxNGNewValidCtxt(schemas[which].grammar);
    BUG_IF(!alone || !valid);
    xmlDocSetRootElement(alone, xmlDocCopyNode(n, alone, 1));
    xmlRelaxNGSetValidErrors(valid, complain, complain, NULL);
    bool good = xmlRelaxNGValidateDoc(valid, alone) == 0;
    xmlRelaxNGFreeValidCtxt(valid);
    xmlFreeDoc(alone);
    return good;
}

static const char *check(xmlNodePtr n)
{
    size_t which = find(namespace_of(n));
    complaint[0] = 0;
    if (which == schema_count) {
        snprintf(complaint, sizeof complaint, "no schema for namespace \"%s\"", namespace_of(n));
        return complaint;
    }
    bool good = schema_accepts(which, n) && (!schemas[which].grammar || grammar_accepts(which, n));
    if (!good && !complaint[0])
        snprintf(complaint, sizeof complaint, "not valid, without a reason");
    return good ? NULL : complaint;
}

static xmlDocPtr read_document(struct span document)
{
    xmlDocPtr doc = xmlReadMemory((const char *)document.ptr, (int)document.len, "document.xml", NULL, XML_PARSE_NONET);
    BUG_IF(!doc);
    return doc;
}

const char *docs_schema_fault(struct span document)
{
    xmlDocPtr doc = read_document(document);
    const char *fault = check(xmlDocGetRootElement(doc));
    xmlFreeDoc(doc);
    return fault;
}

const char *docs_schema_accepted(struct span document)
{
    xmlDocPtr doc = read_document(document);
    xmlNodePtr root = xmlDocGetRootElement(doc);
    size_t which = find(namespace_of(root));
    const char *by = NULL;
    if (which < schema_count && schema_accepts(which, root))
        by = "XSD";
    else if (which < schema_count && schemas[which].grammar && grammar_accepts(which, root))
        by = "RELAX NG";
    xmlFreeDoc(doc);
    return by;
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
    xmlDocPtr doc = read_document(document);
    *ret_count = 0;
    const char *fault = check_inside(xmlDocGetRootElement(doc), namespace_uri, ret_count);
    xmlFreeDoc(doc);
    return fault;
}
