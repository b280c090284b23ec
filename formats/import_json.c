#include "formats/import_json.h"

#include <jansson.h>

enum status import_json_load(struct span bytes, struct diag *d, json_t **ret)
{
    if (bytes.len > IMPORT_BYTES_MAX)
        return ST_LIMIT;
    json_error_t e;
    json_t *j = json_loadb((const char *)bytes.ptr, bytes.len, JSON_REJECT_DUPLICATES, &e);
    if (!j) {
        diag_add(d, e.line > 0 ? (uint32_t)e.line : 0, e.column > 0 ? (uint32_t)e.column : 0, "import-json", NULL,
                 "not JSON: %s", e.text);
        return ST_MALFORMED;
    }
    *ret = j;
    return ST_OK;
}

void import_json_lines_init(struct import_json_lines *l, struct span in)
{
    *l = (struct import_json_lines){in, 0, 1, 0};
}

// Step behind the closing quote; l->at stands on the opening one.
static void skip_string(struct import_json_lines *l)
{
    for (l->at++; l->at < l->in.len && l->in.ptr[l->at] != '"'; l->at++)
        if (l->in.ptr[l->at] == '\\')
            l->at++;
}

uint32_t import_json_lines_next(struct import_json_lines *l, unsigned depth)
{
    for (; l->at < l->in.len; l->at++) {
        uint8_t c = l->in.ptr[l->at];
        if (c == '"')
            skip_string(l);
        else if (c == '\n')
            l->line++;
        else if ((c == '}' || c == ']') && l->depth > 0)
            l->depth--;
        else if ((c == '{' || c == '[') && l->depth++ == depth && c == '{') {
            l->at++;
            return l->line;
        }
    }
    return 0;
}

const char *import_json_string(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

const char *import_json_clean(struct arena *a, const json_t *object, const char *key, bool lines)
{
    const char *s = import_json_string(object, key);
    return import_clean(a, s ? span_cstr(s) : span_of(NULL, 0), lines);
}
