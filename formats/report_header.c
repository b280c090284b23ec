#include "formats/report_parse.h"

// The header's children in order; the one that comes next is at `n`.
struct cursor {
    const struct xml_node *n;
};

static const struct xml_node *take(struct cursor *c, const char *name)
{
    const struct xml_node *n = c->n;
    if (!n || !xml_is(n, NS_REPORT, name))
        return NULL;
    c->n = xml_next(n);
    return n;
}

static void read_attributes(struct report_reading *x, const struct xml_node *n)
{
    struct report *r = x->r;
    report_frame(x, n,
                 (const char *const[]){"Id", "salt", "report", "version", "type", "issued", "separable",
                                       "xml:lang", NULL});
    const char *value;
    uint64_t version;
    if (xml_attr(n, "report") || x->is_signed)
        r->has_id = report_urn(x, n, "report", &r->id);
    if (xml_attr(n, "version") || x->is_signed) {
        r->has_version = report_integer(x, n, "version", 1, UINT32_MAX, &version);
        if (r->has_version)
            r->version = (uint32_t)version;
    }
    if (xml_attr(n, "issued") || x->is_signed)
        r->has_issued = report_time(x, n, "issued", &r->issued);
    if (report_attr(x, n, "type", &r->type))
        report_token(x, n, "\"type\"", r->type);
    value = xml_attr(n, "separable");
    r->separable = value && strcmp(value, "true") == 0;
    if (value && !r->separable && strcmp(value, "false") != 0)
        report_fault(x, n, "boolean-form", "\"separable\" is true or false");
    report_language(x, n, &r->lang);
}

static void read_originator(struct report_reading *x, const struct xml_node *n)
{
    report_empty(x, n, (const char *const[]){"nation", "cell", NULL});
    if (report_attr(x, n, "nation", &x->r->nation))
        report_token(x, n, "\"nation\"", x->r->nation);
    const char *cell = xml_attr(n, "cell");
    if (cell && report_token(x, n, "\"cell\"", cell))
        x->r->cell = cell;
}

static void read_title(struct report_reading *x, const struct xml_node *n)
{
    report_status(x, xml_attrs_known(n, x->d, (const char *const[]){NULL}));
    if (report_text(x, n, &x->r->title) && !x->r->title[strspn(x->r->title, " ")])
        report_fault(x, n, "title-form", "the title is empty");
}

// All following elements of this name, each holding one name.
static void read_tokens(struct report_reading *x, struct cursor *c, const char *name, const char ***ret,
                        size_t *ret_count)
{
    size_t count = 0;
    for (const struct xml_node *n = c->n; n && xml_is(n, NS_REPORT, name); n = xml_next(n))
        count++;
    const char **list = arena_array(x->a, count + 1, sizeof *list);
    if (!list) {
        report_status(x, arena_status(x->a));
        return;
    }
    *ret = list;
    for (const struct xml_node *n; (n = take(c, name)) != NULL;) {
        const char *text;
        report_status(x, xml_attrs_known(n, x->d, (const char *const[]){NULL}));
        if (report_text(x, n, &text) && report_token(x, n, name, text))
            list[(*ret_count)++] = text;
    }
}

enum { RADIUS_KM_MAX = 20040 }; // half the Earth's circumference

static void read_position(struct report_reading *x, const struct xml_node *n)
{
    struct report *r = x->r;
    const char *value;
    report_empty(x, n, (const char *const[]){"lat", "lon", "radius-km", NULL});
    if (report_attr(x, n, "lat", &value))
        report_decimal(x, n, "lat", -90, 90, &r->lat);
    if (report_attr(x, n, "lon", &value))
        report_decimal(x, n, "lon", -180, 180, &r->lon);
    if (report_decimal(x, n, "radius-km", 0, RADIUS_KM_MAX, &r->radius_km) && xml_attr(n, "radius-km") &&
        r->radius_km == 0)
        report_fault(x, n, "number-form",
                     "\"radius-km\" is greater than 0; leave it out where there is none");
    r->has_position = true;
}

static void read_period(struct report_reading *x, const struct xml_node *n)
{
    struct report *r = x->r;
    report_empty(x, n, (const char *const[]){"from", "to", NULL});
    bool from = report_time(x, n, "from", &r->period_from), to = report_time(x, n, "to", &r->period_to);
    if (from && to && r->period_to < r->period_from)
        report_fault(x, n, "period-order", "the period ends before it begins");
    r->has_period = true;
}

static void read_grading(struct report_reading *x, const struct xml_node *n)
{
    struct report *r = x->r;
    report_empty(x, n, (const char *const[]){"reliability", "credibility", NULL});
    report_letter(x, n, "reliability", "ABCDEF", &r->reliability);
    report_letter(x, n, "credibility", "123456", &r->credibility);
    if (!xml_attr(n, "reliability") && !xml_attr(n, "credibility"))
        report_fault(x, n, "missing-attribute",
                     "<grading> needs \"reliability\" (A to F) or \"credibility\" (1 to 6)");
}

static const struct xml_node *need(struct report_reading *x, const struct xml_node *header, struct cursor *c,
                                   const char *name)
{
    const struct xml_node *n = take(c, name);
    if (!n)
        report_fault(x, c->n ? c->n : header, "missing-element", "expected <%s> here in the header, got %s%s",
                     name, c->n ? "element " : "its end", c->n ? c->n->name : "");
    return n;
}

void report_parse_header(struct report_reading *x, const struct xml_node *header)
{
    struct report *r = x->r;
    struct cursor c = {xml_first(header)};
    const struct xml_node *n;
    r->header_line = header->line;
    r->header_column = header->column;
    read_attributes(x, header);
    if ((n = take(&c, "label")) != NULL) {
        report_status(x, xml_attrs_known(n, x->d, (const char *const[]){NULL}));
        report_label(x, n, &r->header_label);
    }
    if ((n = need(x, header, &c, "originator")) != NULL)
        read_originator(x, n);
    if ((n = need(x, header, &c, "title")) != NULL)
        read_title(x, n);
    read_tokens(x, &c, "topic", &r->topics, &r->topic_count);
    read_tokens(x, &c, "area", &r->areas, &r->area_count);
    if ((n = take(&c, "position")) != NULL)
        read_position(x, n);
    if ((n = take(&c, "period")) != NULL)
        read_period(x, n);
    if ((n = take(&c, "grading")) != NULL)
        read_grading(x, n);
    read_tokens(x, &c, "exercise", &r->exercises, &r->exercise_count);
    if (c.n)
        report_fault(x, c.n, "unexpected-element",
                     "<%s> does not stand here; order: label, originator, title, topic, area, position, "
                     "period, grading, "
                     "exercise",
                     c.n->name);
}
