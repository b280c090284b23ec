#include "formats/csv_map.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "formats/base/utctime.h"
#include "formats/reading.h"
#include "formats/report.h"

static void read_values(struct reading *r, const struct xml_node *n, struct csv_derived *to)
{
    static const char *const attrs[] = {"name", "column", "other", NULL}, *const value_attrs[] = {"from", "to", NULL};
    static const char *const children[] = {"value", NULL}, *const none[] = {NULL};
    reading_shape(r, n, NS_CSV_MAP, children, attrs);
    to->other = xml_attr(n, "other");
    to->value_count = reading_count(n, NS_CSV_MAP, "value");
    to->values = reading_array(r, &to->value_count, sizeof *to->values);
    size_t i = 0;
    READING_EACH(v, n, NS_CSV_MAP, "value") {
        reading_shape(r, v, NS_CSV_MAP, none, value_attrs);
        const char *from = xml_attr(v, "from"), *into = xml_attr(v, "to");
        if (!from || !into)
            reading_fault(r, v, "missing-attribute", "<value> needs \"from\" and \"to\"; either may be empty");
        else if (i < to->value_count)
            to->values[i++] = (struct csv_value){from, into};
    }
    to->value_count = i;
}

static void read_time(struct reading *r, const struct xml_node *n, struct csv_derived *to)
{
    static const char *const attrs[] = {"name", "column", "form", "add", NULL}, *const none[] = {NULL};
    reading_shape(r, n, NS_CSV_MAP, none, attrs);
    to->form = reading_required(r, n, "form");
    if (!strstr(to->form, "YYYY") || !(strstr(to->form, "MM") || strstr(to->form, "MON")) || !strstr(to->form, "DD"))
        reading_fault(r, n, "time-form", "\"form\" needs YYYY, MM or MON, and DD, as in YYYY-MM-DD hh:mm");
    const char *add = xml_attr(n, "add");
    if (add && utc_duration_parse(span_cstr(add), &to->add_ms) != ST_OK)
        reading_fault(r, n, "duration-form", "\"add\" is a duration such as P1D or PT6H, got \"%s\"", add);
}

static void read_number(struct reading *r, const struct xml_node *n, struct csv_derived *to)
{
    static const char *const attrs[] = {"name", "column", "decimals", NULL}, *const none[] = {NULL};
    reading_shape(r, n, NS_CSV_MAP, none, attrs);
    to->decimals = (unsigned)reading_number(r, n, "decimals", 4, 9);
}

static const struct {
    const char *element;
    void (*read)(struct reading *r, const struct xml_node *n, struct csv_derived *to);
} derived_kinds[] = {[CSV_VALUES] = {"values", read_values}, [CSV_TIME] = {"time", read_time}, [CSV_NUMBER] = {"number", read_number}};
enum { DERIVED_KINDS = sizeof derived_kinds / sizeof *derived_kinds };

// The kind of derived column that this element makes, or DERIVED_KINDS.
static size_t derived_kind(const struct xml_node *n)
{
    size_t k = 0;
    while (k < DERIVED_KINDS && !xml_is(n, NS_CSV_MAP, derived_kinds[k].element))
        k++;
    return k;
}

static void read_derived(struct reading *r, const struct xml_node *root, struct csv_map *m)
{
    for (size_t k = 0; k < DERIVED_KINDS; k++)
        m->derived_count += reading_count(root, NS_CSV_MAP, derived_kinds[k].element);
    m->derived = reading_array(r, &m->derived_count, sizeof *m->derived);
    size_t i = 0;
    for (const struct xml_node *n = xml_first(root); n && i < m->derived_count; n = xml_next(n)) {
        size_t kind = derived_kind(n);
        if (kind == DERIVED_KINDS)
            continue;
        struct csv_derived *d = &m->derived[i++];
        *d = (struct csv_derived){.kind = (enum csv_derived_kind)kind, .name = reading_word(r, n, "name"),
                                  .column = reading_required(r, n, "column"), .line = n->line};
        derived_kinds[kind].read(r, n, d);
    }
}

static void check_unique(struct reading *r, const struct csv_map *m)
{
    size_t count = m->derived_count;
    struct reading_id *ids = reading_array(r, &count, sizeof *ids);
    for (size_t i = 0; i < count; i++)
        ids[i] = (struct reading_id){m->derived[i].name, "column", m->derived[i].line, i};
    if (ids)
        reading_unique(r, ids, count, false);
}

static char read_separator(struct reading *r, const struct xml_node *root)
{
    const char *s = xml_attr(root, "separator");
    if (!s)
        return ',';
    if (strcmp(s, "tab") == 0)
        return '\t';
    if (strlen(s) == 1 && strchr(",;|", *s))
        return *s;
    reading_fault(r, root, "separator", "\"separator\" is one of , ; | or the word tab, got \"%s\"", s);
    return ',';
}

static const struct xml_node *find_report(struct reading *r, const struct xml_node *root)
{
    const struct xml_node *found = NULL;
    for (const struct xml_node *n = xml_first(root); n; n = xml_next(n)) {
        if (xml_is(n, NS_REPORT, "report")) {
            if (found)
                reading_fault(r, n, "csv-map-report", "a second <report>; one draft is made of a record");
            found = n;
        } else if (found || derived_kind(n) == DERIVED_KINDS) {
            reading_fault(r, n, "unexpected-element", "expected values, time and number, then a report of namespace " NS_REPORT ", got <%s>",
                          n->name);
        }
    }
    if (!found)
        reading_fault(r, root, "missing-element", "expected a <report xmlns=\"" NS_REPORT "\">, the draft to be filled from each record");
    return found;
}

enum status csv_map_read(struct span bytes, const char *file, struct arena *a, struct diag *d, const struct csv_map **ret)
{
    static const char *const attrs[] = {"source", "key", "separator", NULL};
    struct reading r = reading_start(a, d, file, "name");
    struct xml_node *root;
    TRY(reading_open(&r, bytes, CSV_MAP_BYTES_MAX, NS_CSV_MAP, "csv-map", &root));
    struct csv_map *m = arena_alloc(a, sizeof *m);
    if (!m)
        return arena_status(a);
    reading_attrs(&r, root, attrs);
    m->line = root->line;
    m->source = reading_word(&r, root, "source");
    m->key = reading_required(&r, root, "key");
    m->separator = read_separator(&r, root);
    m->report = find_report(&r, root);
    read_derived(&r, root, m);
    check_unique(&r, m);
    TRY(reading_end(&r));
    *ret = m;
    return ST_OK;
}

const char *csv_map_next(const char *text, struct span *ret_before, struct span *ret_name)
{
    const char *open = strchr(text, '{');
    if (!open)
        return NULL;
    if (open[1] == '{') {
        *ret_before = span_of(text, (size_t)(open + 1 - text));
        *ret_name = span_of(open, 0);
        return open + 2;
    }
    const char *close = strchr(open, '}');
    if (!close)
        return NULL;
    *ret_before = span_of(text, (size_t)(open - text));
    *ret_name = span_of(open + 1, (size_t)(close - open - 1));
    return close + 1;
}

// ---- instants

struct clock_parts {
    unsigned year, month, day, hour, minute, second;
};

// A number of exactly so many digits; *at steps behind it.
static bool take_digits(const char **at, size_t digits, unsigned *ret)
{
    *ret = 0;
    for (size_t i = 0; i < digits; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        *ret = *ret * 10 + (unsigned)(**at - '0');
    }
    return true;
}

static bool take_month(const char **at, unsigned *ret)
{
    static const char months[] = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";
    for (*ret = 1; *ret <= 12; ++*ret)
        if (strncasecmp(*at, months + 3 * (size_t)(*ret - 1), 3) == 0) {
            *at += 3;
            return true;
        }
    return false;
}

// One piece of the form and what the cell has for it; both step on.
static bool take_piece(const char **form, const char **at, struct clock_parts *p)
{
    const struct {
        const char *word;
        unsigned *to;
    } pieces[] = {{"YYYY", &p->year}, {"MM", &p->month}, {"DD", &p->day}, {"hh", &p->hour}, {"mm", &p->minute}, {"ss", &p->second}};
    if (strncmp(*form, "MON", 3) == 0) {
        *form += 3;
        return take_month(at, &p->month);
    }
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        size_t n = strlen(pieces[i].word);
        if (strncmp(*form, pieces[i].word, n) == 0) {
            *form += n;
            return take_digits(at, n, pieces[i].to);
        }
    }
    return *(*form)++ == *(*at)++;
}

bool csv_map_time(const struct csv_derived *how, const char *cell, int64_t *ret)
{
    struct clock_parts p = {0};
    char iso[64];
    const char *form = how->form, *at = cell;
    while (*form)
        if (!*at || !take_piece(&form, &at, &p))
            return false;
    utc_ms t;
    snprintf(iso, sizeof iso, "%04u-%02u-%02uT%02u:%02u:%02uZ", p.year, p.month, p.day, p.hour, p.minute, p.second);
    if (*at || utc_parse(span_cstr(iso), UTC_ZONE_Z, &t) != ST_OK)
        return false;
    *ret = utc_add(t, how->add_ms);
    return true;
}

bool csv_map_number(const struct csv_derived *how, const char *cell, char out[CSV_NUMBER_MAX])
{
    char *end;
    size_t n = strspn(cell, "+-0123456789.eE");
    double v = strtod(cell, &end);
    if (n == 0 || cell[n] || *end || end == cell || !(fabs(v) < 1e15))
        return false;
    snprintf(out, CSV_NUMBER_MAX, "%.*f", (int)how->decimals, v);
    if (*out == '-' && strspn(out, "-0.") == strlen(out))
        memmove(out, out + 1, strlen(out)); // no minus before nought
    return true;
}
