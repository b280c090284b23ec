// Anti-Shipping Activity Messages: one CSV record, one maritime intelligence report.
#include <stdio.h>
#include <stdlib.h>

#include "formats/csv.h"
#include "formats/import_draft.h"

// The columns that are read, by name.
#define COLUMNS(X)                                                                                           \
    X(REFERENCE, "reference")                                                                                \
    X(DATE, "dateofocc")                                                                                     \
    X(SUBREGION, "subreg")                                                                                   \
    X(AGGRESSOR, "hostility_")                                                                               \
    X(VICTIM, "victim_d")                                                                                    \
    X(DESCRIPTION, "descriptio")                                                                             \
    X(HOSTILITY, "hostilit_D")                                                                               \
    X(VICTIM_KIND, "victim_l_D")                                                                             \
    X(NAVAREA, "navarea")                                                                                    \
    X(LON, "lon")                                                                                            \
    X(LAT, "lat")

enum column {
#define X(name, text) COL_##name,
    COLUMNS(X)
#undef X
    COL_COUNT
};

struct asam {
    const char *cell[COL_COUNT]; // clean
    unsigned long number;        // the serial behind the hyphen of the reference
    utc_ms day;
    double lat, lon;
    uint32_t line;
};

struct table {
    struct import_run run;
    struct csv_reader csv;
    size_t column[COL_COUNT], field_count;
    bool ended;
};

static enum status read_header(struct table *t, const struct csv_record *h)
{
    static const char *const names[] = {
#define X(name, text) text,
        COLUMNS(X)
#undef X
    };
    enum status st = ST_OK;
    t->field_count = h->count;
    for (size_t i = 0; i < COL_COUNT; i++) {
        t->column[i] = csv_column(h, names[i]);
        if (t->column[i] == SIZE_MAX) {
            diag_add(t->run.d, h->line, 0, "import-column", names[i],
                     "the header line has no column of this name; is this an ASAM table?");
            st = ST_INVALID;
        }
    }
    return st;
}

// A decimal number within -limit..limit, with nothing behind it.
static bool read_degrees(const char *text, double limit, double *ret)
{
    char *end;
    double v = strtod(text, &end);
    if (end == text || *end || !(v >= -limit && v <= limit))
        return false;
    *ret = v;
    return true;
}

static bool read_day(const char *text, utc_ms *ret)
{
    char iso[24];
    if (strlen(text) != 8 || strspn(text, "0123456789") != 8)
        return false;
    snprintf(iso, sizeof iso, "%.4s-%.2s-%.2sT00:00:00Z", text, text + 4, text + 6);
    return utc_parse(span_cstr(iso), UTC_ZONE_Z, ret) == ST_OK;
}

static bool read_reference(const char *text, unsigned long *ret_number)
{
    size_t year = strspn(text, "0123456789");
    size_t serial = year == 4 && text[4] == '-' ? strspn(text + 5, "0123456789") : 0;
    if (serial == 0 || serial > 6 || text[5 + serial])
        return false;
    *ret_number = strtoul(text + 5, NULL, 10);
    return true;
}

static enum status read_record(struct table *t, const struct csv_record *rec, struct arena *a, struct asam *m)
{
    if (rec->count != t->field_count)
        return import_skip(&t->run, rec->line, NULL, "the number of fields is not that of the header line");
    for (size_t i = 0; i < COL_COUNT; i++) {
        m->cell[i] = import_clean(a, span_cstr(rec->fields[t->column[i]]), false);
        if (!m->cell[i]) {
            TRY(arena_status(a));
            return import_skip(&t->run, rec->line, NULL, "the text is not UTF-8");
        }
    }
    m->line = rec->line;
    if (!read_reference(m->cell[COL_REFERENCE], &m->number))
        return import_skip(&t->run, rec->line, "reference", "expected a year, a hyphen and a number, like 2017-250");
    if (!read_day(m->cell[COL_DATE], &m->day))
        return import_skip(&t->run, rec->line, "dateofocc", "expected a date as YYYYMMDD");
    if (!read_degrees(m->cell[COL_LAT], 90, &m->lat) || !read_degrees(m->cell[COL_LON], 180, &m->lon))
        return import_skip(&t->run, rec->line, "lat, lon", "expected degrees from -90 to 90 and from -180 to 180");
    if (!*m->cell[COL_DESCRIPTION])
        return import_skip(&t->run, rec->line, "descriptio", "expected a description, it is empty");
    return ST_OK;
}

static bool hostility_is(const struct asam *m, const char *name)
{
    return strcmp(m->cell[COL_HOSTILITY], name) == 0;
}

// Topics from the type of hostility, the aggressor's name and words of the description.
static void set_topics(const struct asam *m, struct import_report *r)
{
    const char *text = m->cell[COL_DESCRIPTION], *who = m->cell[COL_AGGRESSOR];
    if (hostility_is(m, "Kidnapping") || hostility_is(m, "Hijacking") || import_mentions(text, "kidnap") ||
        import_mentions(text, "hijack") || import_mentions(text, "hostage"))
        import_topic(r, "kidnapping");
    if (import_mentions(who, "robber") || import_mentions(who, "thie"))
        import_topic(r, "armed-robbery");
    else if (hostility_is(m, "Pirate Assault") || hostility_is(m, "Attempted Boarding") || hostility_is(m, "Mothership Activity"))
        import_topic(r, "piracy");
    if (hostility_is(m, "Naval Engagement"))
        import_topic(r, "naval-activity");
    if (import_mentions(text, "terroris"))
        import_topic(r, "terrorism");
    import_topic(r, "maritime-security");
    if (import_label_human_source(m->number))
        import_topic(r, "human-source");
}

// The place named before the colon that most descriptions begin with; else that of the position.
static void set_place(const struct asam *m, struct import_report *r)
{
    struct span text = span_cstr(m->cell[COL_DESCRIPTION]);
    const uint8_t *colon = memchr(text.ptr, ':', text.len < 60 ? text.len : 60);
    if (colon)
        import_area_from_text(span_of(text.ptr, (size_t)(colon - text.ptr)), &r->areas);
    if (r->areas.count == 0)
        r->areas.ids[r->areas.count++] = import_area_from_position(m->lat, m->lon);
    r->has_position = true;
    r->lat = m->lat;
    r->lon = m->lon;
    r->radius_km = 2; // positions are given to the minute of arc
}

// Confirmed kinds are graded higher than what somebody thought he saw.
static void set_grading(const struct asam *m, struct import_report *r)
{
    bool vague = !*m->cell[COL_HOSTILITY] || hostility_is(m, "Unknown") || hostility_is(m, "Other");
    bool seen = hostility_is(m, "Suspicious Approach") || hostility_is(m, "Attempted Boarding");
    r->reliability = vague ? 'F' : seen ? 'C' : 'B';
    r->credibility = vague ? '6' : seen ? '3' : '2';
}

static const char *or_unknown(const char *s)
{
    return *s ? s : "not stated";
}

static enum status emit(struct table *t, const struct asam *m, struct arena *a)
{
    const struct import_pattern *p = import_label_pattern(m->number);
    const char *kind = *m->cell[COL_HOSTILITY] ? m->cell[COL_HOSTILITY] : "Incident";
    const char *victim = *m->cell[COL_VICTIM_KIND] ? m->cell[COL_VICTIM_KIND] : "Vessel";
    struct import_portion parts[3] = {
        {p->facts, arena_printf(a, "%s\nSource: ASAM %s, public. The labels of this report are synthetic.",
                                m->cell[COL_DESCRIPTION], m->cell[COL_REFERENCE])},
        {p->detail, arena_printf(a, "Aggressor: %s. Victim: %s.", or_unknown(m->cell[COL_AGGRESSOR]),
                                 or_unknown(m->cell[COL_VICTIM]))},
        {p->comment, arena_printf(a, "Assessment (synthetic): counted as %s against %s, NAVAREA %s, subregion %s.", kind,
                                  victim, or_unknown(m->cell[COL_NAVAREA]), or_unknown(m->cell[COL_SUBREGION]))},
    };
    struct import_report r = {
        .name = arena_printf(a, "asam-%s", m->cell[COL_REFERENCE]),
        .type = "MARINTREP", .lang = "en",
        .title = arena_printf(a, "%s on %s (ASAM %s)", kind, victim, m->cell[COL_REFERENCE]),
        .separable = p->separable, .header = p->facts, .overall_least = p->overall_least,
        .portions = parts, .portion_count = 3,
        .from = m->day, .to = utc_add(m->day, 86400000), .labelled = m->day,
        .exercise = import_label_exercise(m->number) ? "STEADFAST-26" : NULL,
    };
    TRY(arena_status(a));
    set_topics(m, &r);
    set_place(m, &r);
    set_grading(m, &r);
    return import_emit(&t->run, &r, m->line);
}

// One record; ST_OK also for one that was left out. Sets t->ended at the end.
static enum status one_record(struct table *t, struct arena *a)
{
    struct csv_record rec;
    struct asam m;
    enum status st = csv_next(&t->csv, a, t->run.d, &rec);
    if (st == ST_INVALID)
        import_left_out(&t->run);
    if (st == ST_NOT_FOUND)
        t->ended = true;
    if (st == ST_INVALID || st == ST_NOT_FOUND)
        return ST_OK;
    TRY(st);
    st = read_record(t, &rec, a, &m);
    if (st == ST_OK)
        st = emit(t, &m, a);
    return st == ST_INVALID ? ST_OK : st; // reported and left out
}

static enum status header_line(struct table *t, struct arena *a)
{
    struct csv_record h;
    enum status st = csv_next(&t->csv, a, t->run.d, &h);
    if (st == ST_NOT_FOUND) {
        diag_add(t->run.d, 0, 0, "import-empty", NULL, "the file is empty; expected a header line and records");
        return ST_INVALID;
    }
    TRY(st);
    return read_header(t, &h);
}

enum status import_asam(struct span bytes, const struct import_options *o, import_each *each, void *ctx,
                        struct diag *d, struct import_counts *ret)
{
    *ret = (struct import_counts){0};
    if (bytes.len > IMPORT_BYTES_MAX)
        return ST_LIMIT;
    struct table t = {.run = {o, each, ctx, d, ret}};
    csv_init(&t.csv, bytes);
    enum status st = ST_OK;
    for (bool first = true; st == ST_OK && !t.ended; first = false) {
        struct arena *a = arena_new(MIB); // of one record: its fields are at most 64 KiB, copied a few times
        if (!a)
            return ST_NOMEM;
        st = first ? header_line(&t, a) : one_record(&t, a);
        arena_free(&a);
    }
    return st;
}
