#include "tools/relto/rows.h"

#include <jansson.h>
#include <stdio.h>

#include "formats/base/bug.h"
#include "formats/base/buf.h"
#include "formats/base/limits.h"

enum { ROW_BYTES_MAX = 4 * 1024 * 1024 };

bool rows_format(enum cli_format f)
{
    switch (f) {
    case FORMAT_TSV:
    case FORMAT_CSV:
    case FORMAT_JSON:
    case FORMAT_XML:
        return true;
    case FORMAT_TEXT:
    case FORMAT_HTML:
        return false;
    }
    return false;
}

static void put_csv(const char *value)
{
    bool quote = value[strcspn(value, ",\"\r\n")] != 0;
    if (quote)
        putchar('"');
    for (const char *p = value; *p; p++) {
        if (*p == '"')
            putchar('"');
        putchar(*p);
    }
    if (quote)
        putchar('"');
}

static void put_tsv(const char *value)
{
    cli_print_plain(*value ? value : "-");
}

static void put_line(const struct rows *r, const char *const *values, char between, void (*put)(const char *value))
{
    for (size_t i = 0; i < r->count; i++) {
        if (i)
            putchar(between);
        put(values[i] ? values[i] : "");
    }
    putchar('\n');
}

static void put_json(const struct rows *r, const char *const *values)
{
    json_t *o = json_object();
    for (size_t i = 0; o && i < r->count; i++) {
        json_t *v = values[i] && *values[i] ? json_string(values[i]) : json_null();
        json_object_set_new(o, r->columns[i], v ? v : json_null());
    }
    if (o && json_dumpf(o, stdout, JSON_COMPACT) == 0)
        putchar('\n');
    json_decref(o);
}

static void put_xml(const struct rows *r, const char *const *values)
{
    struct buf b;
    buf_init(&b, ROW_BYTES_MAX);
    buf_puts(&b, "<row");
    for (size_t i = 0; i < r->count; i++)
        if (values[i] && *values[i])
            buf_xml_attr(&b, r->columns[i], values[i]);
    buf_puts(&b, "></row>\n");
    fwrite(b.ptr, 1, b.len, stdout);
    buf_fini(&b);
}

void rows_begin(const struct rows *r)
{
    BUG_IF(r->count > ROWS_COLUMNS_MAX);
    if (r->format == FORMAT_CSV)
        put_line(r, r->columns, ',', put_csv);
    else if (r->format == FORMAT_XML)
        printf("<answer xmlns=\"" NS_ANSWER "\" question=\"%s\">\n", r->question);
}

void rows_end(const struct rows *r)
{
    if (r->format == FORMAT_XML)
        puts("</answer>");
}

void rows_put(const struct rows *r, const char *const *values)
{
    switch (r->format) {
    case FORMAT_TSV:
        put_line(r, values, '\t', put_tsv);
        break;
    case FORMAT_CSV:
        put_line(r, values, ',', put_csv);
        break;
    case FORMAT_JSON:
        put_json(r, values);
        break;
    case FORMAT_XML:
        put_xml(r, values);
        break;
    case FORMAT_TEXT:
    case FORMAT_HTML:
        break;
    }
}
