#include "formats/import_label.h"

#define MARK(lvl, to) {.level = IMPORT_##lvl, .release = (to)}
#define OPEN_TO_ALL MARK(OPEN, IMPORT_TO_ALL)

// The table in words: conf/samples/README.md.
static const struct import_pattern open_all = {
    .name = "open", .facts = OPEN_TO_ALL, .detail = OPEN_TO_ALL, .comment = OPEN_TO_ALL};
static const struct import_pattern graded = {
    .name = "graded", .separable = true,
    .facts = OPEN_TO_ALL,
    .detail = MARK(RESTRICTED, IMPORT_TO_ALL),
    .comment = MARK(CONFIDENTIAL, IMPORT_TO_NATIONS)};
static const struct import_pattern steep = {
    .name = "steep", .separable = true,
    .facts = OPEN_TO_ALL,
    .detail = MARK(RESTRICTED, IMPORT_TO_NATIONS),
    .comment = MARK(SECRET, IMPORT_TO_NATIONS)};
static const struct import_pattern whole = {
    .name = "whole",
    .facts = MARK(CONFIDENTIAL, IMPORT_TO_ALL),
    .detail = MARK(CONFIDENTIAL, IMPORT_TO_ALL),
    .comment = MARK(CONFIDENTIAL, IMPORT_TO_ALL)};
static const struct import_pattern nations = {
    .name = "nations",
    .facts = MARK(RESTRICTED, IMPORT_TO_NATIONS),
    .detail = MARK(RESTRICTED, IMPORT_TO_NATIONS),
    .comment = MARK(RESTRICTED, IMPORT_TO_NATIONS)};
static const struct import_pattern caveat = {
    .name = "caveat", .separable = true,
    .facts = OPEN_TO_ALL,
    .detail = MARK(RESTRICTED, IMPORT_TO_ALL),
    .comment = {.level = IMPORT_SECRET, .eyes_only = true}};
static const struct import_pattern unmarked = {
    .name = "unmarked",
    .facts = {.unmarked = true}, .detail = {.unmarked = true}, .comment = {.unmarked = true}};
static const struct import_pattern compilation = {
    .name = "compilation", .separable = true, .overall_least = IMPORT_CONFIDENTIAL,
    .facts = OPEN_TO_ALL, .detail = OPEN_TO_ALL, .comment = OPEN_TO_ALL};

static const struct import_pattern *const patterns[16] = {
    &open_all, &graded, &open_all, &steep,    &open_all, &whole,  &graded,   &nations,
    &open_all, &graded, &caveat,   &open_all, &steep,    &whole,  &unmarked, &compilation,
};

const struct import_pattern *import_label_pattern(unsigned long number)
{
    return patterns[number % 16];
}

bool import_label_exercise(unsigned long number)
{
    return number % 20 == 6;
}

bool import_label_human_source(unsigned long number)
{
    return number % 25 == 0;
}

struct import_mark import_label_csaf(const char *tlp, double base_score)
{
    bool clear = tlp && (strcmp(tlp, "WHITE") == 0 || strcmp(tlp, "CLEAR") == 0);
    if (tlp && strcmp(tlp, "RED") == 0)
        return (struct import_mark)MARK(RESTRICTED, 0);
    if (clear || (tlp && strcmp(tlp, "GREEN") == 0)) {
        if (base_score >= 9.0)
            return (struct import_mark)MARK(RESTRICTED, IMPORT_TO_GBR);
        return (struct import_mark){.level = clear ? IMPORT_OPEN : IMPORT_RESTRICTED, .release = IMPORT_TO_ALL};
    }
    return (struct import_mark)MARK(RESTRICTED, IMPORT_TO_GBR);
}

struct import_mark import_mark_cover(struct import_mark a, struct import_mark b)
{
    return (struct import_mark){
        .level = a.level > b.level ? a.level : b.level,
        .release = a.release & b.release,
        .eyes_only = a.eyes_only || b.eyes_only,
        .unmarked = a.unmarked || b.unmarked,
    };
}

enum scheme { SCHEME_NATO, SCHEME_GBR, SCHEME_FRA };

// The words of one security policy, as conf/spif has them.
static const struct words {
    const char *policy, *uri, *levels[4], *caveats, *caveat, *release, *informative;
} words[] = {
    [SCHEME_NATO] = {"NATO", "urn:oid:1.3.26.1.3.1", {"UNCLASSIFIED", "RESTRICTED", "CONFIDENTIAL", "SECRET"},
                     NULL, NULL, "Releasable To", "Administrative"},
    [SCHEME_GBR] = {"GBR", "urn:oid:2.999.826.1", {"OFFICIAL", "OFFICIAL-SENSITIVE", "SECRET", "SECRET"},
                    "National Caveats", "UK EYES ONLY", "Releasable To", "Descriptors"},
    [SCHEME_FRA] = {"FRA", "urn:oid:2.999.250.1", {"NON PROTEGE", "DIFFUSION RESTREINTE", "SECRET", "SECRET"},
                    "Mentions", "SPECIAL FRANCE", "Diffusion", "Gestion"},
};

static void category(struct buf *out, const char *in, const char *type, const char *tag, const char *const *values)
{
    buf_printf(out, "%s      <slab:Category Type=\"%s\" TagName=\"%s\">", in, type, tag);
    for (; *values; values++) {
        buf_puts(out, "<slab:GenericValue>");
        buf_xml_text(out, span_cstr(*values));
        buf_puts(out, "</slab:GenericValue>");
    }
    buf_puts(out, "</slab:Category>\n");
}

static void release_category(struct buf *out, const char *in, const struct words *w, const char *nation,
                             unsigned release)
{
    static const char *const ids[] = {"GBR", "FRA", "MARSEC"};
    const char *values[5] = {nation};
    size_t n = 1;
    for (size_t i = 0; i < 3; i++)
        if ((release >> i & 1) && strcmp(ids[i], nation) != 0)
            values[n++] = ids[i];
    category(out, in, "PERMISSIVE", w->release, values);
}

static void label_document(struct buf *out, const char *in, const char *element, enum scheme scheme,
                           const char *nation, struct import_mark m, utc_ms created)
{
    const struct words *w = &words[scheme];
    char t[UTC_TEXT_MAX];
    buf_printf(out, "%s  <slab:%s xmlns:slab=\"urn:nato:stanag:4774:confidentialitymetadatalabel:1:0\">\n", in, element);
    buf_printf(out, "%s    <slab:ConfidentialityInformation>\n", in);
    buf_printf(out, "%s      <slab:PolicyIdentifier URI=\"%s\">%s</slab:PolicyIdentifier>\n", in, w->uri, w->policy);
    buf_printf(out, "%s      <slab:Classification>%s</slab:Classification>\n", in, w->levels[m.level]);
    if (m.eyes_only && w->caveat)
        category(out, in, "RESTRICTIVE", w->caveats, (const char *const[]){w->caveat, NULL});
    if (scheme == SCHEME_NATO) // mandatory there; Releasable goes with a release list
        category(out, in, "PERMISSIVE", "Context", (const char *const[]){"NATO", m.unmarked ? NULL : "Releasable", NULL});
    if (!m.unmarked)
        release_category(out, in, w, nation, m.release);
    category(out, in, "INFORMATIVE", w->informative, (const char *const[]){"SYNTHETIC", NULL});
    buf_printf(out, "%s    </slab:ConfidentialityInformation>\n", in);
    buf_printf(out, "%s    <slab:CreationDateTime>%s</slab:CreationDateTime>\n", in, utc_format_s(created, t));
    buf_printf(out, "%s  </slab:%s>\n", in, element);
}

void import_mark_write(const char *nation, struct import_mark m, bool overall, utc_ms created, const char *indent,
                       struct buf *out)
{
    static const char originator[] = "originatorConfidentialityLabel", alternative[] = "alternativeConfidentialityLabel";
    buf_printf(out, "%s<label>\n", indent);
    if (strcmp(nation, "FRA") == 0) {
        label_document(out, indent, originator, SCHEME_FRA, nation, m, created);
    } else if (strcmp(nation, "GBR") == 0 && m.eyes_only) {
        label_document(out, indent, originator, SCHEME_GBR, nation, m, created);
        if (overall)
            label_document(out, indent, alternative, SCHEME_NATO, nation, m, created);
    } else {
        label_document(out, indent, originator, SCHEME_NATO, nation, m, created);
    }
    buf_printf(out, "%s</label>\n", indent);
}
