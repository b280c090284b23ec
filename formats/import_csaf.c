// CSAF 2.0 advisories: one document, one technical intelligence report with a portion for each vulnerability.
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "formats/import_json.h"

struct advisory {
    const json_t *document, *vulnerabilities;
    const char *id, *title, *tlp; // clean; tlp NULL = not stated
    utc_ms first, current;
    struct revision *revisions; // oldest first
    size_t revision_count;
};

struct revision {
    utc_ms at;
    const char *summary; // clean
};

static const json_t *member(const json_t *j, const char *a, const char *b)
{
    return json_object_get(json_object_get(j, a), b);
}

// CSAF times may carry an offset and a fraction; both are taken.
static bool read_time(const json_t *tracking, const char *key, utc_ms *ret)
{
    const char *s = import_json_string(tracking, key);
    return s && utc_parse(span_cstr(s), UTC_ZONE_OPTIONAL, ret) == ST_OK;
}

enum { REVISIONS_MAX = 999 }; // drafts of one advisory; the longest history known has 23

// What the advisory says of its own past, in order of time; the list may be missing.
static enum status read_revisions(struct import_run *run, const json_t *tracking, struct arena *a, struct advisory *v)
{
    const json_t *list = json_object_get(tracking, "revision_history");
    if (json_array_size(list) > REVISIONS_MAX)
        return import_skip(run, 0, "document/tracking/revision_history", "more than 999 revisions");
    v->revisions = arena_array(a, json_array_size(list) + 1, sizeof *v->revisions);
    if (!v->revisions)
        return arena_status(a);
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct revision r = {.summary = import_json_clean(a, json_array_get(list, i), "summary", false)};
        if (!read_time(json_array_get(list, i), "date", &r.at))
            return import_skip(run, 0, "document/tracking/revision_history", "expected a date in each revision");
        size_t to = v->revision_count++;
        for (; to > 0 && v->revisions[to - 1].at > r.at; to--)
            v->revisions[to] = v->revisions[to - 1];
        v->revisions[to] = r;
    }
    return arena_status(a);
}

static enum status read_advisory(struct import_run *run, const json_t *root, struct arena *a, struct advisory *v)
{
    *v = (struct advisory){.document = json_object_get(root, "document"),
                           .vulnerabilities = json_object_get(root, "vulnerabilities")};
    const char *version = import_json_string(v->document, "csaf_version");
    if (!version || strcmp(version, "2.0") != 0)
        return import_skip(run, 0, "document/csaf_version", "expected \"2.0\"");
    const json_t *tracking = json_object_get(v->document, "tracking");
    v->id = import_json_clean(a, tracking, "id", false);
    v->title = import_json_clean(a, v->document, "title", false);
    v->tlp = import_json_string(member(v->document, "distribution", "tlp"), "label");
    TRY(arena_status(a));
    if (!*v->id || !*v->title)
        return import_skip(run, 0, "document/tracking/id, document/title", "expected both, as text");
    if (!read_time(tracking, "initial_release_date", &v->first) || !read_time(tracking, "current_release_date", &v->current) ||
        v->current < v->first)
        return import_skip(run, 0, "document/tracking", "expected initial_release_date and a current_release_date not before it");
    if (v->vulnerabilities && !json_is_array(v->vulnerabilities))
        return import_skip(run, 0, "vulnerabilities", "expected an array");
    if (json_array_size(v->vulnerabilities) + 2 > IMPORT_PORTIONS_MAX)
        return import_skip(run, 0, "vulnerabilities", "more than 998 of them do not fit into one report");
    return read_revisions(run, tracking, a, v);
}

// Append the text as a paragraph of its own, unless it is empty or stands there already.
static void paragraph(struct buf *out, const char *lead, const char *text)
{
    if (!text || !*text || strstr(buf_cstr(out), text))
        return;
    if (out->len > 0)
        buf_putc(out, '\n');
    buf_printf(out, "%s%s", lead, text);
}

static bool is_note(const json_t *note, const char *category, const char *title)
{
    const char *c = import_json_string(note, "category"), *t = import_json_string(note, "title");
    return c && strcmp(c, category) == 0 && (!title || (t && strcmp(t, title) == 0));
}

static const char *named_note(const json_t *document, const char *title, struct arena *a)
{
    const json_t *notes = json_object_get(document, "notes");
    for (size_t i = 0; i < json_array_size(notes); i++)
        if (is_note(json_array_get(notes, i), "other", title))
            return import_json_clean(a, json_array_get(notes, i), "text", false);
    return "";
}

static const char *summary_text(const struct advisory *v, struct arena *a, struct buf *out)
{
    const json_t *notes = json_object_get(v->document, "notes");
    buf_reset(out);
    for (size_t i = 0; i < json_array_size(notes); i++) {
        const json_t *n = json_array_get(notes, i);
        if (is_note(n, "summary", NULL) || is_note(n, "details", NULL))
            paragraph(out, "", import_json_clean(a, n, "text", true));
    }
    paragraph(out, "Sectors: ", named_note(v->document, "Critical infrastructure sectors", a));
    paragraph(out, "Deployed: ", named_note(v->document, "Countries/areas deployed", a));
    paragraph(out, "Exploitability: ", named_note(v->document, "Exploitability", a));
    paragraph(out, "Source: ", arena_printf(a, "%s, public. The labels of this report are synthetic.", v->id));
    return arena_str(a, buf_bytes(out));
}

// The highest base score, whatever version of CVSS; 0 when none is given.
static double base_score(const json_t *vulnerability)
{
    const json_t *scores = json_object_get(vulnerability, "scores");
    double best = 0;
    for (size_t i = 0; i < json_array_size(scores); i++) {
        const json_t *s = json_array_get(scores, i);
        double v3 = json_number_value(member(s, "cvss_v3", "baseScore"));
        double v2 = json_number_value(member(s, "cvss_v2", "baseScore"));
        best = v3 > best ? v3 : best;
        best = v2 > best ? v2 : best;
    }
    return best;
}

static const char *vulnerability_text(const json_t *vul, double score, struct arena *a, struct buf *out)
{
    const json_t *cwe = json_object_get(vul, "cwe"), *notes = json_object_get(vul, "notes");
    buf_reset(out);
    paragraph(out, "", import_json_clean(a, vul, "cve", false));
    if (import_json_string(cwe, "id"))
        paragraph(out, "", arena_printf(a, "%s %s", import_json_clean(a, cwe, "id", false),
                                        import_json_clean(a, cwe, "name", false)));
    paragraph(out, "", import_json_clean(a, vul, "title", false));
    for (size_t i = 0; i < json_array_size(notes); i++)
        paragraph(out, "", import_json_clean(a, json_array_get(notes, i), "text", true));
    if (score > 0)
        paragraph(out, "CVSS base score: ", arena_printf(a, "%.1f.", score));
    if (out->len == 0)
        buf_puts(out, "A vulnerability without number and description.");
    return arena_str(a, buf_bytes(out));
}

// What to do, of all vulnerabilities, each advice once.
static const char *remediation_text(const json_t *vulnerabilities, struct arena *a, struct buf *out)
{
    buf_reset(out);
    for (size_t i = 0; i < json_array_size(vulnerabilities); i++) {
        const json_t *list = json_object_get(json_array_get(vulnerabilities, i), "remediations");
        for (size_t k = 0; k < json_array_size(list); k++)
            paragraph(out, "- ", import_json_clean(a, json_array_get(list, k), "details", false));
    }
    if (out->len == 0)
        buf_puts(out, "The advisory names no remediation.");
    return arena_str(a, buf_bytes(out));
}

static size_t make_portions(const struct advisory *v, struct arena *a, struct buf *scratch, struct import_portion *parts)
{
    struct import_mark open = import_label_csaf(v->tlp, 0);
    size_t n = 0;
    parts[n++] = (struct import_portion){open, summary_text(v, a, scratch)};
    for (size_t i = 0; i < json_array_size(v->vulnerabilities); i++) {
        const json_t *vul = json_array_get(v->vulnerabilities, i);
        double score = base_score(vul);
        parts[n++] = (struct import_portion){import_label_csaf(v->tlp, score), vulnerability_text(vul, score, a, scratch)};
    }
    parts[n++] = (struct import_portion){open, remediation_text(v->vulnerabilities, a, scratch)};
    return n;
}

static void set_topics(const struct advisory *v, struct import_report *r, struct arena *a)
{
    import_topic(r, "cyber");
    if (strncmp(v->id, "ICS", 3) == 0)
        import_topic(r, "industrial-control");
    if (strncmp(v->id, "ICSMA", 5) == 0)
        import_topic(r, "health");
    const char *sectors = named_note(v->document, "Critical infrastructure sectors", a);
    if (sectors && *sectors)
        import_topic(r, "critical-infrastructure");
    const char *home = named_note(v->document, "Company headquarters location", a);
    if (home)
        import_area_from_text(span_cstr(home), &r->areas);
}

// Several revisions are several versions, each with a file of its own.
static const char *version_file(const struct advisory *v, const char *name, size_t version, struct arena *a)
{
    return v->revision_count > 1 ? arena_printf(a, "%s-v%03zu", name, version) : name;
}

static struct import_report report_of(const struct advisory *v, struct arena *a)
{
    return (struct import_report){
        .name = arena_printf(a, "csaf-%s", import_stem(a, v->id)),
        .type = "TECHINTREP", .lang = "en",
        .title = arena_printf(a, "%s: %s", v->id, v->title),
        .separable = true, .header = import_label_csaf(v->tlp, 0),
        .from = v->first, .to = v->current, .labelled = v->current,
        .reliability = 'B', .credibility = '2',
    };
}

// A revision of which the file says no more than that it was.
static enum status emit_earlier(struct import_run *run, const struct advisory *v, size_t index, struct arena *a)
{
    const struct revision *rev = &v->revisions[index];
    char at[UTC_TEXT_MAX];
    struct import_report r = report_of(v, a);
    struct import_portion part = {
        r.header, arena_printf(a, "Revision %zu of %zu, %s: %s\nThe text of this revision was not imported; that of the last one "
                                  "was.\nSource: %s, public. The labels of this report are synthetic.",
                               index + 1, v->revision_count, utc_format_dtg(rev->at, at), *rev->summary ? rev->summary : "(no summary)", v->id)};
    r.file = version_file(v, r.name, index + 1, a);
    r.version = (uint32_t)(index + 1);
    r.from = rev->at < v->first ? rev->at : v->first;
    r.to = r.labelled = rev->at;
    r.portions = &part;
    r.portion_count = 1;
    set_topics(v, &r, a);
    TRY(arena_status(a));
    return import_emit(run, &r, 1);
}

static enum status emit_current(struct import_run *run, const struct advisory *v, struct arena *a, struct buf *scratch)
{
    struct import_report r = report_of(v, a);
    struct import_portion *parts = arena_array(a, json_array_size(v->vulnerabilities) + 2, sizeof *parts);
    if (!parts)
        return arena_status(a);
    r.portion_count = make_portions(v, a, scratch, parts);
    r.portions = parts;
    if (run->o->id_secret && v->revision_count > 0) {
        r.file = version_file(v, r.name, v->revision_count, a);
        r.version = (uint32_t)v->revision_count;
    }
    set_topics(v, &r, a);
    TRY(arena_status(a));
    TRY(buf_status(scratch));
    return import_emit(run, &r, 1);
}

static enum status emit(struct import_run *run, const struct advisory *v, struct arena *a, struct buf *scratch)
{
    for (size_t i = 0; run->o->id_secret && i + 1 < v->revision_count; i++)
        TRY(emit_earlier(run, v, i, a));
    return emit_current(run, v, a, scratch);
}

static enum status one_advisory(struct import_run *run, const json_t *root, struct arena *a)
{
    struct advisory v;
    struct buf scratch;
    enum status st = read_advisory(run, root, a, &v);
    buf_init(&scratch, RENDITION_BYTES_MAX);
    if (st == ST_OK)
        st = emit(run, &v, a, &scratch);
    buf_fini(&scratch);
    return st == ST_INVALID ? ST_OK : st; // reported and left out
}

enum status import_csaf(struct span bytes, const struct import_options *o, import_each *each, void *ctx,
                        struct diag *d, struct import_counts *ret)
{
    *ret = (struct import_counts){0};
    struct import_run run = {o, each, ctx, d, ret};
    json_t *root;
    TRY(import_json_load(bytes, d, &root));
    struct arena *a = arena_new(4 * bytes.len + MIB); // each text is copied clean and once more joined
    enum status st = a ? one_advisory(&run, root, a) : ST_NOMEM;
    arena_free(&a);
    json_decref(root);
    return st;
}
