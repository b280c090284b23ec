// Broadcast warnings to shipping (NAVAREA IV and XII, HYDROLANT, HYDROPAC, HYDROARC): one warning, one WARNING.
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "formats/import_json.h"

struct warning {
    const char *area, *subregion, *text, *authority; // clean
    unsigned long year, number;
    utc_ms issued;
    utc_ms until; // UTC_MAX = not stated
    uint32_t line;
};

// Day, hour, minute, month and year of a date-time group such as "101626Z NOV 2022" or "251516Z APR 23" at the start of
// `text`. Two-digit years are of this century.
static bool read_dtg(const char *text, utc_ms *ret)
{
    static const char months[] = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";
    char month[4], iso[32];
    unsigned day, hour, minute, year, m = 0;
    int end = 0;
    if (sscanf(text, "%2u%2u%2uZ %3[A-Z] %4u%n", &day, &hour, &minute, month, &year, &end) != 5 || end == 0)
        return false;
    while (m < 12 && strncmp(months + 3 * (size_t)m, month, 3) != 0)
        m++;
    if (m == 12 || strlen(month) != 3 || isdigit((unsigned char)text[end]))
        return false;
    if (year < 100)
        year += 2000;
    snprintf(iso, sizeof iso, "%04u-%02u-%02uT%02u:%02u:00Z", year, m + 1, day, hour, minute);
    return utc_parse(span_cstr(iso), UTC_ZONE_Z, ret) == ST_OK;
}

// "CANCEL THIS MSG 251516Z APR 23": when the warning ends by itself.
static utc_ms own_end(const char *text)
{
    static const char phrase[] = "CANCEL THIS MSG ";
    const char *at = strstr(text, phrase);
    utc_ms t;
    return at && read_dtg(at + strlen(phrase), &t) ? t : UTC_MAX;
}

// "CANCEL NAVAREA IV 414/23": the earlier warning that this one cancels, up to the end of its sentence, or NULL.
static const char *cancels(const char *text, struct arena *a)
{
    for (const char *at = text; (at = strstr(at, "CANCEL ")); at += 7) {
        const char *what = at + 7;
        size_t n = strcspn(what, ".\n");
        if (strncmp(what, "THIS MSG", 8) != 0 && memchr(what, '/', n))
            return arena_str(a, span_of(what, n));
    }
    return NULL;
}

// One coordinate such as 28-38.47N; steps *at behind it.
static bool read_angle(const char **at, const char *signs, double limit, double *ret)
{
    unsigned degrees;
    double minutes;
    char sign;
    int n = 0;
    if (sscanf(*at, "%3u-%6lf%c%n", &degrees, &minutes, &sign, &n) != 3 || n == 0 || !strchr(signs, sign) || !sign)
        return false;
    double v = degrees + minutes / 60;
    if (!(minutes >= 0 && minutes < 60 && v <= limit))
        return false;
    *ret = sign == signs[0] ? v : -v;
    *at += n;
    return true;
}

// The first position in the text.
static bool first_position(const char *text, double *lat, double *lon)
{
    for (const char *p = text; *p; p++) {
        if (!isdigit((unsigned char)*p) || (p > text && isdigit((unsigned char)p[-1])))
            continue;
        const char *at = p;
        if (!read_angle(&at, "NS", 90, lat))
            continue;
        at += strspn(at, " \n");
        if (read_angle(&at, "EW", 180, lon))
            return true;
    }
    return false;
}

// The lines before the message proper name sea and coast: those without a digit that end in a full stop.
static struct span place_lines(const char *text)
{
    size_t end = 0;
    for (const char *line = text; *line;) {
        size_t n = strcspn(line, "\n");
        if (n == 0 || line[n - 1] != '.' || strcspn(line, "0123456789") < n)
            break;
        end = (size_t)(line - text) + n;
        line += n + (line[n] == '\n');
    }
    return span_of(text, end);
}

// "BRAZIL" of "WESTERN SOUTH ATLANTIC.\nBRAZIL.": what a title needs.
static const char *title_place(const char *text, struct arena *a)
{
    struct span s = place_lines(text);
    char *out = arena_alloc(a, s.len + 1);
    if (!out || s.len == 0)
        return out ? "AREA IN TEXT" : NULL;
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        bool stop = s.ptr[i] == '.' && (i + 1 == s.len || s.ptr[i + 1] == '\n');
        if (stop && i + 1 < s.len)
            out[n++] = ',';
        else if (!stop)
            out[n++] = s.ptr[i] == '\n' ? ' ' : (char)s.ptr[i];
    }
    out[n] = '\0';
    return out;
}

static bool mentions_any(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (import_mentions(text, *words))
            return true;
    return false;
}

static void set_topics(const struct warning *w, struct import_report *r)
{
    static const struct {
        const char *topic, *words[7];
    } rules[] = {
        {"military-activity", {"GUNNERY", "MISSILE", "FIRING", "MILITARY", "SUBMARINE", "EXERCISE"}},
        {"space", {"ROCKET", "SPACE DEBRIS"}},
        {"undersea-infrastructure", {"CABLE", "PIPELINE", "PLATFORM", "WELLHEAD"}},
        {"electronic-warfare", {"GPS", "INTERFERENCE"}},
        {"aids-to-navigation", {"RACON", "LIGHT", "BUOY", "BEACON", "DGPS", "LORAN"}},
        {"piracy", {"PIRA"}},
        {"disaster-relief", {"DISTRESS", "MISSING", "EPIRB"}},
    };
    import_topic(r, "navigation-safety");
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (mentions_any(w->text, rules[i].words))
            import_topic(r, rules[i].topic);
}

static void set_place(const struct warning *w, struct import_report *r)
{
    r->has_position = first_position(w->text, &r->lat, &r->lon);
    r->radius_km = 10; // warnings are about areas; this is the first point of one
    import_area_from_text(place_lines(w->text), &r->areas);
    if (r->areas.count == 0 && r->has_position)
        r->areas.ids[r->areas.count++] = import_area_from_position(r->lat, r->lon);
}

// Series by their code in the data and their name in texts.
static const struct series {
    const char *code, *name;
} all_series[] = {{"4", "NAVAREA IV"}, {"12", "NAVAREA XII"}, {"A", "HYDROLANT"}, {"P", "HYDROPAC"}, {"C", "HYDROARC"}};

static const char *series(const char *area)
{
    for (size_t i = 0; i < sizeof all_series / sizeof *all_series; i++)
        if (strcmp(area, all_series[i].code) == 0)
            return all_series[i].name;
    return area;
}

// The name of the report that a warning becomes.
static const char *report_name(struct arena *a, const char *area, unsigned long year, unsigned long number)
{
    const char *stem = import_stem(a, area);
    return stem ? arena_printf(a, "navwarn-%s-%lu-%lu", stem, year, number) : NULL;
}

// The next "414/23" in [at, end): the number and the year, of this century. Returns what is behind it, or NULL.
static const char *next_number(const char *at, const char *end, unsigned long *number, unsigned long *year)
{
    for (; at < end; at++) {
        unsigned n, y;
        int len = 0;
        if (!isdigit((unsigned char)*at))
            continue;
        if (sscanf(at, "%6u/%2u%n", &n, &y, &len) == 2 && len && at + len <= end) {
            *number = n;
            *year = 2000 + y;
            return at + len;
        }
        at += strspn(at, "0123456789") - 1;
    }
    return NULL;
}

enum { CANCELS_MAX = 64 }; // of one warning; the longest list known has 9

// "CANCEL HYDROLANT 663/23, 664/23.", "CANCEL NAVAREA IV MSG 634/22 AND 753/22.": the reports of the warnings that this one
// cancels; of its own series where none is named.
static void find_cancels(const struct warning *w, const struct import_options *o, struct arena *a, struct import_report *r)
{
    static const char phrase[] = "CANCEL ";
    struct uuid *ids = o->id_secret ? arena_array(a, CANCELS_MAX, sizeof *ids) : NULL;
    if (!ids)
        return;
    r->cancels = ids;
    for (const char *at = w->text; (at = strstr(at, phrase));) {
        at += strlen(phrase);
        const char *area = w->area, *end = at + strcspn(at, ".");
        if (strncmp(at, "THIS MSG", 8) == 0)
            continue;
        for (size_t i = 0; i < sizeof all_series / sizeof *all_series; i++)
            if (strncmp(at, all_series[i].name, strlen(all_series[i].name)) == 0)
                area = all_series[i].code;
        unsigned long number, year;
        for (const char *p = at; (p = next_number(p, end, &number, &year)) && r->cancel_count < CANCELS_MAX;) {
            const char *name = report_name(a, area, year, number);
            if (name && import_id(o, name, &ids[r->cancel_count]))
                r->cancel_count++;
        }
    }
}

static bool read_number(const json_t *j, const char *key, unsigned long max, unsigned long *ret)
{
    const json_t *v = json_object_get(j, key);
    if (!json_is_integer(v) || json_integer_value(v) < 1 || json_integer_value(v) > (json_int_t)max)
        return false;
    *ret = (unsigned long)json_integer_value(v);
    return true;
}

static enum status read_warning(struct import_run *run, const json_t *j, uint32_t line, struct arena *a, struct warning *w)
{
    *w = (struct warning){.line = line};
    if (!read_number(j, "msgYear", 9999, &w->year) || !read_number(j, "msgNumber", 999999, &w->number))
        return import_skip(run, line, "msgYear, msgNumber", "expected two positive whole numbers");
    w->area = import_json_clean(a, j, "navArea", false);
    w->subregion = import_json_clean(a, j, "subregion", false);
    w->text = import_json_clean(a, j, "text", true);
    w->authority = import_json_clean(a, j, "authority", false);
    const char *issued = import_json_clean(a, j, "issueDate", false);
    TRY(arena_status(a));
    if (!*w->area)
        return import_skip(run, line, "navArea", "expected the series of the warning, like 4 or A");
    if (!*w->text)
        return import_skip(run, line, "text", "expected the text of the warning");
    if (!read_dtg(issued, &w->issued))
        return import_skip(run, line, "issueDate", "expected a date-time group, like 101626Z NOV 2022");
    w->until = own_end(w->text);
    if (w->until < w->issued)
        return import_skip(run, line, "text", "the warning cancels itself before it was issued");
    return ST_OK;
}

static const char *administration(const struct warning *w, struct arena *a)
{
    char from[UTC_TEXT_MAX], to[UTC_TEXT_MAX];
    const char *earlier = cancels(w->text, a);
    return arena_printf(a, "Issued %s by authority of %s\n%s%s%s%s", utc_format_dtg(w->issued, from),
                        *w->authority ? w->authority : "(not stated).",
                        w->until < UTC_MAX ? "Ends by itself " : "Holds until cancelled",
                        w->until < UTC_MAX ? utc_format_dtg(w->until, to) : "", earlier ? ".\nCancels " : ".",
                        earlier ? arena_printf(a, "%s.", earlier) : "");
}

static enum status emit(struct import_run *run, const struct warning *w, struct arena *a)
{
    const struct import_pattern *p = import_label_pattern(w->number);
    const char *place = title_place(w->text, a);
    TRY(arena_status(a));
    struct import_portion parts[3] = {
        {p->facts, arena_printf(a, "%s\nSource: %s %lu/%lu, public. The labels of this report are synthetic.", w->text,
                                series(w->area), w->number, w->year)},
        {p->detail, administration(w, a)},
        {p->comment, arena_printf(a, "Assessment (synthetic): ships in subregion %s should keep clear.",
                                  *w->subregion ? w->subregion : "(not stated)")},
    };
    struct import_report r = {
        .name = report_name(a, w->area, w->year, w->number), .until = w->until,
        .type = "WARNING", .lang = "en",
        .title = arena_printf(a, "%s %lu/%lu: %s", series(w->area), w->number, w->year, place),
        .separable = p->separable, .header = p->facts, .overall_least = p->overall_least,
        .portions = parts, .portion_count = 3,
        .from = w->issued, .to = w->until < UTC_MAX ? w->until : utc_add(w->issued, (int64_t)42 * 86400000),
        .labelled = w->issued,
        .reliability = 'A', .credibility = '2',
    };
    TRY(arena_status(a));
    set_topics(w, &r);
    set_place(w, &r);
    find_cancels(w, run->o, a, &r);
    TRY(arena_status(a));
    return import_emit(run, &r, w->line);
}

static enum status one_warning(struct import_run *run, const json_t *j, uint32_t line)
{
    struct arena *a = arena_new(4 * MIB); // of one warning; the longest known has 4 KiB
    if (!a)
        return ST_NOMEM;
    struct warning w;
    enum status st = ST_OK;
    if (!json_is_object(j))
        (void)import_skip(run, 0, NULL, "expected an object for each warning");
    else if ((st = read_warning(run, j, line, a, &w)) == ST_OK)
        st = emit(run, &w, a);
    arena_free(&a);
    return st == ST_INVALID ? ST_OK : st; // reported and left out
}

static enum status all_warnings(struct import_run *run, const json_t *root, struct span bytes)
{
    const json_t *list = json_object_get(root, "broadcast-warn");
    if (!json_is_array(list)) {
        diag_add(run->d, 1, 0, "import-navwarn", NULL, "expected an object with the array \"broadcast-warn\"");
        return ST_INVALID;
    }
    struct import_json_lines lines;
    import_json_lines_init(&lines, bytes);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *j = json_array_get(list, i);
        TRY(one_warning(run, j, json_is_object(j) ? import_json_lines_next(&lines, 2) : 0));
    }
    return ST_OK;
}

enum status import_navwarn(struct span bytes, const struct import_options *o, import_each *each, void *ctx,
                           struct diag *d, struct import_counts *ret)
{
    *ret = (struct import_counts){0};
    struct import_run run = {o, each, ctx, d, ret};
    json_t *root;
    TRY(import_json_load(bytes, d, &root));
    enum status st = all_warnings(&run, root, bytes);
    json_decref(root);
    return st;
}
